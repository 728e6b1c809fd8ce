//! What holds between runs: claims of tasks, taken one by one in the order of their names.

use std::collections::{HashMap, VecDeque};

use super::driver::Driver;
use crate::event::Level;
use crate::id::UnitId;
use crate::schedule::{Claim, Claimed, Input, Refusal};
use crate::store::{Held, Locks};

/// Exit code of a task whose claim cannot be had.
const NO_LOCK: i32 = 1;

/// Claims that are held, and those that wait for another run.
pub(super) struct Claims {
    locks: Locks,
    held: HashMap<UnitId, Vec<Held>>,
    waiting: Vec<Pending>,
}

struct Pending {
    unit: UnitId,
    left: VecDeque<Claim>,
    had: Vec<Held>,
    waited: bool,
}

impl Claims {
    pub(super) fn new(locks: Locks) -> Claims {
        Claims { locks, held: HashMap::new(), waiting: Vec::new() }
    }

    /// Whether some wait for another run, and have to be tried again.
    pub(super) fn are_held_up(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Driver {
    /// All runs take claims in the same order, so that they never wait for each other in a circle.
    pub(super) fn claim(&mut self, unit: UnitId, mut claims: Vec<Claim>) {
        claims.sort_by(|one, other| one.name.cmp(&other.name));
        let pending = Pending { unit, left: claims.into(), had: Vec::new(), waited: false };
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
                    if !std::mem::replace(&mut pending.waited, true) {
                        self.say_waiting(&pending);
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
            let refused = |error| Refusal {
                code: NO_LOCK,
                message: format!("the {} cannot be kept from other runs: {error}", claim.name),
            };
            match self.claims.locks.take(&claim.name, claim.shared).map_err(refused)? {
                Some(held) => pending.had.push(held),
                None => return Ok(false),
            }
            pending.left.pop_front();
        }
        Ok(true)
    }

    fn say_waiting(&mut self, pending: &Pending) {
        let Some(claim) = pending.left.front() else { return };
        let task = &self.scheduler.plan().unit(pending.unit).task;
        let text = format!("task `{task}` waits for {}, which another run has", claim.name);
        self.say(Some(pending.unit), Level::Info, text.into());
    }

    /// Gives back a claim, or gives it up.
    pub(super) fn release(&mut self, unit: UnitId) {
        self.claims.held.remove(&unit);
        let before = self.claims.waiting.len();
        self.claims.waiting.retain(|pending| pending.unit != unit);
        if self.claims.waiting.len() < before {
            let claimed = Claimed::Had { waited: true };
            self.inputs.push_back(Input::Claimed { unit, claimed });
        }
    }
}
