//! `par cancel`: stops a run or a task from outside.

use std::time::SystemTime;

use super::commands::CancelLine;
use super::exit::Exit;
use super::prepare;
use super::say::{self, Voice};
use crate::diag::{Diagnostic, Fault};
use crate::run::control::{self, Cancelled, Entry, Life};

/// Stops what the line names, and returns when that has ended.
pub(super) fn run(line: &CancelLine, voice: Voice) -> Exit {
    match cancel(line) {
        Ok(text) => say::print(&text),
        Err(wrong) => voice.complain(&prepare::failure(wrong)),
    }
}

fn cancel(line: &CancelLine) -> Result<String, Diagnostic> {
    let run = find(&line.run)?;
    let other = |error| {
        let text = format!("run {} cannot be asked: {error}", run.run);
        Diagnostic::error(Fault::Other, text)
    };
    match (control::cancel(&run, line.task.as_deref()).map_err(other)?, &line.task) {
        (Cancelled::Ended(_), None) => Ok(format!("run {} has ended\n", run.run)),
        (Cancelled::Ended(tasks), Some(_)) => Ok(tasks
            .iter()
            .map(|task| format!("task `{task}` of run {} has ended\n", run.run))
            .collect()),
        (Cancelled::Unknown(known), task) => {
            let task = task.as_deref().unwrap_or_default();
            let text = format!("run {} has no unfinished task `{task}`", run.run);
            Err(suggest(Diagnostic::error(Fault::NoTask, text), task, &known))
        }
    }
}

/// The run of this id, or the only one that begins so, or the one that began last.
fn find(wanted: &str) -> Result<Entry, Diagnostic> {
    let is_live = |run: &Entry| control::life(run, SystemTime::now()) != Life::Dead;
    let mut all: Vec<Entry> = control::runs().into_iter().filter(is_live).collect();
    if wanted == "latest"
        && let Some(latest) = all.pop()
    {
        return Ok(latest);
    }
    let names: Vec<String> = all.iter().map(|run| run.run.clone()).collect();
    let mut meant: Vec<Entry> = all.into_iter().filter(|run| run.run.starts_with(wanted)).collect();
    match (meant.pop(), meant.len()) {
        (Some(run), 0) => Ok(run),
        (Some(_), more) => {
            let text = format!("\"{wanted}\" is the beginning of {} runs", more + 1);
            Err(Diagnostic::error(Fault::Other, text))
        }
        (None, _) => {
            let text = format!("no run of yours that goes on is called \"{wanted}\"");
            Err(suggest(Diagnostic::error(Fault::Other, text), wanted, &names))
        }
    }
}

fn suggest(wrong: Diagnostic, wanted: &str, known: &[impl AsRef<str>]) -> Diagnostic {
    let wrong = wrong.suggest(wanted, known.iter().map(AsRef::as_ref));
    match known.is_empty() {
        true => wrong,
        false => {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            wrong.help(format!("there is: {}", known.join(", ")))
        }
    }
}
