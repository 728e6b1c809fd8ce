//! The machine with a memory: everything that was seen of it, so that somebody can find out later whether he
//! would see the same.
//!
//! The environment and the directory the user stands in are left to whoever asks. What cannot be seen again as
//! it was (the answer of a script, of a server, of a clock) makes all that was seen worthless.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::glob::{self, Visit};
use super::stamp::{Stamp, nanoseconds};
use super::{Entry, Host, Os, Output, Script, Sight};

/// What was seen at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fact {
    /// What was there; nothing, if `None`.
    pub entry: Option<Entry>,
    /// That its content, or the names in it, were as they are under this stamp, where that matters.
    pub stamp: Option<Stamp>,
    /// That it was this user's, where that matters.
    pub owner: Option<u32>,
}

/// The machine, and what was seen of it.
#[derive(Debug, Default)]
pub struct Witness {
    seen: Mutex<HashMap<PathBuf, Fact>>,
    is_worthless: AtomicBool,
}

impl Fact {
    fn of(sight: &io::Result<Sight>) -> Option<Fact> {
        match sight {
            Ok(sight) if sight.is_directory => Some(Fact::is(Entry::Directory)),
            Ok(_) => Some(Fact::is(Entry::File)),
            Err(error) if is_nothing(error) => Some(Fact::default()),
            Err(_) => None,
        }
    }

    fn is(entry: Entry) -> Fact {
        Fact { entry: Some(entry), ..Fact::default() }
    }

    /// Both, where they agree.
    fn and(self, other: Fact) -> Option<Fact> {
        fn both<T: Copy + PartialEq>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
            let agree = one.is_none() || other.is_none() || one == other;
            agree.then_some(one.or(other))
        }
        let (stamp, owner) = (both(self.stamp, other.stamp)?, both(self.owner, other.owner)?);
        (self.entry == other.entry).then_some(Fact { entry: self.entry, stamp, owner })
    }

    /// Whether it is still so, given what is seen now.
    pub fn holds(&self, now: &io::Result<Sight>) -> bool {
        let is_same = |sight: &Sight| {
            self.stamp.is_none_or(|stamp| stamp == sight.stamp)
                && self.owner.is_none_or(|owner| owner == sight.owner)
        };
        Fact::of(now).is_some_and(|fact| fact.entry == self.entry)
            && now.as_ref().ok().is_none_or(is_same)
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Witness {
    /// Has seen nothing.
    pub fn new() -> Witness {
        Witness::default()
    }

    /// Something counted that cannot be seen again, or something happened.
    pub fn spoil(&self) {
        self.is_worthless.store(true, Ordering::Relaxed);
    }

    /// Everything that was seen, if all of it can be seen again.
    pub fn facts(&self) -> Option<HashMap<PathBuf, Fact>> {
        let facts = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        (!self.is_worthless.load(Ordering::Relaxed)).then_some(facts)
    }

    fn note(&self, path: &Path, fact: Option<Fact>) {
        if self.is_worthless.load(Ordering::Relaxed) {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let agreed = match (fact, seen.entry(path.into())) {
            (Some(fact), Place::Occupied(mut known)) => known.get().and(fact).map(|both| {
                known.insert(both);
            }),
            (Some(fact), Place::Vacant(place)) => {
                place.insert(fact);
                Some(())
            }
            (None, _) => None,
        };
        if agreed.is_none() {
            self.spoil();
        }
    }

    /// What is there, not how it is.
    fn note_kind(&self, path: &Path) {
        self.note(path, Fact::of(&Os.sight(path)));
    }

    /// How it is. What was written just now may be written again without another stamp.
    fn note_state(&self, path: &Path) -> io::Result<Sight> {
        let sight = Os.sight(path);
        let now = nanoseconds(SystemTime::now());
        let settled = sight.as_ref().ok().is_none_or(|sight| sight.stamp.is_settled(now));
        let stamp = sight.as_ref().ok().map(|sight| sight.stamp);
        let fact = Fact::of(&sight).filter(|_| settled).map(|fact| Fact { stamp, ..fact });
        self.note(path, fact);
        sight
    }
}

impl Host for Witness {
    fn env(&self, key: &str) -> Option<String> {
        Os.env(key)
    }

    fn environment(&self) -> Vec<(String, String)> {
        Os.environment()
    }

    fn cwd(&self) -> PathBuf {
        Os.cwd()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let _ = self.note_state(path);
        Os.read(path)
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let sight = Os.sight(path);
        self.note(path, Fact::of(&sight));
        Some(if sight.ok()?.is_directory { Entry::Directory } else { Entry::File })
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        let sight = Os.sight(path);
        let owner = sight.as_ref().ok().map(|sight| sight.owner);
        self.note(path, Fact::of(&sight).map(|fact| Fact { owner, ..fact }));
        owner
    }

    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let visit = |visit: Visit<'_>| match visit {
            Visit::Names(directory) => drop(self.note_state(directory)),
            Visit::Kind(path) => self.note_kind(path),
            Visit::Links => self.spoil(),
        };
        glob::find(dir, pattern, &|key| self.env(key), &visit)
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        files.iter().for_each(|file| drop(self.note_state(file)));
        Os.checksum(files)
    }

    fn sight(&self, path: &Path) -> io::Result<Sight> {
        self.note_state(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        let _ = self.note_state(path);
        Os.modified(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        let _ = self.note_state(path);
        Os.is_program(path)
    }

    fn connect(&self, address: &str, patience: Duration) -> io::Result<()> {
        self.spoil();
        Os.connect(address, patience)
    }

    fn shell(&self, script: &Script) -> io::Result<Output> {
        self.spoil();
        Os.shell(script)
    }

    fn now(&self) -> i128 {
        self.spoil();
        Os.now()
    }

    fn cpus(&self) -> usize {
        self.spoil();
        Os.cpus()
    }

    fn chance(&self) -> u128 {
        self.spoil();
        Os.chance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with an old file `f`.
    fn directory() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), "text").unwrap();
        dir
    }

    fn holds(facts: &HashMap<PathBuf, Fact>) -> bool {
        facts.iter().all(|(path, fact)| fact.holds(&Sight::of(path)))
    }

    #[test]
    fn what_was_there_and_what_was_not_holds_until_it_changes() {
        let dir = directory();
        let (file, none) = (dir.path().join("f"), dir.path().join("none"));
        let witness = Witness::new();
        assert_eq!(witness.entry(&file), Some(Entry::File));
        assert_eq!(witness.entry(&none), None);
        assert_eq!(witness.entry(dir.path()), Some(Entry::Directory));
        assert!(witness.owner(dir.path()).is_some());
        let facts = witness.facts().unwrap();
        assert_eq!(facts.len(), 3);
        assert!(holds(&facts));
        std::fs::write(&file, "content does not matter").unwrap();
        assert!(holds(&facts));
        std::fs::write(&none, "").unwrap();
        assert!(!holds(&facts));
    }

    #[test]
    fn what_was_read_holds_until_it_is_written() {
        let dir = directory();
        let file = dir.path().join("f");
        let sight = Sight::of(&file);
        let stamp = sight.as_ref().ok().map(|sight| sight.stamp);
        let fact = Fact { stamp, ..Fact::is(Entry::File) };
        assert!(fact.holds(&sight));
        std::fs::write(&file, "longer text").unwrap();
        assert!(!fact.holds(&Sight::of(&file)));
    }

    #[test]
    fn what_was_written_just_now_is_not_relied_on() {
        let dir = directory();
        let witness = Witness::new();
        assert_eq!(witness.read(&dir.path().join("f")).unwrap(), "text");
        assert_eq!(witness.facts(), None);
    }

    #[test]
    fn what_cannot_be_seen_again_makes_all_worthless() {
        let dir = directory();
        let witness = Witness::new();
        assert_eq!(witness.entry(&dir.path().join("f")), Some(Entry::File));
        assert!(witness.connect("127.0.0.1:1", Duration::from_millis(1)).is_err());
        assert_eq!(witness.facts(), None);
    }

    #[test]
    fn what_changed_while_it_was_seen_is_worthless() {
        let dir = directory();
        let file = dir.path().join("f");
        let witness = Witness::new();
        assert_eq!(witness.entry(&file), Some(Entry::File));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(witness.entry(&file), None);
        assert_eq!(witness.facts(), None);
    }
}
