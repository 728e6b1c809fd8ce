//! Learns how long tasks take, and adds that to what is remembered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

use memchr::{memchr_iter, memrchr};
use rustix::fs::FlockOperation;

use crate::event::json::Json;
use crate::event::{Event, Kind, Outcome, Role};
use crate::id::{UnitId, UnitMap};
use crate::store::STATE_LOCK;
use crate::store::folder::Folder;

use super::{Durations, HEADER, NAME, SAMPLES, TASKS};

/// Learns from the events of a run how long its tasks took.
#[derive(Default, Debug)]
pub(in crate::store) struct Recorder {
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
    pub(in crate::store) fn event(&mut self, event: &Event) {
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

    /// Adds what was learnt to what is remembered, which is `known` unless another run wrote since.
    pub(in crate::store) fn save(
        &self,
        state: &Folder,
        known: Option<&Durations>,
    ) -> io::Result<()> {
        if self.taken.is_empty() {
            return Ok(());
        }
        // Two runs that end together may forget what one of them learnt; neither waits.
        let _alone = state.lock(STATE_LOCK, FlockOperation::NonBlockingLockExclusive);
        let current = known.filter(|known| known.are_current(state)).cloned();
        let text = self.merged(&current.unwrap_or_else(|| Durations::load(state)));
        state.replace(NAME, &text)
    }

    /// The new file: what was learnt, the latest first, with what was known of the same tasks, and then the others.
    fn merged(&self, old: &Durations) -> Vec<u8> {
        let old = &*old.file;
        let (latest, before) = self.by_task();
        let mut text = Vec::with_capacity(old.text.len() + 64 * (1 + latest.len()));
        let mut json = Json(&mut text);
        json.raw(HEADER);
        let mut is_used = vec![false; old.lines.len()];
        for &at in latest.iter().take(TASKS) {
            let all = std::iter::successors(Some(at), |&at| before[at as usize]);
            let all = all.map(|at| &self.taken[at as usize]).take(SAMPLES);
            let task = &*self.taken[at as usize].task;
            let line = old.place(task);
            let (walls, peaks) = line.map_or(("", ""), |line| old.columns(old.lines[line]));
            column(&mut json, all.clone().map(|taken| taken.wall), walls);
            json.raw("\t");
            column(&mut json, all.map(|taken| taken.peak).filter(|peak| *peak > 0), peaks);
            json.raw("\t").text(task).raw("\n");
            if let Some(line) = line {
                is_used[line] = true;
            }
        }
        let others = old.lines.iter().zip(is_used).filter(|(_, is_used)| !is_used);
        for (&line, _) in others.take(TASKS.saturating_sub(latest.len())) {
            let (walls, peaks) = old.columns(line);
            json.raw(walls).raw("\t").raw(peaks).raw("\t").raw(old.name(line)).raw("\n");
        }
        text
    }

    /// The latest of each task, latest first, and for each one that before it.
    fn by_task(&self) -> (Vec<u32>, Vec<Option<u32>>) {
        let mut latest = Vec::with_capacity(self.taken.len());
        let mut before = vec![None; self.taken.len()];
        let mut earliest: HashMap<&str, u32> = HashMap::with_capacity(self.taken.len());
        for (at, taken) in self.taken.iter().enumerate().rev() {
            let at = at as u32;
            match earliest.entry(&taken.task) {
                Entry::Vacant(entry) => {
                    entry.insert(at);
                    latest.push(at);
                }
                Entry::Occupied(mut entry) => {
                    before[entry.insert(at) as usize] = Some(at);
                }
            }
        }
        (latest, before)
    }
}

/// Adds a column: new numbers and, as far as there is room, the first of the old ones.
fn column(json: &mut Json, new: impl Iterator<Item = u64>, old: &str) {
    let (mut count, mut space) = (0, "");
    for number in new {
        json.raw(space).number(number);
        (count, space) = (count + 1, " ");
    }
    let old = first(old, SAMPLES - count);
    if !old.is_empty() {
        json.raw(space).raw(old);
    }
}

/// The first so many numbers of a column.
fn first(column: &str, count: usize) -> &str {
    let spaces = memchr_iter(b' ', column.as_bytes()).count();
    (count..=spaces).fold(column, |column, _| match memrchr(b' ', column.as_bytes()) {
        Some(space) => &column[..space],
        None => "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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
            recorder.save(&state, None).unwrap();
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
        recorder.save(&state, None).unwrap();
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        let expected = "4 3 1 8 9\t4 3 1\t\"a\"\n2\t2\t\"b\"\n7\t\t\"c\"\n";
        assert_eq!(text, format!("{HEADER}{expected}"));
    }

    /// What a run learnt that began with `known`.
    fn learnt(state: &Folder, known: &Durations, name: &str, wall: u64) {
        let mut recorder = Recorder::default();
        task(&mut recorder, 10, name, &[wall], Outcome::Succeeded);
        recorder.save(state, Some(known)).unwrap();
    }

    #[test]
    fn what_another_run_wrote_meanwhile_is_not_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        let nothing = Durations::load(&state);
        learnt(&state, &nothing, "a", 1);
        let known = Durations::load(&state);
        assert!(known.are_current(&state) && !nothing.are_current(&state));
        learnt(&state, &known, "a", 2);
        assert!(!known.are_current(&state));
        // The file is as long as it would be had nobody but us written.
        learnt(&state, &known, "b", 3);
        learnt(&state, &nothing, "a", 4);
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(text, format!("{HEADER}4 2 1\t4 2 1\t\"a\"\n3\t3\t\"b\"\n"));
    }

    #[test]
    fn of_each_task_the_latest_successes_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        for wall in 1..=11 {
            learnt(&state, &Durations::load(&state), "a", wall);
        }
        let text = || std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        let nine = "11 10 9 8 7 6 5 4 3";
        assert_eq!(text(), format!("{HEADER}{nine}\t{nine}\t\"a\"\n"));
        let mut recorder = Recorder::default();
        for wall in 20..40 {
            task(&mut recorder, 10, "a", &[wall], Outcome::Succeeded);
        }
        recorder.save(&state, None).unwrap();
        let nine = "39 38 37 36 35 34 33 32 31";
        assert_eq!(text(), format!("{HEADER}{nine}\t{nine}\t\"a\"\n"));
    }

    #[test]
    fn no_more_tasks_are_remembered_than_there_is_room_for() {
        let dir = tempfile::tempdir().unwrap();
        let state = Folder::at(dir.path()).unwrap();
        let lines = (0..TASKS).map(|number| format!("{number}\t\t\"old{number}\"\n"));
        state.replace(NAME, (HEADER.to_owned() + &lines.collect::<String>()).as_bytes()).unwrap();
        let mut recorder = Recorder::default();
        task(&mut recorder, 10, "new", &[1], Outcome::Succeeded);
        task(&mut recorder, 20, "old7", &[2], Outcome::Succeeded);
        recorder.save(&state, None).unwrap();
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert!(text.starts_with(&format!("{HEADER}2 7\t2\t\"old7\"\n1\t1\t\"new\"\n0\t\t")));
        assert!(text.ends_with("\n9998\t\t\"old9998\"\n"));
        assert_eq!(text.lines().count(), 1 + TASKS);
        assert_eq!(text.matches("old7\"").count(), 1);
    }
}
