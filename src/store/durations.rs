//! How long tasks took in recent runs, without the tasks they call.
//!
//! Kept in `.par/durations`: a line that names the format and its version, then a line per task,
//! last used first: microseconds of its latest successes, latest first, a tab, its name in JSON.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::event::{Event, Kind, Outcome, Role};
use crate::id::UnitId;

use super::events::micros;
use super::folder::Folder;
use super::{STATE, STATE_LOCK, Store};

const NAME: &str = "durations";
const HEADER: &str = "par durations 1";
/// Successes remembered for each task.
const SAMPLES: usize = 9;
/// Tasks remembered.
const TASKS: usize = 10_000;
/// Longest file that is read, bytes.
const LIMIT: u64 = 64 << 20;

/// How long tasks probably take.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Durations {
    tasks: Vec<(String, Vec<u64>)>,
    places: HashMap<String, usize>,
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
        let mut samples = self.tasks[*self.places.get(task)?].1.clone();
        samples.sort_unstable();
        samples.get(samples.len() / 2).copied().map(micros)
    }

    fn load(state: &Folder) -> Durations {
        let text = state.read(NAME, LIMIT).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let mut lines = text.as_deref().unwrap_or_default().lines();
        if lines.next() != Some(HEADER) {
            return Durations::default();
        }
        lines.filter_map(parse).collect()
    }

    fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (task, samples) in &self.tasks {
            let samples: Vec<String> = samples.iter().map(u64::to_string).collect();
            let name = serde_json::Value::from(task.as_str());
            text.push_str(&format!("{}\t{name}\n", samples.join(" ")));
        }
        text
    }
}

impl FromIterator<(String, Vec<u64>)> for Durations {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u64>)>>(all: I) -> Durations {
        let mut durations = Durations::default();
        for (task, samples) in all {
            if durations.tasks.len() < TASKS && !durations.places.contains_key(&task) {
                durations.places.insert(task.clone(), durations.tasks.len());
                durations.tasks.push((task, samples));
            }
        }
        durations
    }
}

fn parse(line: &str) -> Option<(String, Vec<u64>)> {
    let (samples, name) = line.split_once('\t')?;
    let samples: Option<Vec<u64>> = samples.split(' ').map(|one| one.parse().ok()).collect();
    let name = serde_json::from_str(name).ok()?;
    samples.filter(|samples| samples.len() <= SAMPLES).map(|samples| (name, samples))
}

/// Learns from the events of a run how long its tasks took.
#[derive(Default, Debug)]
pub(super) struct Recorder {
    running: HashMap<UnitId, Task>,
    /// Whose command a command is.
    commands: HashMap<UnitId, UnitId>,
    taken: Vec<(Arc<str>, u64)>,
}

#[derive(Debug)]
struct Task {
    name: Arc<str>,
    wall: u64,
    ran: bool,
}

impl Recorder {
    /// Takes notice of an event.
    pub(super) fn event(&mut self, event: &Event) {
        match &event.kind {
            Kind::Added { unit, role: Role::Task, task, .. } => {
                self.running.insert(*unit, Task { name: task.clone(), wall: 0, ran: false });
            }
            Kind::Added { unit, parent, role: Role::Command, .. } => {
                self.commands.insert(*unit, *parent);
            }
            // What earlier attempts took does not count.
            Kind::Began { unit, .. } => {
                if let Some(task) = self.running.get_mut(unit) {
                    task.wall = 0;
                }
            }
            Kind::Finished { unit, outcome, wall, .. } => self.finished(*unit, outcome, *wall),
            _ => {}
        }
    }

    fn finished(&mut self, unit: UnitId, outcome: &Outcome, wall: u64) {
        if let Some(task) = self.commands.remove(&unit) {
            if let Some(task) = self.running.get_mut(&task) {
                task.wall += wall;
                task.ran |= wall > 0;
            }
        } else if let Some(task) = self.running.remove(&unit)
            && *outcome == Outcome::Succeeded
            && task.ran
        {
            self.taken.push((task.name, task.wall));
        }
    }

    /// Adds what was learnt to what is remembered.
    pub(super) fn save(&self, state: &Folder) -> io::Result<()> {
        if self.taken.is_empty() {
            return Ok(());
        }
        // Two runs that end together may forget what one of them learnt; neither waits.
        let _alone = state.lock(STATE_LOCK, FlockOperation::NonBlockingLockExclusive);
        let merged = self.merged(&Durations::load(state));
        state.replace(NAME, merged.text().as_bytes())
    }

    fn merged(&self, old: &Durations) -> Durations {
        let mut order: Vec<&str> = Vec::new();
        let mut latest: HashMap<&str, Vec<u64>> = HashMap::new();
        for (task, wall) in self.taken.iter().rev() {
            latest
                .entry(task)
                .or_insert_with(|| {
                    order.push(task);
                    Vec::new()
                })
                .push(*wall);
        }
        let new = order.into_iter().map(|task| {
            let mut samples = latest.remove(task).unwrap_or_default();
            if let Some(place) = old.places.get(task) {
                samples.extend(&old.tasks[*place].1);
            }
            samples.truncate(SAMPLES);
            (task.to_owned(), samples)
        });
        new.chain(old.tasks.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::At;

    fn task(recorder: &mut Recorder, unit: u32, name: &str, walls: &[u64], outcome: Outcome) {
        let (parent, unit) = (UnitId(unit), UnitId(unit));
        let mut event = |kind| recorder.event(&Event { at: At(0), kind });
        let added = |unit, parent, role| Kind::Added {
            unit,
            parent,
            role,
            task: name.into(),
            id: "".into(),
        };
        let finished = |unit, outcome, wall| Kind::Finished {
            unit,
            outcome,
            ignored: false,
            wall,
            usage: None,
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
    fn the_median_of_a_tasks_own_commands_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        for wall in [10, 500, 20] {
            let mut recorder = Recorder::default();
            task(&mut recorder, 10, "build\n\"x\"", &[wall, wall], Outcome::Succeeded);
            task(&mut recorder, 20, "failed", &[1], Outcome::Cancelled);
            task(&mut recorder, 30, "idle", &[], Outcome::Succeeded);
            recorder.save(&state).unwrap();
        }
        let durations = Durations::load(&state);
        assert_eq!(durations.get("build\n\"x\""), Some(Duration::from_micros(40)));
        assert_eq!((durations.get("failed"), durations.get("idle")), (None, None));
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(text, "par durations 1\n40 1000 20\t\"build\\n\\\"x\\\"\"\n");
    }

    #[test]
    fn damaged_lines_and_other_versions_count_as_absent() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        assert_eq!(Durations::load(&state), Durations::default());
        state.replace(NAME, b"par durations 1\nx\t\"a\"\n5\t\"b\"\n7 8\n9\t\"c").unwrap();
        let durations = Durations::load(&state);
        assert_eq!((durations.tasks.len(), durations.get("b")), (1, Some(micros(5))));
        state.replace(NAME, b"par durations 2\n5\t\"b\"\n").unwrap();
        assert_eq!(Durations::load(&state), Durations::default());
        state.replace(NAME, b"\xff\xff").unwrap();
        assert_eq!(Durations::load(&state), Durations::default());
    }
}
