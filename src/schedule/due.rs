//! What is to happen to units at which time.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::At;
use crate::id::UnitId;

/// What happens to a unit when its time has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    /// It has taken as long as it may.
    Timeout,
    /// The attempt of its body has taken as long as it may.
    Attempt,
    /// It did not end when it was asked politely.
    Terminate,
    /// It does not end by itself.
    Kill,
    /// The next attempt of its body is to come.
    Again,
    /// It was to be ready.
    Unready,
}

/// Deadlines, at most one of each kind for a unit.
#[derive(Debug, Default)]
pub(super) struct Dues {
    by_time: BTreeSet<(At, UnitId, Due)>,
    by_unit: BTreeMap<(UnitId, Due), At>,
}

impl Dues {
    /// Sets a deadline in place of the one of its kind.
    pub(super) fn set(&mut self, unit: UnitId, at: At, due: Due) {
        self.clear(unit, due);
        self.by_unit.insert((unit, due), at);
        self.by_time.insert((at, unit, due));
    }

    /// Sets a deadline unless an earlier one of its kind stands: what is planned is never put off.
    pub(super) fn set_soonest(&mut self, unit: UnitId, at: At, due: Due) {
        if self.get(unit, due).is_none_or(|planned| at < planned) {
            self.set(unit, at, due);
        }
    }

    pub(super) fn get(&self, unit: UnitId, due: Due) -> Option<At> {
        self.by_unit.get(&(unit, due)).copied()
    }

    /// Takes a deadline away; when it would have been.
    pub(super) fn clear(&mut self, unit: UnitId, due: Due) -> Option<At> {
        let at = self.by_unit.remove(&(unit, due))?;
        self.by_time.remove(&(at, unit, due));
        Some(at)
    }

    /// Takes away all deadlines of a unit.
    pub(super) fn clear_all(&mut self, unit: UnitId) {
        while let Some((&(_, due), _)) =
            self.by_unit.range((unit, Due::Timeout)..).next().filter(|(key, _)| key.0 == unit)
        {
            self.clear(unit, due);
        }
    }

    /// When the next deadline is.
    pub(super) fn next(&self) -> Option<At> {
        self.by_time.first().map(|&(at, ..)| at)
    }

    /// Takes the next deadline that has come.
    pub(super) fn take(&mut self, now: At) -> Option<(UnitId, Due)> {
        let &(at, unit, due) = self.by_time.first()?;
        (at <= now).then(|| {
            self.clear(unit, due);
            (unit, due)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_do_not_get_in_each_others_way_and_times_come_in_order() {
        let mut dues = Dues::default();
        dues.set(UnitId(2), At(9), Due::Kill);
        dues.set(UnitId(2), At(5), Due::Terminate);
        dues.set(UnitId(1), At(7), Due::Timeout);
        dues.set(UnitId(1), At(8), Due::Timeout);
        assert_eq!(dues.next(), Some(At(5)));
        assert_eq!(dues.take(At(4)), None);
        assert_eq!(dues.take(At(20)), Some((UnitId(2), Due::Terminate)));
        assert_eq!(dues.take(At(20)), Some((UnitId(1), Due::Timeout)));
        assert_eq!(dues.take(At(20)), Some((UnitId(2), Due::Kill)));
        assert_eq!(dues.take(At(20)), None);
    }

    #[test]
    fn a_planned_kill_is_not_put_off_by_a_second_one() {
        let mut dues = Dues::default();
        dues.set_soonest(UnitId(1), At(10), Due::Kill);
        dues.set_soonest(UnitId(1), At(20), Due::Kill);
        assert_eq!(dues.next(), Some(At(10)));
        dues.set_soonest(UnitId(1), At(5), Due::Kill);
        assert_eq!(dues.next(), Some(At(5)));
    }

    #[test]
    fn all_deadlines_of_a_unit_end_with_it_and_no_others() {
        let mut dues = Dues::default();
        for unit in 1..4 {
            dues.set(UnitId(unit), At(1), Due::Timeout);
            dues.set(UnitId(unit), At(2), Due::Kill);
        }
        dues.clear_all(UnitId(2));
        let left = std::iter::from_fn(|| dues.take(At(9)));
        assert_eq!(left.map(|(unit, _)| unit.0).collect::<Vec<_>>(), [1, 3, 1, 3]);
    }
}
