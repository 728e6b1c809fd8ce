//! Variables that are shown and that nothing sets, where a name nearby says that this is a slip.
//!
//! go-task shows nothing for them, and Taskfiles make use of that: a name that resembles no other, and one that stands
//! in a condition or is given to a function, is none of our business.

use std::collections::BTreeSet;

use super::model::{Action, Call, Command, Each, Model, Over, Task, Var, VarValue};
use crate::diag::Diagnostic;
use crate::template::Template;

/// What is there without anybody's doing, beside the environment.
const SPECIAL: [&str; 26] = [
    "ALIAS",
    "ARGS",
    "CHECKSUM",
    "CLI_ARGS",
    "CLI_ARGS_LIST",
    "CLI_ASSUME_YES",
    "CLI_FORCE",
    "CLI_OFFLINE",
    "CLI_SILENT",
    "CLI_VERBOSE",
    "EXIT_CODE",
    "FILE_PATH_SEPARATOR",
    "ITEM",
    "KEY",
    "MATCH",
    "OUTPUTS",
    "PATH_LIST_SEPARATOR",
    "PROMPT",
    "ROOT_DIR",
    "ROOT_TASKFILE",
    "TASK",
    "TASKFILE",
    "TASK_DIR",
    "TASK_EXE",
    "TIMESTAMP",
    "USER_WORKING_DIR",
];

/// A warning for each; `given` are the variables of the command line and of the environment.
pub fn doubts<'a>(model: &'a Model, given: impl IntoIterator<Item = &'a str>) -> Vec<Diagnostic> {
    let mut known: BTreeSet<&str> = SPECIAL.into_iter().collect();
    known.extend(["TASKFILE_DIR", "TASK_VERSION"]);
    known.extend(given);
    let mut shown = Vec::new();
    // What such files set cannot be known here.
    let mut is_open = !model.dotenv.is_empty();
    vars(&model.vars, &mut known, &mut shown);
    vars(&model.env, &mut known, &mut shown);
    for task in model.tasks.values() {
        is_open |= !task.dotenv.is_empty();
        of_task(task, &mut known, &mut shown);
    }
    if is_open {
        return Vec::new();
    }
    let mut doubts = Vec::new();
    for template in shown {
        for (name, span) in template.shown() {
            let near = known.iter().find(|known| is_slip(&name, known));
            if let Some(near) = near.filter(|_| !known.contains(&*name)) {
                let doubt = Diagnostic::warning(format!("nothing sets the variable `{name}`"));
                doubts.push(doubt.at(span, "is empty").help(format!("did you mean `{near}`?")));
            }
        }
    }
    doubts
}

fn of_task<'a>(task: &'a Task, known: &mut BTreeSet<&'a str>, shown: &mut Vec<&'a Template>) {
    for all in [&task.vars, &task.env, &task.include_vars] {
        vars(all, known, shown);
    }
    known.extend(task.requires.iter().map(|required| &*required.name));
    task.deps.iter().for_each(|call| of_call(call, known, shown));
    task.cmds.iter().for_each(|command| of_command(command, known, shown));
    shown.extend(task.dir.iter().chain(&task.status));
    shown.extend(task.preconditions.iter().map(|condition| &condition.script));
}

fn of_command<'a>(
    command: &'a Command,
    known: &mut BTreeSet<&'a str>,
    shown: &mut Vec<&'a Template>,
) {
    of_loop(command.each.as_deref(), known);
    match &command.action {
        Action::Shell(text) | Action::DeferShell(text) => shown.push(text),
        Action::Call(call) | Action::DeferCall(call) => of_call(call, known, shown),
        Action::Lifted(lifted) => of_call(&lifted.call, known, shown),
        Action::Join => {}
    }
}

fn of_call<'a>(call: &'a Call, known: &mut BTreeSet<&'a str>, shown: &mut Vec<&'a Template>) {
    of_loop(call.each.as_deref(), known);
    vars(&call.vars, known, shown);
}

fn of_loop<'a>(each: Option<&'a Each>, known: &mut BTreeSet<&'a str>) {
    let Some(each) = each else { return };
    known.insert(&each.name);
    if let Over::Matrix(axes) = &each.over {
        known.extend(axes.iter().map(|(name, _)| &**name));
    }
}

fn vars<'a>(vars: &'a [Var], known: &mut BTreeSet<&'a str>, shown: &mut Vec<&'a Template>) {
    for var in vars {
        known.insert(&var.name);
        match &var.value {
            VarValue::Template(text) | VarValue::Shell(text) => shown.push(text),
            VarValue::Static(_) | VarValue::Reference(_) => {}
        }
    }
}

/// Whether somebody who meant `known` may have typed `name`: two letters swapped, or one too few, too many or wrong.
/// An `S` at the end is no slip but another thing.
fn is_slip(name: &str, known: &str) -> bool {
    let is_plural = |one: &str, many: &str| many.strip_suffix(['S', 's']) == Some(one);
    let letters = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    known.len() >= 4
        && strsim::osa_distance(name, known) == 1
        && !is_plural(name, known)
        && !is_plural(known, name)
        && letters(name) == letters(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter_and_no_plural_or_number() {
        for name in ["VERSOIN", "VERION", "VERSIION", "VERSIOM"] {
            assert!(is_slip(name, "VERSION"), "{name}");
        }
        for name in ["VERSIONS", "VERSION2", "VRESOIN", "WERSOIN", "VERSION"] {
            assert!(!is_slip(name, "VERSION"), "{name}");
        }
        assert!(!is_slip("ABC", "ABD"), "too short to tell");
    }
}
