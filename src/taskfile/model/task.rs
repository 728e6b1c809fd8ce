//! A task, and what few tasks say.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use thin_vec::ThinVec;

use super::{Asked, Call, Command, Glob, Method, Platform, Precondition, Required, Run, Var};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::template::Template;

/// A task as written, its name full. There may be many that say little, so what few say is kept aside, in
/// [`Details`], which read as fields of the task.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// `ns:build`.
    pub name: Arc<str>,
    /// `ns`; empty in the root file. Calls inside are relative to it.
    pub namespace: Arc<str>,
    /// Position in `Model::taskfiles`.
    pub taskfile: usize,
    /// Where the name stands.
    pub span: Span,
    /// Position among all tasks, in the order of the files.
    pub order: u32,
    /// For `--list`.
    pub desc: Option<Template>,
    /// Directory that `dir` is relative to: the root's, or the one its include gives.
    pub base_dir: Directory,
    /// Run before everything else, in parallel.
    pub deps: ThinVec<Call>,
    /// The body.
    pub cmds: Vec<Command>,
    /// How sources are compared.
    pub method: Option<Method>,
    /// How often it runs.
    pub run: Option<Run>,
    /// `None`: as the file says.
    pub silent: Option<bool>,
    /// Whether it needs the terminal.
    pub interactive: bool,
    /// Not callable from the command line.
    pub internal: bool,
    /// Whether a failing command ends it.
    pub ignore_error: bool,
    /// Stop the other dependencies when one fails.
    pub failfast: bool,
    /// Runs in watch mode.
    pub watch: bool,
    /// Whether ignored files count as sources.
    pub use_gitignore: bool,
    /// `false`: its dependencies run one at a time.
    pub parallel: bool,
    details: Option<Box<Details>>,
}

/// What few tasks say.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Full names it also answers to.
    pub aliases: ThinVec<Arc<str>>,
    /// For `--summary`.
    pub summary: Option<Template>,
    /// Name in messages.
    pub label: Option<Template>,
    /// Name in prefixed output.
    pub prefix: Option<Template>,
    /// `dir`, relative to `base_dir`.
    pub dir: Option<Template>,
    /// Variables of the include (`vars` there), then of the included file, in order; beaten by call variables.
    pub include_vars: ThinVec<Var>,
    /// The task's own variables.
    pub vars: ThinVec<Var>,
    /// The task's own environment.
    pub env: ThinVec<Var>,
    /// dotenv files, relative to the task's directory.
    pub dotenv: ThinVec<Template>,
    /// Variables that must be there.
    pub requires: ThinVec<Required>,
    /// What must hold.
    pub preconditions: ThinVec<Precondition>,
    /// When all exit with 0 the task is up to date.
    pub status: ThinVec<Template>,
    /// What it reads.
    pub sources: ThinVec<Glob>,
    /// What it makes.
    pub generates: ThinVec<Glob>,
    /// Why how sources are compared is not known; matters when the task is asked whether it is up to date.
    pub method_error: Option<Box<Diagnostic>>,
    /// Where it runs; empty: everywhere.
    pub platforms: ThinVec<Platform>,
    /// Runs only when this script exits with 0.
    pub condition: Option<Template>,
    /// Questions to the user.
    pub prompts: ThinVec<Template>,
    /// `set -o` for its commands.
    pub set: ThinVec<Arc<str>>,
    /// `shopt -s` for its commands.
    pub shopt: ThinVec<Arc<str>>,
    /// How long it takes, until history knows better.
    pub estimate: Option<Duration>,
    /// What else it asks for.
    pub policy: Asked,
    /// What is wrong with it that matters only when it is reached: templates that do not parse.
    pub errors: ThinVec<Diagnostic>,
}

impl Task {
    /// A task of the root file with nothing to do.
    pub fn new(name: Arc<str>, span: Span) -> Task {
        Task { name, span, parallel: true, ..Task::default() }
    }

    /// Takes in what few tasks say, if it says anything of it.
    pub fn detail(&mut self, details: Details) {
        self.details = (!details.is_empty()).then(|| Box::new(details));
    }
}

impl Deref for Task {
    type Target = Details;

    fn deref(&self) -> &Details {
        static NOTHING: LazyLock<Details> = LazyLock::new(Details::default);
        self.details.as_deref().unwrap_or_else(|| &NOTHING)
    }
}

impl DerefMut for Task {
    /// Takes room: what is empty need not be set to nothing.
    fn deref_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

impl Details {
    fn is_empty(&self) -> bool {
        let Details {
            aliases,
            summary: None,
            label: None,
            prefix: None,
            dir: None,
            include_vars,
            vars,
            env,
            dotenv,
            requires,
            preconditions,
            status,
            sources,
            generates,
            method_error: None,
            platforms,
            condition: None,
            prompts,
            set,
            shopt,
            estimate: None,
            policy,
            errors,
        } = self
        else {
            return false;
        };
        let says_names = !aliases.is_empty() || !requires.is_empty();
        let sets = !include_vars.is_empty() || !vars.is_empty() || !env.is_empty();
        let reads = !dotenv.is_empty() || !sources.is_empty() || !generates.is_empty();
        let asks = !preconditions.is_empty() || !status.is_empty() || !prompts.is_empty();
        let is_limited = !platforms.is_empty() || !set.is_empty() || !shopt.is_empty();
        let is_odd = !policy.is_empty() || !errors.is_empty();
        ![says_names, sets, reads, asks, is_limited, is_odd].contains(&true)
    }
}

/// A directory that many tasks have in common.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Arc<Path>>);

impl Default for Directory {
    /// None yet: the empty path.
    fn default() -> Directory {
        static NONE: LazyLock<Directory> = LazyLock::new(|| Path::new("").into());
        NONE.clone()
    }
}

impl From<&Path> for Directory {
    fn from(path: &Path) -> Directory {
        Directory(Arc::new(path.into()))
    }
}

impl Deref for Directory {
    type Target = Arc<Path>;

    fn deref(&self) -> &Arc<Path> {
        &self.0
    }
}
