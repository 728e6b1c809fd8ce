//! Which task a name means: full names, aliases, wildcards.

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use super::model::{Model, Task};
use crate::diag::{Diagnostic, Fault, closest};
use crate::source::Span;

/// A task that a name means.
#[derive(Clone, Debug)]
pub struct Found {
    /// The task.
    pub task: Arc<Task>,
    /// What the `*` in its name stand for in this call, where there are any.
    wildcards: Option<Box<Wildcards>>,
    /// The full name that it was called by: `ALIAS` in templates.
    pub called_as: Arc<str>,
}

#[derive(Clone, Debug)]
struct Wildcards {
    matches: Vec<Arc<str>>,
    full_name: Arc<str>,
}

impl Found {
    /// A task that was called by its own name.
    pub fn new(task: Arc<Task>) -> Found {
        let called_as = task.name.clone();
        Found { task, wildcards: None, called_as }
    }

    fn called(task: Arc<Task>, called_as: Arc<str>, matches: Vec<Arc<str>>) -> Found {
        let filled = |name: String, found: &Arc<str>| name.replacen('*', found, 1);
        let wildcards = (!matches.is_empty()).then(|| {
            let full_name = matches.iter().fold(task.name.to_string(), filled).into();
            Box::new(Wildcards { matches, full_name })
        });
        Found { task, wildcards, called_as }
    }

    /// What the `*` in its name stand for in this call.
    pub fn matches(&self) -> &[Arc<str>] {
        self.wildcards.as_ref().map_or(&[], |wildcards| &wildcards.matches)
    }

    /// The task's full name with what each `*` stands for.
    pub fn full_name(&self) -> &Arc<str> {
        self.wildcards.as_ref().map_or(&self.task.name, |wildcards| &wildcards.full_name)
    }
}

/// What tasks may be called by, besides their full names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    aliases: HashMap<Arc<str>, Vec<usize>>,
    wildcards: Vec<(usize, Regex)>,
}

impl Names {
    fn new(model: &Model) -> Names {
        let mut names = Names::default();
        for (index, task) in model.tasks.values().enumerate() {
            for alias in &task.aliases {
                let tasks = names.aliases.entry(alias.clone()).or_default();
                if tasks.last() != Some(&index) {
                    tasks.push(index);
                }
            }
            let patterns = std::iter::once(&task.name).chain(&task.aliases);
            let patterns = patterns.filter(|name| name.contains('*'));
            names.wildcards.extend(patterns.filter_map(|name| Some((index, wildcard(name)?))));
        }
        names
    }
}

/// Each `*` takes as much as it can; everything else stands for itself.
fn wildcard(name: &str) -> Option<Regex> {
    let parts: Vec<String> = name.split('*').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join("(.*)"))).ok()
}

impl Model {
    /// The task that `written` means in a file whose namespace is `from` (empty for the root and the
    /// command line). Each `:` in front leaves one namespace; a single one also reaches the root.
    ///
    /// Errors are `NoTask` and `NameConflict`, at the call `at` where that is known.
    pub fn find(&self, from: &str, written: &str, at: Option<Span>) -> Result<Found, Diagnostic> {
        let found = self.find_or_none(from, written, at)?;
        found.ok_or_else(|| self.suggest(from, written, unknown(from, written, at)))
    }

    /// Like [`Model::find`], but leaves what to say about an unknown name to the caller.
    pub(super) fn find_or_none(
        &self,
        from: &str,
        written: &str,
        at: Option<Span>,
    ) -> Result<Option<Found>, Diagnostic> {
        if from.is_empty() && !written.starts_with(':') {
            return self.lookup(written, at);
        }
        for name in candidates(from, written) {
            if let Some(found) = self.lookup(&name, at)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Adds the nearest name that could have been meant.
    pub(super) fn suggest(&self, from: &str, written: &str, error: Diagnostic) -> Diagnostic {
        match closest(&full(from, written), self.callable()) {
            Some(near) => error.help(format!("did you mean `{}`?", relative(from, near))),
            None => error,
        }
    }

    /// All names that a user may call: full names and aliases of tasks that are not internal.
    pub fn callable(&self) -> impl Iterator<Item = &str> {
        let open = self.tasks.values().filter(|task| !task.internal);
        open.flat_map(|task| std::iter::once(&*task.name).chain(task.aliases.iter().map(|a| &**a)))
    }

    fn lookup(&self, name: &str, at: Option<Span>) -> Result<Option<Found>, Diagnostic> {
        let found = |index: usize, matches: Vec<Arc<str>>| {
            let task = self.tasks.get_index(index)?.1.clone();
            let called_as = if *task.name == *name { task.name.clone() } else { name.into() };
            Some(Found::called(task, called_as, matches))
        };
        if let Some(index) = self.tasks.get_index_of(name) {
            return Ok(found(index, Vec::new()));
        }
        let names = self.names.get_or_init(|| Names::new(self));
        match names.aliases.get(name).map(Vec::as_slice) {
            Some(&[index]) => return Ok(found(index, Vec::new())),
            Some(several) => return Err(self.conflict(name, several, at)),
            None => {}
        }
        Ok(names.wildcards.iter().find_map(|(index, pattern)| {
            let captures = pattern.captures(name)?;
            let matches = captures.iter().skip(1).flatten().map(|part| part.as_str().into());
            found(*index, matches.collect())
        }))
    }

    fn conflict(&self, name: &str, tasks: &[usize], at: Option<Span>) -> Diagnostic {
        let tasks = tasks.iter().filter_map(|&index| self.tasks.get_index(index));
        let named: Vec<String> = tasks.clone().map(|(name, _)| format!("`{name}`")).collect();
        let message = format!("`{name}` is an alias of {}", named.join(" and of "));
        let mut error = Diagnostic::error(Fault::NameConflict, message);
        if let Some(span) = at {
            error = error.at(span, "called here");
        }
        for (_, task) in tasks {
            error = error.at(task.span, "has this alias");
        }
        error
    }
}

/// The error of a name that no task has.
pub(super) fn unknown(from: &str, written: &str, at: Option<Span>) -> Diagnostic {
    let message = format!("there is no task `{}`", full(from, written));
    let error = Diagnostic::error(Fault::NoTask, message);
    match at {
        Some(span) => error.at(span, "called here"),
        None => error,
    }
}

fn full(from: &str, written: &str) -> String {
    candidates(from, written).swap_remove(0)
}

/// Full names that `written` may mean, the first that exists counts; there is at least one.
fn candidates(from: &str, written: &str) -> Vec<String> {
    let name = written.trim_start_matches(':');
    let colons = written.len() - name.len();
    let levels: Vec<&str> = from.split(':').filter(|level| !level.is_empty()).collect();
    if colons > levels.len() {
        return vec![written.into()];
    }
    let mut outer = levels[..levels.len() - colons].to_vec();
    outer.push(name);
    let mut all = vec![outer.join(":")];
    if colons == 1 && outer.len() > 1 {
        all.push(name.into());
    }
    all
}

/// A full name as it is written in a file whose namespace is `from`.
fn relative(from: &str, full: &str) -> String {
    let inner = full.strip_prefix(from).and_then(|rest| rest.strip_prefix(':'));
    match inner {
        _ if from.is_empty() => full.into(),
        Some(inner) => inner.into(),
        None => format!(":{full}"),
    }
}
