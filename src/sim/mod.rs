//! The pretend driver: the same scheduler, a virtual clock, and a [`Model`] of how units would behave.
//!
//! Knows no processes and no files. What the scheduler says here it would say in a real run in which
//! everything took as long as the model says.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;

use crate::event::{At, Event, Status, Usage};
use crate::id::UnitId;
use crate::plan::Fragment;
use crate::schedule::{
    Claim, Claimed, Effect, Exit, Expanded, Input, Options, Rendered, Scheduler, Stop, Verdict,
};

/// How units would behave: from history, from estimates, from a seeded distribution.
pub trait Model {
    /// How long the answer to a question about `unit` takes.
    fn delay(&mut self, unit: UnitId) -> Duration;
    /// What a call consists of; asked when the answer is due, as a driver takes in a fragment.
    fn expand(&mut self, unit: UnitId) -> Expanded;
    /// What a further attempt of a call's body consists of.
    fn again(&mut self, unit: UnitId) -> Expanded {
        self.expand(unit)
    }
    /// What comes next in a call's body.
    fn next(&mut self, unit: UnitId) -> Expanded {
        let _ = unit;
        Expanded::Omitted
    }
    /// Whether one of a call's patterns matches at the end of its log.
    fn search(&mut self, unit: UnitId) -> bool {
        let _ = unit;
        false
    }
    /// How long another run still has what is claimed for a call; zero: it is free.
    fn claim(&mut self, unit: UnitId, claims: &[Claim]) -> Duration {
        let _ = (unit, claims);
        Duration::ZERO
    }
    /// Whether its body has to run.
    fn check(&mut self, unit: UnitId) -> Verdict;
    /// Whether a command has to run.
    fn render(&mut self, unit: UnitId) -> Rendered;
    /// How long it takes until a server is ready; `None`: it never is.
    fn ready(&mut self, unit: UnitId) -> Option<Duration> {
        let _ = unit;
        Some(Duration::ZERO)
    }
    /// How a process would go if nothing disturbed it.
    fn run(&mut self, unit: UnitId, attempt: u32) -> Course;
    /// After how long a process does nothing, and for how long; `None`: it works all the time.
    fn idles(&mut self, unit: UnitId) -> Option<(Duration, Duration)> {
        let _ = unit;
        None
    }
    /// How long a process lives on after it is asked to stop; `None`: it ignores that. KILL ends all.
    fn stop(&mut self, unit: UnitId, how: Stop) -> Option<Duration>;
}

/// How a process goes: it works, calls tasks one after the other, works again and ends.
#[derive(Debug)]
pub struct Course {
    /// Time until its end, or until its calls begin and from their end to its own.
    pub work: Duration,
    /// How it ends.
    pub exit: Exit,
    /// What it calls: an input [`Input::Grafted`] each, all at once.
    pub calls: Vec<Input>,
}

/// A run that only pretends.
pub struct Simulation<M> {
    scheduler: Scheduler,
    model: M,
    now: At,
    count: u64,
    agenda: BinaryHeap<Reverse<(At, u64)>>,
    planned: HashMap<u64, Planned>,
    /// Processes that run: which input is their end, how they end, how many calls they wait for.
    processes: BTreeMap<UnitId, Process>,
    /// The input that answers a claim.
    claims: HashMap<UnitId, u64>,
    events: Vec<Event>,
}

/// What is on the agenda.
enum Planned {
    Input(Input),
    Expand(UnitId),
    Again(UnitId),
    Next(UnitId),
    Search(UnitId),
    Check(UnitId),
    Render(UnitId),
}

struct Process {
    end: Option<u64>,
    after_calls: Option<(Duration, Exit)>,
    waits_for: Vec<UnitId>,
    /// Nothing that comes after KILL changes anything.
    is_killed: bool,
}

impl<M: Model> Simulation<M> {
    /// A simulation before its beginning.
    pub fn new(options: Options, model: M) -> Simulation<M> {
        Simulation {
            scheduler: Scheduler::new(options),
            model,
            now: At::default(),
            count: 0,
            agenda: BinaryHeap::new(),
            planned: HashMap::new(),
            processes: BTreeMap::new(),
            claims: HashMap::new(),
            events: Vec::new(),
        }
    }

    /// An input from outside, as a cancellation, that comes at its time.
    pub fn plan_input(&mut self, at: At, input: Input) {
        self.schedule(at, Planned::Input(input));
    }

    /// Runs to the end and tells what happened. `watch` sees the scheduler after every step.
    pub fn run(
        mut self,
        fragment: Fragment,
        mut watch: impl FnMut(&Scheduler, &Effects<'_>),
    ) -> (Vec<Event>, Scheduler, M) {
        self.step(Input::Begin(fragment), &mut watch);
        while !self.scheduler.is_finished() {
            let Some(input) = self.next_input() else { break };
            self.step(input, &mut watch);
        }
        (self.events, self.scheduler, self.model)
    }

    fn next_input(&mut self) -> Option<Input> {
        loop {
            let planned = self.agenda.peek().map(|&Reverse((at, _))| at);
            match (planned, self.scheduler.next_deadline()) {
                (None, None) => return None,
                (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    let Reverse((at, name)) = self.agenda.pop()?;
                    if let Some(planned) = self.planned.remove(&name) {
                        self.now = self.now.max(at);
                        return Some(self.input(planned));
                    }
                }
                (_, Some(deadline)) => {
                    self.now = self.now.max(deadline);
                    return Some(Input::Deadline);
                }
                (Some(_), None) => unreachable!("covered by the guard above"),
            }
        }
    }

    /// Whether something is planned for this very moment.
    fn follows_at_once(&mut self) -> bool {
        while let Some(&Reverse((at, name))) = self.agenda.peek() {
            if self.planned.contains_key(&name) {
                return at <= self.now;
            }
            self.agenda.pop();
        }
        false
    }

    fn input(&mut self, planned: Planned) -> Input {
        match planned {
            Planned::Input(input) => input,
            Planned::Expand(unit) if !self.scheduler.awaits(unit) => {
                Input::Expanded { unit, expanded: Expanded::Omitted }
            }
            Planned::Expand(unit) => Input::Expanded { unit, expanded: self.model.expand(unit) },
            Planned::Again(unit) if !self.scheduler.awaits(unit) => {
                Input::Expanded { unit, expanded: Expanded::Omitted }
            }
            Planned::Again(unit) => Input::Expanded { unit, expanded: self.model.again(unit) },
            Planned::Next(unit) if !self.scheduler.awaits(unit) => {
                Input::Continued { unit, next: Expanded::Omitted }
            }
            Planned::Next(unit) => Input::Continued { unit, next: self.model.next(unit) },
            Planned::Search(unit) => Input::Searched { unit, found: self.model.search(unit) },
            Planned::Check(unit) => Input::Checked { unit, verdict: self.model.check(unit) },
            Planned::Render(unit) => Input::Rendered { unit, rendered: self.model.render(unit) },
        }
    }

    fn schedule(&mut self, at: At, planned: Planned) -> u64 {
        self.count += 1;
        self.agenda.push(Reverse((at, self.count)));
        self.planned.insert(self.count, planned);
        self.count
    }

    fn after(&mut self, delay: Duration, input: Input) -> u64 {
        self.schedule(self.now + delay, Planned::Input(input))
    }

    fn think(&mut self, unit: UnitId, planned: Planned) {
        let delay = self.model.delay(unit);
        self.schedule(self.now + delay, planned);
    }

    fn step(&mut self, input: Input, watch: &mut impl FnMut(&Scheduler, &Effects<'_>)) {
        if let Input::Exited { unit, .. } = &input {
            self.processes.remove(unit);
        }
        let more = self.follows_at_once();
        self.scheduler.expect_more(more);
        let effects = self.scheduler.step(self.now, input);
        watch(&self.scheduler, &Effects { now: self.now, effects: &effects });
        for effect in effects {
            self.carry_out(effect);
        }
        self.let_callers_go_on();
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Expand(unit) => self.think(unit, Planned::Expand(unit)),
            Effect::Again(unit) => self.think(unit, Planned::Again(unit)),
            Effect::Next(unit) => self.think(unit, Planned::Next(unit)),
            Effect::Search { unit, .. } => self.think(unit, Planned::Search(unit)),
            Effect::Claim { unit, claims } => self.claim(unit, &claims),
            Effect::Release(unit) => self.release(unit),
            Effect::Check(unit) => self.think(unit, Planned::Check(unit)),
            Effect::Render(unit) => self.think(unit, Planned::Render(unit)),
            Effect::Start { unit, attempt, .. } => self.start(unit, attempt),
            Effect::Probe { unit, .. } => {
                if let Some(delay) = self.model.ready(unit) {
                    self.after(delay, Input::Ready(unit));
                }
            }
            Effect::Stop { unit, how } => self.stop(unit, how),
            Effect::Emit(kind) => self.events.push(Event { at: self.now, kind }),
        }
    }

    fn claim(&mut self, unit: UnitId, claims: &[Claim]) {
        let delay = self.model.claim(unit, claims);
        let claimed = Claimed::Had { waited: delay > Duration::ZERO };
        let answer = self.after(delay, Input::Claimed { unit, claimed });
        self.claims.insert(unit, answer);
    }

    /// A claim that is still waited for is given up.
    fn release(&mut self, unit: UnitId) {
        if let Some(answer) = self.claims.remove(&unit)
            && let Some(planned) = self.planned.remove(&answer)
        {
            self.schedule(self.now, planned);
        }
    }

    fn start(&mut self, unit: UnitId, attempt: u32) {
        let course = self.model.run(unit, attempt);
        let mut process =
            Process { end: None, after_calls: None, waits_for: Vec::new(), is_killed: false };
        if course.calls.is_empty() {
            process.end = Some(self.after(course.work, Input::Exited { unit, exit: course.exit }));
        } else {
            for input in course.calls {
                if let Input::Grafted { call, .. } = &input {
                    process.waits_for.push(*call);
                }
                self.after(course.work, input);
            }
            process.after_calls = Some((course.work, course.exit));
        }
        self.processes.insert(unit, process);
        if let Some((after, long)) = self.model.idles(unit) {
            self.after(after, Input::Idle(unit));
            self.after(after + long, Input::Busy(unit));
        }
    }

    fn stop(&mut self, unit: UnitId, how: Stop) {
        let Some(process) = self.processes.get_mut(&unit) else { return };
        let (signal, delay) = match how {
            Stop::Kill => (libc::SIGKILL, Some(Duration::ZERO)),
            Stop::Terminate => (libc::SIGTERM, self.model.stop(unit, how)),
            Stop::Forward(signal) => (signal, self.model.stop(unit, how)),
        };
        let Some(delay) = delay.filter(|_| !process.is_killed) else { return };
        process.is_killed = how == Stop::Kill;
        process.after_calls = None;
        if let Some(end) = process.end.take() {
            self.planned.remove(&end);
        }
        let exit = Exit::Ended(Status::Signal(signal), Usage::default());
        let end = self.after(delay, Input::Exited { unit, exit });
        if let Some(process) = self.processes.get_mut(&unit) {
            process.end = Some(end);
        }
    }

    /// Processes whose calls have all ended go on.
    fn let_callers_go_on(&mut self) {
        let scheduler = &self.scheduler;
        let ended: Vec<UnitId> = self
            .processes
            .iter()
            .filter(|(_, process)| {
                process.after_calls.is_some()
                    && process.waits_for.iter().all(|&call| scheduler.outcome(call).is_some())
            })
            .map(|(&unit, _)| unit)
            .collect();
        for unit in ended {
            let Some(process) = self.processes.get_mut(&unit) else { continue };
            let Some((work, exit)) = process.after_calls.take() else { continue };
            let end = self.after(work, Input::Exited { unit, exit });
            if let Some(process) = self.processes.get_mut(&unit) {
                process.end = Some(end);
            }
        }
    }
}

/// What one step brought about, for whoever watches a simulation.
#[derive(Debug)]
pub struct Effects<'a> {
    /// When.
    pub now: At,
    /// What.
    pub effects: &'a [Effect],
}
