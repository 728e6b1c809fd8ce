//! What reporters remember of units: whose they are and what they are called.

use std::sync::Arc;

use crate::event::{Event, Kind, Role};
use crate::id::UnitId;
use crate::plan::Ancestry;

/// A unit, as far as it is known.
#[derive(Clone, Copy, Debug)]
struct Unit {
    parent: UnitId,
    role: Role,
    /// Which of the names are its own.
    names: u32,
}

/// What a call and its commands are called.
#[derive(Clone, Debug)]
struct Names {
    task: Arc<str>,
    /// Of most there is nothing more to say.
    more: Option<Box<More>>,
}

#[derive(Clone, Debug)]
struct More {
    /// What it was called by before its label was known.
    called: Arc<str>,
    /// The words of a command line that call it by itself, in the order in which they are written; `None`: its
    /// name.
    words: Option<Arc<[Arc<str>]>>,
}

impl Names {
    fn called(&self) -> &Arc<str> {
        self.more.as_ref().map_or(&self.task, |more| &more.called)
    }

    fn words(&self) -> &[Arc<str>] {
        let words = self.more.as_ref().and_then(|more| more.words.as_deref());
        words.unwrap_or(std::slice::from_ref(self.called()))
    }

    /// The same under another name.
    fn labelled(&self, label: &Arc<str>) -> Names {
        let words = self.more.as_ref().and_then(|more| more.words.clone());
        let more = More { called: self.called().clone(), words };
        Names { task: label.clone(), more: Some(Box::new(more)) }
    }
}

/// All units of a run.
#[derive(Default, Debug)]
pub(super) struct Units {
    /// By number; they are given out one after the other.
    all: Vec<Option<Unit>>,
    names: Vec<Names>,
    /// Where somebody asks who stands in whom.
    ancestry: Option<Ancestry>,
}

/// So far ahead of the others no number is, unless a record is damaged.
const AHEAD: usize = 1_000_000;

impl Units {
    /// Takes notice of an event.
    pub(super) fn event(&mut self, event: &Event) {
        if let Kind::Added { unit, parent, role, task, words, .. } = &event.kind {
            let (parent, role, place) = (*parent, *role, unit.index());
            if place > self.all.len() + AHEAD {
                return;
            }
            let of_call = match role {
                Role::Command => self.learn(parent, task),
                Role::Deferred => self.names_of_call(parent),
                Role::Run | Role::Task => None,
            };
            let shared = of_call.filter(|&names| self.names[names as usize].task == *task);
            let names = shared.unwrap_or_else(|| {
                let with = |words| Box::new(More { called: task.clone(), words: Some(words) });
                self.name_anew(Names { task: task.clone(), more: words.clone().map(with) })
            });
            let known = Some(Unit { parent, role, names });
            if place >= self.all.len() {
                self.all.resize(place, None);
                self.all.push(known);
            } else {
                self.all[place] = known;
            }
            if let Some(ancestry) = &mut self.ancestry {
                ancestry.add(*unit, parent);
            }
        }
    }

    /// A label may need variables, so only a call's commands know what it is called.
    fn learn(&mut self, call: UnitId, label: &Arc<str>) -> Option<u32> {
        let names = &self.names[self.names_of_call(call)? as usize];
        if names.task != *label {
            // What others are called by who share them stays.
            let names = self.name_anew(names.labelled(label));
            self.all[call.index()].as_mut()?.names = names;
        }
        self.names_of_call(call)
    }

    fn names_of_call(&self, call: UnitId) -> Option<u32> {
        self.get(call).filter(|call| call.role == Role::Task).map(|call| call.names)
    }

    fn name_anew(&mut self, names: Names) -> u32 {
        self.names.push(names);
        self.names.len() as u32 - 1
    }

    fn names(&self, unit: UnitId) -> Option<&Names> {
        self.get(unit).map(|unit| &self.names[unit.names as usize])
    }

    fn get(&self, unit: UnitId) -> Option<&Unit> {
        self.all.get(unit.index())?.as_ref()
    }

    pub(super) fn role(&self, unit: UnitId) -> Option<Role> {
        self.get(unit).map(|unit| unit.role)
    }

    /// Name of the task that a unit is or belongs to.
    pub(super) fn name(&self, unit: UnitId) -> &str {
        self.names(unit).map_or("", |names| &names.task)
    }

    /// The name by which the task that a unit is or belongs to was called.
    pub(super) fn called(&self, unit: UnitId) -> &str {
        self.names(self.task(unit)).map_or("", |names| names.called())
    }

    /// The words that call the task that a unit is or belongs to; of one that cannot be called by itself, the
    /// words of the nearest task around it that can.
    pub(super) fn words(&self, unit: UnitId) -> &[Arc<str>] {
        let task = self.task(unit);
        let mut chain = std::iter::once(task).chain(self.ancestors(task));
        let words = |unit| self.names(unit).filter(|_| self.is_task(unit)).map(Names::words);
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

    /// The same, which can be asked for what a unit stands in among others.
    pub(super) fn with_ancestry() -> Units {
        Units { ancestry: Some(Ancestry::default()), ..Units::default() }
    }

    /// Those of `units` that a unit stands in, outer ones first.
    pub(super) fn among_ancestors(
        &self,
        unit: UnitId,
        units: impl Iterator<Item = UnitId>,
    ) -> Vec<UnitId> {
        let Some(ancestry) = &self.ancestry else { return Vec::new() };
        let mut around: Vec<UnitId> =
            units.filter(|&outer| outer != unit && ancestry.stands_in(unit, outer)).collect();
        around.sort_by_key(|&outer| ancestry.depth(outer));
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

#[cfg(test)]
mod tests {
    use super::super::testing::Story;
    use super::*;
    use crate::event::At;

    #[test]
    fn a_call_is_called_as_its_latest_command_says_and_an_earlier_command_as_it_said() {
        let added = |unit, parent, role, task: &str| {
            let (unit, parent, task, id) = (UnitId(unit), UnitId(parent), task.into(), "".into());
            let words = (role == Role::Task).then(|| [Arc::from("a:b"), Arc::from("-x")].into());
            Event { at: At(0), kind: Kind::Added { unit, parent, role, task, id, words } }
        };
        let mut units = Units::default();
        for event in [
            added(1, 0, Role::Task, "a"),
            added(2, 1, Role::Command, "first"),
            added(3, 1, Role::Command, "second"),
            added(4, 1, Role::Deferred, "third"),
            added(9, 8, Role::Command, "stray"),
        ] {
            units.event(&event);
        }
        let names = [1, 2, 3, 4, 9, 5, 77].map(|unit| units.name(UnitId(unit)));
        assert_eq!(names, ["second", "first", "second", "third", "stray", "", ""]);
        let called = [1, 2, 4, 9].map(|unit| units.called(UnitId(unit)));
        assert_eq!(called, ["a", "a", "a", ""]);
        assert_eq!(units.words(UnitId(4)).join(" "), "a:b -x");
        let call = Kind::Added {
            unit: UnitId(5),
            parent: UnitId(1),
            role: Role::Task,
            task: "b".into(),
            id: "".into(),
            words: None,
        };
        units.event(&Event { at: At(0), kind: call });
        units.event(&added(6, 5, Role::Command, "label"));
        assert_eq!([5, 6].map(|unit| units.name(UnitId(unit))), ["label", "label"]);
        assert_eq!(units.words(UnitId(6)).join(" "), "b");
    }

    #[test]
    fn commands_share_the_names_of_their_call() {
        let mut story = Story::new();
        story.task(1, 0, "a").begin(1);
        for command in 11..20 {
            story.start(1, command, "");
        }
        let mut units = Units::default();
        story.events.iter().for_each(|event| units.event(event));
        assert_eq!(units.names.len(), 1);
    }
}
