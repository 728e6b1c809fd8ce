//! `par list`: what tasks there are, as go-task lists them.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::args::Program;
use super::exit::Exit;
use super::flags::Locate;
use super::say::{self, Voice};
use super::world::World;
use super::{planning, prepare, status};
use crate::host::Host;
use crate::host::still::Still;
use crate::resolve::{Describer, Description};
use crate::taskfile::Found;
use crate::taskfile::model::{Model, Task};

mod json;
mod table;

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
    /// Only names, aliases too.
    pub names_only: bool,
    /// The order.
    pub sort: Sort,
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

/// Prints the list of `known`, or of the Taskfile that has still to be loaded.
pub(super) fn run(args: &ListArgs, known: Option<Model>, voice: Voice, host: &dyn Host) -> Exit {
    match known.map_or_else(|| prepare::model(args.program, &args.locate, host), Ok) {
        Ok(model) => {
            voice.warn(&model.warnings, &model.sources);
            print(args, Arc::new(model), host)
        }
        Err(failure) => voice.complain(&failure),
    }
}

/// Prints the list of a model's tasks; exits with 1 when there is none to show.
pub(super) fn print(args: &ListArgs, model: Arc<Model>, host: &dyn Host) -> Exit {
    let listed = listed(args, &model, host);
    if args.names_only && !args.json {
        return say::print(&names(&listed));
    }
    if args.json {
        return match json::of(&listed, &model, args) {
            text if listed.is_empty() => Exit::No.after(say::print(&text)),
            text => say::print(&text),
        };
    }
    if listed.is_empty() {
        let text = match args.all {
            true => "task: No tasks available\n",
            false => {
                "task: No tasks with description available. Try --list-all to list all tasks\n"
            }
        };
        return Exit::No.after(say::print(text));
    }
    let stdout = std::io::stdout().is_terminal();
    let coloured = prepare::is_coloured(args.color, stdout, host);
    say::print(&table::of(&listed, coloured))
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
    let mut listed: Vec<Listed> =
        described.filter(|listed| args.all || !listed.is.desc.is_empty()).collect();
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
        let found = Found { task: task.clone(), matches: Vec::new(), called_as: task.name.clone() };
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
