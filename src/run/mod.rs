//! The real driver: one loop on one thread carries out what the scheduler wants and tells it what happened.
//!
//! Decides nothing. Expansions, checks and `if`s run on blocking workers, whose shells are processes like any
//! other; reporters have a thread of their own. Nothing in the loop waits for any of them.

mod ask;
mod attempts;
mod call;
mod checks;
mod claims;
mod clock;
mod contexts;
pub mod control;
mod driver;
mod environment;
mod forward;
mod freshness;
mod gates;
mod headroom;
mod jobs;
mod keyboard;
mod leftovers;
mod lending;
mod mask;
mod memory;
mod nesting;
mod output;
mod outputs;
mod private;
mod ready;
mod resume;
mod server;
mod shortage;
mod stages;
mod stalls;
mod start;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use crate::diag::Diagnostic;
use crate::event::Status;
use crate::fingerprint::Fingerprints;
use crate::host::Witness;
use crate::report::Reporter;
use crate::resolve::{Request, Resolver};
use crate::schedule::{Options, Refusal};
use crate::source::SourceMap;
use crate::store::{Durations, LogReader, Store};

use driver::Driver;

pub use call::{Call, call};
pub use gates::Gates;
pub use resume::Resume;

/// Turns a mistake that was found while the run went on into an exit code and a text.
pub type Explain = Arc<dyn Fn(&Diagnostic, &SourceMap) -> Refusal + Send + Sync>;

/// Everything a run needs.
pub struct Order {
    /// Knows what each unit consists of.
    pub resolver: Resolver,
    /// The tasks of the command line.
    pub requests: Vec<Request>,
    /// The command line, without the program, for those who look at the run later.
    pub arguments: Vec<String>,
    /// The files, for messages.
    pub sources: SourceMap,
    /// Makes refusals of mistakes.
    pub explain: Explain,
    /// How it is scheduled.
    pub options: Options,
    /// Nothing more starts while this is not there.
    pub gates: Gates,
    /// Whether slots are shared with make and its like, below this run and around it.
    pub shares_jobs: bool,
    /// Whether every command is told of the jobserver, not only those that name a program that knows one.
    pub strict_jobs: bool,
    /// Whether all output is shown on stdout, so that the order between a command's streams can be kept.
    pub merges: bool,
    /// The machine, which knows in the end what was seen of it, unless something was done.
    pub witness: Arc<Witness>,
    /// Whether the keys of the terminal are for the run while no task has it.
    pub keys: bool,
    /// Whether tasks whose output is kept are told that it will be shown in colour.
    pub colours: bool,
    /// How long tasks took before.
    pub durations: Durations,
    /// What is remembered of the tasks.
    pub fingerprints: Fingerprints,
    /// The run that this one goes on with.
    pub resume: Option<Resume>,
    /// Where state is kept.
    pub store: Store,
    /// Directory of the root Taskfile.
    pub root: PathBuf,
    /// Who watches; asked for once the process is the one that stays.
    pub reporters: Watchers,
}

/// Makes the reporters of a run, which read what tasks wrote through the given reader.
pub type Watchers = Box<dyn FnOnce(LogReader) -> io::Result<Vec<Box<dyn Reporter>>>>;

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Nothing ran: these are wrong.
    Refused(Vec<Diagnostic>),
    /// It ran to its end; with the first thing that failed by itself.
    Finished(Option<Cause>),
    /// This signal ended it.
    Signalled(i32),
    /// Nobody reads the output any more.
    Unread,
    /// Output could not be written, as to a full disk.
    Unwritten(io::Error),
}

/// What made a run fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A command that ended like this.
    Command(Status),
    /// A command or call that ran longer than it may.
    TimedOut,
    /// Something that could not be run, with its exit code.
    Refused(i32),
}

/// Runs the tasks. From here on the process may be another one than the caller's; it returns once.
///
/// # Errors
///
/// When the machine refuses what no run can do without, or `par` runs itself without end.
pub fn run(order: Order) -> anyhow::Result<Ended> {
    let nesting = nesting::Nesting::of_this_process();
    if let Some(reason) = nesting.refusal() {
        anyhow::bail!(reason);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .context("cannot start the event loop")?;
    let ended = runtime.block_on(async {
        match Driver::new(order, nesting)? {
            Ok((driver, fragment)) => Ok(driver.drive(fragment).await),
            Err(wrong) => Ok(Ended::Refused(wrong)),
        }
    });
    // A worker may sit in a read that never ends.
    runtime.shutdown_background();
    ended
}
