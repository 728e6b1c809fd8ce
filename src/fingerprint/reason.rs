//! Why a task has to run.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a task has to run. Paths are as seen from the Taskfile's directory where they are below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Somebody wants it to run in any case.
    Forced,
    /// Nothing is known of an earlier run.
    FirstRun,
    /// Its last run did not succeed.
    Unfinished,
    /// Its commands are other ones.
    CommandsChanged,
    /// A variable that it reads is another one.
    VariableChanged(Arc<str>),
    /// Its environment is another one.
    EnvironmentChanged(Arc<str>),
    /// Its `generates` are other ones.
    OutputsRedefined,
    /// Its sources are compared in another way.
    MethodChanged,
    /// A source is not what it was.
    SourceChanged(PathBuf),
    /// There is a new source.
    SourceAdded(PathBuf),
    /// A source is gone.
    SourceRemoved(PathBuf),
    /// A source cannot be read.
    SourceUnreadable(PathBuf),
    /// Some source is not what it was, or is new, or gone.
    SourcesChanged,
    /// Some source is newer than everything the task made.
    SourceNewer(PathBuf),
    /// What it made is gone.
    OutputMissing(PathBuf),
    /// What it made is not what it left.
    OutputChanged(PathBuf),
    /// Its `status` commands say so, and nothing else does.
    StatusFails,
    /// There is nothing that this pattern of `generates` matches.
    NothingGenerated(Arc<str>),
}

impl Reason {
    /// What kind of reason it is, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Reason::Forced => "forced",
            Reason::FirstRun => "first_run",
            Reason::Unfinished => "unfinished",
            Reason::CommandsChanged => "commands_changed",
            Reason::VariableChanged(_) => "variable_changed",
            Reason::EnvironmentChanged(_) => "environment_changed",
            Reason::OutputsRedefined => "outputs_redefined",
            Reason::MethodChanged => "method_changed",
            Reason::SourceChanged(_) => "source_changed",
            Reason::SourceAdded(_) => "source_added",
            Reason::SourceRemoved(_) => "source_removed",
            Reason::SourceUnreadable(_) => "source_unreadable",
            Reason::SourcesChanged => "sources_changed",
            Reason::SourceNewer(_) => "source_newer",
            Reason::OutputMissing(_) => "output_missing",
            Reason::OutputChanged(_) => "output_changed",
            Reason::StatusFails => "status_fails",
            Reason::NothingGenerated(_) => "nothing_generated",
        }
    }

    /// The file, variable or pattern that it is about.
    pub fn subject(&self) -> Option<String> {
        match self {
            Reason::VariableChanged(name)
            | Reason::EnvironmentChanged(name)
            | Reason::NothingGenerated(name) => Some(name.to_string()),
            Reason::SourceChanged(path)
            | Reason::SourceAdded(path)
            | Reason::SourceRemoved(path)
            | Reason::SourceUnreadable(path)
            | Reason::SourceNewer(path)
            | Reason::OutputMissing(path)
            | Reason::OutputChanged(path) => Some(path.display().to_string()),
            Reason::Forced
            | Reason::FirstRun
            | Reason::Unfinished
            | Reason::CommandsChanged
            | Reason::OutputsRedefined
            | Reason::MethodChanged
            | Reason::SourcesChanged
            | Reason::StatusFails => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Forced => f.write_str("it is forced"),
            Reason::FirstRun => f.write_str("it never ran before"),
            Reason::Unfinished => f.write_str("its last run did not succeed"),
            Reason::CommandsChanged => f.write_str("its commands changed"),
            Reason::VariableChanged(name) => write!(f, "variable {name} changed"),
            Reason::EnvironmentChanged(name) => write!(f, "environment variable {name} changed"),
            Reason::OutputsRedefined => f.write_str("its `generates` changed"),
            Reason::MethodChanged => f.write_str("its `method` changed"),
            Reason::SourceChanged(path) => write!(f, "source {} changed", path.display()),
            Reason::SourceAdded(path) => write!(f, "source {} is new", path.display()),
            Reason::SourceRemoved(path) => write!(f, "source {} is gone", path.display()),
            Reason::SourceUnreadable(path) => write!(f, "source {} cannot be read", path.display()),
            Reason::SourcesChanged => f.write_str("its sources changed"),
            Reason::SourceNewer(path) => {
                write!(f, "source {} is newer than what it made", path.display())
            }
            Reason::OutputMissing(path) => write!(f, "output {} is gone", path.display()),
            Reason::OutputChanged(path) => write!(f, "output {} changed", path.display()),
            Reason::StatusFails => f.write_str("a `status` command failed"),
            Reason::NothingGenerated(pattern) => write!(f, "nothing matches output `{pattern}`"),
        }
    }
}
