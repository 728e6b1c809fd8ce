//! The files a call reads and makes, and the variables that say in what state the former are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use super::scope::text;
use super::shared::Site;
use crate::diag::{Diagnostic, Fault};
use crate::host::files::select;
use crate::host::{Host, Ignored, Pattern, digest};
use crate::taskfile::model::{Action, Axis, Call, Each, Glob, Method, Over, Task, Var, VarValue};
use crate::template::Template;
use crate::value::{Value, Vars};

/// What a call reads.
#[derive(Clone, Debug)]
pub struct Reads {
    /// What patterns are relative to.
    pub(super) dir: Arc<Path>,
    pub(super) files: Files,
}

impl Reads {
    /// The files that are there now, absolute and sorted.
    pub fn files(&self, host: &dyn Host) -> Vec<PathBuf> {
        select(host, &self.dir, &self.files.sources, self.files.ignored)
    }
}

/// What a call reads and makes, rendered.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub(super) sources: Vec<Pattern>,
    pub(super) generates: Vec<Pattern>,
    pub(super) ignored: Ignored,
}

impl Files {
    pub(super) fn new(task: &Task, vars: &Vars, site: Site<'_>) -> Result<Files, Diagnostic> {
        let patterns = |globs: &[Glob]| -> Result<Vec<Pattern>, Diagnostic> {
            let pattern = |glob: &Glob| {
                Ok(Pattern { text: text(&glob.pattern, vars, site)?, exclude: glob.exclude })
            };
            globs.iter().map(pattern).collect()
        };
        let ignored = if task.use_gitignore { Ignored::Omitted } else { Ignored::Kept };
        let (sources, generates) = (patterns(&task.sources)?, patterns(&task.generates)?);
        Ok(Files { sources, generates, ignored })
    }

    /// The files that some of the patterns mean, which are relative to `dir`.
    pub(super) fn select(&self, dir: &Path, patterns: &[Pattern], site: Site<'_>) -> Vec<PathBuf> {
        select(site.host, dir, patterns, self.ignored)
    }

    /// `CHECKSUM` or `TIMESTAMP`, as the method has it; only where something reads it, for it may take
    /// long.
    pub(super) fn variable(
        &self,
        task: &Task,
        dir: &Path,
        method: Method,
        site: Site<'_>,
    ) -> Result<Option<(&'static str, Value)>, Diagnostic> {
        let Some(name) = state(task, method) else { return Ok(None) };
        let files = self.select(dir, &self.sources, site);
        let value = match method {
            Method::Timestamp => newest(&files, site).map(Value::Time),
            _ => site.host.checksum(&files).map(|sum| Value::str(digest::shown(sum))),
        };
        match value {
            Ok(value) => Ok(Some((name, value))),
            Err(error) => {
                let message = format!("sources of task `{}` cannot be read: {error}", task.name);
                Err(Diagnostic::error(Fault::Other, message).at(task.span, ""))
            }
        }
    }
}

/// Whether evaluating a call of the task looks at its sources.
pub(super) fn reads_sources(task: &Task, method: Method) -> bool {
    state(task, method).is_some()
}

/// The variable that says in what state a task's sources are, where something reads it.
fn state(task: &Task, method: Method) -> Option<&'static str> {
    let name = match method {
        Method::Checksum => "CHECKSUM",
        Method::Timestamp => "TIMESTAMP",
        Method::None => return None,
    };
    let looks = task.method_error.is_none() && !task.sources.is_empty() && is_read(task, name);
    looks.then_some(name)
}

/// When the newest of the files was written, nanoseconds since 1970; without files, that moment.
fn newest(files: &[PathBuf], site: Site<'_>) -> std::io::Result<i128> {
    let written = |file: &PathBuf| {
        let modified = site.host.modified(file)?;
        Ok(match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        })
    };
    files.iter().try_fold(0, |newest, file| written(file).map(|time: i128| newest.max(time)))
}

/// Whether a task reads a variable where it is to be seen: in commands, calls and checks.
fn is_read(task: &Task, name: &str) -> bool {
    let mut templates: Vec<&Template> = task.status.iter().collect();
    for precondition in &task.preconditions {
        templates.push(&precondition.script);
        templates.extend(&precondition.message);
    }
    task.deps.iter().for_each(|call| of_call(call, &mut templates));
    for command in &task.cmds {
        of_action(&command.action, &mut templates);
        templates.extend(&command.condition);
        command.each.iter().for_each(|each| of_loop(each, &mut templates));
    }
    templates.iter().any(|template| reads(template, name))
}

fn reads(template: &Template, name: &str) -> bool {
    template.reads_everything() || template.reads().contains(&name)
}

/// All templates of what a command does.
pub(super) fn of_action<'a>(action: &'a Action, all: &mut Vec<&'a Template>) {
    match action {
        Action::Shell(script) | Action::DeferShell(script) => all.push(script),
        Action::Call(call) | Action::DeferCall(call) => of_call(call, all),
        Action::Lifted(lifted) => {
            of_call(&lifted.call, all);
            all.extend(lifted.redirect.iter().map(|to| &to.file));
        }
        Action::Join => {}
    }
}

/// All templates of a call.
fn of_call<'a>(call: &'a Call, all: &mut Vec<&'a Template>) {
    all.push(&call.task);
    call.vars.iter().for_each(|var| all.extend(of_variable(var)));
    call.each.iter().for_each(|each| of_loop(each, all));
}

/// All templates of a loop.
pub(super) fn of_loop<'a>(each: &'a Each, all: &mut Vec<&'a Template>) {
    if let Over::Matrix(axes) = &each.over {
        all.extend(axes.iter().filter_map(|(_, axis)| match axis {
            Axis::Reference(pipeline) => Some(pipeline),
            Axis::List(_) => None,
        }));
    }
}

/// The template of a variable; texts inside lists and maps are not templates yet.
pub(super) fn of_variable(var: &Var) -> Option<&Template> {
    match &var.value {
        VarValue::Template(template)
        | VarValue::Shell(template)
        | VarValue::Reference(template) => Some(template),
        VarValue::Static(_) => None,
    }
}
