//! How long a run will probably still take, by what its tasks took before.
//!
//! At least the longest chain of what is known to be left, and at least all of it shared out among the slots.
//! What no earlier run tells is not guessed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Past;
use super::units::Units;
use crate::event::{At, Event, Kind};
use crate::id::UnitId;

/// Watches a run to say when it will end.
pub(super) struct Eta {
    past: Past,
    slots: u32,
    /// Tasks that have not ended.
    open: BTreeMap<UnitId, Open>,
}

struct Open {
    parent: UnitId,
    /// When its first command started.
    since: Option<At>,
}

impl Eta {
    pub(super) fn new(past: Past) -> Eta {
        Eta { past, slots: 1, open: BTreeMap::new() }
    }

    /// Takes notice of an event that `units` knows already.
    pub(super) fn event(&mut self, event: &Event, units: &Units) {
        match &event.kind {
            Kind::RunStarted { jobs, parallel, .. } => {
                self.slots = if *parallel { (*jobs).max(1) } else { 1 };
            }
            Kind::Added { unit, parent, .. } if units.is_task(*unit) => {
                self.open.insert(*unit, Open { parent: *parent, since: None });
            }
            Kind::Started { unit, .. } => {
                if let Some(open) = self.open.get_mut(&units.task(*unit)) {
                    open.since.get_or_insert(event.at);
                }
            }
            Kind::Finished { unit, .. } => {
                self.open.remove(unit);
            }
            _ => {}
        }
    }

    /// The time left; `None` when earlier runs do not tell, or it should have ended by now.
    pub(super) fn left(&self, now: At, units: &Units) -> Option<Duration> {
        let mut chains: BTreeMap<UnitId, Duration> = BTreeMap::new();
        let mut all = Duration::ZERO;
        // What stands in another unit is younger than it.
        for (unit, open) in self.open.iter().rev() {
            let own = match ((self.past)(units.name(*unit)), open.since) {
                (Some(past), since) => {
                    past.saturating_sub(since.map_or(Duration::ZERO, |since| now.since(since)))
                }
                (None, Some(_)) => return None,
                // Perhaps it has no commands of its own.
                (None, None) => Duration::ZERO,
            };
            all += own;
            let chain = own + chains.remove(unit).unwrap_or_default();
            let above = chains.entry(open.parent).or_default();
            *above = chain.max(*above);
        }
        let longest = chains.values().max().copied().unwrap_or_default();
        Some(longest.max(all / self.slots)).filter(|left| *left >= Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Story;
    use super::*;
    use std::collections::HashMap;
    use std::sync::Arc;

    fn left(story: &Story, past: &[(&str, u64)], now: u64) -> Option<u64> {
        let past: HashMap<String, u64> = past.iter().map(|(n, s)| (n.to_string(), *s)).collect();
        let past = move |name: &str| past.get(name).copied().map(Duration::from_secs);
        let mut eta = Eta::new(Arc::new(past));
        let mut units = Units::default();
        for event in &story.events {
            units.event(event);
            eta.event(event, &units);
        }
        eta.left(At(now * 1_000_000), &units).map(|left| left.as_secs())
    }

    #[test]
    fn the_longest_chain_is_left_or_all_of_it_on_every_slot() {
        let mut story = Story::new();
        story.task(1, 0, "all").task(2, 1, "link").task(3, 2, "build").task(4, 1, "docs");
        story.begin(3).start(3, 31, "").begin(4).start(4, 41, "");
        let past = [("link", 5), ("build", 20), ("docs", 8)];
        assert_eq!(left(&story, &past, 0), Some(25));
        assert_eq!(left(&story, &past, 12), Some(13));
        assert_eq!(left(&story, &past, 60), Some(5), "build is late");
        story.ok(31).ok(3).begin(2).start(2, 21, "").ok(41).ok(4);
        assert_eq!(left(&story, &past, 1), Some(4));
        let mut many = Story::new();
        for task in 1..=100 {
            many.task(task, 0, "t");
        }
        assert_eq!(left(&many, &[("t", 2)], 0), Some(50), "four slots");
    }

    #[test]
    fn what_was_never_seen_is_not_guessed() {
        let mut story = Story::new();
        story.task(1, 0, "all").task(2, 1, "new").task(3, 1, "old");
        assert_eq!(left(&story, &[("old", 9)], 0), Some(9));
        story.begin(2).start(2, 21, "");
        assert_eq!(left(&story, &[("old", 9)], 0), None);
        assert_eq!(left(&Story::new(), &[], 0), None);
    }
}
