//! What a run leaves on disk: its directory with events and logs, and how long tasks take.
//!
//! Lives in `.par/` beside the root Taskfile, private to the user, made when there is something to
//! put into it. Never prints and never fails a run: what cannot be kept becomes a warning, what
//! cannot be read counts as absent. Knows nothing of tasks, plans or terminals.

mod durations;
mod endings;
mod events;
mod folder;
mod index;
mod locks;
mod logs;
mod prune;
mod reader;
mod runs;
mod shelf;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::FlockOperation;

use crate::id::RunId;

pub use durations::Durations;
pub use endings::{Ending, Endings};
pub use events::{EventLog, Events};
pub use locks::{Held, Locks, Waiting};
pub use logs::{Logs, Piece};
pub use reader::{Fetch, LogReader, Take, read_piece};
pub use runs::{End, META_VERSION, Meta, RunEntry, Runs};
pub use shelf::Shelf;

use folder::Folder;
use logs::Table;

/// Name of the state directory.
pub const STATE: &str = ".par";
/// Taken shared while a run's directory is made, exclusively while state of all runs changes.
const STATE_LOCK: &str = "lock";
/// Held as long as the run lives.
const RUN_LOCK: &str = "lock";

/// Where one run keeps what it leaves. A clone is the same run.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    run: RunId,
    place: Mutex<Place>,
    warnings: Mutex<Warnings>,
    table: Table,
    durations: OnceLock<Durations>,
}

#[derive(Debug)]
enum Place {
    /// Nothing was kept so far.
    Untouched,
    Kept(Arc<RunFolder>),
    /// Nothing is kept: it must not or cannot be.
    Nowhere,
}

#[derive(Debug)]
pub(crate) struct RunFolder {
    folder: Folder,
    path: PathBuf,
    _lock: File,
}

#[derive(Default, Debug)]
struct Warnings {
    new: Vec<String>,
    known: HashSet<String>,
}

impl Store {
    /// The state of a run of the Taskfile in `root`. Touches nothing yet.
    pub fn new(root: &Path, run: RunId) -> Store {
        Store::with(root, run, Place::Untouched)
    }

    /// A run that leaves nothing: its logs are files without names and end with it.
    pub fn transient(run: RunId) -> Store {
        Store::with(Path::new(""), run, Place::Nowhere)
    }

    fn with(root: &Path, run: RunId, place: Place) -> Store {
        let shared = Shared {
            root: root.into(),
            run,
            place: Mutex::new(place),
            warnings: Mutex::default(),
            table: Arc::new(Mutex::new(HashMap::new())),
            durations: OnceLock::new(),
        };
        Store { shared: Arc::new(shared) }
    }

    /// What the run begins with, which then is not read again for what it learns to be added.
    pub fn know(&self, durations: &Durations) {
        let _ = self.shared.durations.set(durations.clone());
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.shared.run
    }

    /// The run's directory, made if need be; `None` when it cannot be kept.
    pub fn directory(&self) -> Option<PathBuf> {
        Some(self.run_folder()?.path.clone())
    }

    /// A directory in the run's directory, made if need be; `None` when it cannot be kept.
    pub fn subdirectory(&self, name: &str) -> Option<PathBuf> {
        let run = self.run_folder()?;
        match run.folder.ensure(name) {
            Ok(_) => Some(run.path.join(name)),
            Err(error) => {
                self.warn(format!("cannot make {}: {error}", run.path.join(name).display()));
                None
            }
        }
    }

    /// Writes `run.json`, whole.
    pub fn write_meta(&self, meta: &Meta) {
        let Some(run) = self.run_folder() else { return };
        let written = serde_json::to_vec_pretty(meta)
            .map_err(io::Error::from)
            .and_then(|text| run.folder.replace(runs::META, &text));
        if let Err(error) = written {
            self.warn(format!("run {} is not described: {error}", self.shared.run));
        }
    }

    /// The writer of the run's logs. There should be one.
    pub fn logs(&self) -> Logs {
        Logs::new(self.clone(), self.shared.table.clone())
    }

    /// A reader of the run's logs, for any thread.
    pub fn reader(&self) -> LogReader {
        LogReader::live(self.clone(), self.shared.table.clone())
    }

    /// What the runs of the project keep from each other.
    pub fn locks(&self) -> Locks {
        let is_kept = !matches!(*locked(&self.shared.place), Place::Nowhere);
        Locks::new(is_kept.then(|| self.shared.root.clone()))
    }

    /// The writer of the run's events. There should be one.
    pub fn events(&self) -> EventLog {
        EventLog::new(self.clone())
    }

    /// The writer of how calls ended. There should be one.
    pub fn endings(&self) -> Endings {
        Endings::new(self.clone())
    }

    /// What went wrong since the last call, each thing once per run.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.shared.warnings).new)
    }

    /// Removes old runs: the last 20 stay, or fewer when they take more than 1 GiB. A run that is
    /// still alive stays always. For when a run has nothing else to do, or is over and so as large as it will be.
    pub fn prune(&self, is_over: bool) {
        if !matches!(&*locked(&self.shared.place), Place::Kept(_)) {
            return;
        }
        let ending = is_over.then(|| self.shared.run.as_str());
        let pruned =
            self.state().and_then(|state| prune::prune(&state, ending, prune::Limits::default()));
        if let Err(error) = pruned {
            self.warn(format!("old runs are not removed: {error}"));
        }
    }

    fn state(&self) -> io::Result<Folder> {
        Folder::at(&self.shared.root)?.open(STATE)
    }

    fn warn(&self, text: String) {
        let mut warnings = locked(&self.shared.warnings);
        if warnings.known.insert(text.clone()) {
            warnings.new.push(text);
        }
    }

    fn run_folder(&self) -> Option<Arc<RunFolder>> {
        let mut place = locked(&self.shared.place);
        if matches!(*place, Place::Untouched) {
            *place = match self.make_run_folder() {
                Ok(run) => Place::Kept(Arc::new(run)),
                Err(error) => {
                    let state = self.shared.root.join(STATE);
                    self.warn(format!("this run is not recorded: {}: {error}", state.display()));
                    Place::Nowhere
                }
            };
        }
        match &*place {
            Place::Kept(run) => Some(run.clone()),
            Place::Untouched | Place::Nowhere => None,
        }
    }

    fn make_run_folder(&self) -> io::Result<RunFolder> {
        let state = state_folder(&self.shared.root)?;
        // Keeps runs that end just now from taking the new directory for a dead one. They are
        // not worth waiting for: the newest runs are the last to be removed.
        let _making = state.lock(STATE_LOCK, FlockOperation::NonBlockingLockShared);
        let name = self.shared.run.as_str();
        let folder = state.ensure("runs")?.ensure(name)?;
        // Waits at most for somebody who tests just now whether the run is alive.
        let lock = folder.lock(RUN_LOCK, FlockOperation::LockExclusive)?;
        let path = self.shared.root.join(STATE).join("runs").join(name);
        Ok(RunFolder { folder, path, _lock: lock })
    }
}

/// The state directory of the Taskfile in `root`, made if need be; it ignores itself in git.
fn state_folder(root: &Path) -> io::Result<Folder> {
    let state = Folder::at(root)?.ensure(STATE)?;
    state.keep_to_ourselves();
    if let Ok(mut ignore) = state.create(".gitignore") {
        io::Write::write_all(&mut ignore, b"*\n")?;
    }
    Ok(state)
}

/// Too few descriptors just now: others will end.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

/// The value in a lock, whether or not a thread that held it panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
