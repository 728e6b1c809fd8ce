//! Makes one model of all files: namespaces, aliases, directories, variables.
//!
//! Follows go-task's order of merging, but with siblings always in the order of the file.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use thin_vec::ThinVec;

use super::ast::{File, Include, Task};
use super::model::{Directory, Model, Output, Var};
use super::read::{Link, Tree};
use crate::diag::{Diagnostic, Fault, Severity};

/// More tasks than this come only of files that include each other's copies without end.
const MAX_TASKS: usize = 200_000;
/// Errors, and warnings, that are told one by one.
const MAX_SHOWN: usize = 100;

/// Everything in one, or every error.
pub(super) fn merge(mut tree: Tree, entry: PathBuf, root_dir: PathBuf) -> Result<Model, Box<Tree>> {
    if has_errors(&tree.diagnostics) {
        return Err(fail(tree));
    }
    let mut merger = Merger { tree: &mut tree, diagnostics: Vec::new() };
    let whole = merger.file(0);
    let diagnostics = merger.diagnostics;
    tree.diagnostics.extend(diagnostics);
    if has_errors(&tree.diagnostics) {
        return Err(fail(tree));
    }
    Ok(finish(tree, whole, entry, root_dir))
}

fn fail(mut tree: Tree) -> Box<Tree> {
    tree.diagnostics = limited(tree.diagnostics);
    Box::new(tree)
}

/// The first of the errors and of the warnings, and how many more there are.
fn limited(all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
    let more_warnings = warnings.len().saturating_sub(MAX_SHOWN);
    let more_errors = errors.len().saturating_sub(MAX_SHOWN);
    let mut few: Vec<_> = warnings.into_iter().take(MAX_SHOWN).collect();
    if more_warnings > 0 {
        few.push(Diagnostic::warning(format!("{more_warnings} more warnings like these")));
    }
    few.extend(errors.into_iter().take(MAX_SHOWN));
    if more_errors > 0 {
        let message = format!("{more_errors} more errors like these");
        few.push(Diagnostic::error(Fault::Other, message));
    }
    few
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// A file with all that it includes.
struct Whole {
    tasks: IndexMap<Arc<str>, Task>,
    vars: IndexMap<Arc<str>, Var>,
    env: IndexMap<Arc<str>, Var>,
    output: Option<Output>,
}

struct Merger<'t> {
    tree: &'t mut Tree,
    diagnostics: Vec<Diagnostic>,
}

impl Merger<'_> {
    fn file(&mut self, index: usize) -> Whole {
        let mut whole = self.own(index);
        for task in whole.tasks.values_mut() {
            task.body.taskfile = index;
        }
        let includes = std::mem::take(&mut self.tree.files[index].includes);
        for link in &includes {
            self.include(&mut whole, link);
        }
        self.tree.files[index].includes = includes;
        whole
    }

    /// A file without what it includes.
    fn own(&mut self, index: usize) -> Whole {
        let file = &mut self.tree.files[index].file;
        let by_name = |vars: &[Var]| vars.iter().map(|v| (v.name.clone(), v.clone())).collect();
        let (vars, env) = (by_name(&file.vars), by_name(&file.env));
        // Nothing includes the root, so its tasks, often the most, need no copy.
        let tasks = match index {
            0 => std::mem::take(&mut file.tasks),
            _ => file.tasks.clone(),
        };
        Whole { tasks, vars, env, output: file.output.clone() }
    }

    fn include(&mut self, whole: &mut Whole, link: &Link) {
        if whole.tasks.len() > MAX_TASKS {
            return;
        }
        let mut inner = self.file(link.target);
        self.push_defaults(&mut inner, link.target);
        whole.output = inner.output.take().or(whole.output.take());
        add_vars(&mut whole.vars, inner.vars, link);
        add_vars(&mut whole.env, inner.env, link);
        let has_default = inner.tasks.contains_key("default");
        let vars = Arc::new(whole.vars.values().cloned().collect());
        let dir = Directory::from(&*link.dir);
        for (name, task) in inner.tasks {
            if !is_excluded(&name, &link.include.excludes) {
                self.add_task(whole, task, &link.include, (&vars, &dir));
            }
        }
        if has_default && !link.include.flatten {
            add_default_aliases(whole, &link.include);
        }
        if whole.tasks.len() > MAX_TASKS {
            let message = format!("the includes make more than {MAX_TASKS} tasks");
            let span = link.include.namespace.span;
            self.diagnostics.push(Diagnostic::error(Fault::Invalid, message).at(span, "with this"));
        }
    }

    /// What an included file says for all its tasks.
    fn push_defaults(&self, inner: &mut Whole, index: usize) {
        let file = &self.tree.files[index].file;
        for task in inner.tasks.values_mut() {
            if file.silent {
                task.body.silent.get_or_insert(true);
            }
            task.use_gitignore = task.use_gitignore.or(file.use_gitignore);
        }
    }

    fn add_task(
        &mut self,
        whole: &mut Whole,
        mut task: Task,
        include: &Include,
        (vars, dir): (&Arc<Vec<Var>>, &Directory),
    ) {
        task.body.internal |= include.internal;
        if !include.flatten {
            qualify(&mut task, include);
        }
        if include.is_map {
            if task.body.base_dir.as_os_str().is_empty() {
                task.body.base_dir = dir.clone();
            }
            override_vars(&mut task.include_vars, &include.vars);
            task.file_vars = Some(vars.clone());
        }
        let name = task.body.name.clone();
        if let Some(other) = whole.tasks.get(&name) {
            self.diagnostics.push(
                Diagnostic::error(Fault::NameConflict, format!("there are two tasks `{name}`"))
                    .at(task.body.span, "one, which is included")
                    .at(other.body.span, "the other")
                    .at(include.namespace.span, "included here"),
            );
            return;
        }
        whole.tasks.insert(name, task);
    }
}

/// Puts the namespace in front of a task's names.
fn qualify(task: &mut Task, include: &Include) {
    let body = &mut task.body;
    let namespace = &*include.namespace;
    let local_aliases = body.aliases.clone();
    if !local_aliases.is_empty() {
        body.aliases = local_aliases.iter().map(|alias| within(namespace, alias)).collect();
    }
    for other in &include.aliases {
        let alias = within(other, &body.name);
        body.aliases.push(alias);
        body.aliases.extend(local_aliases.iter().map(|alias| within(other, alias)));
    }
    body.name = within(namespace, &body.name);
    body.namespace = match body.namespace.is_empty() {
        true => namespace.clone(),
        false => format!("{namespace}:{}", body.namespace).into(),
    };
}

/// `ns:name`; a `:` in front of the name keeps the namespace away.
fn within(namespace: &str, name: &str) -> Arc<str> {
    match name.strip_prefix(':') {
        Some(outer) => outer.into(),
        None => format!("{namespace}:{name}").into(),
    }
}

/// `ns` means `ns:default` unless there is a task `ns`.
fn add_default_aliases(whole: &mut Whole, include: &Include) {
    let namespace = &*include.namespace;
    if whole.tasks.contains_key(namespace) {
        return;
    }
    if let Some(task) = whole.tasks.get_mut(&*format!("{namespace}:default")) {
        task.body.aliases.push(namespace.clone());
        task.body.aliases.extend(include.aliases.iter().cloned());
    }
}

fn is_excluded(name: &str, excludes: &[Arc<str>]) -> bool {
    excludes.iter().any(|exclude| match exclude.strip_suffix(":*") {
        Some("") => false,
        Some(namespace) => name.strip_prefix(namespace).is_some_and(|rest| rest.starts_with(':')),
        None => name == &**exclude,
    })
}

/// Adds variables of an included file: a known name keeps its position and gets the new value.
fn add_vars(all: &mut IndexMap<Arc<str>, Var>, inner: IndexMap<Arc<str>, Var>, link: &Link) {
    for (name, mut var) in inner {
        if link.include.is_map {
            var.dir = Some(link.dir.clone());
        }
        all.insert(name, var);
    }
}

fn override_vars(all: &mut Vec<Var>, more: &[Var]) {
    for var in more {
        match all.iter_mut().find(|known| known.name == var.name) {
            Some(known) => *known = var.clone(),
            None => all.push(var.clone()),
        }
    }
}

fn finish(tree: Tree, whole: Whole, entry: PathBuf, root_dir: PathBuf) -> Model {
    let taskfiles = tree.files.iter().map(|read| read.path.clone()).collect();
    let mut agents: IndexMap<_, _> = Default::default();
    for (name, agent) in tree.files.iter().flat_map(|read| &read.file.agents) {
        agents.entry(name.clone()).or_insert_with(|| agent.clone());
    }
    let root = tree.files.into_iter().next().map(|read| read.file).unwrap_or_default();
    let dir = Directory::from(&*root_dir);
    let tasks = whole.tasks.into_values().enumerate().map(|(order, task)| {
        let body = decided(task, order as u32, &root, &dir);
        (body.name.clone(), Arc::from(body))
    });
    let tasks = tasks.collect();
    Model {
        entry,
        sources: tree.sources,
        taskfiles,
        tasks,
        vars: whole.vars.into_values().collect(),
        env: whole.env.into_values().collect(),
        dotenv: root.dotenv,
        output: whole.output,
        method: root.method.unwrap_or_default(),
        run: root.run.unwrap_or_default(),
        silent: root.silent,
        set: root.set,
        shopt: root.shopt,
        interval: root.interval,
        parallel: root.parallel,
        agents,
        warnings: limited(tree.diagnostics),
        errors: tree.broken,
        root_dir,
        names: Default::default(),
    }
}

/// A task with nothing left open.
fn decided(task: Task, order: u32, root: &File, root_dir: &Directory) -> Box<super::model::Task> {
    let mut body = task.body;
    body.order = order;
    body.use_gitignore = task.use_gitignore.or(root.use_gitignore).unwrap_or(false);
    let file_vars = task.file_vars.iter().flat_map(|vars| vars.iter().cloned());
    let include_vars: ThinVec<Var> = task.include_vars.into_iter().chain(file_vars).collect();
    if !include_vars.is_empty() {
        body.include_vars = include_vars;
    }
    if body.base_dir.as_os_str().is_empty() {
        body.base_dir = root_dir.clone();
    }
    if let (None, None, Some(error)) = (body.method, &body.method_error, &root.method_error) {
        body.method_error = Some(Box::new(error.clone()));
    }
    body
}
