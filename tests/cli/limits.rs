//! How long things may take.

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
