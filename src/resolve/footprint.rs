//! What decides whether a call would do the same again: what its commands say, which values they
//! read, what it reads and makes.
//!
//! Describes; compares nothing. Texts are templates as written, for values of scripts and of the
//! undeclared environment differ from run to run: they count only where `requires` lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::files::{of_action, of_loop, of_variable};
use super::ground::{Ground, read_dotenv};
use super::scope::Given;
use super::settings::Precedence;
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::host::{Ignored, Pattern};
use crate::source::Text;
use crate::taskfile::model::{
    Action, Axis, Call, Command, Each, Method, Over, Task, Var, VarValue,
};
use crate::template::{Template, show};
use crate::value::Value;

/// Variables that say how `par` was called, not what a task is to do.
const MANNERS: [&str; 5] =
    ["CLI_FORCE", "CLI_SILENT", "CLI_VERBOSE", "CLI_OFFLINE", "CLI_ASSUME_YES"];

/// How deep called tasks are followed; a cycle of them is found elsewhere.
const DEPTH: usize = 100;

/// What decides whether a call would do the same again.
#[derive(Clone, Debug)]
pub struct Footprint {
    /// The task's name, wildcards filled in.
    pub task: Arc<str>,
    /// Its label, or its name.
    pub name: Arc<str>,
    /// Its name as written.
    pub written: Arc<str>,
    /// How sources are compared.
    pub compare: Compare,
    /// What patterns are relative to; absolute.
    pub dir: Arc<Path>,
    /// What it reads.
    pub sources: Vec<Pattern>,
    /// What it makes.
    pub generates: Vec<Pattern>,
    /// Whether files count that git ignores.
    pub ignored: Ignored,
    /// What it was called with, which makes it another call.
    pub arguments: BTreeMap<Arc<str>, String>,
    /// Its commands, and those of the tasks that it calls by a plain name, as written.
    pub commands: Vec<String>,
    /// Definitions of the variables that those read, by name.
    pub variables: BTreeMap<Arc<str>, String>,
    /// Definitions of declared environment, by name.
    pub environment: BTreeMap<Arc<str>, String>,
    /// Whether it runs in any case.
    pub forced: bool,
    /// Whether all its `status` commands exit with 0.
    pub status_holds: bool,
}

/// How sources are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// By what is in them.
    Content,
    /// By when they were written.
    Time,
}

impl Footprint {
    pub(super) fn of(
        context: &Context,
        status_holds: bool,
        site: Site<'_>,
    ) -> Result<Footprint, Diagnostic> {
        let ground = site.ground()?;
        let dotenv = read_dotenv(&context.task.dotenv, &context.dir, &context.vars, site)?;
        let mut tracks = Tracks::new(context, site);
        tracks.task(&context.task, 0);
        let environment = tracks.environment(&dotenv, ground, site);
        let variables = tracks.variables(ground, context);
        let files = &context.rare().files;
        Ok(Footprint {
            task: context.full_name().clone(),
            name: context.name().clone(),
            written: context.task.name.clone(),
            compare: match site.shared.method(&context.task) {
                Method::Timestamp => Compare::Time,
                Method::Checksum | Method::None => Compare::Content,
            },
            dir: context.dir.clone(),
            sources: files.sources.clone(),
            generates: files.generates.clone(),
            ignored: files.ignored,
            arguments: arguments(context),
            commands: tracks.commands,
            variables,
            environment,
            forced: context.forced,
            status_holds,
        })
    }
}

/// What a task was called with, as text.
pub(super) fn arguments(context: &Context) -> BTreeMap<Arc<str>, String> {
    let given = |given: &Given| match given {
        Given::Value(value) => stored(value),
        Given::Shell(script) => format!("sh {script}"),
    };
    context.rare().arguments.iter().map(|a| (a.name.clone(), given(&a.given))).collect()
}

/// A value with its type.
fn stored(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| show(value))
}

/// Everything that commands lead to.
struct Tracks<'a> {
    site: Site<'a>,
    tasks: Vec<Arc<Task>>,
    commands: Vec<String>,
    /// Variables that are read.
    read: BTreeSet<Arc<str>>,
    /// Whether all of them are.
    everything: bool,
}

impl<'a> Tracks<'a> {
    fn new(context: &Context, site: Site<'a>) -> Tracks<'a> {
        let mut commands =
            vec![format!("{:?} {:?}", context.options.set(), context.options.shopt())];
        commands.extend(context.task.dir.as_ref().map(|dir| dir.text().value.to_string()));
        let mut tracks =
            Tracks { site, tasks: Vec::new(), commands, read: BTreeSet::new(), everything: false };
        context.task.dir.iter().for_each(|dir| tracks.template(dir));
        tracks
    }

    fn template(&mut self, template: &Template) {
        self.everything |= template.reads_everything();
        self.read.extend(template.reads().into_iter().map(Arc::from));
    }

    /// A task's commands, and those of tasks it calls.
    fn task(&mut self, task: &Arc<Task>, depth: usize) {
        if depth > DEPTH || self.tasks.iter().any(|known| Arc::ptr_eq(known, task)) {
            return;
        }
        self.tasks.push(task.clone());
        for command in &task.cmds {
            self.command(command);
            if let Some(called) = called(&command.action).and_then(|call| call.task.literal())
                && let Ok(found) = self.site.shared.model.find(&task.namespace, called, None)
            {
                self.task(&found.task, depth + 1);
            }
        }
    }

    fn command(&mut self, command: &Command) {
        let mut templates = Vec::new();
        of_action(&command.action, &mut templates);
        templates.extend(&command.condition);
        let each = command.each.as_ref().or(called(&command.action).and_then(|c| c.each.as_ref()));
        command.each.iter().for_each(|each| of_loop(each, &mut templates));
        let mut text = String::from(kind(&command.action));
        for template in templates {
            let _ = write!(text, "\0{}", template.text().value);
            self.template(template);
        }
        let vars = called(&command.action).map_or(&[][..], |call| &call.vars);
        for var in vars {
            let _ = write!(text, "\0{}={}", var.name, definition(var));
            self.inside(var);
        }
        if let Some(each) = each {
            let _ = write!(text, "\0{}", self.turns(each));
        }
        let _ = write!(text, "\0{:?} {:?}", command.set, command.shopt);
        self.commands.push(text);
    }

    /// What a loop goes over, as written.
    fn turns(&mut self, each: &Each) -> String {
        let over = match &each.over {
            Over::List(items) => stored(&Value::list(items.iter().cloned())),
            Over::Variable { name, split } => {
                self.read.insert(name.clone());
                format!("var {name} {split:?}")
            }
            Over::Matrix(axes) => axes.iter().map(axis).collect(),
            Over::Sources => "sources".into(),
            Over::Generates => "generates".into(),
            Over::Nothing => String::new(),
        };
        format!("for {} {over}", each.name)
    }

    /// What the definition of a variable reads.
    fn inside(&mut self, var: &Var) {
        if let Some(template) = of_variable(var) {
            self.template(template);
        }
        if let VarValue::Static(value) = &var.value {
            self.texts(value);
        }
    }

    /// What the templates inside a value read; one that is wrong is somebody else's matter.
    fn texts(&mut self, value: &Value) {
        match value {
            Value::Str(text) if text.contains("{{") => {
                if let Ok(template) = Template::parse(&Text::detached(text.clone())) {
                    self.template(&template);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.texts(item)),
            Value::Map(entries) => entries.values().for_each(|item| self.texts(item)),
            _ => {}
        }
    }

    /// Declared environment: as written and, where the machine's wins, its value.
    fn environment(
        &mut self,
        dotenv: &[Var],
        ground: &Ground,
        site: Site<'_>,
    ) -> BTreeMap<Arc<str>, String> {
        let mut all: BTreeMap<Arc<str>, String> = BTreeMap::new();
        let tasks = self.tasks.clone();
        let own = tasks.iter().flat_map(|task| &task.env);
        for var in ground.env.iter().chain(dotenv).chain(own) {
            self.inside(var);
            add(&mut all, &var.name, &definition(var));
        }
        if site.shared.settings.precedence == Precedence::Machine {
            for (name, text) in &mut all {
                let _ = ground.machine.get(name).map(|value| write!(text, "\0machine {value}"));
            }
        }
        all
    }

    /// The variables that are read, and those that their definitions read.
    fn variables(&mut self, ground: &Ground, context: &Context) -> BTreeMap<Arc<str>, String> {
        let tasks = std::mem::take(&mut self.tasks);
        let own = tasks.iter().flat_map(|task| task.include_vars.iter().chain(&task.vars));
        let known: Vec<&Var> = ground
            .env
            .iter()
            .chain(&ground.vars)
            .chain(own)
            .filter(|var| !MANNERS.contains(&&*var.name))
            .collect();
        let mut all = BTreeMap::new();
        let mut done = vec![false; known.len()];
        while let Some(at) = (0..known.len())
            .find(|&at| !done[at] && (self.everything || self.read.contains(&known[at].name)))
        {
            done[at] = true;
            self.inside(known[at]);
            add(&mut all, &known[at].name, &definition(known[at]));
        }
        for required in &context.task.requires {
            let value = context.vars.get(&required.name).map(stored).unwrap_or_default();
            add(&mut all, &required.name, &value);
        }
        all
    }
}

fn add(all: &mut BTreeMap<Arc<str>, String>, name: &Arc<str>, text: &str) {
    let known = all.entry(name.clone()).or_default();
    let _ = write!(known, "\0{text}");
}

/// A variable's value as written.
fn definition(var: &Var) -> String {
    match &var.value {
        VarValue::Template(template) => stored(&Value::Str(template.text().value.clone())),
        VarValue::Static(value) => stored(value),
        VarValue::Shell(template) => format!("sh {}", template.text().value),
        VarValue::Reference(template) => format!("ref {}", template.text().value),
    }
}

fn axis((name, axis): &(Arc<str>, Axis)) -> String {
    match axis {
        Axis::List(items) => format!("{name} {} ", stored(&Value::list(items.iter().cloned()))),
        Axis::Reference(pipeline) => format!("{name} ref {} ", pipeline.text().value),
    }
}

fn called(action: &Action) -> Option<&Call> {
    match action {
        Action::Call(call) | Action::DeferCall(call) => Some(call),
        Action::Lifted(lifted) => Some(&lifted.call),
        Action::Shell(_) | Action::DeferShell(_) | Action::Join => None,
    }
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Shell(_) => "sh",
        Action::Call(_) => "task",
        Action::Lifted(_) => "lifted",
        Action::Join => "wait",
        Action::DeferShell(_) => "defer sh",
        Action::DeferCall(_) => "defer task",
    }
}
