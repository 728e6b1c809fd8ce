//! Starts one process: own group, directory, descriptors, the signals it expects, dead when this thread is.

use std::ffi::{CStr, OsStr};
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libc::pid_t;

use super::{Command, Environment};

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod system;

pub(super) use system::Spawner;

/// All that a new process is made of.
pub(super) struct Launch<'a> {
    pub command: &'a Command,
    pub env: &'a Environment,
    pub dir: &'a Path,
    /// What becomes its stdin, stdout and stderr: each 3 or more, or already in its place.
    pub descriptors: [RawFd; 3],
    /// What it keeps of our other descriptors.
    pub kept: &'a [RawFd],
    /// Whether its group gets the terminal that stdin is.
    pub takes_terminal: bool,
    /// The group that it joins, rather than lead its own.
    pub group: Option<pid_t>,
}

/// What a new process could not do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Begin,
    Enter,
    Execute,
}

/// Why a process was not started.
#[derive(Debug)]
pub enum StartError {
    /// Too few processes, descriptors or memory just now: try again when something has ended.
    Busy(io::Error),
    /// Its directory cannot be entered.
    Directory(PathBuf, io::Error),
    /// The program cannot be executed.
    Program(PathBuf, io::Error),
    /// Anything else.
    Other(io::Error),
}

impl StartError {
    fn at(step: Step, launch: &Launch<'_>, error: io::Error) -> StartError {
        match step {
            _ if is_shortage(&error) => StartError::Busy(error),
            Step::Begin => StartError::Other(error),
            Step::Enter => StartError::Directory(launch.dir.to_owned(), error),
            Step::Execute => StartError::Program(path_of(&launch.command.program), error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        if is_shortage(&error) { StartError::Busy(error) } else { StartError::Other(error) }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Busy(error) => write!(f, "no room for another process: {error}"),
            StartError::Directory(dir, error) => {
                write!(f, "cannot enter directory {}: {error}", dir.display())
            }
            StartError::Program(program, error) => {
                write!(f, "cannot execute {}: {error}", program.display())
            }
            StartError::Other(error) => write!(f, "cannot start a process: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Busy(error)
            | StartError::Directory(_, error)
            | StartError::Program(_, error)
            | StartError::Other(error) => Some(error),
        }
    }
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

fn path_of(text: &CStr) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(text.to_bytes()))
}
