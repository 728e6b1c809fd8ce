//! `after`: order without adding a task. A call waits for calls of the tasks it names that are in the run too.

use std::collections::BTreeSet;

use super::Scheduler;
use super::state::{Ask, State};
use crate::id::UnitId;
use crate::plan::{Need, Work};

impl Scheduler {
    /// A call that is otherwise ready may have to come after others: it waits until it is known which.
    /// `false` when it names none.
    pub(super) fn hold_back(&mut self, call: UnitId) -> bool {
        let policy = self.plan.unit(call).policy.as_ref();
        if self.rows[call.index()].is_ordered || policy.is_none_or(|policy| policy.after.is_empty())
        {
            return false;
        }
        self.row(call).state = State::Held;
        self.held.push(call);
        true
    }

    /// Lets calls find out what they come after, once no call is left whose dependencies are not known.
    /// Whether any did.
    pub(super) fn order_held(&mut self) -> bool {
        let rows = &self.rows;
        self.held.retain(|call| matches!(rows[call.index()].state, State::Held));
        let is_unknown = |row: &super::state::Row| {
            matches!(row.state, State::Ready(Ask::Expand) | State::Asked(Ask::Expand))
        };
        if self.held.is_empty() || self.rows.iter().any(is_unknown) {
            return false;
        }
        for call in std::mem::take(&mut self.held) {
            let left = self.before(call);
            self.row(call).is_ordered = true;
            for &other in &left {
                self.plan.need(call, other, Need::After);
            }
            let is_first = left.is_empty();
            self.row(call).state = State::Deps { left, failed: None };
            if is_first {
                self.deps_done(call, None);
            }
        }
        true
    }

    /// Calls under way, or about to be, of the tasks that `call` comes after.
    fn before(&self, call: UnitId) -> BTreeSet<UnitId> {
        let Some(policy) = &self.plan.unit(call).policy else { return BTreeSet::new() };
        let units = self
            .plan
            .units()
            .filter(|(_, unit)| unit.work == Work::Call && policy.after.contains(&unit.name));
        units
            .map(|(unit, _)| unit)
            .filter(|&unit| unit != call && !self.is_settled(unit))
            .filter(|unit| !matches!(self.rows[unit.index()].state, State::Waiting))
            .collect()
    }
}
