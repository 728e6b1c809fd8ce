//! A stage for reporters: runs told by hand, and a screen that remembers.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{Again, Look, Mode, Past, Reporter, Screen, Summary, mode};
use crate::event::*;
use crate::id::{RunId, UnitId};
use crate::store::{EventLog, Logs, Store};
use crate::term::Style;

/// What was written, in order.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<Written>>>);

type Written = (Stream, Vec<u8>);

struct Writer(Memory, Stream);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.0.lock().unwrap();
        match all.last_mut() {
            Some((stream, text)) if *stream == self.1 => text.extend_from_slice(bytes),
            _ => all.push((self.1, bytes.to_vec())),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    pub(super) fn screen(&self) -> Screen {
        Screen::new(self.writer(Stream::Stdout), self.writer(Stream::Stderr))
    }

    pub(super) fn writer(&self, stream: Stream) -> Box<dyn Write + Send> {
        Box::new(Writer(self.clone(), stream))
    }

    /// All of it; lines written to stderr stand behind a `!`.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (stream, bytes) in self.0.lock().unwrap().iter() {
            for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
                if *stream == Stream::Stderr {
                    text.push('!');
                }
                text.push_str(line);
            }
        }
        text
    }

    /// What a terminal of so many columns shows that got all of it.
    pub(super) fn terminal(&self, columns: usize) -> String {
        let all = self.0.lock().unwrap();
        let mut terminal = Terminal { columns, ..Terminal::default() };
        all.iter().for_each(|(_, bytes)| terminal.write(&String::from_utf8_lossy(bytes)));
        terminal.text()
    }

    pub(super) fn only(&self, wanted: Stream) -> String {
        let all = self.0.lock().unwrap();
        let bytes: Vec<u8> = all
            .iter()
            .filter(|(stream, _)| *stream == wanted)
            .flat_map(|(_, b)| b.clone())
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// As much of a terminal as the status area needs.
#[derive(Default)]
struct Terminal {
    columns: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// Lines that are too long are cut.
    cuts: bool,
}

impl Terminal {
    fn write(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\n' => (self.row, self.column) = (self.row + 1, 0),
                '\x0b' => self.row += 1,
                '\r' => self.column = 0,
                '\x1b' => {
                    let rest = chars.as_str();
                    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    self.control(&rest[1..end], &rest[end..=end]);
                    chars = rest[end + 1..].chars();
                }
                c => self.put(c),
            }
        }
    }

    fn control(&mut self, count: &str, letter: &str) {
        let number = count.parse();
        let count = number.clone().unwrap_or(1);
        match letter {
            "h" | "l" => self.cuts = letter == "l",
            "C" => self.column = (self.column + count).min(self.columns - 1),
            "K" if number == Ok(2) => self.line().clear(),
            "A" => self.row -= count,
            "B" => self.row += count,
            "K" => self.erase(),
            "J" => {
                self.erase();
                self.lines.truncate(self.row + 1);
            }
            other => panic!("a terminal that knows no {other}"),
        }
    }

    /// From the cursor to the end of its line.
    fn erase(&mut self) {
        let column = self.column;
        self.line().truncate(column);
    }

    fn put(&mut self, c: char) {
        let width = crate::term::columns(&c.to_string());
        if self.column + width > self.columns && self.cuts {
            self.column = self.columns - width;
        } else if self.column + width > self.columns {
            (self.row, self.column) = (self.row + 1, 0);
        }
        let column = self.column;
        let line = self.line();
        line.resize(line.len().max(column + width), ' ');
        line[column..column + width].fill('\0');
        line[column] = c;
        self.column += width;
    }

    fn line(&mut self) -> &mut Vec<char> {
        self.lines.resize(self.lines.len().max(self.row + 1), Vec::new());
        &mut self.lines[self.row]
    }

    /// All lines, without what is blank at the end of each and of all.
    fn text(&self) -> String {
        let seen = |line: &Vec<char>| line.iter().filter(|c| **c != '\0').collect::<String>();
        let lines: Vec<String> = self.lines.iter().map(seen).collect();
        let text: String = lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect();
        text.trim_end().to_owned()
    }
}

pub(super) fn look() -> Look {
    Look {
        word: "par",
        stands_in: false,
        style: Style::default(),
        is_silent: false,
        is_verbose: false,
        directory: PathBuf::from("/nowhere"),
        again: Again { before: Some("par run".into()), ..Again::default() },
    }
}

/// Nothing has run before.
pub(super) fn no_past() -> Past {
    Arc::new(|_| None)
}

/// A run told by hand. Units are numbers; a task's attempt is the latest that began.
pub(super) struct Story {
    pub(super) store: Store,
    pub(super) events: Vec<Event>,
    logs: Logs,
    record: EventLog,
    attempts: std::collections::HashMap<u32, u32>,
    owners: std::collections::HashMap<u32, u32>,
    names: std::collections::HashMap<u32, String>,
    now: u64,
}

pub(super) fn failed(code: i32) -> Outcome {
    Outcome::Failed(Failure::Exit(Status::Code(code)))
}

pub(super) fn below(unit: u32) -> Outcome {
    Outcome::Failed(Failure::Below(UnitId(unit)))
}

impl Story {
    /// A run with four slots that leaves nothing.
    pub(super) fn new() -> Story {
        Story::of(Store::transient(RunId("20260102-030405-000000".into())), 4)
    }

    pub(super) fn of(store: Store, jobs: u32) -> Story {
        let mut story = Story {
            logs: store.logs(),
            record: store.events(),
            events: Vec::new(),
            attempts: Default::default(),
            owners: Default::default(),
            names: Default::default(),
            now: 0,
            store,
        };
        story.push(Kind::RunStarted {
            version: VERSION,
            run: story.store.run().clone(),
            tasks: vec![],
            jobs,
            parallel: jobs > 1,
            unix_ms: 0,
            root: "/".into(),
        });
        story
    }

    fn push(&mut self, kind: Kind) -> &mut Story {
        let event = Event { at: At(self.now), kind };
        self.record.push(&event);
        self.events.push(event);
        self
    }

    pub(super) fn wait(&mut self, seconds: u64) -> &mut Story {
        self.now += seconds * 1_000_000;
        self
    }

    fn add(&mut self, unit: u32, parent: u32, role: Role, name: &str) -> &mut Story {
        self.names.insert(unit, name.into());
        self.owners.insert(unit, if role == Role::Task { unit } else { parent });
        let (unit, parent) = (UnitId(unit), UnitId(parent));
        let (task, id) = (name.into(), "".into());
        self.push(Kind::Added { unit, parent, role, task, id, words: None })
    }

    /// A call of a task is known.
    pub(super) fn task(&mut self, unit: u32, parent: u32, name: &str) -> &mut Story {
        self.add(unit, parent, Role::Task, name)
    }

    /// A task's body begins, again or for the first time.
    pub(super) fn begin(&mut self, unit: u32) -> &mut Story {
        let attempt = self.attempts.entry(unit).and_modify(|n| *n += 1).or_insert(1);
        let attempt = *attempt;
        self.push(Kind::Began { unit: UnitId(unit), attempt })
    }

    fn started(&mut self, task: u32, unit: u32, echo: &str, frame: Frame, open: (bool, bool)) {
        let name = self.names[&task].clone();
        self.add(unit, task, Role::Command, &name);
        let attempt = self.attempts.get(&task).copied().unwrap_or(1);
        let echo = if echo.is_empty() { None } else { Some(echo.into()) };
        let (captured, alone) = open;
        self.push(Kind::Started { unit: UnitId(unit), attempt, echo, captured, alone, frame });
    }

    /// A command of a task starts.
    pub(super) fn start(&mut self, task: u32, unit: u32, echo: &str) -> &mut Story {
        self.started(task, unit, echo, Frame::default(), (true, false));
        self
    }

    /// A command starts that calls its task by a name of its own.
    pub(super) fn start_named(
        &mut self,
        task: u32,
        unit: u32,
        label: &str,
        echo: &str,
    ) -> &mut Story {
        self.names.insert(task, label.into());
        self.start(task, unit, echo)
    }

    pub(super) fn start_framed(&mut self, task: u32, unit: u32, frame: Frame) -> &mut Story {
        self.started(task, unit, "", frame, (true, false));
        self
    }

    pub(super) fn start_alone(&mut self, task: u32, unit: u32, echo: &str) -> &mut Story {
        self.started(task, unit, echo, Frame::default(), (true, true));
        self
    }

    pub(super) fn start_on_terminal(&mut self, task: u32, unit: u32, echo: &str) -> &mut Story {
        self.started(task, unit, echo, Frame::default(), (false, true));
        self
    }

    fn write(&mut self, unit: u32, stream: Stream, text: &str) -> &mut Story {
        let owner = self.owners[&unit];
        let task = UnitId(owner);
        let attempt = self.attempts.get(&owner).copied().unwrap_or(1);
        let name = self.names[&unit].clone();
        let piece = self.logs.append(task, attempt, &name, stream, At(self.now), text.as_bytes());
        let piece = piece.unwrap();
        if let Some(path) = piece.created {
            self.push(Kind::LogCreated { unit: task, attempt, path });
        }
        let (offset, length) = (piece.offset, piece.length);
        self.push(Kind::Output { unit: UnitId(unit), task, attempt, stream, offset, length })
    }

    pub(super) fn out(&mut self, unit: u32, text: &str) -> &mut Story {
        self.write(unit, Stream::Stdout, text)
    }

    pub(super) fn err(&mut self, unit: u32, text: &str) -> &mut Story {
        self.write(unit, Stream::Stderr, text)
    }

    pub(super) fn end(&mut self, unit: u32, outcome: Outcome) -> &mut Story {
        self.finish(unit, outcome, false)
    }

    pub(super) fn end_ignored(&mut self, unit: u32, outcome: Outcome) -> &mut Story {
        self.finish(unit, outcome, true)
    }

    fn finish(&mut self, unit: u32, outcome: Outcome, ignored: bool) -> &mut Story {
        let unit = UnitId(unit);
        self.push(Kind::Finished { unit, outcome, ignored, wall: 1_500_000, usage: None })
    }

    pub(super) fn ok(&mut self, unit: u32) -> &mut Story {
        self.end(unit, Outcome::Succeeded)
    }

    pub(super) fn say(&mut self, unit: Option<u32>, level: Level, text: &str) -> &mut Story {
        self.push(Kind::Message { unit: unit.map(UnitId), level, text: text.into() })
    }

    pub(super) fn cancel(&mut self, why: Why) -> &mut Story {
        self.push(Kind::Cancelling { why })
    }

    /// The run ends; wall time and sequential time in milliseconds.
    pub(super) fn over(&mut self, outcome: Outcome, wall: u64, sequential: u64) -> &mut Story {
        let (wall, sequential) = (wall * 1000, sequential * 1000);
        self.push(Kind::RunFinished { outcome, wall, sequential })
    }

    /// What a mode's reporter shows of it.
    pub(super) fn shown(&self, how: Mode) -> String {
        let memory = Memory::default();
        let reporter = mode(how, memory.screen(), self.store.reader(), &look(), no_past());
        self.tell(&mut [reporter]);
        memory.text()
    }

    /// What the summary says of it.
    pub(super) fn summary(&self, look: Look) -> String {
        let memory = Memory::default();
        let summary = Summary::new(memory.screen(), self.store.reader(), look);
        self.tell(&mut [Box::new(summary)]);
        memory.only(Stream::Stderr)
    }

    fn tell(&self, reporters: &mut [Box<dyn Reporter>]) {
        for event in &self.events {
            reporters.iter_mut().for_each(|reporter| reporter.event(event).unwrap());
        }
        reporters.iter_mut().for_each(|reporter| reporter.finish().unwrap());
    }

    /// Makes sure that all of it is on disk.
    pub(super) fn save(&mut self) {
        self.logs.flush();
        self.record.flush();
    }
}
