//! Small plans whose whole story is told: what the scheduler promises, one fact each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use par::event::{At, Event, Failure, Kind, Outcome, Role, Why};
use par::id::UnitId;
use par::plan::{
    Class, Fragment, Lock, Policy, Priority, Probe, Ready, Resources, Retry, Server, StallAction,
};
use par::schedule::{Effect, Expanded, Input, Options, Scheduler};
use par::sim::{Model, Simulation};

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
        code: 1,
        passes_at: 0,
        unstartable: false,
        takes: Some(MOMENT),
        idles: None,
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
        max_parallel: None,
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
            Kind::Retrying { unit, attempt, delay, .. } => {
                let delay = Duration::from_micros(*delay);
                story
                    .push(format!("{} fails at attempt {attempt}, again in {delay:?}", of(unit).1));
            }
            Kind::Ready { unit } => story.push(format!("{} is ready", of(unit).1)),
            Kind::OnlyParallel { unit, beside } => {
                story.push(format!("{} fails only beside {}", of(unit).1, beside.join(", ")));
            }
            Kind::Flaky { unit, attempts } => {
                story.push(format!("{} is flaky, {attempts} attempts", of(unit).1));
            }
            Kind::Stalled { unit, is_stopped, .. } => {
                let then = if *is_stopped { ", is stopped" } else { "" };
                story.push(format!("{} stalls{then}", of(unit).1));
            }
            Kind::TimedOut { unit, .. } => story.push(format!("{} timed out", of(unit).1)),
            Kind::Cancelling { why } => story.push(format!("{why:?}")),
            Kind::Finished { unit, outcome, .. } => {
                let (_, name, role) = of(unit);
                let how = match (role, outcome) {
                    (Role::Task, Outcome::Skipped(cause)) => {
                        format!("{name} skipped because of {}", of(cause).1)
                    }
                    (Role::Task, Outcome::Failed(Failure::Refused { message, .. })) => {
                        format!("{name} refused: {message}")
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
    assert_eq!(story, ["> t1", "Deadline", "! t1", "t1 cancelled", "! t0", "t0 cancelled"]);
}

/// Fails with `code` until it passes at an attempt; 0: it never does.
fn fails_until(attempt: u32, code: i32) -> Part {
    match failing() {
        Part::Command(command) => Part::Command(Command { code, passes_at: attempt, ..command }),
        other => other,
    }
}

fn retry(attempts: u32, on: &[Class]) -> Retry {
    Retry {
        attempts,
        delay: MOMENT,
        factor: 3.0,
        max_delay: MOMENT * 5,
        jitter: false,
        on: on.to_vec(),
        patterns: Vec::new(),
    }
}

fn retried(attempts: u32, on: &[Class], parts: Vec<Part>) -> Task {
    let policy = Policy { retry: Some(retry(attempts, on)), ..Policy::default() };
    with(policy, task(&[], parts))
}

#[test]
fn a_failed_body_is_tried_again_after_what_it_deferred_and_then_is_flaky() {
    let tasks = vec![
        Task { deps: vec![1], ..retried(3, &[Class::Any], vec![deferred(), fails_until(2, 1)]) },
        task(&[], vec![command()]),
    ];
    let expected = [
        "> t1",
        "< t1",
        "t1 done",
        "> t0",
        "! t0",
        "> t0",
        "< t0",
        "t0 fails at attempt 1, again in 10ms",
        "> t0",
        "< t0",
        "> t0",
        "< t0",
        "t0 is flaky, 2 attempts",
        "t0 done",
    ];
    for slots in [1, 4] {
        assert_eq!(run(world(tasks.clone()), slots, Vec::new()), expected);
    }
}

#[test]
fn delays_grow_up_to_a_limit_and_attempts_end() {
    let story = run(world(vec![retried(4, &[Class::Any], vec![failing()])]), 1, Vec::new());
    let delays: Vec<&String> = story.iter().filter(|line| line.contains("again")).collect();
    let expected = [
        "t0 fails at attempt 1, again in 10ms",
        "t0 fails at attempt 2, again in 30ms",
        "t0 fails at attempt 3, again in 50ms",
    ];
    assert_eq!(delays, expected);
    assert_eq!(story.last().map(String::as_str), Some("t0 failed"));
}

#[test]
fn only_failures_of_the_classes_that_are_named_are_tried_again() {
    let cases = [
        (Class::Transient, 75, true),
        (Class::Transient, 1, false),
        (Class::Signal, 137, true),
        (Class::Signal, 3, false),
        (Class::Exit(3), 3, true),
        (Class::Exit(3), 75, false),
        (Class::Timeout, 1, false),
        (Class::Any, 1, true),
    ];
    for (class, code, is_tried) in cases {
        let story = run(world(vec![retried(2, &[class], vec![fails_until(2, code)])]), 1, vec![]);
        let last = if is_tried { "t0 done" } else { "t0 failed" };
        assert_eq!(story.last().map(String::as_str), Some(last), "{class:?} {code}");
    }
}

#[test]
fn an_attempt_that_ran_out_of_time_is_tried_again_but_not_after_the_run_has_ended() {
    let policy = Policy {
        timeout: Some(MOMENT),
        retry: Some(retry(2, &[Class::Timeout])),
        ..Policy::default()
    };
    let tasks = vec![with(policy, task(&[], vec![taking(9)]))];
    let story = run(world(tasks.clone()), 1, Vec::new());
    assert_eq!(story.iter().filter(|line| *line == "t0 timed out").count(), 2, "{story:?}");
    // The deadline strikes while the attempt is being stopped.
    let options = Options { deadline: Some(MOMENT + MOMENT / 10), ..options(1) };
    let story = run_with(world(tasks), options, Vec::new());
    assert!(!story.iter().any(|line| line.contains("again")), "{story:?}");
}

#[test]
fn a_cancelled_run_does_not_wait_for_the_next_attempt() {
    let mut tasks = vec![retried(2, &[Class::Any], vec![failing()])];
    if let Some(policy) = &mut tasks[0].policy {
        Arc::make_mut(policy).retry = Some(Retry {
            delay: Duration::from_secs(3600),
            max_delay: Duration::from_secs(3600),
            ..retry(2, &[Class::Any])
        });
    }
    let cancel = (At(50_000), Input::Cancel(Why::Signal(libc::SIGINT)));
    let story = run(world(tasks), 1, vec![cancel]);
    let expected =
        ["> t0", "! t0", "t0 fails at attempt 1, again in 3600s", "Signal(2)", "t0 failed"];
    assert_eq!(story, expected);
}

fn lock(name: &str, shared: bool) -> Lock {
    Lock { name: name.into(), shared, across_runs: false }
}

fn locking(locks: &[Lock], parts: Vec<Part>) -> Task {
    with(Policy { locks: locks.to_vec(), ..Policy::default() }, task(&[], parts))
}

/// Most commands that ran at the same time.
fn most_at_once(story: &[String]) -> usize {
    let steps = story.iter().scan(0usize, |running, line| {
        match line.get(..2) {
            Some("> ") => *running += 1,
            Some("< " | "! ") => *running -= 1,
            _ => {}
        }
        Some(*running)
    });
    steps.max().unwrap_or(0)
}

#[test]
fn a_lock_spans_all_commands_and_calls_of_a_body() {
    let body = vec![command(), Part::Call { task: 3, ignore_error: false }, command()];
    let tasks = vec![
        task(&[1, 2], vec![]),
        locking(&[lock("db", false)], body.clone()),
        locking(&[lock("db", false)], body),
        // The same lock again, inside.
        locking(&[lock("db", false)], vec![command()]),
    ];
    let story = run(world(tasks), 4, Vec::new());
    assert_eq!(most_at_once(&story), 1);
    let starts: Vec<&str> = story.iter().filter_map(|line| line.strip_prefix("> ")).collect();
    let in_turn = [["t1", "t3", "t1", "t2", "t3", "t2"], ["t2", "t3", "t2", "t1", "t3", "t1"]];
    assert!(in_turn.iter().any(|order| starts == order), "{starts:?}");
    assert_eq!(story.last().map(String::as_str), Some("t0 done"));
}

#[test]
fn shared_locks_overlap_and_exclusive_ones_do_not() {
    for (shared, most) in [(true, 3), (false, 1)] {
        let holder = locking(&[lock("db", shared)], vec![taking(3)]);
        let tasks = vec![task(&[1, 2, 3], vec![]), holder.clone(), holder.clone(), holder];
        assert_eq!(most_at_once(&run(world(tasks), 4, Vec::new())), most);
    }
}

#[test]
fn two_locks_in_opposite_order_never_deadlock() {
    let tasks = vec![
        task(&[1, 2], vec![]),
        locking(&[lock("a", false), lock("b", false)], vec![command(), command()]),
        locking(&[lock("b", false), lock("a", false)], vec![command(), command()]),
    ];
    let story = run(world(tasks), 2, Vec::new());
    assert_eq!(most_at_once(&story), 1);
    assert_eq!(story.last().map(String::as_str), Some("t0 done"));
}

#[test]
fn bodies_that_wait_for_each_other_are_named() {
    // t1 has a and calls t3, which wants b; t2 has b and calls t4, which wants a.
    let calls = |task| vec![command(), Part::Call { task, ignore_error: false }];
    let tasks = vec![
        task(&[1, 2], vec![]),
        locking(&[lock("a", false)], calls(3)),
        locking(&[lock("b", false)], calls(4)),
        locking(&[lock("b", false)], vec![command()]),
        locking(&[lock("a", false)], vec![command()]),
    ];
    let story = run(world(tasks), 4, Vec::new());
    let refused: Vec<&String> = story.iter().filter(|line| line.contains("refused")).collect();
    let expected = "t3 refused: a cycle of tasks: t3 → t2 → t4 → t1 → t3 (`t3` waits for lock `b`, which `t2` has)";
    assert_eq!(refused, [expected]);
    assert!(story.contains(&"t2 done".into()), "the other one goes on: {story:?}");
}

#[test]
fn pools_and_weights_are_never_overdrawn() {
    let share = |pools: &[(&str, u32)], cpu| {
        let pools = pools.iter().map(|&(name, share)| (name.into(), share)).collect();
        let resources = Resources { cpu, pools, ..Resources::default() };
        with(Policy { resources, ..Policy::default() }, task(&[], vec![taking(2)]))
    };
    for (task_of, most) in [(share(&[("net", 1)], 0), 2), (share(&[], 3), 1), (share(&[], 99), 1)] {
        let mut tasks = vec![task(&[1, 2, 3, 4], vec![])];
        tasks.extend(vec![task_of; 4]);
        let options = Options { pools: vec![("net".into(), 2)], ..options(4) };
        assert_eq!(most_at_once(&run_with(world(tasks), options, Vec::new())), most);
    }
}

#[test]
fn the_urgent_start_first_and_so_does_what_they_wait_for() {
    let ranked =
        |priority| with(Policy { priority, ..Policy::default() }, task(&[], vec![command()]));
    let tasks = vec![
        task(&[1, 2, 3, 4, 5], vec![]),
        task(&[], vec![taking(99)]),
        ranked(Priority::Low),
        ranked(Priority::High),
        ranked(Priority::Normal),
        // It only waits for t6, which has no priority of its own.
        with(Policy { priority: Priority::Critical, ..Policy::default() }, task(&[6], vec![])),
        task(&[], vec![command()]),
    ];
    let story = run(world(tasks), 2, Vec::new());
    let starts = story.iter().filter_map(|line| line.strip_prefix("> ")).filter(|&t| t != "t1");
    let starts: Vec<&str> = starts.collect();
    // Whoever is ready first finds a free slot; the others wait in one queue.
    let mut expected = vec!["t6", "t3", "t4", "t2"];
    expected.retain(|&task| task != starts[0]);
    assert_eq!(starts[1..], expected);
}

#[test]
fn of_those_that_are_ready_at_the_same_moment_the_urgent_start_first() {
    let ranked =
        |priority| with(Policy { priority, ..Policy::default() }, task(&[], vec![command()]));
    let tasks = vec![
        task(&[1, 2, 3, 4], vec![]),
        ranked(Priority::Low),
        ranked(Priority::Low),
        ranked(Priority::Critical),
        ranked(Priority::High),
    ];
    let mut player = Player::new(&Arc::new(world(tasks)));
    player.answers_at_once = true;
    let root = player.root();
    let (events, _, _) = Simulation::new(options(2), player).run(root, |_, _| {});
    let story = tell(&events);
    let starts = story.iter().filter_map(|line| line.strip_prefix("> "));
    assert_eq!(starts.take(2).collect::<Vec<_>>(), ["t3", "t4"]);
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

#[test]
fn a_cancelled_task_runs_what_it_deferred_and_others_go_on() {
    let tasks = vec![
        task(&[1, 2], vec![command()]),
        task(&[], vec![deferred(), command(), command()]),
        task(&[], vec![command(), command()]),
    ];
    let cancel = (At(1_000), Input::CancelTask(UnitId(2)));
    let story = run(world(tasks), 2, vec![cancel]);
    let of = |name: &str| -> Vec<String> {
        story.iter().filter(|line| line.contains(name)).cloned().collect()
    };
    assert_eq!(
        of("t1"),
        ["> t1", "! t1", "> t1", "< t1", "! t1", "t1 cancelled", "t0 skipped because of t1"]
    );
    assert_eq!(of("t2"), ["> t2", "< t2", "> t2", "< t2", "t2 done"]);
}

#[test]
fn after_orders_without_adding_a_task() {
    let after = |names: &[&str], parts| {
        let after = names.iter().map(|&name| name.into()).collect();
        with(Policy { after, ..Policy::default() }, task(&[], parts))
    };
    // t3 comes into the run by t2, later than t1 is reached; t4 never does.
    let tasks = vec![
        task(&[1, 2], vec![]),
        after(&["t3", "t4"], vec![command()]),
        task(&[3], vec![command()]),
        task(&[], vec![taking(5), failing()]),
        task(&[], vec![command()]),
    ];
    for slots in [1, 4] {
        let story = run(world(tasks.clone()), slots, Vec::new());
        // It is order and no more: that t3 fails does not matter.
        let expected = ["> t3", "< t3", "> t3", "! t3", "t3 failed"];
        assert_eq!(story[..5], expected, "-j{slots}");
        assert!(story.contains(&"t1 done".into()), "-j{slots}: {story:?}");
        assert!(!story.iter().any(|line| line.contains("t4")), "-j{slots}: {story:?}");
    }
}

#[test]
fn a_circle_through_after_is_named() {
    let after = |name: &str, deps: &[usize]| {
        let after = vec![name.into()];
        with(Policy { after, ..Policy::default() }, task(deps, vec![command()]))
    };
    let tasks = vec![task(&[1, 2], vec![]), after("t2", &[]), task(&[1], vec![command()])];
    let story = run(world(tasks), 4, Vec::new());
    assert!(story[0].ends_with("refused: a cycle of tasks: t1 → t2 → t1"), "{story:?}");
}

/// A server that is ready by chance within 35 ms, or at once.
fn server(probed: bool, parts: Vec<Part>) -> Task {
    let probe = Probe::Tcp("localhost:1".into());
    let ready = probed.then(|| Ready { probe, timeout: Duration::from_secs(30) });
    with(Policy { server: Some(Server { ready }), ..Policy::default() }, task(&[], parts))
}

#[test]
fn a_server_takes_no_slot_and_is_stopped_when_all_else_is_done() {
    let tasks = vec![
        task(&[1, 2], vec![command(), command()]),
        server(true, vec![deferred(), taking(100_000)]),
        task(&[1], vec![command()]),
    ];
    let story = run(world(tasks), 1, Vec::new());
    let expected = [
        "> t1",
        "t1 is ready",
        "> t2",
        "< t2",
        "t2 done",
        "> t0",
        "< t0",
        "> t0",
        "< t0",
        "t0 done",
        "< t1",
        "> t1",
        "< t1",
        "t1 done",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_server_is_stopped_after_a_failure_too() {
    let tasks = vec![task(&[1], vec![failing()]), server(false, vec![taking(100_000)])];
    let story = run(world(tasks), 1, Vec::new());
    let expected = ["> t1", "t1 is ready", "> t0", "! t0", "t0 failed", "< t1", "t1 done"];
    assert_eq!(story, expected);
}

#[test]
fn a_server_that_falls_fails_who_relied_on_it_even_if_it_ends_well() {
    let client = vec![taking(9), command()];
    let tasks = vec![task(&[1], client), server(false, vec![taking(3)])];
    let story = run(world(tasks), 2, Vec::new());
    let expected =
        ["> t1", "t1 is ready", "> t0", "! t1", "t1 failed", "< t0", "! t0", "t0 failed"];
    assert_eq!(story.iter().filter(|line| !line.starts_with("! t0")).count(), 7, "{story:?}");
    assert_eq!(story[..6], expected[..6]);
    assert_eq!(story.last().map(String::as_str), Some("t0 failed"));
}

#[test]
fn a_server_that_is_not_ready_in_time_has_failed_and_who_needs_it_is_skipped() {
    let mut slow = server(true, vec![taking(100_000)]);
    if let Some(policy) = &mut slow.policy {
        let server = Arc::make_mut(policy).server.as_mut().expect("it is one");
        server.ready.as_mut().expect("it is probed").timeout = Duration::from_micros(1);
    }
    let story = run(world(vec![task(&[1], vec![command()]), slow]), 2, Vec::new());
    assert_eq!(story, ["> t1", "! t1", "t1 failed", "t0 skipped because of t1"]);
}

#[test]
fn a_server_that_was_asked_for_serves_until_it_is_told_to_stop() {
    let tasks = vec![server(false, vec![taking(100_000)])];
    let cancel = (At(500_000_000), Input::Cancel(Why::Signal(libc::SIGINT)));
    let story = run(world(tasks), 1, vec![cancel]);
    assert_eq!(story, ["> t0", "t0 is ready", "Signal(2)", "! t0", "t0 cancelled"]);
}

#[test]
fn what_fails_only_beside_others_is_tried_again_alone() {
    let options = Options { fallback: true, ..options(4) };
    let tasks = vec![
        task(&[1, 2, 3], vec![command()]),
        task(&[], vec![fails_until(2, 1)]),
        task(&[], vec![taking(5)]),
        task(&[], vec![fails_until(2, 1)]),
    ];
    let story = run_with(world(tasks.clone()), options.clone(), Vec::new());
    let at = story.iter().position(|line| line == "t2 done").expect("it is done");
    let expected = [
        "> t1",
        "< t1",
        "t1 fails only beside t2, t3",
        "t1 done",
        "> t3",
        "< t3",
        "t3 fails only beside t1, t2",
        "t3 done",
        "> t0",
        "< t0",
        "t0 done",
    ];
    assert_eq!(story[at + 1..], expected, "{story:?}");
    // What fails alone has failed, and what needs it is skipped.
    let mut tasks = tasks;
    tasks[1].parts = vec![failing()];
    let story = run_with(world(tasks), options, Vec::new());
    assert_eq!(story.last().map(String::as_str), Some("t0 skipped because of t1"));
}

#[test]
fn behind_a_closed_gate_one_command_runs_at_a_time() {
    let commands = |deps: &[usize]| task(deps, vec![command()]);
    let tasks = || vec![commands(&[1, 2]), commands(&[]), commands(&[])];
    let closed = (At(0), Input::Gate { is_open: false });
    let one_by_one =
        ["> t1", "< t1", "t1 done", "> t2", "< t2", "t2 done", "> t0", "< t0", "t0 done"];
    assert_eq!(run(world(tasks()), 2, vec![closed.clone()]), one_by_one);
    let open = (At(1), Input::Gate { is_open: true });
    assert_eq!(run(world(tasks()), 2, vec![closed, open])[..2], ["> t1", "> t2"]);
}

/// Says of the first commands of a run that they are silent, early in their life.
fn silences(units: &[u32]) -> Vec<(At, Input)> {
    let at = At::from(MOMENT / 2);
    units.iter().map(|&unit| (at, Input::Stalled(UnitId(unit)))).collect()
}

/// The units of commands, by the task that they are of, as a run of `world` numbers them.
fn commands_of(world: &World, name: &str) -> Vec<u32> {
    let mut player = Player::new(&Arc::new(world.clone()));
    let root = player.root();
    let (events, ..) = Simulation::new(options(4), player).run(root, |_, _| {});
    let of_task = |event: &Event| match &event.kind {
        Kind::Added { unit, task, role: Role::Command, .. } if **task == *name => Some(unit.0),
        _ => None,
    };
    events.iter().filter_map(of_task).collect()
}

fn stalling(stall: Option<Duration>, stall_action: StallAction) -> Policy {
    Policy { stall, stall_action, ..Policy::default() }
}

#[test]
fn a_silent_command_is_reported_and_one_without_a_limit_is_not() {
    let limited = with(stalling(Some(MOMENT), StallAction::Warn), task(&[], vec![command()]));
    let world = world(vec![task(&[1, 2], vec![]), limited, task(&[], vec![command()])]);
    let units = [commands_of(&world, "t1"), commands_of(&world, "t2")].concat();
    let story = run(world, 2, silences(&units));
    let expected = ["> t1", "> t2", "t1 stalls", "< t1", "t1 done", "< t2", "t2 done", "t0 done"];
    assert_eq!(sorted(&story), sorted(&expected.map(String::from)));
    assert_eq!(story[2], "t1 stalls");
}

fn sorted(story: &[String]) -> Vec<String> {
    let mut sorted = story.to_vec();
    sorted.sort();
    sorted
}

#[test]
fn what_the_run_allows_counts_where_a_task_says_nothing_but_not_for_servers() {
    let tasks = vec![task(&[1], vec![command()]), server(false, vec![taking(100_000)])];
    let world = world(tasks);
    let units = [commands_of(&world, "t0"), commands_of(&world, "t1")].concat();
    let options = Options { stall: Some(MOMENT), ..options(2) };
    let story = run_with(world, options, silences(&units));
    let expected =
        ["> t1", "t1 is ready", "> t0", "t0 stalls", "< t0", "t0 done", "< t1", "t1 done"];
    assert_eq!(story, expected);
}

#[test]
fn a_stalled_attempt_is_stopped_and_tried_again_as_one_that_ran_out_of_time() {
    let policy = Policy {
        retry: Some(retry(2, &[Class::Timeout])),
        ..stalling(Some(MOMENT), StallAction::Stop)
    };
    // The limit is that of a task around the command.
    let parts = vec![deferred(), Part::Call { task: 1, ignore_error: false }];
    let world = world(vec![with(policy, task(&[], parts)), task(&[], vec![command()])]);
    let first = &commands_of(&world, "t1")[..1];
    let story = run(world.clone(), 2, silences(first));
    let expected = [
        "> t1",
        "t1 stalls, is stopped",
        "! t1",
        "t1 cancelled",
        "> t0",
        "< t0",
        "t0 fails at attempt 1, again in 10ms",
        "> t1",
        "< t1",
        "t1 done",
        "> t0",
        "< t0",
        "t0 is flaky, 2 attempts",
        "t0 done",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_command_that_waits_for_a_task_it_called_is_not_silent() {
    let tasks = vec![
        with(stalling(Some(MOMENT), StallAction::Stop), task(&[], vec![calling(&[(1, false)])])),
        task(&[], vec![taking(4)]),
    ];
    let world = world(tasks);
    let caller = commands_of(&world, "t0");
    let late = (At::from(MOMENT * 2), Input::Stalled(UnitId(caller[0])));
    let story = run(world, 2, vec![late]);
    assert_eq!(story, ["> t0", "> t1", "< t1", "t1 done", "< t0", "t0 done"]);
}

#[test]
fn a_circle_is_named_even_if_something_else_waits_for_the_slot_of_its_program() {
    let wide = Resources { cpu: 2, ..Resources::default() };
    let after = Policy { after: vec!["t3".into()], ..Policy::default() };
    let tasks = vec![
        task(&[2, 1], vec![command()]),
        task(&[], vec![calling(&[(3, false)])]),
        with(Policy { resources: wide, ..Policy::default() }, task(&[5], vec![command()])),
        task(&[4], vec![command()]),
        with(after, task(&[], vec![command()])),
        task(&[], vec![command()]),
    ];
    let story = run(world(tasks), 2, Vec::new());
    let named = "t4 refused: a cycle of tasks: t4 → t3 → t4";
    assert!(story.iter().any(|line| line == named), "{story:?}");
    assert!(story.iter().any(|line| line.starts_with("t0 ")), "{story:?}");
}

#[test]
fn a_server_that_has_ended_is_not_ready_although_its_body_goes_on() {
    let brief = match command() {
        Part::Command(command) => {
            Part::Command(Command { takes: Some(Duration::from_micros(1)), ..command })
        }
        other => other,
    };
    let tasks = vec![
        task(&[1], vec![command()]),
        server(true, vec![Part::Background(2), brief]),
        task(&[], vec![taking(9)]),
    ];
    let ready = (At::from(MOMENT * 4), Input::Ready(UnitId(2)));
    let story = run(world(tasks), 2, vec![ready]);
    assert!(!story.iter().any(|line| line == "t1 is ready"), "{story:?}");
    assert_eq!(story[story.len() - 2..], ["t1 failed", "t0 skipped because of t1"]);
}

#[test]
fn what_is_tried_alone_may_wait_for_another_task_that_was_put_aside() {
    let calls = vec![fails_until(2, 1), Part::Call { task: 2, ignore_error: false }];
    let once = Task { once: true, ..task(&[], vec![fails_until(2, 1)]) };
    let tasks = vec![task(&[1, 2], vec![command()]), task(&[], calls), once];
    let options = Options { fallback: true, ..options(4) };
    let story = run_with(world(tasks), options, Vec::new());
    assert_eq!(story.last().map(String::as_str), Some("t0 done"), "{story:?}");
}

/// A command that takes `moments`, and does nothing from the first to the last of `idle`.
fn idling(moments: u32, idle: std::ops::Range<u32>) -> Part {
    match taking(moments) {
        Part::Command(command) => {
            let idles = Some((MOMENT * idle.start, MOMENT * (idle.end - idle.start)));
            Part::Command(Command { idles, ..command })
        }
        other => other,
    }
}

/// Tasks that wait one after the other for a slot, the first one long before the others.
fn in_line(tasks: Vec<Task>) -> World {
    let number = tasks.len();
    let mut all = vec![task(&(1..=number).collect::<Vec<_>>(), Vec::new())];
    for (place, task) in tasks.into_iter().enumerate() {
        let priority = [Priority::Critical, Priority::High, Priority::Normal][place.min(2)];
        let deps = if place > 0 { vec![number + 1] } else { Vec::new() };
        all.push(with(Policy { priority, ..Policy::default() }, Task { deps, ..task }));
    }
    // A chain of tasks without commands takes its time to be looked at.
    all.extend((1..8).map(|link| task(&[number + 1 + link], Vec::new())));
    all.push(task(&[], Vec::new()));
    world(all)
}

fn without_links(story: Vec<String>, tasks: usize) -> Vec<String> {
    let is_link = |line: &String| {
        let number = line.strip_prefix('t').and_then(|rest| rest.split(' ').next());
        number.is_some_and(|number| number.parse::<usize>().is_ok_and(|number| number > tasks))
    };
    story.into_iter().filter(|line| !is_link(line)).collect()
}

#[test]
fn who_does_nothing_lends_its_slot_and_has_it_back_before_anything_else_starts() {
    // t1 is idle from 1 to 3. t2 has its slot from then to 4, t3 may start only when t1 has ended at 6.
    let one = |idle| task(&[], vec![idling(6, idle)]);
    let others = [task(&[], vec![taking(3)]), task(&[], vec![taking(1)])];
    let tasks = |idle| [&[one(idle)][..], &others].concat();
    let options = Options { lent: 8, ..options(1) };
    let story = run_with(in_line(tasks(1..3)), options.clone(), Vec::new());
    let expected = [
        "> t1", "> t2", "< t2", "t2 done", "< t1", "t1 done", "> t3", "< t3", "t3 done", "t0 done",
    ];
    assert_eq!(without_links(story, 3), expected);
    // One that stays idle until its end leaves room to all others.
    let story = run_with(in_line(tasks(1..9)), options, Vec::new());
    let expected = [
        "> t1", "> t2", "< t2", "t2 done", "> t3", "< t3", "t3 done", "< t1", "t1 done", "t0 done",
    ];
    assert_eq!(without_links(story, 3), expected);
}

#[test]
fn where_nothing_is_lent_the_idle_keep_their_slots() {
    let idle = task(&[], vec![idling(6, 1..9)]);
    let tasks = vec![idle.clone(), idle, task(&[], vec![command()])];
    for slots in [1, 2] {
        let story = run_with(in_line(tasks.clone()), options(slots), Vec::new());
        let at = |line: &str| story.iter().position(|told| told == line).expect("it is told");
        assert!(at("> t3") > at("< t1"), "{story:?}");
    }
}

#[test]
fn no_more_is_lent_than_may_be() {
    let tasks = vec![task(&[], vec![idling(9, 1..20)]); 4];
    let story = run_with(in_line(tasks), Options { lent: 2, ..options(1) }, Vec::new());
    let story = without_links(story, 4);
    let starts = story.iter().take_while(|line| line.starts_with('>')).count();
    assert_eq!(starts, 3, "{story:?}");
}

#[test]
fn who_has_lent_its_slot_passes_it_on_when_it_is_back() {
    // t1 calls t3 while t2 has its slot: t3 comes when t2 has ended.
    let caller = match calling(&[(4, false)]) {
        Part::Command(command) => Part::Command(Command {
            takes: Some(MOMENT * 3),
            idles: Some((MOMENT, MOMENT * 9)),
            ..command
        }),
        other => other,
    };
    let tasks = vec![task(&[], vec![caller]), task(&[], vec![taking(4)])];
    let mut world = in_line(tasks);
    world.tasks[4].parts.push(command());
    world.tasks[4].deps.clear();
    world.tasks[3].deps = vec![5];
    let story = run_with(world, Options { lent: 1, ..options(1) }, Vec::new());
    let story: Vec<String> = story.into_iter().filter(|line| line.contains(['<', '>'])).collect();
    assert_eq!(story, ["> t1", "> t2", "< t2", "> t4", "< t4", "< t1"]);
}

#[test]
fn units_that_wait_for_each_other_end_with_the_last_one_that_waited_for_them() {
    let stops = |deps: &[usize]| Task { fail_fast: true, ..task(deps, vec![]) };
    let tasks = vec![
        stops(&[1, 2]),
        task(&[3, 4], vec![command()]),
        task(&[], vec![failing()]),
        task(&[4], vec![command()]),
        task(&[3], vec![command()]),
    ];
    for slots in [2, 4] {
        let story = run(world(tasks.clone()), slots, Vec::new());
        for unit in ["t1", "t3", "t4"] {
            let ended = story.iter().filter(|line| line.starts_with(&format!("{unit} "))).count();
            assert_eq!(ended, 1, "-j{slots}, {unit}: {story:?}");
        }
        assert_eq!(story.last().map(String::as_str), Some("t0 skipped because of t2"), "{story:?}");
    }
}

#[test]
fn what_is_shared_only_by_tasks_that_are_stopped_is_stopped_with_them() {
    let tasks = vec![
        Task { fail_fast: true, ..task(&[1, 2, 3], vec![]) },
        task(&[], vec![failing()]),
        task(&[3], vec![command()]),
        task(&[], vec![taking(9)]),
    ];
    let story = run(world(tasks), 4, Vec::new());
    let mut ends: Vec<&str> =
        story.iter().map(String::as_str).filter(|line| line.starts_with('t')).collect();
    assert_eq!(ends.pop(), Some("t0 skipped because of t1"), "{story:?}");
    ends.sort_unstable();
    assert_eq!(ends, ["t1 failed", "t2 cancelled", "t3 cancelled"], "{story:?}");
}

#[test]
fn calls_that_come_after_each_other_end_with_the_server_that_made_them() {
    let after = |name: &str| {
        let after = vec![name.into()];
        with(Policy { after, ..Policy::default() }, task(&[], vec![command()]))
    };
    let calls = vec![calling(&[(2, false), (3, false)])];
    let tasks = vec![task(&[1], vec![taking(9)]), server(false, calls), after("t3"), after("t2")];
    for slots in [1, 2] {
        let story = run(world(tasks.clone()), slots, Vec::new());
        assert!(story.iter().any(|line| line == "t0 done"), "-j{slots}: {story:?}");
        for unit in ["t1", "t2", "t3"] {
            let ended = story.iter().filter(|line| line.starts_with(&format!("{unit} "))).count();
            assert!(ended >= 1, "-j{slots}, {unit}: {story:?}");
        }
    }
}

fn needing(memory: u64, task: Task) -> Task {
    let resources = Resources { memory: Some(memory), ..Resources::default() };
    with(Policy { resources, ..Policy::default() }, task)
}

#[test]
fn what_needs_more_memory_than_is_left_waits_unless_it_is_alone() {
    let each = |needs: [u64; 3]| {
        let mut tasks = vec![task(&[1, 2, 3], Vec::new())];
        tasks.extend(needs.map(|need| needing(need, task(&[], vec![taking(9)]))));
        let enough = (At(0), Input::Memory(100));
        let story = run_with(world(tasks), options(3), vec![enough]);
        let mut most = 0;
        story.iter().fold(0, |running: i32, line| {
            let change = i32::from(line.starts_with('>')) - i32::from(line.starts_with('<'));
            most = most.max(running + change);
            running + change
        });
        assert_eq!(story.last().map(String::as_str), Some("t0 done"));
        most
    };
    assert_eq!(each([30, 30, 30]), 3);
    assert_eq!(each([50, 50, 50]), 2);
    assert_eq!(each([60, 60, 60]), 1);
    assert_eq!(each([600, 600, 600]), 1);
}

#[test]
fn more_memory_lets_start_what_waits_for_it() {
    let body = |moments| needing(60, task(&[], vec![taking(moments)]));
    let tasks = vec![task(&[1, 2], Vec::new()), body(9), body(3)];
    let memory = |at: u64, left| (At(at), Input::Memory(left));
    let options = options(2);
    let story = run_with(world(tasks), options, vec![memory(0, 100), memory(20_000, 60)]);
    assert!(story[0].starts_with('>') && story[1].starts_with('>'), "{story:?}");
}

#[test]
fn what_was_stopped_for_its_silence_beside_others_is_tried_again_alone() {
    let stall = Some(MOMENT);
    let policy = Policy { stall, stall_action: StallAction::Stop, ..Policy::default() };
    let tasks = vec![
        task(&[1, 2], Vec::new()),
        with(policy, task(&[], vec![taking(3)])),
        task(&[], vec![taking(5)]),
    ];
    // Whichever number the command has: it is the only one with a limit.
    let silence = |unit: u32| (At(20_000), Input::Stalled(UnitId(unit)));
    let options = Options { fallback: true, ..options(2) };
    let story = run_with(world(tasks), options, (1..9).map(silence).collect());
    let story: Vec<&str> = story.iter().map(String::as_str).filter(|l| l.contains("t1")).collect();
    let expected = [
        "> t1",
        "t1 stalls, is stopped",
        "! t1",
        "> t1",
        "< t1",
        "t1 fails only beside t2",
        "t1 done",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_server_that_a_failed_attempt_has_called_ends_before_the_next_one_calls_it_again() {
    let parts = vec![Part::Call { task: 1, ignore_error: false }, fails_until(2, 1)];
    let again = retried(2, &[Class::Any], parts);
    let tasks = vec![again, server(false, vec![taking(100_000)])];
    let story = run(world(tasks), 4, Vec::new());
    let expected = [
        "> t1",
        "t1 is ready",
        "> t0",
        "! t0",
        "t0 fails at attempt 1, again in 10ms",
        "< t1",
        "t1 done",
        "> t1",
        "t1 is ready",
        "> t0",
        "< t0",
        "t0 is flaky, 2 attempts",
        "t0 done",
        "< t1",
        "t1 done",
    ];
    assert_eq!(story, expected);
}

#[test]
fn a_server_that_a_retried_body_depends_on_goes_on() {
    let again = retried(2, &[Class::Any], vec![fails_until(2, 1)]);
    let tasks = vec![Task { deps: vec![1], ..again }, server(false, vec![taking(100_000)])];
    let story = run(world(tasks), 4, Vec::new());
    assert_eq!(story.iter().filter(|line| *line == "> t1").count(), 1, "{story:?}");
}

/// A command that calls a task and then goes on for a while.
fn slowly_calling(called: usize) -> Part {
    match taking(20) {
        Part::Command(command) => {
            Part::Command(Command { calls: vec![(called, false)], ..command })
        }
        other => other,
    }
}

#[test]
fn what_is_tried_alone_begins_when_nobody_goes_on_beside_it() {
    // t2 waits for the server that it called, which has what t1 needs, and goes on for 20 moments when that
    // has ended: t1 may take two.
    let limited =
        Policy { locks: vec![lock("port", false)], timeout: Some(MOMENT * 2), ..Policy::default() };
    let named = Policy {
        locks: vec![lock("port", false)],
        server: Some(Server { ready: None }),
        ..Policy::default()
    };
    let tasks = vec![
        task(&[1, 2], Vec::new()),
        with(limited, task(&[], vec![fails_until(2, 1)])),
        task(&[], vec![taking(20), slowly_calling(3)]),
        with(named, task(&[], vec![taking(30)])),
    ];
    let options = Options { fallback: true, ..options(4) };
    let story = run_with(world(tasks), options, Vec::new());
    let ends = [
        "t3 failed",
        "< t2",
        "t2 done",
        "> t1",
        "< t1",
        "t1 fails only beside t2",
        "t1 done",
        "t0 done",
    ];
    assert_eq!(story[story.len() - ends.len()..], ends, "{story:?}");
}

#[test]
fn a_run_ends_after_all_that_is_stopped_with_it() {
    // t3 waits for t1, whose command waits for t3 by way of t2: when that circle is cut, nobody wants t1 any
    // more, for t5 has ended since t4 failed.
    let tasks = vec![
        Task { fail_fast: true, ..task(&[5, 4], Vec::new()) },
        task(&[], vec![slowly_calling(2)]),
        task(&[3], Vec::new()),
        Task { once: true, ..task(&[1], Vec::new()) },
        task(&[], vec![failing()]),
        task(&[1], Vec::new()),
        task(&[7], Vec::new()),
        task(&[8], Vec::new()),
        task(&[3], Vec::new()),
    ];
    let world = World { roots: vec![0, 6], parallel_roots: true, cyclic: true, ..world(tasks) };
    let ran = super::simulate(&Arc::new(world), 4, Vec::new());
    assert_eq!(ran.faults, Vec::<String>::new(), "{:?}", tell(&ran.events));
}

#[test]
fn what_most_hangs_on_starts_first_although_it_is_found_last() {
    // t3 is the head of a chain that is known only when each of it has told what it needs.
    let commands = |deps: &[usize]| task(deps, vec![command()]);
    let mut tasks = vec![task(&[1, 2, 3, 7], Vec::new())];
    tasks.extend([commands(&[]), commands(&[]), commands(&[])]);
    tasks.extend([commands(&[]), commands(&[4]), commands(&[5]), commands(&[6])]);
    let mut player = Player::new(&Arc::new(world(tasks)));
    let mut scheduler = Scheduler::new(options(2));
    let alike = |mut fragment: Fragment| {
        fragment.units.iter_mut().for_each(|(_, unit)| unit.estimate = None);
        fragment
    };
    let mut facts = VecDeque::from([Input::Begin(alike(player.root()))]);
    let mut started = Vec::new();
    while let Some(fact) = facts.pop_front() {
        scheduler.expect_more(true);
        for effect in scheduler.step(At(0), fact) {
            match effect {
                Effect::Expand(unit) => {
                    let expanded = match player.expand(unit) {
                        Expanded::Body(fragment) => Expanded::Body(alike(fragment)),
                        other => other,
                    };
                    facts.push_back(Input::Expanded { unit, expanded });
                }
                Effect::Render(unit) => {
                    let rendered = player.render(unit);
                    facts.push_back(Input::Rendered { unit, rendered });
                }
                Effect::Start { .. } => panic!("it starts before all is known"),
                _ => {}
            }
        }
    }
    for effect in scheduler.start_held(At(0)) {
        if let Effect::Start { unit, .. } = effect {
            started.push(scheduler.plan().unit(unit).task.to_string());
        }
    }
    assert_eq!(started, ["t4", "t1"]);
}
