//! `--watch`: what begins a round, what ends it, what is left when all ends.

use crate::harness::Test;
use crate::live::Live;

/// Tasks that say what their source says, and that they have ended.
const TASKS: &str = "
    version: '3'
    interval: 10ms
    tasks:
      copy: {sources: ['src/*.txt'], cmds: ['cat src/*.txt']}
      outer: {deps: [inner], cmds: [echo outer]}
      inner: {sources: [src/a.txt], cmds: ['cat src/a.txt']}
      fails: {sources: [src/a.txt], cmds: ['cat src/a.txt; exit 3']}
      stays: {sources: [src/a.txt], cmds: ['cat src/a.txt; exec sleep 1000']}
      marked: {watch: true, sources: [src/a.txt], cmds: ['cat src/a.txt']}
      first: echo first
    ";

fn test(args: &[&str]) -> Test {
    Test::new().taskfile(TASKS).file("src/a.txt", "one\n").args(args.iter().copied()).called("task")
}

/// Puts a file in the place of another at once, so that nobody sees half of it.
fn write(live: &Live, path: &str, text: &str) {
    let draft = live.path("draft");
    std::fs::write(&draft, text).expect("a file");
    std::fs::rename(draft, live.path(path)).expect("the same file system");
}

/// Ends it once it has said all of it.
fn end(live: Live, last: &str) {
    live.see(last);
    live.signal(libc::SIGINT);
    live.end();
}

#[test]
fn a_source_that_changes_begins_a_round() {
    let live = test(&["-w", "copy"])
        .stdout("one\ntwo\n")
        .stderr_has("task: Started watching for tasks: copy\ntask: [copy] cat src/*.txt\n")
        .start();
    live.see("one\n");
    write(&live, "src/a.txt", "two\n");
    end(live, "two\n");
}

#[test]
fn a_source_that_comes_begins_a_round() {
    let live = test(&["-ws", "copy"]).stdout("one\none\nmore\n").stderr_has("").start();
    live.see("one\n");
    write(&live, "src/b.txt", "more\n");
    end(live, "more\n");
}

#[test]
fn sources_of_dependencies_count() {
    let live = test(&["-ws", "outer"]).stdout("one\nouter\ntwo\nouter\n").stderr_has("").start();
    live.see("outer\n");
    write(&live, "src/a.txt", "two\n");
    end(live, "two\nouter\n");
}

#[test]
fn a_failure_does_not_end_the_watch() {
    let failure = "one\ntask: Failed to run task \"fails\": exit status 3\n";
    let live = test(&["-ws", "fails"]).merged().stdout_has(failure).stdout_has("two\n").start();
    live.see(failure);
    write(&live, "src/a.txt", "two\n");
    end(live, "two\n");
}

#[test]
fn what_still_runs_is_ended_before_the_next_round() {
    let live = test(&["-ws", "stays"]).stdout("one\ntwo\n").stderr_has("").start();
    live.see("one\n");
    write(&live, "src/a.txt", "two\n");
    live.see("two\n");
    let sleeps = live.processes().iter().filter(|(_, line)| line.contains("sleep 1000")).count();
    assert_eq!(sleeps, 1);
    end(live, "two\n");
}

#[test]
fn a_task_may_ask_to_be_watched() {
    let live = test(&["-s", "first", "marked"]).stdout("first\none\ntwo\n").stderr_has("").start();
    live.see("one\n");
    write(&live, "src/a.txt", "two\n");
    end(live, "two\n");
}

#[test]
fn the_taskfile_counts_as_it_is_when_a_round_begins() {
    let live = test(&["-ws", "copy"]).stdout("one\nnew two\n").stderr_has("").start();
    live.see("one\n");
    write(&live, "Taskfile.yml", &TASKS.replace("'cat src/*.txt'", "'echo new $(cat src/*.txt)'"));
    write(&live, "src/a.txt", "two\n");
    end(live, "new two\n");
}

#[test]
fn a_task_that_is_not_there_is_not_watched() {
    test(&["-ws", "nope"])
        .stdout("task: No tasks with description available. Try --list-all to list all tasks\n")
        .stderr("error: there is no task `nope`\n")
        .status(200)
        .run();
}

#[test]
fn a_task_that_fails_before_the_watch_begins_ends_all() {
    let taskfile = "version: '3'\ntasks: {a: exit 4, w: {watch: true, cmds: [echo w]}}\n";
    Test::new()
        .taskfile(taskfile)
        .called("task")
        .args(["-sx", "a", "w"])
        .stderr("task: Failed to run task \"a\": exit status 4\n")
        .status(4)
        .run();
}

#[test]
fn nothing_outlives_a_watch_that_is_killed() {
    let live = test(&["-ws", "stays"]).stdout("one\n").stderr_has("").status(137).start();
    live.see("one\n");
    live.signal(libc::SIGKILL);
    live.wait_for_all();
    live.end();
}
