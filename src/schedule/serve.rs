//! Servers: tasks whose last command serves others. They take no slot, what waits for them goes on as soon as
//! they are ready, and they are stopped when everything else is done.

use super::due::Due;
use super::queue::Slot;
use super::state::State;
use super::stop::Ending;
use super::{Effect, Scheduler};
use crate::event::{Failure, Kind, Outcome, Status};
use crate::id::UnitId;
use crate::plan::{Ready, Step};

/// How far a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Serving {
    /// It is none, or its last command does not run yet.
    #[default]
    No,
    /// Its last command runs; whether it serves is being tried.
    Starting,
    /// It serves: whoever waited for it has been told.
    Ready,
}

impl Scheduler {
    pub(super) fn is_server(&self, call: UnitId) -> bool {
        let policy = self.plan.unit(call).policy.as_ref();
        !self.options.dry && policy.is_some_and(|policy| policy.server.is_some())
    }

    /// Whether `command` is what serves: the last one of a server's body.
    pub(super) fn is_serving_command(&self, command: UnitId) -> bool {
        let call = self.plan.parent(command);
        if !self.is_server(call) || self.rows[command.index()].deferred {
            return false;
        }
        let steps = self.plan.parts(call).map_or(&[][..], |fragment| &fragment.steps);
        let last = steps.iter().rev().find(|step| !matches!(step, Step::Defer(_) | Step::Join));
        last.and_then(|step| step.unit()) == Some(command)
    }

    /// A server's command starts without a slot.
    pub(super) fn start_serving(&mut self, command: UnitId) {
        self.start(command, Slot::Nobodys);
        let call = self.plan.parent(command);
        if !self.is_serving_command(command) {
            return;
        }
        self.row(call).rare_mut().serving = Serving::Starting;
        self.row(call).rare_mut().serves_by = Some(command);
        match self.readiness(call).map(|ready| ready.timeout) {
            None => self.is_ready(call),
            Some(limit) => {
                self.dues.set(call, self.now + limit, Due::Unready);
                self.effects.push(Effect::Probe { unit: call, command });
            }
        }
    }

    fn readiness(&self, call: UnitId) -> Option<&Ready> {
        self.plan.unit(call).policy.as_ref()?.server.as_ref()?.ready.as_ref()
    }

    /// A server serves: who waits for it goes on, and it is no longer in hand.
    pub(super) fn is_ready(&mut self, call: UnitId) {
        let row = &self.rows[call.index()];
        // Its command may have ended while the news was on its way, and other parts of its body still run.
        let serves = row.rare().serves_by.is_some_and(|command| self.is_running(command));
        if row.rare().serving != Serving::Starting || row.ending.is_some() || !serves {
            return;
        }
        self.dues.clear(call, Due::Unready);
        self.row(call).rare_mut().serving = Serving::Ready;
        self.set_aside(call);
        self.emit(Kind::Ready { unit: call });
        self.served.push(call);
    }

    fn set_aside(&mut self, call: UnitId) {
        self.busy -= self.weighs(call);
        self.aside += 1;
        self.row(call).rare_mut().is_aside = true;
    }

    /// Whether the process of a server counts as in hand as long as it is not set aside: unless it waits for
    /// a task that it called.
    fn weighs(&self, call: UnitId) -> u32 {
        let command = self.rows[call.index()].rare().serves_by;
        let waits = command.is_some_and(|command| match &self.rows[command.index()].state {
            State::Running(process) => process.passed.is_some(),
            _ => false,
        });
        u32::from(!waits)
    }

    /// Whether a command serves and is not in hand.
    pub(super) fn is_aside(&self, command: UnitId) -> bool {
        let call = &self.rows[self.plan.parent(command).index()];
        call.rare().is_aside && call.rare().serves_by == Some(command)
    }

    /// A server ends, or is being stopped: it is in hand again until it has.
    pub(super) fn take_in_hand(&mut self, call: UnitId) {
        if self.row(call).take(|rare| &mut rare.is_aside) {
            self.busy += self.weighs(call);
            self.aside -= 1;
        }
    }

    /// A server that is not ready in time.
    pub(super) fn unready(&mut self, call: UnitId) {
        if self.rows[call.index()].rare().serving == Serving::Starting {
            self.stop(call, Ending::Unready);
        }
    }

    /// Whether what waits for `unit` may go on.
    pub(super) fn is_fine(&self, unit: UnitId) -> bool {
        match self.outcome(unit) {
            Some(outcome) => outcome.is_success(),
            None => self.rows[unit.index()].rare().serving == Serving::Ready,
        }
    }

    /// Whether `unit` is over for what waits for it.
    pub(super) fn is_settled(&self, unit: UnitId) -> bool {
        self.outcome(unit).is_some() || self.rows[unit.index()].rare().serving == Serving::Ready
    }

    /// How a command of a server ended that was to serve on.
    pub(super) fn fell(&self, command: UnitId, status: Status) -> Option<Outcome> {
        let is_serving = self.is_serving_command(command);
        is_serving.then_some(Outcome::Failed(Failure::StoppedServing(status)))
    }

    /// Servers that the attempts of a body have called, and that nobody else relies on.
    pub(super) fn servers_of(&self, call: UnitId) -> Vec<UnitId> {
        let Some(fragment) = self.plan.parts(call) else { return Vec::new() };
        let is_part = |server: UnitId| {
            let mut chain = std::iter::once(server).chain(self.around(server));
            let child = chain.find(|&unit| unit != call && self.plan.parent(unit) == call);
            child.is_some_and(|child| fragment.steps.iter().any(|step| step.unit() == Some(child)))
        };
        let is_needed = |server: UnitId| {
            self.plan.waiters(server).any(|(waiter, _)| {
                let is_done = matches!(self.rows[waiter.index()].state, State::Done(_));
                !is_done && waiter != call && !self.around(waiter).any(|unit| unit == call)
            })
        };
        let live = self.live_servers().into_iter();
        live.filter(|&server| is_part(server) && !is_needed(server)).collect()
    }

    /// An attempt of a body is over: another one calls its servers anew.
    pub(super) fn end_servers_of(&mut self, call: UnitId) {
        for server in self.servers_of(call) {
            self.stop(server, Ending::Over);
        }
    }

    /// A server has ended: a body that waits for that before it is tried again may go on.
    fn let_attempts_go_on(&mut self, server: UnitId) {
        let waits = |unit: &UnitId| {
            matches!(self.rows[unit.index()].state, State::Delayed)
                && self.dues.get(*unit, Due::Again).is_none()
        };
        let waiting: Vec<UnitId> = self.around(server).filter(waits).collect();
        waiting.into_iter().for_each(|call| self.try_again(call));
    }

    /// A server has ended. One that fell while others relied on it is a failure of theirs.
    pub(super) fn server_ended(&mut self, call: UnitId) {
        self.take_in_hand(call);
        self.let_attempts_go_on(call);
        let is_failure = matches!(self.outcome(call), Some(Outcome::Failed(_)));
        if !is_failure || self.rows[call.index()].rare().serving != Serving::Ready {
            return;
        }
        self.fallen.push(call);
        let waiters: Vec<UnitId> = self.plan.waiters(call).map(|(waiter, _)| waiter).collect();
        for waiter in waiters {
            match &mut self.row(waiter).state {
                State::Deps { failed, .. } => *failed = failed.or(Some(call)),
                State::Body(body) => body.lose(call),
                _ => {}
            }
        }
    }

    /// The run's own body is over: servers are stopped first, and what is being stopped is waited for. Servers
    /// that the command line asked for, and nothing else, serve on. `false` when there is nothing of the kind.
    pub(super) fn close(&mut self, outcome: &Outcome) -> bool {
        let live = self.live_servers();
        if live.is_empty() && self.busy == 0 {
            return false;
        }
        self.row(UnitId::ROOT).rare_mut().ended = Some(outcome.clone());
        self.row(UnitId::ROOT).state = State::Closing;
        if !(outcome.is_success() && self.asks_for_servers_only()) {
            live.into_iter().for_each(|server| self.stop(server, Ending::Over));
        }
        true
    }

    /// Ends the run once nothing is left.
    pub(super) fn end_closing(&mut self) {
        if !matches!(self.rows.first().map(|row| &row.state), Some(State::Closing)) {
            return;
        }
        let live = self.live_servers();
        if live.is_empty() && self.busy > 0 {
            return;
        }
        if live.is_empty() {
            let outcome =
                self.row(UnitId::ROOT).take(|rare| &mut rare.ended).unwrap_or(Outcome::Succeeded);
            return self.settle_root(outcome);
        }
        if !self.fallen.is_empty() {
            live.into_iter().for_each(|server| self.stop(server, Ending::Over));
        }
    }

    /// A run in which a server fell has failed, whatever became of the rest.
    pub(super) fn settle_root(&mut self, outcome: Outcome) {
        let outcome = match (outcome, self.fallen.first()) {
            (outcome, Some(&server)) if outcome.is_success() => {
                Outcome::Failed(Failure::Below(server))
            }
            (outcome, _) => outcome,
        };
        self.settle_unit(UnitId::ROOT, outcome, std::time::Duration::ZERO, None);
    }

    pub(super) fn live_servers(&self) -> Vec<UnitId> {
        let is_live = |row: &super::state::Row| {
            row.rare().serving != Serving::No && !matches!(row.state, State::Done(_))
        };
        let rows = self.rows.iter().enumerate().filter(|(_, row)| is_live(row));
        rows.map(|(index, _)| UnitId(index as u32)).collect()
    }

    /// Whether the command line asked for servers and nothing else.
    pub(super) fn asks_for_servers_only(&self) -> bool {
        let Some(fragment) = self.plan.parts(UnitId::ROOT) else { return false };
        let parts = fragment.steps.iter().filter_map(|step| step.unit());
        fragment.deps.iter().copied().chain(parts).all(|unit| {
            self.rows[unit.index()].rare().serving == Serving::Ready && self.outcome(unit).is_none()
        })
    }
}
