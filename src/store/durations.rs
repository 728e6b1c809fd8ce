//! How long tasks took in recent runs, without the tasks they call, and how much memory.
//!
//! Kept in `.par/durations`: a line that names the format and its version, then a line per task, last used
//! first, in columns that tabs divide: microseconds of its latest successes, latest first; the peaks of memory
//! of the same, bytes; its name in JSON. Version 1 had no peaks.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::event::{Event, Kind, Outcome, Role};
use crate::id::{UnitId, UnitMap};

use super::events::micros;
use super::folder::Folder;
use super::{STATE, STATE_LOCK, Store};

const NAME: &str = "durations";
const HEADER: &str = "par durations 2";
/// Without peaks.
const HEADER_1: &str = "par durations 1";
/// Successes remembered for each task.
const SAMPLES: usize = 9;
/// Tasks remembered.
const TASKS: usize = 10_000;
/// Longest file that is read, bytes.
const LIMIT: u64 = 64 << 20;

/// How long tasks probably take, and how much memory.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Durations {
    text: String,
    is_version_1: bool,
    /// Where the line of a task begins, by a digest of its name.
    places: HashMap<u64, u32>,
    is_damaged: bool,
}

/// What a task's latest successes took, the latest first.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Samples {
    /// Microseconds.
    walls: Series,
    /// Bytes.
    peaks: Series,
}

/// A few numbers.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Series {
    count: usize,
    numbers: [u64; SAMPLES],
}

impl Series {
    fn all(&self) -> &[u64] {
        &self.numbers[..self.count]
    }

    /// `false` when there is no room.
    fn push(&mut self, number: u64) -> bool {
        let has_room = self.count < SAMPLES;
        if has_room {
            self.numbers[self.count] = number;
            self.count += 1;
        }
        has_room
    }

    /// `None` where there is something else than numbers with spaces between them, or too many.
    fn parse(text: &str) -> Option<Series> {
        let mut series = Series::default();
        for word in text.split_ascii_whitespace() {
            let digit = |sum: u64, byte: u8| match byte {
                b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
                _ => None,
            };
            if !series.push(word.bytes().try_fold(0, digit)?) {
                return None;
            }
        }
        Some(series)
    }

    fn write(&self, text: &mut String) {
        for (place, number) in self.all().iter().enumerate() {
            let space = if place > 0 { " " } else { "" };
            let _ = write!(text, "{space}{number}");
        }
    }
}

impl Store {
    /// What earlier runs of the Taskfile in `root` say of how long its tasks take.
    pub fn durations(root: &Path) -> Durations {
        Folder::at(root)
            .and_then(|root| root.open(STATE))
            .map_or_else(|_| Durations::default(), |state| Durations::load(&state))
    }
}

impl Durations {
    /// The median of a task's own commands over its latest successes.
    pub fn get(&self, task: &str) -> Option<Duration> {
        let Series { count, mut numbers } = self.samples(task)?.walls;
        let walls = &mut numbers[..count];
        walls.sort_unstable();
        walls.get(walls.len() / 2).copied().map(micros)
    }

    /// The most memory that the largest process of a task had over its latest successes, bytes.
    pub fn memory(&self, task: &str) -> Option<u64> {
        self.samples(task)?.peaks.all().iter().copied().max()
    }

    /// Whether there is something that cannot be read, or not all of it.
    pub fn are_damaged(&self) -> bool {
        self.is_damaged
    }

    fn samples(&self, task: &str) -> Option<Samples> {
        let line = self.text[*self.places.get(&digest(task))? as usize..].lines().next()?;
        let (samples, name) = parse(line, self.is_version_1)?;
        (*name == *task).then_some(samples)
    }

    fn load(state: &Folder) -> Durations {
        let text = match state.read(NAME, LIMIT) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Durations::default(),
            Err(_) => String::new(),
        };
        let mut lines = text.lines();
        let is_version_1 = match lines.next() {
            Some(HEADER) => false,
            Some(HEADER_1) => true,
            _ => return Durations { is_damaged: true, ..Durations::default() },
        };
        let mut places = HashMap::with_capacity(lines.clone().count().min(TASKS));
        let mut is_damaged = false;
        for line in lines {
            match parse(line, is_version_1) {
                Some((_, name)) if places.len() < TASKS => {
                    // Lines are parts of the text, which is shorter than 4 GiB.
                    let at = line.as_ptr() as usize - text.as_ptr() as usize;
                    places.entry(digest(&name)).or_insert(at as u32);
                }
                Some(_) => {}
                None => is_damaged = true,
            }
        }
        Durations { text, is_version_1, places, is_damaged }
    }

    /// What is known of each task, in the order in which they were used.
    fn all(&self) -> impl Iterator<Item = (Samples, Cow<'_, str>)> {
        self.text.lines().skip(1).filter_map(|line| parse(line, self.is_version_1))
    }
}

fn digest(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes())
}

fn write(text: &mut String, samples: &Samples, name: &str) {
    samples.walls.write(text);
    text.push('\t');
    samples.peaks.write(text);
    text.push('\t');
    let _ = writeln!(text, "{}", serde_json::Value::from(name));
}

fn parse(line: &str, is_version_1: bool) -> Option<(Samples, Cow<'_, str>)> {
    let (walls, rest) = line.split_once('\t')?;
    let (peaks, name) = if is_version_1 { ("", rest) } else { rest.split_once('\t')? };
    let samples = Samples { walls: Series::parse(walls)?, peaks: Series::parse(peaks)? };
    Some((samples, text_of(name)?))
}

/// A text in JSON; most are written as they are.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let is_plain =
        |text: &str| !text.bytes().any(|byte| byte < b' ' || matches!(byte, b'\\' | b'"'));
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if is_plain(plain) => Some(Cow::Borrowed(plain)),
        _ => serde_json::from_str(json).ok().map(Cow::Owned),
    }
}

/// Learns from the events of a run how long its tasks took.
#[derive(Default, Debug)]
pub(super) struct Recorder {
    running: UnitMap<Task>,
    /// Whose command a command is.
    commands: UnitMap<UnitId>,
    taken: Vec<Taken>,
}

#[derive(Debug)]
struct Task {
    name: Arc<str>,
    wall: u64,
    peak: u64,
    ran: bool,
}

/// What a task took that succeeded.
#[derive(Debug)]
struct Taken {
    task: Arc<str>,
    wall: u64,
    /// 0 when it had no process.
    peak: u64,
}

impl Recorder {
    /// Takes notice of an event.
    pub(super) fn event(&mut self, event: &Event) {
        match &event.kind {
            Kind::Added { unit, role: Role::Task, task, .. } => {
                self.running
                    .insert(*unit, Task { name: task.clone(), wall: 0, peak: 0, ran: false });
            }
            Kind::Added { unit, parent, role: Role::Command, .. } => {
                self.commands.insert(*unit, *parent);
            }
            // What earlier attempts took does not count.
            Kind::Began { unit, .. } => {
                if let Some(task) = self.running.get_mut(unit) {
                    (task.wall, task.peak) = (0, 0);
                }
            }
            Kind::Finished { unit, outcome, wall, usage, .. } => {
                let peak = usage.map_or(0, |usage| usage.memory);
                self.finished(*unit, outcome, *wall, peak);
            }
            _ => {}
        }
    }

    fn finished(&mut self, unit: UnitId, outcome: &Outcome, wall: u64, peak: u64) {
        if let Some(task) = self.commands.remove(&unit) {
            if let Some(task) = self.running.get_mut(&task) {
                task.wall += wall;
                task.peak = task.peak.max(peak);
                task.ran |= wall > 0;
            }
        } else if let Some(task) = self.running.remove(&unit)
            && *outcome == Outcome::Succeeded
            && task.ran
        {
            self.taken.push(Taken { task: task.name, wall: task.wall, peak: task.peak });
        }
    }

    /// Adds what was learnt to what is remembered.
    pub(super) fn save(&self, state: &Folder) -> io::Result<()> {
        if self.taken.is_empty() {
            return Ok(());
        }
        // Two runs that end together may forget what one of them learnt; neither waits.
        let _alone = state.lock(STATE_LOCK, FlockOperation::NonBlockingLockExclusive);
        let text = self.merged(&Durations::load(state));
        state.replace(NAME, text.as_bytes())
    }

    /// The new file: what was learnt, the latest first, with what was known of the same tasks, and then the others.
    fn merged(&self, old: &Durations) -> String {
        const NONE: u32 = u32::MAX;
        // The latest of each task, and for each one that before it.
        let mut latest: HashMap<&str, u32> = HashMap::new();
        let mut before = vec![NONE; self.taken.len()];
        for (at, taken) in self.taken.iter().enumerate() {
            if let Some(earlier) = latest.insert(&taken.task, at as u32) {
                before[at] = earlier;
            }
        }
        let mut text = format!("{HEADER}\n");
        let mut room = TASKS;
        for (at, Taken { task, .. }) in self.taken.iter().enumerate().rev() {
            if latest[&**task] != at as u32 || room == 0 {
                continue;
            }
            room -= 1;
            let mut samples = Samples::default();
            let mut next = at as u32;
            while let Some(taken) = self.taken.get(next as usize) {
                samples.walls.push(taken.wall);
                if taken.peak > 0 {
                    samples.peaks.push(taken.peak);
                }
                next = before[next as usize];
            }
            if let Some(old) = old.samples(task) {
                old.walls.all().iter().all(|wall| samples.walls.push(*wall));
                old.peaks.all().iter().all(|peak| samples.peaks.push(*peak));
            }
            write(&mut text, &samples, task);
        }
        let others = old.all().filter(|(_, name)| !latest.contains_key(&**name));
        others.take(room).for_each(|(samples, name)| write(&mut text, &samples, &name));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{At, Usage};

    /// Each of its commands takes as many bytes as microseconds.
    fn task(recorder: &mut Recorder, unit: u32, name: &str, walls: &[u64], outcome: Outcome) {
        let (parent, unit) = (UnitId(unit), UnitId(unit));
        let mut event = |kind| recorder.event(&Event { at: At(0), kind });
        let added = |unit, parent, role| Kind::Added {
            unit,
            parent,
            role,
            task: name.into(),
            id: "".into(),
            words: None,
        };
        let finished = |unit, outcome, wall| Kind::Finished {
            unit,
            outcome,
            ignored: false,
            wall,
            usage: Some(Usage { memory: wall, ..Usage::default() }),
        };
        event(added(unit, UnitId::ROOT, Role::Task));
        event(Kind::Began { unit, attempt: 1 });
        for (number, wall) in walls.iter().enumerate() {
            let command = UnitId(parent.0 + 1 + number as u32);
            event(added(command, parent, Role::Command));
            event(finished(command, Outcome::Succeeded, *wall));
        }
        event(finished(unit, outcome, 999_999));
    }

    #[test]
    fn the_median_of_a_tasks_own_commands_is_remembered_and_their_highest_peak() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        for wall in [10, 500, 20] {
            let mut recorder = Recorder::default();
            task(&mut recorder, 10, "build\n\"x\"", &[wall, wall + 1], Outcome::Succeeded);
            task(&mut recorder, 20, "failed", &[1], Outcome::Cancelled);
            task(&mut recorder, 30, "idle", &[], Outcome::Succeeded);
            recorder.save(&state).unwrap();
        }
        let durations = Durations::load(&state);
        assert_eq!(durations.get("build\n\"x\""), Some(Duration::from_micros(41)));
        assert_eq!(durations.memory("build\n\"x\""), Some(501));
        assert_eq!((durations.get("failed"), durations.get("idle")), (None, None));
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(text, "par durations 2\n41 1001 21\t21 501 11\t\"build\\n\\\"x\\\"\"\n");
    }

    #[test]
    fn a_task_of_several_calls_has_a_line_and_what_was_not_used_stays_behind() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        state.replace(NAME, b"par durations 1\n7\t\"c\"\n8 9\t\"a\"\n").unwrap();
        let mut recorder = Recorder::default();
        for (number, (name, wall)) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)].iter().enumerate() {
            let unit = 10 * (number as u32 + 1);
            task(&mut recorder, unit, name, &[*wall], Outcome::Succeeded);
        }
        recorder.save(&state).unwrap();
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        let expected = "4 3 1 8 9\t4 3 1\t\"a\"\n2\t2\t\"b\"\n7\t\t\"c\"\n";
        assert_eq!(text, format!("{HEADER}\n{expected}"));
    }

    #[test]
    fn damaged_lines_and_other_versions_count_as_absent() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        assert_eq!(Durations::load(&state), Durations::default());
        state.replace(NAME, b"par durations 1\nx\t\"a\"\n5\t\"b\"\n7 8\n9\t\"c").unwrap();
        let durations = Durations::load(&state);
        assert_eq!((durations.places.len(), durations.get("b")), (1, Some(micros(5))));
        assert!(durations.are_damaged());
        state.replace(NAME, b"par durations 2\n5\t\"a\"\n5\t\t\"b\"\n").unwrap();
        let durations = Durations::load(&state);
        assert_eq!((durations.places.len(), durations.get("b")), (1, Some(micros(5))));
        assert_eq!(durations.memory("b"), None);
        for other in [&b"par durations 3\n5\t6\t\"b\"\n"[..], b"\xff\xff", b""] {
            state.replace(NAME, other).unwrap();
            let durations = Durations::load(&state);
            assert!(durations.places.is_empty() && durations.are_damaged());
        }
    }
}
