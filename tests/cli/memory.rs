//! Memory that tasks need, on a machine that is a folder: `/proc` and `/sys` are read there.

use std::fs;
use std::path::Path;

use crate::harness::Test;

/// A machine with so much memory that may still be taken.
fn on_machine(test: Test, available: &str) -> Test {
    let machine = test.path("machine").display().to_string();
    let test = test.file("machine/proc/meminfo", &meminfo(available));
    test.env("PAR_MACHINE", &machine)
}

fn meminfo(available: &str) -> String {
    format!("MemTotal: 99999999 kB\nMemAvailable: {available} kB\n")
}

/// Three tasks that fail when they are not alone.
fn three(resources: &str) -> String {
    let task = format!("{{{resources} cmd: mkdir alone && python3 -c '' && rmdir alone}}");
    format!(
        "{{version: '3', tasks: {{default: {{deps: [a, b, c]}}, a: {task}, b: {task}, c: {task}}}}}"
    )
}

/// Two tasks that end only when they run side by side.
const MEETING: &str = "
    version: '3'
    tasks:
      default: {deps: [a, b]}
      a: {resources: {memory: 800MiB}, cmd: echo > meet}
      b: {resources: {memory: 800MiB}, cmd: read x < meet}
    ";

#[test]
fn what_needs_more_than_is_left_waits_and_says_so_once() {
    let test = Test::new().taskfile(&three("resources: {memory: 800MiB},"));
    let ran = on_machine(test, "1000000").args(["-j4"]).merged().stdout_has("").run();
    let said = String::from_utf8(ran.stdout.clone()).expect("text");
    assert_eq!(said.matches("waits for memory, it needs 800 MiB").count(), 1, "{said}");
}

#[test]
fn what_fits_runs_side_by_side() {
    let test = Test::new().taskfile(MEETING).fifo("meet");
    on_machine(test, "1700000").args(["-s", "-j4"]).stderr_has("").run();
}

#[test]
fn a_task_that_needs_more_than_there_is_runs_alone() {
    let test = Test::new().taskfile(&three("resources: {memory: 1024GiB},"));
    on_machine(test, "1000000").args(["-j4"]).merged().stdout_has("waits for memory").run();
}

#[test]
fn a_control_group_around_the_run_counts() {
    let test = Test::new()
        .taskfile(&three("resources: {memory: 800MiB},"))
        .file("machine/proc/self/cgroup", "0::/box\n")
        .file("machine/sys/fs/cgroup/box/memory.max", "1073741824\n")
        .file("machine/sys/fs/cgroup/box/memory.current", "104857600\n");
    on_machine(test, "9000000").args(["-j4"]).merged().stdout_has("waits for memory").run();
}

#[test]
fn what_a_task_took_before_is_what_it_needs() {
    let learned = ["a", "b", "c"].map(|task| format!("1000\t838860800\t\"{task}\"\n")).concat();
    let test = Test::new()
        .taskfile(&three(""))
        .file(".par/durations", &format!("par durations 2\n{learned}"));
    let test = on_machine(test, "1000000");
    test.args(["-j4"]).merged().stdout_has("it needs 800 MiB").run();
}

#[test]
fn what_waits_starts_when_memory_is_there() {
    let test = Test::new().taskfile(MEETING).fifo("meet").merged();
    let test = on_machine(test, "1000000").args(["-j4"]).stdout_has("waits for memory");
    let live = test.start();
    live.see("waits for memory");
    replace(&live.path("machine/proc/meminfo"), &meminfo("1700000"));
    live.end();
}

/// Nobody sees half of it.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).expect("a file");
}
