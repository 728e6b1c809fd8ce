//! Is a task up to date, and why not.
//!
//! Two habits: the *safe* one, in which a task is up to date only when everything it is made of and
//! everything it left is as its last success left it, and *go-task's*, which compares sources alone and
//! shares go-task's state. Knows nothing of templates, processes or the order of things: it is told
//! what a task is made of ([`Footprint`]), when its body succeeded and when it did not.

mod go_task;
mod idle;
mod reason;
mod record;
mod safe;
mod snapshot;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::host::Host;
use crate::resolve::{Compare, Footprint};
use crate::store::Shelf;

pub use idle::Idle;
pub use reason::Reason;

/// Whether a task is up to date.
#[derive(Debug)]
pub enum Judgement {
    /// There is nothing to do.
    UpToDate,
    /// There is something to do.
    Stale {
        /// Why.
        reason: Reason,
        /// What is to be handed back once its body has ended.
        pending: Pending,
    },
}

/// A task that was judged and has to run.
#[derive(Debug)]
pub struct Pending(Kind);

#[derive(Debug)]
enum Kind {
    Safe(Box<safe::Pending>),
    GoTask(go_task::Pending),
}

/// Whether judging leaves traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Traces {
    /// As a run does.
    Left,
    /// None: nothing is to run, somebody only asks.
    None,
}

/// What is remembered of the tasks of one Taskfile.
#[derive(Debug)]
pub struct Fingerprints {
    memory: Memory,
    traces: Traces,
    warnings: Mutex<Warnings>,
}

#[derive(Default, Debug)]
struct Warnings {
    new: Vec<String>,
    known: HashSet<String>,
}

#[derive(Debug)]
enum Memory {
    Safe(safe::Memory),
    GoTask(go_task::Memory),
}

impl Fingerprints {
    /// The safe habit, its memory beside the Taskfile in `root`.
    pub fn safe(root: &Path, traces: Traces) -> Fingerprints {
        let shelf = Shelf::new(root, "fingerprints");
        Fingerprints::with(Memory::Safe(safe::Memory::new(shelf, root)), traces)
    }

    /// go-task's habit, its memory in `folder`.
    pub fn go_task(folder: PathBuf, traces: Traces) -> Fingerprints {
        Fingerprints::with(Memory::GoTask(go_task::Memory { folder }), traces)
    }

    fn with(memory: Memory, traces: Traces) -> Fingerprints {
        Fingerprints { memory, traces, warnings: Mutex::default() }
    }

    /// Whether there is something to do for a task. Reads files, so it may take long.
    pub fn judge(&self, footprint: Footprint, host: &dyn Host) -> Judgement {
        let (judgement, warning) = match &self.memory {
            Memory::Safe(memory) => memory.judge(footprint, self.traces, host),
            Memory::GoTask(memory) => memory.judge(&footprint, self.traces, host),
        };
        self.warn(warning);
        judgement
    }

    /// All reasons why there is something to do for a task; none when it is up to date. Reads files, and
    /// writes none.
    pub fn reasons(&self, footprint: Footprint, host: &dyn Host) -> Vec<Reason> {
        let (reasons, warning) = match &self.memory {
            Memory::Safe(memory) => memory.reasons(&footprint, host),
            Memory::GoTask(memory) => match memory.judge(&footprint, Traces::None, host) {
                (Judgement::UpToDate, warning) => (Vec::new(), warning),
                (Judgement::Stale { reason, .. }, warning) => (vec![reason], warning),
            },
        };
        self.warn(warning);
        reasons
    }

    /// The body of a task has succeeded, and [`Fingerprints::succeeded`] is about to be called, perhaps
    /// on another thread: who asks about the same task waits for it.
    pub fn expect(&self, pending: &Pending) {
        if let (Memory::Safe(memory), Kind::Safe(pending)) = (&self.memory, &pending.0) {
            memory.expect(pending);
        }
    }

    /// The body of a task has succeeded, at `ended`. Reads files, so it may take long.
    pub fn succeeded(&self, pending: Pending, ended: SystemTime, host: &dyn Host) {
        if let (Memory::Safe(memory), Kind::Safe(pending)) = (&self.memory, pending.0) {
            self.warn(memory.commit(*pending, ended, self.traces, host));
        }
    }

    /// The body of a task has failed, or was stopped.
    pub fn failed(&self, pending: Pending) {
        // In the safe habit nothing was remembered when the body began.
        if let (Memory::GoTask(memory), Kind::GoTask(pending), Traces::Left) =
            (&self.memory, pending.0, self.traces)
        {
            memory.forget(&pending);
        }
    }

    /// Forgets what is oldest when much has gathered. For after a run.
    pub fn prune(&self) {
        if let (Memory::Safe(memory), Traces::Left) = (&self.memory, self.traces) {
            memory.prune();
        }
    }

    /// What went wrong since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut warnings.new)
    }

    /// The same thing is said once.
    fn warn(&self, warning: Option<String>) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let new = warning.filter(|warning| warnings.known.insert(warning.clone()));
        warnings.new.extend(new);
    }
}

#[cfg(test)]
mod tests;
