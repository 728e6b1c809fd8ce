//! Room of the second kind, for whole bodies: locks and pools, all of a body's taken at once.
//!
//! What a body holds counts for the calls in it too: they may take the same lock again, and use its shares of
//! pools while no other call in it does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::id::UnitId;
use crate::plan::{Lock, Policy};

/// What a body needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    /// Each name once.
    pub(super) locks: Vec<Lock>,
    /// Each name once, no more than there is.
    pub(super) pools: Vec<(Arc<str>, u32)>,
}

impl Want {
    pub(super) fn of(policy: &Policy, room: &Room) -> Want {
        let mut locks: BTreeMap<Arc<str>, Lock> = BTreeMap::new();
        for lock in &policy.locks {
            let named = locks.entry(lock.name.clone()).or_insert_with(|| lock.clone());
            named.shared &= lock.shared;
            named.across_runs |= lock.across_runs;
        }
        let mut pools: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        for (name, share) in &policy.resources.pools {
            let Some(&there_are) = room.sizes.get(name) else { continue };
            let wanted = pools.entry(name.clone()).or_default();
            *wanted = wanted.saturating_add(*share).min(there_are);
        }
        Want {
            locks: locks.into_values().collect(),
            pools: pools.into_iter().filter(|&(_, share)| share > 0).collect(),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.locks.is_empty() && self.pools.is_empty()
    }
}

/// What stands in the way of a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Obstacle {
    /// In words: the lock or pool.
    pub(super) what: String,
    /// The body that has it; `None`: one that comes first waits for it too.
    pub(super) holder: Option<UnitId>,
}

/// Who has what.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// How much there is of each pool.
    sizes: BTreeMap<Arc<str>, u32>,
    held: BTreeMap<UnitId, Held>,
}

/// What one body has.
#[derive(Debug, Default)]
struct Held {
    locks: Vec<Lock>,
    /// Shares taken from the pools themselves.
    own: HashMap<Arc<str>, u32>,
    /// Shares that bodies around it have lent it.
    lent_by: Vec<(UnitId, Arc<str>, u32)>,
}

/// What bodies want that come first and have to wait.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    locks: HashMap<Arc<str>, bool>,
    pools: HashMap<Arc<str>, u32>,
}

impl Reserved {
    pub(super) fn add(&mut self, want: &Want) {
        for lock in &want.locks {
            let shared = self.locks.entry(lock.name.clone()).or_insert(true);
            *shared &= lock.shared;
        }
        for (name, share) in &want.pools {
            let all = self.pools.entry(name.clone()).or_default();
            *all = all.saturating_add(*share);
        }
    }
}

impl Room {
    pub(super) fn new(sizes: &[(Arc<str>, u32)]) -> Room {
        Room { sizes: sizes.iter().cloned().collect(), held: BTreeMap::new() }
    }

    pub(super) fn holds(&self, body: UnitId) -> bool {
        self.held.contains_key(&body)
    }

    /// What keeps `want` from being taken, given the bodies around it that hold something, nearest first.
    pub(super) fn obstacle(
        &self,
        want: &Want,
        around: &[UnitId],
        reserved: &Reserved,
    ) -> Option<Obstacle> {
        let lock = |lock: &Lock| {
            let what = format!("lock `{}`", lock.name);
            let stands = |(body, held): (&UnitId, &Held)| {
                let has = |other: &Lock| other.name == lock.name && !(other.shared && lock.shared);
                (!around.contains(body) && held.locks.iter().any(has)).then_some(*body)
            };
            if let Some(holder) = self.held.iter().find_map(stands) {
                return Some(Obstacle { what, holder: Some(holder) });
            }
            let promised = reserved.locks.get(&lock.name);
            let is_promised = promised.is_some_and(|&shared| !(shared && lock.shared));
            is_promised.then_some(Obstacle { what, holder: None })
        };
        want.locks.iter().find_map(lock).or_else(|| {
            want.pools.iter().find_map(|(name, share)| {
                let what = format!("a share of pool `{name}`");
                let rest = share.saturating_sub(self.lendable(name, around));
                let free = self.free(name);
                if rest > free {
                    let has = |(body, held): (&UnitId, &Held)| {
                        (!around.contains(body) && held.own.contains_key(name)).then_some(*body)
                    };
                    let user = |(body, held): (&UnitId, &Held)| {
                        held.lent_by.iter().any(|(_, lent, _)| lent == name).then_some(*body)
                    };
                    let mut held = self.held.iter();
                    let holder = held.find_map(has).or_else(|| self.held.iter().find_map(user));
                    return Some(Obstacle { what, holder });
                }
                let promised = reserved.pools.get(name).copied().unwrap_or(0);
                let is_promised = rest > free.saturating_sub(promised);
                is_promised.then_some(Obstacle { what, holder: None })
            })
        })
    }

    /// Takes what [`Room::obstacle`] found to be free.
    pub(super) fn take(&mut self, body: UnitId, want: &Want, around: &[UnitId]) {
        let mut held = Held { locks: want.locks.clone(), ..Held::default() };
        for (name, share) in &want.pools {
            let mut rest = *share;
            for &lender in around {
                let lent = self.unlent(lender, name).min(rest);
                if lent > 0 {
                    held.lent_by.push((lender, name.clone(), lent));
                    rest -= lent;
                }
            }
            if rest > 0 {
                held.own.insert(name.clone(), rest);
            }
        }
        self.held.insert(body, held);
    }

    /// Gives back all that a body has; whether that was anything.
    pub(super) fn release(&mut self, body: UnitId) -> bool {
        if self.held.remove(&body).is_none() {
            return false;
        }
        // What it had lent belongs to whoever still uses it.
        for held in self.held.values_mut() {
            for (_, name, share) in held.lent_by.extract_if(.., |(lender, ..)| *lender == body) {
                *held.own.entry(name).or_default() += share;
            }
        }
        true
    }

    /// Locks of `want` that no body around it has already, for the same use.
    pub(super) fn not_held_around<'a>(
        &self,
        locks: &'a [Lock],
        around: &[UnitId],
    ) -> Vec<&'a Lock> {
        let has = |lock: &Lock| {
            around
                .iter()
                .any(|body| self.held[body].locks.iter().any(|held| held.name == lock.name))
        };
        locks.iter().filter(|lock| !has(lock)).collect()
    }

    /// A lock that a body around holds shared and `locks` wants for itself, both between runs.
    pub(super) fn upgrade<'a>(&self, locks: &'a [Lock], around: &[UnitId]) -> Option<&'a Lock> {
        locks.iter().filter(|lock| lock.across_runs && !lock.shared).find(|lock| {
            let held = around.iter().flat_map(|body| &self.held[body].locks);
            let mut same = held.filter(|held| held.name == lock.name && held.across_runs);
            same.next().is_some_and(|first| first.shared && same.all(|held| held.shared))
        })
    }

    fn free(&self, name: &Arc<str>) -> u32 {
        let size = self.sizes.get(name).copied().unwrap_or(u32::MAX);
        let used = self.held.values().filter_map(|held| held.own.get(name));
        used.fold(size, |free, share| free.saturating_sub(*share))
    }

    /// What the bodies around could lend of a pool.
    fn lendable(&self, name: &Arc<str>, around: &[UnitId]) -> u32 {
        around.iter().map(|&body| self.unlent(body, name)).fold(0, u32::saturating_add)
    }

    /// What a body has of a pool and has not lent to a call in it.
    fn unlent(&self, body: UnitId, name: &Arc<str>) -> u32 {
        let Some(held) = self.held.get(&body) else { return 0 };
        let borrowed = held.lent_by.iter().filter(|(_, lent, _)| lent == name);
        let has = borrowed.map(|&(.., share)| share).fold(0, u32::saturating_add)
            + held.own.get(name).copied().unwrap_or(0);
        let lent = self.held.values().flat_map(|other| &other.lent_by);
        let lent = lent.filter(|(lender, lent, _)| *lender == body && lent == name);
        lent.fold(has, |left, &(.., share)| left.saturating_sub(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(name: &str, shared: bool) -> Lock {
        Lock { name: name.into(), shared, across_runs: false }
    }

    fn wants(locks: &[Lock], pools: &[(&str, u32)], room: &Room) -> Want {
        let mut policy = Policy { locks: locks.to_vec(), ..Policy::default() };
        policy.resources.pools = pools.iter().map(|&(name, n)| (name.into(), n)).collect();
        Want::of(&policy, room)
    }

    fn try_take(room: &mut Room, body: u32, want: &Want, around: &[UnitId]) -> bool {
        let is_free = room.obstacle(want, around, &Reserved::default()).is_none();
        if is_free {
            room.take(UnitId(body), want, around);
        }
        is_free
    }

    #[test]
    fn shared_locks_overlap_and_exclusive_ones_do_not() {
        let mut room = Room::default();
        let shared = wants(&[lock("db", true)], &[], &room);
        let alone = wants(&[lock("db", false)], &[], &room);
        assert!(try_take(&mut room, 1, &shared, &[]));
        assert!(try_take(&mut room, 2, &shared, &[]));
        assert!(!try_take(&mut room, 3, &alone, &[]));
        room.release(UnitId(1));
        room.release(UnitId(2));
        assert!(try_take(&mut room, 3, &alone, &[]));
        assert!(!try_take(&mut room, 4, &shared, &[]));
    }

    #[test]
    fn a_call_takes_the_lock_of_the_body_around_it_again_but_not_beside_another_call() {
        let mut room = Room::default();
        let alone = wants(&[lock("db", false)], &[], &room);
        assert!(try_take(&mut room, 1, &alone, &[]));
        assert!(try_take(&mut room, 2, &alone, &[UnitId(1)]));
        assert!(!try_take(&mut room, 3, &alone, &[UnitId(1)]));
        room.release(UnitId(2));
        assert!(try_take(&mut room, 3, &alone, &[UnitId(1)]));
    }

    #[test]
    fn a_lock_that_is_written_twice_is_one_and_exclusive_if_one_of_them_is() {
        let room = Room::default();
        let want = wants(&[lock("db", true), lock("db", false)], &[], &room);
        assert_eq!(want.locks, [lock("db", false)]);
    }

    #[test]
    fn a_pool_gives_what_it_has_and_counts_what_is_lent_once() {
        let mut room = Room::new(&[("net".into(), 3)]);
        let two = wants(&[], &[("net", 2)], &room);
        assert!(try_take(&mut room, 1, &two, &[]));
        assert!(!try_take(&mut room, 2, &two, &[]));
        // A call in the first body uses its two shares; a second call beside it finds one free only.
        assert!(try_take(&mut room, 3, &two, &[UnitId(1)]));
        assert!(!try_take(&mut room, 4, &two, &[UnitId(1)]));
        room.release(UnitId(3));
        assert!(try_take(&mut room, 4, &two, &[UnitId(1)]));
        // The lender ends first: what it lent is still in use.
        room.release(UnitId(1));
        assert!(!try_take(&mut room, 5, &two, &[]));
        room.release(UnitId(4));
        assert!(try_take(&mut room, 5, &two, &[]));
    }

    #[test]
    fn more_than_there_is_of_a_pool_is_all_of_it_however_much_more() {
        let mut room = Room::new(&[("net".into(), 2)]);
        let huge = wants(&[], &[("net", u32::MAX), ("net", u32::MAX)], &room);
        assert_eq!(huge.pools, [("net".into(), 2)]);
        assert!(try_take(&mut room, 1, &huge, &[]));
        assert!(!try_take(&mut room, 2, &huge, &[]));
        assert!(wants(&[], &[("unknown", 7)], &room).is_nothing());
    }

    #[test]
    fn who_waits_first_is_not_passed_by_those_behind() {
        let mut room = Room::default();
        let both = wants(&[lock("a", false), lock("b", false)], &[], &room);
        let b = wants(&[lock("b", false)], &[], &room);
        let a = wants(&[lock("a", false)], &[], &room);
        assert!(try_take(&mut room, 1, &a, &[]));
        let mut reserved = Reserved::default();
        let obstacle = room.obstacle(&both, &[], &reserved).map(|obstacle| obstacle.holder);
        assert_eq!(obstacle, Some(Some(UnitId(1))));
        reserved.add(&both);
        let obstacle = room.obstacle(&b, &[], &reserved);
        assert_eq!(obstacle, Some(Obstacle { what: "lock `b`".into(), holder: None }));
    }
}
