//! What reporters remember of units: whose they are and what they are called.

use std::sync::Arc;

use crate::event::{Event, Kind, Role};
use crate::id::UnitId;
use crate::plan::Ancestry;

/// A unit, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) parent: UnitId,
    pub(super) role: Role,
    pub(super) task: Arc<str>,
    /// What it was called by before its label was known.
    pub(super) called: Arc<str>,
    /// The words of a command line that call it by itself, in the order in which they are written; `None`: its
    /// name.
    pub(super) words: Option<Arc<[Arc<str>]>>,
}

impl Unit {
    fn words(&self) -> &[Arc<str>] {
        match &self.words {
            Some(words) => words,
            None => std::slice::from_ref(&self.called),
        }
    }
}

/// All units of a run.
#[derive(Default, Debug)]
pub(super) struct Units {
    /// By number; they are given out one after the other.
    all: Vec<Option<Unit>>,
    ancestry: Ancestry,
}

/// So far ahead of the others no number is, unless a record is damaged.
const AHEAD: usize = 1_000_000;

impl Units {
    /// Takes notice of an event.
    pub(super) fn event(&mut self, event: &Event) {
        if let Kind::Added { unit, parent, role, task, words, .. } = &event.kind {
            let words = words.clone();
            let (parent, role, task, called) = (*parent, *role, task.clone(), task.clone());
            if unit.index() > self.all.len() + AHEAD {
                return;
            }
            self.all.resize(self.all.len().max(unit.index() + 1), None);
            self.all[unit.index()] = Some(Unit { parent, role, task, called, words });
            self.ancestry.add(*unit, parent);
            if role == Role::Command {
                self.learn(parent, unit);
            }
        }
    }

    /// A label may need variables, so only a call's commands know what it is called.
    fn learn(&mut self, call: UnitId, command: &UnitId) {
        let Some(label) = self.get(*command).map(|command| command.task.clone()) else { return };
        let call = self.all.get_mut(call.index()).and_then(Option::as_mut);
        if let Some(call) = call.filter(|call| call.role == Role::Task) {
            call.task = label;
        }
    }

    pub(super) fn get(&self, unit: UnitId) -> Option<&Unit> {
        self.all.get(unit.index())?.as_ref()
    }

    /// Name of the task that a unit is or belongs to.
    pub(super) fn name(&self, unit: UnitId) -> &str {
        self.get(unit).map_or("", |unit| &unit.task)
    }

    /// The name by which the task that a unit is or belongs to was called.
    pub(super) fn called(&self, unit: UnitId) -> &str {
        self.get(self.task(unit)).map_or("", |unit| &unit.called)
    }

    /// The words that call the task that a unit is or belongs to; of one that cannot be called by itself, the
    /// words of the nearest task around it that can.
    pub(super) fn words(&self, unit: UnitId) -> &[Arc<str>] {
        let task = self.task(unit);
        let mut chain = std::iter::once(task).chain(self.ancestors(task));
        let words = |unit| self.get(unit).filter(|unit| unit.role == Role::Task).map(Unit::words);
        chain.find_map(|unit| words(unit).filter(|words| !words.is_empty())).unwrap_or_default()
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

    /// Those of `units` that a unit stands in, outer ones first.
    pub(super) fn among_ancestors(
        &self,
        unit: UnitId,
        units: impl Iterator<Item = UnitId>,
    ) -> Vec<UnitId> {
        let mut around: Vec<UnitId> =
            units.filter(|&outer| outer != unit && self.ancestry.stands_in(unit, outer)).collect();
        around.sort_by_key(|&outer| self.ancestry.depth(outer));
        around
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
