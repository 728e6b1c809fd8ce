//! A machine in memory, for tests: files, environment, directory; no shells.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Entry, Host, Output, Script, Sight};

/// A machine that has what a test says it has.
#[derive(Clone, Debug)]
pub struct Fake {
    cwd: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
    env: BTreeMap<String, String>,
    owners: BTreeMap<PathBuf, u32>,
    services: BTreeSet<String>,
}

impl Default for Fake {
    fn default() -> Fake {
        let (files, env, owners, services) = Default::default();
        Fake { cwd: "/w".into(), files, env, owners, services }
    }
}

impl Fake {
    /// An empty machine; the user stands in `/w`.
    pub fn new() -> Fake {
        Fake::default()
    }

    /// Adds a file; relative paths stand in the user's directory. Directories come by themselves.
    pub fn file(mut self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Fake {
        self.files.insert(self.cwd.join(path), text.as_ref().into());
        self
    }

    /// Sets an environment variable.
    pub fn with_env(mut self, key: &str, value: &str) -> Fake {
        self.env.insert(key.into(), value.into());
        self
    }

    /// Lets something listen at `host:port`.
    pub fn serving(mut self, address: &str) -> Fake {
        self.services.insert(address.into());
        self
    }

    /// Moves the user to another directory.
    pub fn stand_in(mut self, dir: impl Into<PathBuf>) -> Fake {
        self.cwd = dir.into();
        self
    }

    /// Gives a directory and what is below it to a user; all else is root's.
    pub fn owned(mut self, path: impl Into<PathBuf>, user: u32) -> Fake {
        self.owners.insert(path.into(), user);
        self
    }
}

impl Host for Fake {
    fn env(&self, key: &str) -> Option<String> {
        self.env.get(key).cloned()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    fn cwd(&self) -> PathBuf {
        self.cwd.clone()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        String::from_utf8(bytes.clone()).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        if self.files.contains_key(path) {
            return Some(Entry::File);
        }
        let is_above = self.cwd.starts_with(path) || self.files.keys().any(|f| f.starts_with(path));
        is_above.then_some(Entry::Directory)
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        let owner = path.ancestors().find_map(|above| self.owners.get(above));
        Some(owner.copied().unwrap_or(0))
    }

    fn glob(&self, _dir: &Path, _pattern: &str) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        let mut all = Vec::new();
        for path in files {
            all.extend_from_slice(path.file_name().unwrap_or_default().as_encoded_bytes());
            all.extend_from_slice(self.files.get(path).ok_or(io::ErrorKind::NotFound)?);
        }
        Ok(xxhash_rust::xxh3::xxh3_128(&all))
    }

    fn sight(&self, _path: &Path) -> io::Result<Sight> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        let found = self.files.contains_key(path);
        if found { Ok(SystemTime::UNIX_EPOCH) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn is_program(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn connect(&self, address: &str, _patience: Duration) -> io::Result<()> {
        let serves = self.services.contains(address);
        if serves { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
    }

    fn shell(&self, _script: &Script) -> io::Result<Output> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
