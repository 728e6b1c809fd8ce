//! A line now and then where nothing else tells that something still happens, as CI systems want.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use crate::event::{At, Event, Kind, Level};
use crate::id::UnitId;
use crate::term;

use super::units::Units;
use super::voice::Voice;
use super::{Look, Reporter, Screen};

/// So long nothing was shown.
const LONG: Duration = Duration::from_secs(30);
const RHYTHM: Duration = Duration::from_secs(1);

/// Breaks the silence, for where there is no terminal.
pub struct Silence {
    screen: Screen,
    voice: Voice,
    units: Units,
    running: BTreeMap<UnitId, At>,
    written: u64,
    since: At,
}

impl Silence {
    /// Watches `screen` and speaks on its stderr.
    pub fn new(screen: Screen, look: &Look) -> Silence {
        let voice = Voice::new(screen.clone(), look);
        let (units, running) = (Units::default(), BTreeMap::new());
        Silence { screen, voice, units, running, written: 0, since: At::default() }
    }

    fn text(&self, now: At) -> String {
        let running = self.running.iter().map(|(unit, began)| {
            let name = term::strip(self.units.name(*unit));
            format!("{name} ({})", term::age(now.since(*began)))
        });
        format!("still running: {}", running.collect::<Vec<_>>().join(", "))
    }
}

impl Reporter for Silence {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Started { unit, .. } => {
                self.running.insert(*unit, event.at);
            }
            Kind::Finished { unit, .. } => {
                self.running.remove(unit);
            }
            _ => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: At) -> io::Result<()> {
        if self.screen.written() != self.written {
            (self.written, self.since) = (self.screen.written(), now);
        }
        if now.since(self.since) < LONG || self.running.is_empty() {
            return Ok(());
        }
        self.since = now;
        self.voice.message(Level::Info, &self.text(now))?;
        self.written = self.screen.written();
        self.screen.flush()
    }

    fn rhythm(&self) -> Option<Duration> {
        Some(RHYTHM)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
