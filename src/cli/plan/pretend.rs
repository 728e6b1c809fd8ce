//! How long a plan takes with so many slots: the scheduler on a clock that only pretends.

use std::collections::HashMap;
use std::time::Duration;

use crate::cli::settings::Settings;
use crate::event::{At, Frame, Status, Usage};
use crate::id::UnitId;
use crate::plan::Fragment;
use crate::schedule::{Exit, Expanded, Options, Rendered, Stop, Verdict};
use crate::sim::{Course, Model, Simulation};

/// Everything runs, succeeds, and takes as long as it is estimated.
struct AsEstimated<'a> {
    fragments: HashMap<UnitId, &'a Fragment>,
    times: HashMap<UnitId, Duration>,
}

impl Model for AsEstimated<'_> {
    fn delay(&mut self, _unit: UnitId) -> Duration {
        Duration::ZERO
    }

    fn expand(&mut self, unit: UnitId) -> Expanded {
        let fragment = self.fragments.get(&unit);
        fragment.map_or(Expanded::Omitted, |fragment| Expanded::Body((*fragment).clone()))
    }

    fn check(&mut self, _unit: UnitId) -> Verdict {
        Verdict::Run
    }

    fn render(&mut self, _unit: UnitId) -> Rendered {
        Rendered::Run { echo: None, interactive: false, frame: Frame::default(), memory: 0 }
    }

    fn run(&mut self, unit: UnitId, _attempt: u32) -> Course {
        let work = self.times.get(&unit).copied().unwrap_or_default();
        let exit = Exit::Ended(Status::Code(0), Usage::default());
        Course { work, exit, calls: Vec::new() }
    }

    fn stop(&mut self, _unit: UnitId, _how: Stop) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

/// Wall time of the whole plan.
pub(super) fn wall(
    fragments: &[(UnitId, Fragment)],
    settings: &Settings,
    typical: Duration,
) -> Duration {
    let Some((_, root)) = fragments.iter().find(|(call, _)| *call == UnitId::ROOT) else {
        return Duration::ZERO;
    };
    let units = fragments.iter().flat_map(|(_, fragment)| &fragment.units);
    let model = AsEstimated {
        fragments: fragments.iter().map(|(call, fragment)| (*call, fragment)).collect(),
        times: units.filter_map(|(id, unit)| Some((*id, unit.estimate?))).collect(),
    };
    let options = Options {
        slots: settings.slots,
        sequential: !settings.parallel.value,
        grace: settings.grace.value,
        typical,
        ..Options::default()
    };
    let (events, ..) = Simulation::new(options, model).run(root.clone(), |_, _| ());
    events.iter().map(|event| event.at).max().unwrap_or(At::default()).elapsed()
}
