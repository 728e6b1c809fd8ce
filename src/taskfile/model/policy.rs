//! What the keys of `par` say about a task: how often it is tried, what it takes, who goes first.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::{Call, Stage};
use crate::source::{Span, Text};
use crate::template::Template;

/// What a task asks for beyond its order. The default asks for nothing.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `timeout`: longest wall time of one attempt.
    pub timeout: Option<Duration>,
    /// `retry`, `max_retries`.
    pub retry: Option<Retry>,
    /// `priority`.
    pub priority: Option<Priority>,
    /// `locks`.
    pub locks: Vec<Lock>,
    /// `resources`.
    pub resources: Resources,
    /// `stall`.
    pub stall: Option<Duration>,
    /// `stall_action: stop`.
    pub stops_on_stall: bool,
    /// `persistent`, `ready`.
    pub server: Option<Server>,
    /// `after`: full names once the model is whole.
    pub after: Vec<Mention>,
    /// `blocks`: full names once the model is whole; they are dependencies of those tasks by then.
    pub blocks: Vec<Mention>,
    /// `needs`.
    pub needs: Needs,
    /// `isolate`.
    pub isolate: bool,
    /// `agent`.
    pub agent: Option<Text>,
    /// `stages`.
    pub stages: Vec<Stage>,
}

/// A task's policy, which takes no room where it asks for nothing, as most do.
#[derive(Clone, Debug, Default)]
pub struct Asked(Option<Arc<Policy>>);

impl From<Policy> for Asked {
    fn from(policy: Policy) -> Asked {
        Asked((!policy.is_empty()).then(|| Arc::new(policy)))
    }
}

impl std::ops::Deref for Asked {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        static NOTHING: LazyLock<Policy> = LazyLock::new(Policy::default);
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl std::ops::DerefMut for Asked {
    fn deref_mut(&mut self) -> &mut Policy {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl Policy {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        let Policy {
            timeout: None,
            retry: None,
            priority: None,
            locks,
            resources,
            stall: None,
            stops_on_stall: false,
            server: None,
            after,
            blocks,
            needs,
            isolate: false,
            agent: None,
            stages,
        } = self
        else {
            return false;
        };
        locks.is_empty()
            && *resources == Resources::default()
            && after.is_empty()
            && blocks.is_empty()
            && needs.is_empty()
            && stages.is_empty()
    }

    /// All calls in its stages.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.stages.iter().flat_map(Stage::calls)
    }
}

/// A task named by another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// The name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// `retry`.
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
    /// Whether each delay is drawn.
    pub jitter: bool,
    /// Failures that are tried again.
    pub on: Vec<Class>,
    /// Regular expressions over the end of the log that make a failure transient.
    pub patterns: Vec<Arc<str>>,
}

/// A kind of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// `transient`.
    Transient,
    /// `timeout`.
    Timeout,
    /// `signal`.
    Signal,
    /// An exit code.
    Exit(i32),
    /// `any`.
    Any,
}

/// `priority`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Priority {
    /// `critical`, `P0`.
    Critical,
    /// `high`, `P1`.
    High,
    /// `normal`, `P2`.
    Normal,
    /// `low`, `P3`.
    Low,
}

/// An entry of `locks`.
#[derive(Clone, Debug)]
pub struct Lock {
    /// Its name.
    pub name: Template,
    /// `mode: shared`.
    pub shared: bool,
    /// `scope: project`.
    pub across_runs: bool,
}

/// `resources`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    /// Slots that each command takes.
    pub cpu: Option<u32>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Shares of pools.
    pub pools: Vec<Share>,
}

/// A share of a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// The pool.
    pub pool: Arc<str>,
    /// How much of it.
    pub amount: u32,
    /// Where the pool's name stands.
    pub span: Span,
}

/// `persistent: true`.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// `ready`.
    pub ready: Option<Ready>,
}

/// `ready`.
#[derive(Clone, Debug)]
pub struct Ready {
    /// What is tried.
    pub probe: Probe,
    /// How long.
    pub timeout: Duration,
}

/// What is tried to see whether a server serves.
#[derive(Clone, Debug)]
pub enum Probe {
    /// `tcp`: `host:port`, or a port of this machine.
    Tcp(Template),
    /// `http`: a URL.
    Http(Template),
    /// `log`: a regular expression.
    Log(Template),
    /// `exec`: a script.
    Exec(Template),
}

/// `needs`.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Programs that must be found.
    pub programs: Vec<Template>,
    /// Environment variables that must have a value.
    pub env: Vec<Template>,
    /// `tcp://host:port` that must accept a connection.
    pub services: Vec<Template>,
}

impl Needs {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.env.is_empty() && self.services.is_empty()
    }
}
