//! `task:NAME &` … `wait` in a list of commands: starts tasks of their own, and joins them.

use par::event::{Event, Kind};

use crate::harness::Test;

/// Two halves that wait for each other: alone, neither ends.
const RENDEZVOUS: &str = "
    version: '3'
    tasks:
      both:
        cmds:
          - echo begin
          - task:left &
          - task:right &
          - wait
          - echo joined
      left: {silent: true, cmds: ['echo from left > right.in', 'cat left.in']}
      right: {silent: true, cmds: ['cat right.in', 'echo from right > left.in']}
    ";

fn rendezvous() -> Test {
    Test::new().taskfile(RENDEZVOUS).fifo("left.in").fifo("right.in").args(["-j2", "both"])
}

#[test]
fn halves_run_at_the_same_time() {
    let ran = rendezvous()
        .stdout_lines(&["begin", "from left", "from right", "joined"])
        .stderr(
            "
            par: [both] echo begin
            par: [both] echo joined
            par: 3 tasks, [TIME]
            ",
        )
        .hide_times()
        .run();
    let events = ran.events();
    let started = |task: &str| place(&events, task, |kind| matches!(kind, Kind::Started { .. }));
    let ended = |task: &str| place(&events, task, |kind| matches!(kind, Kind::Finished { .. }));
    assert!(started("left") < ended("right") && started("right") < ended("left"));
}

/// Where in a run the first such event of a command of `task` is.
fn place(events: &[Event], task: &str, is_it: impl Fn(&Kind) -> bool) -> usize {
    let own = |unit: &par::id::UnitId| {
        events.iter().any(|event| {
            matches!(&event.kind, Kind::Added { unit: added, task: name, role, .. }
                if added == unit && &**name == task && *role == par::event::Role::Command)
        })
    };
    let is_wanted = |event: &&Event| match &event.kind {
        Kind::Started { unit, .. } | Kind::Finished { unit, .. } => own(unit) && is_it(&event.kind),
        _ => false,
    };
    let event = events.iter().find(is_wanted).expect("such an event");
    events.iter().position(|other| other == event).expect("it is there")
}

#[test]
fn a_failure_shows_at_the_join_and_the_other_half_finishes() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              both:
                cmds:
                  - task:bad &
                  - task:good &
                  - echo after the start
                  - wait
                  - echo never
              bad: {cmds: ['echo one', 'echo two; echo gone > told; exit 3']}
              good: {cmds: ['cat told', 'echo good']}
            ",
        )
        .fifo("told")
        .args(["-sj3", "both"])
        .stdout_lines(&["one", "two", "gone", "good", "after the start"])
        .stderr(
            "
            par: 3 tasks, 1 failed, [TIME]
            par: task `bad` failed: exit status 3 ([TIME])
              | one
              | two
              log: .par/runs/[RUN]/logs/bad.log
              again: par run bad
            ",
        )
        .status(201)
        .hide_times()
        .run();
    assert_eq!(ran.log("bad.log"), b"one\ntwo\n");
    assert_eq!(ran.log("good.log"), b"gone\ngood\n");
    assert_eq!(ran.log("both.log"), b"after the start\n");
}

#[test]
fn the_end_of_the_list_joins_too() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              first: {cmds: [{task: both}, echo last]}
              both: {cmds: [task:a &, task:b &]}
              a: cat gate
              b: echo open > gate
            ",
        )
        .fifo("gate")
        .args(["-s", "-j2", "first"])
        .stdout("open\nlast\n")
        .run();
}

#[test]
fn output_goes_to_files_with_variables_and_to_the_log() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              both:
                cmds:
                  - task:say WHO=you > out.txt 2>&1 &
                  - task:say WHO=me > me.txt &
                  - wait
                  - task:say WHO='all of us' >> me.txt 2>&1
              say: 'echo hello {{.WHO}}; echo error {{.WHO}} >&2'
            ",
        )
        .args(["-s", "-j1", "both"])
        .stderr("error me\n")
        .run();
    assert_eq!(ran.text("out.txt"), "hello you\nerror you\n");
    assert_eq!(ran.text("me.txt"), "hello me\nhello all of us\nerror all of us\n");
    assert_eq!(ran.log("say.log"), b"hello you\nerror you\n");
}

#[test]
fn one_at_a_time_is_the_order_of_the_file() {
    let test = || {
        Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  all: {deps: [x, y], cmds: [task:a &, task:b &, task:c > c.txt 2>&1 &, wait, echo all]}
                  x: 'mkdir alone; echo x >> order; rmdir alone'
                  y: 'mkdir alone; echo y >> order; rmdir alone'
                  a: {cmds: ['mkdir alone; echo a >> order; rmdir alone', 'echo a']}
                  b: 'mkdir alone; echo b >> order; rmdir alone; echo b'
                  c: 'mkdir alone; echo c >> order; rmdir alone; echo c'
                ",
            )
            .args(["-s", "all"])
            .stdout("a\nb\nall\n")
    };
    let check = |test: Test| {
        let ran = test.run();
        assert_eq!(ran.text("order"), "x\ny\na\nb\nc\n");
        assert_eq!(ran.text("c.txt"), "c\n");
    };
    check(test().env("USE_PARALLEL", "false"));
    check(test().env("ENABLE_PARALLEL_EXECUTION", "0"));
    check(test().args(["-j1"]));
    check(test().args(["--sequential"]));
}

#[test]
fn parallel_and_sequential_leave_the_same_files() {
    let files = |mode: &str| {
        let ran = Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  build: {cmds: [task:half N=1 &, task:half N=2 &, wait, cat half.1 half.2 > whole]}
                  half: 'seq {{.N}} 5 > half.{{.N}}'
                ",
            )
            .env("USE_PARALLEL", mode)
            .args(["-s", "build"])
            .run();
        ["half.1", "half.2", "whole"].map(|name| ran.text(name))
    };
    assert_eq!(files("true"), files("false"));
}

#[test]
fn all_failures_of_a_join_are_told_with_the_first_one_last() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {cmds: [task:one &, task:two &, task:good &, wait]}
              one: 'echo first; exit 1'
              two: 'cat told; echo second; kill -TERM $$'
              good: {deps: [seen], cmds: [echo good]}
              seen: 'until grep -qs first .par/runs/*/logs/one.log; do :; done; echo > told'
            ",
        )
        .fifo("told")
        .args(["-sj3", "all"])
        .stdout_lines(&["first", "", "second", "good"])
        .stderr(
            "
            par: 5 tasks, 2 failed, [TIME]
            par: task `two` failed: killed by SIGTERM ([TIME])
              | 
              | second
              log: .par/runs/[RUN]/logs/two.log
              again: par run two
            par: task `one` failed: exit status 1 ([TIME])
              | first
              log: .par/runs/[RUN]/logs/one.log
              again: par run one
            ",
        )
        .hide_times()
        .status(201)
        .run();
}
