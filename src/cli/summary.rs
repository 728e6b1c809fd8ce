//! `--summary`: what tasks consist of, without running anything.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use super::args::RunArgs;
use super::exit::Exit;
use super::planning;
use super::say::{self, Voice};
use super::settings::Settings;
use super::unknown;
use super::world::World;
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;
use crate::resolve::{Describer, Shown, Step, Summary};
use crate::taskfile::Found;
use crate::taskfile::model::{Axis, Model, Required, Task};
use crate::template::show;
use crate::term::{Colour, Style};
use crate::value::Value;

/// Prints the summaries of the tasks of the command line.
pub(super) fn run(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    let asked = planning::planning(args, settings, model, host);
    let style = settings.color.value.style(&|name| host.env(name), io::stdout().is_terminal());
    let describer = Describer::new(model.clone(), asked, Arc::new(World));
    let text = |request: &crate::resolve::Request| {
        let found = callable(model, &request.name)?;
        let summary = describer.summarise(&found, host)?;
        Ok(of(&found.task, &summary, style))
    };
    let requests = planning::requests(&args.tasks);
    match requests.iter().map(text).collect::<Result<Vec<_>, Diagnostic>>() {
        Ok(texts) => say::print(&texts.join("\n\n")),
        Err(wrong) => {
            unknown::complain(&[wrong], args.program, settings.fuzzy.value, model, voice, host)
        }
    }
}

/// The task of this name, unless it is not for the command line.
pub(super) fn callable(model: &Model, name: &str) -> Result<Found, Diagnostic> {
    let found = model.find("", name, None)?;
    if found.task.internal {
        let message = format!("task `{name}` is internal");
        return Err(Diagnostic::error(Fault::Internal, message));
    }
    Ok(found)
}

fn of(task: &Task, summary: &Summary, style: Style) -> String {
    let is = &summary.is;
    let said = match (&*is.summary, &*is.desc) {
        ("", "") => "(task does not have description or summary)",
        ("", desc) => desc,
        (summary, _) => summary.strip_suffix('\n').unwrap_or(summary),
    };
    let list = |names: &[Arc<str>]| names.iter().map(|name| format!(" - {name}\n")).collect();
    let aliases = |names: &[Arc<str>]| {
        names.iter().map(|name| format!(" - {}\n", style.paint(Colour::Cyan, name))).collect()
    };
    let yellow = |lines: String| {
        lines.lines().map(|line| style.paint(Colour::Yellow, line) + "\n").collect::<String>()
    };
    let variables = |all: &indexmap::IndexMap<_, _>| {
        yellow(all.iter().map(|(name, value)| variable(name, value)).collect())
    };
    let mut text = format!("task: {}\n\n{said}\n", style.paint(Colour::Green, &is.name));
    let sections = [
        ("vars", variables(&summary.vars)),
        ("env", variables(&summary.env)),
        ("requires", requires(&task.requires, &yellow)),
        ("dependencies", list(&summary.deps)),
        ("aliases", aliases(&task.aliases)),
        ("commands", summary.steps.iter().map(|of| step(of, style)).collect()),
    ];
    for (title, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        text += &format!("\n{title}:\n{lines}");
    }
    text
}

fn variable(name: &Arc<str>, shown: &Shown) -> String {
    match shown {
        Shown::Secret => format!("  {name}: *****\n"),
        Shown::Script(script) => format!("  {name}: sh: {script}\n"),
        Shown::Value(value @ Value::Map(_)) => format!("  {name}: \n{}\n", block(value)),
        Shown::Value(value) => format!("  {name}: \"{}\"\n", show(value)),
    }
}

fn block(value: &Value) -> String {
    let yaml = serde_yaml::to_string(value).unwrap_or_default();
    yaml.lines().map(|line| format!("    {line}\n")).collect()
}

fn step(step: &Step, style: Style) -> String {
    let text = match step {
        Step::Command(text) => style.paint(Colour::Yellow, text),
        Step::Call(name) => style.paint(Colour::Green, &format!("Task: {name}")),
    };
    format!(" - {text}\n")
}

fn requires(required: &[Required], yellow: &dyn Fn(String) -> String) -> String {
    if required.is_empty() {
        return String::new();
    }
    let line = |required: &Required| match &required.allowed {
        None => format!("    - {}\n", required.name),
        Some(allowed) => format!("    - {}:\n        enum:\n{}", required.name, values(allowed)),
    };
    "  vars:\n".to_string() + &yellow(required.iter().map(line).collect())
}

fn values(allowed: &Axis) -> String {
    match allowed {
        Axis::List(values) => {
            values.iter().map(|value| format!("          - {}\n", show(value))).collect()
        }
        Axis::Reference(template) => format!("          ref: {}\n", template.text().value),
    }
}
