//! What fails in a parallel run is put aside, and tried again alone when everything else has come to rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Scheduler;
use super::serve::Serving;
use super::state::{Ask, State};
use super::stop::Ending;
use crate::event::{Failure, Kind, Outcome};
use crate::id::UnitId;

impl Scheduler {
    /// A command starts: the tasks of all that run note each other.
    pub(super) fn note_beside(&mut self, command: UnitId) {
        if !self.options.fallback {
            return;
        }
        let call = self.plan.parent(command);
        let others: BTreeSet<UnitId> = self
            .running
            .iter()
            .map(|&other| self.plan.parent(other))
            .filter(|&other| other != call)
            .collect();
        let name = self.plan.unit(call).task.clone();
        for other in others {
            let beside = self.plan.unit(other).task.clone();
            self.row(other).rare_mut().beside.insert(name.clone());
            self.row(call).rare_mut().beside.insert(beside);
        }
        self.running.insert(command);
    }

    /// Puts a body aside whose own command failed beside others; `false` when its failure is final.
    pub(super) fn put_aside(&mut self, call: UnitId, outcome: &Outcome) -> bool {
        let row = &self.rows[call.index()];
        let is_wanted = self.options.fallback
            && !self.options.sequential
            && !row.rare().is_alone
            && row.lender.is_none()
            && !self.is_deferred(call)
            && row.rare().serving == Serving::No
            && !self.plan.unit(call).ignore_error
            && call != UnitId::ROOT
            && self.cancelled.is_none()
            && !self.is_in_an_ending(call)
            && matches!(row.ending, None | Some(Ending::AttemptOver | Ending::Stalled))
            && self.is_own_failure(call, outcome);
        if !is_wanted {
            return false;
        }
        self.skip_parts(call, outcome);
        self.end_servers_of(call);
        self.release_room(call);
        self.emit(Kind::PutAside { unit: call, outcome: outcome.clone() });
        let row = self.row(call);
        row.state = State::Shelved;
        (row.rare_mut().ended, row.ending) = (Some(outcome.clone()), None);
        self.shelf.push(call);
        true
    }

    /// Whether a command of the body itself failed, in a way that may be due to what ran beside it.
    fn is_own_failure(&self, call: UnitId, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Failed(Failure::TimedOut | Failure::Stalled) => true,
            Outcome::Failed(Failure::Below(part)) => {
                let cause = self.root_unit(*part);
                let failure = self.root_cause(*part);
                self.plan.parent(cause) == call
                    && matches!(
                        failure,
                        Some(Failure::Exit(_) | Failure::TimedOut | Failure::Spawn(_))
                    )
            }
            _ => false,
        }
    }

    /// When nothing else can go on, the first task in the file that was put aside is tried again alone; also
    /// when one that is tried alone waits for it.
    pub(super) fn take_from_shelf(&mut self) -> bool {
        let rows = &self.rows;
        self.shelf.retain(|call| matches!(rows[call.index()].state, State::Shelved));
        if self.busy != self.in_queue || self.cancelled.is_some() {
            return false;
        }
        let first =
            self.shelf.iter().copied().min_by_key(|&call| (self.plan.unit(call).order, call));
        let Some(call) = first else { return false };
        self.row(call).rare_mut().is_alone = true;
        self.options.sequential = true;
        self.ready(call, Ask::Again);
        true
    }

    /// What was tried alone has ended: the run goes on as before.
    pub(super) fn end_alone(&mut self, call: UnitId, outcome: &Outcome) {
        if !self.row(call).take(|rare| &mut rare.is_alone) {
            return;
        }
        self.options.sequential = self.rows.iter().any(|row| row.rare().is_alone);
        if outcome.is_success() {
            let beside: Vec<Arc<str>> =
                self.row(call).take(|rare| &mut rare.beside).into_iter().collect();
            self.emit(Kind::OnlyParallel { unit: call, beside });
        }
    }
}
