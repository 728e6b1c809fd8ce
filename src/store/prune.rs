//! Removes old runs.

use std::io;

use rustix::fs::FlockOperation;

use super::folder::Folder;
use super::{RUN_LOCK, STATE_LOCK};

/// What may stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) runs: usize,
    /// Bytes in all runs together.
    pub(super) bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { runs: 20, bytes: 1 << 30 }
    }
}

/// Removes the oldest runs beyond `limits`. Living runs stay, and count. While another run begins
/// or removes old ones itself, nothing is done: the next run will do it.
pub(super) fn prune(state: &Folder, limits: Limits) -> io::Result<()> {
    let _alone = match state.lock(STATE_LOCK, FlockOperation::NonBlockingLockExclusive) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
        lock => lock?,
    };
    let runs = state.open("runs")?;
    let (mut kept, mut bytes) = (0, 0);
    let mut first_error = Ok(());
    for (name, is_folder) in runs.names()?.into_iter().rev() {
        if !is_folder {
            continue;
        }
        let Ok(run) = runs.open(&name) else { continue };
        bytes += run.size().unwrap_or(0);
        kept += 1;
        let fits = kept <= limits.runs && (bytes <= limits.bytes || kept == 1);
        if !fits && !run.is_locked(RUN_LOCK) {
            let removed = runs.remove(&name);
            first_error = first_error.and(removed);
        }
    }
    first_error
}
