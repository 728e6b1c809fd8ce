//! `par run` where there was nothing to do the last time, and nothing has changed since.
//!
//! The same words in the same place with the same environment, and everything that was seen of the machine as
//! it was: then the answer is the same, too. In doubt nothing is known, and the run goes its way.

use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use xxhash_rust::xxh3::Xxh3;

use super::args::{Program, Purpose, RunArgs};
use super::exit::Exit;
use super::flags::Locate;
use super::settings::Settings;
use crate::fingerprint::Idle;
use crate::host::{Host, Witness};
use crate::report::{Tale, Told};
use crate::taskfile::{self, model::Model};

/// What templates make of times depends on it.
const ZONE: &str = "/etc/localtime";
/// Variables that differ from shell to shell and mean nothing.
const NOISE: [&str; 3] = ["_", "SHLVL", "OLDPWD"];
/// Variables by which a run knows that it stands in another one.
const NESTED: &str = "PAR_DEPTH";

/// A request, and what is remembered of it.
pub(super) struct Question {
    idle: Idle,
    here: PathBuf,
    began: Instant,
    told: Told,
}

impl Question {
    /// For a request that may be answered so: one that is made of its words and where they were said.
    pub(super) fn of(args: &RunArgs, host: &dyn Host) -> Option<Question> {
        let is_plain = args.program == Program::Par
            && args.purpose == Purpose::Run
            && args.locate == Locate::default()
            && args.resumes.is_none()
            && args.repeats.is_none()
            && host.env(NESTED).is_none()
            // A job's summary tells of the tasks.
            && host.env("GITHUB_STEP_SUMMARY").is_none();
        // Somebody who looks on sees a run come and go.
        let is_seen = io::stdout().is_terminal() || io::stderr().is_terminal();
        if !is_plain || is_seen {
            return None;
        }
        let here = host.cwd();
        let idle = Idle::new(&here, key(&here, host)?);
        Some(Question { idle, here, began: Instant::now(), told: Told::default() })
    }

    /// Answers it, if the answer is known.
    pub(super) fn answer(&self) -> Option<Exit> {
        let told = self.idle.recall()?;
        let tale: Tale = serde_json::from_slice(&told).ok()?;
        let text = tale.text(self.began.elapsed());
        io::stderr().write_all(text.as_bytes()).ok()?;
        Some(Exit::Success)
    }

    /// Where the run leaves what it says.
    pub(super) fn told(&self) -> Told {
        Arc::clone(&self.told)
    }

    /// The run has ended well. Remembers that, if there was nothing to do.
    pub(super) fn keep(&self, witness: &Witness, settings: &Settings, model: &Model) {
        let tale = self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_local = !model.sources.paths().any(taskfile::is_remote);
        let is_here = self.here == model.root_dir;
        if settings.events.value.is_some() || !is_local || !is_here || !model.warnings.is_empty() {
            return;
        }
        let Some(told) = tale.and_then(|tale| serde_json::to_vec(&tale).ok()) else { return };
        // Whether it can be looked at shows in what is seen.
        let _ = witness.sight(Path::new(ZONE));
        if let Some(facts) = witness.facts() {
            self.idle.keep(&told, &facts);
        }
    }
}

/// The program itself, which changes with every new one: that may find something to do.
#[cfg(target_os = "linux")]
fn own_program() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    // What is looked up in /proc of a process takes the kernel long to forget when it ends.
    // SAFETY: the kernel's own text, which is there as long as the process.
    let path = unsafe {
        let path = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        (!path.is_null()).then(|| CStr::from_ptr(path))?
    };
    Some(OsStr::from_bytes(path.to_bytes()).into())
}

/// The same where the kernel tells it otherwise.
#[cfg(not(target_os = "linux"))]
fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Stands for all that a request consists of: the program and its words, who says them where, and the environment.
fn key(here: &Path, host: &dyn Host) -> Option<u128> {
    let mut key = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        key.update(&(bytes.len() as u64).to_le_bytes());
        key.update(bytes);
    };
    let own = host.sight(&own_program()?).ok()?.stamp;
    add(format!("{own:?} {}", rustix::process::geteuid().as_raw()).as_bytes());
    add(here.as_os_str().as_bytes());
    let words: Vec<_> = std::env::args_os().collect();
    add(&words.len().to_le_bytes());
    words.iter().for_each(|word| add(word.as_bytes()));
    let mut environment: Vec<_> =
        std::env::vars_os().filter(|(name, _)| NOISE.iter().all(|noise| name != noise)).collect();
    environment.sort();
    for (name, value) in environment {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    Some(key.digest128())
}
