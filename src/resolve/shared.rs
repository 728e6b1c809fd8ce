//! What all calls of a run have in common: the files, the wishes, what was evaluated once.
//!
//! Everything here may be used from several threads at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::dynamic::{Printouts, Question};
use super::ground::Ground;
use super::options::Options;
use super::quick;
use super::settings::Settings;
use crate::diag::{Diagnostic, Fault};
use crate::host::{Env, Host, Script};
use crate::source::Span;
use crate::taskfile::model::{Method, Model, Task};
use crate::template::Facts;
use crate::value::Vars;

/// How often a task may be called in one run.
const CALL_LIMIT: u32 = 1000;

pub(super) struct Shared {
    pub(super) model: Arc<Model>,
    pub(super) settings: Settings,
    pub(super) facts: Arc<dyn Facts + Send + Sync>,
    ground: OnceLock<Result<Ground, Diagnostic>>,
    printouts: Printouts,
    calls: Vec<AtomicU32>,
    /// Options of the shell that all commands have.
    pub(super) options: Options,
    /// Where tasks run that say nothing else.
    pub(super) root_dir: Arc<Path>,
    /// Each Taskfile and its directory, as variables show them.
    files: Vec<(Arc<str>, Arc<str>)>,
    /// Whether the ground is laid without asking scripts or reading files.
    pub(super) has_quick_ground: bool,
}

/// The run as a call being evaluated sees it: what is shared, and the machine.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) shared: &'a Shared,
    pub(super) host: &'a dyn Host,
}

impl Shared {
    pub(super) fn new(
        model: Arc<Model>,
        settings: Settings,
        facts: Arc<dyn Facts + Send + Sync>,
    ) -> Shared {
        let tasks = model.tasks.values().map(|task| task.order + 1).max().unwrap_or(0);
        let calls = (0..tasks).map(|_| AtomicU32::new(0)).collect();
        let (ground, printouts) = Default::default();
        let has_quick_ground = quick::ground(&model);
        let show = |path: &Path| -> Arc<str> { path.to_string_lossy().into() };
        let both = |path: &PathBuf| (show(path), show(path.parent().unwrap_or(Path::new(""))));
        let files = model.taskfiles.iter().map(both).collect();
        let root_dir = model.root_dir.as_path().into();
        let options = Options::new(&model.set, &model.shopt);
        Shared {
            model,
            settings,
            facts,
            ground,
            printouts,
            calls,
            options,
            root_dir,
            files,
            has_quick_ground,
        }
    }

    /// A task's Taskfile and its directory, as variables show them.
    pub(super) fn file(&self, task: &Task) -> (Arc<str>, Arc<str>) {
        self.files.get(task.taskfile).cloned().unwrap_or_default()
    }

    /// How a task's sources are compared.
    pub(super) fn method(&self, task: &Task) -> Method {
        task.method.unwrap_or(self.model.method)
    }

    /// Counts one more call of a task.
    pub(super) fn count(&self, task: &Task) -> Result<(), Diagnostic> {
        let counter = self.calls.get(task.order as usize);
        let before = counter.map_or(0, |counter| counter.fetch_add(1, Ordering::Relaxed));
        if self.settings.unlimited || before + 1 < CALL_LIMIT {
            return Ok(());
        }
        let message = format!("task `{}` was called {CALL_LIMIT} times", task.name);
        Err(Diagnostic::error(Fault::TooManyCalls, message)
            .at(task.span, "")
            .help("is there a cycle among the calls?"))
    }
}

impl<'a> Site<'a> {
    /// What lies below every task's own variables.
    pub(super) fn ground(&self) -> Result<&'a Ground, Diagnostic> {
        let ground = self.shared.ground.get_or_init(|| Ground::new(*self));
        ground.as_ref().map_err(Clone::clone)
    }

    /// What a `sh:` prints.
    pub(super) fn ask(
        &self,
        (text, span): (&str, Span),
        dir: &Path,
        vars: &Vars,
        env: impl FnOnce() -> Arc<Env>,
    ) -> Result<Arc<str>, Diagnostic> {
        let question = Question { text, dir, span, vars };
        self.shared.printouts.ask(&question, self.shared.settings.compat, self.host, env)
    }

    /// Whether a script exits with 0. One that cannot be run does not.
    pub(super) fn holds(&self, text: &str, dir: &Path, env: &Arc<Env>) -> bool {
        self.code(text, dir, env) == 0
    }

    /// How a script exits whose output nobody wants; 1 when it cannot be run.
    pub(super) fn code(&self, text: &str, dir: &Path, env: &Arc<Env>) -> i32 {
        let (set, shopt) = Default::default();
        let (text, dir, env) = (text.into(), dir.into(), env.clone());
        let script = Script { text, dir, env, set, shopt, shows_stderr: false };
        self.host.shell(&script).map_or(1, |output| output.code)
    }
}
