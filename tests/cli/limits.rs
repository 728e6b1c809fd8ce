//! How long things may take.

use std::time::Duration;

use par::event::{Event, Kind};

use crate::harness::Test;

#[test]
fn a_run_that_takes_longer_than_its_deadline_is_stopped() {
    Test::new()
        .taskfile("{version: '3', tasks: {default: exec sleep 1000}}")
        .args(["-s", "--deadline", "500ms"])
        .stderr("par: stopped at its deadline\n")
        .status(208)
        .run();
}

#[test]
fn with_x_a_deadline_exits_like_the_timeout_program() {
    Test::new()
        .taskfile("{version: '3', tasks: {default: exec sleep 1000}}")
        .args(["-s", "-x", "--deadline=500ms"])
        .stderr("par: stopped at its deadline\n")
        .status(124)
        .run();
}

#[test]
fn a_deadline_is_a_duration_above_zero() {
    for (value, why) in
        [("soon", "expected a duration as 90s or 1h30m"), ("0s", "expected a duration above zero")]
    {
        Test::new()
            .taskfile("{version: '3', tasks: {default: 'true'}}")
            .args(["--deadline", value])
            .stderr_has(why)
            .status(2)
            .run();
    }
}

#[test]
fn an_attempt_that_takes_too_long_is_killed_with_its_tree_and_what_was_deferred_runs() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default:
                timeout: 500ms
                cmds:
                  - defer: echo {{.EXIT_CODE}} > deferred
                  - sleep 1000 & sleep 1000
            ",
        )
        .args(["-s"])
        .stderr("par: task `default` timed out ([TIME])\n  again: par run default\n")
        .hide_times()
        .status(208)
        .run();
    assert_eq!(ran.text("deferred"), "124\n");
    let timed_out = |event: &Event| matches!(event.kind, Kind::TimedOut { limit: 500_000, .. });
    let found = ran.events().into_iter().find(timed_out).expect("it is told");
    assert!(found.at.elapsed() >= Duration::from_millis(500), "{:?}", found.at);
}
