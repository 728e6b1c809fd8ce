//! Changes, as inotify tells of them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// Looks at directories.
pub(super) struct Watcher {
    inotify: OwnedFd,
    directories: HashMap<i32, PathBuf>,
}

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Watcher { inotify, directories: HashMap::new() })
    }

    /// Becomes readable when there are changes.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        Some(self.inotify.as_raw_fd())
    }

    /// Looks at a directory, too; whether that is news. One that has gone is none.
    pub(super) fn follow(&mut self, directory: &Path) -> io::Result<bool> {
        if self.directories.values().any(|known| known == directory) {
            return Ok(false);
        }
        let what = WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.inotify, directory, what) {
            Ok(number) => {
                self.directories.insert(number, directory.into());
                Ok(true)
            }
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(false),
            Err(error) => Err(named(error.into(), directory)),
        }
    }

    /// What has changed since it was last asked.
    pub(super) fn changes(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut changes = Vec::new();
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(rustix::io::Errno::AGAIN) => return Ok(changes),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::IGNORED) {
                // The directory has gone; it may come again.
                self.directories.remove(&event.wd());
            } else if let (Some(directory), Some(name)) =
                (self.directories.get(&event.wd()), event.file_name())
            {
                changes.push(directory.join(OsStr::from_bytes(name.to_bytes())));
            }
        }
    }
}

fn named(error: io::Error, directory: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot look at {}: {error}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_files_in_followed_directories_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        let mut watcher = Watcher::new().unwrap();
        assert!(watcher.follow(dir.path()).unwrap());
        assert!(!watcher.follow(dir.path()).unwrap());
        assert!(!watcher.follow(&dir.path().join("nowhere")).unwrap());
        assert!(watcher.changes().unwrap().is_empty());
        std::fs::write(&file, "a").unwrap();
        assert!(watcher.changes().unwrap().contains(&file));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(watcher.changes().unwrap(), [file]);
    }

    #[test]
    fn a_directory_that_comes_again_is_followed_again() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("sub");
        let mut watcher = Watcher::new().unwrap();
        for _ in 0..2 {
            std::fs::create_dir(&sub).unwrap();
            assert!(watcher.follow(&sub).unwrap());
            std::fs::remove_dir(&sub).unwrap();
            watcher.changes().unwrap();
        }
    }
}
