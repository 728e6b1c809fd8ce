//! What a task asks for beyond its order: tries, room, locks, rank, a server's life.
//!
//! Types only, all texts rendered; the scheduler obeys them.

use std::sync::Arc;
use std::time::Duration;

/// What one call of a task asks for. Everything in it belongs to an attempt of the task's body: taken at
/// once before its first command, held over its commands and the calls in it, given back at its end. The
/// default asks for nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Policy {
    /// Longest wall time of one attempt of the body with the calls in it, its queueing not counted.
    pub timeout: Option<Duration>,
    /// More attempts after one that failed.
    pub retry: Option<Retry>,
    /// What no two bodies use at the same time.
    pub locks: Vec<Lock>,
    /// Room it takes of what is limited.
    pub resources: Resources,
    /// Who goes first among units that are queued.
    pub priority: Priority,
    /// Full names of tasks that come first if they are in the run too.
    pub after: Vec<Arc<str>>,
    /// No sign of life for this long is a stall; `None`: as the run says.
    pub stall: Option<Duration>,
    /// What follows from a stall.
    pub stall_action: StallAction,
    /// It serves others: takes no slot, and is stopped when everything else is done.
    pub server: Option<Server>,
}

impl Policy {
    /// Whether it says anything about silence.
    pub fn minds_silence(&self) -> bool {
        self.stall.is_some() || self.stall_action == StallAction::Stop
    }
}

/// When a body that failed is run again.
#[derive(Clone, PartialEq, Debug)]
pub struct Retry {
    /// Attempts in all, the first included; at least one.
    pub attempts: u32,
    /// Before the second attempt.
    pub delay: Duration,
    /// Each further delay is this many times the one before.
    pub factor: f64,
    /// No delay is longer.
    pub max_delay: Duration,
    /// Each delay is drawn between half of it and all of it.
    pub jitter: bool,
    /// Failures that are tried again; others are permanent.
    pub on: Vec<Class>,
    /// Regular expressions that make a failure transient when the end of the log matches one.
    pub patterns: Vec<Arc<str>>,
}

/// A kind of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Exit code 75 (`EX_TEMPFAIL` of sysexits.h), or one of [`Retry::patterns`] in the log.
    Transient,
    /// The attempt took longer than its `timeout`, or showed no sign of life for its `stall`.
    Timeout,
    /// A signal ended a command.
    Signal,
    /// A command ended with this code.
    Exit(i32),
    /// Any failure.
    Any,
}

/// A named lock and how it is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Its name.
    pub name: Arc<str>,
    /// Several may hold it at once, if all hold it so.
    pub shared: bool,
    /// It holds between runs of the project, not only within one.
    pub across_runs: bool,
}

/// Room of a body.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    /// Slots that each of its commands takes; 0 is the default of one.
    pub cpu: u32,
    /// Memory in bytes that it needs at its peak.
    pub memory: Option<u64>,
    /// Shares of pools.
    pub pools: Vec<(Arc<str>, u32)>,
}

/// Who goes first; the order of the variants is the order of starting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Priority {
    /// P0.
    Critical,
    /// P1.
    High,
    /// P2.
    #[default]
    Normal,
    /// P3.
    Low,
}

/// What follows from a stall.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StallAction {
    /// It is reported.
    #[default]
    Warn,
    /// The attempt is ended and has failed.
    Stop,
}

/// A task that serves others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// What tells that it serves; `None`: it does as soon as its last command runs.
    pub ready: Option<Ready>,
}

/// How a server's readiness is seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ready {
    /// What is tried.
    pub probe: Probe,
    /// A server that is not ready after this time has failed.
    pub timeout: Duration,
}

/// What is tried to see whether a server serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// A connection to `host:port` is accepted.
    Tcp(Arc<str>),
    /// A GET of this `http:` URL is answered with a code below 400.
    Http(Arc<str>),
    /// Its output has a line that matches this regular expression.
    Log(Arc<str>),
    /// This script exits with 0.
    Exec(Arc<str>),
}
