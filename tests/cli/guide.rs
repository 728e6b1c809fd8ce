//! The projects of the guide, each run where its tools are.

use std::path::Path;
use std::process::Command;

use crate::example::copy;
use crate::harness::Test;

/// A copy of an example; nothing where a tool is missing, which is said.
fn project(name: &str, tools: &[&str]) -> Option<Test> {
    for tool in tools {
        let question = if *tool == "go" { "version" } else { "--version" };
        let answer = Command::new(tool).arg(question).output();
        if !answer.is_ok_and(|answer| answer.status.success()) {
            println!("skipped: {name} needs {tool}");
            return None;
        }
    }
    let test = Test::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &test.path(""));
    Some(test)
}

/// Tools find what they have installed in the user's own home.
fn at_home(test: Test) -> Test {
    ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"].into_iter().fold(
        test,
        |test, name| match std::env::var(name) {
            Ok(value) => test.env(name, &value),
            Err(_) => test,
        },
    )
}

#[test]
fn every_project_can_be_planned_and_has_nothing_odd() {
    for name in ["opencode-kit", "rust-workspace", "go-service", "data-pipeline"] {
        let test = project(name, &[]).expect("no tools");
        let task = if name == "opencode-kit" { "qa-parallel" } else { "default" };
        test.args(["plan", "--strict", task]).stdout_has("speed-up").run();
    }
}

#[test]
fn parts_of_a_pipeline_are_done_again_when_they_change() {
    let Some(test) = project("data-pipeline", &["python3"]) else { return };
    let report = "north: 7\nsouth: 10\nwest: 1\nall: 18\n";
    let ran = test.args(["-s", "-j3"]).stdout(report).run();
    std::fs::write(ran.path("raw/west.csv"), "2\n").expect("a file");
    let ran = ran
        .again()
        .args(["why"])
        .stdout(
            "
            clean:north  is up to date
            clean:south  is up to date
            clean:west   runs: source raw/west.csv changed
            report       is up to date
            ",
        )
        .run();
    ran.again()
        .args(["-s", "-j3"])
        .stdout(&report.replace("west: 1", "west: 2").replace("18", "19"))
        .run();
}

#[test]
fn a_rust_workspace_is_checked_and_tested() {
    let Some(test) = project("rust-workspace", &["cargo"]) else { return };
    let ran =
        at_home(test).args(["-s", "check", "test"]).stdout_has("1 passed").stderr_has("").run();
    assert!(ran.has("target/check"));
}

#[test]
fn a_go_service_is_started_asked_and_stopped() {
    let Some(test) = project("go-service", &["go", "curl"]) else { return };
    at_home(test).args(["-s"]).stdout_has("well\n").stderr_has("").run();
}
