//! What a task says of itself, without running anything for it: scripts of variables print nothing.

use std::sync::Arc;

use indexmap::IndexMap;

use super::body;
use super::called::{Aim, Outlets};
use super::check::Check;
use super::context::{Circumstances, Context};
use super::draft::Piece;
use super::scope::{Argument, Given, text};
use super::settings::Settings;
use super::shared::{Shared, Site};
use crate::diag::Diagnostic;
use crate::host::Host;
use crate::host::still::Still;
use crate::taskfile::Found;
use crate::taskfile::model::{Model, Task, Var};
use crate::template::{Facts, Template};
use crate::value::Value;

/// Describes tasks of one model.
pub struct Describer {
    pub(super) shared: Arc<Shared>,
}

/// What a task says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// Its label, or its name.
    pub name: Arc<str>,
    /// For lists; empty when there is none.
    pub desc: Arc<str>,
    /// For summaries; empty when there is none.
    pub summary: Arc<str>,
}

/// Everything that a task consists of.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// What it says of itself.
    pub is: Description,
    /// Variables of the Taskfile, the command line and the task.
    pub vars: IndexMap<Arc<str>, Shown>,
    /// Environment of the Taskfile and the task.
    pub env: IndexMap<Arc<str>, Shown>,
    /// Names of its dependencies, as called.
    pub deps: Vec<Arc<str>>,
    /// Its body.
    pub steps: Vec<Step>,
}

/// How the value of a variable is shown.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    /// Not at all.
    Secret,
    /// As the script that would print it.
    Script(Arc<str>),
    /// As it is.
    Value(Value),
}

/// An element of a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A command, secrets masked.
    Command(Arc<str>),
    /// A call of the task of this name.
    Call(Arc<str>),
}

impl Describer {
    /// A describer of the tasks of `model`.
    pub fn new(
        model: Arc<Model>,
        settings: Settings,
        facts: Arc<dyn Facts + Send + Sync>,
    ) -> Describer {
        Describer { shared: Arc::new(Shared::new(model, settings, facts)) }
    }

    /// Describes a task. Where a template or a variable is wrong, the texts stay as written.
    pub fn describe(&self, task: &Arc<Task>, host: &dyn Host) -> Description {
        self.evaluated(task, host).unwrap_or_else(|_| as_written(task))
    }

    /// Everything that a task consists of, as far as it is known without running anything.
    pub fn summarise(&self, found: &Found, host: &dyn Host) -> Result<Summary, Diagnostic> {
        let host = Still(host);
        let site = Site { shared: &self.shared, host: &host };
        let context = Arc::new(context(found, site)?);
        let aim = Aim { found: found.clone(), arguments: Default::default() };
        let body = body::of(&aim, &context, site)?;
        let task = &found.task;
        let ground = site.ground()?;
        let written = ground.written(site).chain(&task.include_vars).chain(&task.vars);
        let last = |name: &Arc<str>| context.vars.get(name).cloned();
        let mut vars = shown(written, last, &context, site)?;
        let mut env = shown(ground.env.iter().chain(&task.env), |_| None, &context, site)?;
        // As go-task has it, a name of the environment is none of a variable, one of the machine's neither.
        vars.retain(|name, _| !env.contains_key(name) && !ground.machine.contains_key(name));
        env.retain(|name, _| !ground.machine.contains_key(name));
        let is = description(task, &context, site)?;
        Ok(Summary {
            vars,
            env,
            deps: body.deps.iter().map(|dep| dep.name.clone()).collect(),
            steps: body.steps.iter().filter_map(|piece| step(piece, &context, site)).collect(),
            is,
        })
    }

    /// What is to be asked before the body of a task runs, its scripts evaluated.
    pub fn check(&self, found: &Found, host: &dyn Host) -> Result<Check, Diagnostic> {
        let site = Site { shared: &self.shared, host };
        let context = evaluate(found, false, site)?;
        Ok(Check { shared: self.shared.clone(), context: Some(Arc::new(context)) })
    }

    fn evaluated(&self, task: &Arc<Task>, host: &dyn Host) -> Result<Description, Diagnostic> {
        let host = Still(host);
        let site = Site { shared: &self.shared, host: &host };
        let found = Found::new(task.clone());
        description(task, &context(&found, site)?, site)
    }
}

fn context(found: &Found, site: Site<'_>) -> Result<Context, Diagnostic> {
    evaluate(found, true, site)
}

fn evaluate(found: &Found, forced: bool, site: Site<'_>) -> Result<Context, Diagnostic> {
    let circumstances = Circumstances {
        found,
        arguments: &[],
        silent: false,
        forced,
        outlets: &Outlets::default(),
        outputs: None,
    };
    Context::new(&circumstances, site)
}

fn description(task: &Task, context: &Context, site: Site<'_>) -> Result<Description, Diagnostic> {
    let text = |template: &Option<Template>| match template {
        Some(template) => text(template, &context.vars, site),
        None => Ok("".into()),
    };
    let (desc, summary) = (text(&task.desc)?, text(&task.summary)?);
    Ok(Description { name: context.name().clone(), desc, summary })
}

/// Each variable once, where it stands first, with its value: what `last` knows of it, else as written last.
fn shown<'a>(
    vars: impl Iterator<Item = &'a Var>,
    last: impl Fn(&Arc<str>) -> Option<Value>,
    context: &Context,
    site: Site<'_>,
) -> Result<IndexMap<Arc<str>, Shown>, Diagnostic> {
    let mut all = IndexMap::new();
    for var in vars {
        let shown = match Argument::render(var, &context.vars, site)?.given {
            _ if var.secret => Shown::Secret,
            Given::Shell(script) => Shown::Script(script),
            Given::Value(value) => Shown::Value(last(&var.name).unwrap_or(value)),
        };
        all.insert(var.name.clone(), shown);
    }
    Ok(all)
}

/// An element of the body as people read it; what cannot be rendered stays as written.
fn step(piece: &Piece, context: &Context, site: Site<'_>) -> Option<Step> {
    let rendered = |template: &Template| {
        let text = text(template, &context.vars, site);
        text.unwrap_or_else(|_| template.text().value.clone())
    };
    match piece {
        Piece::Command(line) => Some(Step::Command(match line.script.to_render() {
            None => line.script.texts().1.clone(),
            Some((template, _)) => context.telling.hide(&rendered(template)),
        })),
        Piece::Call(mention, _) => Some(Step::Call(mention.name.clone())),
        Piece::Late(late) => Some(Step::Call(rendered(&late.call.task))),
        Piece::Join => None,
    }
}

fn as_written(task: &Task) -> Description {
    let text = |template: &Option<Template>| match template {
        Some(template) => template.text().value.clone(),
        None => "".into(),
    };
    let label = text(&task.label);
    let name = if label.is_empty() { task.name.clone() } else { label };
    Description { name, desc: text(&task.desc), summary: text(&task.summary) }
}
