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
    running: BTreeMap<UnitId, Held>,
}

/// A command whose output is held back.
struct Held {
    frame: Frame,
    output: Ranges,
    /// Nothing else can write while it runs, so its output is shown as it comes.
    is_alone: bool,
    /// Some was shown.
    is_begun: bool,
}

impl Group {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice, error_only: bool) -> Group {
        let (units, running) = (Units::default(), BTreeMap::new());
        Group { screen, logs, voice, units, error_only, running }
    }

    /// Shows what is there.
    fn show(&self, held: &mut Held) -> io::Result<()> {
        if held.output.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut held.is_begun, true) {
            self.frame(held.frame.begin.as_deref())?;
        }
        let task = held.output.task;
        held.output.fetch(&self.logs, &mut |_, file, offset, length| {
            self.screen.show_file(task, Stream::Stdout, file, offset, length)
        })?;
        held.output.clear();
        Ok(())
    }

    /// Shows what is left.
    fn end(&self, mut held: Held) -> io::Result<()> {
        self.show(&mut held)?;
        if held.is_begun { self.frame(held.frame.end.as_deref()) } else { Ok(()) }
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
            Kind::Started { unit, attempt, echo, frame, alone, .. } => {
                if !frame.open {
                    let output = Ranges::new(self.units.task(*unit), *attempt);
                    let (frame, is_alone) = (frame.clone(), *alone && !self.error_only);
                    self.running.insert(*unit, Held { frame, output, is_alone, is_begun: false });
                }
                match echo {
                    Some(echo) => self.voice.echo(self.units.name(*unit), echo),
                    None => Ok(()),
                }
            }
            Kind::Output { unit, task, attempt, offset, length, .. } => {
                let Some(held) = self.running.get_mut(unit) else {
                    return self.open(*task, *attempt, *offset, *length);
                };
                held.output.push(*offset, *length);
                if !held.is_alone {
                    return Ok(());
                }
                let Some(mut held) = self.running.remove(unit) else { return Ok(()) };
                let shown = self.show(&mut held);
                self.running.insert(*unit, held);
                shown
            }
            Kind::Finished { unit, outcome, .. } => match self.running.remove(unit) {
                Some(_) if self.error_only && *outcome == Outcome::Succeeded => Ok(()),
                Some(held) => self.end(held),
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
        for held in std::mem::take(&mut self.running).into_values() {
            self.end(held)?;
        }
        self.screen.flush()
    }
}
