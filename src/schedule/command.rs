//! How a command goes on: its text, its slot, its process, and the tasks that it calls as programs.

use std::collections::HashSet;
use std::time::Duration;

use super::attempt::Change;
use super::due::Due;
use super::queue::Slot;
use super::state::{Ask, Process, Shown, State};
use super::stop::Ending;
use super::{Effect, Exit, Rendered, Scheduler};
use crate::event::{Failure, Kind, Outcome};
use crate::id::UnitId;
use crate::plan::{Need, Step, Unit};

impl Scheduler {
    pub(super) fn rendered(&mut self, unit: UnitId, rendered: Rendered) {
        if !self.answered(unit, Ask::Render) {
            return;
        }
        match rendered {
            Rendered::Omitted => self.finish(unit, Outcome::Omitted),
            Rendered::Refused(refusal) => self.refuse(unit, refusal),
            Rendered::Run { echo, interactive, frame, memory } => {
                self.busy += 1;
                let shown = Shown { echo, interactive, frame, memory };
                self.row(unit).state = State::Queued(Box::new(shown));
                self.hold_timeout(unit);
                self.note(unit, Change::Queued);
                match self.is_server(self.plan.parent(unit)) {
                    true => self.start_serving(unit),
                    false => self.enqueue(unit),
                }
            }
        }
    }

    /// A command's time covers its `if` and its process, not the queue between them.
    pub(super) fn hold_timeout(&mut self, unit: UnitId) {
        let now = self.now;
        let is_limited = self.plan.unit(unit).timeout.is_some();
        if is_limited && let Some(due) = self.dues.clear(unit, Due::Timeout) {
            self.row(unit).rare_mut().time_left = Some(due.since(now));
        }
    }

    pub(super) fn start_queued(&mut self) {
        self.take_back_lent();
        while let Some((unit, slot)) = self.queue.pick(&self.rows, self.in_queue == self.busy) {
            self.start(unit, slot);
        }
    }

    /// When all that is in hand is queued and none of it can start, a call that has its caller's slot may
    /// wait for a task that was begun elsewhere (`run: once`) and has no slot: it hands the slot down to that.
    pub(super) fn hand_down_slot(&mut self) -> bool {
        if self.queue.unused().next().is_none() {
            return false;
        }
        if self.in_queue != self.busy {
            return false;
        }
        let lent: Vec<UnitId> = self.queue.unused().collect();
        for call in lent {
            if let Some(unit) = self.queued_below(call) {
                self.queue.use_lent(call);
                self.start(unit, Slot::Lent(call));
                return true;
            }
        }
        false
    }

    /// A queued command that `call` waits for, over however many units.
    pub(super) fn queued_below(&self, call: UnitId) -> Option<UnitId> {
        let mut seen = HashSet::new();
        let mut open = vec![call];
        while let Some(unit) = open.pop() {
            match self.rows[unit.index()].state {
                State::Queued(_) => return Some(unit),
                State::Done(_) => {}
                State::Seeking if seen.insert(unit) => {
                    open.extend(self.obstacle(unit).map(|(holder, _)| holder));
                }
                _ if seen.insert(unit) => {
                    open.extend(self.plan.needs(unit).map(|(needed, _)| needed));
                }
                _ => {}
            }
        }
        None
    }

    pub(super) fn start(&mut self, unit: UnitId, slot: Slot) {
        let now = self.now;
        let process = Process {
            slot,
            owed: 0,
            is_idle: false,
            calls: Vec::new(),
            passed: None,
            passed_since: now,
            waited: Duration::ZERO,
            failed: None,
            refuted: None,
            exit: None,
        };
        let row = self.row(unit);
        row.began = now;
        let State::Queued(shown) =
            std::mem::replace(&mut row.state, State::Running(Box::new(process)))
        else {
            unreachable!("only queued units are picked")
        };
        self.note(unit, Change::Started);
        self.note_beside(unit);
        self.take_memory(unit, shown.memory);
        let attempt = self.attempt(self.plan.parent(unit));
        // Nothing else is in hand, so nothing else can begin before this has ended.
        let alone = self.busy == 1 && self.aside == 0 && slot != Slot::Nobodys;
        let may = slot != Slot::Nobodys && self.may_have_terminal(&shown, alone);
        let is_heard = self.is_listened_to(unit) && !shown.interactive;
        let captured = !(self.options.terminal && may) || self.is_judged(unit) || is_heard;
        if !captured {
            self.on_terminal = Some(unit);
        }
        let Shown { echo, frame, .. } = *shown;
        self.emit(Kind::Started { unit, attempt, echo, captured, alone, frame });
        self.effects.push(Effect::Start { unit, attempt, captured, alone });
        if let Some(left) = self.row(unit).take(|rare| &mut rare.time_left) {
            self.dues.set(unit, now + left, Due::Timeout);
        }
        self.limit_to_grace(unit);
    }

    /// Whether what a command says decides how the body around it goes on.
    fn is_judged(&self, unit: UnitId) -> bool {
        let body = self.plan.parts(self.plan.parent(unit));
        body.is_some_and(|body| body.steps.last() == Some(&Step::Next))
    }

    pub(super) fn may_have_terminal(&self, shown: &Shown, alone: bool) -> bool {
        self.on_terminal.is_none() && (alone || shown.interactive)
    }

    pub(super) fn exited(&mut self, unit: UnitId, exit: Exit) {
        let now = self.now;
        let wall = now.since(self.rows[unit.index()].began);
        let ending = self.rows[unit.index()].ending;
        if let Exit::Ended(status, _) = &exit {
            self.row(unit).exited_badly = ending.is_none() && !status.is_success();
        }
        let fell = match &exit {
            Exit::Ended(status, _) => self.fell(unit, *status),
            Exit::NotStarted(_) => None,
        };
        let State::Running(process) = &mut self.row(unit).state else { return };
        let (outcome, usage) = match exit {
            Exit::NotStarted(reason) => (Outcome::Failed(Failure::Spawn(reason)), None),
            Exit::Ended(status, usage) => {
                // A script that ends with the code of a call failed because of that.
                let passed_on = process.refuted.filter(|&(_, code)| code == status.code());
                let outcome = match (ending, passed_on) {
                    (Some(ending), _) => ending.outcome(),
                    (None, _) if fell.is_some() => fell.unwrap_or(Outcome::Cancelled),
                    (None, _) if status.is_success() => Outcome::Succeeded,
                    (None, Some((call, _))) => Outcome::Failed(Failure::Below(call)),
                    (None, None) => Outcome::Failed(Failure::Exit(status)),
                };
                (outcome, Some(usage))
            }
        };
        let away = process.passed.map_or(Duration::ZERO, |_| now.since(process.passed_since));
        let worked = wall.saturating_sub(process.waited + away);
        process.exit = Some((outcome, usage, wall));
        let calls = process.calls.clone();
        self.sequential += worked;
        calls.into_iter().for_each(|call| self.stop(call, Ending::Cancelled));
        self.end_process(unit);
    }

    /// Ends a command once its process and all its calls have.
    pub(super) fn end_process(&mut self, unit: UnitId) {
        let State::Running(process) = &mut self.rows[unit.index()].state else { return };
        if !process.calls.is_empty() {
            return;
        }
        let Some((mut outcome, usage, wall)) = process.exit.take() else { return };
        if let (Outcome::Succeeded, Some(call)) = (&outcome, process.failed) {
            outcome = Outcome::Failed(Failure::Below(call));
        }
        let (slot, rest) = (process.slot, process.slot.without(process.owed));
        self.lenders.retain(|&lender| lender != unit);
        self.note(unit, Change::Ended);
        self.running.remove(&unit);
        if slot == Slot::Nobodys {
            self.take_in_hand(self.plan.parent(unit));
        }
        self.on_terminal.take_if(|&mut has| has == unit);
        self.queue.release(rest);
        self.free_memory(unit);
        self.busy -= 1;
        self.settle_unit(unit, outcome, wall, usage);
    }

    pub(super) fn grafted(&mut self, by: UnitId, call: UnitId, unit: Unit, background: bool) {
        self.plan.add(call, unit, by);
        self.plan.need(by, call, Need::Graft);
        self.add_row(call, Some(call));
        self.row(call).background = background;
        self.row(call).tail = self.rows[by.index()].tail;
        self.announce(call);
        let State::Running(process) = &mut self.rows[by.index()].state else {
            return self.finish(call, Outcome::Cancelled);
        };
        process.calls.push(call);
        process.is_idle = false;
        // A server's command has no slot to pass on.
        let is_server = process.slot == Slot::Nobodys;
        if process.passed.is_none() {
            self.pass_slot(by, call);
        }
        if !self.options.sequential || self.queue.is_lent(call) || is_server {
            self.open(call);
        }
    }

    /// A command waits for a call of its own with a slot in its hand: the call may use it.
    pub(super) fn pass_slot(&mut self, by: UnitId, call: UnitId) {
        let (now, is_in_hand) = (self.now, !self.is_aside(by));
        if let State::Running(process) = &mut self.rows[by.index()].state {
            process.passed = Some(call);
            process.passed_since = now;
            // What others have cannot be passed on before it is back.
            if process.slot != Slot::Nobodys && process.owed == 0 {
                self.queue.lend(call);
            }
            self.busy -= u32::from(is_in_hand);
        }
    }

    pub(super) fn call_of_process_ended(&mut self, by: UnitId, call: UnitId) {
        // One that its caller has killed is over, but has not failed.
        let code = self.root_cause(call).and_then(|_| self.exit_code(call));
        let failed = code.is_some() && self.rows[call.index()].background;
        let (now, is_in_hand) = (self.now, !self.is_aside(by));
        let State::Running(process) = &mut self.rows[by.index()].state else { return };
        process.calls.retain(|&other| other != call);
        if failed {
            process.failed = process.failed.or(Some(call));
        }
        if let Some(code) = code {
            process.refuted = Some((call, code));
        }
        if process.passed == Some(call) {
            process.passed = None;
            process.waited += now.since(process.passed_since);
            let next = process.calls.first().copied();
            self.queue.take_back(call);
            self.busy += u32::from(is_in_hand);
            if let Some(next) = next {
                self.pass_slot(by, next);
                self.open(next);
            }
        }
        self.end_process(by);
    }
}
