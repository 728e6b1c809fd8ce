//! `events.jsonl`: everything that happened in a run, one event a line.
//!
//! Written in batches; a reader leaves out a last line that was cut off and stops at a run that a
//! newer version wrote.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use serde::Deserialize;

use crate::event::{Event, VERSION};

use super::Store;
use super::durations::Recorder;

/// Name of the file in a run's directory.
pub(super) const NAME: &str = "events.jsonl";
/// Written without being told once so many bytes are waiting.
const BATCH: usize = 128 * 1024;

/// Writes the events of one run, and in the end what they say of how long tasks take.
#[derive(Debug)]
pub struct EventLog {
    store: Store,
    waiting: Vec<u8>,
    state: State,
    durations: Recorder,
}

#[derive(Debug)]
enum State {
    Unopened,
    Open(File),
    Broken,
}

impl EventLog {
    pub(super) fn new(store: Store) -> EventLog {
        EventLog {
            store,
            waiting: Vec::new(),
            state: State::Unopened,
            durations: Recorder::default(),
        }
    }

    /// Adds an event. What cannot be written is a warning of the store.
    pub fn push(&mut self, event: &Event) {
        self.durations.event(event);
        if matches!(self.state, State::Broken) {
            return;
        }
        // What cannot be written leaves no trace.
        let _ = event.write_line(&mut self.waiting);
        if self.waiting.len() >= BATCH {
            self.flush();
        }
    }

    /// Writes what is waiting.
    pub fn flush(&mut self) {
        if let State::Unopened = self.state
            && !self.waiting.is_empty()
        {
            self.state = match self.store.run_folder().map(|run| run.folder.create(NAME)) {
                Some(Ok(file)) => State::Open(file),
                Some(Err(error)) => self.broken(&error),
                None => State::Broken,
            };
        }
        if let State::Open(file) = &mut self.state
            && let Err(error) = file.write_all(&self.waiting)
        {
            self.state = self.broken(&error);
        }
        self.waiting.clear();
    }

    /// Writes what is waiting and remembers how long tasks took. There will be no more events.
    pub fn finish(mut self) {
        self.flush();
        let known = self.store.shared.durations.get();
        let save = |state| self.durations.save(&state, known);
        if matches!(self.state, State::Open(_))
            && let Err(error) = self.store.state().and_then(save)
        {
            self.store.warn(format!("durations are not remembered: {error}"));
        }
    }

    fn broken(&self, error: &io::Error) -> State {
        self.store
            .warn(format!("the events of run {} are not complete: {error}", self.store.run()));
        State::Broken
    }
}

/// The events of a run, in order. After the last one of a living run, more may come.
#[derive(Debug)]
pub struct Events {
    lines: BufReader<File>,
    line: Vec<u8>,
    number: usize,
}

impl Events {
    pub(super) fn new(file: File) -> Events {
        Events { lines: BufReader::new(file), line: Vec::new(), number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Event>> {
        self.lines.read_until(b'\n', &mut self.line)?;
        // The line a killed run was writing, or one whose rest a living run will write yet.
        if self.line.last() != Some(&b'\n') {
            return Ok(None);
        }
        let line = std::mem::take(&mut self.line);
        self.number += 1;
        if self.number == 1 {
            check_version(&line)?;
        }
        let event = serde_json::from_slice(&line);
        event.map(Some).map_err(|error| damaged(self.number, &error))
    }
}

impl Iterator for Events {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<io::Result<Event>> {
        self.read().transpose()
    }
}

fn check_version(line: &[u8]) -> io::Result<()> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_slice(line).map_err(|error| damaged(1, &error))?;
    if head.version > VERSION {
        let version = head.version;
        return Err(io::Error::other(format!(
            "was recorded by a newer par (events of version {version}, this one knows {VERSION})"
        )));
    }
    Ok(())
}

fn damaged(line: usize, error: &serde_json::Error) -> io::Error {
    let error = error.to_string();
    let reason = error.split(" at line").next().unwrap_or_default();
    io::Error::other(format!("{NAME} is damaged in line {line}: {reason}"))
}

/// Microseconds as a duration.
pub(super) fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}
