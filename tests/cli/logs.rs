//! `par logs`.

use crate::harness::Test;

#[test]
fn without_a_run_there_are_no_logs() {
    let test = || Test::new().taskfile("{version: '3', tasks: {}}").args(["logs"]);
    test().stderr("error: no run is recorded here\n").status(1).run();
    test().args(["--runs"]).run();
}

#[test]
fn a_broken_taskfile_does_not_hide_logs() {
    Test::new()
        .taskfile("tasks: [")
        .args(["logs", "build"])
        .stderr("error: no run is recorded here\n")
        .status(1)
        .run();
}
