//! Silence: what follows when a command shows no sign of life.

use std::time::Duration;

use super::Scheduler;
use super::state::State;
use super::stop::Ending;
use crate::event::Kind;
use crate::id::UnitId;
use crate::plan::{Policy, StallAction};

impl Scheduler {
    /// How long a running command may show no sign of life; `None`: as long as it likes, for nobody set a
    /// limit, it waits for tasks that it called, its output cannot be seen, or it is being stopped.
    pub fn patience(&self, command: UnitId) -> Option<Duration> {
        if self.options.stall.is_none() && !self.plan.minds_silence() {
            return None;
        }
        let row = self.rows.get(command.index())?;
        let State::Running(process) = &row.state else { return None };
        let waits = process.exit.is_some() || !process.calls.is_empty();
        let is_ending = row.ending.is_some() || self.is_in_an_ending(command);
        if waits || is_ending || self.on_terminal == Some(command) {
            return None;
        }
        let own = self.impatient(command).and_then(|call| self.policy(call)?.stall);
        // Servers have nothing to do most of the time.
        let common = self.options.stall.filter(|_| !self.is_server(self.plan.parent(command)));
        own.or(common)
    }

    /// Whether `command` stands in a task that says how long it may be silent.
    pub(super) fn is_listened_to(&self, command: UnitId) -> bool {
        self.impatient(command).is_some()
    }

    /// The innermost of the bodies around `command` that says something about silence. What a server does
    /// is no sign of the life of others.
    fn impatient(&self, command: UnitId) -> Option<UnitId> {
        if !self.plan.minds_silence() {
            return None;
        }
        let bodies = if self.is_server(self.plan.parent(command)) { 1 } else { usize::MAX };
        self.around(command).take(bodies).find(|call| {
            matches!(self.rows[call.index()].state, State::Body(_))
                && self.policy(*call).is_some_and(Policy::minds_silence)
        })
    }

    fn policy(&self, call: UnitId) -> Option<&Policy> {
        self.plan.unit(call).policy.as_deref()
    }

    /// A command has shown no sign of life for as long as it may.
    pub(super) fn stalled(&mut self, command: UnitId) {
        let Some(limit) = self.patience(command) else { return };
        let call = self.impatient(command).filter(|&call| {
            self.policy(call).is_some_and(|policy| policy.stall_action == StallAction::Stop)
        });
        let (limit, is_stopped) = (limit.as_micros() as u64, call.is_some());
        self.emit(Kind::Stalled { unit: command, limit, is_stopped });
        if let Some(call) = call {
            self.stop(call, Ending::Stalled);
        }
    }
}
