//! The loop: one owner of scheduler, processes and books, told by signals, processes, workers and programs.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use tokio::sync::mpsc;

use super::{
    Cause, Ended, Explain, Order, ask, checks, claims, clock, contexts, control, environment,
    forward, gates, headroom, jobs, keyboard, lending, mask, memory, nesting, output, ready,
    resume, server, shortage, stages, stalls, start,
};
use crate::diag::Diagnostic;
use crate::event::{At, Event, Failure, Kind, Level, Outcome, Status, Stream, VERSION, Why};
use crate::exec::guard;
use crate::exec::{Notice, Processes, Shell};
use crate::fingerprint::{Fingerprints, Pending};
use crate::host::{Entry, Host, Witness};
use crate::id::{UnitId, UnitMap, UnitSet};
use crate::plan::{Fragment, Work};
use crate::report;
use crate::resolve::{self, Launch, Request, Resolver};
use crate::schedule::{Effect, Input, Options, Scheduler, Stop};
use crate::source::SourceMap;
use crate::store::{Durations, End, Endings, EventLog, Logs, META_VERSION, Meta, Store};

/// So few tasks may turn out to need no process at all.
const FEW: usize = 32;

/// Events and logs become visible to others at the latest after this.
const VISIBLE: Duration = Duration::from_millis(100);

/// A run that is over before has written little.
const SHORT: Duration = Duration::from_secs(1);

/// How long what could not be started for want of something waits, if nothing ends before.
const RETRY: Duration = Duration::from_millis(50);

/// So long the plan is worked out further before it is looked what has happened meanwhile.
const ATTENTION: Duration = Duration::from_millis(1);

/// So much is told even while there is still something to start.
const MUCH_NEWS: usize = 256;

/// go-task's exit code for mistakes without one of their own.
const OTHER: i32 = 1;
/// go-task's exit code for a failed task.
const FAILED: i32 = 201;

/// What a process was started for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Name {
    /// A command.
    Unit(UnitId),
    /// A script of planning.
    Script(u64),
    /// A make that says its version.
    Make(usize),
}

/// What reaches the loop from elsewhere.
pub(super) enum Mail {
    Answer(Box<ask::Answer>),
    Answers(Vec<ask::Answer>),
    Script(ask::Wanted),
    Call(server::Called),
    Deserted(UnitId),
    /// Somebody outside asks or wants something.
    Asked(control::Asked),
    /// A server serves.
    Ready(UnitId),
    /// A success is remembered, or cannot be.
    Remembered(UnitId),
    /// What a reporter wrote did not arrive.
    Unwritten,
}

pub(super) struct Driver {
    pub(super) scheduler: Scheduler,
    pub(super) resolver: Resolver,
    pub(super) processes: Processes<Name>,
    pub(super) shell: Arc<Shell>,
    pub(super) nesting: nesting::Nesting,
    pub(super) clock: clock::Clock,
    pub(super) headroom: headroom::Headroom,
    pub(super) mail: mpsc::UnboundedReceiver<Mail>,
    pub(super) post: mpsc::UnboundedSender<Mail>,
    pub(super) inputs: VecDeque<Input>,
    /// Calls whose bodies are still to be worked out.
    pub(super) unknown: VecDeque<UnitId>,
    pub(super) launches: UnitMap<Launch>,
    /// Commands that are to be shown only.
    pub(super) shown_only: UnitSet,
    pub(super) scripts: ask::Scripts,
    pub(super) checks: checks::Checks,
    /// The machine, as far as planning sees it from the loop.
    pub(super) witness: Arc<Witness>,
    pub(super) sources: SourceMap,
    pub(super) explain: Explain,
    pub(super) store: Store,
    pub(super) endings: Endings,
    pub(super) resume: Option<resume::Resume>,
    pub(super) logs: Logs,
    pub(super) events: EventLog,
    /// What has happened and was not told yet: what can start is started first.
    pub(super) news: Vec<Event>,
    pub(super) reports: report::Handle,
    pub(super) sinks: output::Sinks,
    pub(super) masks: HashMap<(UnitId, Stream), mask::Mask>,
    pub(super) forwards: UnitMap<forward::Forward>,
    pub(super) server: server::Server,
    pub(super) jobs: jobs::Jobs,
    pub(super) keyboard: Option<keyboard::Keyboard>,
    /// Tasks are told that their output is shown in colour.
    pub(super) colours: bool,
    pub(super) claims: claims::Claims,
    pub(super) control: control::Control,
    pub(super) gates: gates::Watch,
    pub(super) stalls: stalls::Stalls,
    pub(super) lending: lending::Lending,
    pub(super) shortage: shortage::Shortage,
    pub(super) memory: memory::Memory,
    /// Directory of the root Taskfile.
    pub(super) root: PathBuf,
    /// Tasks that have ended.
    pub(super) ended: usize,
    /// Servers that are not known to serve.
    pub(super) tries: ready::Tries,
    /// Commands that could not be started for want of something that others hold.
    pub(super) postponed: Vec<start::Start>,
    pub(super) stream: output::Streams,
    /// The first signal that ended the run.
    pub(super) signal: Option<i32>,
    pub(super) durations: Durations,
    pub(super) fingerprints: Arc<Fingerprints>,
    /// Tasks with sources that run.
    pub(super) pending: UnitMap<Pending>,
    /// Successes that are being remembered.
    pub(super) commits: UnitSet,
    pub(super) flushed: Instant,
    /// Old runs have been removed while there was nothing else to do.
    has_pruned: bool,
    /// There are events since then.
    pub(super) is_dirty: bool,
    /// What the run says of itself.
    pub(super) meta: Meta,
    /// It has said so: something was started.
    pub(super) is_described: bool,
    /// What tasks leave for those after them.
    pub(super) contexts: contexts::Contexts,
    pub(super) common: environment::Common,
    /// What gates have said.
    pub(super) heard: stages::Heard,
}

impl Driver {
    pub(super) fn new(
        mut order: Order,
        nesting: nesting::Nesting,
    ) -> anyhow::Result<Result<(Driver, Fragment), Vec<Diagnostic>>> {
        let mut processes = Processes::new().context("cannot hear of processes")?;
        // Many tasks take a process sooner or later, and splitting this one costs by what it has grown to.
        if order.keys || order.resolver.tasks() > FEW {
            processes.guard().context("cannot guard the run's processes")?;
        }
        let fragment = match order.resolver.begin(&order.requests) {
            Ok(fragment) => fragment,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let unmet = order.resolver.unmet(&order.requests, &*order.witness);
        if !unmet.is_empty() {
            return Ok(Err(unmet));
        }
        let keyboard = match order.keys {
            true => processes.guard().and_then(keyboard::Keyboard::open).ok(),
            false => None,
        };
        let (post, mail) = mpsc::unbounded_channel();
        let store = order.store;
        let meta = meta(&store, &order.requests, order.arguments);
        let reporters =
            (order.reporters)(store.reader()).context("cannot write to the terminal")?;
        let began = Instant::now();
        let unread = post.clone();
        let reports = report::handle(reporters, began, guard::before_thread, move |_| {
            let _ = unread.send(Mail::Unwritten);
        });
        let path = std::env::var_os("PATH");
        let shell = Shell::find(path.as_deref()).context("cannot run commands")?;
        let mut driver = Driver {
            scheduler: Scheduler::new(order.options.clone()),
            resolver: order.resolver,
            processes,
            shell: Arc::new(shell),
            nesting,
            clock: clock::Clock::beginning(began),
            headroom: headroom::Headroom::new(),
            root: order.root.clone(),
            mail,
            checks: checks::Checks::new(post.clone()),
            server: server::Server::new(post.clone()),
            control: control::Control::new(began),
            gates: gates::Watch::new(order.gates),
            stalls: stalls::Stalls::default(),
            lending: lending::Lending::default(),
            shortage: shortage::Shortage::default(),
            memory: memory::Memory::default(),
            ended: 0,
            jobs: jobs::Jobs::new(order.shares_jobs, order.strict_jobs, &order.options),
            keyboard,
            colours: order.colours,
            post,
            inputs: VecDeque::new(),
            unknown: VecDeque::new(),
            launches: UnitMap::default(),
            shown_only: UnitSet::default(),
            scripts: ask::Scripts::new(order.options.slots),
            witness: order.witness,
            sources: order.sources,
            explain: order.explain,
            claims: claims::Claims::new(store.locks(), std::env::var(claims::HELD).as_deref()),
            tries: ready::Tries::default(),
            logs: store.logs(),
            events: store.events(),
            news: Vec::new(),
            endings: store.endings(),
            resume: order.resume,
            store,
            reports,
            sinks: output::Sinks::default(),
            masks: HashMap::new(),
            forwards: UnitMap::default(),
            postponed: Vec::new(),
            stream: output::Streams::of_this_process(order.merges),
            signal: None,
            durations: order.durations,
            fingerprints: Arc::new(order.fingerprints),
            pending: UnitMap::default(),
            commits: UnitSet::default(),
            flushed: began,
            has_pruned: false,
            is_dirty: false,
            meta,
            is_described: false,
            contexts: contexts::Contexts::default(),
            common: environment::Common::default(),
            heard: stages::Heard::default(),
        };
        driver.introduce(&order.requests, &order.options, order.root);
        if !driver.shell.is_bash() {
            let text =
                "found no bash of release 4 or later: commands run in `sh`, which knows no `shopt`";
            driver.say(None, Level::Warning, text.into());
        }
        if driver.durations.are_damaged() {
            let text = "how long tasks took cannot be read, or not all of it: it is damaged, or of another version";
            driver.say(None, Level::Warning, text.into());
        }
        driver.join_jobserver();
        Ok(Ok((driver, fragment)))
    }

    pub(super) fn introduce(&mut self, requests: &[Request], options: &Options, root: PathBuf) {
        let kind = Kind::RunStarted {
            version: VERSION,
            run: self.store.run().clone(),
            tasks: requests.iter().map(|request| request.name.clone()).collect(),
            jobs: options.slots,
            parallel: !options.is_sequential(),
            unix_ms: self.meta.started,
            root,
        };
        self.publish(Event { at: At::default(), kind });
    }

    pub(super) fn now(&self) -> At {
        self.clock.at(Instant::now())
    }

    pub(super) async fn drive(mut self, fragment: Fragment) -> Ended {
        self.inputs.push_back(Input::Begin(fragment));
        loop {
            self.step();
            self.share_slots();
            if self.scheduler.is_finished() && self.commits.is_empty() {
                break;
            }
            self.wait().await;
        }
        self.end()
    }

    /// Gives the scheduler everything that is known, and does what it wants.
    pub(super) fn step(&mut self) {
        self.look_at_gates();
        self.look_at_memory();
        self.look_for_stalls();
        self.look_for_idle();
        let began = Instant::now();
        loop {
            while let Some(input) = self.next_input() {
                // Most questions are answered at once.
                self.scheduler.expect_more(true);
                let effects = self.scheduler.step(self.now(), input);
                effects.into_iter().for_each(|effect| self.carry_out(effect));
            }
            if began.elapsed() >= ATTENTION && !self.unknown.is_empty() {
                break;
            }
            if let Some(call) = self.unknown.pop_front() {
                self.expand(call);
                continue;
            }
            if !self.scheduler.holds_back() {
                break;
            }
            let effects = self.scheduler.start_held(self.now());
            effects.into_iter().for_each(|effect| self.carry_out(effect));
        }
        debug_assert!(self.inputs.is_empty(), "nobody would wake us for what is known already");
        let warnings = [self.store.take_warnings(), self.fingerprints.take_warnings()];
        for warning in warnings.into_iter().flatten() {
            self.say(None, Level::Warning, warning.into());
        }
        self.tell_news();
    }

    /// What is known and not told yet; what has ended gives back first what others may wait for.
    fn next_input(&mut self) -> Option<Input> {
        if self.inputs.is_empty() {
            self.give_back();
        }
        self.inputs.pop_front()
    }

    /// Waits for the next thing that happens.
    pub(super) async fn wait(&mut self) {
        if self.processes.running() > 0 && !std::mem::replace(&mut self.has_pruned, true) {
            self.store.prune(false);
        }
        let memory = self.watch_memory();
        let shortage = self.shortage.look();
        let told = self.reports.deliver_in_time();
        let visible = self.make_visible();
        let life = Some(self.show_life());
        let gate = self.watch_gates();
        let deadline = self.scheduler.next_deadline().map(|at| self.clock.moment(at));
        let is_held_up =
            !self.postponed.is_empty() || self.scripts.is_held_up() || self.claims.are_held_up();
        let retry = is_held_up.then(|| Instant::now() + RETRY);
        let looks = [self.next_look(), self.next_look_for_idle()];
        let wake =
            [deadline, retry, visible, life, gate, memory, told, shortage].into_iter().chain(looks);
        let wake = wake.flatten().min();
        if let Some(keyboard) = self.keyboard.as_mut().filter(|_| self.processes.running() > 0) {
            keyboard.listen();
        }
        tokio::select! {
            biased;
            notice = self.processes.next() => self.notice(notice),
            Some(mail) = self.mail.recv() => self.receive(mail),
            keys = keyboard::typed(self.keyboard.as_ref()) => self.typed(&keys),
            () = self.jobs.token(), if self.scheduler.wants_slot() => {}
            () = until(wake) => {
                if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    self.inputs.push_back(Input::Deadline);
                }
                self.start_postponed();
                self.start_scripts();
                self.try_claims();
            }
            // What has ended is heard of before it comes to this.
            () = tokio::task::yield_now(), if !self.unknown.is_empty() => {}
        }
    }

    /// Lets others see events and logs, not too often; when it is to be done next.
    pub(super) fn make_visible(&mut self) -> Option<Instant> {
        if !self.is_dirty {
            return None;
        }
        let next = self.flushed + VISIBLE;
        if Instant::now() < next {
            return Some(next);
        }
        self.events.flush();
        self.endings.flush();
        self.logs.flush();
        self.flushed = Instant::now();
        self.is_dirty = false;
        None
    }

    pub(super) fn notice(&mut self, notice: Notice<Name>) {
        match notice {
            Notice::Output(Name::Unit(unit), stream, bytes) => self.printed(unit, stream, &bytes),
            Notice::Output(Name::Script(script), _, bytes) => self.scripts.output(script, &bytes),
            Notice::Output(Name::Make(make), _, bytes) => self.jobs.make_said(make, &bytes),
            Notice::Exited(Name::Unit(unit), status, usage) => {
                self.exited(unit, status, usage);
                self.start_postponed();
                self.start_scripts();
            }
            Notice::Exited(Name::Script(script), status, _) => {
                self.processes.end_left(|name| name == Name::Script(script));
                self.scripts.exited(script, status);
                self.start_postponed();
                self.start_scripts();
            }
            Notice::Exited(Name::Make(make), ..) => {
                self.jobs.make_is_known(make);
                self.start_postponed();
            }
            Notice::Left(Name::Unit(unit), stream, bytes) => self.left_wrote(unit, stream, &bytes),
            Notice::Left(Name::Script(_) | Name::Make(_), ..) => {}
            Notice::Stopped(name, signal) => self.stopped(name, signal),
            Notice::Signal(signal) => self.signalled(signal),
        }
    }

    pub(super) fn receive(&mut self, mail: Mail) {
        match mail {
            Mail::Answer(answer) => self.answered(*answer),
            Mail::Answers(answers) => {
                self.checks.answered(answers.len());
                answers.into_iter().for_each(|answer| self.answered(answer));
            }
            Mail::Script(wanted) => self.start_script(wanted),
            Mail::Call(called) => self.called(called),
            Mail::Asked(asked) => self.asked(asked),
            Mail::Deserted(call) => self.inputs.push_back(Input::Abandoned(call)),
            Mail::Ready(server) => self.inputs.push_back(Input::Ready(server)),
            Mail::Remembered(unit) => {
                self.commits.remove(&unit);
                self.give_back();
            }
            Mail::Unwritten => self.inputs.push_back(Input::Cancel(Why::Unread)),
        }
    }

    pub(super) fn signalled(&mut self, signal: i32) {
        match signal {
            libc::SIGTSTP => {
                self.reports().pause();
                self.keyboard.as_mut().into_iter().for_each(keyboard::Keyboard::leave);
                let before = Instant::now();
                self.processes.suspend();
                self.clock.stood_still(before.elapsed());
                self.reports().resume();
            }
            libc::SIGINT | libc::SIGTERM | libc::SIGHUP | libc::SIGQUIT => {
                self.signal.get_or_insert(signal);
                self.inputs.push_back(Input::Cancel(Why::Signal(signal)));
            }
            libc::SIGUSR1 => self.reports().tell(),
            _ => {}
        }
    }

    fn typed(&mut self, keys: &[keyboard::Key]) {
        for key in keys {
            match key {
                keyboard::Key::Tell => self.reports().tell(),
            }
        }
    }

    /// A captured task that reads from the terminal would wait for ever.
    pub(super) fn stopped(&mut self, name: Name, signal: i32) {
        if let (Name::Unit(unit), libc::SIGTTIN | libc::SIGTTOU) = (name, signal) {
            let task = self.scheduler.plan().unit(unit).task.clone();
            let text = format!(
                "task `{task}` wants the terminal and is ended: give it `interactive: true`"
            );
            self.say(Some(unit), Level::Error, text.into());
            self.processes.signal(name, libc::SIGKILL);
        }
    }

    pub(super) fn carry_out(&mut self, effect: Effect) {
        if !matches!(effect, Effect::Expand(_) | Effect::Check(_) | Effect::Emit(_)) {
            // There is something to do.
            self.witness.spoil();
        }
        match effect {
            Effect::Expand(unit) => self.unknown.push_back(unit),
            Effect::Again(unit) => self.again(unit),
            // Only what is written as stages asks.
            Effect::Next(unit) => self.next_in_stage(unit),
            Effect::Search { unit, task, attempt } => self.search(unit, task, attempt),
            Effect::Claim { unit, claims } => self.claim(unit, claims),
            Effect::Release(unit) => self.release(unit),
            Effect::Check(unit) => self.check(unit),
            Effect::Render(unit) => self.render(unit),
            Effect::Start { unit, attempt, captured, alone } => {
                self.start(start::Start { unit, attempt, captured, alone });
            }
            Effect::Probe { unit, command } => self.probe(unit, command),
            Effect::Stop { unit, how } => self.stop(unit, how),
            Effect::Emit(kind) => self.emit(kind),
        }
    }

    pub(super) fn stop(&mut self, unit: UnitId, how: Stop) {
        let signal = match how {
            Stop::Forward(signal) => signal,
            Stop::Terminate => libc::SIGTERM,
            Stop::Kill => libc::SIGKILL,
        };
        tracing::debug!(?unit, signal, "stop");
        self.processes.signal(Name::Unit(unit), signal);
        for script in self.scripts.of(unit) {
            self.processes.signal(Name::Script(script), libc::SIGKILL);
        }
        if self.forget_postponed(unit) {
            let exit = crate::schedule::Exit::NotStarted("stopped before it could start".into());
            self.inputs.push_back(Input::Exited { unit, exit });
        }
    }

    pub(super) fn emit(&mut self, kind: Kind) {
        let event = Event { at: self.now(), kind };
        match &event.kind {
            Kind::Finished { unit, outcome, ignored, .. } => {
                tracing::debug!(?unit, ?outcome, ignored, "finished");
                self.remember(*unit, outcome);
                self.leave(*unit, outcome);
                self.keep_ending(*unit, outcome);
                self.control.ended(*unit);
                self.ended += usize::from(self.scheduler.plan().unit(*unit).work == Work::Call);
                self.stop_trying(*unit);
                self.ended(*unit);
            }
            Kind::RunFinished { outcome, wall, sequential } => {
                let (outcome, wall, sequential) = (outcome.clone(), *wall, *sequential);
                self.meta.end = Some(End { outcome, wall, sequential });
            }
            Kind::Began { unit, attempt } => {
                self.control.began(*unit, *attempt);
                self.make_directory(*unit);
                self.isolate(*unit, *attempt);
            }
            Kind::Ready { unit } => self.is_serving(*unit),
            Kind::Stalled { unit, limit, is_stopped } => {
                self.say_stalled(*unit, *limit, *is_stopped);
            }
            Kind::PutAside { unit, outcome } => self.put_aside(*unit, outcome),
            Kind::Retrying { unit, attempt, outcome, delay } => {
                self.retrying(*unit, *attempt, outcome, *delay);
            }
            _ => tracing::trace!(?event, "event"),
        }
        self.publish(event);
    }

    /// A body that begins has its directory, even if no command needs it; one that does says what is wrong.
    fn make_directory(&self, call: UnitId) {
        if let Some(dir) = self.resolver.directory(call)
            && self.witness.entry(dir) != Some(Entry::Directory)
            && let Err(error) = self.ensure_directory(dir)
        {
            tracing::debug!(?dir, %error, "cannot be made");
        }
    }

    /// A task's directory is made when it is not there; that of the project is never made again.
    pub(super) fn ensure_directory(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        if dir.starts_with(&self.root) && !self.root.is_dir() {
            return Err(io::Error::other("the project's directory is gone"));
        }
        start::make_directory(dir)
    }

    /// Says what this run is, before the first process of it.
    pub(super) fn describe(&mut self) {
        if !self.is_described {
            self.is_described = true;
            self.shortage.begin();
            self.meta.pid = std::process::id();
            self.store.write_meta(&self.meta);
        }
    }

    pub(super) fn publish(&mut self, event: Event) {
        self.news.push(event);
        if self.news.len() >= MUCH_NEWS {
            self.tell_news();
        }
    }

    /// Tells what has happened so far.
    fn tell_news(&mut self) {
        for event in self.news.drain(..) {
            self.is_dirty = true;
            self.events.push(&event);
            self.reports.send(event);
        }
    }

    /// The reporters, once they know all that has happened.
    pub(super) fn reports(&mut self) -> &report::Handle {
        self.tell_news();
        &self.reports
    }

    pub(super) fn say(&mut self, unit: Option<UnitId>, level: Level, text: Arc<str>) {
        let event = Event { at: self.now(), kind: Kind::Message { unit, level, text } };
        self.publish(event);
    }

    pub(super) fn end(mut self) -> Ended {
        self.tell_strays();
        self.server.close();
        self.tidy_contexts();
        self.control.close();
        self.meta.socket = None;
        let ended = self.ended_how();
        self.tell_news();
        // Of a run that went well nothing is left to do.
        if !matches!(ended, Ended::Finished(None)) {
            self.endings.flush();
        }
        if self.is_described {
            self.store.write_meta(&self.meta);
        }
        let (has_pruned, began) = (self.has_pruned, self.clock.moment(At::default()));
        let Driver { events, logs, reports, store, fingerprints, resolver, scheduler, .. } = self;
        drop(logs);
        // The process ends soon: to take thousands of tasks apart would be for nothing.
        std::mem::forget((resolver, scheduler));
        events.finish();
        let told = reports.finish();
        // In so short a time it has hardly grown so much that others must go; the next run measures it.
        if !(has_pruned && began.elapsed() < SHORT) {
            store.prune(true);
        }
        fingerprints.prune();
        match (ended, told) {
            (ended @ Ended::Signalled(_), _) | (ended, Ok(())) => ended,
            (_, Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ended::Unread,
            (_, Err(error)) => Ended::Unwritten(error),
        }
    }

    pub(super) fn ended_how(&self) -> Ended {
        let outcome = self.scheduler.outcome(UnitId::ROOT).cloned().unwrap_or(Outcome::Cancelled);
        match (self.signal, &outcome) {
            (Some(signal), Outcome::Cancelled) => Ended::Signalled(signal),
            (None, Outcome::Cancelled) => Ended::Unread,
            _ => Ended::Finished(self.cause()),
        }
    }

    /// As in go-task, a mistake without a code of its own is, in a task that another calls, a failed task.
    fn code_from_below(&self, code: i32) -> i32 {
        let named = match self.scheduler.outcome(UnitId::ROOT) {
            Some(Outcome::Failed(Failure::Below(unit)) | Outcome::Skipped(unit)) => *unit,
            _ => UnitId::ROOT,
        };
        let is_its_own =
            matches!(self.scheduler.outcome(named), Some(Outcome::Failed(Failure::Refused { .. })));
        if code == OTHER && !is_its_own { FAILED } else { code }
    }

    /// How the unit ended that made the run fail.
    pub(super) fn cause(&self) -> Option<Cause> {
        let code = self.scheduler.exit_code(UnitId::ROOT)?;
        Some(match self.scheduler.root_cause(UnitId::ROOT) {
            Some(Failure::Exit(status)) => Cause::Command(*status),
            Some(Failure::TimedOut | Failure::Stalled | Failure::NotReady) => Cause::TimedOut,
            Some(Failure::Refused { code, .. }) => Cause::Refused(self.code_from_below(*code)),
            Some(Failure::Spawn(_) | Failure::StoppedServing(_) | Failure::Below(_)) | None => {
                Cause::Command(Status::Code(code))
            }
        })
    }
}

fn meta(store: &Store, requests: &[Request], arguments: Vec<String>) -> Meta {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Meta {
        version: META_VERSION,
        run: store.run().clone(),
        tasks: requests.iter().map(|request| request.name.to_string()).collect(),
        arguments: arguments.into_iter().map(hide_telling).collect(),
        program: called(),
        directory: std::env::current_dir().unwrap_or_default(),
        pid: std::process::id(),
        socket: None,
        started: unix.as_millis() as u64,
        par: env!("CARGO_PKG_VERSION").into(),
        end: None,
    }
}

/// The name that we were called by.
fn called() -> String {
    let name = std::env::args_os().next().unwrap_or_default();
    Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A word of the command line without the value of a variable whose name tells that it is secret.
fn hide_telling(word: String) -> String {
    match word.split_once('=') {
        Some((name, _)) if resolve::is_telling(name) => format!("{name}=*****"),
        _ => word,
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
