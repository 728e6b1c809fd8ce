//! What commands leave running: it stays until its task has ended, and what it writes is in the task's log.
//!
//! What has left its command's process group, as daemons do, nobody knows the task of: it stays until the run ends.

use super::driver::{Driver, Name};
use crate::event::{Failure, Level, Outcome, Stream};
use crate::id::UnitId;

/// Command lines that a message names.
const SHOWN: usize = 3;

impl Driver {
    /// What a command left running wrote something.
    pub(super) fn left_wrote(&mut self, unit: UnitId, stream: Stream, bytes: &[u8]) {
        let masked = self.masks.get_mut(&(unit, stream)).map(|mask| mask.feed(bytes));
        self.keep_output(unit, stream, masked.as_deref().unwrap_or(bytes));
    }

    /// A task has ended: so does what its commands left running.
    pub(super) fn end_left(&mut self, task: UnitId) {
        let plan = self.scheduler.plan();
        let is_meant = |name| matches!(name, Name::Unit(unit) if plan.parent(unit) == task);
        let lines = self.processes.end_left(is_meant);
        self.masks.retain(|(unit, _), _| plan.parent(*unit) != task);
        // What is stopped has processes that are about to end anyway.
        if !lines.is_empty() && !self.is_stopped(task) {
            let name = plan.unit(task).task.clone();
            let text = format!("task `{name}` left running, and it was killed: {}", named(&lines));
            self.say(Some(task), Level::Warning, text.into());
        }
    }

    fn is_stopped(&self, task: UnitId) -> bool {
        let outcome = self.scheduler.outcome(task);
        let was_ended = |failure: &Failure| matches!(failure, Failure::TimedOut | Failure::Stalled);
        match outcome {
            Some(Outcome::Cancelled) => true,
            Some(Outcome::Failed(failure)) => was_ended(failure),
            _ => false,
        }
    }

    /// The run has ended: what is still there is about to be killed.
    pub(super) fn tell_strays(&mut self) {
        let lines = self.processes.strays();
        if !lines.is_empty() && !self.is_stopped(UnitId::ROOT) {
            let text = format!("left running, and killed with the run: {}", named(&lines));
            self.say(None, Level::Warning, text.into());
        }
    }
}

/// Command lines in quotes, not too many, each on one line.
fn named(lines: &[String]) -> String {
    let quoted = lines.iter().take(SHOWN).map(|line| {
        let plain: String =
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
        format!("`{plain}`")
    });
    let shown = quoted.collect::<Vec<_>>().join(", ");
    match lines.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_each_on_one_line() {
        let lines = ["sleep 1", "sh -c a\nb", "c", "d", "e"].map(String::from);
        assert_eq!(named(&lines[..1]), "`sleep 1`");
        assert_eq!(named(&lines), "`sleep 1`, `sh -c a b`, `c` and 2 more");
    }
}
