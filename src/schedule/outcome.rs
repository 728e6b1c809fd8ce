//! How units end, and what is behind it.

use std::time::Duration;

use super::serve::Serving;
use super::state::State;
use super::{Refusal, Scheduler};
use crate::event::{Failure, Kind, Outcome, Usage};
use crate::id::UnitId;

/// What `timeout` exits with when the time is up.
pub(super) const TIMED_OUT: i32 = 124;

/// What a shell exits with when it cannot start a program.
const NOT_STARTED: i32 = 127;

impl Scheduler {
    /// Ends a unit that has no process.
    pub(super) fn finish(&mut self, unit: UnitId, outcome: Outcome) {
        let began = self.rows[unit.index()].began;
        let wall = match self.rows[unit.index()].attempt {
            0 => Duration::ZERO,
            _ => self.now.since(began),
        };
        self.skip_parts(unit, &outcome);
        match unit {
            UnitId::ROOT if self.close(&outcome) => {}
            UnitId::ROOT => self.settle_root(outcome),
            _ => self.settle_unit(unit, outcome, wall, None),
        }
    }

    pub(super) fn settle_unit(
        &mut self,
        unit: UnitId,
        outcome: Outcome,
        wall: Duration,
        usage: Option<Usage>,
    ) {
        self.release_room(unit);
        self.end_alone(unit, &outcome);
        self.row(unit).state = State::Done(outcome.clone());
        self.dues.clear_all(unit);
        let (wall, ignored) = (wall.as_micros() as u64, self.is_ignored(unit));
        if unit == UnitId::ROOT {
            let sequential = self.sequential.as_micros() as u64;
            let wall = self.now.0;
            self.emit(Kind::RunFinished { outcome, wall, sequential });
        } else {
            self.emit(Kind::Finished { unit, outcome, ignored, wall, usage });
        }
        if self.rows[unit.index()].rare().serving != Serving::No {
            self.server_ended(unit);
        }
        self.ended.push(unit);
    }

    /// Parts of a call's body that were never reached end with it, or with the attempt.
    pub(super) fn skip_parts(&mut self, unit: UnitId, outcome: &Outcome) {
        let Some(fragment) = self.plan.parts(unit) else { return };
        let parts: Vec<UnitId> = fragment.steps.iter().filter_map(|step| step.unit()).collect();
        let outcome = match outcome {
            Outcome::Failed(Failure::Below(cause)) | Outcome::Skipped(cause) => {
                Outcome::Skipped(*cause)
            }
            Outcome::Failed(_) => Outcome::Skipped(unit),
            other => other.clone(),
        };
        for part in parts {
            if matches!(self.rows[part.index()].state, State::Waiting)
                && self.plan.parent(part) == unit
            {
                self.finish(part, outcome.clone());
            }
        }
    }

    pub(super) fn refuse(&mut self, unit: UnitId, Refusal { code, message }: Refusal) {
        self.finish(unit, Outcome::Failed(Failure::Refused { code, message }));
    }

    pub(super) fn is_ignored(&self, unit: UnitId) -> bool {
        self.plan.unit(unit).ignore_error && self.is_ignorable(unit)
    }

    /// Only what a command's exit code or a timeout brought about can be ignored.
    pub(super) fn is_ignorable(&self, mut unit: UnitId) -> bool {
        loop {
            match self.outcome(unit) {
                _ if self.rows[unit.index()].exited_badly => return true,
                Some(Outcome::Failed(Failure::Exit(_) | Failure::TimedOut)) => return true,
                Some(Outcome::Failed(
                    Failure::StoppedServing(_) | Failure::NotReady | Failure::Stalled,
                )) => return true,
                Some(Outcome::Failed(Failure::Below(cause)) | Outcome::Skipped(cause)) => {
                    unit = *cause;
                }
                _ => return false,
            }
        }
    }

    /// Why a unit failed, in the end: how the unit did that failed by itself. `None` for one that did not
    /// fail, or was cancelled.
    pub fn root_cause(&self, unit: UnitId) -> Option<&Failure> {
        match self.outcome(self.root_unit(unit))? {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The unit that ended by itself as it did, and because of which `unit` ended like this.
    pub(super) fn root_unit(&self, mut unit: UnitId) -> UnitId {
        while let Some(Outcome::Failed(Failure::Below(cause)) | Outcome::Skipped(cause)) =
            self.outcome(unit)
        {
            unit = *cause;
        }
        unit
    }

    /// The exit code that a program has which stands for `unit`: that of the command that failed, or of the
    /// refusal. `None` for a unit that succeeded.
    pub fn exit_code(&self, unit: UnitId) -> Option<i32> {
        if self.outcome(unit)?.is_success() {
            return None;
        }
        Some(match self.root_cause(unit) {
            Some(Failure::Exit(status)) => status.code(),
            Some(Failure::TimedOut | Failure::Stalled | Failure::NotReady) => TIMED_OUT,
            // One that ends well ends badly for whoever relied on it.
            Some(Failure::StoppedServing(status)) => status.code().max(1),
            Some(Failure::Spawn(_)) => NOT_STARTED,
            Some(Failure::Refused { code, .. }) => *code,
            Some(Failure::Below(_)) | None => 1,
        })
    }
}
