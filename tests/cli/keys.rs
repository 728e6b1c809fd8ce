//! Every Taskfile of docs/keys.md is one, and every key of ours is in it.

use std::path::Path;

use crate::harness::Test;

fn docs() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    std::fs::read_to_string(path).expect("docs/keys.md")
}

#[test]
fn every_example_can_be_planned_and_has_nothing_odd() {
    let docs = docs();
    let blocks: Vec<&str> = docs.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() > 10);
    for block in blocks {
        let taskfile = block.strip_prefix("yaml\n").expect("a Taskfile");
        Test::new().taskfile(taskfile).args(["plan", "--strict"]).stdout_has("speed-up").run();
    }
}

#[test]
fn examples_that_need_nothing_run() {
    let docs = docs();
    let blocks: Vec<&str> = docs.split("```").skip(1).step_by(2).collect();
    for (title, expected) in [
        ("TAG=v1", "push app:v1\n"),
        ("gate:", "review\nAPPROVED\nbackend\nok\n"),
        ("agents:", "Write the tests\n"),
        ("isolate:", ""),
        ("parallel: false", "a\nb\n"),
    ] {
        let block = blocks.iter().find(|block| block.contains(title)).expect("the example");
        let taskfile = block.strip_prefix("yaml\n").expect("a Taskfile");
        Test::new().taskfile(taskfile).args(["-s"]).stdout(expected).run();
    }
}

#[test]
fn every_key_is_told() {
    let docs = docs();
    for key in [
        "timeout",
        "retry",
        "max_retries",
        "priority",
        "locks",
        "resources",
        "estimate",
        "stall",
        "stall_action",
        "isolate",
        "needs",
        "parallel",
        "persistent",
        "ready",
        "depends_on",
        "blocks",
        "after",
        "agent",
        "stages",
        "agents",
        "pools",
        "load",
        "memory",
        "max_parallel",
        "fallback",
        "grace",
        "verify",
        "gate",
        "on_failure",
        "compatible",
        "capabilities",
    ] {
        assert!(docs.contains(&format!("{key}:")), "{key}");
    }
}
