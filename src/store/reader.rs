//! Reads logs by position, from any thread, while they are written or long after.
//!
//! Holds one piece in memory at a time.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::event::{Event, Kind, Stream};
use crate::id::UnitId;

use super::folder::Folder;
use super::index::Index;
use super::logs::{Content, Log, Part, Table};
use super::{Store, is_shortage, locked};

/// Most bytes handed over at once.
const PIECE: usize = 256 * 1024;

thread_local! {
    /// Of whoever reads piece by piece, for a new one would be cleared each time.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How often a descriptor is looked for where there is none, and for how long.
const PAUSE: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(600);

/// Takes the bytes that were asked for, piece by piece.
pub type Take<'a> = &'a mut dyn FnMut(Stream, &[u8]) -> io::Result<()>;

/// Takes bytes where they are, stretch by stretch: so many from this offset of a file. Answers how many it has
/// taken, from the first on; the rest is offered again. 0: it cannot, or the file has no more.
pub type Fetch<'a> = &'a mut dyn FnMut(Stream, &File, u64, u64) -> io::Result<u64>;

/// Reads the logs of one run.
#[derive(Clone, Debug)]
pub struct LogReader {
    table: Table,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Live(Store),
    Recorded { folder: Arc<Folder>, directory: PathBuf },
}

impl LogReader {
    pub(super) fn live(store: Store, table: Table) -> LogReader {
        LogReader { table, source: Source::Live(store) }
    }

    pub(super) fn recorded(folder: Folder, directory: PathBuf) -> LogReader {
        let source = Source::Recorded { folder: Arc::new(folder), directory };
        LogReader { table: Arc::new(Mutex::new(HashMap::new())), source }
    }

    /// Learns where a recorded run's log is. For a live run this is known already.
    pub fn learn(&self, event: &Event) {
        let Kind::LogCreated { unit, attempt, path } = &event.kind else { return };
        let content = Content { parts: vec![(0, Part::Named)], length: u64::MAX, index: None };
        let log = Log { path: Some(path.clone()), content: Mutex::new(content) };
        locked(&self.table).entry((*unit, *attempt)).or_insert_with(|| Arc::new(log));
    }

    /// Hands `length` bytes from `offset` of a log to `take`, in order, at most 256 KiB at a time.
    /// A log that ends earlier, or is gone, gives fewer.
    pub fn read(
        &self,
        task: UnitId,
        attempt: u32,
        offset: u64,
        length: u64,
        take: Take<'_>,
    ) -> io::Result<()> {
        self.fetch(task, attempt, offset, length, &mut |stream, file, offset, length| {
            read_piece(file, offset, length, &mut |bytes| take(stream, bytes))
        })
    }

    /// Lets `fetch` have `length` bytes from `offset` of a log, in order. A log that ends earlier, or is gone,
    /// has fewer.
    pub fn fetch(
        &self,
        task: UnitId,
        attempt: u32,
        offset: u64,
        length: u64,
        fetch: Fetch<'_>,
    ) -> io::Result<()> {
        let Some(view) = self.view(task, attempt) else { return Ok(()) };
        let length = length.min(view.length.saturating_sub(offset));
        view.index.stretches(offset, length, &mut |from, length, stream| {
            view.lend(from, length, &mut |file, offset, length| fetch(stream, file, offset, length))
        })
    }

    /// How many bytes a log has now.
    pub fn length(&self, task: UnitId, attempt: u32) -> u64 {
        self.view(task, attempt).map_or(0, |view| view.length)
    }

    /// Absolute path of a log; `None` when it is not on disk.
    pub fn path(&self, task: UnitId, attempt: u32) -> Option<PathBuf> {
        let relative = locked(&self.table).get(&(task, attempt))?.path.clone()?;
        match &self.source {
            Source::Live(store) => Some(store.run_folder()?.path.join(relative)),
            Source::Recorded { directory, .. } => Some(directory.join(relative)),
        }
    }

    fn view(&self, task: UnitId, attempt: u32) -> Option<View> {
        let log = locked(&self.table).get(&(task, attempt)).cloned()?;
        // Opening may have to wait; nobody else has to wait for that.
        let Content { parts, length, index } = locked(&log.content).clone();
        let opened = |(start, part)| Some((start, self.open(part, log.path.as_deref())?));
        let parts: Vec<_> = parts.into_iter().filter_map(opened).collect();
        let stored = || parts.first().and_then(|(_, file)| Some(file.metadata().ok()?.len()));
        let length = match length {
            u64::MAX => stored().unwrap_or(0),
            known => known,
        };
        let index = index.unwrap_or_else(|| self.stored_index(log.path.as_deref()));
        Some(View { parts, length, index })
    }

    fn open(&self, part: Part, path: Option<&Path>) -> Option<Arc<File>> {
        match part {
            Part::Open(file) => Some(file),
            Part::Named => self.file(path?).map(Arc::new),
        }
    }

    fn stored_index(&self, path: Option<&Path>) -> Index {
        let beside = path.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".idx");
            PathBuf::from(name)
        });
        Index::open(beside.and_then(|path| self.file(&path)))
    }

    /// Waits while commands have all descriptors: they give them back when they end.
    fn file(&self, path: &Path) -> Option<File> {
        let folder = match &self.source {
            Source::Live(store) => &store.run_folder()?.folder,
            Source::Recorded { folder, .. } => &**folder,
        };
        let begun = Instant::now();
        loop {
            match folder.file_below(path) {
                Err(error) if is_shortage(&error) && begun.elapsed() < PATIENCE => {
                    thread::sleep(PAUSE);
                }
                found => return found.ok(),
            }
        }
    }
}

/// A log at one moment.
struct View {
    parts: Vec<(u64, Arc<File>)>,
    length: u64,
    index: Index,
}

/// Hands over a piece of a file; how long it is.
///
/// # Errors
///
/// When it cannot be read, or is not taken.
pub fn read_piece(
    file: &File,
    offset: u64,
    length: u64,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut buffer = BUFFER.take();
    let wanted = length.min(PIECE as u64) as usize;
    buffer.resize(buffer.len().max(wanted), 0);
    let read = file.read_at(&mut buffer[..wanted], offset);
    let taken =
        read.and_then(|read| if read > 0 { take(&buffer[..read]).map(|()| read) } else { Ok(0) });
    BUFFER.set(buffer);
    taken.map(|taken| taken as u64)
}

impl View {
    fn lend(
        &self,
        mut offset: u64,
        mut length: u64,
        take: &mut dyn FnMut(&File, u64, u64) -> io::Result<u64>,
    ) -> io::Result<()> {
        while length > 0 {
            let after = self.parts.partition_point(|(start, _)| *start <= offset);
            let Some((start, file)) = after.checked_sub(1).and_then(|at| self.parts.get(at)) else {
                return Ok(());
            };
            let end = self.parts.get(after).map_or(u64::MAX, |(next, _)| *next);
            match take(file, offset - start, length.min(end - offset)) {
                Ok(0) => return Ok(()),
                Ok(taken) => {
                    offset += taken;
                    length -= taken;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
