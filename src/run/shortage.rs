//! Whether the kernel killed a command for want of memory: it says so itself, the signal does not.

use std::time::{Duration, Instant};

use super::driver::Driver;
use crate::event::{Level, Status};
use crate::host::machine::memory_kills;
use crate::id::UnitId;

/// Nobody takes all memory in less time, and most runs take no more.
const SOON: Duration = Duration::from_millis(40);

/// How many processes the kernel had killed when it was last asked.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    began: Option<Instant>,
    is_asked: bool,
    kills: Option<u64>,
}

impl Shortage {
    /// What is killed from now on, or soon, counts.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// Asks how many there are so far, once it is time; when that will be.
    pub(super) fn look(&mut self) -> Option<Instant> {
        let due = self.began.filter(|_| !self.is_asked)? + SOON;
        if Instant::now() < due {
            return Some(due);
        }
        self.is_asked = true;
        self.kills = memory_kills();
        None
    }

    /// Whether there are more than there were. Who cannot know says no.
    fn has_grown(&mut self, kills: Option<u64>) -> bool {
        let before = std::mem::replace(&mut self.kills, kills);
        before.zip(kills).is_some_and(|(before, now)| now > before)
    }
}

impl Driver {
    /// A shell tells the signal that ended its command in its exit code.
    pub(super) fn tell_shortage(&mut self, unit: UnitId, status: Status) {
        if status.code() == 128 + libc::SIGKILL && self.shortage.has_grown(memory_kills()) {
            let task = &self.scheduler.plan().unit(unit).task;
            let text = format!(
                "task `{task}`: the kernel killed a process of it, for there was no memory left"
            );
            self.say(Some(unit), Level::Error, text.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_killed_since_counts() {
        let mut shortage = Shortage { kills: Some(3), ..Shortage::default() };
        assert!(!shortage.has_grown(Some(3)));
        assert!(shortage.has_grown(Some(4)));
        assert!(!shortage.has_grown(Some(4)));
        assert!(!shortage.has_grown(None));
        assert!(!shortage.has_grown(Some(9)), "nobody knows how many there were before");
    }
}
