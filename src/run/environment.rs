//! What commands and scripts find in their environment: what their tasks give them, and where they are.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use super::driver::Driver;
use super::start::Start;
use super::{claims, nesting};
use crate::exec::{Environment, Variables};
use crate::host::Env;
use crate::resolve::Launch;

/// What many processes have in common, kept as the kernel wants it.
#[derive(Debug, Default)]
pub(super) struct Common {
    scripts: Last,
    commands: Last,
    /// What every command of the run is told.
    of_run: Option<Vec<(&'static str, OsString)>>,
}

/// The last one asked for: most tasks add nothing of their own.
#[derive(Debug, Default)]
struct Last(Option<(Arc<Env>, Arc<Variables>)>);

impl Last {
    fn of(&mut self, env: &Arc<Env>, make: impl FnOnce() -> Variables) -> Arc<Variables> {
        match &self.0 {
            Some((last, variables)) if Arc::ptr_eq(last, env) => variables.clone(),
            _ => {
                let variables = Arc::new(make());
                self.0 = Some((env.clone(), variables.clone()));
                variables
            }
        }
    }
}

impl Common {
    /// For what is no command.
    pub(super) fn of(&mut self, env: &Arc<Env>) -> Arc<Variables> {
        self.scripts.of(env, || Variables::new(pairs(env)))
    }

    fn of_command(&mut self, env: &Arc<Env>) -> Arc<Variables> {
        let of_run = self.of_run.as_deref().unwrap_or_default();
        self.commands.of(env, || {
            // A folder of a task around this run is not one of this run's tasks.
            let is_other = |name: &str| {
                name != "PAR_CONTEXT_DIR" && of_run.iter().all(|(other, _)| *other != name)
            };
            let others = pairs(env).filter(|(name, _)| is_other(name));
            let of_run = of_run.iter().map(|(name, value)| (*name, value.as_os_str()));
            Variables::new(others.chain(of_run))
        })
    }
}

fn pairs(env: &Env) -> impl Iterator<Item = (&str, &OsStr)> {
    env.iter().map(|(name, value)| (&**name, OsStr::new(&**value)))
}

impl Driver {
    /// What a command finds; `path` and the socket when it may call tasks as programs.
    pub(super) fn environment(
        &mut self,
        start: Start,
        launch: &Launch,
        path: Option<String>,
        makeflags: Option<String>,
    ) -> Environment {
        let unit = start.unit;
        let task = self.scheduler.plan().parent(unit);
        if self.common.of_run.is_none() {
            self.common.of_run = Some(self.variables_of_run());
        }
        let mut all = Environment::new(self.common.of_command(launch.env()), launch.dir());
        all.set("PAR_TASK_ID", self.scheduler.plan().unit(task).id.to_string());
        all.set("PAR_ATTEMPT", start.attempt.to_string());
        all.set(nesting::CALLERS, self.nesting.callers(&self.scheduler.plan().unit(task).task));
        if let Some(held) = self.claims_around(task) {
            all.set(claims::HELD, held);
        }
        let jobs = makeflags.map(|flags| ("MAKEFLAGS", flags)).or_else(|| self.jobs.limit_below());
        if let Some((name, value)) = jobs {
            all.set(name, value);
        }
        for (name, value) in self.context_variables(unit, start.attempt) {
            all.set(name, value);
        }
        for (name, value) in self.resolver.stage_variables(unit) {
            all.set(name, value);
        }
        if self.colours && start.captured {
            colours(launch.env()).for_each(|(name, value)| all.set(name, value));
        }
        if let Some(path) = path {
            all.set("PATH", path);
            all.set("PAR_SOCKET", self.server.socket());
            all.set("PAR_UNIT", unit.to_string());
        }
        all
    }

    fn variables_of_run(&self) -> Vec<(&'static str, OsString)> {
        let directory = self.store.directory().map(|path| ("PAR_RUN_DIR", path.into_os_string()));
        let known = [
            ("PAR_RUN_ID", self.store.run().as_str().into()),
            (nesting::DEPTH, self.nesting.depth_below().into()),
        ];
        known.into_iter().chain(directory).collect()
    }
}

/// Says to tools that write into a pipe what they would see of a terminal, unless somebody said something else.
fn colours(env: &Env) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_said = ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"]
        .into_iter()
        .any(|name| env.get(name).is_some_and(|value| !value.is_empty()));
    let both = ["FORCE_COLOR", "CLICOLOR_FORCE"].into_iter().filter(move |_| !is_said);
    both.map(|name| (name, "1"))
}
