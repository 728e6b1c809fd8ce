//! Tasks that are tried again.

use crate::harness::Test;

#[test]
fn a_task_that_passes_at_another_attempt_is_flaky_and_said_so() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default:
                retry: {attempts: 3, delay: 1ms}
                deps: [once]
                cmds:
                  - defer: echo deferred $PAR_ATTEMPT
                  - echo attempt $PAR_ATTEMPT
                  - test $PAR_ATTEMPT = 2 || exit 75
              once: echo once
            ",
        )
        .args(["-s", "-j1"])
        .stdout("once\nattempt 1\ndeferred 1\nattempt 2\ndeferred 2\n")
        .stderr(
            "
            par: task `default` failed: exit status 75; attempt 2 of 3 in [TIME]
            par: flaky: `default` passed at attempt 2
            ",
        )
        .hide_times()
        .run();
    assert_eq!(ran.log("default.log"), b"attempt 1\ndeferred 1\n");
    assert_eq!(ran.log("default.2.log"), b"attempt 2\ndeferred 2\n");
}

#[test]
fn the_end_of_the_log_tells_whether_a_failure_is_transient() {
    let taskfile = "
        version: '3'
        tasks:
          default: {deps: [reset, other]}
          reset:
            retry: {attempts: 2, delay: 1ms, on: [transient], patterns: ['connection re(set|fused)']}
            cmds: ['echo connection reset by $PAR_ATTEMPT; test $PAR_ATTEMPT = 2']
          other:
            retry: {attempts: 2, delay: 1ms, on: [transient], patterns: ['connection re(set|fused)']}
            cmds: [echo something else; exit 1]
        ";
    Test::new()
        .taskfile(taskfile)
        .args(["-s", "reset"])
        .stdout("connection reset by 1\nconnection reset by 2\n")
        .stderr_has("flaky: `reset` passed at attempt 2")
        .run()
        .again()
        .args(["-s", "other"])
        .stdout("something else\n")
        .stderr_has("task `other` failed: exit status 1")
        .status(201)
        .run();
}

#[test]
fn the_last_of_all_attempts_is_the_one_that_is_shown() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default:
                retry: {attempts: 2, delay: 1ms, on: [3]}
                cmds: [echo before, echo attempt $PAR_ATTEMPT; exit 3]
            ",
        )
        .args(["-s", "-o", "errors"])
        .stdout_has("attempt 2")
        .stderr(
            "
            par: task `default` failed: exit status 3; attempt 2 of 2 in [TIME]
            par: task `default` failed: exit status 3 ([TIME])
              | before
              | attempt 2
              log: .par/runs/[RUN]/logs/default.2.log
              again: par run default
            ",
        )
        .hide_times()
        .status(201)
        .run();
}
