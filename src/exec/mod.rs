//! Processes: how to start, signal, wait for and read from them.
//!
//! Is given a [`Job`] and knows no tasks, plans or policies. Only Unix for now; what is special about Linux
//! is in files named `linux.rs`, what the others do instead in `other.rs` beside it.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use crate::event::{Status, Stream, Usage};

mod descendants;
mod environment;
pub mod guard;
pub mod jobserver;
mod left;
mod lexer;
#[cfg(test)]
mod likeness;
mod listing;
mod members;
mod pipes;
mod plumbing;
mod processes;
mod redirect;
pub mod shell;
mod signals;
mod simple;
mod spawn;
mod terminal;
mod trees;
mod trivial;
mod turns;
mod wait;
mod watch;

pub use environment::{Environment, Variables};
pub use guard::Guarded;
pub use processes::Processes;
pub use shell::{Options, Script, Shell};
pub use simple::{Redirection, Target};
pub use spawn::StartError;
pub use terminal::Foreground;
pub use trees::Tree;
pub use trivial::{Done, Trivial};

/// What is executed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Path of the program, absolute or relative to the job's directory.
    pub program: CString,
    /// Its arguments, `argv[0]` first.
    pub argv: Vec<CString>,
    /// Where its streams go instead, in the order of the script.
    pub redirections: Vec<Redirection>,
    /// What is executed when the kernel refuses `program`, or a redirection takes a shell.
    pub otherwise: Option<Script>,
    /// What becomes of processes it leaves behind.
    pub leftovers: Leftovers,
}

/// What becomes of processes left in the group of one that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leftovers {
    /// They may stay until [`Processes::end_left`].
    Stay,
    /// They are waited for: background jobs of a shell script.
    Wait,
}

/// Commands at once, each reading what the one before writes: what a shell makes of `a | b`, without the shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pipeline {
    /// What the first command reads, when it comes from one that needs no process.
    pub before: Option<Before>,
    /// At least one.
    pub commands: Vec<Command>,
    /// How a shell would show each of them.
    pub texts: Vec<String>,
    /// The last command that fails decides, not the last one.
    pub pipefail: bool,
}

/// A command of a pipeline that has done its work before the others begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Before {
    /// What it wrote; fits into a pipe.
    pub output: Vec<u8>,
    /// Its exit code.
    pub code: i32,
    /// How a shell would show it.
    pub text: String,
}

/// One process to start, or those of a pipeline. Everything is decided: no `Option` means "default".
#[derive(Debug)]
pub struct Job {
    /// What is executed, unless there is a pipeline.
    pub command: Command,
    /// What is executed instead: the same without a shell. Not with [`Capture::Inherit`] or
    /// [`Capture::Given`].
    pub pipeline: Option<Pipeline>,
    /// All of its environment.
    pub env: Environment,
    /// Where it runs.
    pub dir: PathBuf,
    /// What it reads.
    pub stdin: Stdin,
    /// Where its output goes.
    pub capture: Capture,
    /// Descriptors of ours that it keeps, under the same numbers.
    pub kept: Vec<Arc<OwnedFd>>,
}

/// What a process reads.
#[derive(Debug)]
pub enum Stdin {
    /// Nothing: `/dev/null`.
    Null,
    /// What `par` reads.
    Inherit,
    /// This.
    Fd(OwnedFd),
}

/// Where a process's output goes.
#[derive(Clone, Debug)]
pub enum Capture {
    /// One pipe for both streams: their order is exact, all of it counts as stdout.
    Merged,
    /// A pipe for each stream.
    Separate,
    /// `par`'s own stdout and stderr; with a terminal, its foreground group too.
    Inherit,
    /// A pipe for stdout; stderr is `par`'s own.
    Stdout,
    /// A pipe for stdout; stderr is nobody's.
    Quiet,
    /// No pipe: these.
    Given {
        /// Its standard output.
        stdout: Arc<OwnedFd>,
        /// Its standard error.
        stderr: Arc<OwnedFd>,
    },
}

/// What becomes of a process. `T` is the caller's name for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice<T> {
    /// It wrote something, at most 256 KiB.
    Output(T, Stream, Vec<u8>),
    /// It has ended, and what its pipes held then was told.
    Exited(T, Status, Usage),
    /// What it left running wrote something after its end.
    Left(T, Stream, Vec<u8>),
    /// This signal stopped it. After `SIGTTIN` or `SIGTTOU` it wants a terminal that it does not have.
    Stopped(T, i32),
    /// `SIGINT`, `SIGQUIT`, `SIGTERM`, `SIGHUP`, `SIGWINCH` or `SIGTSTP` reached `par`; after the last,
    /// [`Processes::suspend`] does what the user wants.
    Signal(i32),
}
