//! The index of a log: which stream each stretch of it came from, and when.
//!
//! On disk: eight bytes that name the format and its version, then records of 24 bytes, little
//! endian: first byte in the log, microseconds since the run began, twice the length plus one for
//! stderr. What no record covers counts as stdout, so a lost index costs only that distinction.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::event::{At, Stream};

const HEADER: &[u8; 8] = b"paridx1\n";
const SIZE: u64 = 24;
/// Records kept in memory before they are written together.
const BATCH: usize = 128;
/// Output of one stream within this time shares a record.
const SAME_MOMENT: u64 = 1_000_000;

/// A stretch of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Record {
    offset: u64,
    at: u64,
    length: u64,
    stream: Stream,
}

impl Record {
    fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    fn encode(self) -> [u8; SIZE as usize] {
        let stream = u64::from(self.stream == Stream::Stderr);
        let mut bytes = [0; SIZE as usize];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.to_le_bytes());
        bytes[16..].copy_from_slice(&(self.length << 1 | stream).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; SIZE as usize]) -> Record {
        let number = |from: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[from..from + 8]);
            u64::from_le_bytes(eight)
        };
        let stream = if number(16) & 1 == 1 { Stream::Stderr } else { Stream::Stdout };
        Record { offset: number(0), at: number(8), length: number(16) >> 1, stream }
    }
}

/// An index that is being written or read. A clone is a view of this moment.
#[derive(Clone, Default, Debug)]
pub(super) struct Index {
    file: Option<Arc<File>>,
    stored: u64,
    tail: Vec<Record>,
    /// The file took no more; what follows stays in memory.
    is_full: bool,
}

impl Index {
    /// An index to be written into a new file; without one it is kept in memory.
    pub(super) fn create(file: Option<File>) -> Index {
        let file = file.filter(|file| file.write_all_at(HEADER, 0).is_ok());
        Index { file: file.map(Arc::new), stored: 0, tail: Vec::new(), is_full: false }
    }

    /// The index in a file; one that cannot be read, or of another version, is empty.
    pub(super) fn open(file: Option<File>) -> Index {
        let mut header = [0; 8];
        let file =
            file.filter(|file| file.read_exact_at(&mut header, 0).is_ok() && header == *HEADER);
        let length =
            file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |data| data.len());
        let stored = length.saturating_sub(HEADER.len() as u64) / SIZE;
        Index { file: file.map(Arc::new), stored, tail: Vec::new(), is_full: false }
    }

    /// Notes that the log's next `length` bytes, from `offset`, came from `stream`.
    pub(super) fn push(&mut self, offset: u64, length: u64, stream: Stream, at: At) {
        if let Some(last) = self.tail.last_mut()
            && last.stream == stream
            && last.end() == offset
            && at.0.saturating_sub(last.at) < SAME_MOMENT
        {
            last.length += length;
            return;
        }
        if self.tail.len() >= BATCH && !self.is_full {
            self.write();
        }
        self.tail.push(Record { offset, at: at.0, length, stream });
    }

    /// Writes what is in memory; when that fails it stays there.
    pub(super) fn write(&mut self) {
        let Some(file) = &self.file else { return };
        let bytes: Vec<u8> = self.tail.iter().flat_map(|record| record.encode()).collect();
        if file.write_all_at(&bytes, position(self.stored)).is_ok() {
            self.stored += self.tail.len() as u64;
            self.tail.clear();
        } else {
            self.is_full = true;
        }
    }

    /// Whether all of it is in its file.
    pub(super) fn is_stored(&self) -> bool {
        self.tail.is_empty()
    }

    /// Calls `each` with the stretches that `offset..offset + length` consists of, in order.
    pub(super) fn stretches(
        &self,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(u64, u64, Stream) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = offset.saturating_add(length);
        let mut here = offset;
        let mut number = self.first_after(offset);
        while here < end {
            let record = self.record(number).filter(|record| record.offset < end);
            let Some(record) = record else { break };
            if record.offset > here {
                each(here, record.offset - here, Stream::Stdout)?;
                here = record.offset;
            }
            let until = record.end().min(end);
            if until > here {
                each(here, until - here, record.stream)?;
                here = until;
            }
            number += 1;
        }
        if here < end { each(here, end - here, Stream::Stdout) } else { Ok(()) }
    }

    /// Number of the first record that ends after `offset`.
    fn first_after(&self, offset: u64) -> u64 {
        let (mut low, mut high) = (0, self.stored + self.tail.len() as u64);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.record(middle) {
                Some(record) if record.end() <= offset => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    fn record(&self, number: u64) -> Option<Record> {
        if number >= self.stored {
            return self.tail.get((number - self.stored) as usize).copied();
        }
        let mut bytes = [0; SIZE as usize];
        self.file.as_ref()?.read_exact_at(&mut bytes, position(number)).ok()?;
        Some(Record::decode(&bytes))
    }
}

fn position(number: u64) -> u64 {
    HEADER.len() as u64 + number * SIZE
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stream::{Stderr, Stdout};

    fn stretches(index: &Index, offset: u64, length: u64) -> Vec<(u64, u64, Stream)> {
        let mut all = Vec::new();
        let mut each = |from, length, stream| {
            all.push((from, length, stream));
            Ok(())
        };
        index.stretches(offset, length, &mut each).unwrap();
        all
    }

    #[test]
    fn output_of_one_stream_shares_a_record_for_a_moment() {
        let mut index = Index::default();
        index.push(0, 3, Stdout, At(0));
        index.push(3, 3, Stdout, At(10));
        index.push(6, 1, Stderr, At(11));
        index.push(7, 2, Stderr, At(2_000_000));
        assert_eq!(index.tail.len(), 3);
        assert_eq!(stretches(&index, 0, 9), [(0, 6, Stdout), (6, 1, Stderr), (7, 2, Stderr)]);
    }

    #[test]
    fn a_stored_index_answers_as_the_one_in_memory_did() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idx");
        let options = || {
            std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let mut index = Index::create(options().ok());
        for number in 0..1000 {
            let stream = if number % 2 == 0 { Stdout } else { Stderr };
            index.push(number * 10, 10, stream, At(number));
        }
        let before = stretches(&index, 4_995, 20);
        index.write();
        let stored = Index::open(options().ok());
        assert_eq!(before, [(4_995, 5, Stderr), (5_000, 10, Stdout), (5_010, 5, Stderr)]);
        assert_eq!(stretches(&stored, 4_995, 20), before);
        assert_eq!((stored.stored, stored.tail.len()), (1000, 0));
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_kept_in_memory() {
        let full = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
        let mut index = Index { file: Some(Arc::new(full)), ..Index::default() };
        for number in 0..1000 {
            let stream = if number % 2 == 0 { Stdout } else { Stderr };
            index.push(number * 10, 10, stream, At(number));
        }
        assert_eq!(stretches(&index, 4_995, 10), [(4_995, 5, Stderr), (5_000, 5, Stdout)]);
        assert!(index.is_full && !index.is_stored());
    }

    #[test]
    fn what_no_record_covers_counts_as_stdout() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idx");
        std::fs::write(&path, "something else entirely").unwrap();
        assert_eq!(stretches(&Index::open(File::open(&path).ok()), 5, 2), [(5, 2, Stdout)]);
        let mut short = Index::default();
        short.push(2, 2, Stderr, At(0));
        assert_eq!(stretches(&short, 0, 6), [(0, 2, Stdout), (2, 2, Stderr), (4, 2, Stdout)]);
    }
}
