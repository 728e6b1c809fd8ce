//! From a rendered command to a process.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::driver::{Driver, Name};
use crate::event::{Status, Stream, Usage};
use crate::exec::jobserver::Offer;
use crate::exec::{Capture, Done, Job, Options, StartError, Stdin, Trivial, shell};
use crate::host::Env;
use crate::id::UnitId;
use crate::resolve::Launch;
use crate::schedule::{Exit, Input};

/// A command that has its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) unit: UnitId,
    pub(super) attempt: u32,
    pub(super) captured: bool,
    pub(super) alone: bool,
}

/// So many are tried in vain before the others, thousands perhaps, are taken to be as unlucky.
const TRIES: usize = 8;

impl Driver {
    /// Starts a command, or lets it wait behind those that wait already.
    pub(super) fn start(&mut self, start: Start) {
        if !self.postponed.is_empty() || !self.is_begun(start) {
            self.postponed.push(start);
        }
    }

    /// Starts what could not be started before.
    pub(super) fn start_postponed(&mut self) {
        let mut waiting = std::mem::take(&mut self.postponed).into_iter();
        while self.postponed.len() < TRIES
            && let Some(start) = waiting.next()
        {
            if !self.is_begun(start) {
                self.postponed.push(start);
            }
        }
        self.postponed.extend(waiting);
    }

    /// Starts a command, unless that takes something which others hold.
    fn is_begun(&mut self, start: Start) -> bool {
        let unit = start.unit;
        let exit = match self.try_start(start) {
            Ok(None) => return true,
            Ok(Some(exit)) => exit,
            Err(StartError::Busy(error)) => {
                tracing::debug!(?unit, %error, "postponed");
                self.headroom.free(unit);
                return false;
            }
            Err(error) => Exit::NotStarted(error.to_string()),
        };
        self.headroom.free(unit);
        self.keyboard.as_mut().into_iter().for_each(|keyboard| keyboard.take_back(unit));
        self.launches.remove(&unit);
        self.inputs.push_back(Input::Exited { unit, exit });
        true
    }

    pub(super) fn forget_postponed(&mut self, unit: UnitId) -> bool {
        let before = self.postponed.len();
        self.postponed.retain(|start| start.unit != unit);
        self.postponed.len() < before
    }

    /// `Some` when it has ended already.
    fn try_start(&mut self, start: Start) -> Result<Option<Exit>, StartError> {
        let Some(launch) = self.launches.get(&start.unit).cloned() else {
            return Ok(Some(Exit::NotStarted("it was never rendered".into())));
        };
        self.ensure_directory(launch.dir())
            .map_err(|error| StartError::Directory(launch.dir().to_path_buf(), error))?;
        if self.shown_only.remove(&start.unit) {
            return Ok(Some(Exit::Ended(Status::Code(0), Usage::default())));
        }
        let trivial = self.trivial(start, &launch);
        if trivial.is_none() {
            // What is said of the run names the process that it will have been.
            self.processes.guard()?;
        }
        self.describe();
        self.open_sinks(&launch)?;
        if let Some(exit) = trivial.and_then(|trivial| self.try_here(start, &launch, trivial)) {
            return Ok(Some(exit));
        }
        let offer = self.offer(&launch)?;
        let is_client = offer.is_some();
        let job = self.job(start, &launch, offer)?;
        if !start.captured {
            // Whatever stands on the terminal must be complete before somebody else writes to it.
            self.reports().flush();
            self.keyboard.as_mut().into_iter().for_each(|keyboard| keyboard.lend(start.unit));
        }
        if start.captured {
            self.headroom.keep(start.unit, self.processes.running())?;
        }
        self.processes.start(Name::Unit(start.unit), &job)?;
        self.watch_for_stalls(start.unit);
        if is_client {
            self.jobs.joined(start.unit);
        }
        self.mask(start.unit, &launch);
        Ok(None)
    }

    /// What is to be done, if it needs no process.
    fn trivial(&self, start: Start, launch: &Launch) -> Option<Trivial> {
        let trivial = self.shell.trivial(launch.text(), &options(launch))?;
        (start.captured || trivial.output.is_empty()).then_some(trivial)
    }

    /// Does it; `None` when it takes a process after all.
    fn try_here(&mut self, start: Start, launch: &Launch, trivial: Trivial) -> Option<Exit> {
        let Done { output, code } = trivial.perform(launch.dir())?;
        self.mask(start.unit, launch);
        if let Some((stream, bytes)) = output {
            let is_merged = matches!(self.capture(start, launch), Capture::Merged);
            self.printed(start.unit, if is_merged { Stream::Stdout } else { stream }, &bytes);
        }
        self.finish_masks(start.unit);
        Some(Exit::Ended(Status::Code(code), Usage::default()))
    }

    fn job(
        &mut self,
        start: Start,
        launch: &Launch,
        offer: Option<Offer>,
    ) -> Result<Job, StartError> {
        let calls = launch.text().contains("task:");
        let programs = if calls { self.programs(launch.text()) } else { None };
        let path = search_path(launch.env(), programs.as_ref());
        let options = options(launch);
        let command = self
            .shell
            .command(launch.text(), &options, path.as_ref(), launch.dir())
            .map_err(StartError::Other)?;
        let capture = self.capture(start, launch);
        let pipeline = match capture {
            Capture::Merged | Capture::Separate => self
                .shell
                .pipeline(launch.text(), &options, path.as_ref(), launch.dir())
                .map_err(StartError::Other)?,
            _ => None,
        };
        let (flags, kept) = offer.map(|offer| (offer.flags, offer.kept)).unzip();
        Ok(Job {
            command,
            pipeline,
            env: self.environment(start, launch, calls.then_some(path), flags),
            dir: launch.dir().to_path_buf(),
            stdin: self.stdin(start)?,
            capture,
            kept: kept.unwrap_or_default(),
        })
    }

    /// The folder of `task:NAME` programs, and the socket they call.
    fn programs(&mut self, text: &str) -> Option<PathBuf> {
        let names = shell::mentions_task_program(text);
        match self.server.programs(&self.resolver, names) {
            Ok(folder) => Some(folder),
            Err(error) => {
                let text = format!("`task:NAME` cannot be called from commands: {error}");
                self.say(None, crate::event::Level::Warning, text.into());
                None
            }
        }
    }

    /// Commands that run side by side must not fight for one input.
    fn stdin(&self, start: Start) -> Result<Stdin, StartError> {
        if let Some(forward) = self.forward_of(start.unit) {
            let copy: OwnedFd = forward.stdin.try_clone().map_err(StartError::Other)?;
            return Ok(Stdin::Fd(copy));
        }
        let own = match self.stream.stdin_is_terminal {
            true => !start.captured,
            false => start.alone,
        };
        Ok(if own { Stdin::Inherit } else { Stdin::Null })
    }

    fn capture(&self, start: Start, launch: &Launch) -> Capture {
        if !start.captured {
            return Capture::Inherit;
        }
        let same = |one: Option<&Arc<_>>, other: Option<&Arc<_>>| match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        if self.resolver.is_gate(start.unit) {
            return Capture::Separate;
        }
        let merged = match (launch.stdout(), self.forward_of(start.unit)) {
            (Some(_), _) => same(launch.stdout(), launch.stderr()),
            (None, _) if launch.stderr().is_some() => false,
            (None, Some(forward)) => forward.merged,
            (None, None) => self.stream.merged,
        };
        if merged { Capture::Merged } else { Capture::Separate }
    }
}

/// Mostly it is there, and asking is cheaper than trying to make it.
pub(super) fn make_directory(dir: &Path) -> io::Result<()> {
    if dir.is_dir() { Ok(()) } else { std::fs::create_dir_all(dir) }
}

fn options(launch: &Launch) -> Options {
    Options { set: launch.set().clone(), shopt: launch.shopt().clone() }
}

fn search_path(env: &Env, programs: Option<&PathBuf>) -> String {
    let path = env.get("PATH").map_or("", |path| path);
    match programs {
        Some(folder) => format!("{}:{path}", folder.display()),
        None => path.to_string(),
    }
}
