//! The surface: arguments and settings in, an exit code out.
//!
//! Everything is put together here; no other module knows of the command line.

mod again;
pub mod args;
mod ask;
mod cancel;
pub mod commands;
mod complete;
mod config;
mod convert;
pub mod exit;
pub mod flags;
mod grammar;
mod guess;
mod health;
mod idle;
mod init;
pub mod list;
mod logs;
mod man;
mod plan;
pub mod planning;
pub mod prepare;
mod ps;
pub mod remote;
mod rerun;
mod run;
pub mod say;
pub mod settings;
mod shown;
mod status;
mod summary;
mod unknown;
mod usage;
mod watch;
mod why;
mod world;

use std::cell::RefCell;
use std::ffi::OsString;

use args::{Invocation, Parsed, Program};
use exit::Exit;
use flags::Locate;
use say::Voice;

use crate::host::Host;
use crate::host::os::Os;

/// Does what the command line asks for; its first word is the name we were called by.
pub fn main(argv: &[OsString]) -> Exit {
    let host = Os;
    let voice = Voice::new(&host);
    let seen = Seen::default();
    match args::parse(argv, &|locate, name| has_task(locate, name, &seen, &host)) {
        Ok(Parsed { invocation, hidden }) => {
            if let Some(name) = hidden {
                let note = "`NAME` is a task of this Taskfile; the subcommand is `par :NAME`";
                voice.talk(&format!("note: {}\n", note.replace("NAME", name)));
            }
            perform(invocation, seen, voice, &host)
        }
        Err(error) => voice.complain(&prepare::failure(error)),
    }
}

/// The Taskfile that had to be looked at to understand the command line.
type Seen = RefCell<Option<(Locate, list::Known)>>;

/// A Taskfile that is missing or broken has no tasks; who needs it says so later.
fn has_task(locate: &Locate, name: &str, seen: &Seen, host: &dyn Host) -> bool {
    let is_stdin = locate.taskfile.as_deref().is_some_and(|path| path.as_os_str() == "-");
    let known = (!is_stdin).then(|| list::Known::of(locate, host)).flatten();
    let has = known.as_ref().is_some_and(|known| known.has(name));
    *seen.borrow_mut() = known.map(|known| (locate.clone(), known));
    has
}

fn perform(invocation: Invocation, seen: Seen, voice: Voice, host: &dyn Host) -> Exit {
    match invocation {
        Invocation::Text(text) => say::print(&text),
        Invocation::Experiments(locate) => match prepare::experiments(&locate, host) {
            Ok(text) => say::print(&text),
            Err(failure) => voice.complain(&failure),
        },
        Invocation::List(args) => {
            let seen = seen.into_inner().filter(|(locate, _)| *locate == args.locate);
            list::run(&args, seen.map(|(_, known)| known), voice, host)
        }
        Invocation::Logs(line) => logs::run(&line, voice, host),
        Invocation::Rerun(line) => rerun::run(&line, voice, host),
        Invocation::Ps(line) => ps::run(line, voice),
        Invocation::Cancel(line) => cancel::run(&line, voice),
        Invocation::Health(line) => health::run(line, voice),
        Invocation::Plan(line) => plan::run(&line, voice, host),
        Invocation::Why(line) => why::run(&line, voice, host),
        Invocation::Init(line) => init::run(&line, voice, host),
        Invocation::Config(line) => config::run(&line, voice, host),
        Invocation::Completions(shell) => say::print(&complete::script(shell)),
        Invocation::GoTaskCompletions(shell) => say::print(&completions(shell)),
        Invocation::Complete(line) => complete::run(&line, host),
        Invocation::Man => say::print(&man::page()),
        Invocation::Convert(line) => convert::run(&line, voice, host),
        Invocation::Run(args) => {
            let annotates = args.program == Program::Task && shown::is_github(host);
            run::run(&args, voice.annotating(annotates), host)
        }
        Invocation::ClearCache(args) => {
            remote::clear(&args.flags.remote, args.program, &args.locate, voice, host)
        }
        Invocation::Call(call) => run::call(call, voice),
    }
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut commands::go_task(), "task", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
