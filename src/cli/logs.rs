//! `par logs`: what the tasks of a run wrote.

use std::io;
use std::sync::Arc;

use super::commands::LogsLine;
use super::exit::Exit;
use super::prepare;
use super::say::{self, Voice};
use crate::diag::{Diagnostic, Fault};
use crate::event::{Kind, Outcome, Role};
use crate::host::Host;
use crate::report::Screen;
use crate::report::logs::{self, Which};
use crate::store::{RunEntry, Runs};

/// Prints logs, or the list of runs.
pub(super) fn run(line: &LogsLine, voice: Voice, host: &dyn Host) -> Exit {
    let runs = match prepare::root_dir(&line.locate, host) {
        Ok(root) => Runs::new(&root),
        Err(failure) => return voice.complain(&failure),
    };
    if line.runs {
        return say::print(&table(&runs));
    }
    let shown = wanted(line, &runs).and_then(|(run, which)| show(line, &runs, &run, &which));
    match shown {
        Ok(()) => Exit::Success,
        Err(wrong) => voice.complain(&prepare::failure(wrong)),
    }
}

fn other(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Fault::Other, message)
}

/// There is no log of this task, but perhaps of one that is called nearly so.
fn without_log(name: &str, runs: &Runs, run: &RunEntry) -> Diagnostic {
    let mut known: Vec<String> = Vec::new();
    for event in runs.events(run).into_iter().flatten().map_while(Result::ok) {
        match event.kind {
            Kind::Added { task, role: Role::Task, .. } if *task == *name => {
                return other(format!("task `{name}` wrote nothing in run {}", run.id));
            }
            Kind::Added { task, role: Role::Task, .. } => known.push(task.to_string()),
            _ => {}
        }
    }
    other(format!("run {} has no log of a task `{name}`", run.id))
        .suggest(name, known.iter().map(String::as_str))
}

fn wanted(line: &LogsLine, runs: &Runs) -> Result<(RunEntry, Which), Diagnostic> {
    let (run, task) = match (line.run.as_deref(), line.task.as_deref()) {
        (Some(run), task) if task.is_some() || names_a_run(run, runs) => (run, task),
        (task, _) => ("latest", task),
    };
    let which = match task {
        Some(task) => Which::Task(task.into()),
        None if line.failed => Which::Failed,
        None => Which::All,
    };
    Ok((runs.find(run).map_err(other)?, which))
}

/// An id begins with a date, which no task does.
fn names_a_run(word: &str, runs: &Runs) -> bool {
    let is_date = word.len() >= 4 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    word == "latest" || is_date && word.starts_with("20") && runs.find(word).is_ok()
}

fn show(line: &LogsLine, runs: &Runs, run: &RunEntry, which: &Which) -> Result<(), Diagnostic> {
    let screen = Screen::standard().map_err(|error| other(error.to_string()))?;
    let print = if line.follow { logs::follow } else { logs::print };
    match print(runs, run, which, &screen) {
        Ok(0) => match which {
            Which::Task(name) => Err(without_log(name, runs, run)),
            Which::All | Which::Failed => Ok(()),
        },
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(other(format!("the logs of run {} cannot be read: {error}", run.id))),
    }
}

/// The runs, newest first: id, how it ended, what was asked for.
fn table(runs: &Runs) -> String {
    let line = |run: RunEntry| {
        let (tasks, outcome) = story(runs, &run);
        format!("{}  {:9}  {}\n", run.id, end(&run, outcome.as_ref()), tasks.join(" "))
    };
    runs.list().into_iter().map(line).collect()
}

/// What was asked for and how it ended, as far as the run's events tell.
fn story(runs: &Runs, run: &RunEntry) -> (Vec<Arc<str>>, Option<Outcome>) {
    let (mut asked, mut ended) = (Vec::new(), None);
    for event in runs.events(run).into_iter().flatten().map_while(Result::ok) {
        match event.kind {
            Kind::RunStarted { tasks, .. } => asked = tasks,
            Kind::RunFinished { outcome, .. } => ended = Some(outcome),
            _ => {}
        }
    }
    (asked, ended)
}

fn end(run: &RunEntry, outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        _ if run.is_live => "running",
        Some(Outcome::Cancelled) => "cancelled",
        Some(outcome) if outcome.is_success() => "succeeded",
        Some(_) => "failed",
        None => "died",
    }
}
