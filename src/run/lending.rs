//! Who only waits: while a command is queued for a slot, those that compute and print nothing lend theirs.

use std::time::{Duration, Instant};

use super::driver::{Driver, Name};
use crate::exec::Tree;
use crate::id::{UnitId, UnitMap};
use crate::schedule::Input;

/// A command that has done nothing for so long is idle.
const IDLE: Duration = Duration::from_secs(2);
/// Between two looks at the processes.
const BETWEEN: Duration = Duration::from_millis(500);
/// The part of a processor that counts as nothing: somebody who waits wakes up now and then.
const NOTHING: f64 = 0.02;

/// What was seen of commands that have slots.
#[derive(Debug, Default)]
pub(super) struct Lending {
    seen: UnitMap<Seen>,
    last: Option<Instant>,
    /// When the processes are looked at next.
    next: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Time on a processor so far.
    cpu: Duration,
    /// It has done nothing for so long.
    quiet: Duration,
}

/// What a look makes of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    Idle(UnitId),
    Busy(UnitId),
}

impl Lending {
    /// A command has printed something.
    pub(super) fn printed(&mut self, unit: UnitId) {
        if let Some(seen) = self.seen.get_mut(&unit) {
            seen.quiet = Duration::ZERO;
        }
    }

    /// Nobody wants a slot, or there is none to be had.
    fn rest(&mut self) {
        *self = Lending::default();
    }

    /// Takes in a look at the processes of commands. A long time between two looks is one in which this process,
    /// or the machine, stood still itself: it says little of others.
    fn look(&mut self, now: Instant, trees: &[(UnitId, Tree)]) -> Vec<Found> {
        let since = self.last.map_or(Duration::ZERO, |last| now.duration_since(last));
        self.last = Some(now);
        self.next = Some(now + BETWEEN);
        let before = std::mem::take(&mut self.seen);
        let mut found = Vec::new();
        for &(unit, tree) in trees {
            let Some(&was) = before.get(&unit) else {
                self.seen.insert(unit, Seen { cpu: tree.cpu, quiet: Duration::ZERO });
                continue;
            };
            let works = tree.cpu.saturating_sub(was.cpu) > since.mul_f64(NOTHING);
            let quiet = match works || tree.runs {
                true => Duration::ZERO,
                false => was.quiet + since.min(2 * BETWEEN),
            };
            self.seen.insert(unit, Seen { cpu: tree.cpu, quiet });
            if works {
                found.push(Found::Busy(unit));
            } else if quiet >= IDLE {
                found.push(Found::Idle(unit));
            }
        }
        found
    }
}

impl Driver {
    /// Tells the scheduler who is idle and who no longer is, if somebody wants a slot and it is time to look.
    pub(super) fn look_for_idle(&mut self) {
        if !self.is_lending() {
            return self.lending.rest();
        }
        let now = Instant::now();
        if self.lending.next.is_some_and(|next| now < next) {
            return;
        }
        let Some(trees) = self.processes.trees() else { return self.lending.rest() };
        let unit = |(name, tree)| match name {
            Name::Unit(unit) => Some((unit, tree)),
            Name::Script(_) | Name::Make(_) => None,
        };
        let mut trees: Vec<(UnitId, Tree)> = trees.into_iter().filter_map(unit).collect();
        trees.retain(|&(unit, _)| self.scheduler.may_lend(unit) || self.scheduler.has_lent(unit));
        trees.sort_unstable_by_key(|&(unit, _)| unit);
        for found in self.lending.look(now, &trees) {
            match found {
                Found::Idle(unit) if self.scheduler.may_lend(unit) => {
                    tracing::debug!(?unit, "idle");
                    self.inputs.push_back(Input::Idle(unit));
                }
                Found::Busy(unit) if self.scheduler.has_lent(unit) => {
                    self.inputs.push_back(Input::Busy(unit));
                }
                _ => {}
            }
        }
    }

    /// Whether somebody wants a slot, or has one that was lent. One from a jobserver around this run is not ours to
    /// lend.
    fn is_lending(&self) -> bool {
        let is_of_interest = || self.scheduler.wants_slot() || self.scheduler.slots_lent() > 0;
        self.scheduler.lends() && !self.jobs.is_client() && is_of_interest()
    }

    /// When the processes are to be looked at next; who is queued since the last look has to be looked for, too.
    pub(super) fn next_look_for_idle(&self) -> Option<Instant> {
        self.is_lending().then(|| self.lending.next.unwrap_or_else(|| Instant::now() + BETWEEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: UnitId = UnitId(7);
    const NOBODY: [Found; 0] = [];

    fn tree(millis: u64) -> Tree {
        Tree { cpu: Duration::from_millis(millis), ..Tree::default() }
    }

    /// What is found when the processes are looked at every half second.
    fn found(trees: &[Tree]) -> Vec<(usize, Found)> {
        let (mut lending, mut now) = (Lending::default(), Instant::now());
        let mut all = Vec::new();
        for (at, &tree) in trees.iter().enumerate() {
            all.extend(lending.look(now, &[(UNIT, tree)]).into_iter().map(|found| (at, found)));
            now += BETWEEN;
        }
        all
    }

    #[test]
    fn who_does_nothing_for_two_seconds_is_idle_until_it_works() {
        let trees = [[tree(30); 5].as_slice(), &[tree(35), tree(90), tree(90)]].concat();
        let expected = [(4, Found::Idle(UNIT)), (5, Found::Idle(UNIT)), (6, Found::Busy(UNIT))];
        assert_eq!(found(&trees), expected);
    }

    #[test]
    fn who_wants_a_processor_and_gets_none_is_not_idle() {
        let waits = Tree { runs: true, ..tree(0) };
        assert_eq!(found(&[waits; 20]), []);
    }

    #[test]
    fn who_prints_is_not_idle() {
        let (mut lending, mut now) = (Lending::default(), Instant::now());
        for _ in 0..20 {
            assert_eq!(lending.look(now, &[(UNIT, tree(0))]), NOBODY);
            lending.printed(UNIT);
            now += BETWEEN;
        }
    }

    #[test]
    fn when_this_process_stood_still_nobody_is_idle_for_that() {
        let (mut lending, now) = (Lending::default(), Instant::now());
        lending.look(now, &[(UNIT, tree(0))]);
        let later = now + Duration::from_secs(3_600);
        assert_eq!(lending.look(later, &[(UNIT, tree(0))]), NOBODY);
    }
}
