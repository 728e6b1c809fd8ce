//! What every command needs before it can do anything: the Taskfile and the settings.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Program;
use super::flags::{Flags, Locate, ParallelFlags, RemoteFlags};
use super::remote::Network;
use super::settings::{self, Environment, Files, Said, Settings};
use crate::diag::{Diagnostic, Fault, Severity};
use crate::host::Host;
use crate::taskfile::model::Model;
use crate::taskfile::{self, Dialect, Failure, Origin, Outline, Request};
use crate::term::Style;

/// What a command works with.
#[derive(Debug)]
pub struct Ready {
    /// The Taskfile; `None` when it could not be loaded and need not be.
    pub model: Option<Model>,
    /// How to run it.
    pub settings: Settings,
    /// Warnings about settings files, with the files.
    pub warnings: Failure,
}

/// Loads the Taskfile.
pub fn model(
    program: Program,
    locate: &Locate,
    network: Network,
    host: &dyn Host,
) -> Result<Model, Failure> {
    taskfile::load(&request(program, locate, Some(network))?, host)
        .map_err(|failure| way_out(failure, program))
}

/// Where there is no Taskfile, one can be made.
fn way_out(mut failure: Failure, program: Program) -> Failure {
    const INIT: &str = "`par init` makes one";
    for wrong in &mut failure.diagnostics {
        let is_searched = wrong.message.starts_with("no Taskfile in");
        if program == Program::Par && is_searched && !wrong.help.iter().any(|help| help == INIT) {
            wrong.help.insert(0, INIT.into());
        }
    }
    failure
}

/// What of the Taskfile these tasks need, without asking anybody or fetching anything.
pub fn known(
    names: &[String],
    program: Program,
    locate: &Locate,
    host: &dyn Host,
) -> Option<Model> {
    let flags = RemoteFlags::default();
    let network = Network { flags: &flags, yes: false, is_allowed: false };
    taskfile::load_for(names, &request(program, locate, Some(network)).ok()?, host).ok()
}

/// The names and descriptions of a large Taskfile; `None` where all of it has to be loaded.
pub fn outline(program: Program, locate: &Locate, host: &dyn Host) -> Option<Outline> {
    taskfile::outline(&request(program, locate, None).ok()?, host)
}

/// Where the state of runs is; the Taskfile there need not be right.
pub fn root_dir(locate: &Locate, host: &dyn Host) -> Result<PathBuf, Failure> {
    if let Some(remote) = locate.taskfile.as_deref().filter(|path| taskfile::is_remote(path)) {
        // Its tasks run where the user is.
        tracing::debug!(?remote, "is not read");
        return Ok(host.cwd().join(locate.dir.as_deref().unwrap_or(Path::new(""))));
    }
    taskfile::root_dir(&request(Program::Par, locate, None)?, host)
}

fn request(
    program: Program,
    locate: &Locate,
    network: Option<Network>,
) -> Result<Request, Failure> {
    let filled = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
    let taskfile = match filled(&locate.taskfile) {
        Some(path) if path.as_os_str() == "-" => Some(Origin::Text(stdin()?)),
        path => path.map(Origin::Path),
    };
    let dialect = match program {
        Program::Par => Dialect::Par,
        Program::Task => Dialect::GoTask,
    };
    let global = locate.global.unwrap_or(false);
    let remote = network.map(|network| network.reader(program, locate));
    let dir = filled(&locate.dir);
    Ok(Request { dialect, taskfile, dir, global, remote, found: None })
}

fn stdin() -> Result<Arc<str>, Failure> {
    let mut text = String::new();
    match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(text.into()),
        Err(error) => {
            let message = format!("the Taskfile on stdin cannot be read: {error}");
            Err(failure(Diagnostic::error(Fault::Other, message)))
        }
    }
}

/// One mistake without a place.
pub fn failure(diagnostic: Diagnostic) -> Failure {
    Failure { diagnostics: vec![diagnostic], ..Failure::default() }
}

/// What is said on the command line before a command can do anything.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whose defaults.
    pub program: Program,
    /// Which Taskfile.
    pub locate: &'a Locate,
    /// Our own flags.
    pub own: &'a ParallelFlags,
    /// go-task's flags.
    pub flags: &'a Flags,
}

impl<'a> Asked<'a> {
    /// What is said of the network.
    pub fn network(self) -> Network<'a> {
        let yes = self.flags.run.yes.unwrap_or(false);
        Network { flags: &self.flags.remote, yes, is_allowed: true }
    }
}

/// Loads the Taskfile and decides the settings.
pub fn ready(asked: Asked, host: &dyn Host) -> Result<Ready, Failure> {
    let model = model(asked.program, asked.locate, asked.network(), host)?;
    decide(asked, Some(model), host)
}

/// As [`ready`], when only tasks of these names are wanted; `found` is told the Taskfile before it is read.
pub fn ready_for(
    names: &[String],
    asked: Asked,
    found: fn(&Path),
    host: &dyn Host,
) -> Result<Ready, Failure> {
    let request = request(asked.program, asked.locate, Some(asked.network()))?;
    let model = taskfile::load_for(names, &Request { found: Some(found), ..request }, host)
        .map_err(|failure| way_out(failure, asked.program))?;
    decide(asked, Some(model), host)
}

/// Decides the settings; without a Taskfile, as if it said nothing of them.
pub fn decide(asked: Asked, model: Option<Model>, host: &dyn Host) -> Result<Ready, Failure> {
    let loaded = settings::load(asked.locate, asked.own.config.as_deref(), host)?;
    let files = Files { project: loaded.project, taskfile: model.as_ref(), user: loaded.user };
    let Asked { program, own, flags, .. } = asked;
    let said = Said { program, own, flags };
    let cpus = || u32::try_from(num_cpus::get()).unwrap_or(u32::MAX);
    let mut odd = loaded.warnings;
    let environment = match settings::with_taskrc(environment(host), asked.locate, host) {
        Ok(environment) => environment,
        // go-task goes on without the file, and says nothing.
        Err(error) if program == Program::Task => {
            odd.push(Diagnostic { severity: Severity::Warning, ..error });
            environment(host)
        }
        Err(error) => return Err(failure(error)),
    };
    let settings = settings::resolve(said, &environment, &files, cpus)
        .map_err(|diagnostics| Failure { diagnostics, ..Failure::default() })?;
    let warnings = Failure { diagnostics: odd, sources: loaded.sources };
    Ok(Ready { model, settings, warnings })
}

fn environment(host: &dyn Host) -> Environment {
    Environment::read(&|name| host.env(name))
}

/// The experiments of go-task and whether they are on.
pub fn experiments(locate: &Locate, host: &dyn Host) -> Result<String, Failure> {
    let environment = settings::with_taskrc(environment(host), locate, host).map_err(failure)?;
    let style = style(None, Program::Task, io::stdout().is_terminal(), host);
    Ok(environment.experiments(style))
}

/// Colours of text for a terminal or not, before settings are known.
pub fn style(flag: Option<bool>, program: Program, is_terminal: bool, host: &dyn Host) -> Style {
    let wanted = settings::color(flag, program, &environment(host)).value;
    wanted.style(&|name| host.env(name), is_terminal)
}
