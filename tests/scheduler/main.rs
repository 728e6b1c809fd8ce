//! The scheduler against thousands of random growing plans with all policies: what must hold in every run, holds.

mod facts;
mod oracle;
mod rooms;
mod world;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use par::event::{At, Event, Failure, Kind, Outcome, Role, Why};
use par::id::UnitId;
use par::plan::{Plan, Step};
use par::schedule::{Effect, Input, Options, Scheduler};
use par::sim::{Effects, Simulation};

use oracle::{Expected, Oracle, Tally};
use rooms::Rooms;
use world::{MEMORY, POOLS, Player, Random, World};

/// How many plans are tried, unless the variable `PLANS` says otherwise. `SEED` says from where on.
const PLANS: usize = if cfg!(debug_assertions) { 6_000 } else { 100_000 };
const GRACE: Duration = Duration::from_millis(100);

fn options(slots: u32) -> Options {
    Options { slots, grace: GRACE, typical: Duration::from_millis(10), ..Options::default() }
}

/// How many slots may be lent in a world; the same number of slots twice comes to different numbers.
fn lent(world: &World, slots: u32) -> u32 {
    if slots == 1 { 0 } else { (world.seed % 4) as u32 }
}

/// Watches a simulation step by step.
struct Watcher {
    slots: usize,
    /// So many slots may be lent.
    lent: u32,
    running: HashSet<UnitId>,
    cancelled: Option<At>,
    ended: bool,
    rooms: Rooms,
    /// Members of groups that have begun and not ended, by the body they stand in.
    members: HashMap<UnitId, HashSet<UnitId>>,
    /// Servers that serve.
    ready: HashSet<UnitId>,
    /// Tasks that are to be tried alone.
    aside: HashSet<UnitId>,
    faults: Vec<String>,
}

impl Watcher {
    fn new(slots: u32, lent: u32) -> Watcher {
        let (running, faults) = Default::default();
        let (slots, rooms) = (slots as usize, Rooms::default());
        let (ready, aside, members) = Default::default();
        let (cancelled, ended) = (None, false);
        Watcher { slots, lent, running, cancelled, ended, rooms, members, ready, aside, faults }
    }

    fn fault(&mut self, what: String) {
        self.faults.push(what);
    }

    fn see(&mut self, scheduler: &Scheduler, step: &Effects<'_>) {
        for effect in step.effects {
            if self.ended {
                self.fault(format!("after the end: {effect:?}"));
            }
            match effect {
                Effect::Start { unit, .. } => {
                    self.check_memory(scheduler, *unit);
                    self.running.insert(*unit);
                    let (takes, asked) = (
                        scheduler.takes(*unit) as usize,
                        weight(scheduler.plan(), *unit, self.slots),
                    );
                    // Nothing of its own: it works in the slot of a command that waits for it.
                    let is_server = is_of_server(scheduler.plan(), *unit);
                    if takes != 0 && (takes != asked || is_server) {
                        self.fault(format!("{unit:?} takes {takes} slots instead of {asked}"));
                    }
                    self.check_needs(scheduler, *unit);
                }
                Effect::Expand(unit) => self.see_member(scheduler.plan(), *unit),
                Effect::Emit(kind) => {
                    self.see_event(step.now, kind);
                    self.see_policies(scheduler, kind);
                    let found = self.rooms.see(scheduler.plan(), kind);
                    self.faults.extend(found);
                }
                _ => {}
            }
        }
        self.check_room(scheduler);
    }

    /// No more members of a group are under way than may be.
    fn see_member(&mut self, plan: &Plan, unit: UnitId) {
        let call = plan.parent(unit);
        let Some(fragment) = plan.parts(call) else { return };
        let is_member = fragment.steps.contains(&Step::Background(unit));
        let Some(most) = fragment.max_parallel.filter(|_| is_member) else { return };
        let members = self.members.entry(call).or_default();
        members.insert(unit);
        if members.len() > most as usize {
            let text = format!("{members:?} are members of {call:?}, at most {most} at a time");
            self.fault(text);
        }
    }

    fn see_event(&mut self, now: At, kind: &Kind) {
        match kind {
            Kind::Finished { unit, .. } => {
                self.running.remove(unit);
                self.members.values_mut().for_each(|members| {
                    members.remove(unit);
                });
            }
            Kind::Cancelling { .. } => self.cancelled = Some(now),
            Kind::Retrying { unit, .. } if self.cancelled.is_some() => {
                self.fault(format!("{unit:?} is tried again although the run was cancelled"));
            }
            Kind::RunFinished { .. } => self.ended = true,
            _ => {}
        }
    }

    fn see_policies(&mut self, scheduler: &Scheduler, kind: &Kind) {
        match kind {
            Kind::Ready { unit } => {
                self.ready.insert(*unit);
                self.members.values_mut().for_each(|members| {
                    members.remove(unit);
                });
            }
            Kind::PutAside { unit, .. } => {
                self.aside.insert(*unit);
            }
            Kind::Began { unit, .. } if self.aside.contains(unit) => {
                let plan = scheduler.plan();
                let beside = |other: &&UnitId| {
                    !is_of_server(plan, **other) && !waits_for_call(scheduler, **other)
                };
                if let Some(other) = self.running.iter().find(beside) {
                    self.faults.push(format!("{unit:?} is not alone, {other:?} runs"));
                }
            }
            _ => {}
        }
    }

    /// Running commands hold a slot each, but for one that waits for a task it called.
    fn check_room(&mut self, scheduler: &Scheduler) {
        let works = |unit: &&UnitId| {
            !waits_for_call(scheduler, **unit)
                && !is_of_server(scheduler.plan(), **unit)
                && !scheduler.overstays(**unit)
                && !scheduler.has_lent(**unit)
        };
        let working = self.running.iter().filter(works).count();
        let taken: usize = self.running.iter().map(|&unit| scheduler.takes(unit) as usize).sum();
        if working.max(taken) > self.slots {
            self.fault(format!("{working} processes, {taken} slots taken of {}", self.slots));
        }
        if scheduler.slots_lent() > self.lent {
            self.fault(format!("{} slots lent of {}", scheduler.slots_lent(), self.lent));
        }
        let queued: Vec<usize> = scheduler
            .queued()
            .map(|unit| self::weight(scheduler.plan(), unit, self.slots))
            .collect();
        let free = scheduler.free_slots() as usize;
        let is_held = scheduler.waits_for_memory().is_some() || scheduler.holds_back();
        if !queued.is_empty() && !is_held && queued.iter().all(|&weight| weight <= free) {
            self.fault(format!("commands wait for {queued:?} slots although {free} are free"));
        }
    }

    /// What needs memory starts when there is enough beside all that runs, or when nothing else does.
    fn check_memory(&mut self, scheduler: &Scheduler, command: UnitId) {
        let plan = scheduler.plan();
        let (need, taken) = (memory(plan, command), self.running.iter());
        let taken: u64 = taken.map(|&unit| memory(plan, unit)).sum();
        let works =
            |unit: &&UnitId| !waits_for_call(scheduler, **unit) && !is_of_server(plan, **unit);
        let is_beside = self.running.iter().any(|unit| works(&unit));
        if need > 0 && need + taken > MEMORY && is_beside && !is_of_server(plan, command) {
            self.fault(format!("{command:?} needs {need} beside {taken} of {MEMORY}"));
        }
    }

    /// A command may start only when all that stands before it is done.
    fn check_needs(&mut self, scheduler: &Scheduler, command: UnitId) {
        let plan = scheduler.plan();
        let call = plan.parent(command);
        let Some(fragment) = plan.parts(call) else {
            return self.fault(format!("{command:?} starts in a call that was never expanded"));
        };
        let ready = self.ready.clone();
        let fine = |unit: UnitId| {
            ready.contains(&unit)
                || scheduler.outcome(unit).is_some_and(|outcome| {
                    outcome.is_success() || may_be_ignored(plan, scheduler, unit)
                })
        };
        if !fragment.deps.iter().all(|&dep| fine(dep)) {
            self.fault(format!("{command:?} starts before its dependencies are done"));
        }
        let at = fragment.steps.iter().position(|step| step.unit() == Some(command));
        let Some(at) = at else { return self.fault(format!("{command:?} is no part")) };
        if matches!(fragment.steps[at], Step::Defer(_)) {
            return self.check_body_over(scheduler, call, command);
        }
        let mut background = Vec::new();
        // A body that asked what comes next, and a further attempt, go on behind failures.
        let goes_on = |step: &Step| *step == Step::Next;
        let from = fragment.steps[..at].iter().rposition(goes_on).map_or(0, |next| next + 1);
        let fine = |unit: UnitId| match scheduler.attempt(call) {
            1 => fine(unit),
            _ => ready.contains(&unit) || scheduler.outcome(unit).is_some(),
        };
        for step in &fragment.steps[from..at] {
            match *step {
                Step::Run(unit) if !fine(unit) => {
                    self.fault(format!("{command:?} starts before {unit:?} is done"));
                }
                Step::Background(unit) => background.push(unit),
                Step::Join => background.drain(..).filter(|&unit| !fine(unit)).for_each(|unit| {
                    self.faults.push(format!("{command:?} starts before {unit:?} is joined"));
                }),
                _ => {}
            }
        }
        if self.cancelled.is_some() && !in_deferred(plan, command) {
            self.fault(format!("{command:?} starts although the run was cancelled"));
        }
    }

    /// Deferred commands run when everything else of the body has ended.
    fn check_body_over(&mut self, scheduler: &Scheduler, call: UnitId, command: UnitId) {
        let Some(fragment) = scheduler.plan().parts(call) else { return };
        for step in &fragment.steps {
            if let Step::Run(unit) | Step::Background(unit) = *step
                && self.running.contains(&unit)
            {
                self.faults.push(format!("deferred {command:?} starts while {unit:?} runs"));
            }
        }
    }
}

fn is_of_server(plan: &Plan, command: UnitId) -> bool {
    let policy = plan.unit(plan.parent(command)).policy.as_ref();
    policy.is_some_and(|policy| policy.server.is_some())
}

fn waits_for_call(scheduler: &Scheduler, command: UnitId) -> bool {
    scheduler.plan().needs(command).any(|(call, _)| scheduler.outcome(call).is_none())
}

/// Slots that a command asks for.
fn weight(plan: &Plan, command: UnitId, slots: usize) -> usize {
    let policy = plan.unit(plan.parent(command)).policy.as_ref();
    policy.map_or(1, |policy| (policy.resources.cpu as usize).clamp(1, slots))
}

/// Memory that a command needs.
fn memory(plan: &Plan, command: UnitId) -> u64 {
    let policy = plan.unit(plan.parent(command)).policy.as_ref();
    policy.and_then(|policy| policy.resources.memory).unwrap_or(0)
}

fn may_be_ignored(plan: &Plan, scheduler: &Scheduler, unit: UnitId) -> bool {
    plan.unit(unit).ignore_error
        && !matches!(scheduler.outcome(unit), Some(Outcome::Cancelled) | None)
}

fn in_deferred(plan: &Plan, mut unit: UnitId) -> bool {
    while unit != UnitId::ROOT {
        let parent = plan.parent(unit);
        let deferred =
            plan.parts(parent).is_some_and(|fragment| fragment.steps.contains(&Step::Defer(unit)));
        if deferred {
            return true;
        }
        unit = parent;
    }
    false
}

struct Ran {
    events: Vec<Event>,
    scheduler: Scheduler,
    faults: Vec<String>,
}

fn simulate(world: &Arc<World>, slots: u32, inputs: Vec<(At, Input)>) -> Ran {
    let mut player = Player::new(world);
    let root = player.root();
    let mut options = Options { lent: lent(world, slots), ..options(slots) };
    if world.policed {
        options.pools = POOLS.iter().map(|&(name, size)| (name.into(), size)).collect();
        let late = Duration::from_millis(40);
        options.fallback = world.seed.is_multiple_of(5);
        options.deadline = world.seed.is_multiple_of(7).then_some(late);
    }
    let mut simulation = Simulation::new(options, player);
    simulation.plan_input(At(0), Input::Memory(MEMORY as i64));
    for (at, input) in inputs {
        simulation.plan_input(at, input);
    }
    let mut watcher = Watcher::new(slots, lent(world, slots));
    let (events, scheduler, _) =
        simulation.run(root, |scheduler, step| watcher.see(scheduler, step));
    let mut faults = watcher.faults;
    check_outcomes(&events, &scheduler, &mut faults);
    Ran { events, scheduler, faults }
}

/// Every unit has exactly one outcome, the run's comes last.
fn check_outcomes(events: &[Event], scheduler: &Scheduler, faults: &mut Vec<String>) {
    let mut added = HashSet::new();
    let mut finished: HashMap<UnitId, usize> = HashMap::new();
    for event in events {
        match &event.kind {
            Kind::Added { unit, .. } if !added.insert(*unit) => {
                faults.push(format!("{unit:?} is added twice"));
            }
            Kind::Finished { unit, .. } => *finished.entry(*unit).or_default() += 1,
            _ => {}
        }
    }
    if !scheduler.is_finished() {
        faults.push("the run never ends".into());
    }
    let last = events.last().map(|event| &event.kind);
    if !matches!(last, Some(Kind::RunFinished { .. })) {
        faults.push(format!("the last event is {last:?}"));
    }
    for unit in &added {
        let times = finished.get(unit).copied().unwrap_or(0);
        if times != 1 {
            faults.push(format!("{unit:?} has {times} outcomes"));
        }
    }
}

fn task_number(name: &str) -> usize {
    name[1..].parse().expect("tasks are called t0, t1, …")
}

fn tally(ran: &Ran) -> Tally {
    let mut tally = Tally::new();
    let plan = ran.scheduler.plan();
    let roles: HashMap<UnitId, Role> = ran
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Added { unit, role, .. } => Some((*unit, *role)),
            _ => None,
        })
        .collect();
    for event in &ran.events {
        let Kind::Finished { unit, outcome, .. } = &event.kind else { continue };
        let what = match outcome {
            outcome if outcome.is_success() => "fine",
            Outcome::Skipped(_) => "skipped",
            Outcome::Cancelled => "cancelled",
            _ => "failed",
        };
        let command = roles[unit] != Role::Task;
        *tally.entry((task_number(&plan.unit(*unit).task), command, what)).or_default() += 1;
    }
    tally
}

fn starts(ran: &Ran) -> Vec<usize> {
    let plan = ran.scheduler.plan();
    ran.events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Started { unit, .. } => Some(task_number(&plan.unit(*unit).task)),
            _ => None,
        })
        .collect()
}

/// A cancellation, or several, at random times; before that, silence.
fn disturbances(seed: u64) -> Vec<(At, Input)> {
    let mut random = Random::new(seed ^ 0x77);
    let silence = |random: &mut Random| {
        let at = Duration::from_micros(random.below(200_000) as u64);
        (At::from(at), Input::Stalled(UnitId(random.below(40) as u32)))
    };
    let mut inputs: Vec<(At, Input)> = (0..20).map(|_| silence(&mut random)).collect();
    let mut at = Duration::from_micros(random.below(200_000) as u64);
    for _ in 0..1 + random.below(3) {
        inputs.push((At::from(at), Input::Cancel(Why::Signal(libc::SIGINT))));
        at += Duration::from_micros(random.below(80_000) as u64);
    }
    inputs
}

fn check_world(world: &Arc<World>, expected: &Expected) -> Vec<String> {
    let ran = simulate(world, world.slots, Vec::new());
    let mut faults = ran.faults.clone();
    if !world.cyclic && !world.timed && !world.policed && !expected.ambiguous {
        // In which scope a `run: once` task comes first, and so what it shares, is a matter of time.
        let one = simulate(world, 1, Vec::new());
        for ran in [(!expected.once).then_some(&ran), Some(&one)].into_iter().flatten() {
            if tally(ran) != expected.tally {
                faults.push(format!("outcomes {:?}, expected {:?}", tally(ran), expected.tally));
            }
        }
        faults.extend(one.faults.iter().map(|fault| format!("at -j1: {fault}")));
        if starts(&one) != expected.starts {
            faults.push(format!("-j1 starts {:?}, not {:?}", starts(&one), expected.starts));
        }
    }
    if world.policed {
        let one = simulate(world, 1, Vec::new());
        faults.extend(one.faults.iter().map(|fault| format!("at -j1: {fault}")));
    }
    faults.extend(late_end(&ran));
    if world.seed.is_multiple_of(4) {
        let again = simulate(world, world.slots, Vec::new());
        if again.events != ran.events {
            faults.push("the same seed gives other events".into());
        }
    }
    let cancelled = simulate(world, world.slots, disturbances(world.seed));
    faults.extend(cancelled.faults.iter().map(|fault| format!("cancelled: {fault}")));
    faults.extend(late_end(&cancelled).map(|fault| format!("cancelled: {fault}")));
    faults
}

/// A cancelled run ends within the grace, with one more for each deferred command that then starts; the
/// model takes up to 0.3 ms for each answer.
fn late_end(ran: &Ran) -> Option<String> {
    let when = |wanted: fn(&Kind) -> bool| {
        ran.events.iter().find(|event| wanted(&event.kind)).map(|event| event.at)
    };
    let cancelled = when(|kind| matches!(kind, Kind::Cancelling { .. }))?;
    let ended = when(|kind| matches!(kind, Kind::RunFinished { .. }))?;
    let later = || ran.events.iter().filter(|event| event.at >= cancelled);
    let starts = later().filter(|event| matches!(event.kind, Kind::Started { .. })).count();
    let limit = GRACE * (1 + starts as u32) + Duration::from_millis(1) * later().count() as u32;
    let took = ended.since(cancelled);
    (took > limit).then(|| format!("ends {took:?} after it was cancelled, limit {limit:?}"))
}

/// What a variable says; a number that is none is a mistake of who set it.
fn number(variable: &str) -> Option<u64> {
    let said = std::env::var(variable).ok()?;
    Some(said.parse().unwrap_or_else(|_| panic!("{variable}={said} is no number")))
}

#[test]
fn random_growing_plans_keep_the_promises() {
    let mut sizes = Vec::new();
    let plans = number("PLANS").unwrap_or(PLANS as u64) as usize;
    let first = number("SEED").unwrap_or(1);
    for seed in first.. {
        if sizes.len() == plans {
            break;
        }
        let world = Arc::new(World::new(seed));
        let expected = Oracle::walk(&world);
        if !(5..=80).contains(&expected.units) {
            continue;
        }
        // Small plans are easy to come by; most are left out so that half of them are large.
        if expected.units < 25 && !seed.is_multiple_of(3) {
            continue;
        }
        sizes.push(expected.units);
        let faults = check_world(&world, &expected);
        if !faults.is_empty() && std::env::var_os("TELL").is_some() {
            let slots = if faults[0].starts_with("at -j1") { 1 } else { world.slots };
            let disturbed = faults[0].starts_with("cancelled");
            let inputs = if disturbed { disturbances(world.seed) } else { Vec::new() };
            let ran = simulate(&world, slots, inputs);
            ran.events.iter().for_each(|event| println!("{event:?}"));
            println!("{:#?}", ran.scheduler);
        }
        assert!(faults.is_empty(), "seed {seed}: {faults:#?}\n{world:?}");
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    println!("{plans} plans, {} to {} units, median {median}", sizes[0], sizes[plans - 1]);
    assert!(median >= 25, "the median plan has {median} units only");
}

#[test]
fn units_that_wait_for_each_other_are_named() {
    // t1 and t2 are dependencies of t0, and of each other: no call stands in itself.
    let mut world = World::new(1);
    let blank = |deps: &[usize]| world::Task {
        deps: deps.to_vec(),
        checked: world::Checked::No,
        omitted: false,
        once: false,
        one_at_a_time: false,
        fail_fast: false,
        parts: Vec::new(),
        max_parallel: None,
        policy: None,
    };
    world.tasks = vec![blank(&[1, 2]), blank(&[2]), blank(&[1])];
    world.roots = vec![0];
    (world.parallel_roots, world.keep_going) = (false, false);
    let ran = simulate(&Arc::new(world), 4, Vec::new());
    assert_eq!(ran.faults, Vec::<String>::new());
    let message = ran.events.iter().find_map(|event| match &event.kind {
        Kind::Finished { outcome: Outcome::Failed(Failure::Refused { message, .. }), .. } => {
            Some(message.as_str())
        }
        _ => None,
    });
    let message = message.expect("one of them fails for that reason");
    assert!(
        ["t1 → t2 → t1", "t2 → t1 → t2"].iter().any(|chain| message.ends_with(chain)),
        "{message}"
    );
}
