//! Descriptors that commands may need before they end, kept free for them.
//!
//! A command's log is made at its first byte. Were the last descriptors given to further commands, there would
//! be nowhere to put what the running ones write.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use crate::id::{UnitId, UnitMap};

/// For a log and its index.
const LOG: usize = 2;
/// For those who read files and logs meanwhile.
const READERS: usize = 24;
/// What a command and its log take at most, and what a run takes besides: below that nobody has to count.
const EACH: u64 = 10;
const BESIDES: u64 = 128;

pub(super) struct Headroom {
    /// How many descriptors there may be.
    limit: u64,
    null: Option<File>,
    kept: UnitMap<Vec<OwnedFd>>,
    /// Commands that were started while there was plenty, and have written nothing.
    without: BTreeSet<UnitId>,
}

impl Headroom {
    pub(super) fn new() -> Headroom {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        Headroom {
            limit: limit.unwrap_or(u64::MAX),
            null: File::open("/dev/null").ok(),
            kept: UnitMap::default(),
            without: BTreeSet::new(),
        }
    }

    /// Keeps what a command needs that is about to start beside so many; before that, what those need that
    /// were started while there was plenty.
    ///
    /// # Errors
    ///
    /// When too few descriptors are left, and some will be free when one of the others ends.
    pub(super) fn keep(&mut self, unit: UnitId, running: usize) -> io::Result<()> {
        let Some(null) = &self.null else { return Ok(()) };
        if running == 0 || running as u64 * EACH + BESIDES < self.limit {
            self.without.insert(unit);
            return Ok(());
        }
        let copies = |count: usize| -> io::Result<Vec<OwnedFd>> {
            (0..count).map(|_| Ok(null.try_clone()?.into())).collect()
        };
        while let Some(&earlier) = self.without.first() {
            self.kept.insert(earlier, copies(LOG)?);
            self.without.pop_first();
        }
        let kept = copies(LOG)?;
        drop(copies(READERS)?);
        self.kept.insert(unit, kept);
        Ok(())
    }

    /// Lets a command have what was kept for it, or others when it has ended.
    pub(super) fn free(&mut self, unit: UnitId) {
        self.kept.remove(&unit);
        self.without.remove(&unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_where_there_is_plenty_or_nobody_else() {
        let mut headroom = Headroom { limit: 1024, ..Headroom::new() };
        headroom.keep(UnitId(1), 80).unwrap();
        headroom.keep(UnitId(2), 0).unwrap();
        assert!(headroom.kept.is_empty());
        headroom.free(UnitId(1));
        headroom.keep(UnitId(3), 200).unwrap();
        assert_eq!(headroom.kept[&UnitId(3)].len(), LOG);
        assert_eq!(headroom.kept[&UnitId(2)].len(), LOG, "started when there was plenty");
        assert_eq!(headroom.kept.len(), 2, "the first has its log, or has ended");
        headroom.free(UnitId(2));
        headroom.free(UnitId(3));
        assert!(headroom.kept.is_empty());
    }
}
