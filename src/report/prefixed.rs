//! Output line by line, each line behind the name of its task, all of it on stdout.

use std::collections::BTreeMap;
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
}

struct Command {
    prefix: Arc<str>,
    /// The beginning of a line that has no end yet.
    pending: Ranges,
}

impl Prefixed {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice) -> Prefixed {
        Prefixed { screen, logs, voice, units: Units::default(), running: BTreeMap::new() }
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
            let command = &self.running[&unit];
            self.lines(command)?;
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
    fn lines(&self, command: &Command) -> io::Result<()> {
        let prefix = format!("[{}] ", command.prefix);
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
        match self.running.remove(&unit) {
            Some(command) if !command.pending.is_empty() => {
                self.lines(&command)?;
                self.screen.write(Stream::Stdout, b"\n")
            }
            _ => Ok(()),
        }
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
