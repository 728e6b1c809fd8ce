//! What runs, and for how long: told to whoever asks, and now and then where nothing else tells that something
//! still happens, as CI systems want.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{At, Event, Kind, Level, Role, Stream};
use crate::id::{UnitId, UnitMap, UnitSet};
use crate::term::{self, Colour, Style};

use super::voice::Voice;
use super::{Look, Reporter, Screen};

/// How often it looks at the clock, at most.
const RHYTHM: Duration = Duration::from_secs(1);
/// Commands named at most.
const NAMED: usize = 40;
/// Columns of a line where nobody knows how wide it may be.
const WIDTH: usize = 100;

/// Tells what runs.
pub struct Silence {
    screen: Screen,
    voice: Voice,
    word: &'static str,
    style: Style,
    /// Tasks that have not ended.
    tasks: UnitSet,
    /// Whose command it is, of those that have not ended.
    commands: UnitMap<Arc<str>>,
    running: BTreeMap<UnitId, Running>,
    known: usize,
    done: usize,
    /// It speaks without being asked when nothing was shown for so long.
    breaks: Option<Duration>,
    written: u64,
    since: At,
}

struct Running {
    began: At,
    echo: Option<Arc<str>>,
}

impl Silence {
    /// Watches `screen` and speaks on its stderr; unasked only if it `breaks` a silence of this length.
    pub fn new(screen: Screen, look: &Look, breaks: Option<Duration>) -> Silence {
        let voice = Voice::new(screen.clone(), look);
        Silence {
            screen,
            voice,
            word: look.word,
            style: look.style,
            tasks: UnitSet::default(),
            commands: UnitMap::default(),
            running: BTreeMap::new(),
            known: 0,
            done: 0,
            breaks,
            written: 0,
            since: At::default(),
        }
    }

    /// Whose command is running.
    fn name(&self, command: UnitId) -> String {
        self.commands.get(&command).map_or_else(String::new, |task| term::strip(task))
    }

    fn text(&self, now: At) -> String {
        let running = self.running.iter().map(|(unit, running)| {
            let name = self.name(*unit);
            format!("{name} ({})", term::age(now.since(running.began)))
        });
        format!("still running: {}", running.collect::<Vec<_>>().join(", "))
    }

    /// A line for the run, and one for each command.
    fn answer(&self, now: At) -> String {
        let width = term::size(io::stderr().as_fd()).map_or(WIDTH, |size| size.columns - 1);
        let (word, done, known) = (self.word, self.done, self.known);
        let head = format!("{word}: {done}/{known} done, {}", term::age(now.elapsed()));
        let mut text = self.style.paint(Colour::Bold, &head) + "\n";
        let mut oldest: Vec<_> = self.running.iter().collect();
        oldest.sort_by_key(|(unit, running)| (running.began, **unit));
        for (unit, running) in oldest.iter().take(NAMED) {
            let (name, age) = (self.name(**unit), term::age(now.since(running.began)));
            let echo = running.echo.as_deref().and_then(|echo| echo.trim().lines().next());
            let line = format!("  {name} ({age})  {}", term::strip(echo.unwrap_or("")));
            text.push_str(&term::truncate(line.trim_end(), width));
            text.push('\n');
        }
        if oldest.len() > NAMED {
            text.push_str(&format!("  … and {} more\n", oldest.len() - NAMED));
        }
        text
    }
}

impl Reporter for Silence {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            Kind::Added { unit, role: Role::Task, .. } => {
                self.tasks.insert(*unit);
                self.known += 1;
            }
            Kind::Added { unit, role: Role::Command | Role::Deferred, task, .. } => {
                self.commands.insert(*unit, task.clone());
            }
            Kind::Started { unit, echo, .. } => {
                self.running.insert(*unit, Running { began: event.at, echo: echo.clone() });
            }
            Kind::Finished { unit, .. } => {
                self.running.remove(unit);
                self.commands.remove(unit);
                self.done += usize::from(self.tasks.remove(unit));
            }
            _ => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: At) -> io::Result<()> {
        if self.screen.written() != self.written {
            (self.written, self.since) = (self.screen.written(), now);
        }
        let is_long = self.breaks.is_some_and(|long| now.since(self.since) >= long);
        if !is_long || self.running.is_empty() {
            return Ok(());
        }
        self.since = now;
        self.voice.message(Level::Info, &self.text(now))?;
        self.written = self.screen.written();
        self.screen.flush()
    }

    fn rhythm(&self) -> Option<Duration> {
        self.breaks.map(|long| long.min(RHYTHM))
    }

    fn tell(&mut self, now: At) -> io::Result<()> {
        self.screen.end_line()?;
        self.screen.write(Stream::Stderr, self.answer(now).as_bytes())?;
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn who_asks_is_told_what_runs_and_for_how_long() {
        let memory = Memory::default();
        let mut story = Story::new();
        story.task(1, 0, "a").task(2, 0, "b").task(3, 0, "\x1b[2Jc").begin(1).start(1, 11, "");
        story.begin(3).start(3, 31, "first line\nsecond").wait(5).ok(11).ok(1).begin(2);
        story.start(2, 21, "");
        let mut silence = Silence::new(memory.screen(), &look(), None);
        story.events.iter().for_each(|event| silence.event(event).unwrap());
        silence.screen.write(Stream::Stdout, b"half a line").unwrap();
        silence.tell(At(65_000_000)).unwrap();
        assert_eq!(
            memory.text(),
            "half a line\n!par: 1/3 done, 1m 05s\n!  c (1m 05s)  first line\n!  b (1m 00s)\n"
        );
    }
}
