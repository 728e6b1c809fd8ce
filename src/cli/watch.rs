//! `--watch`, and tasks with `watch: true`: run again when their sources change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Program, Purpose, RunArgs};
use super::exit::Exit;
use super::planning::{planning, requests};
use super::prepare;
use super::remote::Network;
use super::run::run_now;
use super::say::Voice;
use super::settings::Settings;
use super::unknown;
use super::world::World;
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;
use crate::id::TaskIds;
use crate::resolve::{Reads, Request, Resolver, plan_ahead};
use crate::taskfile::Failure;
use crate::taskfile::model::Model;
use crate::watch::{self, Subject};

/// Names of the tasks of the command line, those to run once and those to watch.
pub(super) fn split(args: &RunArgs, model: &Model) -> (Vec<String>, Vec<String>) {
    let names = requests(&args.tasks).into_iter().map(|request| request.name.to_string());
    let is_watched = |name: &String| {
        let watches = || model.find("", name, None).is_ok_and(|found| found.task.watch);
        args.purpose == Purpose::Watch || watches()
    };
    names.partition(|name| !is_watched(name))
}

/// Runs the former once, then the latter again and again.
pub(super) fn run(
    args: &RunArgs,
    (once, watched): (Vec<String>, Vec<String>),
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    if let Err(wrong) = resolver(args, settings, model, host).begin(&requests(&args.tasks)) {
        return unknown::complain(&wrong, args.program, settings.fuzzy.value, model, voice, host);
    }
    let broken = |error: std::io::Error| {
        let message = format!("cannot watch files: {error}");
        voice.complain(&prepare::failure(Diagnostic::error(Fault::Other, message)))
    };
    if !once.is_empty() {
        let args = RunArgs { tasks: once, purpose: Purpose::Run, ..args.clone() };
        match watch::apart(&mut || run_now(&args, settings, model, voice, host).end()) {
            Ok(0) => {}
            Ok(code) => return Exit::Refused(code),
            Err(error) => return broken(error),
        }
    }
    let parts = watched.len();
    let word = match args.program {
        Program::Par => "par",
        Program::Task => "task",
    };
    voice.talk(&format!("{word}: Started watching for tasks: {}\n", watched.join(", ")));
    let (model, reads) = (model.clone(), vec![Vec::new(); parts]);
    let mut tasks = Tasks { args, watched, word, settings, model, voice, host, reads };
    match watch::watch(&mut tasks, parts, settings.interval.value) {
        Ok(()) => Exit::Success,
        Err(error) => broken(error),
    }
}

fn resolver(args: &RunArgs, settings: &Settings, model: &Arc<Model>, host: &dyn Host) -> Resolver {
    let ids = Arc::new(TaskIds::new("par", "watch", "0", "0", 0));
    Resolver::new(model.clone(), planning(args, settings, model, host), Arc::new(World), ids)
}

/// The tasks that are watched.
struct Tasks<'a> {
    args: &'a RunArgs,
    watched: Vec<String>,
    /// Our name.
    word: &'static str,
    settings: &'a Settings,
    model: Arc<Model>,
    voice: Voice,
    host: &'a dyn Host,
    /// What each of them, its dependencies and what it calls read.
    reads: Vec<Vec<Reads>>,
}

impl Tasks<'_> {
    /// The Taskfile as it is now; `None` where it came from stdin.
    fn load(&self) -> Option<Result<Model, Failure>> {
        let is_stdin = self.args.locate.taskfile.as_deref() == Some(Path::new("-"));
        let flags = &self.args.flags;
        let yes = flags.run.yes.unwrap_or(false);
        let network = Network { flags: &flags.remote, yes, is_allowed: true };
        let locate = &self.args.locate;
        (!is_stdin).then(|| prepare::model(self.args.program, locate, network, self.host))
    }

    /// The files that the model was read from; go-task never looks at them again.
    fn taskfiles(&self) -> Vec<PathBuf> {
        if self.args.program == Program::Task {
            return Vec::new();
        }
        let here = self.host.cwd();
        let paths = self.model.sources.paths().map(|path| here.join(path));
        paths.filter(|path| path.is_file()).collect()
    }

    fn say(&self, text: &str) {
        if self.settings.verbose.value {
            self.voice.talk(&format!("{}: {text}\n", self.word));
        }
    }

    fn below(&self, path: &Path) -> String {
        path.strip_prefix(&self.model.root_dir).unwrap_or(path).display().to_string()
    }
}

impl Subject for Tasks<'_> {
    fn renew(&mut self, part: usize) -> bool {
        match self.load() {
            Some(Ok(model)) => self.model = Arc::new(model),
            Some(Err(failure)) if self.args.program == Program::Par => {
                self.voice.complain(&failure);
                return false;
            }
            _ => {}
        }
        let requests: Vec<Request> = requests(&self.watched[part..=part]);
        let mut resolver = resolver(self.args, self.settings, &self.model, self.host);
        if let Ok(ahead) = plan_ahead(&mut resolver, &requests, self.host) {
            self.reads[part] =
                ahead.fragments.iter().filter_map(|(unit, _)| resolver.reads(*unit)).collect();
        }
        true
    }

    fn files(&mut self, part: usize) -> BTreeSet<PathBuf> {
        let read = self.reads[part].iter().flat_map(|reads| reads.files(self.host));
        read.chain(self.taskfiles()).collect()
    }

    fn run(&mut self, part: usize) -> ! {
        let tasks = vec![self.watched[part].clone()];
        let args = RunArgs { tasks, purpose: Purpose::Run, ..self.args.clone() };
        run_now(&args, self.settings, &self.model, self.voice, self.host).end()
    }

    fn ended(&mut self, part: usize, success: bool) {
        if success {
            let (word, task) = (self.word, &self.watched[part]);
            self.voice.talk(&format!("{word}: task \"{task}\" finished running\n"));
        }
    }

    fn follows(&mut self, directory: &Path) {
        self.say(&format!("watching new dir: {}", self.below(directory)));
    }

    fn warn(&mut self, text: &str) {
        self.voice.talk(&format!("{}: {text}\n", self.word));
    }

    fn changed(&mut self, file: &Path) {
        let text = format!("changed: {}", self.below(file));
        match self.args.program {
            Program::Par if !self.settings.silent.value => self.warn(&text),
            _ => self.say(&text),
        }
    }
}
