//! The environment of a task's commands: the machine's, then the Taskfile's, the task's dotenv
//! files and the task's own, where the machine leaves room.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::ground::{Ground, read_dotenv};
use super::scope::{Argument, Given, export};
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::host::Env;
use crate::taskfile::model::Task;
use crate::value::{Value, Vars};

/// The environment of the commands of `task`, which run in `dir` and whose variables are `vars`.
pub(super) fn of_commands(
    task: &Task,
    dir: &Path,
    vars: &Vars,
    ground: &Ground,
    site: Site<'_>,
) -> Result<Arc<Env>, Diagnostic> {
    let adds_nothing = task.env.is_empty() && task.dotenv.is_empty();
    if let Some(env) = ground.exported.as_ref().filter(|_| adds_nothing) {
        return Ok(env.clone());
    }
    let dotenv = read_dotenv(&task.dotenv, dir, vars, site)?;
    let mut all: IndexMap<Arc<str>, Argument> = IndexMap::new();
    for var in ground.env.iter().chain(&dotenv).chain(&task.env) {
        let argument = Argument::render(var, vars, site)?;
        all.insert(argument.name.clone(), argument);
    }
    collect(all, dir, vars, ground, site).map(Arc::new)
}

/// Scripts see the values that are no scripts, and the scripts' before them.
fn collect(
    all: IndexMap<Arc<str>, Argument>,
    dir: &Path,
    vars: &Vars,
    ground: &Ground,
    site: Site<'_>,
) -> Result<Env, Diagnostic> {
    let (machine, precedence) = (&ground.machine, site.shared.settings.precedence);
    let mut env = (**machine).clone();
    let mut scripts = Vec::new();
    for (name, argument) in all {
        match argument.given {
            Given::Value(value) => export(&mut env, machine, precedence, name, &value),
            Given::Shell(script) => scripts.push((name, script, argument.dir, argument.span)),
        }
    }
    for (name, script, own, span) in scripts {
        let dir = own.as_deref().unwrap_or(dir);
        let printed = site.ask((&script, span), dir, vars, || Arc::new(env.clone()))?;
        export(&mut env, machine, precedence, name, &Value::Str(printed));
    }
    Ok(env)
}
