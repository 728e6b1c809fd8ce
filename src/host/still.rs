//! A machine that runs nothing: every script ends well and prints nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Entry, Host, Output, Script, Sight};

/// Another machine without its shells.
pub struct Still<'a>(pub &'a dyn Host);

impl Host for Still<'_> {
    fn env(&self, key: &str) -> Option<String> {
        self.0.env(key)
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.0.environment()
    }

    fn cwd(&self) -> PathBuf {
        self.0.cwd()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.read(path)
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        self.0.entry(path)
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        self.0.owner(path)
    }

    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        self.0.glob(dir, pattern)
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        self.0.checksum(files)
    }

    fn sight(&self, path: &Path) -> io::Result<Sight> {
        self.0.sight(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        self.0.modified(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        self.0.is_program(path)
    }

    fn connect(&self, address: &str, patience: Duration) -> io::Result<()> {
        self.0.connect(address, patience)
    }

    fn shell(&self, _script: &Script) -> io::Result<Output> {
        Ok(Output::default())
    }
}
