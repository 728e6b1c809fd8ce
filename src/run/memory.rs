//! Memory: a command that is known to need some starts when it is there, or when nothing else runs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::driver::{Driver, Name};
use crate::event::Level;
use crate::id::UnitId;
use crate::schedule::Input;

/// Between two looks at what is left.
const BETWEEN: Duration = Duration::from_millis(100);

/// What is known of memory that commands need.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The most that a command of this run needs, bytes; 0: nobody needs to look.
    most: u64,
    looked: Option<Instant>,
    /// The user knows that something waits.
    is_told: bool,
}

impl Driver {
    /// What a command needs at its peak, bytes: as its task says, or as it took before; 0: nobody knows. The
    /// scheduler then knows what is left.
    pub(super) fn need_of_memory(&mut self, command: UnitId) -> u64 {
        let plan = self.scheduler.plan();
        let task = plan.unit(plan.parent(command));
        let said = task.policy.as_ref().and_then(|policy| policy.resources.memory);
        let learned = || self.durations.memory(&task.task).filter(|_| self.jobs.limits());
        let need = said.or_else(learned).unwrap_or(0);
        if need > 0 {
            self.memory.most = self.memory.most.max(need);
            self.look_at_memory();
        }
        need
    }

    /// Tells the scheduler what is left, not too often.
    pub(super) fn look_at_memory(&mut self) {
        let now = Instant::now();
        let is_fresh = self.memory.looked.is_some_and(|looked| now < looked + BETWEEN);
        // Who is alone starts however little there is.
        let is_alone = self.launches.len() <= 1 && self.processes.running() == 0;
        if self.memory.most == 0 || is_fresh || is_alone {
            return;
        }
        self.memory.looked = Some(now);
        let Some(available) = self.gates.available_memory(now) else { return };
        let needs: HashMap<UnitId, u64> = self.scheduler.needs_of_memory().collect();
        let promised = needs.values().fold(0, |sum: u64, &need| sum.saturating_add(need));
        // What runs has taken some of that already; how much matters only when it gets tight.
        let is_plenty = available.saturating_sub(promised) >= self.memory.most;
        let taken = if is_plenty { 0 } else { self.taken_of(&needs) };
        let left = i128::from(available) + i128::from(taken) - i128::from(promised);
        let left = left.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        self.inputs.push_front(Input::Memory(left));
    }

    /// How much commands have taken of what they need, bytes.
    fn taken_of(&mut self, needs: &HashMap<UnitId, u64>) -> u64 {
        let trees = self.processes.trees().unwrap_or_default();
        let taken = trees.into_iter().filter_map(|(name, tree)| match name {
            Name::Unit(unit) => Some(tree.memory.min(*needs.get(&unit)?)),
            Name::Script(_) | Name::Make(_) => None,
        });
        taken.sum()
    }

    /// When memory is to be looked at again, since something waits for it; the user is told once.
    pub(super) fn watch_memory(&mut self) -> Option<Instant> {
        let (unit, need) = self.scheduler.waits_for_memory()?;
        if !std::mem::replace(&mut self.memory.is_told, true) {
            let task = &self.scheduler.plan().unit(unit).task;
            let text = format!("task `{task}` waits for memory, it needs {}", size(need));
            self.say(Some(unit), Level::Info, text.into());
        }
        Some(self.memory.looked.map_or_else(Instant::now, |looked| looked + BETWEEN))
    }
}

/// An amount of memory in words, as `512 MiB` or `1.5 GiB`.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some(&(name, unit)) = units.iter().find(|&&(_, unit)| bytes >= unit) else {
        return format!("{bytes} bytes");
    };
    let text = format!("{:.1}", bytes as f64 / unit as f64);
    format!("{} {name}", text.trim_end_matches(".0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_have_the_largest_unit_that_fits() {
        let all = [0, 1023, 1024, 512 << 20, 3 << 30, (3 << 29) + 1].map(size);
        assert_eq!(all, ["0 bytes", "1023 bytes", "1 KiB", "512 MiB", "3 GiB", "1.5 GiB"]);
    }
}
