//! What holds between runs: claims of tasks, taken one by one in the order of their names.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;

use super::driver::Driver;
use crate::event::Level;
use crate::id::{UnitId, UnitMap};
use crate::schedule::{Claim, Claimed, Input, Refusal};
use crate::store::{Held, Locks, Waiting, is_shortage};

/// Exit code of a task whose claim cannot be had.
const NO_LOCK: i32 = 1;
/// go-task's exit code for a task that waits for itself.
const WAITS_FOR_ITSELF: i32 = 204;

/// In the environment of commands: marks of the claims of the runs and bodies around them, for which a run
/// inside them must not wait.
pub(super) const HELD: &str = "PAR_CLAIMS";

/// Claims that are held, and those that wait for another run.
pub(super) struct Claims {
    locks: Locks,
    held: UnitMap<Vec<(Arc<str>, Held)>>,
    waiting: Vec<Pending>,
    /// What bodies of this run have had and given back.
    given_back: HashSet<Arc<str>>,
    /// Bodies that have ended and give back what they have once they are remembered.
    ended: Vec<UnitId>,
    /// What the runs around this one have.
    around: Vec<u64>,
}

struct Pending {
    unit: UnitId,
    left: VecDeque<Claim>,
    had: Vec<(Arc<str>, Held)>,
    waited: bool,
    /// The user knows that it waits.
    is_told: bool,
    /// Others know that it waits, for it has what they may wait for.
    told: Option<Waiting>,
}

impl Claims {
    /// `around` is what [`HELD`] says.
    pub(super) fn new<E>(locks: Locks, around: Result<&str, E>) -> Claims {
        let marks = around.unwrap_or_default().split(' ').filter_map(|mark| mark.parse().ok());
        let (held, waiting, given_back, ended) = Default::default();
        Claims { locks, held, waiting, given_back, ended, around: marks.collect() }
    }

    fn is_ours(&self, name: &str) -> bool {
        self.held.values().flatten().any(|(held, _)| **held == *name)
    }

    /// Whether some wait for another run, and have to be tried again.
    pub(super) fn are_held_up(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Driver {
    /// All runs take claims in the same order, so that they never wait for each other in a circle.
    pub(super) fn claim(&mut self, unit: UnitId, mut claims: Vec<Claim>) {
        claims.retain(|claim| !self.claims.around.contains(&mark(&claim.name)));
        claims.sort_by(|one, other| one.name.cmp(&other.name));
        // Who asked whether it is up to date may have done so before that.
        let waited = claims.iter().any(|claim| self.claims.given_back.contains(&claim.name));
        let pending = Pending {
            unit,
            left: claims.into(),
            had: Vec::new(),
            waited,
            is_told: false,
            told: None,
        };
        self.claims.waiting.push(pending);
        self.try_claims();
    }

    /// Takes what has become free.
    pub(super) fn try_claims(&mut self) {
        for mut pending in std::mem::take(&mut self.claims.waiting) {
            let unit = pending.unit;
            let claimed = match self.try_claim(&mut pending) {
                Ok(true) => {
                    self.claims.held.insert(unit, std::mem::take(&mut pending.had));
                    Claimed::Had { waited: pending.waited }
                }
                Ok(false) => {
                    pending.waited = true;
                    if !std::mem::replace(&mut pending.is_told, true) {
                        self.say_waiting(&pending);
                    }
                    if let Some(refusal) = self.gives_way(&mut pending) {
                        let claimed = Claimed::Refused(refusal);
                        self.inputs.push_back(Input::Claimed { unit, claimed });
                        continue;
                    }
                    self.claims.waiting.push(pending);
                    continue;
                }
                Err(refusal) => Claimed::Refused(refusal),
            };
            self.inputs.push_back(Input::Claimed { unit, claimed });
        }
    }

    /// Whether all of a claim is had.
    fn try_claim(&self, pending: &mut Pending) -> Result<bool, Refusal> {
        while let Some(claim) = pending.left.front() {
            let refused = |error: io::Error| Refusal {
                code: NO_LOCK,
                message: format!("the {} cannot be kept from other runs: {error}", claim.name),
            };
            match self.claims.locks.take(&claim.name, claim.shared) {
                Ok(Some(held)) => pending.had.push((claim.name.clone(), held)),
                Ok(None) => return Ok(false),
                Err(error) if is_shortage(&error) => return Ok(false),
                Err(error) if claim.is_courtesy => {
                    tracing::debug!(claim = &*claim.name, %error, "not kept from other runs");
                }
                Err(error) => return Err(refused(error)),
            }
            pending.left.pop_front();
        }
        Ok(true)
    }

    /// Who has something while it waits may stand in a circle with other runs: whether it is its part to give up.
    fn gives_way(&self, pending: &mut Pending) -> Option<Refusal> {
        let wanted = pending.left.front()?;
        let mut has = self.marks_around(pending.unit);
        has.extend(pending.had.iter().map(|(name, _)| mark(name)));
        if has.is_empty() {
            return None;
        }
        let wants = mark(&wanted.name);
        if pending.told.as_ref().is_none_or(|told| told.wants() != wants || !told.is_seen()) {
            pending.told = None;
            let who = format!("{}.{:08}", self.store.run(), pending.unit.0);
            match self.claims.locks.wait(&who, &has, wants) {
                Ok(told) => pending.told = told,
                Err(error) => tracing::debug!(%error, "others do not know that it waits"),
            }
        }
        let holder = pending.told.as_ref()?.gives_way_to()?;
        let run = holder.split("%2e").next().unwrap_or_default();
        let task = &self.scheduler.plan().unit(pending.unit).task;
        let message = format!(
            "task `{task}` waits for {}, which run {run} has, and that waits for what a task around \
             `{task}` has: take them in the same order",
            wanted.name
        );
        Some(Refusal { code: WAITS_FOR_ITSELF, message })
    }

    fn say_waiting(&mut self, pending: &Pending) {
        let Some(claim) = pending.left.front() else { return };
        if self.claims.is_ours(&claim.name) {
            return;
        }
        let task = &self.scheduler.plan().unit(pending.unit).task;
        let text = format!("task `{task}` waits for {}, which another run has", claim.name);
        self.say(Some(pending.unit), Level::Info, text.into());
    }

    /// Gives back a claim, soon, or gives it up.
    pub(super) fn release(&mut self, unit: UnitId) {
        self.claims.ended.push(unit);
        let before = self.claims.waiting.len();
        self.claims.waiting.retain(|pending| pending.unit != unit);
        if self.claims.waiting.len() < before {
            let claimed = Claimed::Had { waited: true };
            self.inputs.push_back(Input::Claimed { unit, claimed });
        }
    }

    /// Gives back what bodies had that have ended. Whoever gets it next must find what was remembered of them.
    pub(super) fn give_back(&mut self) {
        let (later, now) = std::mem::take(&mut self.claims.ended)
            .into_iter()
            .partition::<Vec<_>, _>(|unit| self.commits.contains(unit));
        self.claims.ended = later;
        let back: Vec<Arc<str>> = now
            .iter()
            .filter_map(|unit| self.claims.held.remove(unit))
            .flat_map(|held| held.into_iter().map(|(name, _)| name))
            .collect();
        if !back.is_empty() {
            self.claims.given_back.extend(back);
            self.try_claims();
        }
    }

    /// What a command of `task` is told in [`HELD`].
    pub(super) fn claims_around(&self, task: UnitId) -> Option<String> {
        let marks: Vec<String> = self.marks_around(task).iter().map(u64::to_string).collect();
        (!marks.is_empty()).then(|| marks.join(" "))
    }

    /// Marks of what `call`, the bodies around it and the runs around this one have.
    fn marks_around(&self, mut call: UnitId) -> Vec<u64> {
        let plan = self.scheduler.plan();
        let mut marks = self.claims.around.clone();
        // A chain of calls is as long as the plan, and mostly nobody has claimed anything.
        if self.claims.held.is_empty() {
            return marks;
        }
        loop {
            let held = self.claims.held.get(&call).into_iter().flatten();
            marks.extend(held.map(|(name, _)| mark(name)));
            if call == UnitId::ROOT {
                return marks;
            }
            call = plan.parent(call);
        }
    }
}

/// Stands for a name, the same in all runs.
fn mark(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes())
}
