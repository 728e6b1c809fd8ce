//! All that planning may see of the machine: environment, files, shells.
//!
//! `Os` in production, `Fake` in tests. Read-only but for what a user's `sh:` does.

pub mod digest;
pub mod fake;
pub mod files;
pub mod glob;
pub mod machine;
pub mod os;
pub mod shell;
pub mod stamp;
pub mod still;
pub mod witness;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use files::{Ignored, Pattern};
pub use os::Os;
pub use stamp::Sight;
pub use witness::Witness;

/// Environment of a child: name and value, in order, each name once.
pub type Env = indexmap::IndexMap<Arc<str>, Arc<str>>;

/// A shell script that planning wants to run: a dynamic variable, an `if`, a `status`.
#[derive(Clone, Debug)]
pub struct Script {
    /// The text, given to the shell as one argument.
    pub text: String,
    /// Where it runs.
    pub dir: PathBuf,
    /// All of its environment.
    pub env: Arc<Env>,
    /// Options for `set -o`, as `pipefail`.
    pub set: Vec<Arc<str>>,
    /// Options for `shopt -s`, as `globstar`.
    pub shopt: Vec<Arc<str>>,
    /// Whether its stderr is the user's (dynamic variables) or nobody's (`status`, `if`).
    pub shows_stderr: bool,
}

/// How a script ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    /// Exit code; 128 + n after signal n.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
}

/// What is at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A file, or anything else that is no directory.
    File,
    /// A directory.
    Directory,
}

/// The machine, as planning sees it.
pub trait Host: Send + Sync {
    /// An environment variable.
    fn env(&self, key: &str) -> Option<String>;
    /// The whole environment.
    fn environment(&self) -> Vec<(String, String)>;
    /// The directory the user stands in, absolute.
    fn cwd(&self) -> PathBuf;
    /// The text of a file; `InvalidData` when it is not UTF-8.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// What is at `path`, links followed; `None` when nothing is.
    fn entry(&self, path: &Path) -> Option<Entry>;
    /// Who owns `path`; `None` where that means nothing.
    fn owner(&self, path: &Path) -> Option<u32>;
    /// Files below `dir` that `pattern` matches, sorted by bytes.
    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>>;
    /// xxh3-128 over name and content of each file, in order.
    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128>;
    /// What is at `path` and how it is just now, links followed.
    fn sight(&self, path: &Path) -> io::Result<Sight>;
    /// When a file was last written, links followed.
    fn modified(&self, path: &Path) -> io::Result<SystemTime>;
    /// Whether `path` is a file that can be run, links followed.
    fn is_program(&self, path: &Path) -> bool;
    /// Whether something accepts a connection to `host:port` within the time given.
    fn connect(&self, address: &str, patience: Duration) -> io::Result<()>;
    /// Runs a script to its end.
    fn shell(&self, script: &Script) -> io::Result<Output>;
    /// Nanoseconds since 1970 UTC.
    fn now(&self) -> i128 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }
    /// CPUs that this process may use.
    fn cpus(&self) -> usize {
        num_cpus::get()
    }
    /// Bits by chance.
    fn chance(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128()
    }
}
