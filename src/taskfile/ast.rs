//! One Taskfile as it was typed: nothing of the files it includes, names as they stand in it.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::model::{Agent, Method, Output, Parallel, Run, Var};
use crate::diag::Diagnostic;
use crate::source::{Span, Spanned, Text};
use crate::template::Template;

/// A Taskfile.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// `version`, as written.
    pub version: Option<Spanned<Arc<str>>>,
    /// `output`.
    pub output: Option<Output>,
    /// `method`.
    pub method: Option<Method>,
    /// What is wrong with `method`: an error of the tasks that it decides for.
    pub method_error: Option<Diagnostic>,
    /// `run`.
    pub run: Option<Run>,
    /// `includes`, in order.
    pub includes: Vec<Include>,
    /// `set`.
    pub set: Vec<Arc<str>>,
    /// `shopt`.
    pub shopt: Vec<Arc<str>>,
    /// `vars`, in order.
    pub vars: Vec<Var>,
    /// `env`, in order.
    pub env: Vec<Var>,
    /// `tasks`, in order.
    pub tasks: IndexMap<Arc<str>, Task>,
    /// `silent`.
    pub silent: bool,
    /// `dotenv`.
    pub dotenv: Vec<Template>,
    /// Where `dotenv` stands, when it is not empty.
    pub dotenv_span: Option<Span>,
    /// `interval`.
    pub interval: Option<Duration>,
    /// `use_gitignore`.
    pub use_gitignore: Option<bool>,
    /// `parallel`.
    pub parallel: Parallel,
    /// `agents`, in order.
    pub agents: IndexMap<Arc<str>, Agent>,
}

/// A task, and what the files around it may still decide.
#[derive(Clone, Debug)]
pub struct Task {
    /// The task; names and directories as in its own file.
    pub body: Box<super::model::Task>,
    /// `use_gitignore`, which the file decides where the task does not.
    pub use_gitignore: Option<bool>,
    /// `vars` of the includes that led here.
    pub include_vars: Vec<Var>,
    /// Variables of the files around it, as far as an include makes them the task's.
    pub file_vars: Option<Arc<Vec<Var>>>,
}

/// An entry of `includes`.
#[derive(Clone, Debug)]
pub struct Include {
    /// The key.
    pub namespace: Spanned<Arc<str>>,
    /// The file or directory; may be empty when `dir` is given.
    pub taskfile: Text,
    /// Where its tasks run.
    pub dir: Text,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether its tasks are internal.
    pub internal: bool,
    /// Whether its tasks keep their names.
    pub flatten: bool,
    /// Other names of the namespace.
    pub aliases: Vec<Arc<str>>,
    /// Names left out; `name:*` leaves out a namespace.
    pub excludes: Vec<Arc<str>>,
    /// Variables for its tasks.
    pub vars: Vec<Var>,
    /// `true` for a map: `dir` and `vars` have a meaning only then.
    pub is_map: bool,
    /// What the file must hash to.
    pub checksum: Option<Spanned<Arc<str>>>,
}
