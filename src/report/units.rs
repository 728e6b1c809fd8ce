//! What reporters remember of units: whose they are and what they are called.

use std::collections::HashMap;
use std::sync::Arc;

use crate::event::{Event, Kind, Role};
use crate::id::UnitId;

/// A unit, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) parent: UnitId,
    pub(super) role: Role,
    pub(super) task: Arc<str>,
    /// What it was called by before its label was known.
    pub(super) called: Arc<str>,
}

/// All units of a run.
#[derive(Default, Debug)]
pub(super) struct Units {
    all: HashMap<UnitId, Unit>,
}

impl Units {
    /// Takes notice of an event.
    pub(super) fn event(&mut self, event: &Event) {
        if let Kind::Added { unit, parent, role, task, .. } = &event.kind {
            let (task, called) = (task.clone(), task.clone());
            self.all.insert(*unit, Unit { parent: *parent, role: *role, task, called });
            if *role == Role::Command {
                self.learn(*parent, unit);
            }
        }
    }

    /// A label may need variables, so only a call's commands know what it is called.
    fn learn(&mut self, call: UnitId, command: &UnitId) {
        let Some(label) = self.all.get(command).map(|command| command.task.clone()) else { return };
        if let Some(call) = self.all.get_mut(&call).filter(|call| call.role == Role::Task) {
            call.task = label;
        }
    }

    pub(super) fn get(&self, unit: UnitId) -> Option<&Unit> {
        self.all.get(&unit)
    }

    /// Name of the task that a unit is or belongs to.
    pub(super) fn name(&self, unit: UnitId) -> &str {
        self.get(unit).map_or("", |unit| &unit.task)
    }

    /// The name by which the task that a unit is or belongs to can be called.
    pub(super) fn called(&self, unit: UnitId) -> &str {
        self.get(self.task(unit)).map_or("", |unit| &unit.called)
    }

    /// Whether the unit is a call of a task.
    pub(super) fn is_task(&self, unit: UnitId) -> bool {
        self.get(unit).is_some_and(|unit| unit.role == Role::Task)
    }

    /// The task that a unit is or belongs to.
    pub(super) fn task(&self, unit: UnitId) -> UnitId {
        match self.get(unit) {
            Some(Unit { role: Role::Command | Role::Deferred, parent, .. }) => *parent,
            _ => unit,
        }
    }

    /// What a unit stands in, nearest first, without the run itself.
    pub(super) fn ancestors(&self, unit: UnitId) -> Vec<UnitId> {
        let mut chain = Vec::new();
        let mut parent = self.get(unit).map(|unit| unit.parent);
        while let Some(here) = parent.filter(|here| *here != UnitId::ROOT) {
            // A damaged record must not send us in circles.
            if chain.len() > self.all.len() {
                break;
            }
            chain.push(here);
            parent = self.get(here).map(|unit| unit.parent);
        }
        chain
    }
}
