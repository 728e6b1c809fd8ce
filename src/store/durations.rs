//! How long tasks took in recent runs, without the tasks they call, and how much memory.
//!
//! Kept in `.par/durations`: a line that names the format and its version, then a line per task, last used
//! first, in columns that tabs divide: microseconds of its latest successes, latest first; the peaks of memory
//! of the same, bytes; its name in JSON. Version 1 had no peaks.
//!
//! Most of it is never asked for, so lines stay as they are until then.

mod recorder;

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memchr::{memchr, memchr_iter, memrchr};

use crate::event::json::is_plain;
use crate::id::NumberMap;

use super::events::micros;
use super::folder::{Folder, Stamp};
use super::{STATE, Store};

pub(super) use recorder::Recorder;

const NAME: &str = "durations";
const HEADER: &str = "par durations 2\n";
/// Without peaks.
const HEADER_1: &str = "par durations 1\n";
/// Successes remembered for each task.
const SAMPLES: usize = 9;
/// Tasks remembered.
const TASKS: usize = 10_000;
/// Longest file that is read, bytes.
const LIMIT: u64 = 64 << 20;

/// How long tasks probably take, and how much memory. A clone is the same.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Durations {
    file: Arc<Known>,
}

/// What is in a file.
#[derive(Default, PartialEq, Debug)]
struct Known {
    text: String,
    is_version_1: bool,
    /// One for each task, in the order of the file.
    lines: Vec<Line>,
    /// Which line is that of a task, by a digest of its name.
    places: NumberMap<u64, u32>,
    is_damaged: bool,
    stamp: Option<Stamp>,
}

/// Places in a text, which is shorter than 4 GiB.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Line {
    begin: u32,
    /// Of the name, behind the columns and a tab.
    name: u32,
    end: u32,
}

/// A few numbers.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Series {
    count: usize,
    numbers: [u64; SAMPLES],
}

impl Series {
    /// The first numbers of a column; `None` where one is too large.
    fn parse(column: &str) -> Option<Series> {
        let mut series = Series::default();
        let (mut number, mut is_number) = (0_u64, false);
        for byte in column.bytes() {
            if byte.is_ascii_digit() {
                number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
                is_number = true;
            } else if is_number {
                series.push(number);
                (number, is_number) = (0, false);
            }
        }
        if is_number {
            series.push(number);
        }
        Some(series)
    }

    fn push(&mut self, number: u64) {
        if let Some(place) = self.numbers.get_mut(self.count) {
            *place = number;
            self.count += 1;
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
        let (walls, _) = self.columns(task)?;
        let Series { count, mut numbers } = Series::parse(walls)?;
        let walls = &mut numbers[..count];
        walls.sort_unstable();
        walls.get(walls.len() / 2).copied().map(micros)
    }

    /// The most memory that the largest process of a task had over its latest successes, bytes.
    pub fn memory(&self, task: &str) -> Option<u64> {
        let (_, peaks) = self.columns(task)?;
        let Series { count, numbers } = Series::parse(peaks)?;
        numbers[..count].iter().copied().max()
    }

    /// Whether there is something that cannot be read, or not all of it.
    pub fn are_damaged(&self) -> bool {
        self.file.is_damaged
    }

    fn columns(&self, task: &str) -> Option<(&str, &str)> {
        Some(self.file.columns(self.file.lines[self.file.place(task)?]))
    }

    fn load(state: &Folder) -> Durations {
        let file = match state.read_stamped(NAME, LIMIT) {
            Ok((bytes, stamp)) => {
                let text = String::from_utf8(bytes).unwrap_or_default();
                Known { stamp: Some(stamp), ..Known::parse(text) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Known::default(),
            Err(_) => Known { is_damaged: true, ..Known::default() },
        };
        Durations { file: Arc::new(file) }
    }

    /// Whether the file is the one that was read, and nobody wrote another one since.
    fn are_current(&self, state: &Folder) -> bool {
        self.file.stamp.is_some_and(|stamp| state.stamp(NAME).is_ok_and(|now| now == stamp))
    }
}

impl Known {
    fn parse(text: String) -> Known {
        let is_version_1 = text.starts_with(HEADER_1);
        if !is_version_1 && !text.starts_with(HEADER) {
            return Known { is_damaged: true, ..Known::default() };
        }
        let count = memchr_iter(b'\n', text.as_bytes()).count().min(TASKS);
        let mut known = Known {
            text: String::new(),
            is_version_1,
            lines: Vec::with_capacity(count),
            places: NumberMap::with_capacity_and_hasher(count, Default::default()),
            is_damaged: false,
            stamp: None,
        };
        let mut begin = HEADER.len();
        while begin < text.len() && known.lines.len() < TASKS {
            let rest = &text.as_bytes()[begin..];
            let end = begin + memchr(b'\n', rest).unwrap_or(rest.len());
            known.add(&text, begin, end);
            begin = end + 1;
        }
        Known { text, ..known }
    }

    /// Takes notice of a line, unless there is one for its task.
    fn add(&mut self, text: &str, begin: usize, end: usize) {
        let name =
            memrchr(b'\t', &text.as_bytes()[begin..end]).map_or(begin, |tab| begin + tab + 1);
        let columns = &text.as_bytes()[begin..name];
        match text_of(&text[name..end]) {
            Some(task) if are_columns(columns, self.is_version_1) => {
                let (begin, name, end) = (begin as u32, name as u32, end as u32);
                let line = self.lines.len() as u32;
                if *self.places.entry(digest(&task)).or_insert(line) == line {
                    self.lines.push(Line { begin, name, end });
                }
            }
            _ => self.is_damaged = true,
        }
    }

    /// Which line is that of a task.
    fn place(&self, task: &str) -> Option<usize> {
        let place = *self.places.get(&digest(task))? as usize;
        (text_of(self.name(self.lines[place]))? == task).then_some(place)
    }

    /// What a task took, and its peaks.
    fn columns(&self, line: Line) -> (&str, &str) {
        let columns = &self.text[line.begin as usize..line.name as usize - 1];
        match memchr(b'\t', columns.as_bytes()) {
            Some(tab) => (&columns[..tab], &columns[tab + 1..]),
            None => (columns, ""),
        }
    }

    /// In JSON.
    fn name(&self, line: Line) -> &str {
        &self.text[line.name as usize..line.end as usize]
    }
}

fn digest(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes())
}

/// Whether these are as many columns of numbers as there have to be, with a tab behind each.
fn are_columns(bytes: &[u8], is_version_1: bool) -> bool {
    // Without a branch in it, so that many bytes are looked at at once.
    let belong = |bytes: &[u8]| {
        let belongs = |byte: u8| byte.is_ascii_digit() | (byte == b' ') | (byte == b'\t');
        bytes.iter().fold(true, |all, &byte| all & belongs(byte))
    };
    let (chunks, rest) = bytes.as_chunks::<16>();
    memchr_iter(b'\t', bytes).count() == if is_version_1 { 1 } else { 2 }
        && chunks.iter().all(|chunk| belong(chunk))
        && belong(rest)
}

/// A text in JSON; most are written as they are.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if is_plain(plain) => Some(Cow::Borrowed(plain)),
        _ => serde_json::from_str(json).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_lines_and_other_versions_count_as_absent() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        assert_eq!(Durations::load(&state), Durations::default());
        state.replace(NAME, b"par durations 1\nx\t\"a\"\n5\t\"b\"\n7 8\n9\t\"c").unwrap();
        let durations = Durations::load(&state);
        assert_eq!((durations.file.lines.len(), durations.get("b")), (1, Some(micros(5))));
        assert!(durations.are_damaged());
        state.replace(NAME, b"par durations 2\n5\t\"a\"\n5\t\t\"b\"\n").unwrap();
        let durations = Durations::load(&state);
        assert_eq!((durations.file.lines.len(), durations.get("b")), (1, Some(micros(5))));
        assert_eq!(durations.memory("b"), None);
        for other in [&b"par durations 3\n5\t6\t\"b\"\n"[..], b"\xff\xff", b""] {
            state.replace(NAME, other).unwrap();
            let durations = Durations::load(&state);
            assert!(durations.file.lines.is_empty() && durations.are_damaged());
        }
    }
}
