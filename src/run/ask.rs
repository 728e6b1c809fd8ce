//! The scheduler's questions, answered by workers; the shells they need run in the loop.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::UnboundedSender;

use super::driver::{Driver, Mail, Name};
use super::freshness::{self, Findings};
use super::nesting;
use crate::diag::Diagnostic;
use crate::event::{Frame, Level, Status};
use crate::exec::guard;
use crate::exec::{self, Capture, Environment, Foreground, Job, Options, StartError, Stdin};
use crate::host::shell::in_directory;
use crate::host::{Entry, Host, Os, Output, Script, Sight};
use crate::id::UnitId;
use crate::plan::{Fragment, Work};
use crate::resolve::{self, Draft, Known, Launch, Resolver};
use crate::schedule::{Expanded, Input, Refusal, Rendered, Verdict};

/// go-task's exit code for a prompt that was not answered with yes.
const CANCELLED: i32 = 205;

/// A worker's answer.
pub(super) enum Answer {
    Expanded(UnitId, Result<Draft, Diagnostic>),
    /// A further attempt.
    Again(UnitId, Result<Draft, Diagnostic>),
    Searched(UnitId, bool),
    Cast(UnitId, Result<Draft, Diagnostic>),
    Checked(UnitId, resolve::Verdict, Findings),
    Rendered(UnitId, resolve::Rendered),
    Asked(UnitId, io::Result<bool>),
}

/// A script that a worker waits for.
pub(super) struct Wanted {
    unit: UnitId,
    script: Script,
    answer: SyncSender<io::Result<Output>>,
}

/// Scripts that run, and those that are to.
pub(super) struct Scripts {
    next: u64,
    running: HashMap<u64, Running>,
    /// Scripts beyond the most that run at a time, or for want of something that others hold.
    waiting: VecDeque<Wanted>,
    most: usize,
}

struct Running {
    unit: UnitId,
    output: Vec<u8>,
    answer: SyncSender<io::Result<Output>>,
}

impl Scripts {
    /// Scripts are short and take no slot, but a thousand at once would help nobody.
    pub(super) fn new(slots: u32) -> Scripts {
        let most = (slots as usize).saturating_mul(2).max(4);
        Scripts { next: 0, running: HashMap::new(), waiting: VecDeque::new(), most }
    }

    /// Whether some could not be started when there was room.
    pub(super) fn is_held_up(&self) -> bool {
        !self.waiting.is_empty() && self.running.len() < self.most
    }

    pub(super) fn output(&mut self, script: u64, bytes: &[u8]) {
        if let Some(running) = self.running.get_mut(&script) {
            running.output.extend_from_slice(bytes);
        }
    }

    pub(super) fn exited(&mut self, script: u64, status: Status) {
        if let Some(running) = self.running.remove(&script) {
            let output = Output { code: status.code(), stdout: running.output };
            // Nobody waits any more when the run is ending.
            let _ = running.answer.send(Ok(output));
        }
    }

    /// Those that run for `unit`.
    pub(super) fn of(&self, unit: UnitId) -> Vec<u64> {
        self.running.iter().filter(|(_, running)| running.unit == unit).map(|(&s, _)| s).collect()
    }
}

/// The machine, as a worker sees it: shells are asked for from the loop.
pub(super) struct Worker {
    unit: UnitId,
    post: UnboundedSender<Mail>,
}

impl Worker {
    pub(super) fn new(unit: UnitId, post: UnboundedSender<Mail>) -> Worker {
        Worker { unit, post }
    }
}

impl Host for Worker {
    fn env(&self, key: &str) -> Option<String> {
        Os.env(key)
    }

    fn environment(&self) -> Vec<(String, String)> {
        Os.environment()
    }

    fn cwd(&self) -> PathBuf {
        Os.cwd()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        Os.read(path)
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        Os.entry(path)
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        Os.owner(path)
    }

    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        Os.glob(dir, pattern)
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        Os.checksum(files)
    }

    fn sight(&self, path: &Path) -> io::Result<Sight> {
        Os.sight(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        Os.modified(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        Os.is_program(path)
    }

    fn connect(&self, address: &str, patience: Duration) -> io::Result<()> {
        Os.connect(address, patience)
    }

    fn shell(&self, script: &Script) -> io::Result<Output> {
        in_directory(script, |script| {
            let (answer, wait) = sync_channel(1);
            let gone = || io::Error::other("the run is ending");
            let wanted = Wanted { unit: self.unit, script: script.clone(), answer };
            self.post.send(Mail::Script(wanted)).map_err(|_| gone())?;
            wait.recv().map_err(|_| gone())?
        })
    }
}

impl Driver {
    /// Has `work` done by a worker, and its answer posted.
    pub(super) fn delegate(
        &self,
        unit: UnitId,
        work: impl FnOnce(&dyn Host) -> Answer + Send + 'static,
    ) {
        let post = self.post.clone();
        self.witness.spoil();
        guard::before_thread();
        tokio::task::spawn_blocking(move || {
            let worker = Worker { unit, post: post.clone() };
            // The loop is gone only when the run has ended.
            let _ = post.send(Mail::Answer(Box::new(work(&worker))));
        });
    }

    pub(super) fn expand(&mut self, unit: UnitId) {
        let expansion = self.resolver.expansion(unit, &self.known(unit));
        if expansion.is_quick() {
            let draft = expansion.run(&*self.witness);
            return self.answered(Answer::Expanded(unit, draft));
        }
        self.delegate(unit, move |host| Answer::Expanded(unit, expansion.run(host)));
    }

    pub(super) fn check(&mut self, unit: UnitId) {
        if self.is_stood_for(unit) {
            return;
        }
        let check = self.resolver.check(unit);
        let fingerprints = Arc::clone(&self.fingerprints);
        let is_about_files = check.is_about_files();
        let answer = move |host: &dyn Host| {
            let (verdict, findings) = freshness::check(check, &fingerprints, host);
            Answer::Checked(unit, verdict, findings)
        };
        match is_about_files {
            true => {
                let witness = Arc::clone(&self.witness);
                self.checks.ask(move || answer(&*witness));
            }
            false => self.delegate(unit, answer),
        }
    }

    /// Only a command with an `if` has to ask the machine.
    pub(super) fn render(&mut self, unit: UnitId) {
        let rendering = self.resolver.render(unit, &self.known(unit));
        if self.resolver.condition(unit).is_none() {
            let rendered = rendering.run(&Os);
            return self.answered(Answer::Rendered(unit, rendered));
        }
        self.delegate(unit, move |host| Answer::Rendered(unit, rendering.run(host)));
    }

    pub(super) fn known(&self, unit: UnitId) -> Known {
        Known { exit_code: self.scheduler.failed_code(unit), outputs: self.contexts.outputs() }
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        let input = match answer {
            Answer::Expanded(unit, draft) => {
                let stands = draft.as_ref().ok().and_then(|draft| self.stood_for(unit, draft));
                let adopt = Resolver::adopt;
                let expanded = stands.unwrap_or_else(|| self.expanded(unit, draft, adopt));
                Input::Expanded { unit, expanded }
            }
            Answer::Again(unit, draft) => {
                let expanded = self.expanded(unit, draft, Resolver::adopt_again);
                Input::Expanded { unit, expanded }
            }
            Answer::Cast(unit, draft) => {
                let next = self.cast(unit, draft);
                Input::Continued { unit, next }
            }
            Answer::Searched(unit, found) => Input::Searched { unit, found },
            Answer::Checked(unit, verdict, findings) => {
                self.note(unit, findings);
                match verdict {
                    resolve::Verdict::Ask(prompts) if self.scheduler.awaits(unit) => {
                        return self.prompt(unit, prompts);
                    }
                    verdict => Input::Checked { unit, verdict: self.verdict(unit, verdict) },
                }
            }
            Answer::Rendered(unit, rendered) => {
                Input::Rendered { unit, rendered: self.rendered(unit, rendered) }
            }
            Answer::Asked(unit, answer) => {
                self.keyboard.as_mut().into_iter().for_each(|keyboard| keyboard.asks(false));
                self.reports().resume();
                let task = &self.scheduler.plan().unit(unit).task;
                Input::Checked { unit, verdict: consent(task, answer) }
            }
        };
        self.inputs.push_back(input);
    }

    pub(super) fn refusal(&self, reason: &Diagnostic) -> Refusal {
        (self.explain)(reason, &self.sources)
    }

    fn expanded(
        &mut self,
        unit: UnitId,
        draft: Result<Draft, Diagnostic>,
        adopt: fn(&mut Resolver, UnitId, Draft) -> Fragment,
    ) -> Expanded {
        match draft {
            _ if !self.scheduler.awaits(unit) => Expanded::Omitted,
            Err(reason) => Expanded::Refused(self.refusal(&reason)),
            Ok(draft) => match draft.omission().cloned() {
                Some(why) => {
                    self.say(Some(unit), Level::Verbose, why);
                    Expanded::Omitted
                }
                None => {
                    let mut fragment = adopt(&mut self.resolver, unit, draft);
                    self.estimate(&mut fragment);
                    Expanded::Body(fragment)
                }
            },
        }
    }

    /// Puts in what was learned from earlier runs.
    pub(super) fn estimate(&self, fragment: &mut Fragment) {
        let commands = fragment.units.iter().filter(|(_, unit)| unit.work == Work::Command).count();
        for (_, unit) in &mut fragment.units {
            let Some(learned) = self.durations.get(&unit.task) else { continue };
            unit.estimate = Some(match unit.work {
                Work::Call => learned,
                Work::Command => learned / commands as u32,
            });
        }
    }

    fn verdict(&mut self, unit: UnitId, verdict: resolve::Verdict) -> Verdict {
        match verdict {
            resolve::Verdict::Run | resolve::Verdict::Ask(_) => Verdict::Run,
            resolve::Verdict::Granted(prompts) => {
                for prompt in prompts {
                    let text = format!("{prompt} [assuming yes]");
                    self.say(Some(unit), Level::Answer, text.into());
                }
                Verdict::Run
            }
            resolve::Verdict::UpToDate(message) => {
                if let Some(message) = message {
                    self.say(Some(unit), Level::Info, message);
                }
                Verdict::UpToDate
            }
            resolve::Verdict::Refused(reason) => Verdict::Refused(self.refusal(&reason)),
        }
    }

    fn rendered(&mut self, unit: UnitId, rendered: resolve::Rendered) -> Rendered {
        let (launch, dry) = match rendered {
            resolve::Rendered::Run(launch) => (launch, false),
            resolve::Rendered::Show(launch) => (launch, true),
            resolve::Rendered::Omit(why) => {
                self.say(Some(unit), Level::Verbose, why);
                return Rendered::Omitted;
            }
            resolve::Rendered::Refused(reason) => {
                return Rendered::Refused(self.refusal(&reason));
            }
        };
        let (echo, interactive, frame) =
            (launch.echo().cloned(), launch.interactive(), frame(&launch));
        if dry {
            self.shown_only.insert(unit);
        }
        self.launches.insert(unit, launch);
        let memory = if dry { 0 } else { self.need_of_memory(unit) };
        Rendered::Run { echo, interactive, frame, memory }
    }

    pub(super) fn start_script(&mut self, wanted: Wanted) {
        self.scripts.waiting.push_back(wanted);
        self.start_scripts();
    }

    /// Starts the scripts that there is room for.
    pub(super) fn start_scripts(&mut self) {
        while self.scripts.running.len() < self.scripts.most
            && let Some(wanted) = self.scripts.waiting.pop_front()
        {
            match self.try_script(&wanted) {
                Ok(()) => {}
                Err(StartError::Busy(error)) => {
                    tracing::debug!(%error, "a script has to wait");
                    return self.scripts.waiting.push_front(wanted);
                }
                // Nobody waits any more when the run is ending.
                Err(error) => drop(wanted.answer.send(Err(io::Error::other(error)))),
            }
        }
    }

    fn try_script(&mut self, wanted: &Wanted) -> Result<(), StartError> {
        let unit = wanted.unit;
        if !self.scheduler.awaits(unit) {
            return Err(StartError::Other(io::Error::other("stopped")));
        }
        let name = self.scripts.next;
        self.scripts.next += 1;
        let job = self.script_job(unit, &wanted.script).map_err(StartError::Other)?;
        self.processes.start(Name::Script(name), &job)?;
        let running = Running { unit, output: Vec::new(), answer: wanted.answer.clone() };
        self.scripts.running.insert(name, running);
        Ok(())
    }

    fn script_job(&mut self, unit: UnitId, script: &Script) -> io::Result<Job> {
        let options =
            Options { set: script.set.as_slice().into(), shopt: script.shopt.as_slice().into() };
        // A task's directory is made with its first command, but its variables may be asked for before.
        let dir = script.dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("/"));
        let path = script.env.get("PATH").map_or("", |path| path).as_ref();
        let command: exec::Command =
            self.shell.command(&script.text.as_str().into(), &options, path, dir)?;
        let pipeline = self.shell.pipeline(&script.text, &options, path, dir)?;
        let mut env = Environment::new(self.common.of(&script.env), dir);
        env.set(nesting::DEPTH, self.nesting.depth_below());
        env.set(nesting::CALLERS, self.nesting.callers(&self.scheduler.plan().unit(unit).task));
        Ok(Job {
            command,
            pipeline,
            env,
            dir: dir.to_path_buf(),
            stdin: if script.shows_stderr && !self.stream.stdin_is_terminal {
                Stdin::Inherit
            } else {
                Stdin::Null
            },
            capture: if script.shows_stderr { Capture::Stdout } else { Capture::Quiet },
            kept: Vec::new(),
        })
    }

    /// Puts questions to whoever sits at the terminal; without one the answer is no.
    fn prompt(&mut self, unit: UnitId, prompts: Vec<Arc<str>>) {
        self.reports().pause();
        self.keyboard.as_mut().into_iter().for_each(|keyboard| keyboard.asks(true));
        let guarded = self.processes.guard().ok();
        let is_terminal = self.stream.can_ask;
        let post = self.post.clone();
        tokio::task::spawn_blocking(move || {
            let answer = if is_terminal {
                let _foreground = guarded.and_then(Foreground::take);
                prompts.iter().try_fold(true, |yes, prompt| Ok(yes && confirm(prompt)?))
            } else {
                Err(io::ErrorKind::Unsupported.into())
            };
            let _ = post.send(Mail::Answer(Box::new(Answer::Asked(unit, answer))));
        });
    }
}

fn frame(launch: &Launch) -> Frame {
    let some = |text: &Arc<str>| (!text.is_empty()).then(|| text.clone());
    Frame {
        prefix: some(launch.prefix()),
        begin: some(launch.begin()),
        end: some(launch.end()),
        open: launch.interactive(),
    }
}

fn confirm(prompt: &str) -> io::Result<bool> {
    use std::io::Write;
    let mut out = io::stdout().lock();
    write!(out, "{prompt} [y/N]: ")?;
    out.flush()?;
    let mut line = String::new();
    match io::stdin().read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes")),
    }
}

fn consent(task: &str, answer: io::Result<bool>) -> Verdict {
    let why = match answer {
        Ok(true) => return Verdict::Run,
        Ok(false) => "by user".into(),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            "because it has a prompt and the environment is not a terminal. Use --yes (-y) to run anyway."
                .into()
        }
        Err(error) => format!("because its prompt was not answered: {error}"),
    };
    let message = format!("Task \"{task}\" cancelled {why}");
    Verdict::Refused(Refusal { code: CANCELLED, message })
}
