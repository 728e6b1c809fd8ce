//! `par plan`.

use crate::harness::Test;

const HALVES: &str = "
    version: '3'
    tasks:
      qa: {deps: [left, right], cmds: [echo qa], estimate: 1s}
      left: {cmds: [echo l], deps: [base], estimate: 20s}
      right: {cmds: [echo r, echo rr], estimate: 30s}
      base: {cmds: [echo b], estimate: 4s}
    ";

#[test]
fn levels_critical_path_and_speed_up_are_shown() {
    Test::new()
        .taskfile(HALVES)
        .args(["plan", "qa", "-j", "2"])
        .stdout(
            "
            level 1
              right  30.0 s
              base    4.0 s

            level 2
              left   20.0 s  after base

            level 3
              qa      1.0 s  after left, right

            critical path  right → qa
            sequential     55.0 s
            parallel       31.0 s with 2 jobs, at best 31.0 s
            speed-up       1.77×
            times          estimated in the Taskfile
            ",
        )
        .run();
}

#[test]
fn one_at_a_time_saves_nothing() {
    Test::new()
        .taskfile(HALVES)
        .env("USE_PARALLEL", "false")
        .args(["plan", "qa"])
        .stdout_has("parallel       55.0 s with 1 job, at best 31.0 s\nspeed-up       1.00×\n")
        .run();
}

#[test]
fn programs_get_json() {
    Test::new()
        .taskfile("{version: '3', tasks: {a: {cmd: echo, desc: A task, estimate: 2s}}}")
        .args(["plan", "a", "--json", "-j", "2"])
        .stdout(
            r#"
            {
              "critical_path": [
                "a"
              ],
              "estimated_speedup": 1.0,
              "fastest_seconds": 2.0,
              "jobs": 2,
              "levels": [
                [
                  {
                    "description": "A task",
                    "name": "a",
                    "needs": [],
                    "seconds": 2.0,
                    "source": "estimate",
                    "uncertain": []
                  }
                ]
              ],
              "open": [],
              "parallel_seconds": 2.0,
              "sequential_seconds": 2.0,
              "tasks": [
                "a"
              ],
              "times": "seconds"
            }
            "#,
        )
        .run();
}

#[test]
fn what_only_the_run_can_show_is_said() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {cmds: [{task: a}, {cmd: echo, if: 'test -f x'}]}
              a: {cmd: echo, status: ['test -f y']}
            ",
        )
        .args(["plan", "-j", "1"])
        .stdout(
            "
            level 1
              a        1  runs unless it is up to date

            level 2
              default  1  after a; runs if `test -f x`

            critical path  a → default
            sequential     2
            parallel       2 with 1 job, at best 2
            speed-up       1.00×
            times          nothing is known yet: every task counts 1
            ",
        )
        .run();
}

#[test]
fn a_task_that_is_not_there_is_200() {
    Test::new()
        .taskfile("{version: '3', tasks: {build: echo}}")
        .args(["plan", "biuld"])
        .stderr(
            "
            error: there is no task `biuld`
             |
             = help: did you mean `build`?
            ",
        )
        .status(200)
        .run();
}
