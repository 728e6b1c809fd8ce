//! A whole request for which there was nothing to do, with everything that was seen to find that out: as long
//! as all of it is as it was, there is nothing to do again, and nobody has to read a Taskfile to know.
//!
//! What is kept is the answer in somebody else's words and one fact for each path. Whatever of it cannot be
//! read, or is not so any more, counts as if nothing was kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread;

use crate::host::stamp::Stamp;
use crate::host::witness::Fact;
use crate::host::{Entry, Sight};
use crate::store::Shelf;

/// Changes when what is stored means something else.
const MAGIC: &[u8; 8] = b"paridle1";
/// Requests that are remembered in one place, and the bytes that they may take.
const REQUESTS: usize = 16;
const BYTES: u64 = 64 << 20;
/// Facts that are worth a thread of their own.
const SHARE: usize = 2_000;
/// Threads at most.
const THREADS: usize = 4;

const IS_THERE: u8 = 1;
const IS_DIRECTORY: u8 = 2;
const HAS_STAMP: u8 = 4;
const HAS_OWNER: u8 = 8;

/// What is remembered of one request.
#[derive(Debug)]
pub struct Idle {
    shelf: Shelf,
    name: String,
    root: PathBuf,
}

impl Idle {
    /// Of the request that `key` stands for, made in `root`, which is the process's own directory.
    pub fn new(root: &Path, key: u128) -> Idle {
        Idle { shelf: Shelf::new(root, "idle"), name: format!("{key:032x}"), root: root.into() }
    }

    /// What was to be said of it when there was nothing to do, if there still is not.
    pub fn recall(&self) -> Option<Vec<u8>> {
        let kept = self.shelf.get(&self.name).ok()??;
        let (mark, rest) = kept.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
        if u64::from_le_bytes(*mark) != xxhash_rust::xxh3::xxh3_64(rest) {
            return None;
        }
        let mut rest = rest;
        let (told, count) = (sized(&mut rest)?, number(&mut rest)?);
        all_hold(rest, count as usize).then(|| told.to_vec())
    }

    /// Remembers that there was nothing to do, given `facts`. `told` is handed back when there is again
    /// nothing. What cannot be kept is not.
    pub fn keep(&self, told: &[u8], facts: &HashMap<PathBuf, Fact>) {
        // What is remembered of tasks was written meanwhile if stamps were put in.
        let is_list = |fact: &Fact| fact.entry == Some(Entry::Directory) && fact.stamp.is_some();
        let mut lists = facts.iter().filter(|(_, fact)| is_list(fact));
        if lists.any(|(path, fact)| !fact.holds(&Sight::of(path))) {
            return;
        }
        let mut text = Vec::with_capacity(told.len() + facts.len() * 96);
        put_sized(&mut text, told);
        text.extend((facts.len() as u32).to_le_bytes());
        let mut all: Vec<_> = facts.iter().collect();
        // Neighbours are looked up together.
        all.sort_by_key(|(path, _)| *path);
        for (path, fact) in all {
            put(&mut text, path.strip_prefix(&self.root).unwrap_or(path), fact);
        }
        let mark = xxhash_rust::xxh3::xxh3_64(&text).to_le_bytes();
        let kept = [&MAGIC[..], &mark, &text].concat();
        match self.shelf.put(&self.name, &kept) {
            Ok(()) => drop(self.shelf.prune(REQUESTS, BYTES)),
            Err(error) => tracing::debug!(%error, "not remembered that there was nothing to do"),
        }
    }
}

fn put_sized(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend((bytes.len() as u32).to_le_bytes());
    text.extend(bytes);
}

fn put(text: &mut Vec<u8>, path: &Path, fact: &Fact) {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    text.push(
        flag(fact.entry.is_some(), IS_THERE)
            | flag(fact.entry == Some(Entry::Directory), IS_DIRECTORY)
            | flag(fact.stamp.is_some(), HAS_STAMP)
            | flag(fact.owner.is_some(), HAS_OWNER),
    );
    // The directory itself.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    put_sized(text, path.as_os_str().as_encoded_bytes());
    if let Some(Stamp(device, inode, length, written, changed)) = fact.stamp {
        for number in [device, inode, length, written.cast_unsigned(), changed.cast_unsigned()] {
            text.extend(number.to_le_bytes());
        }
    }
    text.extend(fact.owner.iter().flat_map(|owner| owner.to_le_bytes()));
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?))
}

fn long(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}

fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    take(rest, length as usize)
}

fn fact<'a>(rest: &mut &'a [u8]) -> Option<(&'a Path, Fact)> {
    use std::os::unix::ffi::OsStrExt;
    let flags = *take(rest, 1)?.first()?;
    let path = Path::new(std::ffi::OsStr::from_bytes(sized(rest)?));
    let entry = match (flags & IS_THERE != 0, flags & IS_DIRECTORY != 0) {
        (false, _) => None,
        (true, false) => Some(Entry::File),
        (true, true) => Some(Entry::Directory),
    };
    let mut fact = Fact { entry, ..Fact::default() };
    if flags & HAS_STAMP != 0 {
        let mut next = || long(rest);
        let (device, inode, length) = (next()?, next()?, next()?);
        let (written, changed) = (next()?.cast_signed(), next()?.cast_signed());
        fact.stamp = Some(Stamp(device, inode, length, written, changed));
    }
    if flags & HAS_OWNER != 0 {
        fact.owner = Some(number(rest)?);
    }
    Some((path, fact))
}

/// Whether all facts are read and hold.
fn all_hold(mut rest: &[u8], count: usize) -> bool {
    let facts: Option<Vec<_>> = (0..count).map(|_| fact(&mut rest)).collect();
    let Some(facts) = facts.filter(|_| rest.is_empty()) else { return false };
    let hold =
        |facts: &[(&Path, Fact)]| facts.iter().all(|(path, fact)| fact.holds(&Sight::of(path)));
    let cpus = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let threads = facts.len().div_ceil(SHARE).clamp(1, cpus);
    let share = facts.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let mut shares = facts.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || hold(share))).collect();
        let mine = hold(own);
        others.into_iter().fold(mine, |all, other| other.join().unwrap_or(false) && all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with files, and facts of all of them: two of how they are, one of what is not there.
    fn project() -> (tempfile::TempDir, HashMap<PathBuf, Fact>) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let fact = |name: &str| {
            let path = dir.path().join(name);
            let sight = Sight::of(&path).ok();
            let entry = sight.map(|_| Entry::File);
            let stamp = sight.map(|sight| sight.stamp);
            (path, Fact { entry, stamp, owner: sight.map(|sight| sight.owner) })
        };
        let mut facts: HashMap<_, _> = ["a", "b", "none"].map(fact).into();
        let here = Fact { entry: Some(Entry::Directory), ..Fact::default() };
        facts.insert(dir.path().into(), here);
        (dir, facts)
    }

    /// As [`Idle`] does it, whatever directory the tests run in.
    fn kept(dir: &Path, facts: &HashMap<PathBuf, Fact>) -> Idle {
        let idle = Idle { root: PathBuf::new(), ..Idle::new(dir, 7) };
        idle.keep(b"told", facts);
        idle
    }

    #[test]
    fn what_was_told_is_told_again_while_all_is_as_it_was() {
        let (dir, facts) = project();
        let idle = kept(dir.path(), &facts);
        assert_eq!(idle.recall().as_deref(), Some(&b"told"[..]));
        let other = Idle::new(dir.path(), 8);
        assert_eq!(other.recall(), None);
        std::fs::write(dir.path().join("b"), "other").unwrap();
        assert_eq!(idle.recall(), None);
    }

    #[test]
    fn what_came_or_went_is_noticed() {
        let (dir, facts) = project();
        let idle = kept(dir.path(), &facts);
        std::fs::write(dir.path().join("none"), "").unwrap();
        assert_eq!(idle.recall(), None);
        std::fs::remove_file(dir.path().join("none")).unwrap();
        assert!(idle.recall().is_some());
        std::fs::remove_file(dir.path().join("a")).unwrap();
        assert_eq!(idle.recall(), None);
    }

    #[test]
    fn a_file_in_the_place_of_another_is_noticed_whatever_its_times() {
        let (dir, facts) = project();
        let idle = kept(dir.path(), &facts);
        let (old, new) = (dir.path().join("a"), dir.path().join("new"));
        std::fs::write(&new, "z").unwrap();
        let times = std::fs::metadata(&old).unwrap().modified().unwrap();
        std::fs::File::options().write(true).open(&new).unwrap().set_modified(times).unwrap();
        std::fs::rename(&new, &old).unwrap();
        assert_eq!(idle.recall(), None);
    }

    #[test]
    fn many_facts_are_looked_at_by_several() {
        let dir = tempfile::tempdir().unwrap();
        let path = |n: usize| dir.path().join(n.to_string());
        let facts = (0..3 * SHARE).map(|n| (path(n), Fact::default())).collect();
        let idle = kept(dir.path(), &facts);
        assert!(idle.recall().is_some());
        for n in [0, SHARE, 3 * SHARE - 1] {
            std::fs::write(path(n), "").unwrap();
            assert_eq!(idle.recall(), None);
            std::fs::remove_file(path(n)).unwrap();
        }
    }

    #[test]
    fn what_is_damaged_counts_as_absent() {
        let (dir, facts) = project();
        let idle = kept(dir.path(), &facts);
        let path = dir.path().join(".par/idle").join(format!("{:032x}", 7));
        let good = std::fs::read(&path).unwrap();
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).unwrap();
            assert_eq!(idle.recall(), None);
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(idle.recall(), None, "at {at}");
        }
    }
}
