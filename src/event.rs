//! What can happen in a run: the public contract that reports, stores and other tools read.
//!
//! Events are owned, serialisable and versioned. They hold positions in logs, never output.

pub(crate) mod json;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::id::{RunId, TaskId, UnitId};

/// The version of this contract, written in every `run_started`. A reader that knows a lower one must stop.
pub const VERSION: u32 = 1;

/// Time since the run began, in microseconds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct At(pub u64);

impl At {
    /// The time since the beginning.
    pub fn elapsed(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// Time from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: At) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl From<Duration> for At {
    fn from(elapsed: Duration) -> At {
        At(elapsed.as_micros() as u64)
    }
}

impl std::ops::Add<Duration> for At {
    type Output = At;
    fn add(self, more: Duration) -> At {
        At(self.0.saturating_add(more.as_micros() as u64))
    }
}

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: At,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a unit stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The whole run.
    Run,
    /// A call of a task: its dependencies, its commands, its deferred commands.
    Task,
    /// One command of a task's body.
    Command,
    /// A command that runs when the body has ended.
    Deferred,
}

/// Which of a task's two output streams.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Status {
    /// The code a shell would show: the exit code, or 128 + the signal.
    pub fn code(self) -> i32 {
        match self {
            Status::Code(code) => code,
            Status::Signal(signal) => 128 + signal,
        }
    }

    /// Exit code 0.
    pub fn is_success(self) -> bool {
        self == Status::Code(0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Code(code) => write!(f, "exit status {code}"),
            Status::Signal(signal) => write!(f, "killed by {}", signal_name(*signal)),
        }
    }
}

/// `SIGKILL` for 9, and so on; `signal N` for numbers without a usual name.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        other => return format!("signal {other}"),
    };
    name.into()
}

/// What a process used, as the kernel counted it for it and the children it waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time in user mode, microseconds.
    pub user: u64,
    /// CPU time in the kernel, microseconds.
    pub system: u64,
    /// Largest resident set of one process, bytes.
    pub memory: u64,
    /// Blocks of 512 bytes read from storage.
    pub read: u64,
    /// Blocks of 512 bytes written to storage.
    pub written: u64,
}

/// How a unit ended. Every unit of a finished run has exactly one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it should.
    Succeeded,
    /// Nothing was to be done: up to date.
    UpToDate,
    /// Left out on purpose: another platform, an `if` that says no.
    Omitted,
    /// It failed for a reason of its own or of something below it.
    Failed(Failure),
    /// It was not started because something it needs failed; the unit named is the nearest cause.
    Skipped(UnitId),
    /// It was stopped, or never started, because the run was.
    Cancelled,
}

impl Outcome {
    /// Whether what depends on the unit may go on.
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::Succeeded | Outcome::UpToDate | Outcome::Omitted)
    }
}

/// Why a unit failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Its process ended badly.
    Exit(Status),
    /// A unit below it failed: the first one that did.
    Below(UnitId),
    /// It could not be started.
    Spawn(String),
    /// It ran longer than it may.
    TimedOut,
    /// It showed no sign of life for longer than it may, and was stopped.
    Stalled,
    /// A server's process ended, so, although it should have served on.
    StoppedServing(Status),
    /// A server was not ready in time.
    NotReady,
    /// `par` refused to run it; the code is the exit code of such a refusal, the text says why.
    Refused {
        /// go-task's exit code for the reason.
        code: i32,
        /// The reason, rendered, in one line or several.
        message: String,
    },
}

/// What the gate of a stage says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Go on.
    Approved,
    /// The stage again.
    RequestChanges,
    /// The run ends here.
    Escalate,
}

impl Decision {
    /// As a gate says it.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Approved => "APPROVED",
            Decision::RequestChanges => "REQUEST_CHANGES",
            Decision::Escalate => "ESCALATE",
        }
    }
}

/// Why a run was cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A signal reached `par`.
    Signal(i32),
    /// Nobody reads what `par` writes any more.
    Unread,
    /// It took longer than it may.
    Deadline,
}

/// What the Taskfile wants around a command's output, rendered, without newlines at the end.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Frame {
    /// Stands before each line instead of the task's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Arc<str>>,
    /// Stands before a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin: Option<Arc<str>>,
    /// Stands after a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Arc<str>>,
    /// Whether it is shown as it comes, whatever is done with that of other commands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

impl Frame {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        *self == Frame::default()
    }
}

/// How grave a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Shown with `--verbose` only.
    Verbose,
    /// Shown unless `--silent`.
    Info,
    /// Always shown, as data and without our name: what was asked and taken to be answered.
    Answer,
    /// Always shown.
    Warning,
    /// Always shown.
    Error,
}

/// The things that can happen, in the order in which a unit can meet them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Kind {
    /// First event of every run.
    RunStarted {
        /// [`VERSION`].
        version: u32,
        /// The run.
        run: RunId,
        /// What was asked for.
        tasks: Vec<Arc<str>>,
        /// Slots: processes at the same time.
        jobs: u32,
        /// `false`: one at a time, in the order of the file.
        parallel: bool,
        /// Wall clock at the beginning, milliseconds since 1970 UTC.
        unix_ms: u64,
        #[serde(serialize_with = "lossy")]
        /// Directory of the root Taskfile; what is not UTF-8 of its path is replaced.
        root: PathBuf,
    },
    /// The plan has grown by a unit.
    Added {
        /// The unit.
        unit: UnitId,
        /// The unit it stands in.
        parent: UnitId,
        /// What it is.
        role: Role,
        /// Name of its task, as shown.
        task: Arc<str>,
        /// Unique across runs and machines.
        id: TaskId,
        /// The words of a command line that make this call by itself. Absent: the task's name alone; empty: there
        /// are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Arc<[Arc<str>]>>,
    },
    /// A task's dependencies are done and its body begins.
    Began {
        /// The task's unit.
        unit: UnitId,
        /// From 1; more after a retry.
        attempt: u32,
    },
    /// The first byte of an attempt's output made its log.
    LogCreated {
        /// The task's unit.
        unit: UnitId,
        /// The attempt.
        attempt: u32,
        /// Path of the log, relative to the run's directory.
        path: PathBuf,
    },
    /// A command has a slot and starts now.
    Started {
        /// The command's unit.
        unit: UnitId,
        /// From 1; more after a retry.
        attempt: u32,
        /// What is shown of it before it runs, secrets masked; `None` when it is silent.
        echo: Option<Arc<str>>,
        /// Whether its output passes through `par`; `false` when it has the terminal.
        captured: bool,
        /// Whether nothing else runs, or can become ready, before it ends.
        #[serde(default)]
        alone: bool,
        /// What stands around its output, where the way of showing it has that.
        #[serde(default, skip_serializing_if = "Frame::is_empty")]
        frame: Frame,
    },
    /// A command wrote something.
    Output {
        /// The command's unit.
        unit: UnitId,
        /// The task's unit: whose log holds it.
        task: UnitId,
        /// The attempt.
        attempt: u32,
        /// Where it was written to.
        stream: Stream,
        /// First byte in the log.
        offset: u64,
        /// Bytes.
        length: u64,
    },
    /// A word from `par` itself, about the run or one unit.
    Message {
        /// The unit it is about.
        unit: Option<UnitId>,
        /// How grave.
        level: Level,
        /// The text, without prefix or newline at the end.
        text: Arc<str>,
    },
    /// A unit has taken as long as it may and is being stopped.
    TimedOut {
        /// The unit: a command, a call, or a task whose attempt it is.
        unit: UnitId,
        /// How long it may take, microseconds.
        limit: u64,
    },
    /// A command has printed nothing, and its processes have used no processor, for as long as it may.
    Stalled {
        /// The command's unit.
        unit: UnitId,
        /// How long it may, microseconds.
        limit: u64,
        /// The attempt that it is part of is being stopped because of that.
        is_stopped: bool,
    },
    /// An attempt of a task's body has failed and another one follows.
    Retrying {
        /// The task's unit.
        unit: UnitId,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How.
        outcome: Outcome,
        /// Time until the next one, microseconds.
        delay: u64,
    },
    /// A task has passed, but not at the first attempt.
    Flaky {
        /// The task's unit.
        unit: UnitId,
        /// How many attempts it took.
        attempts: u32,
    },
    /// A task still runs, and so does the loop that watches it; the run's own unit when no task does.
    Heartbeat {
        /// The task's unit.
        unit: UnitId,
    },
    /// A server serves: what waits for it goes on.
    Ready {
        /// The task's unit.
        unit: UnitId,
    },
    /// A task failed in a parallel run, and is tried again alone when all else is done.
    PutAside {
        /// The task's unit.
        unit: UnitId,
        /// How it failed.
        outcome: Outcome,
    },
    /// A task that failed in a parallel run has passed alone.
    OnlyParallel {
        /// The task's unit.
        unit: UnitId,
        /// Tasks that ran beside it when it failed.
        beside: Vec<Arc<str>>,
    },
    /// A stage of a task begins, or begins again.
    StageBegan {
        /// The stage's unit.
        unit: UnitId,
        /// Its name.
        stage: Arc<str>,
        /// From 1; more after its gate asked for changes.
        round: u32,
        /// The tasks in it, those left out not among them.
        tasks: Vec<Arc<str>>,
        /// At most so many of them at a time.
        at_once: u32,
    },
    /// What verifies a task of a stage failed, and the task runs again.
    SentBack {
        /// The stage's unit.
        unit: UnitId,
        /// Its name.
        stage: Arc<str>,
        /// The stage's round.
        round: u32,
        /// The task.
        task: Arc<str>,
        /// What failed.
        by: Arc<str>,
    },
    /// The gate of a stage has spoken.
    Decided {
        /// The stage's unit.
        unit: UnitId,
        /// Its name.
        stage: Arc<str>,
        /// The stage's round.
        round: u32,
        /// What it said; `None`: nothing that is a decision.
        decision: Option<Decision>,
    },
    /// A unit has ended.
    Finished {
        /// The unit.
        unit: UnitId,
        /// How.
        outcome: Outcome,
        /// A failure that the Taskfile told to ignore.
        ignored: bool,
        /// From its start to its end, microseconds; 0 when it never started.
        wall: u64,
        /// What its process used; `None` for a unit without a process.
        usage: Option<Usage>,
    },
    /// Everything that runs is being stopped.
    Cancelling {
        /// Why.
        why: Why,
    },
    /// Last event of every run that ended by itself.
    RunFinished {
        /// How the run ended.
        outcome: Outcome,
        /// Wall time of the run, microseconds.
        wall: u64,
        /// Sum of the wall times of all its processes, microseconds: what one after the other would have taken.
        sequential: u64,
    },
}

/// A path as JSON can have it.
pub(crate) fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
