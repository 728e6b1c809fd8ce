//! Changes, as inotify tells of them; where it refuses, one looks again.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::polling::Polling;

/// Looks at directories.
pub(super) struct Watcher {
    /// Nothing once it has refused.
    inotify: Option<OwnedFd>,
    directories: HashMap<i32, PathBuf>,
    known: HashSet<PathBuf>,
    polling: Polling,
    warning: Option<String>,
}

impl Watcher {
    pub(super) fn new() -> io::Result<Watcher> {
        let mut watcher = Watcher {
            inotify: None,
            directories: HashMap::new(),
            known: HashSet::new(),
            polling: Polling::default(),
            warning: None,
        };
        match inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) {
            Ok(inotify) => watcher.inotify = Some(inotify),
            Err(Errno::MFILE) => watcher.fall_back("fs.inotify.max_user_instances"),
            Err(error) => return Err(error.into()),
        }
        Ok(watcher)
    }

    /// Becomes readable when there are changes; `None` where one has to look.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        self.inotify.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Looks at a directory, too; whether that is news. One that has gone is none.
    pub(super) fn follow(&mut self, directory: &Path) -> io::Result<bool> {
        let Some(inotify) = &self.inotify else { return Ok(self.polling.follow(directory)) };
        if self.known.contains(directory) {
            return Ok(false);
        }
        let what = WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(inotify, directory, what) {
            Ok(number) => {
                self.directories.insert(number, directory.into());
                self.known.insert(directory.into());
                Ok(true)
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(Errno::NOSPC) => {
                self.fall_back("fs.inotify.max_user_watches");
                Ok(self.polling.follow(directory))
            }
            Err(error) => Err(named(error.into(), directory)),
        }
    }

    /// The kernel watches no more for this user: from now on we look ourselves.
    fn fall_back(&mut self, limit: &str) {
        self.inotify = None;
        self.directories.clear();
        for directory in self.known.drain() {
            self.polling.follow(&directory);
        }
        self.warning = Some(format!(
            "the system watches no more files for this user, so changes are looked for every half second; \
             raise `{limit}` to be told of them"
        ));
    }

    /// Why it has to look, where it could be told.
    pub(super) fn take_warning(&mut self) -> Option<String> {
        self.warning.take()
    }

    /// What has changed since it was last asked.
    pub(super) fn changes(&mut self) -> io::Result<Vec<PathBuf>> {
        let Some(inotify) = &self.inotify else { return Ok(self.polling.changes()) };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(inotify, &mut buffer);
        let mut changes = Vec::new();
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok(changes),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::IGNORED) {
                // The directory has gone; it may come again.
                if let Some(directory) = self.directories.remove(&event.wd()) {
                    self.known.remove(&directory);
                }
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
