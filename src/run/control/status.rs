//! What is said through the socket: a line of JSON each way.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::driver::Driver;
use crate::event::Decision;
use crate::id::{RunId, TaskId, UnitId};
use crate::schedule::Standing;

/// What a run is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// How things stand.
    Status,
    /// To stop a task, by its name or id; `None`: everything.
    Cancel(Option<String>),
}

/// What a run answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// So things stand.
    Status(Status),
    /// They are being stopped; when they have ended, the connection does.
    Stopping(Vec<Arc<str>>),
    /// No task of this name is unfinished; these are.
    Unknown(Vec<Arc<str>>),
}

/// How a run stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The run.
    pub run: RunId,
    /// Directory of the root Taskfile.
    pub project: PathBuf,
    /// The process that does the work.
    pub pid: u32,
    /// What was asked for.
    pub tasks: Vec<String>,
    /// Since it began, milliseconds.
    pub age_ms: u64,
    /// Tasks under way.
    pub running: Vec<Task>,
    /// Tasks that could go on if there were room.
    pub queued: Vec<Task>,
    /// Tasks that wait for nothing but what runs or is queued.
    pub next: Vec<Task>,
    /// Tasks that wait for others that wait themselves.
    pub blocked: Vec<Task>,
    /// How many have ended.
    pub ended: usize,
    /// Stages that have begun, in the order in which they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

/// A stage that has begun.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// The task and the stage of it.
    pub stage: Arc<str>,
    /// How often it has begun, from 1.
    pub round: u32,
    /// Whether it goes on.
    pub is_open: bool,
    /// What its gate has said, the latest last; `None`: nothing that is a decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Option<Decision>>,
}

/// A task of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub task: Arc<str>,
    /// Unique across runs and machines.
    pub id: TaskId,
    /// Which attempt runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Since it runs, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The stage that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Arc<str>>,
    /// The tasks it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Arc<str>>,
}

impl Driver {
    /// How the run stands.
    pub(super) fn status(&self) -> Status {
        let standings = self.scheduler.standings(self.now());
        let moves = |(unit, standing): &(UnitId, Standing)| {
            (!matches!(standing, Standing::Blocked(_))).then_some(*unit)
        };
        let moving: HashSet<UnitId> = standings.iter().filter_map(moves).collect();
        let mut status = Status {
            run: self.store.run().clone(),
            project: self.root.clone(),
            pid: self.meta.pid,
            tasks: self.meta.tasks.clone(),
            age_ms: self.now().elapsed().as_millis() as u64,
            running: Vec::new(),
            queued: Vec::new(),
            next: Vec::new(),
            blocked: Vec::new(),
            ended: self.ended,
            stages: self.stages_begun(),
        };
        for (unit, standing) in standings {
            let mut task = self.task(unit);
            match standing {
                Standing::Running(age) => {
                    task.attempt = self.control.attempt(unit);
                    task.age_ms = Some(age.as_millis() as u64);
                    status.running.push(task);
                }
                Standing::Queued => status.queued.push(task),
                Standing::Blocked(by) => {
                    task.after = by.iter().map(|&unit| self.task(unit).task).collect();
                    let is_next = by.iter().all(|unit| moving.contains(unit));
                    if is_next { &mut status.next } else { &mut status.blocked }.push(task);
                }
            }
        }
        status
    }

    fn task(&self, unit: UnitId) -> Task {
        let planned = self.scheduler.plan().unit(unit);
        let (task, id) = (planned.task.clone(), planned.id.clone());
        let stage = self.resolver.stage_around(unit);
        Task { task, id, attempt: None, age_ms: None, stage, after: Vec::new() }
    }
}
