//! Random projects: tasks with dependencies, commands, calls, loops of calls, failures, delays.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use par::event::{Status, Usage};
use par::id::UnitId;
use par::plan::{
    Class, Fragment, Lock, Policy, Priority, Probe, Ready, Retry, Server, StallAction, Step, Unit,
    Work,
};
use par::schedule::{Claim, Exit, Expanded, Input, Refusal, Rendered, Stop, Verdict};
use par::sim::{Course, Model};

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough to make plans.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    No,
    Run,
    UpToDate,
    Refused,
}

#[derive(Clone, Debug)]
pub struct Command {
    pub fails: bool,
    pub ignore_error: bool,
    pub omitted: bool,
    pub refused: bool,
    pub timeout: bool,
    /// What it exits with when it fails.
    pub code: i32,
    /// The attempt at which it no longer fails; 0: none.
    pub passes_at: u32,
    /// It cannot be started.
    pub unstartable: bool,
    /// How long it takes; `None`: by chance.
    pub takes: Option<Duration>,
    /// From when and for how long it does nothing; `None`: by chance.
    pub idles: Option<(Duration, Duration)>,
    /// Tasks it calls as programs, and whether with `&`.
    pub calls: Vec<(usize, bool)>,
}

#[derive(Clone, Debug)]
pub enum Part {
    Command(Command),
    Call { task: usize, ignore_error: bool },
    Background(usize),
    Join,
    Next,
    DeferCommand(Command),
    DeferCall(usize),
}

#[derive(Clone, Debug)]
pub struct Task {
    pub deps: Vec<usize>,
    pub checked: Checked,
    pub omitted: bool,
    pub once: bool,
    pub one_at_a_time: bool,
    pub fail_fast: bool,
    pub parts: Vec<Part>,
    /// At most so many parts in the background at a time.
    pub max_parallel: Option<u32>,
    pub policy: Option<Arc<Policy>>,
}

/// A project and what a user asks of it.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub tasks: Vec<Task>,
    pub roots: Vec<usize>,
    pub parallel_roots: bool,
    pub keep_going: bool,
    pub slots: u32,
    /// Some tasks name earlier ones, so units may wait for each other.
    pub cyclic: bool,
    /// Failures stop siblings, commands time out: outcomes then depend on time.
    pub timed: bool,
    /// Tasks have policies.
    pub policed: bool,
}

impl World {
    pub fn new(seed: u64) -> World {
        let mut r = Random::new(seed);
        let count = 2 + r.below(11);
        let cyclic = r.percent(6);
        let timed = r.percent(25);
        let failing = r.below(12);
        let mut tasks: Vec<Task> =
            (0..count).map(|at| task(&mut r, at, count, cyclic, timed, failing)).collect();
        let policed = r.percent(50);
        if policed {
            let mut r = Random::new(seed ^ 0x11);
            tasks.iter_mut().for_each(|task| police(&mut r, task));
        }
        let roots = (0..1 + r.below(3)).map(|_| r.below(count.min(3))).collect();
        World {
            seed,
            tasks,
            roots,
            parallel_roots: r.percent(30),
            keep_going: r.percent(20),
            slots: 1 + r.below(6) as u32,
            cyclic,
            timed,
            policed,
        }
    }
}

/// How much there is of each pool in a world with policies.
pub const POOLS: [(&str, u32); 2] = [("p", 2), ("q", 3)];
/// How much memory there is in a world with policies.
pub const MEMORY: u64 = 100;

/// Gives a task a policy, or several, and commands that fail in more ways.
fn police(r: &mut Random, task: &mut Task) {
    for part in &mut task.parts {
        if let Part::Command(command) = part {
            command.fails |= r.percent(8);
            command.code = [1, 75, 137, 3][r.below(4)];
            command.passes_at = r.below(4) as u32;
            command.unstartable = r.percent(1);
        }
    }
    if r.percent(10) {
        task.parts.insert(r.below(task.parts.len() + 1), Part::Next);
    }
    let is_member = |part: &Part| matches!(part, Part::Background(_));
    let mut more = r.clone();
    if task.parts.iter().any(is_member) && more.percent(40) {
        // A stage: members side by side, then it is asked what comes next: more of them, a gate's refusal, or
        // nothing.
        task.parts.retain(is_member);
        task.parts.push(Part::Next);
        task.max_parallel = more.percent(60).then(|| 1 + more.below(2) as u32);
    }
    if r.percent(40) {
        task.policy = Some(Arc::new(policy(r)));
    }
}

fn policy(r: &mut Random) -> Policy {
    let mut policy = Policy::default();
    for _ in 0..r.below(3) {
        policy.locks.push(Lock {
            name: ["a", "b", "c"][r.below(3)].into(),
            shared: r.percent(40),
            across_runs: r.percent(20),
        });
    }
    policy.resources.cpu = r.below(5) as u32;
    if r.percent(30) {
        let (name, _) = POOLS[r.below(2)];
        policy.resources.pools.push((name.into(), 1 + r.below(4) as u32));
    }
    policy.priority =
        [Priority::Critical, Priority::High, Priority::Normal, Priority::Low][r.below(4)];
    if r.percent(15) {
        policy.after.push(format!("t{}", r.below(13)).into());
    }
    policy.server = r.percent(8).then(|| Server {
        ready: r.percent(70).then(|| Ready {
            probe: Probe::Tcp("localhost:1".into()),
            timeout: Duration::from_millis(30),
        }),
    });
    policy.stall = r.percent(20).then_some(Duration::from_millis(5));
    if r.percent(50) {
        policy.stall_action = StallAction::Stop;
    }
    let mut more = r.clone();
    policy.resources.memory = more.percent(25).then(|| 1 + more.below(130) as u64);
    policy.timeout = r.percent(15).then_some(Duration::from_millis(30));
    let classes = [Class::Transient, Class::Timeout, Class::Signal, Class::Exit(3), Class::Any];
    policy.retry = r.percent(40).then(|| Retry {
        attempts: 1 + r.below(4) as u32,
        delay: Duration::from_millis(5),
        factor: 2.0,
        max_delay: Duration::from_millis(15),
        jitter: r.percent(50),
        on: (0..1 + r.below(3)).map(|_| classes[r.below(5)]).collect(),
        patterns: (0..r.below(2)).map(|_| "again".into()).collect(),
    });
    policy
}

fn task(
    r: &mut Random,
    at: usize,
    count: usize,
    cyclic: bool,
    timed: bool,
    failing: usize,
) -> Task {
    let later = |r: &mut Random| {
        if cyclic && r.percent(20) {
            Some(r.below(count))
        } else if at + 1 < count {
            Some(at + 1 + r.below((count - at - 1).min(5)))
        } else {
            None
        }
    };
    let mut deps: Vec<usize> = Vec::new();
    for _ in 0..r.below(4) {
        if let Some(dep) = later(r).filter(|dep| !deps.contains(dep)) {
            deps.push(dep);
        }
    }
    let checked = match r.below(20) {
        0 => Checked::UpToDate,
        1 => Checked::Refused,
        2..6 => Checked::Run,
        _ => Checked::No,
    };
    let mut parts = Vec::new();
    for _ in 0..r.below(6) {
        parts.push(match (r.below(12), later(r)) {
            (0, Some(task)) => Part::Call { task, ignore_error: r.percent(20) },
            (1 | 2, Some(task)) => Part::Background(task),
            (3, Some(task)) => Part::DeferCall(task),
            (4, _) => Part::DeferCommand(command(r, timed, failing, None)),
            (5, _) => Part::Join,
            (6, calls) => Part::Command(command(r, timed, failing, calls)),
            _ => Part::Command(command(r, timed, failing, None)),
        });
    }
    Task {
        deps,
        checked,
        omitted: r.percent(4),
        once: r.percent(15),
        one_at_a_time: r.percent(10),
        fail_fast: timed && r.percent(30),
        parts,
        max_parallel: None,
        policy: None,
    }
}

fn command(r: &mut Random, timed: bool, failing: usize, calls: Option<usize>) -> Command {
    Command {
        fails: r.percent(failing),
        ignore_error: r.percent(15),
        omitted: r.percent(3),
        refused: r.percent(2),
        timeout: timed && r.percent(15),
        code: 1,
        passes_at: 0,
        unstartable: false,
        takes: None,
        idles: None,
        calls: calls
            .into_iter()
            .flat_map(|task| vec![(task, r.percent(60)); 1 + r.below(2)])
            .collect(),
    }
}

/// Which commands a unit stands for.
#[derive(Clone, Debug)]
struct Planned {
    task: usize,
    command: Option<Command>,
    scope: usize,
    /// Tasks it stands in, outermost first; a call's own is last.
    chain: Arc<Vec<usize>>,
}

/// A model that answers from a [`World`], with delays from its seed.
pub struct Player {
    world: Arc<World>,
    random: Random,
    idleness: Random,
    next: u32,
    planned: HashMap<UnitId, Planned>,
    shared: HashMap<(usize, usize), UnitId>,
    once: HashMap<usize, UnitId>,
    scopes: usize,
    /// How often a body was asked what comes next.
    rounds: HashMap<UnitId, usize>,
    /// Questions take no time, so that much is known at the same moment.
    pub answers_at_once: bool,
}

impl Player {
    pub fn new(world: &Arc<World>) -> Player {
        Player {
            world: world.clone(),
            random: Random::new(world.seed ^ 0xabcd),
            idleness: Random::new(world.seed ^ 0x1d1e),
            next: 1,
            planned: HashMap::new(),
            shared: HashMap::new(),
            once: HashMap::new(),
            scopes: 0,
            rounds: HashMap::new(),
            answers_at_once: world.seed % 8 == 7,
        }
    }

    pub fn root(&mut self) -> Fragment {
        let mut fragment = Fragment { keep_going: self.world.keep_going, ..Fragment::default() };
        let scope = self.scope();
        let none = Arc::new(Vec::new());
        for task in self.world.roots.clone() {
            if self.world.parallel_roots {
                let dep = self.dep(task, scope, &none, &mut fragment);
                if !fragment.deps.contains(&dep) {
                    fragment.deps.push(dep);
                }
            } else {
                let scope = self.scope();
                let call = self.call(task, scope, &none, false, &mut fragment.units);
                fragment.steps.push(Step::Run(call));
            }
        }
        fragment
    }

    fn scope(&mut self) -> usize {
        self.scopes += 1;
        self.scopes
    }

    fn id(&mut self) -> UnitId {
        self.next += 1;
        UnitId(self.next - 1)
    }

    fn unit(&mut self, work: Work, task: usize, ignore_error: bool, timeout: bool) -> Unit {
        let estimate = Duration::from_millis(1 + self.random.below(50) as u64);
        Unit {
            work,
            task: format!("t{task}").into(),
            name: format!("t{task}").into(),
            id: format!("id{}", self.next).as_str().into(),
            ignore_error,
            estimate: self.random.percent(50).then_some(estimate),
            timeout: timeout.then_some(Duration::from_millis(20)),
            policy: None,
            order: (task as u32, self.next),
            words: None,
        }
    }

    fn call(
        &mut self,
        task: usize,
        scope: usize,
        chain: &Arc<Vec<usize>>,
        ignore_error: bool,
        units: &mut Vec<(UnitId, Unit)>,
    ) -> UnitId {
        let mut unit = self.unit(Work::Call, task, ignore_error, false);
        unit.policy = self.world.tasks[task].policy.clone();
        let id = self.id();
        let mut own = Vec::clone(chain);
        own.push(task);
        self.planned.insert(id, Planned { task, command: None, scope, chain: Arc::new(own) });
        units.push((id, unit));
        id
    }

    fn dep(
        &mut self,
        task: usize,
        scope: usize,
        chain: &Arc<Vec<usize>>,
        fragment: &mut Fragment,
    ) -> UnitId {
        if let Some(&shared) = self.shared.get(&(scope, task)).filter(|_| !chain.contains(&task)) {
            return shared;
        }
        let id = self.call(task, scope, chain, false, &mut fragment.units);
        self.shared.entry((scope, task)).or_insert(id);
        id
    }

    fn command(
        &mut self,
        of: &Planned,
        command: &Command,
        units: &mut Vec<(UnitId, Unit)>,
    ) -> UnitId {
        let unit = self.unit(Work::Command, of.task, command.ignore_error, command.timeout);
        let id = self.id();
        self.planned.insert(id, Planned { command: Some(command.clone()), ..of.clone() });
        units.push((id, unit));
        id
    }

    fn body(&mut self, of: &Planned) -> Fragment {
        let task = self.world.tasks[of.task].clone();
        let mut fragment = Fragment {
            check: task.checked != Checked::No,
            fail_fast: task.fail_fast,
            one_at_a_time: task.one_at_a_time,
            max_parallel: task.max_parallel,
            ..Fragment::default()
        };
        for &dep in &task.deps {
            let unit = self.dep(dep, of.scope, &of.chain, &mut fragment);
            fragment.deps.push(unit);
        }
        for part in &task.parts {
            let units = &mut fragment.units;
            let scope = self.scopes + 1;
            fragment.steps.push(match part {
                Part::Command(command) => Step::Run(self.command(of, command, units)),
                Part::DeferCommand(command) => Step::Defer(self.command(of, command, units)),
                Part::Join => Step::Join,
                Part::Next => Step::Next,
                Part::Call { task, ignore_error } => {
                    Step::Run(self.call(*task, scope, &of.chain, *ignore_error, units))
                }
                Part::Background(task) => {
                    Step::Background(self.call(*task, scope, &of.chain, false, units))
                }
                Part::DeferCall(task) => {
                    Step::Defer(self.call(*task, scope, &of.chain, false, units))
                }
            });
            self.scopes = scope;
        }
        fragment
    }
}

fn refusal() -> Refusal {
    Refusal { code: 1, message: "no".into() }
}

impl Model for Player {
    fn delay(&mut self, _unit: UnitId) -> Duration {
        let micros = self.random.below(300) as u64;
        Duration::from_micros(if self.answers_at_once { 0 } else { micros })
    }

    fn expand(&mut self, unit: UnitId) -> Expanded {
        let of = self.planned[&unit].clone();
        let chain = &of.chain[..of.chain.len() - 1];
        let task = self.world.tasks[of.task].clone();
        if chain.contains(&of.task) {
            Expanded::Refused(refusal())
        } else if task.omitted {
            Expanded::Omitted
        } else if let Some(&other) = self.once.get(&of.task).filter(|_| task.once) {
            Expanded::Body(Fragment { deps: vec![other], ..Fragment::default() })
        } else {
            if task.once {
                self.once.insert(of.task, unit);
            }
            Expanded::Body(self.body(&of))
        }
    }

    fn again(&mut self, unit: UnitId) -> Expanded {
        let of = self.planned[&unit].clone();
        let fragment = self.body(&of);
        // The dependencies are done; those that were not shared have been planned in vain.
        let parts: Vec<UnitId> = fragment.steps.iter().filter_map(|step| step.unit()).collect();
        let units = fragment.units.into_iter().filter(|(id, _)| parts.contains(id)).collect();
        Expanded::Body(Fragment { deps: Vec::new(), units, ..fragment })
    }

    fn next(&mut self, unit: UnitId) -> Expanded {
        let rounds = self.rounds.entry(unit).or_default();
        *rounds += 1;
        match (*rounds, self.random.below(10)) {
            (4.., _) | (_, 0..4) => Expanded::Omitted,
            (_, 4) => Expanded::Refused(refusal()),
            _ => self.again(unit),
        }
    }

    fn ready(&mut self, _unit: UnitId) -> Option<Duration> {
        let delay = Duration::from_micros(self.random.below(35_000) as u64);
        self.random.percent(92).then_some(delay)
    }

    fn search(&mut self, _unit: UnitId) -> bool {
        self.random.percent(50)
    }

    fn claim(&mut self, _unit: UnitId, _claims: &[Claim]) -> Duration {
        match self.random.percent(50) {
            true => Duration::ZERO,
            false => Duration::from_millis(1 + self.random.below(30) as u64),
        }
    }

    fn check(&mut self, unit: UnitId) -> Verdict {
        match self.world.tasks[self.planned[&unit].task].checked {
            Checked::UpToDate => Verdict::UpToDate,
            Checked::Refused => Verdict::Refused(refusal()),
            Checked::No | Checked::Run => Verdict::Run,
        }
    }

    fn render(&mut self, unit: UnitId) -> Rendered {
        let of = &self.planned[&unit];
        let policy = self.world.tasks[of.task].policy.as_ref();
        let memory = policy.and_then(|policy| policy.resources.memory).unwrap_or(0);
        match of.command.clone().expect("only commands are rendered") {
            Command { omitted: true, .. } => Rendered::Omitted,
            Command { refused: true, .. } => Rendered::Refused(refusal()),
            _ => {
                let (echo, frame) = Default::default();
                Rendered::Run { echo, interactive: false, frame, memory }
            }
        }
    }

    fn run(&mut self, unit: UnitId, attempt: u32) -> Course {
        let of = self.planned[&unit].clone();
        let command = of.command.clone().expect("only commands run");
        let mut calls = Vec::new();
        for &(task, background) in &command.calls {
            let mut made = Vec::new();
            let scope = self.scope();
            let call = self.call(task, scope, &of.chain, false, &mut made);
            let unit_of_call = made.remove(0).1;
            calls.push(Input::Grafted { by: unit, call, unit: unit_of_call, background });
        }
        let serves = self.world.tasks[of.task].policy.as_ref().is_some_and(|p| p.server.is_some());
        let work = match (command.takes, self.random.percent(2)) {
            (None, _) if serves && self.random.percent(90) => Duration::from_secs(10),
            (Some(takes), _) => takes,
            (None, true) => Duration::from_secs(10),
            (None, false) => Duration::from_micros(500 + self.random.below(60_000) as u64),
        };
        let fails = command.fails && (command.passes_at == 0 || attempt < command.passes_at);
        let status = match command.code {
            _ if !fails => Status::Code(0),
            137 => Status::Signal(9),
            code => Status::Code(code),
        };
        let exit = match command.unstartable {
            true => Exit::NotStarted("no such thing".into()),
            false => Exit::Ended(status, Usage::default()),
        };
        Course { work, exit, calls }
    }

    fn idles(&mut self, unit: UnitId) -> Option<(Duration, Duration)> {
        let command = self.planned[&unit].command.clone().expect("only commands run");
        if command.idles.is_some() || command.takes.is_some() {
            return command.idles;
        }
        let mut some = |most| Duration::from_micros(self.idleness.below(most) as u64);
        let (after, long) = (some(30_000), some(40_000));
        self.idleness.percent(60).then_some((after, long))
    }

    fn stop(&mut self, _unit: UnitId, _how: Stop) -> Option<Duration> {
        let delay = Duration::from_millis(self.random.below(30) as u64);
        self.random.percent(70).then_some(delay)
    }
}
