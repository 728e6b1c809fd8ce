//! How things end before their time: cancellation, fail-fast, timeouts, standstill.

use std::collections::HashMap;

use super::state::State;
use super::{Effect, Refusal, Scheduler, Stop};
use crate::event::{At, Failure, Kind, Outcome, Why};
use crate::id::UnitId;
use crate::plan::{Need, Work};

/// go-task's exit code for a task that waits for itself.
const WAITS_FOR_ITSELF: i32 = 204;

/// How a unit that is being stopped will have ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Cancelled,
    TimedOut,
}

impl Ending {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Ending::Cancelled => Outcome::Cancelled,
            Ending::TimedOut => Outcome::Failed(Failure::TimedOut),
        }
    }
}

/// What happens to a unit when its time has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    Timeout,
    Terminate,
    Kill,
}

/// The run is being stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cancelled {
    why: Why,
    /// How often it was said.
    times: u32,
}

impl Scheduler {
    pub(super) fn set_due(&mut self, unit: UnitId, at: At, due: Due) {
        self.clear_due(unit);
        self.row(unit).due = Some(at);
        self.deadlines.insert((at, unit), due);
    }

    pub(super) fn clear_due(&mut self, unit: UnitId) {
        if let Some(at) = self.row(unit).due.take() {
            self.deadlines.remove(&(at, unit));
        }
    }

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
    fn is_deferred(&self, mut unit: UnitId) -> bool {
        while unit != UnitId::ROOT {
            if self.rows[unit.index()].deferred {
                return true;
            }
            unit = self.plan.parent(unit);
        }
        false
    }

    pub(super) fn cancel(&mut self, why: Why) {
        let times = self.cancelled.map_or(0, |cancelled| cancelled.times) + 1;
        self.cancelled = Some(Cancelled { why, times });
        match times {
            1 => {
                self.emit(Kind::Cancelling { why });
                self.stop(UnitId::ROOT, Ending::Cancelled);
                // Units that wait for each other look as if somebody else still needed them.
                let rest = self.in_progress(|this, unit| !this.is_deferred(unit));
                rest.into_iter().for_each(|unit| self.stop(unit, Ending::Cancelled));
                // What remains is deferred: it runs on, but not for ever.
                let spared = |this: &Scheduler, unit| {
                    this.has_process(unit) && this.rows[unit.index()].ending.is_none()
                };
                let spared = self.in_progress(spared);
                spared.into_iter().for_each(|unit| self.limit_to_grace(unit));
            }
            2 => self.press_all(Stop::Terminate),
            _ => self.press_all(Stop::Kill),
        }
    }

    /// Ends `unit` and all below it that nobody else waits for.
    pub(super) fn stop(&mut self, unit: UnitId, ending: Ending) {
        let mut units = vec![(unit, ending)];
        let below = |unit| (unit, Ending::Cancelled);
        while let Some((unit, ending)) = units.pop() {
            if self.rows[unit.index()].ending.is_some() {
                continue;
            }
            match &self.rows[unit.index()].state {
                State::Done(_) => {}
                State::Waiting | State::Ready(_) => {
                    self.finish(unit, ending.outcome());
                }
                State::Asked(_) => {
                    self.effects.push(Effect::Stop { unit, how: Stop::Terminate });
                    self.finish(unit, ending.outcome());
                }
                State::Queued(_) => {
                    self.busy -= 1;
                    self.finish(unit, ending.outcome());
                }
                State::Running(process) => {
                    units.extend(process.calls.iter().copied().map(below));
                    self.row(unit).ending = Some(ending);
                    self.press_politely(unit);
                }
                State::Deps { .. } | State::Body(_) => {
                    self.row(unit).ending = Some(ending);
                    units.extend(self.stopped_with(unit).into_iter().map(below));
                    self.ended_body(unit);
                }
            }
        }
    }

    /// What has to end with a call: its live parts, and dependencies that only it waits for.
    fn stopped_with(&self, call: UnitId) -> Vec<UnitId> {
        let deferring = match &self.rows[call.index()].state {
            State::Body(body) => body.is_deferring(),
            _ => false,
        };
        let alone = |unit: UnitId| {
            !self.plan.waiters(unit).any(|(waiter, _)| {
                let row = &self.rows[waiter.index()];
                row.ending.is_none() && !matches!(row.state, State::Done(_))
            })
        };
        self.plan
            .needs(call)
            .filter(|&(unit, need)| match need {
                Need::Dep => alone(unit),
                Need::Part => {
                    !deferring && !matches!(self.rows[unit.index()].state, State::Waiting)
                }
                Need::Graft => false,
            })
            .map(|(unit, _)| unit)
            .collect()
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
        self.set_due(unit, self.now + self.options.grace / 2, Due::Terminate);
    }

    /// A deferred command that runs while the run is being stopped gets the grace and no more.
    pub(super) fn limit_to_grace(&mut self, unit: UnitId) {
        if self.cancelled.is_some() {
            self.set_due(unit, self.now + self.options.grace, Due::Kill);
        }
    }

    fn press_all(&mut self, how: Stop) {
        for unit in self.in_progress(|this, unit| this.has_process(unit)) {
            self.row(unit).ending = Some(Ending::Cancelled);
            self.effects.push(Effect::Stop { unit, how });
            let soon = self.now + self.options.grace / 2;
            let planned = self.row(unit).due;
            let kill = planned.filter(|&at| self.deadlines.get(&(at, unit)) == Some(&Due::Kill));
            self.set_due(unit, kill.map_or(soon, |at| at.min(soon)), Due::Kill);
        }
        // Deferred parts that have not started are given up.
        let rest = self.in_progress(|this, unit| !this.has_process(unit));
        rest.into_iter().for_each(|unit| self.stop(unit, Ending::Cancelled));
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
        while let Some((&(at, unit), &due)) = self.deadlines.first_key_value() {
            if at > self.now {
                return;
            }
            self.clear_due(unit);
            match due {
                Due::Timeout => self.stop(unit, Ending::TimedOut),
                Due::Terminate => {
                    self.effects.push(Effect::Stop { unit, how: Stop::Terminate });
                    let rest = self.options.grace - self.options.grace / 2;
                    self.set_due(unit, self.now + rest, Due::Kill);
                }
                Due::Kill => self.effects.push(Effect::Stop { unit, how: Stop::Kill }),
            }
        }
    }

    /// When nothing is in hand and the run has not ended, units wait for each other: one of them is
    /// made to fail, its chain named. `false` when there is no such thing.
    pub(super) fn break_standstill(&mut self) -> bool {
        if self.busy > 0 || self.rows.is_empty() || self.outcome(UnitId::ROOT).is_some() {
            return false;
        }
        let Some(cycle) = self.waiting_cycle() else { return false };
        let names: Vec<&str> = cycle
            .iter()
            .map(|&(unit, _)| unit)
            .chain([cycle[0].0])
            .filter(|&unit| self.plan.unit(unit).work == Work::Call)
            .map(|unit| &*self.plan.unit(unit).task)
            .collect();
        let message = format!("a cycle of tasks: {}", names.join(" → "));
        let (waiter, needed) = cycle[0];
        let refusal = Refusal { code: WAITS_FOR_ITSELF, message };
        // The waiter no longer waits for it, and fails instead of beginning its body.
        self.row(waiter).cut = Some((needed, refusal));
        self.dep_ended(waiter, needed);
        true
    }

    /// A circle of units each of which waits for the next, as pairs of waiter and needed. It begins where
    /// two branches of the plan meet in a shared dependency, for there it can be cut.
    fn waiting_cycle(&self) -> Option<Vec<(UnitId, UnitId)>> {
        let mut path: Vec<(UnitId, UnitId)> = Vec::new();
        let mut seen = HashMap::from([(UnitId::ROOT, 0)]);
        let mut unit = UnitId::ROOT;
        loop {
            let next = self.awaited(unit)?;
            path.push((unit, next));
            if let Some(first) = seen.insert(next, path.len()) {
                let mut cycle = path.split_off(first);
                let meets = |&(waiter, needed): &(UnitId, UnitId)| {
                    matches!(self.rows[waiter.index()].state, State::Deps { .. })
                        && self.plan.parent(needed) != waiter
                };
                let cut = cycle.iter().position(meets)?;
                cycle.rotate_left(cut);
                return Some(cycle);
            }
            unit = next;
        }
    }

    /// Something unfinished that `unit` waits for.
    fn awaited(&self, unit: UnitId) -> Option<UnitId> {
        let cut = self.rows[unit.index()].cut.as_ref().map(|&(dep, _)| dep);
        self.plan.needs(unit).map(|(needed, _)| needed).find(|&needed| {
            let state = &self.rows[needed.index()].state;
            cut != Some(needed) && !matches!(state, State::Done(_) | State::Waiting)
        })
    }
}
