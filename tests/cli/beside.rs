//! Runs of one project beside each other: the same files are made by one of them at a time.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use crate::harness::Test;
use crate::live::{becomes_readable, ends};

const SLOW: &str = "
    version: '3'
    tasks:
      gen:
        sources: [in.txt]
        generates: [out.txt]
        cmds: ['echo x >>runs; echo up; read x <go; cat in.txt >out.txt']
    ";

fn slow() -> Test {
    let test = Test::new().taskfile(SLOW).file("in.txt", "v1\n").fifo("go");
    test.args(["-o", "interleaved", "gen"])
}

/// Another run in the same directory.
struct Other {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Other {
    fn start(test: &Test) -> impl FnOnce() -> Other + use<> {
        let mut command = test.command();
        move || {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("it starts");
            let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
            Other { child, stderr }
        }
    }

    fn line(&mut self) -> String {
        if self.stderr.buffer().is_empty() {
            assert!(becomes_readable(self.stderr.get_ref()), "it says nothing");
        }
        let mut line = String::new();
        self.stderr.read_line(&mut line).expect("text");
        line
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().expect("an exit code").code()
    }
}

const WAITS: &str = "par: task `gen` waits for task gen, which another run has\n";

#[test]
fn a_second_run_waits_for_the_first_and_finds_the_task_up_to_date() {
    let test = slow().stdout("up\n").stderr_has("par: [gen] ");
    let start = Other::start(&test);
    let mut live = test.start();
    live.see("up\n");
    let mut other = start();
    assert_eq!(other.line(), WAITS);
    live.tell("go");
    assert_eq!(other.line(), "par: Task \"gen\" is up to date\n");
    assert_eq!(other.code(), Some(0));
    let ran = live.end();
    assert_eq!((ran.text("runs"), ran.text("out.txt")), ("x\n".into(), "v1\n".into()));
}

#[test]
fn a_run_that_waits_for_one_that_is_killed_does_the_work() {
    let test = slow().stdout_has("up\n").stderr_has("par: [gen] ").status(137);
    let start = Other::start(&test);
    let mut live = test.start();
    live.see("up\n");
    let first = live.processes();
    let mut other = start();
    assert_eq!(other.line(), WAITS);
    live.signal(libc::SIGKILL);
    // All of it dies a moment later; until then it could still do its work.
    first.iter().for_each(|(pid, line)| assert!(ends(*pid), "{line} lives on"));
    live.tell("go");
    let line = other.line();
    assert!(line.starts_with("par: [gen] echo x"), "{line:?}");
    assert_eq!(other.code(), Some(0));
    let ran = live.end();
    assert_eq!(ran.text("out.txt"), "v1\n");
}

#[test]
fn two_calls_of_one_run_make_the_same_files_once() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [a, b]}
              a: [{task: gen}]
              b: [{task: gen}]
              gen:
                sources: [in.txt]
                generates: [out.txt]
                cmds: ['echo x >>runs; cat in.txt >out.txt']
            ",
        )
        .file("in.txt", "v1\n")
        .args(["-s", "-j2", "all"])
        .run();
    assert_eq!(ran.text("runs"), "x\n");
}

#[test]
fn a_run_inside_a_task_does_not_wait_for_the_task_it_stands_in() {
    let par = env!("CARGO_BIN_EXE_par");
    Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              gen:
                sources: [in.txt]
                generates: [out.txt]
                cmds: ['test -e inside && echo inner || (>inside; {par} -s gen; echo outer); cp in.txt out.txt']
            "
        ))
        .file("in.txt", "v1\n")
        .args(["-s", "gen"])
        .stdout("inner\nouter\n")
        .run();
}
