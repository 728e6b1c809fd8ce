//! Prints what the tasks of a run wrote: all of them, the failed ones, or one; once, or as it comes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use crate::event::{Event, Failure, Kind, Outcome, Stream};
use crate::id::UnitId;
use crate::store::{LogReader, RunEntry, Runs};
use crate::term;

use super::Screen;
use super::units::Units;

/// How long to wait before looking again at a run that goes on.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which logs of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// All.
    All,
    /// Those of tasks with a command that failed, by themselves or ignored.
    Failed,
    /// Those of the tasks with this name.
    Task(String),
}

/// Prints logs of a run on `screen`, each stream where it belongs; several each behind a line
/// with the task's name on stderr. Returns how many logs there were.
pub fn print(runs: &Runs, run: &RunEntry, which: &Which, screen: &Screen) -> io::Result<usize> {
    let logs = runs.reader(run)?;
    let mut known = Known::default();
    for event in runs.events(run)? {
        known.event(&event?, &logs);
    }
    let wanted = known.wanted(which);
    for (task, attempt) in &wanted {
        if wanted.len() > 1 {
            header(screen, &known.title(*task, *attempt))?;
        }
        copy(&logs, screen, *task, *attempt, 0)?;
        if wanted.len() > 1 {
            screen.end_line()?;
        }
    }
    screen.flush()?;
    Ok(wanted.len())
}

/// Prints logs of a run as [`print()`] does, and what comes to them, until the run is over. Which
/// tasks failed is known only when they have, so their logs come whole, then.
pub fn follow(runs: &Runs, run: &RunEntry, which: &Which, screen: &Screen) -> io::Result<usize> {
    let logs = runs.reader(run)?;
    let mut known = Known::default();
    let mut shown: BTreeMap<(UnitId, u32), u64> = BTreeMap::new();
    let mut latest = None;
    let mut events = None;
    loop {
        // Asked first: what a run wrote before its end is there to be read after it.
        let is_live = runs.is_live(run);
        if events.is_none() {
            events = runs.events(run).ok();
        }
        for event in events.iter_mut().flatten() {
            known.event(&event?, &logs);
        }
        for (task, attempt) in known.wanted(which) {
            let from = shown.get(&(task, attempt)).copied().unwrap_or(0);
            if logs.length(task, attempt) <= from {
                continue;
            }
            if latest.replace((task, attempt)) != Some((task, attempt)) {
                screen.end_line()?;
                header(screen, &known.title(task, attempt))?;
            }
            shown.insert((task, attempt), from + copy(&logs, screen, task, attempt, from)?);
        }
        screen.flush()?;
        if !is_live {
            return Ok(shown.len());
        }
        std::thread::sleep(PATIENCE);
    }
}

fn copy(
    logs: &LogReader,
    screen: &Screen,
    task: UnitId,
    attempt: u32,
    from: u64,
) -> io::Result<u64> {
    let mut length = 0;
    logs.read(task, attempt, from, u64::MAX, &mut |stream, bytes| {
        length += bytes.len() as u64;
        screen.show(task, stream, bytes)
    })?;
    Ok(length)
}

fn header(screen: &Screen, title: &str) -> io::Result<()> {
    screen.write(Stream::Stderr, format!("==> {title} <==\n").as_bytes())
}

/// What the events of a run tell of its logs.
#[derive(Default)]
struct Known {
    units: Units,
    /// In the order of their first bytes.
    logs: Vec<(UnitId, u32)>,
    failed: BTreeSet<(UnitId, u32)>,
    attempts: BTreeMap<UnitId, u32>,
}

impl Known {
    fn event(&mut self, event: &Event, logs: &LogReader) {
        self.units.event(event);
        logs.learn(event);
        match &event.kind {
            Kind::LogCreated { unit, attempt, .. } => self.logs.push((*unit, *attempt)),
            Kind::Started { unit, attempt, .. } => {
                self.attempts.insert(*unit, *attempt);
            }
            Kind::Began { unit, attempt } => {
                self.attempts.insert(*unit, *attempt);
            }
            // What failed only because of a part of it is no place to look.
            Kind::Finished { outcome: Outcome::Failed(Failure::Below(_)), .. } => {}
            Kind::Finished { unit, outcome: Outcome::Failed(_), ignored: false, .. } => {
                let attempt = self.attempts.get(unit).copied().unwrap_or(1);
                self.failed.insert((self.units.task(*unit), attempt));
            }
            _ => {}
        }
    }

    fn wanted(&self, which: &Which) -> Vec<(UnitId, u32)> {
        let is_wanted = |log: &&(UnitId, u32)| match which {
            Which::All => true,
            Which::Failed => self.failed.contains(log),
            Which::Task(name) => self.units.name(log.0) == name,
        };
        self.logs.iter().filter(is_wanted).copied().collect()
    }

    fn title(&self, task: UnitId, attempt: u32) -> String {
        let name = term::strip(self.units.name(task));
        match attempt {
            1 => name,
            attempt => format!("{name} (attempt {attempt})"),
        }
    }
}
