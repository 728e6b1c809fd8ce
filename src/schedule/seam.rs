//! What the scheduler is told, and what it wants.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{Frame, Kind, Status, Usage, Why};
use crate::id::UnitId;
use crate::plan::{Fragment, Unit};

/// How a run is scheduled.
#[derive(Clone, Debug)]
pub struct Options {
    /// Processes at the same time; at least one.
    pub slots: u32,
    /// One thing at a time, in the order of the file; follows from one slot that is never lent.
    pub sequential: bool,
    /// So many slots of commands that do nothing may others have meanwhile; 0: none.
    pub lent: u32,
    /// From the polite signal to KILL; TERM comes after half of it.
    pub grace: Duration,
    /// There is a terminal, which a task may have for itself while nothing else runs.
    pub terminal: bool,
    /// What a unit is assumed to take that has no estimate.
    pub typical: Duration,
    /// The run is stopped when it has taken this long.
    pub deadline: Option<Duration>,
    /// How long a command may show no sign of life, where its task does not say.
    pub stall: Option<Duration>,
    /// How much there is of each pool.
    pub pools: Vec<(Arc<str>, u32)>,
    /// Where chance comes from.
    pub seed: u64,
    /// Nothing is really run, so servers do not serve.
    pub dry: bool,
    /// What fails in a parallel run is tried again alone when all else is done.
    pub fallback: bool,
}

impl Default for Options {
    /// One slot, no terminal, no limits.
    fn default() -> Options {
        Options {
            slots: 1,
            sequential: false,
            lent: 0,
            grace: Duration::from_secs(5),
            terminal: false,
            typical: Duration::from_secs(1),
            deadline: None,
            stall: None,
            pools: Vec::new(),
            seed: 0,
            dry: false,
            fallback: false,
        }
    }
}

impl Options {
    /// Whether one thing runs at a time.
    pub fn is_sequential(&self) -> bool {
        self.sequential || (self.slots <= 1 && self.lent == 0)
    }
}

/// A fact the scheduler is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// The run begins, with what the command line asked for.
    Begin(Fragment),
    /// Answer to [`Effect::Expand`] and [`Effect::Again`].
    Expanded {
        /// The call.
        unit: UnitId,
        /// What it consists of.
        expanded: Expanded,
    },
    /// Answer to [`Effect::Next`]: nothing more, a refusal, or steps to go on with, without dependencies.
    Continued {
        /// The call.
        unit: UnitId,
        /// What comes next.
        next: Expanded,
    },
    /// What [`Effect::Probe`] waits for has come: the server serves.
    Ready(UnitId),
    /// Answer to [`Effect::Search`].
    Searched {
        /// The call.
        unit: UnitId,
        /// Whether a pattern matches.
        found: bool,
    },
    /// Answer to [`Effect::Claim`].
    Claimed {
        /// The call.
        unit: UnitId,
        /// How it went.
        claimed: Claimed,
    },
    /// Answer to [`Effect::Check`].
    Checked {
        /// The call.
        unit: UnitId,
        /// Whether its body has to run.
        verdict: Verdict,
    },
    /// Answer to [`Effect::Render`].
    Rendered {
        /// The command.
        unit: UnitId,
        /// Whether it has to run.
        rendered: Rendered,
    },
    /// Answer to [`Effect::Start`]: the last word about a process.
    Exited {
        /// The command.
        unit: UnitId,
        /// How it ended.
        exit: Exit,
    },
    /// A running command called a task as a program.
    Grafted {
        /// The command.
        by: UnitId,
        /// The new call's name.
        call: UnitId,
        /// The new call.
        unit: Unit,
        /// Started with `&`: its failure is the command's, whatever the script makes of it.
        background: bool,
    },
    /// So many free slots are other programs' now, as tokens of a jobserver.
    TokensOut(u32),
    /// So many slots are the run's again.
    TokensIn(u32),
    /// Somebody wants a task to end that has not; what is deferred in it runs.
    CancelTask(UnitId),
    /// A running command has shown no sign of life for its [`patience`](super::Scheduler::patience).
    Stalled(UnitId),
    /// A running command has computed and printed nothing for a while.
    Idle(UnitId),
    /// One that was idle computes again.
    Busy(UnitId),
    /// Whether the machine has room for more than what is under way; until it is said, it has.
    Gate {
        /// It has.
        is_open: bool,
    },
    /// So many bytes of memory are left when what runs has taken all that it needs, less than none if that is too
    /// much; until it is said, there is enough.
    Memory(i64),
    /// Nobody waits for a grafted call any more.
    Abandoned(UnitId),
    /// The time of [`next_deadline`](super::Scheduler::next_deadline) has come.
    Deadline,
    /// Stop the run; said again, with more force.
    Cancel(Why),
}

/// What a call turned out to be.
#[derive(Clone, Debug)]
pub enum Expanded {
    /// Nothing to do: wrong platform, an `if` that says no.
    Omitted,
    /// It cannot run.
    Refused(Refusal),
    /// This.
    Body(Fragment),
}

/// Something that only one run may have, or only those that share it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Its name, the same in all runs of the project.
    pub name: Arc<str>,
    /// Several runs may have it at once, if all have it so.
    pub shared: bool,
    /// The body runs all the same where nothing can be kept from other runs, as in a tree that is read only.
    pub is_courtesy: bool,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// All of it was had, whether or not another run had to be waited for.
    Had {
        /// It had to.
        waited: bool,
    },
    /// It cannot be had.
    Refused(Refusal),
}

/// Whether a task's body has to run.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It has to.
    Run,
    /// There is nothing to do.
    UpToDate,
    /// It cannot run.
    Refused(Refusal),
}

/// Whether a command has to run.
#[derive(Clone, Debug)]
pub enum Rendered {
    /// It has to.
    Run {
        /// What is shown of it.
        echo: Option<Arc<str>>,
        /// Whether it wants the terminal for itself, if there is one and nothing else runs.
        interactive: bool,
        /// What stands around its output.
        frame: Frame,
        /// Memory that it needs at its peak, bytes; 0: nobody knows.
        memory: u64,
    },
    /// Its `if` says no.
    Omitted,
    /// It cannot run.
    Refused(Refusal),
}

/// Why something cannot run, with go-task's exit code for it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Exit code.
    pub code: i32,
    /// The reason, rendered.
    pub message: String,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub enum Exit {
    /// It ran and ended.
    Ended(Status, Usage),
    /// It could not be started.
    NotStarted(String),
}

/// What is to be done. Every `Expand`, `Again`, `Next`, `Search`, `Check`, `Claim`, `Render` and `Start`
/// wants exactly one answer, also when a `Stop` follows.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Find out what a call consists of.
    Expand(UnitId),
    /// Find out what a further attempt of a call's body consists of; its dependencies are done.
    Again(UnitId),
    /// Find out what comes next in a call's body.
    Next(UnitId),
    /// Find out whether one of a call's patterns for transient failures matches at the end of a log.
    Search {
        /// The call.
        unit: UnitId,
        /// The task whose log it is.
        task: UnitId,
        /// Its attempt.
        attempt: u32,
    },
    /// Take what holds between runs, all of it, however long that takes.
    Claim {
        /// The call that has it until [`Effect::Release`].
        unit: UnitId,
        /// What.
        claims: Vec<Claim>,
    },
    /// Give back what was claimed for a call, or no longer claim it.
    Release(UnitId),
    /// Find out whether a task's body has to run.
    Check(UnitId),
    /// Make the text of a command.
    Render(UnitId),
    /// Start a command.
    Start {
        /// The command.
        unit: UnitId,
        /// From 1; more after a retry.
        attempt: u32,
        /// Whether its output passes through `par`; `false`: it gets the terminal.
        captured: bool,
        /// Whether nothing else runs, or can become ready, before it ends.
        alone: bool,
    },
    /// Try until a server is ready, or has ended; only success is answered.
    Probe {
        /// The server's call.
        unit: UnitId,
        /// The command that serves.
        command: UnitId,
    },
    /// Stop whatever is being done for a unit.
    Stop {
        /// The unit.
        unit: UnitId,
        /// How.
        how: Stop,
    },
    /// Tell everybody.
    Emit(Kind),
}

/// How a process is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// By the signal that reached `par`.
    Forward(i32),
    /// By TERM.
    Terminate,
    /// By KILL.
    Kill,
}
