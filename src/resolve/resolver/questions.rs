//! What others may ask about units.

use std::path::Path;
use std::sync::Arc;

use super::{Node, Resolver};
use crate::id::UnitId;
use crate::resolve::called::{Called, Target};
use crate::resolve::check::Check;
use crate::resolve::context::Context;
use crate::resolve::files::Reads;
use crate::resolve::render::Rendering;
use crate::resolve::settings::{Compat, Force, Known};
use crate::source::Span;
use crate::taskfile::model::Task;

impl Resolver {
    /// What is to be asked before the body of an adopted call runs, on any thread.
    pub fn check(&self, unit: UnitId) -> Check {
        let context = match self.nodes.get(unit.index()) {
            Some(Node::Call { context, .. }) => context.clone(),
            _ => None,
        };
        Check { shared: self.shared.clone(), context }
    }

    /// Whether an adopted call has a folder of its own.
    pub fn is_isolated(&self, unit: UnitId) -> bool {
        self.context(unit).is_some_and(|context| context.task.policy.isolate)
    }

    /// The full name of the task that a call calls, as far as it is known.
    pub fn full_name(&self, unit: UnitId) -> Arc<str> {
        self.context(unit).map_or_else(|| self.name(unit), |context| context.full_name().clone())
    }

    /// Whether a call is a stage of a task.
    pub fn is_stage(&self, unit: UnitId) -> bool {
        let called = self.called(unit);
        called.is_some_and(|called| matches!(called.target, Target::Stage(_)))
    }

    /// The name of the stage that a unit is, or stands in, however deep.
    pub fn stage_around(&self, mut unit: UnitId) -> Option<Arc<str>> {
        while unit != UnitId::ROOT {
            if self.is_stage(unit) {
                return Some(self.stage_name(unit));
            }
            unit = self.parent(unit);
        }
        None
    }

    fn context(&self, unit: UnitId) -> Option<&Arc<Context>> {
        match self.nodes.get(unit.index())? {
            Node::Call { context, .. } => context.as_ref(),
            Node::Command { .. } | Node::Run => None,
        }
    }

    /// Where the commands of an adopted call run.
    pub fn directory(&self, unit: UnitId) -> Option<&Path> {
        match self.nodes.get(unit.index())? {
            Node::Call { context, .. } => context.as_ref().map(|context| &*context.dir),
            Node::Run | Node::Command { .. } => None,
        }
    }

    /// Whether the run is to look as go-task's.
    pub fn stands_in(&self) -> bool {
        self.shared.settings.compat == Compat::GoTask
    }

    /// What an adopted call reads.
    pub fn reads(&self, unit: UnitId) -> Option<Reads> {
        match self.nodes.get(unit.index())? {
            Node::Call { context, .. } => context.as_ref().map(|context| Reads {
                dir: context.dir.clone(),
                files: context.rare().files.clone(),
            }),
            Node::Run | Node::Command { .. } => None,
        }
    }

    /// What is needed to turn a command into something to run, on any thread.
    ///
    /// For a unit that is no command it refuses.
    pub fn render(&self, unit: UnitId, known: &Known) -> Rendering {
        let command = match self.nodes.get(unit.index()) {
            Some(Node::Command { line, context, .. }) => Some((line.clone(), context.clone())),
            _ => None,
        };
        Rendering { shared: self.shared.clone(), command, known: known.clone() }
    }

    /// The task of a unit as messages name it: its label once it is evaluated. Empty for the run.
    pub fn name(&self, unit: UnitId) -> Arc<str> {
        match self.nodes.get(unit.index()) {
            Some(Node::Call { called, context: None }) => called.name(),
            Some(Node::Call { context: Some(context), .. }) => context.name().clone(),
            Some(Node::Command { context, .. }) => context.name().clone(),
            Some(Node::Run) | None => Arc::default(),
        }
    }

    /// The task that a call calls; `None` for other units and while the name is not known.
    pub fn task(&self, unit: UnitId) -> Option<&Arc<Task>> {
        match (&self.called(unit)?.target, self.nodes.get(unit.index())) {
            (Target::Known(aim), _) => Some(&aim.found.task),
            (_, Some(Node::Call { context: Some(context), .. })) => Some(&context.task),
            _ => None,
        }
    }

    /// The call a unit stands in, [`UnitId::ROOT`] for those of the command line.
    pub fn parent(&self, unit: UnitId) -> UnitId {
        match self.nodes.get(unit.index()) {
            Some(Node::Call { called, .. }) => called.parent,
            Some(Node::Command { call, .. }) => *call,
            Some(Node::Run) | None => UnitId::ROOT,
        }
    }

    /// Where the commands of an adopted call run; made before the body begins, even if it is empty.
    pub fn dir(&self, unit: UnitId) -> Option<Arc<Path>> {
        match self.nodes.get(unit.index())? {
            Node::Call { context, .. } => context.as_ref().map(|context| context.dir.clone()),
            Node::Command { context, .. } => Some(context.dir.clone()),
            Node::Run => None,
        }
    }

    /// Every name a task can be called by, patterns left out.
    pub fn names(&self) -> Vec<String> {
        let tasks = self.shared.model.tasks.values();
        tasks
            .flat_map(|task| std::iter::once(&task.name).chain(&task.aliases))
            .filter(|name| !name.contains('*'))
            .map(|name| name.to_string())
            .collect()
    }

    /// Where a unit is written.
    pub fn place(&self, unit: UnitId) -> Option<Span> {
        match self.nodes.get(unit.index())? {
            Node::Call { called, .. } => Some(called.span),
            Node::Command { line, .. } => Some(line.span),
            Node::Run => None,
        }
    }

    /// The `if` of a command, rendered.
    pub fn condition(&self, unit: UnitId) -> Option<&Arc<str>> {
        match self.nodes.get(unit.index())? {
            Node::Command { line, .. } => line.condition(),
            Node::Run | Node::Call { .. } => None,
        }
    }

    /// Whether a failure of a command is ignored because its task says so, not it itself.
    pub fn is_forgiven_by_task(&self, unit: UnitId) -> bool {
        match self.nodes.get(unit.index()) {
            Some(Node::Command { line, context, .. }) => {
                context.task.ignore_error && !line.deferred && !line.forgives
            }
            _ => false,
        }
    }

    /// Whether a task is to run although it may be up to date.
    pub fn is_forced(&self, unit: UnitId) -> bool {
        match self.shared.settings.force {
            Force::No => false,
            Force::Named => self.called(unit).is_some_and(|called| called.direct),
            Force::All => true,
        }
    }

    pub(super) fn called(&self, unit: UnitId) -> Option<&Arc<Called>> {
        match self.nodes.get(unit.index())? {
            Node::Call { called, .. } => Some(called),
            Node::Run | Node::Command { .. } => None,
        }
    }

    /// The call that a unit is or stands in.
    pub(super) fn call_of(&self, unit: UnitId) -> UnitId {
        match self.nodes.get(unit.index()) {
            Some(Node::Command { call, .. }) => *call,
            _ => unit,
        }
    }
}
