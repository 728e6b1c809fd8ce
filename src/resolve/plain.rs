//! Whether a task is written without a template, so that no variable can change anything in it.
//!
//! Says no when in doubt. What it says yes to needs no variables of its own.

use super::shared::Shared;
use crate::taskfile::model::{Action, Call, Command, Details, Glob, Output, Precondition, Task};
use crate::template::Template;

/// Whether nothing in the task, and nothing that is written around its output, reads a variable.
pub(super) fn is_plain(task: &Task, shared: &Shared) -> bool {
    let Details { summary, label, prefix, dir, condition, .. } = &**task;
    let lists = [&task.include_vars, &task.vars, &task.env];
    lists.into_iter().all(|list| list.is_empty())
        && task.dotenv.is_empty()
        && task.requires.is_empty()
        && task.policy.is_empty()
        && [&task.desc, summary, label, prefix, dir, condition].into_iter().all(is_literal)
        && all_literal(&task.status)
        && all_literal(&task.prompts)
        && task.preconditions.iter().all(precondition)
        && task.sources.iter().chain(&task.generates).all(glob)
        && task.deps.iter().all(call)
        && task.cmds.iter().all(command)
        && frame(shared)
}

fn is_literal<'a>(texts: impl IntoIterator<Item = &'a Template>) -> bool {
    texts.into_iter().all(|text| text.literal().is_some())
}

fn all_literal(texts: &[Template]) -> bool {
    is_literal(texts)
}

fn precondition(precondition: &Precondition) -> bool {
    is_literal([&precondition.script]) && is_literal(&precondition.message)
}

fn glob(glob: &Glob) -> bool {
    is_literal([&glob.pattern])
}

fn command(command: &Command) -> bool {
    let action = match &command.action {
        Action::Shell(script) | Action::DeferShell(script) => is_literal([script]),
        Action::Call(called) | Action::DeferCall(called) => call(called),
        Action::Lifted(lifted) => {
            call(&lifted.call) && is_literal(lifted.redirect.as_ref().map(|to| &to.file))
        }
        Action::Join => true,
    };
    action && command.each.is_none() && is_literal(&command.condition)
}

fn call(call: &Call) -> bool {
    is_literal([&call.task]) && call.vars.is_empty() && call.each.is_none()
}

/// What stands around grouped output is the same for all tasks.
fn frame(shared: &Shared) -> bool {
    match shared.settings.output.as_ref().or(shared.model.output.as_ref()) {
        Some(Output::Group { begin, end, .. }) => is_literal(begin) && is_literal(end),
        _ => true,
    }
}
