//! How a run is shown: the mode that suits who reads it, and the reporters.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::FromRawFd;
use std::path::PathBuf;
use std::time::Duration;

use super::again;
use super::args::{Program, RunArgs};
use super::flags;
use super::settings::{OutputMode, Settings};
use crate::host::Host;
use crate::report::{
    self, Folds, GitHub, Jsonl, Look, Mode, Past, Reporter, Screen, Silence, StandIn, Summary, Told,
};
use crate::store::LogReader;
use crate::taskfile::model;
use crate::term;

/// Whether GitHub Actions reads what we write.
pub(super) fn is_github(host: &dyn Host) -> bool {
    host.env("GITHUB_ACTIONS").is_some_and(|value| flags::truth(&value).unwrap_or(false))
}

/// Who speaks beside the tasks and when all is over.
pub(super) enum End {
    /// We do, and tell what we said if somebody wants to know.
    Summary { silence: Option<Duration>, github: bool, summary: Option<String>, told: Option<Told> },
    /// We do, in go-task's words.
    StandIn { annotates: bool },
}

pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// The CI system that reads what we write, and can fold it.
pub(super) fn folds(program: Program, host: &dyn Host) -> Option<Folds> {
    let is_gitlab = || host.env("GITLAB_CI").is_some_and(|value| value == "true");
    match program {
        Program::Task => None,
        Program::Par if is_github(host) => Some(Folds::GitHub),
        Program::Par => is_gitlab().then_some(Folds::GitLab),
    }
}

pub(super) fn mode(
    program: Program,
    settings: &Settings,
    is_terminal: bool,
    host: &dyn Host,
) -> Mode {
    let folds = folds(program, host).filter(|_| !settings.silent.value && !is_terminal);
    match &settings.output.value {
        OutputMode::Auto if is_terminal && !term::is_dumb(&|name| host.env(name)) => Mode::Progress,
        OutputMode::Auto => folds.map_or(Mode::Auto, Mode::Folded),
        OutputMode::KeepOrder => Mode::KeepOrder,
        OutputMode::Errors => Mode::Errors,
        OutputMode::Style(model::Output::Interleaved) => Mode::Interleaved,
        OutputMode::Style(model::Output::Prefixed) => Mode::Prefixed,
        OutputMode::Style(model::Output::Group { error_only, .. }) => {
            Mode::Group { error_only: *error_only }
        }
    }
}

pub(super) fn look(args: &RunArgs, settings: &Settings, host: &dyn Host) -> Look {
    let is_terminal = io::stderr().is_terminal();
    let program = args.program;
    let word = match program {
        Program::Par => "par",
        Program::Task => "task",
    };
    Look {
        word,
        stands_in: program == Program::Task,
        style: settings.color.value.style(&|name| host.env(name), is_terminal),
        is_silent: settings.silent.value,
        is_verbose: settings.verbose.value,
        directory: host.cwd(),
        again: again::of(args, host),
    }
}

pub(super) fn reporters(
    mode: Mode,
    logs: LogReader,
    look: Look,
    past: Past,
    events: Option<&str>,
    end: End,
) -> io::Result<Vec<Box<dyn Reporter>>> {
    let screen = Screen::standard()?;
    let mut all = vec![report::mode(mode, screen.clone(), logs.clone(), &look, past)];
    match end {
        End::Summary { silence, github, summary, told } => {
            all.push(Box::new(Silence::new(screen.clone(), &look, silence)));
            if github || summary.is_some() {
                let summary = summary.map(PathBuf::from);
                all.push(Box::new(GitHub::new(screen.clone(), logs.clone(), github, summary)));
            }
            let summary = Summary::new(screen, logs, look);
            all.push(Box::new(match told {
                Some(told) => summary.telling(told),
                None => summary,
            }));
        }
        End::StandIn { annotates } => {
            all.push(Box::new(Silence::new(screen.clone(), &look, None)));
            all.push(Box::new(StandIn::new(screen, look, annotates)));
        }
    }
    if let Some(events) = events {
        all.push(Box::new(Jsonl::new(open_events(events)?)));
    }
    Ok(all)
}

/// `fd:N` or a file.
fn open_events(to: &str) -> io::Result<Box<dyn Write + Send>> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("--events {to}: {error}"));
    let Some(number) = to.strip_prefix("fd:") else {
        return Ok(Box::new(File::create(to).map_err(named)?));
    };
    let wrong = || io::Error::new(io::ErrorKind::InvalidInput, "no number of a descriptor");
    let number: i32 = number.parse().map_err(|_| named(wrong()))?;
    // SAFETY: the duplicate is ours alone.
    let own = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if own < 0 {
        return Err(named(io::Error::last_os_error()));
    }
    // SAFETY: as above; it is open.
    Ok(Box::new(unsafe { File::from_raw_fd(own) }))
}
