//! The keys that say what a task asks for: mistakes in them, and the flags that stand for settings.

use std::collections::HashMap;

use par::event::Kind;

use crate::harness::Test;

#[test]
fn a_pool_that_is_not_there_is_an_error_before_anything_runs() {
    Test::new()
        .taskfile(
            "
            version: '3'
            parallel: {pools: {network: 4}}
            tasks:
              first: {cmd: echo never}
              fetch: {cmd: echo, resources: {netwrok: 1}}
            ",
        )
        .args(["first"])
        .stderr(
            "
            error: there is no pool `netwrok`
             --> Taskfile.yml:5:34
              |
            5 |   fetch: {cmd: echo, resources: {netwrok: 1}}
              |                                  ^^^^^^^ not one of `parallel: {pools: …}`
              |
              = help: did you mean `network`?
            ",
        )
        .status(109)
        .run();
}

#[test]
fn a_pool_may_stand_in_a_settings_file() {
    Test::new()
        .taskfile("{version: '3', tasks: {fetch: {cmd: echo hi, resources: {network: 1}}}}")
        .file(".par.yml", "pools: {network: 1}")
        .args(["-s", "fetch"])
        .stdout("hi\n")
        .run();
}

#[test]
fn a_cycle_through_blocks_shows_both_spellings() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              build: {cmd: echo, depends_on: [deploy]}
              deploy: {cmd: echo}
              lint: {cmd: echo, deps: [build], blocks: [deploy]}
            ",
        )
        .args(["build"])
        .stderr(
            "
            error: a cycle of tasks: build → deploy → lint → build
             --> Taskfile.yml:3:35
              |
            3 |   build: {cmd: echo, depends_on: [deploy]}
              |                                   ^^^^^^ called by `build`
            4 |   deploy: {cmd: echo}
            5 |   lint: {cmd: echo, deps: [build], blocks: [deploy]}
              |                            -----            ------ called by `deploy`
              |                            |
              |                            called by `lint`
            ",
        )
        .status(204)
        .run();
}

#[test]
fn both_spellings_of_an_edge_run_the_same() {
    for tasks in [
        "{build: {cmd: echo build}, deploy: {cmd: echo deploy, depends_on: [build]}}",
        "{build: {cmd: echo build, blocks: [deploy]}, deploy: {cmd: echo deploy}}",
    ] {
        Test::new()
            .taskfile(&format!("{{version: '3', tasks: {tasks}}}"))
            .args(["-s", "deploy"])
            .stdout("build\ndeploy\n")
            .run();
    }
}

#[test]
fn flags_with_values_that_make_no_sense_are_refused() {
    for (flag, value, expected) in [
        ("--load", "0%", "expected a share from 1% to 100%"),
        ("--memory", "much", "expected an amount of memory as 512MiB or 3GiB"),
        ("--deadline", "0s", "expected a duration above zero"),
        ("--fallback", "parallel", "expected none or sequential"),
    ] {
        Test::new().args(["run", flag, value]).stderr_has(expected).status(2).run();
    }
}

#[test]
fn the_help_says_what_the_flags_do() {
    Test::new()
        .args(["run", "--help"])
        .stdout_has("--load <SHARE>")
        .stdout_has("Start nothing more while the CPUs are busier than SHARE, as 80%")
        .stdout_has("--memory <SIZE>")
        .stdout_has("--deadline <DURATION>")
        .stdout_has("--fallback <HOW>")
        .run();
}

/// There are two free slots, and nothing has started before all of them are ready.
#[test]
fn the_urgent_of_those_that_are_ready_start_first() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [a, b, c, d]}
              a: {priority: low, cmds: [sleep 0]}
              b: {cmds: [sleep 0]}
              c: {priority: P1, cmds: [sleep 0]}
              d: {priority: critical, cmds: [sleep 0]}
            ",
        )
        .args(["-s", "-j2", "all"])
        .run();
    let mut tasks = HashMap::new();
    let mut starts = Vec::new();
    for event in ran.events() {
        match event.kind {
            Kind::Added { unit, task, .. } => drop(tasks.insert(unit, task)),
            Kind::Started { unit, .. } => starts.push(tasks[&unit].to_string()),
            _ => {}
        }
    }
    assert_eq!(starts[..2], ["d", "c"]);
}
