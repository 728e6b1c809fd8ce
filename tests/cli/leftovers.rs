//! What commands leave running: for how long it stays, what becomes of its output, who hears of it.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;

use crate::harness::Test;
use crate::live::becomes_readable;

/// A test with a fifo that becomes readable when nobody holds it any more.
fn watched(taskfile: &str) -> (Test, File) {
    let test = Test::new().taskfile(taskfile).fifo("alive");
    let path = test.path("alive");
    let alive = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    (test, alive.expect("a fifo"))
}

#[test]
fn what_a_command_leaves_running_serves_the_next_one_and_ends_with_the_task() {
    let (test, alive) = watched(
        r#"
        version: '3'
        tasks:
          all: [{task: serve}, 'flock lock echo nobody serves']
          serve:
            - sh -c 'exec 9>alive 8>lock; flock 8; (read x <question; echo $x >answer; read x <never) &'
            - '! flock -n lock true; echo hello >question; cat answer'
        "#,
    );
    test.fifo("question")
        .fifo("answer")
        .fifo("never")
        .args(["-s", "all"])
        .stdout("hello\nnobody serves\n")
        .stderr_has("par: task `serve` left running, and it was killed: `s")
        .run();
    assert!(becomes_readable(&alive), "somebody lives on");
}

#[test]
fn a_child_that_keeps_stdout_open_holds_up_nobody_and_what_it_writes_is_in_the_log() {
    let (test, alive) = watched(
        r#"
        version: '3'
        tasks:
          all:
            - echo first; sh -c 'exec 9>alive; (read x <go; echo late; echo told >heard; sleep 1000) &'
            - 'echo x >go; read x <heard; echo second'
        "#,
    );
    let ran = test
        .fifo("go")
        .fifo("heard")
        .args(["-s", "all"])
        .stdout("first\nsecond\n")
        .stderr_has("par: task `all` left running, and it was killed: ")
        .run();
    assert!(becomes_readable(&alive), "somebody lives on");
    let log = String::from_utf8(ran.log("all.log")).expect("text");
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["first", "late", "second"]);
}

#[test]
fn a_daemon_lives_as_long_as_the_run_and_no_longer() {
    let (test, alive) = watched(
        r#"
        version: '3'
        tasks:
          all: [{task: start}, {task: use}]
          start: setsid -f sh -c 'exec 9>alive; echo >up; read x <go; echo $x >answer; read x <never' >/dev/null 2>&1; read x <up
          use: 'echo hello >go; cat answer'
        "#,
    );
    test.fifo("go")
        .fifo("up")
        .fifo("answer")
        .fifo("never")
        .args(["-s", "all"])
        .stdout("hello\n")
        .stderr_has("par: left running, and killed with the run: `s")
        .run();
    assert!(becomes_readable(&alive), "somebody lives on");
}

#[test]
fn background_jobs_of_a_command_are_waited_for() {
    Test::new()
        .taskfile(
            r#"
            version: '3'
            tasks: {all: ['{ read x <go; echo job; } & echo x >go', 'echo next']}
            "#,
        )
        .fifo("go")
        .args(["-s", "all"])
        .stdout("job\nnext\n")
        .run();
}

#[test]
fn what_a_script_of_a_variable_leaves_ends_with_it() {
    Test::new()
        .taskfile(
            r#"
            version: '3'
            tasks:
              all:
                vars: {V: {sh: "sh -c 'exec 9>lock; flock 9; sleep 1000 & echo value'"}}
                cmds: ['echo {{.V}}; flock lock echo free']
            "#,
        )
        .args(["-s", "all"])
        .stdout("value\nfree\n")
        .run();
}
