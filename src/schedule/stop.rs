//! How things end before their time: cancellation, fail-fast, timeouts, standstill.

use std::collections::HashSet;

use super::attempt::Change;
use super::due::Due;
use super::state::State;
use super::{Effect, Refusal, Scheduler, Stop};
use crate::event::{Failure, Kind, Outcome, Why};
use crate::id::UnitId;
use crate::plan::Work;

/// go-task's exit code for a task that waits for itself.
const WAITS_FOR_ITSELF: i32 = 204;

/// How a unit that is being stopped will have ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Cancelled,
    TimedOut,
    /// The attempt of its body has taken as long as it may; another one may follow.
    AttemptOver,
    /// The attempt of its body has shown no sign of life; another one may follow.
    Stalled,
    /// A server was not ready in time.
    Unready,
    /// A server that nobody needs any more.
    Over,
}

impl Ending {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Ending::Cancelled => Outcome::Cancelled,
            Ending::TimedOut | Ending::AttemptOver => Outcome::Failed(Failure::TimedOut),
            Ending::Stalled => Outcome::Failed(Failure::Stalled),
            Ending::Unready => Outcome::Failed(Failure::NotReady),
            Ending::Over => Outcome::Succeeded,
        }
    }
}

/// The run is being stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cancelled {
    why: Why,
    /// How often it was said.
    times: u32,
}

impl Scheduler {
    /// Whether nothing new may begin, `unit` included. What was deferred still runs after the first
    /// cancellation.
    pub(super) fn refuses_new(&self, unit: UnitId) -> bool {
        match self.cancelled {
            None => false,
            Some(Cancelled { times: 1, .. }) => !self.is_deferred(unit),
            Some(_) => true,
        }
    }

    /// Whether `unit` is a deferred part, or stands in one.
    pub(super) fn is_deferred(&self, mut unit: UnitId) -> bool {
        while unit != UnitId::ROOT {
            if self.rows[unit.index()].deferred {
                return true;
            }
            unit = self.plan.parent(unit);
        }
        false
    }

    pub(super) fn cancel(&mut self, why: Why) {
        if why == Why::Deadline
            && (self.cancelled.is_some() || self.outcome(UnitId::ROOT).is_some())
        {
            return;
        }
        let times = self.cancelled.map_or(0, |cancelled| cancelled.times) + 1;
        self.cancelled = Some(Cancelled { why, times });
        match times {
            1 => {
                self.emit(Kind::Cancelling { why });
                let ending = match why {
                    Why::Deadline => Ending::TimedOut,
                    Why::Signal(_) | Why::Unread => Ending::Cancelled,
                };
                // Units that wait for each other look as if somebody else still needed them.
                let all = self.in_progress(|this, unit| this.ends_at_once(unit));
                let rest = all.into_iter().filter(|&unit| unit != UnitId::ROOT).rev();
                let rest = rest.map(|unit| (unit, Ending::Cancelled));
                self.stop_all(rest.chain([(UnitId::ROOT, ending)]).collect());
                // What remains is deferred: it runs on, but not for ever.
                self.limit_spared(UnitId::ROOT);
            }
            2 => self.press_all(Stop::Terminate),
            _ => self.press_all(Stop::Kill),
        }
    }

    /// Whether nothing of a unit may go on once the run is being stopped: what was deferred may, but not if it
    /// is between two attempts or waits for another run.
    fn ends_at_once(&self, unit: UnitId) -> bool {
        let state = &self.rows[unit.index()].state;
        !self.is_deferred(unit)
            || matches!(state, State::Delayed | State::Shelved | State::Claiming)
    }

    /// Ends `unit` and all below it that nobody else waits for.
    pub(super) fn stop(&mut self, unit: UnitId, ending: Ending) {
        self.stop_all(vec![(unit, ending)]);
    }

    /// Ends `units`, the last one first, and all below each that nobody else waits for.
    fn stop_all(&mut self, mut units: Vec<(UnitId, Ending)>) {
        let mut depending = Vec::new();
        while let Some((unit, ending)) = units.pop() {
            let inner = if ending == Ending::Over { Ending::Over } else { Ending::Cancelled };
            let below = |unit| (unit, inner);
            if self.rows[unit.index()].ending.is_some() {
                continue;
            }
            match &self.rows[unit.index()].state {
                State::Done(_) => {}
                State::Closing if self.asks_for_servers_only() => {
                    self.row(unit).rare_mut().ended = Some(ending.outcome());
                }
                State::Closing => {}
                State::Waiting | State::Ready(_) | State::Seeking | State::Claiming => {
                    self.finish_early(unit, ending);
                }
                State::Held | State::Shelved => self.finish_early(unit, ending),
                State::Delayed => {
                    if self.dues.clear(unit, Due::Again).is_some() {
                        self.busy -= 1;
                    }
                    self.finish_early(unit, ending);
                }
                State::Asked(_) => {
                    self.effects.push(Effect::Stop { unit, how: Stop::Terminate });
                    self.finish_early(unit, ending);
                }
                State::Queued(_) => {
                    self.busy -= 1;
                    self.note(unit, Change::Unqueued);
                    self.finish(unit, ending.outcome());
                }
                State::Running(process) => {
                    units.extend(process.calls.iter().copied().map(below));
                    self.set_ending(unit, ending);
                    self.press_politely(unit);
                }
                State::Deps { .. } => {
                    self.set_ending(unit, ending);
                    units.extend(self.stopped_with(unit).into_iter().map(below));
                    depending.push(unit);
                }
                State::Body(_) => {
                    self.set_ending(unit, ending);
                    self.take_in_hand(unit);
                    units.extend(self.stopped_with(unit).into_iter().map(below));
                    self.limit_spared(unit);
                    self.stop_asking(unit);
                    self.ended_body(unit);
                }
            }
        }
        self.wait_for_endings(depending);
    }

    fn set_ending(&mut self, unit: UnitId, ending: Ending) {
        self.has_endings = true;
        self.row(unit).ending = Some(ending);
    }

    /// What is stopped before, between or after the attempts of its body ends as the last one did.
    fn finish_early(&mut self, unit: UnitId, ending: Ending) {
        let ended =
            self.row(unit).take(|rare| &mut rare.ended).filter(|_| ending == Ending::Cancelled);
        self.finish(unit, ended.unwrap_or(ending.outcome()));
    }

    /// A body that waits for nothing alive has to be told that it is ending.
    fn ended_body(&mut self, call: UnitId) {
        if matches!(self.rows[call.index()].state, State::Body(_)) {
            self.advance(call);
        }
    }

    fn press_politely(&mut self, unit: UnitId) {
        let how = match self.cancelled {
            Some(Cancelled { why: Why::Signal(signal), .. }) => Stop::Forward(signal),
            _ => Stop::Terminate,
        };
        self.effects.push(Effect::Stop { unit, how });
        self.dues.clear(unit, Due::Timeout);
        self.dues.set(unit, self.now + self.options.grace / 2, Due::Terminate);
    }

    /// A deferred command that runs while what it stands in is being stopped gets the grace and no more.
    pub(super) fn limit_to_grace(&mut self, unit: UnitId) {
        if self.cancelled.is_some() || self.is_in_an_ending(unit) {
            self.dues.set_soonest(unit, self.now + self.options.grace, Due::Kill);
        }
    }

    /// Gives the grace and no more to the processes in `call` that run on when it is stopped: deferred ones.
    fn limit_spared(&mut self, call: UnitId) {
        let spared = |this: &Scheduler, unit: UnitId| {
            this.has_process(unit)
                && this.rows[unit.index()].ending.is_none()
                && this.is_deferred(unit)
                && this.stands_in(unit, call)
        };
        self.in_progress(spared).into_iter().for_each(|unit| self.limit_to_grace(unit));
    }

    /// Whether a call around `unit` is being stopped.
    pub(super) fn is_in_an_ending(&self, unit: UnitId) -> bool {
        self.has_endings && self.around(unit).any(|above| self.rows[above.index()].ending.is_some())
    }

    /// Whether `unit` is `call`, or a part of it however deep.
    fn stands_in(&self, unit: UnitId, call: UnitId) -> bool {
        unit == call || self.around(unit).any(|above| above == call)
    }

    /// What stands around `unit`, from the inside to the run.
    pub(super) fn around(&self, unit: UnitId) -> impl Iterator<Item = UnitId> + '_ {
        let mut inner = unit;
        std::iter::from_fn(move || {
            let outer = self.plan.parent(inner);
            (inner != UnitId::ROOT).then(|| inner = outer).map(|()| outer)
        })
    }

    fn press_all(&mut self, how: Stop) {
        for unit in self.in_progress(|this, unit| this.has_process(unit)) {
            self.set_ending(unit, Ending::Cancelled);
            self.effects.push(Effect::Stop { unit, how });
            self.dues.clear(unit, Due::Timeout);
            self.dues.clear(unit, Due::Terminate);
            self.dues.set_soonest(unit, self.now + self.options.grace / 2, Due::Kill);
        }
        // Deferred parts that have not started are given up.
        let rest = self.in_progress(|this, unit| !this.has_process(unit));
        self.stop_all(rest.into_iter().rev().map(|unit| (unit, Ending::Cancelled)).collect());
    }

    fn has_process(&self, unit: UnitId) -> bool {
        matches!(self.rows[unit.index()].state, State::Running(_))
    }

    /// Units that have begun and not ended, as far as `wanted`.
    fn in_progress(&self, wanted: impl Fn(&Scheduler, UnitId) -> bool) -> Vec<UnitId> {
        let begun = |unit: UnitId| {
            !matches!(self.rows[unit.index()].state, State::Done(_) | State::Waiting)
        };
        self.plan
            .units()
            .map(|(unit, _)| unit)
            .filter(|&unit| begun(unit) && wanted(self, unit))
            .collect()
    }

    pub(super) fn deadline(&mut self) {
        while let Some((unit, due)) = self.dues.take(self.now) {
            match due {
                Due::Timeout if unit == UnitId::ROOT => self.cancel(Why::Deadline),
                Due::Timeout | Due::Attempt => self.time_out(unit, due),
                Due::Terminate => {
                    self.effects.push(Effect::Stop { unit, how: Stop::Terminate });
                    let rest = self.options.grace - self.options.grace / 2;
                    self.dues.set_soonest(unit, self.now + rest, Due::Kill);
                }
                Due::Kill => self.effects.push(Effect::Stop { unit, how: Stop::Kill }),
                Due::Again => self.delay_over(unit),
                Due::Unready => self.unready(unit),
            }
        }
    }

    /// When nothing is in hand that could go on, and the run has not ended, units wait for each other: one of
    /// them is made to fail, its chain named. `false` when there is no such thing.
    pub(super) fn break_standstill(&mut self) -> bool {
        if self.rows.is_empty() || self.outcome(UnitId::ROOT).is_some() {
            return false;
        }
        if self.busy != self.in_queue {
            return false;
        }
        let Some(cycle) = self.waiting_cycle() else { return self.refuse_seeker() };
        let names: Vec<&str> = cycle
            .iter()
            .map(|&(unit, _)| unit)
            .chain([cycle[0].0])
            .filter(|&unit| self.plan.unit(unit).work == Work::Call)
            .map(|unit| &*self.plan.unit(unit).task)
            .collect();
        let message = format!("a cycle of tasks: {}", names.join(" → "));
        let (waiter, needed) = cycle[0];
        if let Some((holder, what)) = self.obstacle_of_seeker(waiter) {
            let (waits, has) = (&self.plan.unit(waiter).task, &self.plan.unit(holder).task);
            let message = format!("{message} (`{waits}` waits for {what}, which `{has}` has)");
            self.refuse(waiter, Refusal { code: WAITS_FOR_ITSELF, message });
            return true;
        }
        let refusal = Refusal { code: WAITS_FOR_ITSELF, message };
        // The waiter no longer waits for it, and fails instead of beginning its body.
        self.row(waiter).rare_mut().cut.get_or_insert(refusal);
        self.dep_ended(waiter, needed);
        if !self.is_wanted(needed, None) {
            self.stop(needed, Ending::Cancelled);
        }
        true
    }

    /// A body waits for room that will never be there, for who has it waits for the end of the run.
    fn refuse_seeker(&mut self) -> bool {
        let Some(&call) = self.seekers.first() else { return false };
        let goes_on = |unit: UnitId| {
            let is_at_work =
                matches!(self.rows[unit.index()].state, State::Running(_) | State::Queued(_));
            is_at_work && !self.rows[self.plan.parent(unit).index()].rare().is_aside
        };
        if self.plan.units().any(|(unit, _)| goes_on(unit)) {
            return false;
        }
        let Some((holder, what)) = self.obstacle(call) else { return false };
        let (waits, has) = (&self.plan.unit(call).task, &self.plan.unit(holder).task);
        let message = format!("task `{waits}` waits for {what}, which `{has}` has until the end");
        self.refuse(call, Refusal { code: WAITS_FOR_ITSELF, message });
        true
    }

    fn obstacle_of_seeker(&self, call: UnitId) -> Option<(UnitId, String)> {
        match self.rows[call.index()].state {
            State::Seeking => self.obstacle(call),
            _ => None,
        }
    }

    /// A circle of units each of which waits for the next, as pairs of waiter and needed. It begins with a
    /// body that waits for room, or where two branches of the plan meet in a shared dependency: there it
    /// can be cut.
    fn waiting_cycle(&self) -> Option<Vec<(UnitId, UnitId)>> {
        let mut seen = HashSet::from([UnitId::ROOT]);
        let mut path = vec![UnitId::ROOT];
        // What each unit of the path waits for and was not looked at, the next one last. Servers serve on
        // when nobody waits for them any more.
        let servers = self.live_servers().into_iter().rev();
        let mut open: Vec<Vec<UnitId>> = vec![servers.chain(self.awaited(UnitId::ROOT)).collect()];
        while let Some(next) = open.last_mut() {
            let Some(unit) = next.pop() else {
                open.pop();
                path.pop();
                continue;
            };
            if seen.insert(unit) {
                path.push(unit);
                open.push(self.awaited(unit));
            } else if let Some(first) = path.iter().position(|&on_path| on_path == unit) {
                let round = path[first..].iter().copied();
                let needed = round.clone().skip(1).chain([unit]);
                if let Some(cycle) = self.opened(round.zip(needed).collect()) {
                    return Some(cycle);
                }
            }
        }
        None
    }

    /// A circle that begins where it can be cut, if it can.
    fn opened(&self, mut cycle: Vec<(UnitId, UnitId)>) -> Option<Vec<(UnitId, UnitId)>> {
        let state = |unit: UnitId| &self.rows[unit.index()].state;
        let seeks = |&(waiter, _): &(UnitId, UnitId)| matches!(state(waiter), State::Seeking);
        let meets = |&(waiter, needed): &(UnitId, UnitId)| {
            matches!(state(waiter), State::Deps { .. }) && self.plan.parent(needed) != waiter
        };
        let cut = cycle.iter().position(seeks).or_else(|| cycle.iter().position(meets))?;
        cycle.rotate_left(cut);
        Some(cycle)
    }

    /// What is unfinished and `unit` waits for, the first one last.
    fn awaited(&self, unit: UnitId) -> Vec<UnitId> {
        let is_open = |unit: &UnitId| {
            !matches!(self.rows[unit.index()].state, State::Done(_) | State::Waiting)
        };
        let mut awaited: Vec<UnitId> = match &self.rows[unit.index()].state {
            State::Deps { left, .. } => left.iter().copied().filter(is_open).collect(),
            State::Seeking => self.obstacle(unit).map(|(holder, _)| holder).into_iter().collect(),
            _ => self.plan.needs(unit).map(|(needed, _)| needed).filter(is_open).collect(),
        };
        awaited.reverse();
        awaited
    }
}
