//! Names for things that exist only while a run lasts: units, runs, task ids.
//!
//! Knows nothing of tasks, processes or time beyond the numbers it is handed.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One node of the plan, unique within a run and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub u32);

impl UnitId {
    /// The unit that stands for the whole run; everything else is below it.
    pub const ROOT: UnitId = UnitId(0);

    /// This id as an index into a table with a row per unit.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is kept by unit.
pub type UnitMap<V> = NumberMap<UnitId, V>;
/// Some units.
pub type UnitSet = HashSet<UnitId, BuildHasherDefault<NumberHasher>>;
/// Some of nearly all units of a run, which take a bit each.
#[derive(Clone, Debug, Default)]
pub struct UnitBits(Vec<u64>);

impl UnitBits {
    /// Adds a unit.
    pub fn insert(&mut self, unit: UnitId) {
        let place = unit.index() / 64;
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        self.0[place] |= 1 << (unit.index() % 64);
    }

    /// Whether a unit was added.
    pub fn contains(&self, unit: UnitId) -> bool {
        self.0.get(unit.index() / 64).is_some_and(|bits| bits >> (unit.index() % 64) & 1 == 1)
    }
}

/// Some numbers that we gave ourselves, or digests.
pub type NumberSet<K> = HashSet<K, BuildHasherDefault<NumberHasher>>;
/// What is kept by a number that we gave ourselves, or by a digest.
pub type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Hashes what nobody can choose to collide: numbers that we gave ourselves, one after the other, and digests.
///
/// A table takes its place from the low bits and tells its entries apart by the highest. So a number is its own
/// place, and what was made together lies together; its highest bits are those of a product, as in Fibonacci
/// hashing (Knuth, The Art of Computer Programming, vol. 3, 6.4).
#[derive(Clone, Copy, Default, Debug)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        /// 2^64 over the golden ratio.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        const HIGHEST: u64 = 0xff << 56;
        let number = self.0.wrapping_mul(FACTOR) ^ u64::from(number);
        self.0 = number & !HIGHEST | number.wrapping_mul(FACTOR) & HIGHEST;
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 ^= digest;
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 ^= digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}", self.0)
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One run of `par`: `YYYYMMDD-HHMMSS-xxxxxx`, sortable by start time (UTC), the tail random.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Arc<str>);

impl RunId {
    /// The id of a run that began at `date` (`YYYYMMDD`) and `time` (`HHMMSS`). Of the tail, which tells
    /// runs of one second apart, the lower 24 bits count.
    pub fn new(date: &str, time: &str, tail: u32) -> RunId {
        RunId(format!("{date}-{time}-{:06x}", tail & 0xff_ffff).into())
    }

    /// The id as text, which is also the name of the run's directory.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a unit: `{project}_{workflow}_{YYYYMMDD}_{HHMMSS}_{hash}_{counter}`, unique across runs and machines.
///
/// There are many in a run that differ in the counter alone, so the rest is theirs together.
#[derive(Clone)]
pub struct TaskId(Id);

#[derive(Clone)]
enum Id {
    /// What stands before the counter, and the counter.
    Made(Arc<String>, u32),
    Read(Arc<String>),
}

impl TaskId {
    /// All of it, or all but the counter, which has at least three digits.
    pub(crate) fn parts(&self) -> (&str, Option<u32>) {
        match &self.0 {
            Id::Made(head, counter) => (head, Some(*counter)),
            Id::Read(text) => (text, None),
        }
    }

    /// The zeros before a counter that has fewer than three digits.
    pub(crate) fn zeros(counter: u32) -> &'static str {
        match counter {
            ..10 => "00",
            10..100 => "0",
            100.. => "",
        }
    }
}

impl From<&str> for TaskId {
    fn from(text: &str) -> TaskId {
        TaskId(Id::Read(Arc::new(text.to_owned())))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (head, Some(counter)) => write!(f, "{head}{}{counter}", TaskId::zeros(counter)),
            (text, None) => f.write_str(text),
        }
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl PartialEq for TaskId {
    fn eq(&self, other: &TaskId) -> bool {
        *self == *other.to_string()
    }
}

impl Eq for TaskId {}

impl PartialEq<str> for TaskId {
    fn eq(&self, other: &str) -> bool {
        match self.parts() {
            (head, Some(counter)) => {
                let rest = other.strip_prefix(head);
                let number = rest.and_then(|rest| rest.strip_prefix(TaskId::zeros(counter)));
                number == Some(itoa::Buffer::new().format(counter))
            }
            (text, None) => text == other,
        }
    }
}

impl Serialize for TaskId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaskId, D::Error> {
        Ok(TaskId(Id::Read(Arc::new(String::deserialize(deserializer)?))))
    }
}

/// Makes task ids, all different.
///
/// The hash in them is 8 hex digits that the caller derives from process, machine and chance, so ids of
/// two processes differ; the counter makes those of one process differ.
#[derive(Debug)]
pub struct TaskIds {
    head: Arc<String>,
    latest: AtomicU32,
}

impl TaskIds {
    /// Ids for one run; `project` and `workflow` are reduced to letters, digits and `-`.
    pub fn new(project: &str, workflow: &str, date: &str, time: &str, hash: u32) -> TaskIds {
        let (project, workflow) = (plain(project), plain(workflow));
        let head = format!("{project}_{workflow}_{date}_{time}_{hash:08x}_");
        TaskIds { head: Arc::new(head), latest: AtomicU32::new(0) }
    }

    /// The next id.
    pub fn next(&self) -> TaskId {
        let counter = self.latest.fetch_add(1, Ordering::Relaxed) + 1;
        TaskId(Id::Made(self.head.clone(), counter))
    }
}

fn plain(name: &str) -> String {
    let kept: String =
        name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
    if kept.is_empty() { "par".into() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_of_the_units_that_were_added() {
        let mut units = UnitBits::default();
        let some = [0, 3, 63, 64, 700].map(UnitId);
        some.into_iter().for_each(|unit| units.insert(unit));
        let found: Vec<UnitId> =
            (0..1_000).map(UnitId).filter(|&unit| units.contains(unit)).collect();
        assert_eq!(found, some);
    }

    #[test]
    fn task_ids_have_six_parts_and_count_up() {
        let ids = TaskIds::new("open code", "qa:all", "20260102", "030405", 0xabc);
        assert_eq!(ids.next().to_string(), "open-code_qa-all_20260102_030405_00000abc_001");
        let second = ids.next();
        assert_eq!(second, *"open-code_qa-all_20260102_030405_00000abc_002");
        assert_eq!(second, TaskId::from("open-code_qa-all_20260102_030405_00000abc_002"));
        let later: Vec<_> = (3..=1000).map(|_| ids.next().to_string()).collect();
        let number = |place: usize| later[place - 3].rsplit('_').next().map(str::to_owned);
        let numbers = [9, 10, 99, 100, 999, 1000].map(|place| number(place).unwrap_or_default());
        assert_eq!(numbers, ["009", "010", "099", "100", "999", "1000"]);
    }

    #[test]
    fn task_ids_of_many_threads_are_all_different() {
        let ids = TaskIds::new("p", "w", "20260102", "030405", 1);
        let all = std::sync::Mutex::new(std::collections::HashSet::new());
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    (0..1000)
                        .for_each(|_| assert!(all.lock().unwrap().insert(ids.next().to_string())))
                });
            }
        });
        assert_eq!(all.into_inner().unwrap().len(), 4000);
    }
}
