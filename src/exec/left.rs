//! What processes leave running when they end: it stays for a while, may go on writing, and is ended later.

use libc::{c_int, pid_t};

use super::descendants::{children, words};
use super::pipes::Pipe;
use super::wait;

/// What one process left: others of its group, or somebody who holds its pipes.
pub(super) struct Left<T> {
    pub(super) name: T,
    /// The number of the process, which is that of the group while somebody is in it.
    pub(super) group: pid_t,
    pub(super) pipes: Vec<Pipe>,
}

impl<T> Left<T> {
    /// Whether somebody is left in the group. Orphans are our children, so only those count.
    #[cfg(target_os = "linux")]
    pub(super) fn has_group(&self) -> bool {
        wait::has_children_in(self.group)
    }

    /// Orphans are out of sight here.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn has_group(&self) -> bool {
        false
    }

    /// Whether there is nothing to end and nothing to hear of any more.
    pub(super) fn is_over(&self) -> bool {
        self.pipes.is_empty() && !self.has_group()
    }

    pub(super) fn signal(&self, signal: c_int) {
        if self.has_group() {
            // SAFETY: plain system call; somebody is in the group, so its number is nobody else's.
            unsafe { libc::kill(-self.group, signal) };
        }
    }

    /// The command lines of those of our children that are in the group.
    pub(super) fn lines(&self) -> Vec<String> {
        let own = std::process::id() as pid_t;
        children(own)
            .into_iter()
            .filter(|&pid| wait::group(pid) == self.group)
            .filter_map(words)
            .collect()
    }
}
