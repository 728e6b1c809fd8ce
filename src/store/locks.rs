//! What only one run of a project may have at a time, or only those that share it: locked files.
//!
//! The kernel frees them when whoever holds them ends, however it ends. The files themselves stay.
//!
//! Who has some and waits for another one says so in a file that it keeps locked as long as it waits. So those who
//! wait for each other in a circle find out, and one of them gives up.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use rustix::fs::FlockOperation;

use super::folder::Folder;
use super::state_folder;

/// The folder of those who wait.
const WAITS: &str = "waits";
/// Longest file that is read there, bytes.
const LIMIT: u64 = 1 << 16;
/// Longest name of a file that says what it locks.
const LONGEST: usize = 150;

/// The locks of a project.
#[derive(Debug)]
pub struct Locks {
    /// `None`: nothing is kept, and so nothing is locked.
    root: Option<PathBuf>,
}

/// Somebody who has locks waits for another one, and says so until this is dropped.
#[derive(Debug)]
pub struct Waiting {
    folder: Folder,
    name: String,
    wants: u64,
    _file: File,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.folder.unlink(self.name.as_ref());
    }
}

/// What somebody has said who waits.
#[derive(Debug)]
struct Said {
    name: String,
    wants: u64,
    has: Vec<u64>,
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

impl Locks {
    /// `who`, a name of its own in the project, that sorts by age, has locks and waits for another one: what is told of them stands
    /// for their names, the same in all runs.
    ///
    /// # Errors
    ///
    /// When it cannot be said.
    pub fn wait(&self, who: &str, has: &[u64], wants: u64) -> io::Result<Option<Waiting>> {
        let Some(root) = &self.root else { return Ok(None) };
        let folder = state_folder(root)?.ensure("locks")?.ensure(WAITS)?;
        let name = file_name(who);
        let mut file = folder.lock(&name, FlockOperation::NonBlockingLockExclusive)?;
        let numbers: Vec<String> = [wants].iter().chain(has).map(u64::to_string).collect();
        file.set_len(0)?;
        file.write_all(format!("{}\n", numbers.join(" ")).as_bytes())?;
        Ok(Some(Waiting { folder, name, wants, _file: file }))
    }
}

impl Waiting {
    /// Whether others can see it: who came just then may have taken it for one that a killed run has left.
    pub fn is_seen(&self) -> bool {
        self.folder.file(&self.name).is_ok()
    }

    /// What it waits for.
    pub fn wants(&self) -> u64 {
        self.wants
    }

    /// Who has what this one waits for, when the two, and perhaps others, wait for each other and it is this
    /// one's part to give up: that of the last in the order of names.
    pub fn gives_way_to(&self) -> Option<String> {
        let said = self.said();
        let own = said.iter().position(|one| one.name == self.name)?;
        let waits_for = |one: &Said, other: &Said| other.has.contains(&one.wants);
        let reach = |from: usize, waits: &dyn Fn(&Said, &Said) -> bool| {
            let (mut seen, mut open) = (vec![false; said.len()], vec![from]);
            while let Some(one) = open.pop() {
                for (other, seen) in seen.iter_mut().enumerate() {
                    if !*seen && waits(&said[one], &said[other]) {
                        *seen = true;
                        open.push(other);
                    }
                }
            }
            seen
        };
        let (ahead, behind) = (
            reach(own, &|one, other| waits_for(one, other)),
            reach(own, &|one, other| waits_for(other, one)),
        );
        let mut circle = (0..said.len()).filter(|&one| ahead[one] && behind[one]);
        let is_last = ahead[own] && circle.all(|one| said[one].name <= self.name);
        let holder = (0..said.len())
            .find(|&one| ahead[one] && behind[one] && waits_for(&said[own], &said[one]))?;
        is_last.then(|| said[holder].name.clone())
    }

    /// Everybody who waits. What a killed run has left is taken away.
    fn said(&self) -> Vec<Said> {
        let mut all = Vec::new();
        for (name, _) in self.folder.names().unwrap_or_default() {
            let Ok(name) = name.into_string() else { continue };
            if name != self.name && !self.folder.is_locked(&name) {
                let _ = self.folder.unlink(name.as_ref());
                continue;
            }
            let text = self.folder.read(&name, LIMIT).ok();
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            let numbers: Option<Vec<u64>> =
                text.split_ascii_whitespace().map(|number| number.parse().ok()).collect();
            if let Some((&wants, has)) = numbers.as_deref().and_then(<[u64]>::split_first) {
                all.push(Said { name, wants, has: has.to_vec() });
            }
        }
        all
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
    fn of_those_who_wait_in_a_circle_the_last_one_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        let locks = Locks::new(Some(dir.path().into()));
        let wait = |who, has: &[u64], wants| locks.wait(who, has, wants).unwrap().unwrap();
        let one = wait("one", &[1, 9], 2);
        assert_eq!(one.gives_way_to(), None, "nobody waits for it");
        let other = wait("two", &[2], 3);
        assert_eq!((one.gives_way_to(), other.gives_way_to()), (None, None));
        let third = wait("three", &[3], 1);
        let waits = [&one, &other, &third].map(Waiting::gives_way_to);
        assert_eq!(waits, [None, Some("three".into()), None]);
        drop(third);
        assert_eq!([&one, &other].map(Waiting::gives_way_to), [None, None]);
    }

    #[test]
    fn who_was_killed_waits_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let locks = Locks::new(Some(dir.path().into()));
        let own = locks.wait("two", &[1], 2).unwrap().unwrap();
        let left = dir.path().join(".par/locks/waits/one");
        std::fs::write(&left, "1 2\n").unwrap();
        assert_eq!(own.gives_way_to(), None);
        assert!(!left.exists());
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
