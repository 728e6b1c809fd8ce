//! Attempts of a task's body: how long one may take, and whether another one follows.

use std::time::Duration;

use super::due::Due;
use super::serve::Serving;
use super::state::{Ask, State};
use super::stop::Ending;
use super::{Effect, Expanded, Scheduler};
use crate::event::{At, Failure, Kind, Outcome, Status};
use crate::id::UnitId;
use crate::plan::{Class, Work};

/// `EX_TEMPFAIL` of sysexits.h: try again later.
const TRANSIENT: i32 = 75;

/// The time of an attempt, which stands still while all that is in hand of it waits for a slot.
#[derive(Debug)]
pub(super) struct Clock {
    limit: Duration,
    left: Duration,
    /// Since when it runs; `None` while it stands still.
    since: Option<At>,
    /// Processes in the body, calls in it included.
    running: u32,
    /// Commands of them that wait for a slot.
    queued: u32,
}

/// How a command changes what is in hand of the bodies around it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Queued,
    /// It no longer waits, for it was stopped.
    Unqueued,
    Started,
    Ended,
}

impl Clock {
    fn new(limit: Duration) -> Clock {
        Clock { limit, left: limit, since: None, running: 0, queued: 0 }
    }

    fn note(&mut self, change: Change) {
        match change {
            Change::Queued => self.queued += 1,
            Change::Unqueued => self.queued -= 1,
            Change::Started => {
                self.queued -= 1;
                self.running += 1;
            }
            // A server that an earlier attempt called may end in this one.
            Change::Ended => self.running = self.running.saturating_sub(1),
        }
    }

    /// Goes on or stands still; when the time will be up in the first case.
    fn turn(&mut self, now: At) -> Option<At> {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(now.since(since));
        }
        let goes_on = self.running > 0 || self.queued == 0;
        goes_on.then(|| {
            self.since = Some(now);
            now + self.left
        })
    }
}

impl Scheduler {
    /// An attempt of the body of `call` begins: its time runs.
    pub(super) fn start_clock(&mut self, call: UnitId) {
        let limit = self.plan.unit(call).policy.as_ref().and_then(|policy| policy.timeout);
        self.has_clocks |= limit.is_some();
        self.row(call).set_clock(limit.map(Clock::new));
        self.turn_clock(call);
    }

    /// Something changed with a command: the clocks of the bodies around it stop or go on.
    pub(super) fn note(&mut self, command: UnitId, change: Change) {
        match change {
            Change::Queued => self.in_queue += 1,
            Change::Unqueued | Change::Started => self.in_queue -= 1,
            Change::Ended => {}
        }
        if !self.has_clocks {
            return;
        }
        let timed = |unit: &UnitId| self.rows[unit.index()].rare().clock.is_some();
        let bodies: Vec<UnitId> = self.around(command).filter(timed).collect();
        for body in bodies {
            if let Some(clock) = self.row(body).clock() {
                clock.note(change);
            }
            self.turn_clock(body);
        }
    }

    fn turn_clock(&mut self, call: UnitId) {
        let now = self.now;
        let is_ending = self.rows[call.index()].ending.is_some();
        let Some(clock) = self.row(call).clock() else { return };
        match clock.turn(now) {
            Some(at) if !is_ending => self.dues.set(call, at, Due::Attempt),
            _ => drop(self.dues.clear(call, Due::Attempt)),
        }
    }

    /// The time of a unit, or of the attempt of its body, is up.
    pub(super) fn time_out(&mut self, unit: UnitId, due: Due) {
        let row = &self.rows[unit.index()];
        if row.ending.is_some() || matches!(row.state, State::Done(_)) {
            return;
        }
        let limit = match due {
            Due::Attempt => row.rare().clock.as_ref().map(|clock| clock.limit),
            _ => self.plan.unit(unit).timeout,
        };
        let limit = limit.unwrap_or_default().as_micros() as u64;
        self.emit(Kind::TimedOut { unit, limit });
        self.stop(unit, if due == Due::Attempt { Ending::AttemptOver } else { Ending::TimedOut });
    }

    /// An attempt is over, what it deferred included: another one follows, or the call ends as it did.
    pub(super) fn end_attempt(&mut self, call: UnitId, outcome: Outcome) {
        self.row(call).set_clock(None);
        self.dues.clear(call, Due::Attempt);
        self.dues.clear(call, Due::Unready);
        if self.rows[call.index()].rare().serving == Serving::Starting {
            self.row(call).rare_mut().serving = Serving::No;
        }
        match self.is_worth_another(call, &outcome) {
            Some(true) => self.delay(call, outcome),
            Some(false) => {
                self.row(call).rare_mut().ended = Some(outcome);
                self.ready(call, Ask::Search);
            }
            None => self.end_attempts(call, outcome),
        }
    }

    fn end_attempts(&mut self, call: UnitId, outcome: Outcome) {
        if self.put_aside(call, &outcome) {
            return;
        }
        let attempts = self.rows[call.index()].attempt;
        if outcome.is_success() && attempts > 1 && !self.rows[call.index()].rare().is_alone {
            self.emit(Kind::Flaky { unit: call, attempts });
        }
        self.finish(call, outcome);
    }

    /// Whether another attempt follows one that ended like this; `Some(false)`: if its log says so.
    fn is_worth_another(&self, call: UnitId, outcome: &Outcome) -> Option<bool> {
        let row = &self.rows[call.index()];
        let retry = self.plan.unit(call).policy.as_ref()?.retry.as_ref()?;
        let is_over = self.cancelled.is_some() || self.is_in_an_ending(call);
        let is_at_an_end = row.attempt >= retry.attempts || row.rare().is_alone;
        if is_over || is_at_an_end || row.rare().serving == Serving::Ready {
            return None;
        }
        let failure = match (row.ending, outcome) {
            (None, Outcome::Failed(Failure::Below(part))) => self.root_cause(*part)?,
            (
                None | Some(Ending::AttemptOver | Ending::Stalled | Ending::Unready),
                Outcome::Failed(failure),
            ) => failure,
            _ => return None,
        };
        if retry.on.iter().any(|&class| is_of(failure, class)) {
            return Some(true);
        }
        let is_searched = retry.on.contains(&Class::Transient) && !retry.patterns.is_empty();
        (is_searched && matches!(outcome, Outcome::Failed(Failure::Below(_)))).then_some(false)
    }

    /// Which log tells whether a failure is transient: that of the task whose command failed.
    pub(super) fn search(&mut self, call: UnitId) {
        let cause = match &self.rows[call.index()].rare().ended {
            Some(Outcome::Failed(Failure::Below(part))) => self.root_unit(*part),
            _ => call,
        };
        let task = match self.plan.unit(cause).work {
            Work::Command => self.plan.parent(cause),
            Work::Call => cause,
        };
        let attempt = self.attempt(task);
        self.effects.push(Effect::Search { unit: call, task, attempt });
    }

    pub(super) fn searched(&mut self, call: UnitId, found: bool) {
        if !self.answered(call, Ask::Search) {
            return;
        }
        let Some(outcome) = self.row(call).take(|rare| &mut rare.ended) else { return };
        match found {
            true => self.delay(call, outcome),
            false => self.end_attempts(call, outcome),
        }
    }

    fn delay(&mut self, call: UnitId, outcome: Outcome) {
        let (now, attempt) = (self.now, self.rows[call.index()].attempt);
        let Some(delay) = self.delay_after(call, attempt) else { return };
        self.skip_parts(call, &outcome);
        self.end_servers_of(call);
        self.release_room(call);
        let micros = delay.as_micros() as u64;
        self.emit(Kind::Retrying { unit: call, attempt, outcome: outcome.clone(), delay: micros });
        let row = self.row(call);
        row.state = State::Delayed;
        (row.rare_mut().ended, row.ending) = (Some(outcome), None);
        self.busy += 1;
        self.dues.set(call, now + delay, Due::Again);
    }

    fn delay_after(&self, call: UnitId, attempt: u32) -> Option<Duration> {
        let retry = self.plan.unit(call).policy.as_ref()?.retry.as_ref()?;
        let power = retry.factor.powi(attempt.saturating_sub(1).min(1_000) as i32);
        let whole = Duration::try_from_secs_f64(retry.delay.as_secs_f64() * power);
        let whole = whole.unwrap_or(retry.max_delay).min(retry.max_delay);
        if !retry.jitter {
            return Some(whole);
        }
        let chance = mix(self.options.seed ^ u64::from(call.0) << 32 ^ u64::from(attempt));
        let share = (chance >> 11) as f64 / (1u64 << 53) as f64;
        Some(whole.mul_f64(0.5 + share / 2.0))
    }

    /// The delay is over: the call is not in hand any more.
    pub(super) fn delay_over(&mut self, call: UnitId) {
        if matches!(self.rows[call.index()].state, State::Delayed) {
            self.busy -= 1;
            self.try_again(call);
        }
    }

    /// What still serves the attempt before is waited for: the next one may want its place.
    pub(super) fn try_again(&mut self, call: UnitId) {
        if self.servers_of(call).is_empty() {
            self.ready(call, Ask::Again);
        }
    }

    /// What a further attempt consists of.
    pub(super) fn take_attempt(&mut self, call: UnitId, expanded: Expanded) {
        let outcome = self.row(call).take(|rare| &mut rare.ended);
        match (expanded, outcome) {
            (Expanded::Body(fragment), _) => {
                let first = self.append(call, fragment);
                self.row(call).rare_mut().first_step = first;
                self.seek(call);
            }
            (Expanded::Refused(refusal), _) => self.refuse(call, refusal),
            (Expanded::Omitted, outcome) => {
                self.finish(call, outcome.unwrap_or(Outcome::Omitted));
            }
        }
    }

    /// The attempt of a task's body that runs, or ran last; 1 before the first.
    pub fn attempt(&self, task: UnitId) -> u32 {
        self.rows.get(task.index()).map_or(1, |row| row.attempt.max(1))
    }
}

/// Whether a failure is of a class.
fn is_of(failure: &Failure, class: Class) -> bool {
    let status = match failure {
        Failure::Exit(status) | Failure::StoppedServing(status) => Some(*status),
        _ => None,
    };
    match class {
        Class::Any => true,
        Class::Timeout => {
            matches!(failure, Failure::TimedOut | Failure::Stalled | Failure::NotReady)
        }
        Class::Transient => status == Some(Status::Code(TRANSIENT)),
        // A shell passes on the signal that ended its command in its exit code.
        Class::Signal => status.is_some_and(|status| (129..=192).contains(&status.code())),
        Class::Exit(code) => status.is_some_and(|status| status.code() == code),
    }
}

/// SplitMix64's finish (Steele, Lea, Flood 2014): every bit of the seed decides over every bit of the result.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_while_everything_waits_for_a_slot() {
        let mut clock = Clock::new(Duration::from_micros(100));
        assert_eq!(clock.turn(At(0)), Some(At(100)));
        clock.note(Change::Queued);
        assert_eq!(clock.turn(At(10)), None);
        clock.note(Change::Started);
        assert_eq!(clock.turn(At(50)), Some(At(140)));
        clock.note(Change::Queued);
        assert_eq!(clock.turn(At(60)), Some(At(140)), "another command works");
        clock.note(Change::Ended);
        assert_eq!(clock.turn(At(70)), None);
        clock.note(Change::Unqueued);
        assert_eq!(clock.turn(At(500)), Some(At(570)));
    }
}
