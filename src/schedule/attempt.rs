//! One attempt of a task's body: how long it may take.

use std::time::Duration;

use super::Scheduler;
use super::due::Due;
use super::state::State;
use super::stop::Ending;
use crate::event::{At, Kind};
use crate::id::UnitId;

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
            Change::Ended => self.running -= 1,
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
        self.row(call).clock = limit.map(Clock::new).map(Box::new);
        self.turn_clock(call);
    }

    pub(super) fn stop_clock(&mut self, call: UnitId) {
        self.row(call).clock = None;
        self.dues.clear(call, Due::Attempt);
    }

    /// Something changed with a command: the clocks of the bodies around it stop or go on.
    pub(super) fn note(&mut self, command: UnitId, change: Change) {
        let timed = |unit: &UnitId| self.rows[unit.index()].clock.is_some();
        let bodies: Vec<UnitId> = self.around(command).filter(timed).collect();
        for body in bodies {
            if let Some(clock) = &mut self.row(body).clock {
                clock.note(change);
            }
            self.turn_clock(body);
        }
    }

    fn turn_clock(&mut self, call: UnitId) {
        let now = self.now;
        let is_ending = self.rows[call.index()].ending.is_some();
        let Some(clock) = &mut self.row(call).clock else { return };
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
            Due::Attempt => row.clock.as_ref().map(|clock| clock.limit),
            _ => self.plan.unit(unit).timeout,
        };
        let limit = limit.unwrap_or_default().as_micros() as u64;
        self.emit(Kind::TimedOut { unit, limit });
        self.stop(unit, Ending::TimedOut);
    }
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
