//! A call that was evaluated: everything its checks, commands and calls have in common.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use thin_vec::ThinVec;

use super::called::Outlets;
use super::files::Files;
use super::ground::Ground;
use super::options::Options;
use super::scope::{Argument, Scope, text};
use super::settings::{Compat, OUTPUTS};
use super::shared::Site;
use super::telling::Telling;
use super::{environment, names, path, plain};
use crate::diag::Diagnostic;
use crate::host::Env;
use crate::source::Span;
use crate::taskfile::Found;
use crate::taskfile::model::{Method, Output, Task};
use crate::template::Template;
use crate::value::{Value, Vars};

/// A call that was evaluated. There is one for each, so what few calls have is kept aside.
pub(super) struct Context {
    pub(super) task: Arc<Task>,
    pub(super) dir: Arc<Path>,
    pub(super) env: Arc<Env>,
    pub(super) vars: Arc<Vars>,
    /// What is not shown although nobody declared it secret.
    pub(super) telling: Telling,
    pub(super) options: Options,
    /// Whether nothing of it is echoed.
    pub(super) quiet: bool,
    /// Whether it runs in any case.
    pub(super) forced: bool,
    rare: Option<Box<Rare>>,
}

/// What few calls have.
#[derive(Default)]
pub(super) struct Rare {
    /// What it is called where that is not the task's name.
    names: Option<Names>,
    /// The variables for what is shown, when there are secrets.
    pub(super) masked: Option<Arc<Vars>>,
    pub(super) secrets: Arc<[Arc<str>]>,
    pub(super) outlets: Outlets,
    /// What stands before and after the output of each of its commands.
    pub(super) frame: (Arc<str>, Arc<str>),
    pub(super) checks: Checks,
    /// What it reads and makes.
    pub(super) files: Files,
    /// What it was called with.
    pub(super) arguments: ThinVec<Argument>,
}

/// What a call is called.
struct Names {
    /// The task as messages name it.
    shown: Arc<str>,
    /// The task as prefixed output names it.
    prefix: Arc<str>,
    /// The task's name, wildcards filled in.
    full: Arc<str>,
}

impl Rare {
    /// Whether it is as of most calls.
    fn is_usual(&self) -> bool {
        let hides = self.masked.is_some() || !self.secrets.is_empty();
        let leads_away = self.outlets.stdout.is_some() || self.outlets.stderr.is_some();
        let is_framed = !self.frame.0.is_empty() || !self.frame.1.is_empty();
        let has_files = !self.files.sources.is_empty() || !self.files.generates.is_empty();
        let is_asked = !self.checks.is_empty() || !self.arguments.is_empty();
        self.names.is_none() && ![hides, leads_away, is_framed, has_files, is_asked].contains(&true)
    }
}

/// What has to be asked before the body runs.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) preconditions: ThinVec<Condition>,
    pub(super) status: ThinVec<Arc<str>>,
    pub(super) prompts: ThinVec<Arc<str>>,
    /// Whether what it reads and makes is compared with what it was.
    pub(super) compares: bool,
    /// Nobody knows how that is to be compared.
    pub(super) method_error: Option<Box<Diagnostic>>,
}

pub(super) struct Condition {
    pub(super) script: Arc<str>,
    pub(super) message: Arc<str>,
    pub(super) span: Span,
}

/// How a task was called.
pub(super) struct Circumstances<'a> {
    pub(super) found: &'a Found,
    pub(super) arguments: &'a [Argument],
    pub(super) silent: bool,
    pub(super) forced: bool,
    pub(super) outlets: &'a Outlets,
    /// What tasks have written for others so far.
    pub(super) outputs: Option<Value>,
}

impl Context {
    /// Evaluates a call.
    pub(super) fn new(call: &Circumstances<'_>, site: Site<'_>) -> Result<Context, Diagnostic> {
        let ground = site.ground()?;
        let task = &call.found.task;
        let mut scope = scope(call, ground, site)?;
        let say = |template: &Option<Template>, otherwise: &Arc<str>| match template {
            Some(template) => text(template, &scope.vars, site)
                .map(|name| if name.is_empty() { otherwise.clone() } else { name }),
            None => Ok(otherwise.clone()),
        };
        let full_name = call.found.full_name().clone();
        let name = say(&task.label, &full_name)?;
        let prefix = say(&task.prefix, &task.name)?;
        let dir = directory(task, &scope.vars, site)?;
        let env = environment::of_commands(task, &dir, &scope.vars, ground, site)?;
        // go-task shows everything.
        let telling = match site.shared.settings.compat {
            Compat::Par => ground.telling(&env, site),
            Compat::GoTask => Telling::default(),
        };
        let files = Files::new(task, &scope.vars, site)?;
        let method = site.shared.method(task);
        if let Some((name, value)) = files.variable(task, &dir, method, site)? {
            scope.vars.set(name, value);
        }
        let (model, settings) = (&site.shared.model, &site.shared.settings);
        let hushed = call.silent || task.silent == Some(true) || model.silent || settings.silent;
        let rare = Rare {
            names: Names::unless_usual(name, prefix, full_name, task),
            masked: scope.masked().map(Arc::new),
            // go-task lets a command print whatever it likes.
            secrets: match settings.compat {
                Compat::Par => scope.secret_values(),
                Compat::GoTask => Arc::default(),
            },
            outlets: call.outlets.clone(),
            frame: frame(&scope.vars, site)?,
            checks: Checks::new(call, &scope.vars, &telling, site)?,
            files,
            arguments: call.arguments.iter().cloned().collect(),
        };
        Ok(Context {
            task: task.clone(),
            dir,
            env,
            vars: scope.vars.shared(),
            telling,
            options: site.shared.options.and(&task.set, &task.shopt),
            quiet: hushed && !settings.verbose,
            forced: call.forced,
            rare: (!rare.is_usual()).then(|| Box::new(rare)),
        })
    }

    /// What few calls have, or as it is of the others.
    pub(super) fn rare(&self) -> &Rare {
        static USUAL: LazyLock<Rare> = LazyLock::new(Rare::default);
        self.rare.as_deref().unwrap_or_else(|| &USUAL)
    }

    fn names(&self) -> Option<&Names> {
        self.rare.as_ref()?.names.as_ref()
    }

    /// The task as messages name it.
    pub(super) fn name(&self) -> &Arc<str> {
        self.names().map_or(&self.task.name, |names| &names.shown)
    }

    /// The task as prefixed output names it.
    pub(super) fn prefix(&self) -> &Arc<str> {
        self.names().map_or(&self.task.name, |names| &names.prefix)
    }

    /// The task's name, wildcards filled in.
    pub(super) fn full_name(&self) -> &Arc<str> {
        self.names().map_or(&self.task.name, |names| &names.full)
    }

    /// The variables with those of one turn of a loop, or what else is known late, on top.
    pub(super) fn with(&self, extra: &[(Arc<str>, Value)]) -> (Arc<Vars>, Option<Arc<Vars>>) {
        let on = |vars: &Arc<Vars>| match extra {
            [] => vars.clone(),
            extra => {
                let mut more = Vars::on(vars.clone());
                extra.iter().for_each(|(name, value)| more.set(name.clone(), value.clone()));
                Arc::new(more)
            }
        };
        (on(&self.vars), self.rare().masked.as_ref().map(on))
    }
}

impl Names {
    fn unless_usual(
        shown: Arc<str>,
        prefix: Arc<str>,
        full: Arc<str>,
        task: &Task,
    ) -> Option<Names> {
        let is_usual = [&shown, &prefix, &full].into_iter().all(|name| *name == task.name);
        (!is_usual).then_some(Names { shown, prefix, full })
    }
}

impl Checks {
    fn new(
        call: &Circumstances<'_>,
        vars: &Vars,
        telling: &Telling,
        site: Site<'_>,
    ) -> Result<Checks, Diagnostic> {
        let (task, forced) = (&call.found.task, call.forced);
        let all = |templates: &[Template]| -> Result<ThinVec<Arc<str>>, Diagnostic> {
            templates.iter().map(|template| text(template, vars, site)).collect()
        };
        let settings = &site.shared.settings;
        let compares = !task.sources.is_empty() && site.shared.method(task) != Method::None;
        let mut checks = Checks { compares, ..Checks::default() };
        if !forced {
            checks.method_error = task.method_error.clone();
            checks.status = all(&task.status)?;
            for precondition in &task.preconditions {
                let script = text(&precondition.script, vars, site)?;
                let message = match &precondition.message {
                    Some(message) => text(message, vars, site)?,
                    None => format!("`{}` failed", telling.hide(&script)).into(),
                };
                let span = precondition.span;
                checks.preconditions.push(Condition { script, message, span });
            }
        }
        if !settings.dry {
            checks.prompts = all(&task.prompts)?;
            checks.prompts.retain(|prompt| !prompt.is_empty());
        }
        Ok(checks)
    }

    /// Whether there is nothing to ask.
    pub(super) fn is_empty(&self) -> bool {
        let asks = !self.status.is_empty() || !self.prompts.is_empty() || self.compares;
        self.preconditions.is_empty() && self.method_error.is_none() && !asks
    }
}

/// All variables of a call, in the order in which each beats those before it.
fn scope(call: &Circumstances<'_>, ground: &Ground, site: Site<'_>) -> Result<Scope, Diagnostic> {
    let task = &call.found.task;
    let root = &site.shared.model.root_dir;
    if ground.is_shared() && call.arguments.is_empty() && plain::is_plain(task, site.shared) {
        return Ok(ground.scope(site, &[])?.scope);
    }
    let mut growing = ground.scope(site, &special(call, site))?;
    task.include_vars.iter().try_for_each(|var| growing.define(var, root))?;
    call.arguments.iter().try_for_each(|argument| growing.receive(argument, root))?;
    if let Some(outputs) = &call.outputs {
        growing.set(OUTPUTS, outputs.clone());
    }
    growing.set(SPECIAL[5].clone(), names::match_value(call.found.matches()));
    if !task.vars.is_empty() {
        let dir = directory(task, &growing.scope.vars, site)?;
        task.vars.iter().try_for_each(|var| growing.define(var, &dir))?;
    }
    Ok(growing.scope)
}

/// Names that every call has, made once.
static SPECIAL: LazyLock<[Arc<str>; 6]> = LazyLock::new(|| {
    ["TASK", "TASK_DIR", "TASKFILE", "TASKFILE_DIR", "ALIAS", "MATCH"].map(Arc::from)
});

/// The special variables that differ from task to task.
fn special(call: &Circumstances<'_>, site: Site<'_>) -> [(Arc<str>, Arc<str>); 5] {
    let task = &call.found.task;
    let (file, file_dir) = site.shared.file(task);
    let base = task.base_dir.to_string_lossy();
    let dir = match &task.dir {
        // Mostly it is this one, and in its shortest form.
        None if *base == *file_dir && !base.contains("/.") => file_dir.clone(),
        dir => {
            let written = dir.as_ref().map_or("", |dir| &dir.text().value);
            path::join_raw(&task.base_dir, written).to_string_lossy().into()
        }
    };
    let [name_of_task, name_of_dir, name_of_file, name_of_file_dir, name_of_alias, _] =
        SPECIAL.clone();
    [
        (name_of_task, task.name.clone()),
        (name_of_dir, dir),
        (name_of_file, file),
        (name_of_file_dir, file_dir),
        (name_of_alias, call.found.called_as.clone()),
    ]
}

/// Where the task's commands run, and the scripts of its variables, as far as it is known by then.
fn directory(task: &Task, vars: &Vars, site: Site<'_>) -> Result<Arc<Path>, Diagnostic> {
    let Some(dir) = &task.dir else {
        let root = &site.shared.root_dir;
        let is_root = task.base_dir.as_os_str() == root.as_os_str();
        return Ok(if is_root { root.clone() } else { Arc::clone(&task.base_dir) });
    };
    let written = text(dir, vars, site)?;
    let expanded = path::expand(&written, &|key| site.host.env(key));
    Ok(path::join(&task.base_dir, &expanded).into())
}

/// The texts around grouped output.
fn frame(vars: &Vars, site: Site<'_>) -> Result<(Arc<str>, Arc<str>), Diagnostic> {
    let (asked, written) = (&site.shared.settings.output, &site.shared.model.output);
    let Some(Output::Group { begin, end, .. }) = asked.as_ref().or(written.as_ref()) else {
        return Ok(Default::default());
    };
    let say = |line: &Option<Template>| match line {
        Some(line) => text(line, vars, site),
        None => Ok(Arc::default()),
    };
    Ok((say(begin)?, say(end)?))
}
