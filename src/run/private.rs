//! A run's private folder: for sockets, fifos and programs that only its user may reach.
//!
//! A lock on the folder says that its run lives. Who makes one takes away those whose run was killed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::control::place;

/// How the names of such folders end.
const ENDING: &str = ".run";
/// Somebody who tidies up may take a new folder for a dead one.
const TRIES: usize = 100;

/// A folder that exists as long as its run.
#[derive(Debug)]
pub(super) struct Private {
    path: PathBuf,
    _lock: File,
}

impl Private {
    /// A new one, beside those of other runs, or by itself where somebody else has taken their place.
    pub(super) fn make() -> io::Result<Private> {
        match place::own_folder() {
            Ok(around) => {
                remove_dead(&around);
                make_in(&around)
            }
            Err(_) => make_in(&place::base()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes it away with all that is in it.
    pub(super) fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "not removed");
        }
    }
}

fn make_in(around: &Path) -> io::Result<Private> {
    for _ in 0..TRIES {
        // Short: a socket's path is limited to about 100 bytes.
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = around.join(format!("{}{ENDING}", &name[..12]));
        DirBuilder::new().mode(0o700).create(&path)?;
        if let Ok(lock) = lock(&path)
            && is_still(&path, &lock)
        {
            return Ok(Private { path, _lock: lock });
        }
    }
    Err(io::Error::other(format!("{} cannot be used", around.display())))
}

/// Locks a folder that nobody has locked.
fn lock(path: &Path) -> io::Result<File> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let folder = File::options().read(true).custom_flags(flags).open(path)?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    Ok(folder)
}

fn is_still(path: &Path, folder: &File) -> bool {
    let one = |found: fs::Metadata| (found.dev(), found.ino());
    let there = fs::symlink_metadata(path).map(one);
    matches!((there, folder.metadata().map(one)), (Ok(there), Ok(here)) if there == here)
}

fn remove_dead(around: &Path) {
    for entry in fs::read_dir(around).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().ends_with(ENDING) {
            continue;
        }
        if let Ok(_lock) = lock(&entry.path())
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::debug!(folder = %entry.path().display(), %error, "not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_runs_are_taken_away_and_those_of_living_ones_stay() {
        let around = tempfile::tempdir().unwrap();
        let (alive, dead) = (make_in(around.path()).unwrap(), make_in(around.path()).unwrap());
        fs::write(dead.path().join("socket"), "").unwrap();
        let left = dead.path().to_path_buf();
        drop(dead);
        fs::write(around.path().join("another"), "").unwrap();
        // A process that another test starts just now may have the lock for a moment.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while left.exists() && std::time::Instant::now() < until {
            remove_dead(around.path());
        }
        assert!(alive.path().is_dir() && !left.exists());
        assert!(around.path().join("another").exists());
        let path = alive.path().to_path_buf();
        alive.remove();
        assert!(!path.exists());
    }
}
