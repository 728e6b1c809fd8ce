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
use crate::term::{self, Colour};

use super::area::Area;
use super::blocks::{Blocks, Policy};
use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Look, Reporter, Screen};

/// Lines at the bottom, with the first one that counts.
const LINES: usize = 8;
/// Bytes of a task's latest output in which its last line is looked for.
const GLANCE: u64 = 1024;
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
    pub(super) fn new(screen: Screen, logs: LogReader, look: &Look) -> Progress {
        let width = || term::width(io::stderr().as_fd()).unwrap_or(80);
        Progress::with_width(screen, logs, look, Arc::new(width))
    }

    pub(super) fn with_width(
        screen: Screen,
        logs: LogReader,
        look: &Look,
        width: Arc<dyn Fn() -> u16 + Send + Sync>,
    ) -> Progress {
        let area = Arc::new(Area::new(screen.clone(), width));
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
                let mut last = Ranges::new(*task, *attempt);
                last.push(*offset, *length);
                if let Some(running) = self.running.get_mut(task) {
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

    fn text(&self, now: At, width: usize) -> String {
        let mut lines = vec![self.header(now, width)];
        let mut running: Vec<_> =
            self.running.iter().filter(|(_, running)| running.commands > 0).collect();
        running.sort_by_key(|(unit, running)| (running.since, **unit));
        let room = if running.len() > LINES - 1 { LINES - 2 } else { LINES - 1 };
        let left = running.len().saturating_sub(room);
        let names = running.iter().take(room).map(|(unit, _)| term::columns(&self.name(**unit)));
        let column = names.max().unwrap_or(0).min(width / 3);
        for (unit, running) in running.iter().take(room) {
            lines.push(self.line(**unit, running, now, column, width));
        }
        if left > 0 {
            lines.push(self.look.style.paint(Colour::Dim, &format!("  … and {left} more")));
        }
        lines.join("\n")
    }

    fn header(&self, now: At, width: usize) -> String {
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let word = self.look.word;
        let (done, known, age) = (self.done, self.known, term::age(now.elapsed()));
        let text = term::truncate(&format!("{word}: {done}/{known} done{failed}, {age}"), width);
        self.look.style.paint(if self.failed > 0 { Colour::Red } else { Colour::Bold }, &text)
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
        let said = running.last.as_ref().and_then(|last| self.last_line(last)).unwrap_or_default();
        term::truncate(format!("  {name}{gap}  {age:>6}  {said}").trim_end(), width)
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
            self.area.draw(&|width| self.text(now, width))?;
        }
        Ok(())
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
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::event::{Level, Outcome::Succeeded};

    fn progress(story: &Story, memory: &Memory, width: u16) -> Progress {
        let width = Arc::new(move || width);
        Progress::with_width(memory.screen(), story.store.reader(), &look(), width)
    }

    /// What stands on the terminal after all events so far and a look at the clock.
    fn seen(story: &Story, seconds: u64, width: u16) -> String {
        let memory = Memory::default();
        let mut progress = progress(story, &memory, width);
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(seconds * 1_000_000)).unwrap();
        progress.flush().unwrap();
        memory.terminal(usize::from(width))
    }

    #[test]
    fn what_runs_stands_below_with_its_age_and_its_last_line() {
        let mut story = Story::new();
        story.task(1, 0, "build").task(2, 0, "日本").task(3, 0, "later").begin(1);
        story.start(1, 11, "make").wait(4).begin(2).start(2, 21, "x");
        story.out(11, "first\n\x1b[2Jsecond \x1b]0;title\x07line\n\n").out(21, "10%\r50%");
        assert_eq!(
            seen(&story, 65, 40),
            "par: 0/3 done, 1m 05s\n  build  1m 05s  second line\n  日本   1m 01s  50%"
        );
        assert_eq!(
            seen(&story, 5, 24),
            "par: 0/3 done, 5s\n  build      5s  secon…\n  日本       1s  50%"
        );
    }

    #[test]
    fn never_more_than_eight_lines_stand_below() {
        let mut story = Story::new();
        for task in 1..=9 {
            story.task(task, 0, &format!("t{task}")).begin(task).start(task, task * 10, "");
        }
        let text = seen(&story, 1, 40);
        assert_eq!(text.lines().count(), 8);
        assert!(text.ends_with("  t6      1s\n  … and 3 more"), "{text}");
    }

    #[test]
    fn finished_output_scrolls_above() {
        let memory = Memory::default();
        let mut story = Story::new();
        story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2).start(1, 11, "make a");
        story.start(2, 21, "make b").out(11, "one").out(21, "two\n");
        let mut progress = progress(&story, &memory, 40);
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(1_000_000)).unwrap();
        let known = story.events.len();
        story.end(11, failed(1)).end(1, below(11)).say(None, Level::Info, "word");
        story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
        progress.flush().unwrap();
        let above = "par: [a] make a\none\npar: word";
        assert_eq!(memory.terminal(40), above);
        progress.tick(At(2_000_000)).unwrap();
        progress.flush().unwrap();
        let below = "par: 1/2 done, 1 failed, 2s\n  b      2s  two";
        assert_eq!(memory.terminal(40), format!("{above}\n{below}"));
        let known = story.events.len();
        story.ok(21).end(2, Succeeded);
        story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
        progress.finish().unwrap();
        assert_eq!(memory.terminal(40), format!("{above}\npar: [b] make b\ntwo"));
    }

    #[test]
    fn no_task_reaches_into_the_bottom_lines_or_what_others_wrote() {
        let memory = Memory::default();
        let mut story = Story::new();
        story.task(1, 0, "good").task(2, 0, "evil").task(3, 0, "long").begin(1).begin(2).begin(3);
        story.start(1, 11, "").start(2, 21, "").start(3, 31, "").out(11, "good\n").ok(11).ok(1);
        story.out(21, "\x1b[9A\x1b[J\x1b[?1049h\x1b(0evil\n").ok(21).ok(2);
        let mut progress = progress(&story, &memory, 40);
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(1_000_000)).unwrap();
        progress.flush().unwrap();
        assert_eq!(memory.terminal(40), "good\nevil\npar: 2/3 done, 1s\n  long      1s");
    }

    #[test]
    fn nothing_is_drawn_while_a_task_has_the_terminal_or_it_was_lent() {
        let memory = Memory::default();
        let mut story = Story::new();
        story.task(1, 0, "edit").task(2, 0, "b").begin(2).start(2, 21, "").begin(1);
        let mut progress = progress(&story, &memory, 40);
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(1)).unwrap();
        assert_eq!(memory.terminal(40), "par: 0/2 done, 0s\n  b      0s");
        progress.pause().unwrap();
        progress.tick(At(2)).unwrap();
        assert_eq!(memory.terminal(40), "");
        progress.resume().unwrap();
        let known = story.events.len();
        story.start_on_terminal(1, 11, "vi");
        story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(3)).unwrap();
        progress.flush().unwrap();
        assert_eq!(memory.terminal(40), "par: [edit] vi");
    }
}
