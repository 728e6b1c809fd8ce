//! The run's end of the socket.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::UnboundedSender;

use super::super::driver::{Driver, Mail};
use super::place::Entry;
use super::status::{Answer, Request};
use super::{ask, place};
use crate::event::{Kind, Level, Why};
use crate::id::{TaskId, UnitId, UnitMap};
use crate::plan::Work;
use crate::schedule::{Input, Standing};

/// A run is over before this more often than not: then nobody needs to find it.
const SHORT: Duration = Duration::from_millis(50);
/// How often it is told that the loop and its tasks are alive.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Who has connected asks within this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// No question is longer, bytes.
const LONGEST: u64 = 64 * 1024;

/// The run as others find it.
pub(in crate::run) struct Control {
    /// When it is to be found; `None` once it is, or never will be.
    opens: Option<Instant>,
    entry: Option<Entry>,
    beat: Duration,
    next_beat: Instant,
    /// The latest attempt of each task.
    attempts: UnitMap<u32>,
    /// Who waits for the end of tasks.
    waiting: Vec<(Vec<UnitId>, UnixStream)>,
}

/// A question that was put to the run.
pub(in crate::run) struct Asked {
    request: Request,
    stream: UnixStream,
}

impl Control {
    pub(in crate::run) fn new(began: Instant) -> Control {
        let beat = ask::from_environment("PAR_HEARTBEAT").unwrap_or(HEARTBEAT);
        let delay = ask::from_environment("PAR_CONTROL_DELAY").unwrap_or(SHORT);
        Control {
            opens: Some(began + delay),
            entry: None,
            beat,
            next_beat: began + beat,
            attempts: UnitMap::default(),
            waiting: Vec::new(),
        }
    }

    /// An attempt of a task begins.
    pub(in crate::run) fn began(&mut self, unit: UnitId, attempt: u32) {
        self.attempts.insert(unit, attempt);
    }

    /// Which attempt of a task runs.
    pub(super) fn attempt(&self, unit: UnitId) -> Option<u32> {
        self.attempts.get(&unit).copied()
    }

    /// A unit has ended, and with the last of them the wait of who waited for it.
    pub(in crate::run) fn ended(&mut self, unit: UnitId) {
        for (units, _) in &mut self.waiting {
            units.retain(|&waited| waited != unit);
        }
        self.attempts.remove(&unit);
        self.waiting.retain(|(units, _)| !units.is_empty());
    }

    /// Is not found any more.
    pub(in crate::run) fn close(&mut self) {
        if let Some(entry) = self.entry.take() {
            entry.remove();
        }
    }
}

impl Driver {
    /// Lets the run be found and tells of its life, when it is time; when it is next.
    pub(in crate::run) fn show_life(&mut self) -> Instant {
        let now = Instant::now();
        if self.control.opens.is_some_and(|opens| opens <= now) {
            self.control.opens = None;
            if let Err(error) = self.open_control() {
                tracing::warn!(%error, "this run cannot be asked or cancelled from outside");
            }
        }
        if self.control.next_beat <= now {
            self.control.next_beat = now + self.control.beat;
            self.beat();
        }
        self.control.opens.map_or(self.control.next_beat, |opens| opens.min(self.control.next_beat))
    }

    fn open_control(&mut self) -> io::Result<()> {
        self.describe();
        let Some(directory) = self.store.directory() else { return Ok(()) };
        ask::remove_dead();
        let entry = Entry::new(self.store.run().as_str(), directory)?;
        let socket = entry.socket();
        let listener = UnixListener::bind(&socket).inspect_err(|_| entry.remove())?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
        tokio::spawn(listen(listener, self.post.clone()));
        self.control.entry = Some(entry);
        self.meta.socket = Some(socket);
        self.store.write_meta(&self.meta);
        Ok(())
    }

    /// A heartbeat for every task that runs; for the run itself when none does.
    fn beat(&mut self) {
        let runs = |(unit, standing): (UnitId, Standing)| {
            matches!(standing, Standing::Running(_)).then_some(unit)
        };
        let standings = self.scheduler.standings(self.now());
        let mut running: Vec<UnitId> = standings.into_iter().filter_map(runs).collect();
        if running.is_empty() {
            running.push(UnitId::ROOT);
        }
        running.into_iter().for_each(|unit| self.emit(Kind::Heartbeat { unit }));
    }

    /// Answers somebody outside.
    pub(in crate::run) fn asked(&mut self, asked: Asked) {
        let Asked { request, stream } = asked;
        match request {
            Request::Status => answer(stream, &Answer::Status(self.status())),
            Request::Cancel(None) => {
                let tasks = self.meta.tasks.iter().map(|task| task.as_str().into()).collect();
                self.hold(stream, Answer::Stopping(tasks), vec![UnitId::ROOT]);
                self.signal.get_or_insert(libc::SIGTERM);
                self.inputs.push_back(Input::Cancel(Why::Signal(libc::SIGTERM)));
            }
            Request::Cancel(Some(name)) => self.cancel_task(&name, stream),
        }
    }

    fn cancel_task(&mut self, name: &str, stream: UnixStream) {
        let plan = self.scheduler.plan();
        let tasks = plan.units().filter(|(unit, planned)| {
            planned.work == Work::Call
                && *unit != UnitId::ROOT
                && self.scheduler.outcome(*unit).is_none()
        });
        let tasks: Vec<_> =
            tasks.map(|(unit, planned)| (unit, planned.task.clone(), planned.id.clone())).collect();
        let is_meant = |task: &str, id: &TaskId| task == name || *id == *name;
        let (meant, others): (Vec<_>, Vec<_>) =
            tasks.into_iter().partition(|(_, task, id)| is_meant(task, id));
        if meant.is_empty() {
            let others = others.into_iter().map(|(_, task, _)| task).collect();
            return answer(stream, &Answer::Unknown(others));
        }
        let names = meant.iter().map(|(_, task, _)| task.clone()).collect();
        self.hold(stream, Answer::Stopping(names), meant.iter().map(|&(unit, ..)| unit).collect());
        for (unit, task, _) in meant {
            let text = format!("task `{task}` is cancelled from outside");
            self.say(Some(unit), Level::Warning, text.into());
            self.inputs.push_back(Input::CancelTask(unit));
        }
    }

    /// Answers at once, and keeps the connection until the units have ended.
    fn hold(&mut self, stream: UnixStream, said: Answer, units: Vec<UnitId>) {
        match stream.try_write(&line(&said)) {
            Ok(_) => self.control.waiting.push((units, stream)),
            Err(error) => tracing::debug!(%error, "who asked is gone"),
        }
    }
}

fn line(said: &Answer) -> Vec<u8> {
    let mut line = serde_json::to_vec(said).unwrap_or_default();
    line.push(b'\n');
    line
}

fn answer(mut stream: UnixStream, said: &Answer) {
    let line = line(said);
    tokio::spawn(async move {
        if let Err(error) = stream.write_all(&line).await {
            tracing::debug!(%error, "who asked is gone");
        }
    });
}

async fn listen(listener: UnixListener, post: UnboundedSender<Mail>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let post = post.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(PATIENCE, hear(stream)).await {
                        Ok(Ok(asked)) => drop(post.send(Mail::Asked(asked))),
                        Ok(Err(error)) => tracing::warn!(%error, "a question that makes no sense"),
                        Err(_) => tracing::warn!("somebody connected and asked nothing"),
                    }
                });
            }
            // No descriptor left: who asks waits until there is one.
            Err(error) => {
                tracing::warn!(%error, "a question has to wait");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn hear(mut stream: UnixStream) -> io::Result<Asked> {
    if stream.peer_cred()?.uid() != place::own_user() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user"));
    }
    let mut line = String::new();
    BufReader::new((&mut stream).take(LONGEST)).read_line(&mut line).await?;
    Ok(Asked { request: serde_json::from_str(&line)?, stream })
}
