//! Who goes first, and how much of the room a command takes.

use super::Scheduler;
use super::state::State;
use crate::id::UnitId;
use crate::plan::{Priority, Work};

impl Scheduler {
    /// A call has its policy: its own priority counts from here on.
    pub(super) fn rank_call(&mut self, call: UnitId) {
        let said = self.said_priority(call);
        let around = self.rows[self.plan.parent(call).index()].priority;
        let raised = Some(self.rows[call.index()].priority).filter(|&had| had < Priority::Normal);
        let own = inherited(said, around);
        self.row(call).priority = raised.map_or(own, |raised| raised.min(own));
        self.has_priorities |= said != Priority::Normal;
    }

    /// A new unit in `call`: a command is as urgent as its task and takes the slots that it asks for, a call
    /// is as urgent as it says itself, or as what waits for it.
    pub(super) fn rank_part(&mut self, call: UnitId, unit: UnitId) {
        let around = self.rows[call.index()].priority;
        match self.plan.unit(unit).work {
            Work::Call => {
                self.row(unit).priority = inherited(self.said_priority(unit), around);
            }
            Work::Command => {
                let policy = self.plan.unit(call).policy.as_ref();
                let cpu = policy.map_or(0, |policy| policy.resources.cpu);
                let weight = cpu.clamp(1, self.options.slots);
                (self.row(unit).priority, self.row(unit).weight) = (around, weight);
            }
        }
    }

    fn said_priority(&self, call: UnitId) -> Priority {
        self.plan.unit(call).policy.as_ref().map_or(Priority::Normal, |policy| policy.priority)
    }

    /// What an urgent call waits for is as urgent, also when it was there before.
    pub(super) fn raise_deps(&mut self, call: UnitId, deps: &[UnitId]) {
        let priority = self.rows[call.index()].priority;
        if priority >= Priority::Normal {
            return;
        }
        let mut open = deps.to_vec();
        while let Some(unit) = open.pop() {
            let is_done = matches!(self.rows[unit.index()].state, State::Done(_));
            if is_done || self.rows[unit.index()].priority <= priority {
                continue;
            }
            self.row(unit).priority = priority;
            if matches!(self.rows[unit.index()].state, State::Queued(_)) {
                self.enqueue(unit);
            }
            open.extend(self.plan.needs(unit).map(|(needed, _)| needed));
        }
        self.room_changed = true;
    }
}

/// What a call that says `said` has in one that has `around`: what is urgent makes urgent what it waits for.
fn inherited(said: Priority, around: Priority) -> Priority {
    match said {
        Priority::Normal => around,
        _ if around < Priority::Normal => said.min(around),
        _ => said,
    }
}
