//! The list as a tree: below each task what it calls, as far as names are written without templates.

use std::collections::HashSet;
use std::sync::Arc;

use super::Listed;
use crate::taskfile::model::{Model, Task};
use crate::term::columns;

/// Between a name and what it is for.
const GAP: usize = 2;

pub(super) fn of(listed: &[Listed], model: &Model) -> String {
    let mut tree = Tree { model, rows: Vec::new(), opened: HashSet::new() };
    let called: HashSet<Arc<str>> = listed
        .iter()
        .flat_map(|listed| below(&listed.task, model).into_iter().map(move |name| (listed, name)))
        .filter(|(listed, called)| *listed.task.name != **called)
        .map(|(_, called)| called)
        .collect();
    let is_top = |listed: &&Listed| !called.contains(&listed.task.name);
    listed.iter().filter(is_top).for_each(|listed| tree.grow(&listed.task.name, "", ""));
    // Those that only call each other.
    for listed in listed {
        if !tree.opened.contains(&listed.task.name) {
            tree.grow(&listed.task.name, "", "");
        }
    }
    tree.text(listed)
}

/// The names of the tasks that a task calls, each once; what only the run shows stays as written.
fn below(task: &Task, model: &Model) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for call in task.calls() {
        let written = &call.task.text().value;
        let name = match model.find(&task.namespace, written, None) {
            Ok(found) if !written.contains("{{") => found.task.name.clone(),
            _ => written.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

struct Tree<'m> {
    model: &'m Model,
    /// A task with what stands before its name, and whether its branches are shown elsewhere.
    rows: Vec<(String, Arc<str>, bool)>,
    opened: HashSet<Arc<str>>,
}

impl Tree<'_> {
    /// Adds a task and what it calls; `first` stands before its name, `rest` before what is below it.
    fn grow(&mut self, name: &Arc<str>, first: &str, rest: &str) {
        let task = self.model.tasks.get(name);
        let below = task.map(|task| below(task, self.model)).unwrap_or_default();
        let is_shown = !below.is_empty() && !self.opened.insert(name.clone());
        if below.is_empty() {
            self.opened.insert(name.clone());
        }
        self.rows.push((first.into(), name.clone(), is_shown));
        if is_shown {
            return;
        }
        for (at, name) in below.iter().enumerate() {
            let (branch, trunk) = match at + 1 == below.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            self.grow(name, &format!("{rest}{branch}"), &format!("{rest}{trunk}"));
        }
    }

    fn text(&self, listed: &[Listed]) -> String {
        let name = |(before, name, is_shown): &(String, Arc<str>, bool)| {
            format!("{before}{name}{}", if *is_shown { " …" } else { "" })
        };
        let names: Vec<String> = self.rows.iter().map(name).collect();
        let width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
        let mut text = String::new();
        for ((_, task, _), name) in self.rows.iter().zip(&names) {
            let is = listed.iter().find(|listed| listed.task.name == *task);
            let desc = is.map_or(String::new(), |listed| listed.is.desc.replace('\n', " "));
            let space = " ".repeat(width - columns(name) + GAP);
            text += format!("{name}{space}{desc}").trim_end();
            text.push('\n');
        }
        text
    }
}
