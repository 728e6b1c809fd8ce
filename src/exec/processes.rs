//! All processes of this one: starts them, hears of them, and leaves none behind.
//!
//! One signal descriptor and `wait4` instead of a descriptor or a task for each child: orphans that come to
//! this process are reaped on the way.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libc::{c_int, pid_t, sigset_t};

use super::descendants::{children, descendants, words};
use super::left::Left;
use super::members::{End, Members};
use super::pipes::{self, CHUNK, Chunk, Pipe};
use super::plumbing::Plumbing;
use super::redirect::Streams;
use super::spawn::{Launch, Spawner};
use super::trees::{Known, Tree, Trees};
use super::watch::{Wake, Watch};
use super::{Capture, Command, Guarded, Job, Leftovers, Notice, Pipeline, StartError, Stdin};
use super::{guard, signals, terminal, turns, wait};
use crate::event::{Status, Stream, Usage};

/// How often groups are looked at that have lost their leader.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long a process that has ended is given for its pipes and its group to end as well.
const MOMENT: Duration = Duration::from_millis(200);

static IN_USE: AtomicBool = AtomicBool::new(false);

/// The one owner of all processes. Dropping it kills everything below this process.
///
/// Belongs to the main thread and a current-thread runtime: children die with the thread that started them.
pub struct Processes<T> {
    /// What starting takes, once it was needed.
    starter: Option<Starter>,
    watch: Watch,
    null: File,
    buffer: Vec<u8>,
    children: Vec<Child<T>>,
    left: Vec<Left<T>>,
    told: VecDeque<Notice<T>>,
    next_token: u64,
    has_started: bool,
    terminal_holder: Option<pid_t>,
    trees: Trees,
    mask: sigset_t,
}

struct Starter {
    guarded: Guarded,
    spawner: Spawner,
}

struct Child<T> {
    name: T,
    /// Its number, or that of the first in a pipeline, and its group's.
    pid: pid_t,
    members: Members,
    /// Where something is said of it that a shell would have said.
    errors: Errors,
    /// What a shell would have said of its end.
    said: Option<String>,
    leftovers: Leftovers,
    pipes: Vec<Pipe>,
    /// Their other ends, until it has ended: were they its own alone, each would wake us when it ends, and then
    /// its end itself.
    ends: Vec<OwnedFd>,
    /// Those of its pipes that somebody else has open.
    held: Vec<Pipe>,
    stage: Stage,
    /// What stood below it when it was told to end, also out of its group: it ends with it.
    condemned: Vec<Known>,
}

/// Who hears what is said in a process's place on its stderr.
#[derive(Clone, Copy)]
enum Errors {
    Told(Stream),
    Ours,
    Nobodys,
}

impl Errors {
    fn of(capture: &Capture) -> Errors {
        match capture {
            Capture::Merged => Errors::Told(Stream::Stdout),
            Capture::Separate => Errors::Told(Stream::Stderr),
            Capture::Stdout | Capture::Inherit => Errors::Ours,
            Capture::Quiet | Capture::Given { .. } => Errors::Nobodys,
        }
    }
}

#[derive(Clone, Copy)]
enum Stage {
    Running,
    /// It has ended; others of its group may not have, or its pipes.
    Leaving(Status, Usage, Instant),
    /// What its pipes held at the end is still to be told.
    Draining(Status, Usage),
}

impl<T: Copy + Eq> Processes<T> {
    /// Hears of signals and children from now on.
    ///
    /// # Errors
    ///
    /// Outside of a runtime, when another one lives in this process, or without descriptors to spare.
    pub fn new() -> io::Result<Processes<T>> {
        tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        if IN_USE.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("the processes of this process have an owner already"));
        }
        let heard: Vec<c_int> = signals::heeded().chain([libc::SIGCHLD]).collect();
        let mask = signals::block(&signals::set(heard.iter().copied()));
        Processes::listening(&heard, mask).inspect_err(|_| {
            signals::restore(&mask);
            IN_USE.store(false, Ordering::Release);
        })
    }

    fn listening(heard: &[c_int], mask: sigset_t) -> io::Result<Processes<T>> {
        Ok(Processes {
            starter: None,
            watch: Watch::new(heard)?,
            null: File::options().read(true).write(true).open("/dev/null")?,
            buffer: vec![0; CHUNK],
            children: Vec::new(),
            left: Vec::new(),
            told: VecDeque::new(),
            next_token: 0,
            has_started: false,
            terminal_holder: None,
            trees: Trees::default(),
            mask,
        })
    }

    /// Sees to it that nothing outlives us, before the first process is started and before any thread is: from
    /// here on this process may be another one. Costs what this process has grown to, once.
    ///
    /// # Errors
    ///
    /// As [`guard::ensure`].
    pub fn guard(&mut self) -> io::Result<Guarded> {
        if let Some(starter) = &self.starter {
            return Ok(starter.guarded);
        }
        let guarded = guard::ensure()?;
        turns::take_short_ones();
        // For as long as the process lives.
        signals::add(&mut self.mask, guard::HELD_BACK);
        self.watch.belong_to_this_process()?;
        self.starter = Some(Starter { guarded, spawner: Spawner::new(guarded)? });
        Ok(guarded)
    }

    /// Starts a process, or a pipeline, in a group of its own; its number. `name` must not run already.
    ///
    /// # Errors
    ///
    /// [`StartError::Busy`] when it may work later; otherwise what is wrong with directory or program.
    pub fn start(&mut self, name: T, job: &Job) -> Result<u32, StartError> {
        if guard::is_ending() {
            return Err(StartError::Other(io::ErrorKind::Interrupted.into()));
        }
        self.guard().map_err(StartError::from)?;
        self.has_started = true;
        let plumbing = Plumbing::new(job, &self.null, self.next_token)?;
        for pipe in &plumbing.pipes {
            self.watch.add(pipe.as_fd(), pipe.token)?;
        }
        self.next_token += plumbing.pipes.len() as u64;
        let wants_terminal = wants_terminal(job) && self.terminal_holder.is_none();
        let (pid, members, leftovers) = match &job.pipeline {
            Some(pipeline) => self.launch_pipeline(job, pipeline, plumbing.descriptors)?,
            None => {
                let descriptors = plumbing.descriptors;
                let (pid, leftovers) =
                    self.launch(job, &job.command, None, descriptors, wants_terminal)?;
                (pid, Members::one(pid), leftovers)
            }
        };
        if wants_terminal {
            self.terminal_holder = Some(pid);
        }
        let errors = Errors::of(&job.capture);
        let (pipes, ends) = (plumbing.pipes, plumbing.ends);
        let (held, stage, condemned) = (Vec::new(), Stage::Running, Vec::new());
        self.children.push(Child {
            name,
            pid,
            members,
            errors,
            said: None,
            leftovers,
            pipes,
            ends,
            held,
            stage,
            condemned,
        });
        Ok(pid.unsigned_abs())
    }

    /// All of a pipeline, or nothing of it.
    fn launch_pipeline(
        &mut self,
        job: &Job,
        pipeline: &Pipeline,
        [stdin, stdout, stderr]: [c_int; 3],
    ) -> Result<(pid_t, Members, Leftovers), StartError> {
        let mut input: Option<OwnedFd> = match &pipeline.before {
            Some(before) => Some(pipes::holding(&before.output)?),
            None => None,
        };
        let mut pids = Vec::new();
        for (place, command) in pipeline.commands.iter().enumerate() {
            let is_last = place + 1 == pipeline.commands.len();
            let started = (|| {
                let (next, output) = match is_last {
                    true => (None, None),
                    false => pipes::pair().map(|(next, output)| (Some(next), Some(output)))?,
                };
                let number = |end: &Option<OwnedFd>| end.as_ref().map(|end| end.as_raw_fd());
                let stdin = number(&input).unwrap_or(stdin);
                let stdout = number(&output).unwrap_or(stdout);
                let group = pids.first().copied();
                let descriptors = [stdin, stdout, stderr];
                let (pid, _) = self.launch(job, command, group, descriptors, false)?;
                Ok((pid, next))
            })();
            match started {
                Ok((pid, next)) => {
                    pids.push(pid);
                    input = next;
                }
                Err(error) => return Err(abandoned(&pids, error)),
            }
        }
        Ok((pids[0], Members::of(pipeline, &pids), Leftovers::Stay))
    }

    fn launch(
        &mut self,
        job: &Job,
        command: &Command,
        group: Option<pid_t>,
        descriptors: [c_int; 3],
        wants_terminal: bool,
    ) -> Result<(pid_t, Leftovers), StartError> {
        let guarded = self.guard()?;
        let takes_terminal = wants_terminal && terminal::is_ours(guarded);
        let mut launch =
            |command: &Command| self.try_launch(job, command, group, descriptors, takes_terminal);
        let (result, leftovers) = match (launch(command), &command.otherwise) {
            (Ok(None), Some(script)) => {
                let shell = script.command()?;
                (launch(&shell), shell.leftovers)
            }
            (result, _) => (result, command.leftovers),
        };
        match result {
            Ok(Some(pid)) => Ok((pid, leftovers)),
            Ok(None) => Err(io::Error::from(io::ErrorKind::Unsupported).into()),
            Err(error) => {
                if takes_terminal {
                    terminal::recover(guarded);
                }
                Err(error)
            }
        }
    }

    /// `None` when it takes a shell: the kernel refuses the program, or a redirection is not ours to make.
    fn try_launch(
        &mut self,
        job: &Job,
        command: &Command,
        group: Option<pid_t>,
        descriptors: [c_int; 3],
        takes_terminal: bool,
    ) -> Result<Option<pid_t>, StartError> {
        let Some(mut streams) = Streams::new(&command.redirections, &job.dir) else {
            return Ok(None);
        };
        let descriptors = streams.descriptors(descriptors)?;
        let kept: Vec<RawFd> = job.kept.iter().map(|kept| kept.as_raw_fd()).collect();
        let (env, dir, kept) = (&job.env, &job.dir, &kept);
        let launch = Launch { command, env, dir, descriptors, kept, takes_terminal, group };
        let starter = self.starter.as_mut().expect("who starts something is guarded");
        match starter.spawner.start(&launch) {
            Err(StartError::Program(..)) if command.otherwise.is_some() => Ok(None),
            result => result.map(Some),
        }
    }

    /// Sends `signal` to the whole group of a process, `SIGKILL` to all below it; to nobody when it has ended.
    pub fn signal(&mut self, name: T, signal: i32) {
        let Some(child) = self.children.iter_mut().find(|child| child.name == name) else { return };
        let below: Vec<pid_t> = child.members.running().flat_map(descendants).collect();
        child.members.signalled();
        child.condemned.extend(below.iter().filter_map(|&process| Known::now(process)));
        child.signal(signal);
        let below = if signal == libc::SIGKILL { below } else { Vec::new() };
        for process in below {
            // SAFETY: plain system call; it was there a moment ago, too short for its number to come round.
            unsafe { libc::kill(process, signal) };
        }
    }

    /// Stops every process, gives the terminal back, stops `par`, and returns when the user continues it.
    pub fn suspend(&mut self) {
        self.signal_all(libc::SIGSTOP);
        let lent = self.lent_terminal();
        if let Some((holder, guarded)) = lent {
            terminal::take_back(guarded, holder);
        }
        // SAFETY: plain system calls.
        unsafe { libc::kill(libc::getpid(), libc::SIGSTOP) };
        if let Some((holder, guarded)) = lent
            && terminal::is_ours(guarded)
        {
            terminal::give(holder);
        }
        self.signal_all(libc::SIGCONT);
    }

    fn signal_all(&self, signal: c_int) {
        self.children.iter().for_each(|child| child.signal(signal));
        self.left.iter().for_each(|left| left.signal(signal));
    }

    /// Kills what those left running whose names `is_meant`; the command lines of what was killed.
    pub fn end_left(&mut self, is_meant: impl Fn(T) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        self.left.retain(|left| {
            if is_meant(left.name) {
                lines.extend(left.lines());
                left.signal(libc::SIGKILL);
            }
            !is_meant(left.name)
        });
        lines
    }

    /// The command lines of all that is left running, wherever it has gone.
    pub fn strays(&self) -> Vec<String> {
        // What is read of a process in /proc takes the kernel long to forget when it ends.
        if !self.has_started || !wait::has_children() {
            return Vec::new();
        }
        let running = || self.children.iter().flat_map(|child| child.members.running());
        let is_ours = |pid: &pid_t| running().any(|own| own == *pid);
        let all = children(std::process::id() as pid_t).into_iter();
        all.filter(|pid| !is_ours(pid)).filter_map(words).collect()
    }

    /// How many have been started whose end was not told yet.
    pub fn running(&self) -> usize {
        self.children.len()
    }

    /// What each process and all below it do; `None` where the kernel does not tell. Costs a few system calls
    /// for each of them, so ask at most every 100 ms.
    pub fn trees(&mut self) -> Option<Vec<(T, Tree)>> {
        let roots: Vec<pid_t> = self.children.iter().map(|child| child.pid).collect();
        let trees = self.trees.look(&roots)?;
        let tree = |child: &Child<T>| Some((child.name, *trees.get(&child.pid)?));
        Some(self.children.iter().filter_map(tree).collect())
    }

    /// The next thing that happens. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Notice<T> {
        loop {
            if let Some(notice) = self.told.pop_front().or_else(|| self.drain()) {
                return notice;
            }
            match self.watch.next() {
                Some(Wake::Signal(libc::SIGCHLD)) => self.reap(),
                Some(Wake::Signal(signal)) => return Notice::Signal(signal),
                Some(Wake::Readable(token)) => {
                    if let Some(notice) = self.read(token) {
                        return notice;
                    }
                }
                None => {
                    if self.wait().await.is_err() {
                        // Deaf for good: the only way on is to end.
                        return Notice::Signal(libc::SIGTERM);
                    }
                }
            }
        }
    }

    /// Waits for something to come. That an orphan leaves its group nobody tells, so then not for long.
    async fn wait(&mut self) -> io::Result<()> {
        if self.starter.is_none() && guard::is_established() {
            self.guard()?;
        }
        let Some(pause) = self.children.iter().filter_map(Child::pause).min() else {
            return self.watch.wait().await;
        };
        self.settle();
        if self.children.iter().any(|child| matches!(child.stage, Stage::Draining(..))) {
            return Ok(());
        }
        tokio::time::timeout(pause, self.watch.wait()).await.unwrap_or(Ok(()))
    }

    fn read(&mut self, token: u64) -> Option<Notice<T>> {
        let Some(child) = self.children.iter_mut().find(|child| child.owns(token)) else {
            return self.read_left(token);
        };
        let position = child.pipes.iter().position(|pipe| pipe.token == token)?;
        match child.pipes[position].read(&mut self.buffer) {
            Chunk::Bytes(bytes) => {
                return Some(Notice::Output(child.name, child.pipes[position].stream, bytes));
            }
            Chunk::Nothing => {}
            Chunk::End => {
                child.pipes.remove(position);
                self.settle();
            }
        }
        None
    }

    fn read_left(&mut self, token: u64) -> Option<Notice<T>> {
        let owns = |left: &Left<T>| left.pipes.iter().position(|pipe| pipe.token == token);
        let at = self.left.iter().position(|left| owns(left).is_some())?;
        let position = owns(&self.left[at])?;
        let left = &mut self.left[at];
        match left.pipes[position].read(&mut self.buffer) {
            Chunk::Bytes(bytes) => {
                return Some(Notice::Left(left.name, left.pipes[position].stream, bytes));
            }
            Chunk::Nothing => {}
            Chunk::End => drop(left.pipes.remove(position)),
        }
        self.left.retain(|left| !left.is_over());
        None
    }

    /// Tells what the pipes of an ended process held, and then its end.
    fn drain(&mut self) -> Option<Notice<T>> {
        let draining = |child: &Child<T>| matches!(child.stage, Stage::Draining(..));
        let position = self.children.iter().position(draining)?;
        let child = &mut self.children[position];
        while let Some(pipe) = child.pipes.first_mut() {
            if let Chunk::Bytes(bytes) = pipe.read(&mut self.buffer) {
                return Some(Notice::Output(child.name, pipe.stream, bytes));
            }
            let mut pipe = child.pipes.remove(0);
            if pipe.goes_on() {
                child.held.push(pipe);
            }
        }
        if let Some(text) = child.said.take() {
            match child.errors {
                Errors::Told(stream) => {
                    return Some(Notice::Output(child.name, stream, text.into_bytes()));
                }
                Errors::Ours => eprint!("{text}"),
                Errors::Nobodys => {}
            }
        }
        let Child { name, pid, held, stage, .. } = self.children.swap_remove(position);
        let left = Left { name, group: pid, pipes: held };
        if !left.is_over() {
            self.left.push(left);
        }
        match stage {
            Stage::Draining(status, usage) => Some(Notice::Exited(name, status, usage)),
            Stage::Running | Stage::Leaving(..) => None,
        }
    }

    fn reap(&mut self) {
        while let Some(change) = wait::peek() {
            match change {
                wait::Change::Ended(pid) => self.end(pid),
                wait::Change::Stopped(pid, signal) => self.stop(pid, signal),
            }
        }
        self.settle();
    }

    fn end(&mut self, pid: pid_t) {
        let owns = |child: &Child<T>| child.members.running().any(|own| own == pid);
        let Some(position) = self.children.iter().position(owns) else {
            return self.end_other(pid);
        };
        let ended = wait::reap(pid);
        let child = &mut self.children[position];
        let Some(End { status, usage, said }) = child.members.ended(pid, ended) else { return };
        child.stage = Stage::Leaving(status, usage, Instant::now());
        child.said = said;
        child.ends.clear();
        pipes::drop_ended(&mut child.pipes);
        if self.terminal_holder == Some(pid) {
            self.leave_terminal(pid, status);
        }
    }

    /// The terminal tells only its foreground group of `^C`, so we hear of it by what it did.
    fn leave_terminal(&mut self, pid: pid_t, status: Status) {
        let had_terminal =
            self.lent_terminal().is_some_and(|(_, guarded)| terminal::take_back(guarded, pid));
        self.terminal_holder = None;
        if let Status::Signal(signal @ (libc::SIGINT | libc::SIGQUIT)) = status
            && had_terminal
        {
            self.told.push_back(Notice::Signal(signal));
        }
    }

    /// Somebody's orphan: a background job, when its group is one of ours.
    fn end_other(&mut self, pid: pid_t) {
        let group = wait::group(pid);
        let more = wait::reap(pid).usage;
        if let Some(Child { stage: Stage::Leaving(_, usage, _), .. }) =
            self.children.iter_mut().find(|child| child.pid == group)
        {
            wait::add(usage, more);
        }
        self.left.retain(|left| !left.is_over());
    }

    /// Lets those go on to their end who wait for nobody any more.
    fn settle(&mut self) {
        for child in &mut self.children {
            if let Stage::Leaving(status, usage, since) = child.stage
                && child.may_end(since)
            {
                child.pipes.iter_mut().for_each(Pipe::keep_only_present);
                child.condemned.drain(..).for_each(Known::kill);
                child.stage = Stage::Draining(status, usage);
            }
        }
    }

    fn stop(&mut self, pid: pid_t, signal: c_int) {
        let group = wait::group(pid);
        let Some(child) = self.children.iter().find(|child| child.pid == group) else { return };
        let notice = if self.terminal_holder == Some(group) && terminal::exists() {
            Notice::Signal(libc::SIGTSTP)
        } else {
            Notice::Stopped(child.name, signal)
        };
        self.told.push_back(notice);
    }
}

impl<T> Child<T> {
    fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running)
    }

    /// Whether an ended process's end may be told. Its pipes and others of its group have a moment to end, or
    /// to leave for a group of their own, as a daemon does; a shell's background jobs have all the time.
    fn may_end(&self, since: Instant) -> bool {
        let had_a_moment = since.elapsed() >= MOMENT;
        match self.leftovers {
            Leftovers::Wait => self.is_alone() && (self.pipes.is_empty() || had_a_moment),
            Leftovers::Stay => had_a_moment || (self.pipes.is_empty() && self.is_alone()),
        }
    }

    /// After which time to look again at a process that has ended.
    fn pause(&self) -> Option<Duration> {
        let Stage::Leaving(_, _, since) = self.stage else { return None };
        let rest = MOMENT.saturating_sub(since.elapsed());
        Some(if rest.is_zero() { LOOK_AGAIN } else { rest.min(LOOK_AGAIN) })
    }

    fn owns(&self, token: u64) -> bool {
        self.pipes.iter().any(|pipe| pipe.token == token)
    }

    /// While its leader is not reaped, or somebody is in it, the group's number is nobody else's.
    fn signal(&self, signal: c_int) {
        if self.is_running() || !self.is_alone() {
            // SAFETY: plain system call.
            unsafe { libc::kill(-self.pid, signal) };
        }
    }

    /// Whether nobody of its group is left. Its orphans are our children, so only those count.
    #[cfg(target_os = "linux")]
    fn is_alone(&self) -> bool {
        !wait::has_children_in(self.pid)
    }

    /// Orphans are out of sight here, but most of them hold a pipe.
    #[cfg(not(target_os = "linux"))]
    fn is_alone(&self) -> bool {
        self.pipes.is_empty()
    }
}

impl<T> Processes<T> {
    /// Who has the terminal for itself, and from whom.
    fn lent_terminal(&self) -> Option<(pid_t, Guarded)> {
        Some((self.terminal_holder?, self.starter.as_ref()?.guarded))
    }
}

impl<T> Drop for Processes<T> {
    fn drop(&mut self) {
        self.children.iter().for_each(|child| child.signal(libc::SIGKILL));
        guard::sweep();
        if let Some((holder, guarded)) = self.lent_terminal() {
            terminal::take_back(guarded, holder);
        }
        signals::restore(&self.mask);
        IN_USE.store(false, Ordering::Release);
    }
}

/// Ends the beginning of a pipeline whose rest could not be started. It may have done something already, so
/// the same is not tried again.
fn abandoned(pids: &[pid_t], error: StartError) -> StartError {
    let Some(&group) = pids.first() else { return error };
    // SAFETY: plain system calls; nobody has reaped these children, so the numbers are theirs.
    unsafe {
        libc::kill(-group, libc::SIGKILL);
        for &pid in pids {
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
    }
    match error {
        StartError::Busy(error) => StartError::Other(error),
        error => error,
    }
}

fn wants_terminal(job: &Job) -> bool {
    matches!((&job.capture, &job.stdin), (Capture::Inherit, Stdin::Inherit))
}
