//! What files were at a moment: a digest of each, and a stamp that spares reading it again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::Compare;
use crate::host::Host;
use crate::host::stamp::{Stamp, nanoseconds};

/// Files by their path, which is relative to the root where they are below it.
pub(super) type Snapshot = BTreeMap<String, Seen>;

/// A file as it was seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Of its content, or of when it was written and how long it is.
    pub(super) digest: String,
    /// Absent where the file was so fresh that it could be written again without another stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stamp: Option<Stamp>,
    /// When it, its name or its rights last changed, nanoseconds since 1970.
    #[serde(skip)]
    changed: i64,
}

/// Looks at files. What `known` has of a file whose stamp is the same is taken over unread. The
/// error is the path of the first that cannot be read.
pub(super) fn take(
    root: &Path,
    files: &[PathBuf],
    compare: Compare,
    known: Option<&Snapshot>,
    host: &dyn Host,
) -> Result<Snapshot, PathBuf> {
    let now = nanoseconds(SystemTime::now());
    let look = |file: &PathBuf| {
        let path = short(root, file);
        let known = known.and_then(|known| known.get(&path));
        let seen = see(file, compare, known, now, host).map_err(|_| PathBuf::from(&path))?;
        Ok((path, seen))
    };
    files.iter().map(look).collect()
}

/// A path as seen from the root, where it is below it.
pub(super) fn short(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned()
}

fn see(
    file: &Path,
    compare: Compare,
    known: Option<&Seen>,
    now: i64,
    host: &dyn Host,
) -> io::Result<Seen> {
    let found = host.sight(file)?;
    let stamp = found.stamp;
    let digest = match (compare, known) {
        (Compare::Time, _) => format!("{}+{}", stamp.written(), stamp.length()),
        (Compare::Content, Some(known)) if known.stamp == Some(stamp) => known.digest.clone(),
        // A pipe would keep us waiting.
        (Compare::Content, _) if !found.is_plain => "no plain file".into(),
        (Compare::Content, _) => content(file)?,
    };
    let stamp = stamp.is_settled(now).then_some(stamp);
    Ok(Seen { digest, stamp, changed: found.stamp.changed() })
}

fn content(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

impl Seen {
    /// Whether somebody wrote the file, its name or its rights after `time`.
    pub(super) fn is_younger_than(&self, time: SystemTime) -> bool {
        self.changed > nanoseconds(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Os;
    use std::time::Duration;

    #[test]
    fn a_file_with_the_known_stamp_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "text").unwrap();
        let later = nanoseconds(SystemTime::now()) + 4_000_000_000;
        let seen = see(&file, Compare::Content, None, later, &Os).unwrap();
        let known = Seen { digest: "as known".into(), ..seen.clone() };
        let again = see(&file, Compare::Content, Some(&known), later, &Os).unwrap();
        assert_eq!(again.digest, "as known");
        std::fs::write(&file, "longer text").unwrap();
        let again = see(&file, Compare::Content, Some(&known), later, &Os).unwrap();
        assert_eq!(again.digest, content(&file).unwrap());
        assert_ne!(again.digest, seen.digest);
    }

    #[test]
    fn the_stamp_of_a_fresh_file_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "text").unwrap();
        let taken = take(dir.path(), &[file], Compare::Content, None, &Os).unwrap();
        assert!(taken["f"].stamp.is_none());
    }

    #[test]
    fn times_tell_what_was_written_since() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "text").unwrap();
        let taken = take(dir.path(), &[file], Compare::Content, None, &Os).unwrap();
        let now = SystemTime::now();
        assert!(taken["f"].is_younger_than(now - Duration::from_secs(60)));
        assert!(!taken["f"].is_younger_than(now + Duration::from_secs(60)));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let files = [dir.path().join("none")];
        let error = take(dir.path(), &files, Compare::Content, None, &Os).unwrap_err();
        assert_eq!(error, Path::new("none"));
    }
}
