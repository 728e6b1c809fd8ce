//! What fails, what is left out because of it, and what is said.

use crate::harness::Test;

#[test]
fn dependents_are_skipped_and_named_and_siblings_finish() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              top: {deps: [middle, sibling], cmds: [echo top]}
              middle: {deps: [bad], cmds: [echo middle]}
              sibling: 'cat told; echo sibling'
              bad: 'echo bad; echo > told; exit 3'
            ",
        )
        .fifo("told")
        .args(["-s", "-j2", "top"])
        .stdout_lines(&["bad", "", "sibling"])
        .stderr(
            "
            par: skipped because `bad` failed: middle, top
            par: 4 tasks, 1 failed, 2 skipped, [TIME]
            par: task `bad` failed: exit status 3 ([TIME])
              | bad
              log: .par/runs/[RUN]/logs/bad.log
              again: par run bad
            ",
        )
        .hide_times()
        .status(201)
        .run();
}

fn three() -> Test {
    Test::new().taskfile(
        "
        version: '3'
        tasks:
          all: {deps: [one, two]}
          one: echo one; exit 1
          two: echo two; exit 2
          three: echo three
        ",
    )
}

#[test]
fn all_failures_are_told_and_the_first_one_last() {
    three()
        .args(["-s", "-j1", "all"])
        .stdout("one\ntwo\n")
        .stderr(
            "
            par: skipped because `one` failed: all
            par: 3 tasks, 2 failed, 1 skipped, [TIME]
            par: task `two` failed: exit status 2 ([TIME])
              | two
              log: .par/runs/[RUN]/logs/two.log
              again: par run two
            par: task `one` failed: exit status 1 ([TIME])
              | one
              log: .par/runs/[RUN]/logs/one.log
              again: par run one
            ",
        )
        .hide_times()
        .status(201)
        .run();
}

#[test]
fn the_next_task_of_the_line_runs_only_with_keep_going() {
    three()
        .args(["-s", "one", "three"])
        .stdout("one\n")
        .stderr_has("`one` failed")
        .status(201)
        .run();
    three()
        .args(["-sk", "one", "three", "two"])
        .stdout("one\nthree\ntwo\n")
        .stderr_has("`two` failed: exit status 2")
        .stderr_has("`one` failed: exit status 1")
        .status(201)
        .run();
}

#[test]
fn fail_fast_stops_the_siblings() {
    for flag in ["-F", "--failfast"] {
        Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  all: {deps: [endless, bad]}
                  endless: {cmds: [{defer: echo ended}, 'echo > started; exec sleep 1000']}
                  bad: 'cat started; exit 1'
                ",
            )
            .fifo("started")
            .args(["-s", "-j2", flag, "all"])
            .stdout_lines(&["", "ended"])
            .stderr_has("3 tasks, 1 failed, 1 skipped, 1 cancelled")
            .status(201)
            .run();
    }
}

#[test]
fn the_exit_code_of_the_command_is_passed_on_when_asked_for() {
    three().args(["-sx", "all", "-j1"]).stdout("one\ntwo\n").stderr_has("failed").status(1).run();
    three().args(["-sx", "-j1", "two"]).stdout("two\n").stderr_has("failed").status(2).run();
}

#[test]
fn an_ignored_failure_is_none() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: [{cmd: exit 3, ignore_error: true}, {task: soft}, echo on]
              soft: {ignore_error: true, cmds: [exit 4, echo more]}
            ",
        )
        .args(["-s", "all"])
        .stdout("more\non\n")
        .run();
}

#[test]
fn deferred_commands_run_backwards_and_know_the_exit_code() {
    let test = |last: &str| {
        Test::new()
            .taskfile(&format!(
                "
                version: '3'
                tasks:
                  all:
                    - defer: echo first '{{{{.EXIT_CODE}}}}'
                    - defer: {{task: later, vars: {{CODE: '{{{{.EXIT_CODE}}}}'}}}}
                    - echo body
                    - {last}
                    - defer: echo third '{{{{.EXIT_CODE}}}}'
                  later: echo second '{{{{.CODE}}}}'
                "
            ))
            .args(["-s", "all"])
    };
    test("':'").stdout("body\nthird \nsecond \nfirst \n").run();
    test("exit 5")
        .stdout("body\nsecond 5\nfirst 5\n")
        .stderr_has("exit status 5")
        .status(201)
        .run();
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let test = || Test::new().taskfile("{version: '3', tasks: {all: no-such-program here}}");
    test()
        .args(["all"])
        .stderr_has("no-such-program: command not found")
        .stderr_has("task `all` failed: exit status 127")
        .status(201)
        .run();
    test().args(["-x", "all"]).stderr_has("exit status 127").status(127).run();
}

#[test]
fn signals_have_names() {
    for (signal, code) in [("KILL", 137), ("TERM", 143), ("SEGV", 139), ("ABRT", 134)] {
        Test::new()
            .taskfile(&format!(
                "{{version: '3', tasks: {{all: 'ulimit -c 0; kill -{signal} $$'}}}}"
            ))
            .args(["-sx", "all"])
            .stderr(&format!(
                "par: task `all` failed: killed by SIG{signal} ([TIME])\n  again: par run all\n"
            ))
            .hide_times()
            .status(code)
            .run();
    }
}

#[test]
fn a_command_that_takes_too_long_is_208_or_124() {
    let test = || {
        Test::new().taskfile(
            "
            version: '3'
            tasks:
              all:
                - defer: echo deferred
                - {cmd: exec sleep 1000, timeout: 50ms}
                - echo never
            ",
        )
    };
    let said = "par: task `all` timed out ([TIME])\n  | deferred\n  log: .par/runs/[RUN]/logs/all.log\n  again: par run all\n";
    test().args(["-s", "all"]).stdout("deferred\n").stderr(said).hide_times().status(208).run();
    test().args(["-sx", "all"]).stdout("deferred\n").stderr(said).hide_times().status(124).run();
}

#[test]
fn a_precondition_that_does_not_hold_runs_nothing() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [checked], cmds: [echo never]}
              checked: {preconditions: [{sh: 'false', msg: not today}], cmds: [echo never]}
            ",
        )
        .args(["-s", "all"])
        .stderr_has("not today")
        .status(201)
        .run();
}
