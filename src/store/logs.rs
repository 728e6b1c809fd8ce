//! One log for each attempt of a task, made at its first byte, with an index beside it.
//!
//! A disk that cannot take any more is no reason to lose output or to stop a task: what it does
//! not take goes into a file without a name, which ends with the run.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::event::{At, Stream};
use crate::id::UnitId;

use super::folder::{self, Folder};
use super::index::Index;
use super::{Store, locked};

/// Longest part of a task's name that becomes part of a file's name, in bytes.
const LONGEST_NAME: usize = 100;

/// Logs of attempts that are over and stay open all the same, at most; of so many descriptors one.
const KEPT: u64 = 64;
const SHARE: u64 = 32;

/// A task's unit and its attempt.
pub(super) type LogId = (UnitId, u32);

/// All logs of a run, shared by the one who writes and those who read.
pub(super) type Table = Arc<Mutex<HashMap<LogId, Arc<Log>>>>;

/// What an append has added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// First byte in the log.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Path of the log, relative to the run's directory, when this piece made it.
    pub created: Option<PathBuf>,
}

/// One log.
#[derive(Debug)]
pub(super) struct Log {
    /// Relative to the run's directory; `None` when it has no name.
    pub(super) path: Option<PathBuf>,
    pub(super) content: Mutex<Content>,
}

/// Where the bytes of a log are.
#[derive(Clone, Default, Debug)]
pub(super) struct Content {
    /// Files and the position of their first byte in the log, ascending.
    pub(super) parts: Vec<(u64, Part)>,
    pub(super) length: u64,
    /// `None`: in the file beside the log.
    pub(super) index: Option<Index>,
}

/// A file that holds a part of a log.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Held open.
    Open(Arc<File>),
    /// To be opened by its path.
    Named,
}

/// Writes the logs of one run.
#[derive(Debug)]
pub struct Logs {
    store: Store,
    table: Table,
    names: HashMap<String, u32>,
    folder: Option<Folder>,
    /// Logs whose index has something in memory that other processes do not see.
    unwritten: HashSet<LogId>,
    /// Those of attempts that are over, which somebody may want to show who could not open them any more.
    over: VecDeque<LogId>,
    kept: usize,
}

impl Logs {
    pub(super) fn new(store: Store, table: Table) -> Logs {
        let (names, unwritten, over) = Default::default();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let kept = (limit.unwrap_or(u64::MAX) / SHARE).min(KEPT) as usize;
        Logs { store, table, names, folder: None, unwritten, over, kept }
    }

    /// Adds `bytes`, written by an attempt of `task`, to its log, which is made when this is its
    /// first byte and named after `name`. An error means that there is room neither on disk nor
    /// in memory.
    pub fn append(
        &mut self,
        task: UnitId,
        attempt: u32,
        name: &str,
        stream: Stream,
        at: At,
        bytes: &[u8],
    ) -> io::Result<Piece> {
        let known = locked(&self.table).get(&(task, attempt)).cloned();
        let created = known.is_none();
        let log = match known {
            Some(log) => log,
            None => self.create((task, attempt), name)?,
        };
        let offset = self.write(&log, stream, at, bytes)?;
        self.unwritten.insert((task, attempt));
        let created = if created { log.path.clone() } else { None };
        Ok(Piece { offset, length: bytes.len() as u64, created })
    }

    /// Lets other processes see which stream everything came from; the bytes they see at once.
    pub fn flush(&mut self) {
        let table = locked(&self.table);
        for log in self.unwritten.drain().filter_map(|id| table.get(&id)) {
            if let Some(index) = &mut locked(&log.content).index {
                index.write();
            }
        }
    }

    /// The attempt is over. The files of the last ones stay open, for what they hold may not be shown yet and they
    /// may be removed; those of others are closed, and readers open them again by name.
    pub fn close(&mut self, task: UnitId, attempt: u32) {
        let Some(log) = locked(&self.table).get(&(task, attempt)).cloned() else { return };
        if log.path.is_none() || self.over.contains(&(task, attempt)) {
            return;
        }
        if let Some(index) = &mut locked(&log.content).index {
            index.write();
        }
        self.over.push_back((task, attempt));
        if self.over.len() > self.kept
            && let Some(first) = self.over.pop_front()
            && let Some(log) = locked(&self.table).get(&first).cloned()
        {
            Logs::release(&log);
        }
    }

    fn release(log: &Log) {
        let mut content = locked(&log.content);
        // Nobody could open it again by its name.
        if content.is_removed() {
            return;
        }
        if content.index.as_ref().is_some_and(Index::is_stored) {
            content.index = None;
        }
        if let Some((0, part)) = content.parts.first_mut() {
            *part = Part::Named;
        }
    }

    /// Path of a log relative to the run's directory; `None` when there is none on disk.
    pub fn path(&self, task: UnitId, attempt: u32) -> Option<PathBuf> {
        locked(&self.table).get(&(task, attempt))?.path.clone()
    }

    fn create(&mut self, id: LogId, name: &str) -> io::Result<Arc<Log>> {
        let (path, file, index) = match self.create_named(name) {
            Some((path, file, index)) => (Some(path), file, index),
            None => (None, folder::unlinked()?, None),
        };
        let content = Content {
            parts: vec![(0, Part::Open(Arc::new(file)))],
            length: 0,
            index: Some(Index::create(index)),
        };
        let log = Arc::new(Log { path, content: Mutex::new(content) });
        locked(&self.table).insert(id, log.clone());
        Ok(log)
    }

    fn create_named(&mut self, name: &str) -> Option<(PathBuf, File, Option<File>)> {
        if self.folder.is_none() {
            self.folder = self.store.run_folder().and_then(|run| run.folder.ensure("logs").ok());
        }
        let folder = self.folder.as_ref()?;
        let safe = safe_name(name);
        loop {
            let number = self.names.entry(safe.clone()).and_modify(|n| *n += 1).or_insert(1);
            let name = match number {
                1 => format!("{safe}.log"),
                more => format!("{safe}.{more}.log"),
            };
            match folder.create(&name) {
                Ok(file) => {
                    let index = folder.create(&format!("{name}.idx")).ok();
                    return Some((Path::new("logs").join(name), file, index));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    self.store.warn(format!("logs are not kept: {error}"));
                    return None;
                }
            }
        }
    }

    fn write(&self, log: &Log, stream: Stream, at: At, bytes: &[u8]) -> io::Result<u64> {
        let mut content = locked(&log.content);
        let offset = content.length;
        let mut rest = bytes;
        let mut tries = 0;
        while !rest.is_empty() {
            match content.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if tries < 2 => {
                    tries += 1;
                    self.store.warn(format!("logs are not complete: {error}"));
                    let next = if tries == 1 { folder::unlinked() } else { folder::in_memory() };
                    let start = content.length;
                    content.parts.push((start, Part::Open(Arc::new(next?))));
                }
                Err(error) => return Err(error),
            }
        }
        let index = content.index.get_or_insert_with(Index::default);
        index.push(offset, bytes.len() as u64, stream, at);
        Ok(offset)
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Content {
    /// Whether somebody has removed the file while it was written.
    fn is_removed(&self) -> bool {
        let Some((_, Part::Open(file))) = self.parts.first() else { return false };
        rustix::fs::fstat(file).is_ok_and(|found| found.st_nlink == 0)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some((start, Part::Open(file))) = self.parts.last() else {
            return Err(io::Error::other("the log is closed"));
        };
        let written = file.write_at(bytes, self.length - start)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.length += written as u64;
        Ok(written)
    }
}

/// A file name that says which task it is: letters, digits and `-_+@=,.`, anything else as `-`.
fn safe_name(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || "-_+@=,.".contains(c) { c } else { '-' };
    let mut safe: String = name.chars().map(keep).collect();
    let mut end = safe.len().min(LONGEST_NAME);
    while !safe.is_char_boundary(end) {
        end -= 1;
    }
    safe.truncate(end);
    match safe.chars().next() {
        None => "task".into(),
        Some('.') => format!("_{}", &safe[1..]),
        Some(_) => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_tell_the_task() {
        assert_eq!(safe_name("qa:all"), "qa-all");
        assert_eq!(safe_name("../../etc/passwd"), "_.-..-etc-passwd");
        assert_eq!(safe_name(""), "task");
        assert_eq!(safe_name("a b\n\u{1b}[31mü"), "a-b---31mü");
        assert_eq!(safe_name(&"ü".repeat(99)).len(), 100);
    }
}
