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
        let area = Arc::new(Area::new(screen.clone(), size, look.reflows));
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
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::event::{Level, Outcome::Succeeded};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn progress(story: &Story, memory: &Memory, columns: usize) -> Progress {
        sized(story, memory, Size { columns, lines: 24 })
    }

    fn sized(story: &Story, memory: &Memory, size: Size) -> Progress {
        let (size, logs) = (Arc::new(move || size), story.store.reader());
        Progress::with_size(memory.screen(), logs, &look(), no_past(), size)
    }

    /// What stands on the terminal after all events so far and a look at the clock.
    fn seen(story: &Story, seconds: u64, width: usize) -> String {
        let memory = Memory::default();
        let mut progress = progress(story, &memory, width);
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(seconds * 1_000_000)).unwrap();
        progress.flush().unwrap();
        memory.terminal(width)
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
            seen(&story, 5, 26),
            "par: 0/3 done, 5s\n  build      5s  second …\n  日本       1s  50%"
        );
    }

    #[test]
    fn a_line_that_comes_in_pieces_is_one_line() {
        let mut story = Story::new();
        story.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "first\nhalf ").out(11, "a line");
        assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s  half a line");
        story.out(11, "\x1b[1;2");
        assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s  half a line");
        story.out(11, &"\n".repeat(2 * GLANCE as usize));
        assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s");
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
    fn a_low_terminal_is_not_filled() {
        let mut story = Story::new();
        for task in 1..=9 {
            story.task(task, 0, &format!("t{task}")).begin(task).start(task, task * 10, "");
        }
        let seen = |lines| {
            let memory = Memory::default();
            let mut progress = sized(&story, &memory, Size { columns: 40, lines });
            story.events.iter().for_each(|event| progress.event(event).unwrap());
            progress.tick(At(0)).unwrap();
            progress.flush().unwrap();
            memory.terminal(40)
        };
        assert_eq!(seen(4), "par: 0/9 done, 0s\n  t1      0s\n  … and 8 more");
        assert_eq!(seen(3), "par: 0/9 done, 0s\n  … and 9 more");
        assert_eq!(seen(2), "par: 0/9 done, 0s");
        assert_eq!(seen(1), "par: 0/9 done, 0s");
    }

    #[test]
    fn a_narrow_terminal_shows_what_matters_most() {
        let mut story = Story::new();
        story.task(1, 0, "integration").begin(1).start(1, 11, "x").out(11, "said\n");
        assert_eq!(seen(&story, 75, 20), "par: 0/1 done\n  integrat…  1m 15s");
        assert_eq!(seen(&story, 5, 12), "par: 0/1 d…\n  …      5s");
    }

    #[test]
    fn what_earlier_runs_took_says_how_long_it_will_take() {
        let memory = Memory::default();
        let mut story = Story::new();
        story.task(1, 0, "build").begin(1).start(1, 11, "x");
        let (size, logs) = (|| Size { columns: 40, lines: 24 }, story.store.reader());
        let past = |_: &str| Some(Duration::from_secs(90));
        let screen = memory.screen();
        let mut progress =
            Progress::with_size(screen, logs, &look(), Arc::new(past), Arc::new(size));
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(10_000_000)).unwrap();
        progress.flush().unwrap();
        let shown = "par: 0/1 done, 10s, about 1m 20s left\n  build     10s";
        assert_eq!(memory.terminal(40), shown);
    }

    #[test]
    fn lines_that_a_narrower_terminal_has_broken_are_taken_away_whole() {
        let rows = |reflows| {
            let (memory, columns) = (Memory::default(), Arc::new(AtomicUsize::new(40)));
            let mut story = Story::new();
            story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2);
            story.start(1, 11, "").start(2, 21, "").out(11, "a line that fills the terminal\n");
            let (look, logs) = (Look { reflows, ..look() }, story.store.reader());
            let size = {
                let columns = columns.clone();
                move || Size { columns: columns.load(Ordering::Relaxed), lines: 24 }
            };
            let mut progress =
                Progress::with_size(memory.screen(), logs, &look, no_past(), Arc::new(size));
            story.events.iter().for_each(|event| progress.event(event).unwrap());
            progress.tick(At(0)).unwrap();
            columns.store(15, Ordering::Relaxed);
            progress.tick(At(0)).unwrap();
            progress.flush().unwrap();
            let text = memory.only(Stream::Stderr);
            let up = text.rfind('A').unwrap();
            text[text[..up].rfind('[').unwrap() + 1..up].to_string()
        };
        // The header of 17 columns is now 2 lines, the first task's of 39 are 3.
        assert_eq!((rows(true), rows(false)), ("5".into(), "2".into()));
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
