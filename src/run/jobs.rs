//! Slots shared with other programs: what the run does not use, make and its like may, and the other way round.
//!
//! A token in the jobserver's pipe is a slot that the run has given away. It gives away what is free while
//! nothing waits for it, and takes back, token by token, when something does.

use std::collections::HashMap;
use std::ffi::CString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::driver::{Driver, Name};
use crate::event::Level;
use crate::exec::jobserver::{Client, Form, Jobserver, MOST, Make, Offer, client};
use crate::exec::{
    self, Capture, Environment, Job, Leftovers, StartError, Stdin, Variables, shell,
};
use crate::id::{UnitId, UnitSet};
use crate::resolve::Launch;
use crate::schedule::{Input, Options};

/// The run's part in jobservers.
pub(super) struct Jobs {
    /// The number of jobs is a limit for everything below this run.
    limits: bool,
    shares: bool,
    /// Every command is told of it.
    strict: bool,
    slots: u32,
    jobserver: Option<Jobserver>,
    /// Running commands that know of our jobserver.
    clients: UnitSet,
    makes: Vec<Asked>,
    known: HashMap<(String, &'static str), usize>,
}

/// A make that was asked for its version.
struct Asked {
    said: Vec<u8>,
    make: Option<Make>,
}

impl Jobs {
    pub(super) fn new(shares: bool, strict: bool, options: &Options) -> Jobs {
        Jobs {
            limits: shares,
            shares: shares && !options.sequential && (2..=MOST).contains(&options.slots),
            strict,
            slots: options.slots,
            jobserver: None,
            clients: UnitSet::default(),
            makes: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Returns when there may be a token to take.
    pub(super) async fn token(&self) {
        match &self.jobserver {
            Some(jobserver) => jobserver.readable().await,
            None => std::future::pending().await,
        }
    }

    /// Whether there is a jobserver around this run, which its commands are told of as well.
    pub(super) fn limits(&self) -> bool {
        self.limits
    }

    pub(super) fn is_client(&self) -> bool {
        self.jobserver.as_ref().is_some_and(|jobserver| !jobserver.is_server())
    }

    /// What a command is told that knows of no jobserver: as a make without one, a run in it has one slot,
    /// which is the command's own.
    pub(super) fn limit_below(&self) -> Option<(&'static str, String)> {
        (self.limits && !self.is_client()).then(|| ("PAR_JOBS", "1".into()))
    }

    /// A command that knows of our jobserver runs.
    pub(super) fn joined(&mut self, unit: UnitId) {
        self.clients.insert(unit);
    }

    pub(super) fn make_said(&mut self, make: usize, bytes: &[u8]) {
        self.makes[make].said.extend_from_slice(bytes);
    }

    pub(super) fn make_is_known(&mut self, make: usize) {
        let asked = &mut self.makes[make];
        asked.make = Some(Make::of_version(&String::from_utf8_lossy(&asked.said)));
    }
}

impl Driver {
    /// Takes part in the jobserver around this run: all slots but one come from there.
    pub(super) fn join_jobserver(&mut self) {
        if !self.jobs.shares {
            return;
        }
        match Jobserver::inherited() {
            None => {}
            Some(Ok(jobserver)) => {
                self.jobs.jobserver = Some(jobserver);
                self.inputs.push_back(Input::TokensOut(self.jobs.slots - 1));
            }
            Some(Err(error)) => {
                let text = format!(
                    "the jobserver in MAKEFLAGS cannot be reached and is not used: {error}; \
                     a line of a Makefile that begins with `+` passes it on"
                );
                self.say(None, Level::Warning, text.into());
                self.jobs.shares = false;
            }
        }
    }

    /// Gives away slots that nothing here waits for, or takes back what is waited for.
    pub(super) fn share_slots(&mut self) {
        while let Some(jobserver) = &mut self.jobs.jobserver {
            let spare = self.scheduler.free_slots().min(jobserver.held());
            let is_used = !jobserver.is_server() || !self.jobs.clients.is_empty();
            let input = if self.scheduler.wants_slot() {
                if !jobserver.take() {
                    return;
                }
                Input::TokensIn(1)
            } else if spare > 0 && is_used {
                jobserver.give(spare);
                Input::TokensOut(spare)
            } else {
                return;
            };
            self.inputs.push_back(input);
            self.step();
        }
    }

    /// A command has ended. With the last that knew of our jobserver, all tokens are ours again, also those
    /// that programs had which were killed.
    pub(super) fn left_jobserver(&mut self, unit: UnitId) {
        let was_last = self.jobs.clients.remove(&unit) && self.jobs.clients.is_empty();
        if let (true, Some(jobserver)) = (was_last, &mut self.jobs.jobserver) {
            self.inputs.push_back(Input::TokensIn(jobserver.reclaim()));
        }
    }

    /// What a command is told of the jobserver. [`StartError::Busy`] as long as its make has not said which
    /// form it knows.
    pub(super) fn offer(&mut self, launch: &Launch) -> Result<Option<Offer>, StartError> {
        if !self.jobs.shares || self.jobs.is_client() {
            return Ok(None);
        }
        let anything = self.jobs.strict.then_some(Client::Make("make"));
        let form = match client(launch.text()).or(anything) {
            None => None,
            Some(Client::Knows(form)) => Some(form),
            Some(Client::Make(name)) => self.form(name, launch)?,
        };
        let Some(form) = form else { return Ok(None) };
        let flags = launch.env().get("MAKEFLAGS").map_or("", |flags| flags);
        let jobserver = self.served()?;
        Ok(jobserver.and_then(|jobserver| jobserver.offer(form, flags)))
    }

    /// Our jobserver, made if need be.
    fn served(&mut self) -> Result<Option<&Jobserver>, StartError> {
        if self.jobs.jobserver.is_none() {
            let slots = self.jobs.slots;
            let served = self.server.folder().and_then(|folder| Jobserver::serve(&folder, slots));
            match served.map_err(StartError::from) {
                Ok(jobserver) => self.jobs.jobserver = Some(jobserver),
                Err(error @ StartError::Busy(_)) => return Err(error),
                Err(error) => {
                    let text = format!("no jobserver for make and its like: {error}");
                    self.say(None, Level::Warning, text.into());
                    self.jobs.shares = false;
                }
            }
        }
        Ok(self.jobs.jobserver.as_ref())
    }

    /// The form that the make called `name` on a command's path knows.
    fn form(&mut self, name: &'static str, launch: &Launch) -> Result<Option<Form>, StartError> {
        let path = launch.env().get("PATH").map_or("", |path| path);
        let key = (path.to_owned(), name);
        let at = match self.jobs.known.get(&key) {
            Some(&at) => at,
            None => {
                let at = self.ask_make(name, launch)?;
                self.jobs.known.insert(key, at);
                at
            }
        };
        match self.jobs.makes[at].make {
            Some(make) => Ok(make.form()),
            None => Err(StartError::Busy(io::Error::other("its make has not said its version"))),
        }
    }

    fn ask_make(&mut self, name: &str, launch: &Launch) -> Result<usize, StartError> {
        let at = self.jobs.makes.len();
        let path = launch.env().get("PATH").map_or("", |path| path);
        let mut make = Some(Make::Absent);
        if let Some(program) = shell::find_program(name, path.as_ref(), launch.dir()) {
            let common = self.common.of(launch.env());
            let started = self.processes.start(Name::Make(at), &asking(&program, launch, common)?);
            make = match started {
                Ok(_) => None,
                Err(error @ StartError::Busy(_)) => return Err(error),
                Err(_) => Some(Make::Other),
            };
        }
        self.jobs.makes.push(Asked { said: Vec::new(), make });
        Ok(at)
    }
}

fn asking(program: &Path, launch: &Launch, common: Arc<Variables>) -> io::Result<Job> {
    let program = CString::new(program.as_os_str().as_encoded_bytes())?;
    let mut env = Environment::new(common, launch.dir());
    env.remove("MAKEFLAGS");
    Ok(Job {
        command: exec::Command {
            argv: vec![program.clone(), c"--version".into()],
            program,
            redirections: Vec::new(),
            otherwise: None,
            leftovers: Leftovers::Stay,
        },
        pipeline: None,
        env,
        dir: launch.dir().to_path_buf(),
        stdin: Stdin::Null,
        capture: Capture::Quiet,
        kept: Vec::new(),
    })
}
