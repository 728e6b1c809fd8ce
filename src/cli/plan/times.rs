//! How long tasks probably take, and who says so.

use std::collections::HashMap;
use std::time::Duration;

use super::Source;
use crate::id::UnitId;
use crate::plan::{Fragment, Unit, Work};
use crate::store::Durations;

/// What a task counts when nothing is known of any.
const UNIT: Duration = Duration::from_secs(1);

/// The times of a plan's tasks.
pub(super) struct Times {
    sources: HashMap<UnitId, Source>,
    /// What a task without a time of its own is taken for.
    pub(super) typical: Duration,
}

impl Times {
    /// Gives every command its share of its task's time: from past runs, else as the Taskfile
    /// estimates, else the median of those known, else one unit.
    pub(super) fn set(fragments: &mut [(UnitId, Fragment)], history: &Durations) -> Times {
        let known = known(fragments, history);
        let mut sorted: Vec<Duration> = known.values().map(|(time, _)| *time).collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied();
        let guess = match median {
            Some(median) => (median, Source::Guess),
            None => (UNIT, Source::Unit),
        };
        let mut sources = HashMap::new();
        for (call, fragment) in fragments {
            let (time, source) = known.get(call).copied().unwrap_or(guess);
            let count = commands(fragment).count();
            if count == 0 {
                continue;
            }
            sources.insert(*call, source);
            let share = time / u32::try_from(count).unwrap_or(u32::MAX);
            commands(fragment).for_each(|unit| unit.estimate = Some(share));
        }
        Times { sources, typical: guess.0 }
    }

    /// Who says how long the task of this call takes.
    pub(super) fn source(&self, call: UnitId) -> Source {
        self.sources.get(&call).copied().unwrap_or(Source::Unit)
    }

    /// Whether nothing is known of any task.
    pub(super) fn are_units(&self) -> bool {
        self.sources.values().all(|source| *source == Source::Unit)
    }
}

/// The calls whose time somebody knows.
fn known(
    fragments: &mut [(UnitId, Fragment)],
    history: &Durations,
) -> HashMap<UnitId, (Duration, Source)> {
    let mut tasks: HashMap<UnitId, (String, Option<Duration>)> = HashMap::new();
    for (_, fragment) in fragments.iter() {
        for (id, unit) in &fragment.units {
            tasks.insert(*id, (unit.task.to_string(), unit.estimate));
        }
    }
    let time = |(call, fragment): &mut (UnitId, Fragment)| {
        commands(fragment).next()?;
        let (name, estimate) = tasks.get(call)?;
        let past = history.get(name).map(|time| (time, Source::History));
        let time = past.or_else(|| estimate.map(|time| (time, Source::Estimate)))?;
        Some((*call, time))
    };
    fragments.iter_mut().filter_map(time).collect()
}

fn commands(fragment: &mut Fragment) -> impl Iterator<Item = &mut Unit> {
    fragment.units.iter_mut().map(|(_, unit)| unit).filter(|unit| unit.work == Work::Command)
}
