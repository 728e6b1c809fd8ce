//! For a terminal: what runs stands in a few lines at the bottom, what tasks wrote scrolls above.
//!
//! Output is shown as [`Blocks`] decides; this only keeps the bottom lines out of its way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{At, Event, Failure, Kind, Outcome, Stream};
use crate::id::UnitId;
use crate::store::LogReader;
use crate::term::{self, Colour, Size};

use super::area::{Area, Measure};
use super::blocks::{Blocks, Policy};
use super::eta::Eta;
use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Look, Past, Reporter, Screen};

/// Lines at the bottom, with the first one that counts.
const LINES: usize = 8;
/// Bytes of a task's latest output in which its last line is looked for.
const GLANCE: u64 = 1024;
/// Columns below which there is no room for what a task wrote.
const NARROW: usize = 24;
/// Columns of a task's age and of what stands around it and its name.
const AGE: usize = 10;
const RHYTHM: Duration = Duration::from_millis(100);

/// Shows what runs.
pub(super) struct Progress {
    blocks: Blocks,
    /// What `blocks` writes to.
    above: Screen,
    area: Arc<Area>,
    logs: LogReader,
    look: Look,
    units: Units,
    eta: Eta,
    running: BTreeMap<UnitId, Running>,
    /// Commands that have the terminal.
    outside: BTreeSet<UnitId>,
    is_paused: bool,
    known: usize,
    done: usize,
    failed: usize,
}

/// A task of which a command runs.
struct Running {
    since: At,
    commands: u32,
    last: Option<Ranges>,
}

impl Progress {
    pub(super) fn new(screen: Screen, logs: LogReader, look: &Look, past: Past) -> Progress {
        let unknown = Size { columns: 80, lines: 24 };
        let size = move || term::size(io::stderr().as_fd()).unwrap_or(unknown);
        Progress::with_size(screen, logs, look, past, Arc::new(size))
    }

    pub(super) fn with_size(
        screen: Screen,
        logs: LogReader,
        look: &Look,
        past: Past,
        size: Measure,
    ) -> Progress {
        let area = Arc::new(Area::new(screen.clone(), size));
        let writer =
            |stream| Box::new(Above { stream, screen: screen.clone(), area: area.clone() });
        let (out, err) = (writer(Stream::Stdout), writer(Stream::Stderr));
        let above = Screen::with_terminals(out, err, [true; 2]);
        let voice = Voice::new(above.clone(), look);
        let blocks = Blocks::new(above.clone(), logs.clone(), voice, Policy::All).closing_lines();
        Progress {
            blocks,
            above,
            area,
            logs,
            look: look.clone(),
            units: Units::default(),
            eta: Eta::new(past),
            running: BTreeMap::new(),
            outside: BTreeSet::new(),
            is_paused: false,
            known: 0,
            done: 0,
            failed: 0,
        }
    }

    fn note(&mut self, event: &Event) {
        self.units.event(event);
        self.eta.event(event, &self.units);
        match &event.kind {
            Kind::Added { unit, .. } if self.units.is_task(*unit) => self.known += 1,
            Kind::Started { unit, captured, .. } => {
                let task = self.units.task(*unit);
                let new = Running { since: event.at, commands: 0, last: None };
                self.running.entry(task).or_insert(new).commands += 1;
                if !captured {
                    self.outside.insert(*unit);
                }
            }
            Kind::Output { task, attempt, offset, length, .. } => {
                if let Some(running) = self.running.get_mut(task) {
                    let last = running.last.take().filter(|last| last.attempt == *attempt);
                    let mut last = last.unwrap_or_else(|| Ranges::new(*task, *attempt));
                    last.push(*offset, *length);
                    running.last = Some(last.tail(GLANCE));
                }
            }
            Kind::Finished { unit, outcome, ignored, .. } => {
                self.finished(*unit, outcome, *ignored);
            }
            _ => {}
        }
    }

    fn finished(&mut self, unit: UnitId, outcome: &Outcome, ignored: bool) {
        self.outside.remove(&unit);
        if !self.units.is_task(unit) {
            let task = self.units.task(unit);
            if let Some(running) = self.running.get_mut(&task) {
                running.commands = running.commands.saturating_sub(1);
            }
            return;
        }
        self.running.remove(&unit);
        self.done += 1;
        let by_itself = |failure: &Failure| match failure {
            Failure::Below(unit) => !self.units.is_task(*unit),
            _ => true,
        };
        if let Outcome::Failed(failure) = outcome
            && !ignored
            && by_itself(failure)
        {
            self.failed += 1;
        }
    }

    fn text(&self, now: At, room: Size) -> String {
        let width = room.columns;
        let mut lines = vec![self.header(now, width)];
        let mut running: Vec<_> =
            self.running.iter().filter(|(_, running)| running.commands > 0).collect();
        running.sort_by_key(|(unit, running)| (running.since, **unit));
        let most = LINES.min(room.lines) - 1;
        let shown = if running.len() > most { most.saturating_sub(1) } else { most };
        let left = running.len().saturating_sub(shown);
        let names = running.iter().take(shown).map(|(unit, _)| term::columns(&self.name(**unit)));
        let limit = if width < NARROW { width.saturating_sub(AGE) } else { width / 3 };
        let column = names.max().unwrap_or(0).min(limit);
        for (unit, running) in running.iter().take(shown) {
            lines.push(self.line(**unit, running, now, column, width));
        }
        if left > 0 && most > 0 {
            let more = term::truncate(&format!("  … and {left} more"), width);
            lines.push(self.look.style.paint(Colour::Dim, &more));
        }
        lines.join("\n")
    }

    /// As many of its parts as there is room for.
    fn header(&self, now: At, width: usize) -> String {
        let mut text = format!("{}: {}/{} done", self.look.word, self.done, self.known);
        let failed = (self.failed > 0).then(|| format!("{} failed", self.failed));
        let left = self.eta.left(now, &self.units);
        let left = left.map(|left| format!("about {} left", term::age(left)));
        for part in failed.into_iter().chain([term::age(now.elapsed())]).chain(left) {
            if term::columns(&text) + 2 + term::columns(&part) <= width {
                text.push_str(&format!(", {part}"));
            }
        }
        let colour = if self.failed > 0 { Colour::Red } else { Colour::Bold };
        self.look.style.paint(colour, &term::truncate(&text, width))
    }

    fn line(
        &self,
        unit: UnitId,
        running: &Running,
        now: At,
        column: usize,
        width: usize,
    ) -> String {
        let name = term::truncate(&self.name(unit), column);
        let gap = " ".repeat(column.saturating_sub(term::columns(&name)));
        let age = term::age(now.since(running.since));
        let mut text = format!("  {name}{gap}  {age:>6}");
        if width >= NARROW
            && let Some(said) = running.last.as_ref().and_then(|last| self.last_line(last))
        {
            text.push_str(&format!("  {said}"));
        }
        term::truncate(text.trim_end(), width)
    }

    fn name(&self, unit: UnitId) -> String {
        term::strip(self.units.name(unit))
    }

    /// The last line with something to see in it.
    fn last_line(&self, output: &Ranges) -> Option<String> {
        let mut bytes = Vec::new();
        output
            .read(&self.logs, &mut |_, piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })
            .ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.rsplit(['\n', '\r']).map(term::strip);
        lines.find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
    }
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.note(event);
        if !self.outside.is_empty() {
            self.area.hide()?;
        }
        self.blocks.event(event)?;
        self.above.flush()
    }

    fn tick(&mut self, now: At) -> io::Result<()> {
        let is_free = self.outside.is_empty() && !self.is_paused;
        let is_busy = self.running.values().any(|running| running.commands > 0);
        if is_free && (is_busy || self.area.is_visible()) {
            self.area.draw(&|room| self.text(now, room))?;
        }
        self.area.flush()
    }

    fn rhythm(&self) -> Option<Duration> {
        Some(RHYTHM)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.area.flush()
    }

    fn pause(&mut self) -> io::Result<()> {
        self.is_paused = true;
        self.area.hide()?;
        self.area.flush()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.is_paused = false;
        Ok(())
    }

    /// Somebody else says it, above.
    fn tell(&mut self, _: At) -> io::Result<()> {
        self.area.hide()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.area.hide()?;
        self.blocks.finish()?;
        self.above.flush()?;
        self.area.flush()
    }
}

/// Writes where the bottom lines are, after taking them away.
struct Above {
    stream: Stream,
    screen: Screen,
    area: Arc<Area>,
}

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.area.hide()?;
        self.screen.write(self.stream, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
