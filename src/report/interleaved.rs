//! Output as it comes: what a task writes to stdout goes to stdout, and so on.

use std::io;

use crate::event::{Event, Kind};
use crate::store::LogReader;

use super::units::Units;
use super::voice::Voice;
use super::{Reporter, Screen};

/// Shows output as it comes.
pub(super) struct Interleaved {
    screen: Screen,
    logs: LogReader,
    voice: Voice,
    units: Units,
}

impl Interleaved {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice) -> Interleaved {
        Interleaved { screen, logs, voice, units: Units::default() }
    }
}

impl Reporter for Interleaved {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Started { unit, echo: Some(echo), .. } => {
                self.voice.echo(self.units.name(*unit), echo)
            }
            Kind::Output { task, attempt, offset, length, .. } => {
                let mut take = |stream, bytes: &[u8]| self.screen.show(*task, stream, bytes);
                self.logs.read(*task, *attempt, *offset, *length, &mut take)
            }
            Kind::Message { level, text, .. } => self.voice.message(*level, text),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.screen.flush()
    }
}
