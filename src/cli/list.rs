//! `par list`: what tasks there are, as go-task lists them.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::args::Program;
use super::exit::Exit;
use super::flags::{Locate, RemoteFlags};
use super::remote::Network;
use super::say::{self, Voice};
use super::world::World;
use super::{planning, prepare, status};
use crate::host::Host;
use crate::host::still::Still;
use crate::resolve::{Describer, Description};
use crate::taskfile::model::{Model, Task};
use crate::taskfile::{Found, Outline};
use table::Row;

mod json;
mod table;
mod tree;

/// Order of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Sort {
    /// Tasks without a namespace first, each part by name.
    #[default]
    Default,
    /// All by name.
    Alphanumeric,
    /// As in the files.
    None,
}

impl Sort {
    /// The order of this name; as in go-task, another word is the default order.
    pub fn named(name: &str) -> Sort {
        Sort::from_str(name, false).unwrap_or_default()
    }
}

/// What to list, and how.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListArgs {
    /// Whose Taskfile.
    pub program: Program,
    /// Also tasks without a description.
    pub all: bool,
    /// As JSON.
    pub json: bool,
    /// The JSON by namespaces.
    pub nested: bool,
    /// The JSON without asking what is up to date.
    pub no_status: bool,
    /// As a tree of calls.
    pub tree: bool,
    /// Only names, aliases too.
    pub names_only: bool,
    /// The order.
    pub sort: Sort,
    /// How Taskfiles from the network are read.
    pub remote: RemoteFlags,
    /// Whether every question is answered with yes.
    pub yes: bool,
    /// Whether colours are forced or forbidden.
    pub color: Option<bool>,
    /// Which Taskfile.
    pub locate: Locate,
}

/// A task of the list.
struct Listed {
    task: Arc<Task>,
    is: Description,
    /// `None` when nobody asked.
    is_up_to_date: Option<bool>,
}

/// What is known of a Taskfile before a list is asked for.
#[derive(Debug)]
pub(super) enum Known {
    /// All of it.
    Whole(Box<Model>),
    /// Names and descriptions.
    Outline(Box<Outline>),
}

impl Known {
    /// As much as it takes to know which tasks there are.
    pub(super) fn of(locate: &Locate, host: &dyn Host) -> Option<Known> {
        match prepare::outline(Program::Par, locate, host) {
            Some(outline) => Some(Known::Outline(Box::new(outline))),
            None => {
                let flags = RemoteFlags::default();
                // Nobody has asked for anything yet.
                let network = Network { flags: &flags, yes: false, is_allowed: false };
                let model = prepare::model(Program::Par, locate, network, host).ok()?;
                Some(Known::Whole(Box::new(model)))
            }
        }
    }

    /// Whether a task can be called by this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Known::Whole(model) => model.callable().any(|task| task == name),
            Known::Outline(outline) => outline.tasks().any(|task| outline.name(task) == name),
        }
    }
}

/// Prints the list of `known`, or of the Taskfile that has still to be loaded.
pub(super) fn run(args: &ListArgs, known: Option<Known>, voice: Voice, host: &dyn Host) -> Exit {
    let known = match known {
        Some(Known::Whole(model)) => Ok(*model),
        Some(Known::Outline(outline)) if !args.json && !args.tree => {
            return print_outline(args, *outline, host);
        }
        _ => {
            let network = Network { flags: &args.remote, yes: args.yes, is_allowed: true };
            prepare::model(args.program, &args.locate, network, host)
        }
    };
    match known {
        Ok(model) => {
            voice.warn(&model.warnings, &model.sources);
            print(args, Arc::new(model), host)
        }
        Err(failure) => voice.complain(&failure),
    }
}

/// An outline has neither warnings nor aliases, and nothing in it is internal.
fn print_outline(args: &ListArgs, outline: Outline, host: &dyn Host) -> Exit {
    let is_all =
        args.all || shows_all(args, outline.tasks().all(|task| outline.desc(task).is_empty()));
    let is_shown = |task: &u32| is_all || !outline.desc(*task as usize).is_empty();
    let tasks = (0..outline.tasks().len() as u32).filter(is_shown).collect();
    let tasks = sorted(tasks, |task| outline.name(task as usize), args.sort);
    let tasks = tasks.iter().map(|&task| task as usize);
    if args.names_only {
        return say::print(&tasks.flat_map(|task| [outline.name(task), "\n"]).collect::<String>());
    }
    let row = |task| Row { name: outline.name(task), desc: outline.desc(task), aliases: &[] };
    show(args, tasks.map(row), host)
}

/// Tens of thousands of names, which are all different, are told apart by their beginnings mostly, which are kept
/// at hand.
fn sorted<'n>(tasks: Vec<u32>, name: impl Fn(u32) -> &'n str, sort: Sort) -> Vec<u32> {
    let beginning = |name: &str| {
        let mut bytes = [0; 16];
        let length = name.len().min(bytes.len());
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        u128::from_be_bytes(bytes)
    };
    let sorted = |tasks: Vec<u32>| {
        let mut all: Vec<_> = tasks.into_iter().map(|task| (beginning(name(task)), task)).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1))));
        all.into_iter().map(|(_, task)| task)
    };
    match sort {
        Sort::None => tasks,
        Sort::Alphanumeric => sorted(tasks).collect(),
        Sort::Default => {
            let (within, without): (Vec<u32>, Vec<u32>) =
                tasks.into_iter().partition(|&task| name(task).as_bytes().contains(&b':'));
            sorted(without).chain(sorted(within)).collect()
        }
    }
}

/// Prints the list of a model's tasks; exits with 1 when there is none to show.
pub(super) fn print(args: &ListArgs, model: Arc<Model>, host: &dyn Host) -> Exit {
    let listed = listed(args, &model, host);
    if args.tree && !listed.is_empty() {
        return say::print(&tree::of(&listed, &model));
    }
    if args.names_only && !args.json {
        return say::print(&names(&listed));
    }
    if args.json {
        return match json::of(&listed, &model, args) {
            text if listed.is_empty() => Exit::No.after(say::print(&text)),
            text => say::print(&text),
        };
    }
    let rows = listed.iter().map(|listed| Row {
        name: &listed.task.name,
        desc: &listed.is.desc,
        aliases: &listed.task.aliases,
    });
    show(args, rows, host)
}

fn show<'r>(args: &ListArgs, rows: impl Iterator<Item = Row<'r>> + Clone, host: &dyn Host) -> Exit {
    if rows.clone().next().is_none() {
        return Exit::No.after(show_nothing(args, host));
    }
    let stdout = std::io::stdout().is_terminal();
    let style = prepare::style(args.color, args.program, stdout, host);
    say::print(&table::of(rows, args.program, style))
}

fn show_nothing(args: &ListArgs, host: &dyn Host) -> Exit {
    match (args.program, args.all) {
        (Program::Par, _) => {
            Voice::new(host).talk("par: this Taskfile has no tasks that can be called\n");
            Exit::Success
        }
        (Program::Task, true) => say::print("task: No tasks available\n"),
        (Program::Task, false) => say::print(
            "task: No tasks with description available. Try --list-all to list all tasks\n",
        ),
    }
}

/// Under our own name a list of nothing helps nobody; programs get what they ask for.
fn shows_all(args: &ListArgs, is_nothing_described: bool) -> bool {
    args.program == Program::Par && is_nothing_described && !args.json
}

fn listed(args: &ListArgs, model: &Arc<Model>, host: &dyn Host) -> Vec<Listed> {
    let settings = planning::bare(args.program, host);
    let describer = Describer::new(model.clone(), settings, Arc::new(World));
    let open = model.tasks.values().filter(|task| !task.internal);
    let described = open.map(|task| Listed {
        is: describer.describe(task, host),
        task: task.clone(),
        is_up_to_date: None,
    });
    let mut listed: Vec<Listed> = described.collect();
    let is_all = args.all || shows_all(args, listed.iter().all(|listed| listed.is.desc.is_empty()));
    listed.retain(|listed| is_all || !listed.is.desc.is_empty());
    if args.json && !args.no_status {
        ask_status(args, &mut listed, model, &describer, host);
    }
    match args.sort {
        Sort::None => {}
        Sort::Alphanumeric => listed.sort_by(|a, b| a.task.name.cmp(&b.task.name)),
        Sort::Default => {
            listed.sort_by_key(|listed| (listed.task.name.contains(':'), listed.task.name.clone()))
        }
    }
    listed
}

/// Asks what is up to date. As with go-task, a list runs no scripts: without sources nothing is.
fn ask_status(
    args: &ListArgs,
    listed: &mut [Listed],
    model: &Model,
    describer: &Describer,
    host: &dyn Host,
) {
    let temp_dir = host.env("TASK_TEMP_DIR").map(PathBuf::from);
    let fingerprints = status::fingerprints(args.program, &temp_dir, model, host);
    let still = Still(host);
    for listed in listed {
        let task = &listed.task;
        let found = Found::new(task.clone());
        let ask = || status::is_up_to_date(describer.check(&found, &still)?, &fingerprints, &still);
        listed.is_up_to_date = Some(!task.sources.is_empty() && ask().unwrap_or(false));
    }
}

fn names(listed: &[Listed]) -> String {
    let names = |listed: &Listed| {
        let all = std::iter::once(&listed.task.name).chain(&listed.task.aliases);
        all.map(|name| format!("{name}\n")).collect::<String>()
    };
    listed.iter().map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_sorted_as_a_whole_list_is() {
        let names = [
            "b",
            "a:z",
            "a",
            "a-very-long-name-2",
            "a-very-long-name-10",
            "a-very-long-name",
            "a-very-long-nam",
            "A",
            "ab",
            "z",
            "ns:a-very-long-name-2",
            "ns:a-very-long-name-1",
        ];
        let all: Vec<u32> = (0..names.len() as u32).collect();
        let order = |sort| -> Vec<&str> {
            let order = sorted(all.clone(), |task| names[task as usize], sort);
            order.into_iter().map(|task| names[task as usize]).collect()
        };
        assert_eq!(order(Sort::None), names);
        let mut expected = names;
        expected.sort_unstable();
        assert_eq!(order(Sort::Alphanumeric), expected);
        expected.sort_by_key(|name| name.contains(':'));
        assert_eq!(order(Sort::Default), expected);
    }
}
