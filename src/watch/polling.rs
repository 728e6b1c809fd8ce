//! Changes, as they show when one looks: when files of a directory were written, and which there are.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

type Listing = BTreeMap<PathBuf, Option<SystemTime>>;

/// Looks at directories.
pub(super) struct Watcher {
    directories: HashMap<PathBuf, Listing>,
}

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        Ok(Watcher { directories: HashMap::new() })
    }

    /// Nothing here tells of changes.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        None
    }

    /// Looks at a directory, too; whether that is news.
    pub(super) fn follow(&mut self, directory: &Path) -> io::Result<bool> {
        if self.directories.contains_key(directory) {
            return Ok(false);
        }
        self.directories.insert(directory.into(), listing(directory));
        Ok(true)
    }

    /// What has changed since it was last asked.
    pub(super) fn changes(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut changes = Vec::new();
        for (directory, old) in &mut self.directories {
            let new = listing(directory);
            let is_other =
                |(path, time): &(&PathBuf, &Option<SystemTime>)| old.get(*path) != Some(time);
            changes.extend(new.iter().filter(is_other).map(|(path, _)| path.clone()));
            changes.extend(old.keys().filter(|path| !new.contains_key(*path)).cloned());
            *old = new;
        }
        Ok(changes)
    }
}

fn listing(directory: &Path) -> Listing {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let written =
        |entry: &std::fs::DirEntry| entry.metadata().and_then(|found| found.modified()).ok();
    entries.map(|entry| (entry.path(), written(&entry))).collect()
}
