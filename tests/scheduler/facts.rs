//! Small plans whose whole story is told: what the scheduler promises, one fact each.

use std::sync::Arc;
use std::time::Duration;

use par::event::{At, Event, Kind, Outcome, Role, Why};
use par::id::UnitId;
use par::plan::Policy;
use par::schedule::{Input, Options};
use par::sim::Simulation;

use super::options;
use super::world::{Checked, Command, Part, Player, Task, World};

/// What a command takes.
const MOMENT: Duration = Duration::from_millis(10);

fn command() -> Part {
    Part::Command(Command {
        fails: false,
        ignore_error: false,
        omitted: false,
        refused: false,
        timeout: false,
        takes: Some(MOMENT),
        calls: Vec::new(),
    })
}

fn failing() -> Part {
    match command() {
        Part::Command(command) => Part::Command(Command { fails: true, ..command }),
        other => other,
    }
}

fn calling(calls: &[(usize, bool)]) -> Part {
    match command() {
        Part::Command(command) => Part::Command(Command { calls: calls.to_vec(), ..command }),
        other => other,
    }
}

fn deferred() -> Part {
    match command() {
        Part::Command(command) => Part::DeferCommand(command),
        other => other,
    }
}

fn task(deps: &[usize], parts: Vec<Part>) -> Task {
    Task {
        deps: deps.to_vec(),
        checked: Checked::No,
        omitted: false,
        once: false,
        one_at_a_time: false,
        fail_fast: false,
        parts,
        policy: None,
    }
}

/// A command that takes `moments`.
fn taking(moments: u32) -> Part {
    match command() {
        Part::Command(command) => {
            Part::Command(Command { takes: Some(MOMENT * moments), ..command })
        }
        other => other,
    }
}

/// `task` with a policy.
fn with(policy: Policy, task: Task) -> Task {
    Task { policy: Some(Arc::new(policy)), ..task }
}

fn world(tasks: Vec<Task>) -> World {
    let roots = vec![0];
    World { tasks, roots, parallel_roots: false, keep_going: false, ..World::new(1) }
}

fn run(world: World, slots: u32, inputs: Vec<(At, Input)>) -> Vec<String> {
    run_with(world, options(slots), inputs)
}

fn run_with(world: World, options: Options, inputs: Vec<(At, Input)>) -> Vec<String> {
    let mut player = Player::new(&Arc::new(world));
    let root = player.root();
    let mut simulation = Simulation::new(options, player);
    inputs.into_iter().for_each(|(at, input)| simulation.plan_input(at, input));
    let (events, _, _) = simulation.run(root, |_, _| {});
    tell(&events)
}

/// `> t1` a command of t1 starts, `< t1` it ends well, `! t1` badly; `t1 …` is how a task ended.
fn tell(events: &[Event]) -> Vec<String> {
    let mut names: Vec<(UnitId, String, Role)> = Vec::new();
    let mut story = Vec::new();
    for event in events {
        let of = |unit: &UnitId| names.iter().find(|(id, ..)| id == unit).expect("added before");
        match &event.kind {
            Kind::Added { unit, task, role, .. } => names.push((*unit, task.to_string(), *role)),
            Kind::Started { unit, .. } => story.push(format!("> {}", of(unit).1)),
            Kind::TimedOut { unit, .. } => story.push(format!("{} timed out", of(unit).1)),
            Kind::Cancelling { why } => story.push(format!("{why:?}")),
            Kind::Finished { unit, outcome, .. } => {
                let (_, name, role) = of(unit);
                let how = match (role, outcome) {
                    (Role::Task, Outcome::Skipped(cause)) => {
                        format!("{name} skipped because of {}", of(cause).1)
                    }
                    (Role::Task, Outcome::Failed(_)) => format!("{name} failed"),
                    (Role::Task, Outcome::Cancelled) => format!("{name} cancelled"),
                    (Role::Task, _) => format!("{name} done"),
                    (_, Outcome::Skipped(_)) => continue,
                    (_, outcome) if outcome.is_success() => format!("< {name}"),
                    _ => format!("! {name}"),
                };
                story.push(how);
            }
            _ => {}
        }
    }
    story
}

#[test]
fn dependents_of_a_failed_task_are_skipped_and_siblings_finish() {
    let tasks = vec![
        task(&[1, 2], vec![command()]),
        task(&[3], vec![command()]),
        task(&[], vec![command()]),
        task(&[], vec![failing()]),
    ];
    let story = run(world(tasks), 1, Vec::new());
    let expected = [
        "> t3",
        "! t3",
        "t3 failed",
        "t1 skipped because of t3",
        "> t2",
        "< t2",
        "t2 done",
        "t0 skipped because of t1",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_failure_in_the_background_shows_at_the_join() {
    let parts = vec![Part::Background(1), command(), Part::Join, command()];
    let tasks = vec![task(&[], parts), task(&[], vec![failing()])];
    let story = run(world(tasks), 1, Vec::new());
    assert_eq!(story, ["> t1", "! t1", "t1 failed", "> t0", "< t0", "t0 failed"]);
}

#[test]
fn deferred_parts_run_last_first_also_after_a_failure_but_only_those_that_were_reached() {
    let cleaned = task(&[], vec![command()]);
    let parts = vec![deferred(), Part::DeferCall(1), failing(), Part::DeferCall(2)];
    let tasks = vec![task(&[], parts), cleaned.clone(), cleaned];
    let story = run(world(tasks), 4, Vec::new());
    let expected = [
        "> t0",
        "! t0",
        "> t1",
        "< t1",
        "t1 done",
        "> t0",
        "< t0",
        "t2 skipped because of t0",
        "t0 failed",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_program_that_calls_a_task_lends_it_its_slot() {
    let tasks = vec![
        task(&[], vec![calling(&[(1, true), (2, true)])]),
        { task(&[], vec![command()]) },
        task(&[], vec![command()]),
    ];
    let story = run(world(tasks), 1, Vec::new());
    let expected =
        ["> t0", "> t1", "< t1", "t1 done", "> t2", "< t2", "t2 done", "< t0", "t0 done"];
    assert_eq!(story, expected);
}

#[test]
fn a_call_that_fails_in_the_background_fails_the_program_that_made_it() {
    let tasks = vec![task(&[], vec![calling(&[(1, true)])]), task(&[], vec![failing()])];
    let story = run(world(tasks), 2, Vec::new());
    assert_eq!(story, ["> t0", "> t1", "! t1", "t1 failed", "! t0", "t0 failed"]);
}

#[test]
fn a_call_that_fails_in_the_foreground_is_the_business_of_the_script() {
    let tasks = vec![task(&[], vec![calling(&[(1, false)])]), task(&[], vec![failing()])];
    let story = run(world(tasks), 2, Vec::new());
    assert_eq!(story, ["> t0", "> t1", "! t1", "t1 failed", "< t0", "t0 done"]);
}

#[test]
fn a_cancelled_run_starts_only_what_was_deferred() {
    let tasks = vec![task(&[1], vec![deferred(), command(), command()]), task(&[], vec![])];
    let cancel = (At(1_000), Input::Cancel(Why::Signal(libc::SIGINT)));
    let story = run(world(tasks), 2, vec![cancel]);
    let expected = ["t1 done", "> t0", "Signal(2)", "! t0", "> t0", "< t0", "! t0", "t0 cancelled"];
    assert_eq!(story, expected);
}

#[test]
fn an_attempt_that_takes_too_long_is_stopped_and_its_deferred_commands_run() {
    let policy = Policy { timeout: Some(MOMENT * 3), ..Policy::default() };
    let parts = vec![deferred(), Part::Call { task: 1, ignore_error: false }, command()];
    let tasks = vec![with(policy, task(&[2], parts)), task(&[], vec![taking(9)])];
    // What comes before the body does not count.
    let tasks = [tasks, vec![task(&[], vec![taking(9)])]].concat();
    let story = run(world(tasks), 4, Vec::new());
    let expected = [
        "> t2",
        "< t2",
        "t2 done",
        "> t1",
        "t0 timed out",
        "! t1",
        "t1 cancelled",
        "> t0",
        "< t0",
        "t0 failed",
    ];
    assert_eq!(story, expected);
}

#[test]
fn an_attempt_is_not_charged_for_waiting_in_the_queue() {
    let policy = Policy { timeout: Some(MOMENT * 3), ..Policy::default() };
    let background = [1, 2, 3, 4, 5].map(Part::Background).to_vec();
    let mut tasks = vec![task(&[], background)];
    let limited = with(policy, task(&[], vec![command(), command()]));
    tasks.extend(vec![limited; 5]);
    let story = run(world(tasks), 2, Vec::new());
    assert!(!story.iter().any(|line| line.ends_with("timed out")), "{story:?}");
    assert_eq!(story.last().map(String::as_str), Some("t0 done"));
}

#[test]
fn a_run_ends_at_its_deadline() {
    let tasks = vec![task(&[1], vec![command()]), task(&[], vec![taking(9)])];
    let options = Options { deadline: Some(MOMENT * 3), ..options(2) };
    let story = run_with(world(tasks), options, Vec::new());
    assert_eq!(story, ["> t1", "Deadline", "! t1", "t1 cancelled", "t0 cancelled"]);
}

#[test]
fn slots_that_others_have_are_not_used_until_they_come_back() {
    let commands = |deps: &[usize]| task(deps, vec![command()]);
    let tasks = || vec![commands(&[1, 2]), commands(&[]), commands(&[])];
    let out = (At(0), Input::TokensOut(1));
    let story = run(world(tasks()), 2, vec![out.clone()]);
    let one_by_one =
        ["> t1", "< t1", "t1 done", "> t2", "< t2", "t2 done", "> t0", "< t0", "t0 done"];
    assert_eq!(story, one_by_one);
    let back = (At(1), Input::TokensIn(1));
    assert_eq!(run(world(tasks()), 2, vec![out, back])[..2], ["> t1", "> t2"]);
}
