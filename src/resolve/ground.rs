//! What lies below every task's own variables: the machine's environment, the special variables
//! of the run, the Taskfile's `env`, `dotenv` and `vars`, the variables of the command line.
//!
//! Evaluated once a run, except what reads something of the task, which each task evaluates anew.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::scope::{Growing, Scope, export, text};
use super::settings::Force;
use super::shared::Site;
use super::telling::Telling;
use super::{dotenv, path};
use crate::diag::{Diagnostic, Fault};
use crate::host::Env;
use crate::source::{Span, Text};
use crate::taskfile::model::{Var, VarValue};
use crate::template::Template;
use crate::value::{Value, Vars};

/// The special variables that differ from task to task.
const OF_THE_TASK: [&str; 5] = ["TASK", "TASK_DIR", "TASKFILE", "TASKFILE_DIR", "ALIAS"];

pub(super) struct Ground {
    /// The environment `par` was started with.
    pub(super) machine: Arc<Env>,
    /// The same as variables, with the special variables of the run.
    pub(super) bottom: Arc<Vars>,
    /// The Taskfile's `env`, with what `dotenv` adds to it.
    pub(super) env: Vec<Var>,
    /// The Taskfile's `vars`, with those of the command line.
    pub(super) vars: Vec<Var>,
    /// Whether `env` and `vars` may differ from task to task.
    differs: bool,
    /// `env` and `vars` evaluated, when they are the same for all tasks and somebody has asked.
    sealed: OnceLock<Result<Sealed, Diagnostic>>,
    /// The environment of commands of tasks that add nothing, when it is the same for all.
    pub(super) exported: Option<Arc<Env>>,
    /// What is not to be shown of it, and of the command line.
    telling: OnceLock<Telling>,
}

struct Sealed {
    vars: Arc<Vars>,
    secrets: BTreeSet<Arc<str>>,
}

impl Ground {
    pub(super) fn new(site: Site<'_>) -> Result<Ground, Diagnostic> {
        let model = &site.shared.model;
        let machine = Arc::new(machine(site));
        let bottom = Arc::new(bottom(site, &machine));
        let (env, vars) = (model.env.clone(), model.vars.clone());
        let (differs, exported) = (true, None);
        let (sealed, telling) = Default::default();
        let mut ground = Ground { machine, bottom, env, vars, differs, sealed, exported, telling };
        ground.add_dotenv(site)?;
        ground.add_command_line(site)?;
        ground.differs = ground.env.iter().chain(&ground.vars).any(depends_on_task);
        ground.exported = ground.export_literals(site);
        Ok(ground)
    }

    /// Whether what lies below a task's own variables is the same for all tasks.
    pub(super) fn is_shared(&self) -> bool {
        !self.differs
    }

    /// A scope with everything below a task's own variables, and the task's special variables.
    pub(super) fn scope<'a>(
        &'a self,
        site: Site<'a>,
        special: &[(Arc<str>, Arc<str>)],
    ) -> Result<Growing<'a>, Diagnostic> {
        let (below, secrets) = match self.differs {
            false => self.sealed(site).map(|sealed| (&sealed.vars, sealed.secrets.clone()))?,
            true => (&self.bottom, Default::default()),
        };
        let scope = Scope { vars: Vars::on(below.clone()), secrets };
        let mut growing = Growing { site, machine: &self.machine, scope };
        let mut set = |(name, value): &(Arc<str>, Arc<str>)| {
            growing.set(name.clone(), Value::Str(value.clone()));
        };
        special.iter().for_each(&mut set);
        if self.differs {
            self.define_all(&mut growing)?;
        }
        Ok(growing)
    }

    /// What is not to be shown of the environment of a task's commands, and of the command line.
    pub(super) fn telling(&self, env: &Arc<Env>, site: Site<'_>) -> Telling {
        let of = |env: &Env| {
            let given =
                site.shared.settings.cli_vars.iter().filter_map(|(name, value)| match value {
                    Value::Str(text) => Some((&**name, &**text)),
                    _ => None,
                });
            Telling::of(env.iter().map(|(name, value)| (&**name, &**value)).chain(given))
        };
        match &self.exported {
            Some(exported) if Arc::ptr_eq(exported, env) => {
                self.telling.get_or_init(|| of(env)).clone()
            }
            _ => of(env),
        }
    }

    fn define_all(&self, growing: &mut Growing<'_>) -> Result<(), Diagnostic> {
        let root = &growing.site.shared.model.root_dir;
        self.env.iter().chain(&self.vars).try_for_each(|var| growing.define(var, root))
    }

    /// The variables that the Taskfile or the command line defines, in order of evaluation.
    pub(super) fn written<'a>(&'a self, site: Site<'a>) -> impl Iterator<Item = &'a Var> {
        let (model, given) = (&site.shared.model, &site.shared.settings.cli_vars);
        self.vars.iter().filter(move |var| {
            let named = |name: &Arc<str>| *name == var.name;
            model.vars.iter().any(|var| named(&var.name))
                || given.iter().any(|(name, _)| named(name))
        })
    }

    /// Whether a name is known before a task adds its own.
    pub(super) fn knows(&self, name: &str) -> bool {
        let written = || self.env.iter().chain(&self.vars).any(|var| &*var.name == name);
        self.bottom.get(name).is_some() || of_the_task(name) || written()
    }

    /// Keys of the root's `dotenv` files that `env` lacks; the first file that has a key wins.
    fn add_dotenv(&mut self, site: Site<'_>) -> Result<(), Diagnostic> {
        let model = &site.shared.model;
        if model.dotenv.is_empty() {
            return Ok(());
        }
        let nothing = OF_THE_TASK.map(|name| (Arc::from(name), Arc::from("")));
        let vars = match model.dotenv.iter().all(|file| file.literal().is_some()) {
            true => Vars::default(),
            false => self.scope(site, &nothing)?.scope.vars,
        };
        for var in read_dotenv(&model.dotenv, &model.root_dir, &vars, site)? {
            if !self.env.iter().any(|known| known.name == var.name) {
                self.env.push(var);
            }
        }
        Ok(())
    }

    /// Variables of the command line replace the Taskfile's where they stand; what the command line
    /// says otherwise comes first, so that every variable can read it.
    fn add_command_line(&mut self, site: Site<'_>) -> Result<(), Diagnostic> {
        let mut all = command_line(site)?;
        let given = site.shared.settings.cli_vars.iter().map(|(k, v)| plain(k, v.clone()));
        for var in std::mem::take(&mut self.vars).into_iter().chain(given) {
            match all.iter_mut().find(|known| known.name == var.name) {
                Some(known) => *known = var,
                None => all.push(var),
            }
        }
        self.vars = all;
        Ok(())
    }

    fn sealed(&self, site: Site<'_>) -> Result<&Sealed, Diagnostic> {
        let sealed = self.sealed.get_or_init(|| {
            let scope = Scope { vars: Vars::on(self.bottom.clone()), ..Scope::default() };
            let mut growing = Growing { site, machine: &self.machine, scope };
            self.define_all(&mut growing)?;
            let Scope { vars, secrets } = growing.scope;
            Ok(Sealed { vars: Arc::new(vars), secrets })
        });
        sealed.as_ref().map_err(Clone::clone)
    }

    /// The environment of commands, when nothing in it has to be evaluated.
    fn export_literals(&self, site: Site<'_>) -> Option<Arc<Env>> {
        let (machine, precedence) = (&self.machine, site.shared.settings.precedence);
        let mut env = (**machine).clone();
        for var in &self.env {
            export(&mut env, machine, precedence, var.name.clone(), &literal(var)?);
        }
        Some(Arc::new(env))
    }
}

fn machine(site: Site<'_>) -> Env {
    site.host.environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect()
}

fn bottom(site: Site<'_>, machine: &Env) -> Vars {
    let (model, settings) = (&site.shared.model, &site.shared.settings);
    let text = |path: &Path| Value::str(path.to_string_lossy());
    let mut vars = Vars::default();
    machine.iter().for_each(|(k, v)| vars.set(k.clone(), Value::Str(v.clone())));
    vars.set("TASK_EXE", Value::Str(settings.task_exe.clone()));
    vars.set("ROOT_TASKFILE", text(&model.root_dir.join(&model.entry)));
    vars.set("ROOT_DIR", text(&model.root_dir));
    vars.set("USER_WORKING_DIR", text(&settings.user_working_dir));
    vars.set("TASK_VERSION", Value::Str(settings.version.clone()));
    vars.set("PATH_LIST_SEPARATOR", ":".into());
    vars.set("FILE_PATH_SEPARATOR", "/".into());
    vars
}

fn command_line(site: Site<'_>) -> Result<Vec<Var>, Diagnostic> {
    let settings = &site.shared.settings;
    let list = Value::list(settings.cli_args.iter().map(|arg| Value::Str(arg.clone())));
    let quoted = if settings.cli_args.is_empty() { String::new() } else { quoted(&list, site)? };
    let forced = settings.force != Force::No;
    Ok(vec![
        plain("CLI_ARGS", quoted),
        plain("CLI_ARGS_LIST", list),
        plain("CLI_FORCE", forced),
        plain("CLI_SILENT", settings.silent),
        plain("CLI_VERBOSE", settings.verbose),
        plain("CLI_OFFLINE", settings.offline),
        plain("CLI_ASSUME_YES", settings.yes),
    ])
}

/// Words as a shell has to read them, quoted as templates do it.
fn quoted(words: &Value, site: Site<'_>) -> Result<String, Diagnostic> {
    const ALL: &str = "{{range $i, $a := .ARGS}}{{if $i}} {{end}}{{shellQuote $a}}{{end}}";
    let mut vars = Vars::default();
    vars.set("ARGS", words.clone());
    Template::parse(&Text::detached(ALL))?.render(&vars, &*site.shared.facts)
}

fn plain(name: &str, value: impl Into<Value>) -> Var {
    let (value, span) = (VarValue::Static(value.into()), Span::NOWHERE);
    Var { name: name.into(), value, secret: false, dir: None, span }
}

/// The keys of several `.env` files; earlier files win, missing ones are fine.
pub(super) fn read_dotenv(
    files: &[Template],
    dir: &Path,
    vars: &Vars,
    site: Site<'_>,
) -> Result<Vec<Var>, Diagnostic> {
    let mut all: Vec<Var> = Vec::new();
    for file in files {
        let name = text(file, vars, site)?;
        let path = path::join(dir, &name);
        if name.is_empty() || site.host.entry(&path).is_none() {
            continue;
        }
        let wrong = |reason: String| {
            let message = format!("cannot read env file {}: {reason}", path.display());
            Diagnostic::error(Fault::Other, message).at(file.text().span, "")
        };
        let text = site.host.read(&path).map_err(|e| wrong(e.to_string()))?;
        let entries = dotenv::parse(&text)
            .map_err(|(line, reason)| wrong(format!("line {line}: {reason}")))?;
        for (key, value) in entries {
            if !all.iter().any(|known| known.name == key) {
                all.push(plain(&key, Value::Str(value)));
            }
        }
    }
    Ok(all)
}

/// The value of a variable that has nothing to evaluate.
fn literal(var: &Var) -> Option<Value> {
    match &var.value {
        VarValue::Template(template) => {
            template.literal().map(|_| Value::Str(template.text().value.clone()))
        }
        VarValue::Static(value) => {
            (!any_text(value, &|text| text.contains("{{"))).then(|| value.clone())
        }
        VarValue::Shell(_) | VarValue::Reference(_) => None,
    }
}

fn any_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Str(text) => test(text),
        Value::List(items) => items.iter().any(|item| any_text(item, test)),
        Value::Map(entries) => entries.values().any(|entry| any_text(entry, test)),
        _ => false,
    }
}

/// Whether a variable may have another value in another task. Says yes when in doubt.
fn depends_on_task(var: &Var) -> bool {
    let reads = |template: &Template| {
        template.reads_everything() || template.reads().iter().any(|name| of_the_task(name))
    };
    let text = |text: &str| Template::parse(&Text::detached(text)).is_ok_and(|t| reads(&t));
    of_the_task(&var.name)
        || match &var.value {
            VarValue::Template(template) | VarValue::Reference(template) => reads(template),
            VarValue::Static(value) => any_text(value, &text),
            // A script may also read them from its environment.
            VarValue::Shell(script) => {
                reads(script) || words(&script.text().value).any(of_the_task)
            }
        }
}

fn of_the_task(name: &str) -> bool {
    OF_THE_TASK.contains(&name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && !c.is_alphanumeric())
}
