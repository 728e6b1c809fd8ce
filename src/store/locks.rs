//! What only one run of a project may have at a time, or only those that share it: locked files.
//!
//! The kernel frees them when whoever holds them ends, however it ends. The files themselves stay.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use rustix::fs::FlockOperation;

use super::state_folder;

/// Longest name of a file that says what it locks.
const LONGEST: usize = 150;

/// The locks of a project.
#[derive(Debug)]
pub struct Locks {
    /// `None`: nothing is kept, and so nothing is locked.
    root: Option<PathBuf>,
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Held {
    _file: Option<File>,
}

impl Locks {
    /// The locks of the project in `root`; without one every lock is free.
    pub fn new(root: Option<PathBuf>) -> Locks {
        Locks { root }
    }

    /// Takes a lock; `None` while another process has it so that we cannot.
    ///
    /// # Errors
    ///
    /// When there can be no lock.
    pub fn take(&self, name: &str, shared: bool) -> io::Result<Option<Held>> {
        let Some(root) = &self.root else { return Ok(Some(Held { _file: None })) };
        let how = match shared {
            true => FlockOperation::NonBlockingLockShared,
            false => FlockOperation::NonBlockingLockExclusive,
        };
        let folder = state_folder(root)?.ensure("locks")?;
        match folder.lock(&file_name(name), how) {
            Ok(file) => Ok(Some(Held { _file: Some(file) })),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A name that is fit for a file, another one for every lock.
fn file_name(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(byte.into()),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    if text.len() > LONGEST {
        text.truncate(LONGEST);
        text.push_str(&format!("~{:032x}", xxhash_rust::xxh3::xxh3_128(name.as_bytes())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_had_once_or_shared_and_free_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) =
            (Locks::new(Some(dir.path().into())), Locks::new(Some(dir.path().into())));
        let held = ours.take("lock db", false).unwrap();
        assert!(held.is_some());
        assert!(theirs.take("lock db", true).unwrap().is_none());
        assert!(theirs.take("lock cache", false).unwrap().is_some());
        drop(held);
        let one = ours.take("lock db", true).unwrap();
        let other = theirs.take("lock db", true).unwrap();
        assert!(one.is_some() && other.is_some());
        assert!(theirs.take("lock db", false).unwrap().is_none());
    }

    #[test]
    fn names_stay_apart_and_out_of_other_folders() {
        assert_eq!(file_name("lock ../a/b"), "lock%20%2e%2e%2fa%2fb");
        let (one, other) = ("x".repeat(500) + "1", "x".repeat(500) + "2");
        assert_ne!(file_name(&one), file_name(&other));
        assert!(file_name(&one).len() < 200);
    }

    #[test]
    fn a_run_that_leaves_nothing_locks_nothing() {
        let locks = Locks::new(None);
        assert!(locks.take("a", false).unwrap().is_some());
        assert!(locks.take("a", false).unwrap().is_some());
    }
}
