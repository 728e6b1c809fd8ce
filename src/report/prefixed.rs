//! Output line by line, each line behind the name of its task, all of it on stdout.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use crate::event::{Event, Kind, Stream};
use crate::id::UnitId;
use crate::store::LogReader;

use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Reporter, Screen};

/// Shows each line when it is complete.
pub(super) struct Prefixed {
    screen: Screen,
    logs: LogReader,
    voice: Voice,
    units: Units,
    running: BTreeMap<UnitId, Command>,
    /// Prefixes in the order in which they were first needed, each with its number.
    seen: HashMap<Arc<str>, usize>,
}

struct Command {
    prefix: Arc<str>,
    /// The beginning of a line that has no end yet.
    pending: Ranges,
}

impl Prefixed {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice) -> Prefixed {
        let (units, running, seen) = Default::default();
        Prefixed { screen, logs, voice, units, running, seen }
    }

    fn started(&mut self, unit: UnitId, attempt: u32, prefix: Option<&Arc<str>>) {
        let prefix = prefix.cloned().unwrap_or_else(|| self.units.name(unit).into());
        let pending = Ranges::new(self.units.task(unit), attempt);
        self.running.insert(unit, Command { prefix, pending });
    }

    fn output(&mut self, unit: UnitId, offset: u64, length: u64) -> io::Result<()> {
        let Some(command) = self.running.get_mut(&unit) else { return Ok(()) };
        let (task, attempt) = (command.pending.task, command.pending.attempt);
        let (mut seen, mut complete) = (0, 0);
        self.logs.read(task, attempt, offset, length, &mut |_, bytes| {
            if let Some(place) = bytes.iter().rposition(|byte| *byte == b'\n') {
                complete = seen + place as u64 + 1;
            }
            seen += bytes.len() as u64;
            Ok(())
        })?;
        if complete > 0 {
            command.pending.push(offset, complete);
            self.lines(unit)?;
        }
        if let Some(command) = self.running.get_mut(&unit) {
            if complete > 0 {
                command.pending.clear();
            }
            if length > complete {
                command.pending.push(offset + complete, length - complete);
            }
        }
        Ok(())
    }

    /// Shows what is pending, with the prefix at the beginning of each line.
    fn lines(&mut self, unit: UnitId) -> io::Result<()> {
        let Some(command) = self.running.get(&unit) else { return Ok(()) };
        let next = self.seen.len();
        let number = *self.seen.entry(command.prefix.clone()).or_insert(next);
        let prefix = self.voice.prefix(number, &command.prefix);
        let mut is_beginning = true;
        command.pending.read(&self.logs, &mut |_, bytes| {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                if is_beginning {
                    self.screen.write(Stream::Stdout, prefix.as_bytes())?;
                }
                self.screen.show(command.pending.task, Stream::Stdout, line)?;
                is_beginning = line.ends_with(b"\n");
            }
            Ok(())
        })
    }

    fn ended(&mut self, unit: UnitId) -> io::Result<()> {
        let is_open = self.running.get(&unit).is_some_and(|command| !command.pending.is_empty());
        if is_open {
            self.lines(unit)?;
            self.screen.write(Stream::Stdout, b"\n")?;
        }
        self.running.remove(&unit);
        Ok(())
    }
}

impl Reporter for Prefixed {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Started { unit, attempt, echo, frame, .. } => {
                if !frame.open {
                    self.started(*unit, *attempt, frame.prefix.as_ref());
                }
                match echo {
                    Some(echo) => self.voice.echo(self.units.name(*unit), echo),
                    None => Ok(()),
                }
            }
            Kind::Output { unit, offset, length, .. } if self.running.contains_key(unit) => {
                self.output(*unit, *offset, *length)
            }
            Kind::Output { task, attempt, offset, length, .. } => {
                let mut take = |stream, bytes: &[u8]| self.screen.show(*task, stream, bytes);
                self.logs.read(*task, *attempt, *offset, *length, &mut take)
            }
            Kind::Finished { unit, .. } => self.ended(*unit),
            Kind::Message { level, text, .. } => self.voice.message(*level, text),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        while let Some(unit) = self.running.keys().next().copied() {
            self.ended(unit)?;
        }
        self.screen.flush()
    }
}
