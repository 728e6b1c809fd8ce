//! The output of each command whole when it has ended, all of it on stdout.

use std::collections::BTreeMap;
use std::io;

use crate::event::{Event, Frame, Kind, Outcome, Stream};
use crate::id::UnitId;
use crate::store::LogReader;

use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Reporter, Screen};

/// Shows each command's output when it has ended.
pub(super) struct Group {
    screen: Screen,
    logs: LogReader,
    voice: Voice,
    units: Units,
    error_only: bool,
    running: BTreeMap<UnitId, (Frame, Ranges)>,
}

impl Group {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice, error_only: bool) -> Group {
        let (units, running) = (Units::default(), BTreeMap::new());
        Group { screen, logs, voice, units, error_only, running }
    }

    fn show(&self, frame: &Frame, output: &Ranges) -> io::Result<()> {
        self.frame(frame.begin.as_deref())?;
        let mut take = |_, bytes: &[u8]| self.screen.show(output.task, Stream::Stdout, bytes);
        output.read(&self.logs, &mut take)?;
        self.frame(frame.end.as_deref())
    }

    /// Output that is not held back.
    fn open(&self, task: UnitId, attempt: u32, offset: u64, length: u64) -> io::Result<()> {
        let mut take = |stream, bytes: &[u8]| self.screen.show(task, stream, bytes);
        self.logs.read(task, attempt, offset, length, &mut take)
    }

    fn frame(&self, text: Option<&str>) -> io::Result<()> {
        match text {
            Some(text) => self.screen.write(Stream::Stdout, format!("{text}\n").as_bytes()),
            None => Ok(()),
        }
    }
}

impl Reporter for Group {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Started { unit, attempt, echo, frame, .. } => {
                if !frame.open {
                    let output = Ranges::new(self.units.task(*unit), *attempt);
                    self.running.insert(*unit, (frame.clone(), output));
                }
                match echo {
                    Some(echo) => self.voice.echo(self.units.name(*unit), echo),
                    None => Ok(()),
                }
            }
            Kind::Output { unit, task, attempt, offset, length, .. } => {
                match self.running.get_mut(unit) {
                    Some((_, output)) => {
                        output.push(*offset, *length);
                        Ok(())
                    }
                    None => self.open(*task, *attempt, *offset, *length),
                }
            }
            Kind::Finished { unit, outcome, .. } => match self.running.remove(unit) {
                Some((_, output)) if output.is_empty() => Ok(()),
                Some(_) if self.error_only && *outcome == Outcome::Succeeded => Ok(()),
                Some((frame, output)) => self.show(&frame, &output),
                None => Ok(()),
            },
            Kind::Message { level, text, .. } => self.voice.message(*level, text),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        for (frame, output) in std::mem::take(&mut self.running).into_values() {
            if !output.is_empty() {
                self.show(&frame, &output)?;
            }
        }
        self.screen.flush()
    }
}
