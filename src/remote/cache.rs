//! Files that were fetched, each with where it came from and when.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::checksum;
use crate::taskfile::Fetched;

/// The folder that they are kept in.
pub(super) struct Cache {
    folder: PathBuf,
}

/// A file that is kept.
pub(super) struct Kept {
    pub(super) fetched: Fetched,
    pub(super) checksum: String,
    at: SystemTime,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// What was asked for.
    asked: String,
    /// The file that it was.
    url: String,
    checksum: String,
    /// Milliseconds since 1970.
    fetched: u64,
    text: String,
}

impl Kept {
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        // A time to come says nothing of an age.
        now.duration_since(self.at).unwrap_or(Duration::MAX)
    }
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is kept of a URL; what cannot be read, or is not what it was, is not kept.
    pub(super) fn get(&self, url: &str) -> Option<Kept> {
        let entry: Entry = serde_json::from_slice(&fs::read(self.file(url)).ok()?).ok()?;
        if entry.asked != url || entry.checksum != checksum(&entry.text) {
            return None;
        }
        let at = UNIX_EPOCH + Duration::from_millis(entry.fetched);
        let fetched = Fetched { url: entry.url, text: entry.text.into() };
        Some(Kept { fetched, checksum: entry.checksum, at })
    }

    /// Keeps a file: readers see the old one or the new one, whole.
    pub(super) fn put(&self, url: &str, fetched: &Fetched, checksum: &str) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = Entry {
            asked: url.into(),
            url: fetched.url.clone(),
            checksum: checksum.into(),
            fetched: now.as_millis() as u64,
            text: fetched.text.to_string(),
        };
        make(&self.folder)?;
        let file = self.file(url);
        let draft = file.with_extension(format!("{}.new", std::process::id()));
        let mut written = fs::File::create(&draft)?;
        written.write_all(&serde_json::to_vec_pretty(&entry)?)?;
        fs::rename(draft, file)
    }

    /// Removes all of them.
    pub(super) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn file(&self, url: &str) -> PathBuf {
        self.folder.join(format!("{}.json", &checksum(url)[..32]))
    }
}

/// Makes a folder that git ignores and nobody else enters.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // A `.gitignore` of the state directory stands beside it already, or is written when that is made.
    let ignore = folder.join(".gitignore");
    fs::write(ignore, "*\n")
}
