//! The list for programs, in the shape of go-task.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{ListArgs, Listed};
use crate::taskfile::model::Model;

#[derive(Serialize, Default)]
struct Namespace<'a> {
    tasks: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    namespaces: BTreeMap<&'a str, Namespace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Path>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    task: &'a str,
    desc: &'a str,
    summary: &'a str,
    aliases: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    up_to_date: Option<bool>,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    line: usize,
    column: usize,
    taskfile: &'a Path,
}

pub(super) fn of(listed: &[Listed], model: &Model, args: &ListArgs) -> String {
    let mut root = Namespace { location: Some(&model.entry), ..Namespace::default() };
    for listed in listed {
        let parts: Vec<&str> = listed.task.name.split(':').collect();
        let spaces = if args.nested { &parts[..parts.len() - 1] } else { &[] };
        let space =
            spaces.iter().fold(&mut root, |space, part| space.namespaces.entry(part).or_default());
        space.tasks.push(entry(listed, model));
    }
    serde_json::to_string_pretty(&root).map(|text| text + "\n").unwrap_or_default()
}

fn entry<'a>(listed: &'a Listed, model: &'a Model) -> Entry<'a> {
    let task = &listed.task;
    let (line, column) = model.sources.line_column(task.span.file, task.span.start);
    let taskfile = model.taskfiles.get(task.taskfile).map_or(Path::new(""), |path| path);
    Entry {
        name: &listed.is.name,
        task: &task.name,
        desc: &listed.is.desc,
        summary: &listed.is.summary,
        aliases: &task.aliases,
        up_to_date: listed.is_up_to_date,
        location: Location { line, column, taskfile },
    }
}
