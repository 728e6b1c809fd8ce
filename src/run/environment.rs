//! What commands and scripts find in their environment: what their tasks give them, and where they are.

use std::sync::Arc;

use super::claims;
use super::driver::Driver;
use super::start::Start;
use crate::exec::{Environment, Variables};
use crate::host::Env;
use crate::resolve::Launch;

/// What many commands have in common, kept as the kernel wants it.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// The last one asked for: most tasks add nothing of their own.
    last: Option<(Arc<Env>, Arc<Variables>)>,
}

impl Common {
    pub(super) fn of(&mut self, env: &Arc<Env>) -> Arc<Variables> {
        match &self.last {
            Some((last, variables)) if Arc::ptr_eq(last, env) => variables.clone(),
            _ => {
                let pairs = env.iter().map(|(name, value)| (&**name, &**value));
                let variables = Arc::new(Variables::new(pairs));
                self.last = Some((env.clone(), variables.clone()));
                variables
            }
        }
    }
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
        let mut all = Environment::new(self.common.of(&launch.env), &launch.dir);
        all.set("PAR_RUN_ID", &self.store.run().to_string());
        all.set("PAR_TASK_ID", &self.scheduler.plan().unit(task).id);
        all.set("PAR_ATTEMPT", &start.attempt.to_string());
        for (name, value) in self.nesting.variables(&self.scheduler.plan().unit(task).task) {
            all.set(name, &value);
        }
        if let Some(directory) = self.store.directory() {
            all.set("PAR_RUN_DIR", &directory.to_string_lossy());
        }
        if let Some(held) = self.claims_around(task) {
            all.set(claims::HELD, &held);
        }
        let jobs = makeflags.map(|flags| ("MAKEFLAGS", flags)).or_else(|| self.jobs.limit_below());
        if let Some((name, value)) = jobs {
            all.set(name, &value);
        }
        // A folder of a task around this run is not one of this task.
        all.remove("PAR_CONTEXT_DIR");
        for (name, value) in self.context_variables(unit, start.attempt) {
            all.set(name, &value);
        }
        for (name, value) in self.resolver.stage_variables(unit) {
            all.set(name, value);
        }
        if self.colours && start.captured {
            colours(&launch.env).for_each(|(name, value)| all.set(name, value));
        }
        if let Some(path) = path {
            all.set("PATH", &path);
            all.set("PAR_SOCKET", &self.server.socket().to_string_lossy());
            all.set("PAR_UNIT", &unit.to_string());
        }
        all
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
