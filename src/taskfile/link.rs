//! Names in the keys of `par` that mean tasks and agents: each must be there, and `blocks` becomes a
//! dependency of the task that it names.

use std::sync::Arc;

use super::model::{Call, Mention, Model, Task};
use crate::diag::{Diagnostic, Fault};
use crate::source::{Span, Text};
use crate::template::Template;

/// Puts full names in the place of those that were written; what is wrong with them.
pub(super) fn link(model: &mut Model) -> Vec<Diagnostic> {
    let mut linker = Linker { model, wrong: Vec::new() };
    let names: Vec<Arc<str>> = linker.model.tasks.keys().cloned().collect();
    let mut edges = Vec::new();
    for name in names {
        let task = linker.model.tasks[&name].clone();
        linker.check_stages(&task);
        linker.check_agent(&task);
        let policy = &task.policy;
        if policy.after.is_empty() && policy.blocks.is_empty() {
            continue;
        }
        let after = linker.full(&task, &policy.after, "after");
        let blocks = linker.full(&task, &policy.blocks, "blocks");
        edges.extend(blocks.iter().map(|blocked| (blocked.clone(), name.clone())));
        drop(task);
        linker.change(&name, |task| {
            task.policy.after = after;
            task.policy.blocks = blocks;
        });
    }
    for (blocked, first) in edges {
        linker.change(&blocked.name, |task| task.deps.extend(call(task, &first, blocked.span)));
    }
    let wrong = linker.wrong;
    // Names were looked up by positions, which are the same, but tasks have changed.
    model.names = Default::default();
    wrong
}

struct Linker<'m> {
    model: &'m mut Model,
    wrong: Vec<Diagnostic>,
}

impl Linker<'_> {
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.model.tasks.get_mut(name) {
            change(Arc::make_mut(task));
        }
    }

    /// The tasks that names mean in the file of `task`.
    fn full(&mut self, task: &Task, names: &[Mention], key: &str) -> Vec<Mention> {
        let mut full = Vec::new();
        for Mention { name, span } in names {
            match self.model.find(&task.namespace, name, Some(*span)) {
                Ok(found) if !found.matches().is_empty() => {
                    let message = format!("`{key}` must name a task, not what a pattern matches");
                    let pattern = format!("is matched by `{}`", found.task.name);
                    self.wrong.push(Diagnostic::error(Fault::Invalid, message).at(*span, pattern));
                }
                Ok(found) if found.task.name == task.name => {
                    let message = format!("task `{}` cannot name itself in `{key}`", task.name);
                    let error = Diagnostic::error(Fault::TooManyCalls, message);
                    self.wrong.push(error.at(*span, "is the task itself"));
                }
                Ok(found) => full.push(Mention { name: found.task.name.clone(), span: *span }),
                Err(error) => self.wrong.push(error),
            }
        }
        full
    }

    /// Calls in stages with literal names mean tasks that are there.
    fn check_stages(&mut self, task: &Task) {
        for call in task.policy.calls() {
            let Some(name) = call.task.literal() else { continue };
            if let Err(error) = self.model.find(&task.namespace, name, Some(call.span)) {
                self.wrong.push(error);
            }
        }
    }

    fn check_agent(&mut self, task: &Task) {
        let Some(agent) = &task.policy.agent else { return };
        if !self.model.agents.contains_key(&agent.value) {
            let known = self.model.agents.keys().map(|name| &**name);
            self.wrong.push(
                Diagnostic::error(Fault::Invalid, format!("there is no agent `{}`", agent.value))
                    .at(agent.span, "not one of `agents`")
                    .suggest(&agent.value, known),
            );
        }
    }
}

/// A dependency of `by` on a task of this full name, written at `span`.
fn call(by: &Task, name: &Arc<str>, span: Span) -> Option<Call> {
    let from_root = match by.namespace.is_empty() {
        true => name.clone(),
        false => format!(":{name}").into(),
    };
    let text = Text { span, ..Text::detached(from_root) };
    let (vars, silent, timeout, each) = Default::default();
    Some(Call { task: Template::parse(&text).ok()?, span, vars, silent, timeout, each })
}
