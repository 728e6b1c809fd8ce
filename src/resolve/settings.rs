//! What the user asked for, as far as it changes which units there are and what is in them.
//!
//! Knows no flags by their letters and nothing of slots, locks or time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::taskfile::model::Output;
use crate::value::Value;

/// A task somebody asks for by name.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// Its full name, or one it also answers to.
    pub name: Arc<str>,
    /// Variables for this call alone.
    pub vars: Vec<(Arc<str>, Value)>,
}

impl Request {
    /// A call without variables.
    pub fn new(name: impl Into<Arc<str>>) -> Request {
        Request { name: name.into(), vars: Vec::new() }
    }

    /// A call with variables as they are typed: `NAME=text`.
    pub fn typed(
        name: impl Into<Arc<str>>,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Request {
        let vars = vars.into_iter().map(|(name, text)| (name.into(), Value::from(text)));
        Request { name: name.into(), vars: vars.collect() }
    }
}

/// Whose habits count where go-task's and ours differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compat {
    /// Dependencies are shared within a call, unknown names are found before anything runs.
    #[default]
    Par,
    /// Every mention of a dependency is a call, names are looked up when they are reached.
    GoTask,
}

/// Which tasks run although they may be up to date.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Force {
    /// None.
    #[default]
    No,
    /// Those named on the command line.
    Named,
    /// All.
    All,
}

/// Whose value a command sees when environment and Taskfile both have one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Precedence {
    /// The environment `par` was started with.
    #[default]
    Machine,
    /// The Taskfile.
    Taskfile,
}

/// All that flags and environment say about planning.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whose habits count.
    pub compat: Compat,
    /// Which tasks run in any case.
    pub force: Force,
    /// Nothing is to run, only to be shown.
    pub dry: bool,
    /// Nothing is echoed.
    pub silent: bool,
    /// Everything is echoed.
    pub verbose: bool,
    /// Every prompt is answered with yes.
    pub yes: bool,
    /// Nothing is fetched.
    pub offline: bool,
    /// The tasks of the command line run side by side.
    pub parallel: bool,
    /// The next task of the command line runs although one has failed.
    pub keep_going: bool,
    /// When one task fails, those beside it are stopped.
    pub fail_fast: bool,
    /// A task may be called any number of times (watch mode).
    pub unlimited: bool,
    /// `X=y` on the command line: Taskfile variables for all tasks.
    pub cli_vars: Vec<(Arc<str>, Value)>,
    /// What stands after `--`.
    pub cli_args: Vec<Arc<str>>,
    /// `TASK_EXE`.
    pub task_exe: Arc<str>,
    /// `TASK_VERSION`.
    pub version: Arc<str>,
    /// `USER_WORKING_DIR`.
    pub user_working_dir: PathBuf,
    /// Whose environment wins in commands.
    pub precedence: Precedence,
    /// The output mode asked for, over the Taskfile's.
    pub output: Option<Output>,
    /// What is limited, agents among it, and how much there is of it.
    pub pools: BTreeMap<Arc<str>, u32>,
    /// At most so many members of a stage at a time, where the stage does not say.
    pub max_parallel: Option<u32>,
}

/// What is known only while the run goes on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// The code of the command that failed, for deferred ones.
    pub exit_code: Option<i32>,
    /// What tasks have written for others.
    pub outputs: Outputs,
}

/// What tasks have written for others: by full name of the task, then by key.
pub type Outputs = Arc<BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<str>>>>;

/// The name under which commands see what tasks have written for others.
pub(super) const OUTPUTS: &str = "OUTPUTS";

impl Known {
    /// What is known late, as variables on top of those of a turn of a loop.
    pub(super) fn variables(&self, turn: &[(Arc<str>, Value)]) -> Vec<(Arc<str>, Value)> {
        let code = self.exit_code.map(|code| ("EXIT_CODE".into(), Value::from(code.to_string())));
        let outputs = self.outputs().map(|outputs| (OUTPUTS.into(), outputs));
        turn.iter().cloned().chain(code).chain(outputs).collect()
    }

    /// The outputs as templates see them, where there are some.
    pub(super) fn outputs(&self) -> Option<Value> {
        let text = |(key, text): (&Arc<str>, &Arc<str>)| (key.clone(), Value::Str(text.clone()));
        let left = self
            .outputs
            .iter()
            .map(|(task, left)| (task.clone(), Value::map(left.iter().map(text))));
        (!self.outputs.is_empty()).then(|| Value::map(left))
    }
}
