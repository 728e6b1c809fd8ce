//! `par rerun`: an earlier run again, all of it, what it did not finish, or what failed in it.

use std::sync::Arc;

use super::args::{self, Invocation, RunArgs, sort_words};
use super::commands::RerunLine;
use super::exit::Exit;
use super::say::Voice;
use super::{prepare, run};
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;
use crate::store::{Meta, RunEntry, Runs};

/// What stands in the record in the place of a value that is secret.
const HIDDEN: &str = "*****";

/// Runs it again.
pub(super) fn run(line: &RerunLine, voice: Voice, host: &dyn Host) -> Exit {
    let runs = match prepare::root_dir(&line.locate, host) {
        Ok(root) => Runs::new(&root),
        Err(failure) => return voice.complain(&failure),
    };
    match again(line, &runs, voice) {
        Ok(args) => run::run(&args, voice, host),
        Err(wrong) => voice.complain(&prepare::failure(wrong)),
    }
}

fn again(line: &RerunLine, runs: &Runs, voice: Voice) -> Result<RunArgs, Diagnostic> {
    let wrong = |message: String| Diagnostic::error(Fault::Other, message);
    let (names, vars) = sort_words(line.words.clone());
    if let Some(second) = names.get(1) {
        return Err(Diagnostic::error(Fault::Usage, format!("unexpected argument `{second}`"))
            .help("`par rerun [RUN] [VAR=value…]`"));
    }
    let entry = runs.find(names.first().map_or("latest", |name| name)).map_err(wrong)?;
    if entry.is_live {
        return Err(wrong(format!("run {} still goes on", entry.id))
            .help(format!("`par cancel {}` stops it", entry.id)));
    }
    let meta = entry.meta.clone();
    let meta = meta.ok_or_else(|| wrong(format!("run {} does not say what it was", entry.id)))?;
    let mut args = asked(&entry, &meta)?;
    args.vars.retain(|(name, _)| !vars.iter().any(|(given, _)| given == name));
    if let Some((name, _)) = args.vars.iter().find(|(_, value)| value == HIDDEN) {
        return Err(wrong(format!(
            "the value of {name} was not recorded, as its name tells that it is secret"
        ))
        .help(format!("give it again: `par rerun {name}=…`")));
    }
    let more = vars.iter().map(|(name, value)| format!("{name}={value}"));
    args.repeats = Some(with_variables(&meta.arguments, more));
    args.vars.extend(vars);
    let nothing = |what: &str| wrong(format!("nothing {what} in run {}", entry.id));
    if line.resume {
        if meta.end.as_ref().is_some_and(|end| end.outcome.is_success()) {
            return Err(nothing("is left to do"));
        }
        args.resumes = Some(entry.id.clone());
    }
    if line.failed {
        args.tasks = failed(runs, &entry, voice);
        if args.tasks.is_empty() {
            let is_success = meta.end.as_ref().is_some_and(|end| end.outcome.is_success());
            return Err(nothing(match is_success {
                true => "failed",
                false => "failed that can be called by its name",
            }));
        }
    }
    Ok(args)
}

/// The request of an earlier run. From here on we stand where it was made.
fn asked(entry: &RunEntry, meta: &Meta) -> Result<RunArgs, Diagnostic> {
    let wrong = |message: String| Diagnostic::error(Fault::Other, message);
    if !meta.directory.as_os_str().is_empty() {
        std::env::set_current_dir(&meta.directory).map_err(|error| {
            wrong(format!("cannot go to `{}`: {error}", meta.directory.display()))
        })?;
    }
    let program = if meta.program == "task" { "task" } else { "par" };
    let words = std::iter::once(program).chain(meta.arguments.iter().map(String::as_str));
    let words: Vec<_> = words.map(Into::into).collect();
    // It was a run, so a word that is also a subcommand was a task.
    match args::parse(&words, &|_, _| true)?.invocation {
        Invocation::Run(args) => Ok(RunArgs { tasks: meta.tasks.clone(), ..*args }),
        _ => Err(wrong(format!("run {} was not begun by `par run`", entry.id))),
    }
}

/// A command line with further variables, which stand before what is for the tasks alone.
fn with_variables(words: &[String], more: impl Iterator<Item = String>) -> Vec<String> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words[..end].iter().cloned().chain(more).chain(words[end..].iter().cloned()).collect()
}

/// The tasks that failed for a reason of their own, once each, as they did.
fn failed(runs: &Runs, entry: &RunEntry, voice: Voice) -> Vec<String> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for ending in runs.endings(entry) {
        let at = names.iter().position(|name| *name == ending.task);
        match (ending.succeeded, at) {
            (true, _) | (false, Some(_)) => {}
            (false, None) if ending.given.is_empty() => names.push(ending.task),
            (false, None) => voice.talk(&format!(
                "par: task `{}` was called with {}, so it is left out; `par rerun --resume` runs it as it was called\n",
                ending.task,
                ending.given.join(", ")
            )),
        }
    }
    names.iter().map(|name| name.to_string()).collect()
}
