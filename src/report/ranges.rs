//! Output that waits to be shown: positions in a log, so that memory does not grow with it.

use std::io;

use super::Screen;
use crate::id::UnitId;
use crate::store::{Fetch, LogReader, Take};

/// Stretches of one attempt's log, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ranges {
    pub(super) task: UnitId,
    pub(super) attempt: u32,
    all: Vec<(u64, u64)>,
}

impl Ranges {
    pub(super) fn new(task: UnitId, attempt: u32) -> Ranges {
        Ranges { task, attempt, all: Vec::new() }
    }

    /// Adds what follows.
    pub(super) fn push(&mut self, offset: u64, length: u64) {
        match self.all.last_mut() {
            Some((start, known)) if *start + *known == offset => *known += length,
            _ => self.all.push((offset, length)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Hands the bytes over, in order.
    pub(super) fn read(&self, logs: &LogReader, take: Take<'_>) -> io::Result<()> {
        for (offset, length) in &self.all {
            logs.read(self.task, self.attempt, *offset, *length, take)?;
        }
        Ok(())
    }

    /// Shows the bytes where they are due; whether they were all there.
    pub(super) fn show(&self, logs: &LogReader, screen: &Screen) -> io::Result<bool> {
        let mut shown = 0;
        self.fetch(logs, &mut |stream, file, offset, length| {
            let more = screen.show_file(self.task, stream, file, offset, length)?;
            shown += more;
            Ok(more)
        })?;
        Ok(shown >= self.length())
    }

    /// Lets the bytes be had where they are, in order.
    pub(super) fn fetch(&self, logs: &LogReader, fetch: Fetch<'_>) -> io::Result<()> {
        for (offset, length) in &self.all {
            logs.fetch(self.task, self.attempt, *offset, *length, fetch)?;
        }
        Ok(())
    }

    /// The same, without all but the last `limit` bytes.
    pub(super) fn tail(&self, limit: u64) -> Ranges {
        let mut left = limit;
        let mut tail = Ranges::new(self.task, self.attempt);
        for (offset, length) in self.all.iter().rev() {
            let kept = left.min(*length);
            left -= kept;
            if kept > 0 {
                tail.all.push((offset + length - kept, kept));
            }
        }
        tail.all.reverse();
        tail
    }

    /// Bytes.
    pub(super) fn length(&self) -> u64 {
        self.all.iter().map(|(_, length)| length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_without_a_gap_is_one_stretch() {
        let mut ranges = Ranges::new(UnitId(1), 1);
        ranges.push(0, 5);
        ranges.push(5, 5);
        ranges.push(20, 10);
        assert_eq!(ranges.all, [(0, 10), (20, 10)]);
        assert_eq!((ranges.tail(12).all, ranges.length()), (vec![(8, 2), (20, 10)], 20));
        assert_eq!(ranges.tail(3).all, [(27, 3)]);
    }
}
