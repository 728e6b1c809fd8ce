//! Whether the kernel killed a command for want of memory: it says so itself, the signal does not.

use super::driver::Driver;
use crate::event::{Level, Status};
use crate::host::machine::memory_kills;
use crate::id::UnitId;

/// How many processes the kernel had killed when it was last asked.
#[derive(Debug, Default)]
pub(super) struct Shortage(Option<u64>);

impl Shortage {
    /// What is killed from now on counts.
    pub(super) fn begin(&mut self) {
        self.0 = memory_kills();
    }

    /// Whether there are more than there were. Who cannot know says no.
    fn has_grown(&mut self, kills: Option<u64>) -> bool {
        let before = std::mem::replace(&mut self.0, kills);
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
        let mut shortage = Shortage(Some(3));
        assert!(!shortage.has_grown(Some(3)));
        assert!(shortage.has_grown(Some(4)));
        assert!(!shortage.has_grown(Some(4)));
        assert!(!shortage.has_grown(None));
        assert!(!shortage.has_grown(Some(9)), "nobody knows how many there were before");
    }
}
