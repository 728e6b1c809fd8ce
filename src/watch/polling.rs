//! Changes, as they show when one looks: when files of a directory were written, and which there are.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

type Listing = BTreeMap<PathBuf, Option<SystemTime>>;

/// Looks at directories.
#[derive(Default)]
pub(super) struct Polling {
    directories: HashMap<PathBuf, Listing>,
}

impl Polling {
    /// Looks at a directory, too; whether that is news.
    pub(super) fn follow(&mut self, directory: &Path) -> bool {
        if self.directories.contains_key(directory) {
            return false;
        }
        self.directories.insert(directory.into(), listing(directory));
        true
    }

    /// What has changed since it was last asked.
    pub(super) fn changes(&mut self) -> Vec<PathBuf> {
        let mut changes = Vec::new();
        for (directory, old) in &mut self.directories {
            let new = listing(directory);
            let is_other =
                |(path, time): &(&PathBuf, &Option<SystemTime>)| old.get(*path) != Some(time);
            changes.extend(new.iter().filter(is_other).map(|(path, _)| path.clone()));
            changes.extend(old.keys().filter(|path| !new.contains_key(*path)).cloned());
            *old = new;
        }
        changes
    }
}

fn listing(directory: &Path) -> Listing {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let written =
        |entry: &std::fs::DirEntry| entry.metadata().and_then(|found| found.modified()).ok();
    entries.map(|entry| (entry.path(), written(&entry))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_come_go_or_are_written_are_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("a"), dir.path().join("b"));
        let mut polling = Polling::default();
        assert!(polling.follow(dir.path()) && !polling.follow(dir.path()));
        assert!(polling.changes().is_empty());
        std::fs::write(&file, "a").unwrap();
        assert!(polling.changes() == std::slice::from_ref(&file));
        std::fs::write(&other, "b").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH;
        std::fs::File::options().append(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(polling.changes(), [file.clone(), other]);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(polling.changes(), [file]);
    }
}
