//! Whether a run still wants a unit: somebody waits for it whom the run waits for, however indirectly.
//!
//! Who waits is followed up to the run, not counted: units that wait for each other in a circle keep nobody
//! wanted, themselves included.

use std::collections::HashSet;

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
            || row.serving == Serving::Ready && row.ending.is_none()
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
