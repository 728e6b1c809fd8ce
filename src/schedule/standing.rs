//! Where tasks stand while a run goes on, for those who ask.

use std::time::Duration;

use super::Scheduler;
use super::state::State;
use crate::event::At;
use crate::id::UnitId;
use crate::plan::{Step, Work};

/// How far a task has come that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its body is under way, since so long.
    Running(Duration),
    /// All that it may do just now waits for room.
    Queued,
    /// It waits for these tasks.
    Blocked(Vec<UnitId>),
}

impl Scheduler {
    /// Every task that has not ended, in the order of the plan.
    pub fn standings(&self, now: At) -> Vec<(UnitId, Standing)> {
        let calls = self.plan.units().filter(|(_, unit)| unit.work == Work::Call);
        let calls = calls.map(|(unit, _)| unit).filter(|&unit| unit != UnitId::ROOT);
        calls.filter_map(|call| Some((call, self.standing(call, now)?))).collect()
    }

    fn standing(&self, call: UnitId, now: At) -> Option<Standing> {
        let row = &self.rows[call.index()];
        Some(match &row.state {
            State::Done(_) => return None,
            State::Waiting => Standing::Blocked(self.stands_behind(call)),
            State::Deps { .. } => Standing::Blocked(self.unfinished_deps(call)),
            State::Body(_) if self.only_queues(call) => Standing::Queued,
            State::Body(_) => Standing::Running(now.since(row.began)),
            _ => Standing::Queued,
        })
    }

    fn unfinished_deps(&self, call: UnitId) -> Vec<UnitId> {
        let deps = self.plan.parts(call).map_or(&[][..], |fragment| &fragment.deps);
        deps.iter().copied().filter(|&dep| self.outcome(dep).is_none()).collect()
    }

    /// What has to end before it is the turn of a part: earlier parts of the body it stands in, or what that
    /// waits for itself.
    fn stands_behind(&self, part: UnitId) -> Vec<UnitId> {
        let call = self.plan.parent(part);
        let deps = self.unfinished_deps(call);
        if !deps.is_empty() {
            return deps;
        }
        let steps = self.plan.parts(call).map_or(&[][..], |fragment| &fragment.steps);
        let before = steps.iter().take_while(|step| step.unit() != Some(part));
        let before = before.filter(|step| !matches!(step, Step::Defer(_)));
        let tasks =
            before.filter_map(|step| step.unit()).filter(|&unit| self.outcome(unit).is_none());
        let mut tasks: Vec<UnitId> = tasks.map(|unit| self.task_of(unit)).collect();
        tasks.dedup();
        tasks
    }

    /// The call that a unit is, or stands in.
    fn task_of(&self, unit: UnitId) -> UnitId {
        match self.plan.unit(unit).work {
            Work::Call => unit,
            Work::Command => self.plan.parent(unit),
        }
    }

    /// Whether every part in hand waits for a slot.
    fn only_queues(&self, call: UnitId) -> bool {
        let parts = self.live_parts(call);
        let queues = |unit: &UnitId| matches!(self.rows[unit.index()].state, State::Queued(_));
        !parts.is_empty() && parts.iter().all(queues)
    }
}
