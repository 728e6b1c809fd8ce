//! What is shown of what tasks write, and what is kept of it.

use crate::harness::Test;

const BOTH: &str = "
    version: '3'
    tasks:
      both:
        - echo out 1; echo err 1 >&2; echo out 2
        - echo err 2 >&2; echo out 3; echo err 3 > /dev/stderr; echo out 4 > /dev/stdout; echo out 5
    ";

#[test]
fn one_pipe_for_both_streams_keeps_their_order() {
    let ran = Test::new()
        .taskfile(BOTH)
        .args(["-s", "both"])
        .merged()
        .stdout("out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nout 4\nout 5\n")
        .run();
    assert_eq!(ran.log("both.log"), b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nout 4\nout 5\n");
}

#[test]
fn echoed_commands_stand_before_their_output() {
    Test::new()
        .taskfile("{version: '3', tasks: {all: [echo 1, echo 2 >&2, {cmd: echo 3, silent: true}]}}")
        .args(["all"])
        .merged()
        .stdout("par: [all] echo 1\n1\npar: [all] echo 2 >&2\n2\n3\n")
        .run();
}

#[test]
fn two_pipes_get_each_its_own_and_the_log_gets_all() {
    let ran = Test::new()
        .taskfile(BOTH)
        .args(["-s", "both"])
        .stdout("out 1\nout 2\nout 3\nout 4\nout 5\n")
        .stderr("err 1\nerr 2\nerr 3\n")
        .run();
    let log = String::from_utf8(ran.log("both.log")).expect("text");
    let of = |stream: &str| log.lines().filter(|line| line.starts_with(stream)).count();
    assert_eq!((of("out"), of("err"), log.lines().count()), (5, 3, 8));
    assert!(ran.log("both.log.idx").starts_with(b"paridx1\n"));
}

#[test]
fn writing_to_dev_stderr_loses_no_line_of_the_log() {
    let all = "1\n2\n3\n4\n";
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all:
                - echo 1
                - echo 2 > /dev/stderr
                - cmd: printf '3\\n4\\n' > /dev/stdout
            ",
        )
        .args(["-s", "all"])
        .merged()
        .stdout(all)
        .run();
    assert_eq!(ran.log("all.log"), all.as_bytes());
}

#[test]
fn bytes_and_long_lines_are_not_changed() {
    let make = "head -c 300000 /dev/zero | tr '\\0' 'x'; printf '\\377\\0\\r\\033[31mred\\r\\nend'";
    let mut expected = vec![b'x'; 300_000];
    expected.extend(b"\xff\0\r\x1b[31mred\r\nend");
    for mode in ["auto", "group", "interleaved", "keep-order"] {
        let ran = Test::new()
            .file("make.sh", make)
            .taskfile(
                "{version: '3', tasks: {all: {deps: [silent], cmds: [sh make.sh]}, silent: ':'}}",
            )
            .args(["-s", "-o", mode, "all"])
            .stdout_has("")
            .run();
        assert!(ran.stdout == expected, "{mode}");
        assert!(ran.log("all.log") == expected, "{mode}");
    }
}

/// Two tasks that write in turns; `b` ends when `a` has ended.
fn in_turns() -> Test {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              turns: {deps: [b, c]}
              a: 'echo a1; echo > to-b; read x < to-a; echo a2'
              b: 'read x < to-b; echo b1; echo > to-a; read x < to-b; echo b2'
              c: {deps: [a], cmds: ['echo > to-b']}
            ",
        )
        .fifo("to-a")
        .fifo("to-b")
        .args(["-j3", "-s", "turns"])
}

#[test]
fn tasks_of_a_pipe_are_shown_one_after_the_other() {
    let whole = "a1\na2\nb1\nb2\n";
    in_turns().stdout(whole).run();
    in_turns().args(["-o", "auto"]).stdout(whole).run();
    in_turns().args(["-o", "group"]).stdout(whole).run();
    in_turns().env("PAR_OUTPUT_MODE", "group").stdout(whole).run();
    in_turns().args(["-o", "keep-order"]).stdout_lines(&["a1", "a2", "b1", "b2"]).run();
}

/// Two tasks that write when they are told to.
fn told(mode: &str, stdout: &str) {
    let mut live = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              both: {deps: [a, b]}
              a: 'read x < to-a; echo a1; read x < to-a; echo a2'
              b: 'read x < to-b; echo b1; read x < to-b; echo b2'
            ",
        )
        .fifo("to-a")
        .fifo("to-b")
        .args(["-j2", "-s", "-o", mode, "both"])
        .stdout(stdout)
        .start();
    for (fifo, line) in [("to-a", "a1\n"), ("to-b", "b1\n"), ("to-a", "a2\n"), ("to-b", "b2\n")] {
        live.tell(fifo);
        live.see(line);
    }
    live.end();
}

#[test]
fn interleaved_is_as_it_comes() {
    told("interleaved", "a1\nb1\na2\nb2\n");
}

#[test]
fn prefixes_name_the_task_of_each_line() {
    told("prefixed", "[a] a1\n[b] b1\n[a] a2\n[b] b2\n");
}

#[test]
fn only_failures_are_shown_when_asked_for() {
    Test::new()
        .taskfile("{version: '3', tasks: {all: {deps: [good, bad]}, good: echo good, bad: echo bad; exit 1}}")
        .args(["-j1", "-s", "-o", "errors", "all"])
        .stdout("bad\n")
        .stderr_has("task `bad` failed: exit status 1")
        .status(201)
        .run();
}

#[test]
fn groups_have_a_beginning_and_an_end() {
    Test::new()
        .taskfile(
            "
            version: '3'
            output: {group: {begin: '<< {{.TASK}}', end: '>>'}}
            tasks: {all: [echo 1, ':', echo 2 >&2]}
            ",
        )
        .args(["-s", "all"])
        .merged()
        .stdout("<< all\n1\n>>\n<< all\n2\n>>\n")
        .run();
}

#[test]
fn logs_of_a_run_can_be_read_by_task_and_by_run() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: [task: good, task: 'ns:bad']
              good: echo good
              'ns:bad': echo bad; echo worse >&2; exit 1
            ",
        )
        .args(["-s", "all"])
        .stdout("good\nbad\n")
        .stderr_has("worse\n")
        .status(201)
        .run();
    let ran = ran.again().args(["run", "-s", "good"]).stdout("good\n").run();
    let first = {
        let runs = par::store::Runs::new(&ran.path("")).list();
        assert_eq!(runs.len(), 2);
        runs[1].id.to_string()
    };
    let ran = ran.again().args(["logs"]).stdout("good\n").run();
    let ran = ran.again().args(["logs", "--failed"]).run();
    let ran = ran.again().args(["logs", &first, "ns:bad"]).stdout("bad\n").stderr("worse\n").run();
    let ran = ran
        .again()
        .args(["logs", &first, "--failed"])
        .stdout_has("bad\n")
        .stderr_has("worse\n")
        .run();
    ran.again()
        .args(["logs", &first, "nope"])
        .stderr("error: run [RUN] has no log of a task `nope`\n")
        .status(1)
        .run()
        .again()
        .args(["logs", &first, "ns:bda"])
        .stderr(
            "error: run [RUN] has no log of a task `ns:bda`\n |\n = help: did you mean `ns:bad`?\n",
        )
        .status(1)
        .run();
}

#[test]
fn a_task_that_writes_nothing_has_no_log() {
    let ran = Test::new().taskfile("{version: '3', tasks: {all: ':'}}").args(["-s", "all"]).run();
    assert!(ran.has(".par/runs") && !ran.has(".par/runs/latest/logs/all.log"));
    ran.again()
        .args(["logs", "all"])
        .stderr("error: task `all` wrote nothing in run [RUN]\n")
        .status(1)
        .run();
}
