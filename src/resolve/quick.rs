//! Whether a call can be evaluated without waiting for the machine: no script, no file.
//!
//! Says no when in doubt. What it says yes to is evaluated where it is asked for; a worker would take longer
//! to be woken than to answer.

use super::called::Target;
use super::expansion::Expansion;
use super::files;
use super::scope::Given;
use super::shared::Shared;
use crate::taskfile::model::{Action, Call, Each, Model, Over, Task, Var, VarValue};

impl Expansion {
    /// Whether evaluating takes no longer than rendering templates does.
    pub fn is_quick(&self) -> bool {
        match &self.called.target {
            Target::Wrong(_) => true,
            Target::Stage(_) => !self.casts,
            Target::Late(_) => false,
            Target::Known(aim) => {
                let shows = |given: &Given| matches!(given, Given::Value(_));
                self.called.guard().is_none()
                    && self.shared.has_quick_ground
                    && aim.arguments.iter().all(|argument| shows(&argument.given))
                    && task(&aim.found.task, &self.shared)
            }
        }
    }
}

/// Whether what lies below every task asks no script and reads no file.
pub(super) fn ground(model: &Model) -> bool {
    model.dotenv.is_empty() && variables(&model.env) && variables(&model.vars)
}

fn task(task: &Task, shared: &Shared) -> bool {
    let defines = [&task.include_vars, &task.vars, &task.env];
    task.condition.is_none()
        && task.policy.needs.is_empty()
        && task.dotenv.is_empty()
        && defines.into_iter().all(|all| variables(all))
        && task.deps.iter().all(call)
        && task
            .cmds
            .iter()
            .all(|command| command.each.as_deref().is_none_or(each) && action(&command.action))
        && !files::reads_sources(task, shared.method(task))
}

fn variables(all: &[Var]) -> bool {
    all.iter().all(|var| !matches!(var.value, VarValue::Shell(_)))
}

fn action(action: &Action) -> bool {
    match action {
        Action::Call(called) => call(called),
        Action::Lifted(lifted) => call(&lifted.call),
        Action::Shell(_) | Action::Join | Action::DeferShell(_) | Action::DeferCall(_) => true,
    }
}

/// What is handed over may be a script: it is run where the call itself is evaluated.
fn call(call: &Call) -> bool {
    call.each.as_deref().is_none_or(each)
}

fn each(each: &Each) -> bool {
    !matches!(each.over, Over::Sources | Over::Generates)
}
