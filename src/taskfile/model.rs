//! What all the Taskfiles together say: full names, defaults decided, strings parsed into templates.
//!
//! Made by `merge`; still templates, nothing evaluated.

mod command;
mod policy;
mod stage;
mod task;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use thin_vec::ThinVec;

pub use command::{Command, Particulars};
pub use policy::{
    Asked, Class, Lock, Mention, Needs, Policy, Priority, Probe, Ready, Resources, Retry, Server,
    Share,
};
pub use stage::{Agent, Check, Gate, Member, Stage, Verify};
pub use task::{Details, Directory, Task};

use crate::diag::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::template::Template;
use crate::value::Value;

/// Everything a run needs to know from files.
#[derive(Debug, Default)]
pub struct Model {
    /// The root Taskfile.
    pub entry: PathBuf,
    /// Where tasks run that say nothing else: the root Taskfile's directory, or `--dir`.
    pub root_dir: PathBuf,
    /// The files that were read, for messages.
    pub sources: SourceMap,
    /// The files that were read, in order; `Task::taskfile` points here.
    pub taskfiles: Vec<PathBuf>,
    /// Tasks by full name, in the order of the files (an included file's where it is included).
    pub tasks: IndexMap<Arc<str>, Arc<Task>>,
    /// Taskfile variables, those of included files merged in as go-task does, in order of evaluation.
    pub vars: Vec<Var>,
    /// Taskfile `env`, merged likewise.
    pub env: Vec<Var>,
    /// Root `dotenv` files.
    pub dotenv: Vec<Template>,
    /// Output mode that the files ask for.
    pub output: Option<Output>,
    /// Default of [`Task::method`].
    pub method: Method,
    /// Default of [`Task::run`].
    pub run: Run,
    /// Whether commands are echoed at all.
    pub silent: bool,
    /// `set -o` for all commands.
    pub set: Vec<Arc<str>>,
    /// `shopt -s` for all commands.
    pub shopt: Vec<Arc<str>>,
    /// Debounce of watch mode.
    pub interval: Option<Duration>,
    /// The `parallel:` keys.
    pub parallel: Parallel,
    /// The `agents`, in the order of the files.
    pub agents: IndexMap<Arc<str>, Agent>,
    /// What was odd but not wrong.
    pub warnings: Vec<Diagnostic>,
    /// What is wrong with the files and matters once anything runs: variables that do not parse.
    pub errors: Vec<Diagnostic>,
    /// Tasks by what they may be called; made when first asked for.
    pub(crate) names: std::sync::OnceLock<super::names::Names>,
}

/// The `parallel:` keys of a Taskfile or `.par.yml`; `None` where nothing is said.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Parallel {
    /// `false`: one at a time.
    pub enabled: Option<bool>,
    /// Slots.
    pub jobs: Option<Jobs>,
    /// From the polite signal to KILL.
    pub grace: Option<Duration>,
    /// Warn when a task shows no sign of life for this long.
    pub stall: Option<Duration>,
    /// Run what failed again, one at a time.
    pub fallback_sequential: Option<bool>,
    /// Start nothing more while the CPUs are busier than this, in percent.
    pub load: Option<u32>,
    /// Start nothing more while less memory than this is available, in bytes.
    pub memory: Option<u64>,
    /// At most so many members of a stage at a time.
    pub max_parallel: Option<u32>,
    /// What is limited, and how much there is of it.
    pub pools: BTreeMap<Arc<str>, u32>,
}

/// A number of slots, as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jobs {
    /// As many as there are CPUs for us.
    Auto,
    /// So many.
    Count(u32),
    /// A share of the CPUs, at least one.
    Percent(u32),
}

/// A variable and how its value comes about.
#[derive(Clone, Debug)]
pub struct Var {
    /// The name.
    pub name: Arc<str>,
    /// The value.
    pub value: VarValue,
    /// Values of secrets are masked.
    pub secret: bool,
    /// Where a `sh:` runs: `None` is the root's directory or, for a task's own variable, the task's.
    pub dir: Option<PathBuf>,
    /// Where the value stands.
    pub span: Span,
}

/// How a value comes about.
#[derive(Clone, Debug)]
pub enum VarValue {
    /// Text with templates.
    Template(Template),
    /// A value whose texts, also those inside lists and maps, are templates (parsed when evaluated).
    Static(Value),
    /// What a script prints.
    Shell(Template),
    /// What a pipeline yields, its type kept.
    Reference(Template),
}

/// A call of another task.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name as written, relative to the namespace, may be a template.
    pub task: Template,
    /// Where the call stands.
    pub span: Span,
    /// Variables for it.
    pub vars: ThinVec<Var>,
    /// Whether its commands are echoed.
    pub silent: Option<bool>,
    /// Longest time.
    pub timeout: Option<Duration>,
    /// Once for each.
    pub each: Option<Box<Each>>,
}

/// What an element of `cmds` does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Runs a shell command.
    Shell(Template),
    /// Calls a task and waits.
    Call(Box<Call>),
    /// Calls a task without waiting (`task:NAME … &`), or with its output in a file.
    Lifted(Box<Lifted>),
    /// Waits for all calls that were lifted (`wait`).
    Join,
    /// Runs a shell command when the body has ended.
    DeferShell(Template),
    /// Calls a task when the body has ended.
    DeferCall(Box<Call>),
}

/// `task:NAME [VAR=x …] [> file [2>&1]] [&]`: a string that is nothing but a call.
#[derive(Clone, Debug)]
pub struct Lifted {
    /// The call.
    pub call: Call,
    /// Whether the list goes on at once.
    pub background: bool,
    /// Where its output goes instead.
    pub redirect: Option<Redirect>,
}

/// `> file` or `>> file`, with or without `2>&1`.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The file, relative to the task's directory.
    pub file: Template,
    /// `>>`.
    pub append: bool,
    /// Whether stderr goes there too.
    pub both: bool,
}

/// `for`.
#[derive(Clone, Debug)]
pub struct Each {
    /// Over what.
    pub over: Over,
    /// Name of the loop variable, `ITEM` by default.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// What a loop goes over.
#[derive(Clone, Debug)]
pub enum Over {
    /// A list as written; not templates.
    List(Vec<Value>),
    /// The task's sources.
    Sources,
    /// The task's generates.
    Generates,
    /// A variable: a list, a map, or a text that is split.
    Variable {
        /// Its name.
        name: Arc<str>,
        /// What to split a text at; `None`: white space.
        split: Option<Arc<str>>,
    },
    /// Every combination, the last key fastest.
    Matrix(Vec<(Arc<str>, Axis)>),
    /// A word that go-task does not know loops zero times.
    Nothing,
}

/// One key of a matrix.
#[derive(Clone, Debug)]
pub enum Axis {
    /// A list as written.
    List(Vec<Value>),
    /// A pipeline that yields a list.
    Reference(Template),
}

/// A variable that must be there.
#[derive(Clone, Debug)]
pub struct Required {
    /// Its name.
    pub name: Arc<str>,
    /// The values it may have.
    pub allowed: Option<Axis>,
    /// Where it stands.
    pub span: Span,
}

/// `preconditions`.
#[derive(Clone, Debug)]
pub struct Precondition {
    /// Must exit with 0.
    pub script: Template,
    /// Said when it does not.
    pub message: Option<Template>,
    /// Where it stands.
    pub span: Span,
}

/// An entry of `sources` or `generates`; later entries win.
#[derive(Clone, Debug)]
pub struct Glob {
    /// The pattern, relative to the task's directory.
    pub pattern: Template,
    /// Takes out instead of in.
    pub exclude: bool,
}

/// Go's names of operating system and architecture; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Platform {
    /// `linux`, `darwin`, …
    pub os: Option<Arc<str>>,
    /// `amd64`, `arm64`, …
    pub arch: Option<Arc<str>>,
}

/// How sources are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    /// By content.
    #[default]
    Checksum,
    /// By modification time.
    Timestamp,
    /// Never up to date.
    None,
}

/// How often a task runs in one run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Run {
    /// At each call (dependencies of one call are shared).
    #[default]
    Always,
    /// Once.
    Once,
    /// Once for each set of variables.
    WhenChanged,
    /// Something else, which is an error when the task runs.
    Unknown(Arc<str>),
}

/// How output is shown.
#[derive(Clone, Debug, Default)]
pub enum Output {
    /// As it comes.
    #[default]
    Interleaved,
    /// Whole, when a command ends.
    Group {
        /// Printed before.
        begin: Option<Template>,
        /// Printed after.
        end: Option<Template>,
        /// Only of commands that failed.
        error_only: bool,
    },
    /// Line by line, with the task's name.
    Prefixed,
}
