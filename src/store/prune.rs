//! Removes old runs.
//!
//! What is over no longer grows, so how large it is stands in `.par/sizes`: a line that names the format, then
//! bytes and id of each run. A run that is not there is measured.

use std::collections::HashMap;
use std::io;

use rustix::fs::FlockOperation;

use super::folder::Folder;
use super::{RUN_LOCK, STATE_LOCK};

const SIZES: &str = "sizes";
const HEADER: &str = "par sizes 1";
/// Longest file that is read, bytes.
const LIMIT: u64 = 1 << 20;

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
/// or removes old ones itself, nothing is done: the next run will do it. `ending` is over, although it lives.
pub(super) fn prune(state: &Folder, ending: Option<&str>, limits: Limits) -> io::Result<()> {
    let _alone = match state.lock(STATE_LOCK, FlockOperation::NonBlockingLockExclusive) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
        lock => lock?,
    };
    let runs = state.open("runs")?;
    let known = sizes(state);
    let mut text = format!("{HEADER}\n");
    let (mut kept, mut bytes) = (0, 0);
    let mut first_error = Ok(());
    for (name, is_folder) in runs.names()?.into_iter().rev() {
        if !is_folder {
            continue;
        }
        let id = name.to_str().unwrap_or_default();
        let is_alive = || runs.open(&name).is_ok_and(|run| run.is_locked(RUN_LOCK));
        let (size, is_over) = match known.get(id) {
            Some(size) => (*size, true),
            None => match runs.open(&name) {
                Ok(run) => (run.size().unwrap_or(0), Some(id) == ending || !is_alive()),
                Err(_) => continue,
            },
        };
        bytes += size;
        kept += 1;
        let fits = kept <= limits.runs && (bytes <= limits.bytes || kept == 1);
        if !fits && !is_alive() {
            let removed = runs.remove(&name);
            first_error = first_error.and(removed);
        } else if is_over {
            text.push_str(&format!("{size} {id}\n"));
        }
    }
    // Without it, they are measured.
    let _ = state.replace(SIZES, text.as_bytes());
    first_error
}

fn sizes(state: &Folder) -> HashMap<String, u64> {
    let text = state.read(SIZES, LIMIT).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut lines = text.as_deref().unwrap_or_default().lines();
    if lines.next() != Some(HEADER) {
        return HashMap::new();
    }
    let size = |line: &str| {
        let (size, id) = line.split_once(' ')?;
        Some((id.to_owned(), size.parse().ok()?))
    };
    lines.filter_map(size).collect()
}
