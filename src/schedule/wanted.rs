//! Whether a run still wants a unit: somebody waits for it whom the run waits for, however indirectly.
//!
//! Who waits is followed up to the run, not counted: units that wait for each other in a circle keep nobody
//! wanted, themselves included.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::Scheduler;
use super::serve::Serving;
use super::state::State;
use super::stop::Ending;
use crate::id::UnitId;
use crate::plan::Need;

impl Scheduler {
    /// Ends those of `units` that nobody wants but for `call`.
    pub(super) fn stop_own(&mut self, call: UnitId, units: &[UnitId]) {
        for &unit in units {
            if !self.is_wanted(unit, Some(call)) {
                self.stop(unit, Ending::Cancelled);
            }
        }
    }

    /// What has to end with a call that is being stopped: its live parts, and dependencies that nothing else
    /// wants.
    pub(super) fn stopped_with(&self, call: UnitId) -> Vec<UnitId> {
        let deferring = match &self.rows[call.index()].state {
            State::Body(body) => body.is_deferring(),
            _ => false,
        };
        self.plan
            .needs(call)
            .filter(|&(unit, need)| match need {
                Need::Dep => !self.is_wanted(unit, None),
                Need::Part => {
                    !deferring && !matches!(self.rows[unit.index()].state, State::Waiting)
                }
                Need::Graft | Need::After => false,
            })
            .map(|(unit, _)| unit)
            .collect()
    }

    /// Calls that are being stopped wait for those of their dependencies that end with them, and for no others;
    /// nor do two of them wait for each other.
    pub(super) fn wait_for_endings(&mut self, calls: Vec<UnitId>) {
        let mut over = Vec::new();
        // Whether a call is through with what it waits for. The next one last, with whether its own have
        // been looked at.
        let mut through: HashMap<UnitId, bool> = HashMap::new();
        let mut open: Vec<_> = calls.into_iter().rev().map(|call| (call, false)).collect();
        while let Some((call, is_after)) = open.pop() {
            let State::Deps { left, .. } = &self.rows[call.index()].state else { continue };
            let ends = |dep: &UnitId| self.rows[dep.index()].ending.is_some();
            let mut left: BTreeSet<UnitId> = left.iter().copied().filter(ends).collect();
            if is_after {
                left.retain(|dep| through.get(dep) != Some(&false));
                through.insert(call, true);
                if left.is_empty() {
                    over.push(call);
                }
                if let State::Deps { left: waits_for, .. } = &mut self.row(call).state {
                    *waits_for = left;
                }
            } else if let Entry::Vacant(new) = through.entry(call) {
                new.insert(false);
                open.push((call, true));
                open.extend(left.into_iter().map(|dep| (dep, false)));
            }
        }
        for call in over {
            if let State::Deps { failed, .. } = self.rows[call.index()].state {
                self.deps_done(call, failed);
            }
        }
    }

    /// Whether the run waits for `unit`, by other ways than through `besides`.
    pub(super) fn is_wanted(&self, unit: UnitId, besides: Option<UnitId>) -> bool {
        let mut seen: HashSet<UnitId> = besides.into_iter().collect();
        let mut open = vec![unit];
        while let Some(needed) = open.pop() {
            for (waiter, need) in self.plan.waiters(needed) {
                let waits = need != Need::After && self.still_waits(waiter, needed);
                if !waits || !seen.insert(waiter) {
                    continue;
                }
                if self.goes_on_anyway(waiter) {
                    return true;
                }
                open.push(waiter);
            }
        }
        false
    }

    /// The run itself, and what goes on whoever waits for it: servers that serve, and deferred parts.
    fn goes_on_anyway(&self, unit: UnitId) -> bool {
        let row = &self.rows[unit.index()];
        unit == UnitId::ROOT
            || row.deferred
            || row.rare().serving == Serving::Ready && row.ending.is_none()
    }

    /// Whether `waiter` goes on and has not given up `needed`.
    fn still_waits(&self, waiter: UnitId, needed: UnitId) -> bool {
        let row = &self.rows[waiter.index()];
        row.ending.is_none()
            && match &row.state {
                State::Done(_) => false,
                State::Deps { left, .. } => left.contains(&needed) || self.is_settled(needed),
                _ => true,
            }
    }
}
