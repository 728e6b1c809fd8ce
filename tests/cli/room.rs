//! Locks and pools: what no two tasks use at the same time.

use crate::harness::Test;
use crate::live::Live;

/// Each of these fails when another one of them is inside.
const INSIDE: &str = "mkdir inside && sleep 0.05; ! test -e broken && rmdir inside";

#[test]
fn a_lock_spans_all_commands_and_calls_of_a_body() {
    let text = format!(
        "
        version: '3'
        tasks:
          default: {{deps: [one, two, three]}}
          one: {{locks: [db], cmds: [mkdir inside, task: inner, rmdir inside]}}
          two: {{locks: [{{name: db}}], cmds: ['{INSIDE}']}}
          three: {{locks: [db], cmds: ['{INSIDE}', task: inner]}}
          inner: {{locks: [db], cmds: ['true']}}
        "
    );
    Test::new().taskfile(&text).args(["-s", "-j4"]).stderr_has("").run();
}

#[test]
fn shared_locks_overlap() {
    // Each waits for the other.
    let text = "
        version: '3'
        tasks:
          default: {deps: [one, two]}
          one: {locks: [{name: db, mode: shared}], cmds: [echo 1 > a, read x < b]}
          two: {locks: [{name: db, mode: shared}], cmds: [read x < a, echo 1 > b]}
        ";
    Test::new().taskfile(text).fifo("a").fifo("b").args(["-s", "-j2"]).stderr_has("").run();
}

#[test]
fn tasks_that_wait_for_each_others_locks_are_named() {
    let text = "
        version: '3'
        tasks:
          default: {deps: [one, two]}
          one: {locks: [a], cmds: [echo 1 > x, read y < y, task: wants-b]}
          two: {locks: [b], cmds: [read x < x, echo 1 > y, task: wants-a]}
          wants-a: {locks: [a], cmds: ['true']}
          wants-b: {locks: [b], cmds: ['true']}
        ";
    Test::new()
        .taskfile(text)
        .fifo("x")
        .fifo("y")
        .args(["-s", "-j2"])
        .stderr_has("a cycle of tasks: ")
        .stderr_has(" waits for lock `")
        .status(204)
        .run();
}

#[test]
fn a_lock_of_the_project_is_free_as_soon_as_its_holder_is_killed() {
    let text = "
        version: '3'
        tasks:
          hold: {locks: [{name: db, scope: project}], cmds: [echo up; exec sleep 1000]}
          take: {locks: [{name: db, scope: project}], cmds: [echo taken]}
        ";
    let test = Test::new().taskfile(text).args(["-s", "hold"]).stdout("up\n").status(137);
    let dir = test.path("").display().to_string();
    let holder = test.start();
    holder.see("up\n");
    let waits = "par: task `take` waits for lock db, which another run has\n";
    let taker: Live = Test::new()
        .args(["-d", &*dir, "take"])
        .merged()
        .stdout(&format!("{waits}par: [take] echo taken\ntaken\n"))
        .start();
    taker.see(waits);
    holder.signal(libc::SIGKILL);
    taker.end();
    holder.wait_for_all();
    holder.end();
}

#[test]
fn two_runs_that_take_locks_of_the_project_in_opposite_order_do_not_wait_for_ever() {
    let text = "
        version: '3'
        tasks:
          one: {locks: [{name: a, scope: project}], cmds: [echo up, read x < x, task: wants-b]}
          two: {locks: [{name: b, scope: project}], cmds: [echo > x, task: wants-a]}
          wants-a: {locks: [{name: a, scope: project}], cmds: ['true']}
          wants-b: {locks: [{name: b, scope: project}], cmds: [echo has both]}
        ";
    let test = Test::new().taskfile(text).fifo("x").args(["-s", "-o", "interleaved", "one"]);
    let test = test.stdout("up\nhas both\n").stderr_has("");
    let dir = test.path("").display().to_string();
    let one = test.start();
    one.see("up\n");
    // The later one gives way.
    Test::new()
        .args(["-d", &*dir, "-s", "two"])
        .stderr_has("task `wants-a` waits for lock a, which run ")
        .stderr_has("take them in the same order")
        .status(204)
        .run();
    one.end();
}
