//! What processes write: into the attempt's log, and from there to whoever is to see it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::driver::Driver;
use super::forward;
use super::mask::{Mask, Secrets};
use crate::event::{At, Kind, Level, Status, Stream, Usage};
use crate::exec::StartError;
use crate::id::UnitId;
use crate::resolve::{Launch, Sink};
use crate::schedule::{Exit, Input};

/// What this process's own streams are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    pub(super) stdin_is_terminal: bool,
    /// Questions can be put and answered.
    pub(super) can_ask: bool,
    /// stdout and stderr end in the same file, so the order between them can be kept.
    pub(super) merged: bool,
}

impl Streams {
    pub(super) fn of_this_process(merges: bool) -> Streams {
        Streams {
            stdin_is_terminal: io::stdin().is_terminal(),
            can_ask: io::stdin().is_terminal() && io::stdout().is_terminal(),
            merged: merges || is_same_file(io::stdout(), io::stderr()),
        }
    }
}

/// Whether two descriptors are the same file.
pub(super) fn is_same_file(one: impl AsFd, other: impl AsFd) -> bool {
    match (rustix::fs::fstat(one), rustix::fs::fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}

/// Files that take output in place of the screen, by the call that asked for them.
#[derive(Default)]
pub(super) struct Sinks {
    open: HashMap<(UnitId, Stream), File>,
}

impl Sinks {
    fn open(&mut self, sink: &Sink, stream: Stream) -> io::Result<()> {
        if self.open.contains_key(&(sink.unit, stream)) {
            return Ok(());
        }
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(sink.append)
            .truncate(!sink.append)
            .open(&sink.file)?;
        self.open.insert((sink.unit, stream), file);
        Ok(())
    }

    fn write(&mut self, sink: &Sink, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        match self.open.get_mut(&(sink.unit, stream)) {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    /// The call has ended.
    fn close(&mut self, call: UnitId) {
        if self.open.is_empty() {
            return;
        }
        self.open.remove(&(call, Stream::Stdout));
        self.open.remove(&(call, Stream::Stderr));
    }
}

impl Driver {
    /// Opens the files that a command's output goes to, which truncates them once for the whole call.
    pub(super) fn open_sinks(&mut self, launch: &Launch) -> Result<(), StartError> {
        let both = [(launch.stdout(), Stream::Stdout), (launch.stderr(), Stream::Stderr)];
        for (sink, stream) in both {
            let Some(sink) = sink else { continue };
            if stream == Stream::Stderr && is_merged(launch) {
                continue;
            }
            self.sinks.open(sink, stream).map_err(|error| {
                StartError::Other(io::Error::other(format!("{}: {error}", sink.file.display())))
            })?;
        }
        Ok(())
    }

    /// A command wrote something; its secrets go no further.
    pub(super) fn printed(&mut self, unit: UnitId, stream: Stream, bytes: &[u8]) {
        self.stalls.printed(unit);
        self.lending.printed(unit);
        match self.masks.get_mut(&(unit, stream)) {
            Some(mask) => {
                let bytes = mask.feed(bytes);
                self.output(unit, stream, &bytes);
            }
            None => self.output(unit, stream, bytes),
        }
    }

    /// Looks for a command's secrets in all that it prints.
    pub(super) fn mask(&mut self, unit: UnitId, launch: &Launch) {
        let Some(secrets) = Secrets::new(launch.secrets()).map(Arc::new) else { return };
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.masks.insert((unit, stream), Mask::new(secrets.clone()));
        }
    }

    pub(super) fn finish_masks(&mut self, unit: UnitId) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(rest) = self.masks.get_mut(&(unit, stream)).map(Mask::finish) {
                self.output(unit, stream, &rest);
            }
        }
    }

    fn output(&mut self, unit: UnitId, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.look_for_line(self.scheduler.plan().parent(unit), bytes);
        self.hear(unit, stream, bytes);
        let Some(piece) = self.keep_output(unit, stream, bytes) else { return };
        let forward::Piece { task, attempt, offset, length, .. } = piece;
        let sink = self.launches.get(&unit).and_then(|launch| match stream {
            Stream::Stdout => launch.stdout().cloned(),
            Stream::Stderr => launch.stderr().cloned(),
        });
        if let Some(sink) = sink {
            if let Err(error) = self.sinks.write(&sink, stream, bytes) {
                let text = format!("{}: {error}", sink.file.display());
                self.say(Some(unit), Level::Error, text.into());
            }
        } else if let Some(forward) = self.forward_of(unit) {
            forward.piece(piece);
        } else {
            self.emit(Kind::Output { unit, task, attempt, stream, offset, length });
        }
    }

    /// Keeps what a command wrote; where in its task's log it is.
    pub(super) fn keep_output(
        &mut self,
        unit: UnitId,
        stream: Stream,
        bytes: &[u8],
    ) -> Option<forward::Piece> {
        self.headroom.free(unit);
        let task = self.scheduler.plan().parent(unit);
        let (attempt, at) = (self.scheduler.attempt(task), self.now());
        let (offset, length) = self.log(task, attempt, stream, at, bytes)?;
        Some(forward::Piece { task, attempt, stream, offset, length })
    }

    fn log(
        &mut self,
        task: UnitId,
        attempt: u32,
        stream: Stream,
        at: At,
        bytes: &[u8],
    ) -> Option<(u64, u64)> {
        let name = self.scheduler.plan().unit(task).task.clone();
        match self.logs.append(task, attempt, &name, stream, at, bytes) {
            Ok(piece) => {
                if let Some(path) = piece.created {
                    self.emit(Kind::LogCreated { unit: task, attempt, path });
                }
                Some((piece.offset, piece.length))
            }
            Err(error) => {
                let text = format!("output of task `{name}` is lost: {error}");
                self.say(Some(task), Level::Error, text.into());
                None
            }
        }
    }

    pub(super) fn exited(&mut self, unit: UnitId, status: Status, usage: Usage) {
        self.finish_masks(unit);
        self.headroom.free(unit);
        self.keyboard.as_mut().into_iter().for_each(|keyboard| keyboard.take_back(unit));
        self.launches.remove(&unit);
        self.stalls.forget(unit);
        self.left_jobserver(unit);
        self.tell_shortage(unit, status);
        let status = self.checked_outputs(unit, status);
        self.inputs.push_back(Input::Exited { unit, exit: Exit::Ended(status, usage) });
    }

    /// A unit has its outcome: nothing more is written for it.
    pub(super) fn ended(&mut self, unit: UnitId) {
        self.end_left(unit);
        self.logs.close(unit, self.scheduler.attempt(unit));
        self.sinks.close(unit);
        self.answer_call(unit);
    }
}

fn is_merged(launch: &Launch) -> bool {
    match (launch.stdout(), launch.stderr()) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}
