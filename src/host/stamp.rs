//! What of a file differs once it was written, as far as can be told without reading it.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// Device, inode, length in bytes, nanoseconds since 1970 of content and entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stamp(pub u64, pub u64, pub u64, pub i64, pub i64);

/// The clock of a file system may stand still that long, nanoseconds.
const TICK: i64 = 2_000_000_000;

/// What is at a path, links followed, and how it was when it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sight {
    /// What differs once it is written.
    pub stamp: Stamp,
    /// Whether it is a plain file.
    pub is_plain: bool,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// The user that it belongs to.
    pub owner: u32,
}

impl Sight {
    /// Looks at a path, links followed.
    ///
    /// # Errors
    ///
    /// When there is nothing, or nothing that may be looked at.
    pub fn of(path: &Path) -> io::Result<Sight> {
        std::fs::metadata(path).map(|found| Sight::from(&found))
    }
}

impl From<&Metadata> for Sight {
    fn from(found: &Metadata) -> Sight {
        let time = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000) + rest;
        let written = time(found.mtime(), found.mtime_nsec());
        let changed = time(found.ctime(), found.ctime_nsec());
        Sight {
            stamp: Stamp(found.dev(), found.ino(), found.len(), written, changed),
            is_plain: found.is_file(),
            is_directory: found.is_dir(),
            owner: found.uid(),
        }
    }
}

impl Stamp {
    /// When the content was last written, nanoseconds since 1970.
    pub fn written(&self) -> i64 {
        self.3
    }

    /// When content, name or rights last changed, nanoseconds since 1970.
    pub fn changed(&self) -> i64 {
        self.4
    }

    /// Length, bytes.
    pub fn length(&self) -> u64 {
        self.2
    }

    /// Whether whoever writes it after `now` leaves another stamp: it is not so fresh that the clock of
    /// its file system may still show the same.
    pub fn is_settled(&self, now: i64) -> bool {
        self.4.saturating_add(TICK) < now
    }
}

/// A time as nanoseconds since 1970.
pub fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_of_a_fresh_file_is_not_settled() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "text").unwrap();
        let sight = Sight::of(&file).unwrap();
        assert!(sight.is_plain && !sight.is_directory);
        assert_eq!(sight.stamp.length(), 4);
        let now = nanoseconds(SystemTime::now());
        assert!(!sight.stamp.is_settled(now));
        assert!(sight.stamp.is_settled(now + 2 * TICK));
    }
}
