//! Signs of life: a command that prints nothing and whose processes use no processor is told to the scheduler.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::driver::{Driver, Name};
use crate::event::Level;
use crate::id::{UnitId, UnitMap};
use crate::schedule::Input;

/// Between two looks at the processes, at least and at most.
const BETWEEN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// Commands that may not be silent for ever.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    watched: UnitMap<Life>,
    /// When the processes are looked at next.
    next: Option<Instant>,
}

/// The signs of life of a command.
#[derive(Debug)]
struct Life {
    /// Longest silence.
    limit: Duration,
    /// Time on a processor, as seen last.
    cpu: Duration,
    /// Silence so far, up to `seen`.
    silent: Duration,
    seen: Instant,
    /// This silence was told.
    is_told: bool,
}

/// What a look finds of a command.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// So much time on a processor since it began.
    Cpu(Duration),
    /// It waits for others, and is excused.
    Excused,
}

impl Stalls {
    /// A command has begun.
    fn watch(&mut self, unit: UnitId, limit: Duration, now: Instant) {
        let (cpu, silent) = Default::default();
        self.watched.insert(unit, Life { limit, cpu, silent, seen: now, is_told: false });
        let next = now + between(limit);
        self.next = Some(self.next.map_or(next, |planned| planned.min(next)));
    }

    /// A command has printed something.
    pub(super) fn printed(&mut self, unit: UnitId) {
        if let Some(life) = self.watched.get_mut(&unit) {
            life.shown(Instant::now());
        }
    }

    /// A command has ended.
    pub(super) fn forget(&mut self, unit: UnitId) {
        self.watched.remove(&unit);
        if self.watched.is_empty() {
            self.next = None;
        }
    }

    /// Takes in a look at the processes; who has been silent for too long.
    fn look(&mut self, now: Instant, find: impl Fn(UnitId) -> Option<Found>) -> Vec<UnitId> {
        let mut silent = Vec::new();
        for (&unit, life) in &mut self.watched {
            match find(unit) {
                Some(Found::Cpu(cpu)) if cpu <= life.cpu => {
                    if life.is_silent(now) {
                        silent.push(unit);
                    }
                }
                Some(Found::Cpu(cpu)) => {
                    life.cpu = cpu;
                    life.shown(now);
                }
                Some(Found::Excused) | None => life.shown(now),
            }
        }
        let every = self.watched.values().map(|life| between(life.limit)).min();
        self.next = every.map(|every| now + every);
        silent.sort_unstable();
        silent
    }
}

impl Life {
    fn shown(&mut self, now: Instant) {
        (self.silent, self.seen, self.is_told) = (Duration::ZERO, now, false);
    }

    /// Nothing was seen of it until now; whether that is to be told. A long time between two looks is one in
    /// which this process, or the machine, stood still itself: it says little of others.
    fn is_silent(&mut self, now: Instant) -> bool {
        self.silent += now.duration_since(self.seen).min(2 * between(self.limit));
        self.seen = now;
        let is_new = self.silent >= self.limit && !self.is_told;
        self.is_told |= is_new;
        is_new
    }
}

/// How often the processes of a command are looked at.
fn between(limit: Duration) -> Duration {
    (limit / 4).clamp(BETWEEN.0, BETWEEN.1)
}

impl Driver {
    /// A command's process has begun.
    pub(super) fn watch_for_stalls(&mut self, unit: UnitId) {
        if let Some(limit) = self.scheduler.patience(unit) {
            self.stalls.watch(unit, limit, Instant::now());
        }
    }

    /// When the processes are to be looked at next.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.stalls.next
    }

    /// Tells the scheduler who shows no sign of life, if it is time to look.
    pub(super) fn look_for_stalls(&mut self) {
        let now = Instant::now();
        if self.stalls.next.is_none_or(|next| now < next) {
            return;
        }
        let Some(trees) = self.processes.trees() else {
            // Nobody can tell who works, so nobody is said not to.
            self.stalls = Stalls::default();
            return;
        };
        let cpu: HashMap<Name, Duration> =
            trees.into_iter().map(|(name, tree)| (name, tree.cpu)).collect();
        let scheduler = &self.scheduler;
        let silent = self.stalls.look(now, |unit| match scheduler.patience(unit) {
            Some(_) => cpu.get(&Name::Unit(unit)).copied().map(Found::Cpu),
            None => Some(Found::Excused),
        });
        self.inputs.extend(silent.into_iter().map(Input::Stalled));
    }

    /// A command has been silent for too long.
    pub(super) fn say_stalled(&mut self, unit: UnitId, limit: u64, is_stopped: bool) {
        let task = &self.scheduler.plan().unit(unit).task;
        let limit = Duration::from_micros(limit);
        let then = if is_stopped { "; it is stopped" } else { "" };
        let text = format!("task `{task}` has printed and computed nothing for {limit:?}{then}");
        self.say(Some(unit), Level::Warning, text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const UNIT: UnitId = UnitId(7);
    const NEVER: [usize; 0] = [];
    const NOBODY: [UnitId; 0] = [];

    /// What is told when the processes are looked at every half second and are found like this.
    fn told(finds: &[Found]) -> Vec<usize> {
        let (mut stalls, mut now) = (Stalls::default(), Instant::now());
        stalls.watch(UNIT, 2 * SECOND, now);
        let mut told = Vec::new();
        for (at, &found) in finds.iter().enumerate() {
            now += SECOND / 2;
            told.extend(stalls.look(now, |_| Some(found)).iter().map(|_| at));
        }
        told
    }

    fn cpu(millis: u64) -> Found {
        Found::Cpu(Duration::from_millis(millis))
    }

    #[test]
    fn a_silence_is_told_once_and_a_later_one_again() {
        assert_eq!(told(&[cpu(0); 3]), NEVER);
        assert_eq!(told(&[cpu(0); 12]), [3]);
        let finds = [[cpu(0); 6], [cpu(10); 6]].concat();
        assert_eq!(told(&finds), [3, 10]);
    }

    #[test]
    fn who_computes_or_waits_for_others_is_not_silent() {
        let busy: Vec<Found> = (1..20).map(|look| cpu(10 * look)).collect();
        assert_eq!(told(&busy), NEVER);
        let calls = [&[cpu(0); 3][..], &[Found::Excused], &[cpu(0); 3]].concat();
        assert_eq!(told(&calls), NEVER);
    }

    #[test]
    fn who_prints_is_not_silent() {
        let (mut stalls, begin) = (Stalls::default(), Instant::now());
        stalls.watch(UNIT, 2 * SECOND, begin);
        stalls.look(begin + SECOND, |_| Some(cpu(0)));
        stalls.printed(UNIT);
        let later = |stalls: &mut Stalls, seconds: u32| {
            let looks = (1..=4).map(|quarter| begin + SECOND * seconds + SECOND / 4 * quarter);
            looks.flat_map(|now| stalls.look(now, |_| Some(cpu(0)))).count()
        };
        assert_eq!(later(&mut stalls, 1), 0);
    }

    #[test]
    fn when_this_process_stood_still_nobody_else_is_blamed() {
        let (mut stalls, begin) = (Stalls::default(), Instant::now());
        stalls.watch(UNIT, 2 * SECOND, begin);
        assert_eq!(stalls.look(begin + 3_600 * SECOND, |_| Some(cpu(0))), NOBODY);
    }

    #[test]
    fn looks_follow_the_shortest_limit_and_end_with_the_last_command() {
        let (mut stalls, begin) = (Stalls::default(), Instant::now());
        stalls.watch(UNIT, 60 * SECOND, begin);
        stalls.watch(UnitId(8), SECOND, begin);
        assert_eq!(stalls.next, Some(begin + SECOND / 4));
        stalls.look(begin + SECOND, |_| None);
        assert_eq!(stalls.next, Some(begin + SECOND + SECOND / 4));
        stalls.forget(UnitId(8));
        stalls.look(begin + 2 * SECOND, |_| None);
        assert_eq!(stalls.next, Some(begin + 2 * SECOND + SECOND / 2));
        stalls.forget(UNIT);
        assert_eq!(stalls.next, None);
    }
}
