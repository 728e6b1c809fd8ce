//! The time of a run, which stands still while the user has it stopped.

use std::time::{Duration, Instant};

use crate::event::At;

/// Time since the run began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
    stood: Duration,
}

impl Clock {
    pub(super) fn beginning(began: Instant) -> Clock {
        Clock { began, stood: Duration::ZERO }
    }

    /// What it shows at a moment.
    pub(super) fn at(&self, moment: Instant) -> At {
        At::from(moment.saturating_duration_since(self.began).saturating_sub(self.stood))
    }

    /// The moment at which it will show `at`, if it does not stand still before.
    pub(super) fn moment(&self, at: At) -> Instant {
        self.began + self.stood + at.elapsed()
    }

    /// It has stood still for so long.
    pub(super) fn stood_still(&mut self, time: Duration) {
        self.stood += time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_moves_by_the_time_that_the_clock_stood_still() {
        let (began, second) = (Instant::now(), Duration::from_secs(1));
        let mut clock = Clock::beginning(began);
        assert_eq!(clock.at(began + 3 * second), At::from(3 * second));
        clock.stood_still(60 * second);
        assert_eq!(clock.at(began + 63 * second), At::from(3 * second));
        assert_eq!(clock.moment(At::from(5 * second)), began + 65 * second);
        assert_eq!(clock.at(began), At::default());
    }
}
