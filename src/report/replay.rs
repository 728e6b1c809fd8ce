//! Shows a recorded run as it was shown when it ran.

use std::io;

use crate::store::{LogReader, RunEntry, Runs};

use super::Reporter;

/// Feeds the events of a recorded run to reporters, which were given `logs`, the run's
/// [`Runs::reader`]. An error names the run when it cannot be read.
pub fn replay(
    runs: &Runs,
    run: &RunEntry,
    logs: &LogReader,
    reporters: &mut [Box<dyn Reporter>],
) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("run {}: {error}", run.id));
    for event in runs.events(run).map_err(named)? {
        let event = event.map_err(named)?;
        logs.learn(&event);
        for reporter in &mut *reporters {
            reporter.event(&event)?;
        }
    }
    reporters.iter_mut().try_for_each(|reporter| reporter.finish())
}
