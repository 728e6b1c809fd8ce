//! Taskfiles from the network, as the command line, the environment and `.taskrc.yml` want them.
//!
//! Nothing of it is looked at before the first such Taskfile.

use std::cell::OnceCell;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::args::Program;
use super::exit::Exit;
use super::flags::{self, Locate, RemoteFlags};
use super::prepare;
use super::say::Voice;
use super::settings;
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;
use crate::host::os::Os;
use crate::remote::{Fetcher, Wishes};
use crate::taskfile::{self, Fetched, Remote};

/// What is said of the network on a command line.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// The flags.
    pub flags: &'a RemoteFlags,
    /// Whether every question is answered with yes.
    pub yes: bool,
    /// Whether the user may be asked, and anything fetched.
    pub is_allowed: bool,
}

impl Network<'_> {
    /// The reader of Taskfiles from the network.
    pub(super) fn reader(self, program: Program, locate: &Locate) -> Rc<dyn Remote> {
        let (flags, locate, fetcher) = (self.flags.clone(), locate.clone(), OnceCell::new());
        Rc::new(Reader {
            flags,
            yes: self.yes,
            is_allowed: self.is_allowed,
            program,
            locate,
            fetcher,
        })
    }
}

#[derive(Debug)]
struct Reader {
    flags: RemoteFlags,
    yes: bool,
    is_allowed: bool,
    program: Program,
    locate: Locate,
    fetcher: OnceCell<Fetcher>,
}

impl Remote for Reader {
    fn read(&self, url: &str, root: &Path, pinned: Option<&str>) -> Result<Fetched, Diagnostic> {
        if self.fetcher.get().is_none() {
            let mut wishes = wishes(&self.flags, &self.locate, &Os)?;
            wishes.yes |= self.yes;
            wishes.offline |= !self.is_allowed;
            let _ = self.fetcher.set(fetcher(wishes, self.program));
        }
        self.fetcher.get().expect("it was set").read(url, root, pinned)
    }
}

fn fetcher(wishes: Wishes, program: Program) -> Fetcher {
    let state = match program {
        Program::Par => |root: &Path| root.join(crate::store::STATE),
        Program::Task => |root: &Path| root.join(".task"),
    };
    let tell = |text: &str| Voice::new(&Os).talk(&format!("warning: {text}\n"));
    Fetcher::new(wishes, state, Box::new(ask), Box::new(tell))
}

/// Asks whoever sits at the terminal.
fn ask(question: &str) -> io::Result<bool> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    write!(output, "{question} [y/N]: ")?;
    output.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// `--clear-cache`: removes what was downloaded for the project.
pub(super) fn clear(
    flags: &RemoteFlags,
    program: Program,
    locate: &Locate,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    let root = match prepare::root_dir(locate, host) {
        Ok(root) => root,
        Err(failure) => return voice.complain(&failure),
    };
    let cleared = wishes(flags, locate, host).and_then(|wishes| {
        fetcher(wishes, program).clear(&root).map_err(|error| {
            Diagnostic::error(
                Fault::Other,
                format!("what was downloaded cannot be removed: {error}"),
            )
        })
    });
    match cleared {
        Ok(()) => Exit::Success,
        Err(wrong) => voice.complain(&prepare::failure(wrong)),
    }
}

/// Flags, then the environment, then `.taskrc.yml`.
fn wishes(flags: &RemoteFlags, locate: &Locate, host: &dyn Host) -> Result<Wishes, Diagnostic> {
    let said = settings::remote_taskrc(locate, host)?;
    let env = |name: &str| host.env(&format!("TASK_REMOTE_{name}")).filter(|v| !v.is_empty());
    let truth = |name: &str| env(name).and_then(|text| flags::truth(&text).ok());
    let time = |name: &str| env(name).and_then(|text| taskfile::duration(&text));
    let time_of = |text: &Option<String>| text.as_deref().and_then(taskfile::duration);
    let path = |name: &str| env(name).map(Into::into);
    let hosts =
        || env("TRUSTED_HOSTS").map(|all| all.split(',').map(|h| h.trim().into()).collect());
    let given = Some(flags.trusted_hosts.clone()).filter(|hosts| !hosts.is_empty());
    let is = |flag: Option<bool>, name: &str, file: Option<bool>| {
        flag.or_else(|| truth(name)).or(file).unwrap_or(false)
    };
    let expiry =
        flags.expiry.or_else(|| time("CACHE_EXPIRY")).or_else(|| time_of(&said.cache_expiry));
    Ok(Wishes {
        insecure: is(flags.insecure, "INSECURE", said.insecure),
        offline: is(flags.offline, "OFFLINE", said.offline) && flags.download != Some(true),
        download: flags.download.unwrap_or(false),
        yes: host.env("TASK_ASSUME_YES").is_some_and(|text| flags::truth(&text).unwrap_or(false)),
        timeout: flags.timeout.or_else(|| time("TIMEOUT")).or_else(|| time_of(&said.timeout)),
        expiry: expiry.unwrap_or(Duration::ZERO),
        cache: flags.remote_cache_dir.clone().or_else(|| path("CACHE_DIR")).or(said.cache_dir),
        trusted_hosts: given.or_else(hosts).or(said.trusted_hosts).unwrap_or_default(),
        cacert: flags.cacert.clone().or_else(|| path("CACERT")).or(said.cacert),
        cert: flags.cert.clone().or_else(|| path("CERT")).or(said.cert),
        cert_key: flags.cert_key.clone().or_else(|| path("CERT_KEY")).or(said.cert_key),
    })
}
