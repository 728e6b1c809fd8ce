//! How a body gets its room: it seeks, takes all at once, and claims what holds between runs.

use std::cmp::Reverse;

use super::room::{Reserved, Want};
use super::state::{Ask, State};
use super::{Claim, Claimed, Effect, Refusal, Scheduler};
use crate::id::UnitId;
use crate::plan::Lock;

/// Exit code of a task that cannot be had: go-task's for any other mistake.
const UPGRADE: i32 = 1;

impl Scheduler {
    /// The body of `call` is to run: at once, or when there is room for it.
    pub(super) fn seek(&mut self, call: UnitId) {
        let want = self.want(call);
        if want.is_nothing() && self.claim_of(call).is_none() {
            return self.begin_or_wait(call);
        }
        self.wait_for_room(call);
    }

    /// It has all that it needs: its body begins, one that is tried alone when nothing else goes on.
    fn begin_or_wait(&mut self, call: UnitId) {
        if self.is_disturbed(call) {
            return self.wait_for_room(call);
        }
        self.begin_body(call);
    }

    fn wait_for_room(&mut self, call: UnitId) {
        self.row(call).state = State::Seeking;
        self.seekers.push(call);
        self.room_changed = true;
    }

    /// Whether a body that is to be tried alone is not.
    fn is_disturbed(&self, call: UnitId) -> bool {
        self.rows[call.index()].rare().is_alone && self.busy != self.in_queue
    }

    fn want(&self, call: UnitId) -> Want {
        let policy = self.plan.unit(call).policy.as_ref();
        policy.map_or_else(Want::default, |policy| Want::of(policy, &self.room))
    }

    /// The name under which no other run makes the task at the same time.
    fn claim_of(&self, call: UnitId) -> Option<Claim> {
        let fragment = self.plan.parts(call)?;
        let name = fragment.alone_across_runs.as_ref()?;
        Some(Claim { name: format!("task {name}").into(), shared: false, is_courtesy: true })
    }

    /// Gives room to bodies, the most urgent first. Nobody takes what one before it waits for, unless it is
    /// part of a body that holds something already; with `standing` nobody stands back.
    pub(super) fn grant_room(&mut self, standing: bool) -> bool {
        if !std::mem::take(&mut self.room_changed) && !standing {
            return false;
        }
        let rows = &self.rows;
        self.seekers.retain(|call| matches!(rows[call.index()].state, State::Seeking));
        let mut order = self.seekers.clone();
        order.sort_by_key(|&call| {
            let row = &self.rows[call.index()];
            (row.priority, Reverse(self.rank(call)), self.plan.unit(call).order, call)
        });
        let mut reserved = Reserved::default();
        let (mut granted, mut has_all) = (Vec::new(), Vec::new());
        for call in order {
            if self.is_disturbed(call) {
                continue;
            }
            if self.room.holds(call) {
                has_all.push(call);
                continue;
            }
            let (want, around) = (self.want(call), self.holders_around(call));
            let first = if around.is_empty() { &reserved } else { &Reserved::default() };
            if self.room.obstacle(&want, &around, first).is_none() {
                self.room.take(call, &want, &around);
                granted.push((call, around));
            } else if around.is_empty() && !standing {
                reserved.add(&want);
            }
        }
        let is_some = !granted.is_empty() || !has_all.is_empty();
        for call in has_all {
            self.seekers.retain(|&seeker| seeker != call);
            self.begin_or_wait(call);
        }
        for (call, around) in granted {
            self.seekers.retain(|&seeker| seeker != call);
            self.claim(call, &around);
        }
        is_some
    }

    /// What keeps a seeking body waiting: the body that holds it, and what it is.
    pub(super) fn obstacle(&self, call: UnitId) -> Option<(UnitId, String)> {
        let around = self.holders_around(call);
        let obstacle = self.room.obstacle(&self.want(call), &around, &Reserved::default())?;
        Some((obstacle.holder?, obstacle.what))
    }

    pub(super) fn holders_around(&self, call: UnitId) -> Vec<UnitId> {
        self.around(call).filter(|&body| self.room.holds(body)).collect()
    }

    /// A body has its room within the run: what holds between runs comes next.
    fn claim(&mut self, call: UnitId, around: &[UnitId]) {
        let want = self.want(call);
        if let Some(lock) = self.room.upgrade(&want.locks, around) {
            let message = format!(
                "task `{}` wants lock `{}` for itself, which a task around it shares with other runs",
                self.plan.unit(call).task,
                lock.name
            );
            return self.refuse(call, Refusal { code: UPGRADE, message });
        }
        let locks = self.room.not_held_around(&want.locks, around).into_iter();
        let across = locks.filter(|lock| lock.across_runs);
        let claim = |lock: &Lock| Claim {
            name: format!("lock {}", lock.name).into(),
            shared: lock.shared,
            is_courtesy: false,
        };
        let claims: Vec<Claim> = across.map(claim).chain(self.claim_of(call)).collect();
        if claims.is_empty() {
            return self.begin_or_wait(call);
        }
        self.row(call).state = State::Claiming;
        self.row(call).rare_mut().claims = true;
        self.busy += 1;
        self.effects.push(Effect::Claim { unit: call, claims });
    }

    pub(super) fn claimed(&mut self, call: UnitId, claimed: Claimed) {
        self.busy -= 1;
        if !matches!(self.rows[call.index()].state, State::Claiming) {
            return;
        }
        let checks = self.plan.parts(call).is_some_and(|fragment| fragment.check);
        let is_first = self.rows[call.index()].attempt == 0;
        match claimed {
            Claimed::Refused(refusal) => self.refuse(call, refusal),
            // Another run may have done it meanwhile.
            Claimed::Had { waited: true } if checks && is_first => self.ready(call, Ask::Check),
            Claimed::Had { .. } => self.begin_or_wait(call),
        }
    }

    /// Gives back what a body holds, within the run and between runs.
    pub(super) fn release_room(&mut self, call: UnitId) {
        if self.room.release(call) {
            self.room_changed = true;
        }
        if self.row(call).take(|rare| &mut rare.claims) {
            self.effects.push(Effect::Release(call));
        }
    }
}
