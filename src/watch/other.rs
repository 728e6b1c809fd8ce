//! Where nothing tells of changes: one looks again.

use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::polling::Polling;

/// Looks at directories.
pub(super) struct Watcher(Polling);

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        Ok(Watcher(Polling::default()))
    }

    /// Nothing here tells of changes.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        None
    }

    /// Looks at a directory, too; whether that is news.
    pub(super) fn follow(&mut self, directory: &Path) -> io::Result<bool> {
        Ok(self.0.follow(directory))
    }

    /// Why it has to look, where it could be told.
    pub(super) fn take_warning(&mut self) -> Option<String> {
        None
    }

    /// What has changed since it was last asked.
    pub(super) fn changes(&mut self) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.changes())
    }
}
