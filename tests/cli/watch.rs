//! `--watch`: what begins a round, what ends it, what is left when all ends.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::harness::Test;
use crate::live::{LIMIT, Live};

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
      holds: {watch: true, sources: [src/a.txt], cmds: ['cat src/a.txt; exec sleep 1000']}
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

/// Waits until a task has become what it stays.
fn sleeper(live: &Live) -> i32 {
    let started = Instant::now();
    loop {
        let found = live.processes().into_iter().find(|(_, line)| line.starts_with("sleep 1000"));
        if let Some((pid, _)) = found {
            return pid;
        }
        assert!(started.elapsed() < LIMIT, "nobody sleeps");
        std::thread::yield_now();
    }
}

#[test]
fn what_still_runs_is_ended_before_the_next_round() {
    let live = test(&["-ws", "stays"]).stdout("one\ntwo\n").stderr_has("").start();
    let first = sleeper(&live);
    write(&live, "src/a.txt", "two\n");
    live.see("two\n");
    assert!(live.processes().iter().all(|(pid, _)| *pid != first));
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

/// A run of many tasks is two processes before the Taskfile has said that it is to be watched.
#[test]
fn a_large_taskfile_may_ask_for_it_too() {
    let large = format!("{TASKS}{}", "# one more\n    ".repeat(1_000));
    let large = |args: &[&str]| test(args).taskfile(&large).stderr_has("");
    let live = large(&["-s", "first", "marked"]).stdout("first\none\ntwo\n").start();
    live.see("one\n");
    write(&live, "src/a.txt", "two\n");
    end(live, "two\n");
    let live = large(&["-s", "holds"]).stdout("one\n").status(137).start();
    live.see("one\n");
    live.signal(libc::SIGKILL);
    live.wait_for_all();
    live.end();
}

#[test]
fn the_command_watches_too() {
    let live = test(&["watch", "copy"])
        .called("par")
        .env("PAR_COLOR", "never")
        .stdout("one\ntwo\n")
        .stderr(
            "
            par: Started watching for tasks: copy
            par: [copy] cat src/*.txt
            par: task \"copy\" finished running
            par: changed: src/a.txt
            par: [copy] cat src/*.txt
            par: task \"copy\" finished running
            ",
        )
        .start();
    live.see("one\n");
    live.see_stderr("finished running");
    write(&live, "src/a.txt", "two\n");
    live.see("two\n");
    live.see_stderr(
        "changed: src/a.txt\npar: [copy] cat src/*.txt\npar: task \"copy\" finished running\n",
    );
    end(live, "two\n");
}

/// Two tasks with sources of their own; one of them serves.
const TWO: &str = "
    version: '3'
    interval: 10ms
    tasks:
      build: {sources: [src/a.txt], cmds: ['cat src/a.txt']}
      serve: {sources: [src/b.txt], cmds: ['cat src/b.txt; exec sleep 1000']}
    ";

#[test]
fn only_the_task_whose_sources_changed_begins_again() {
    let live = Test::new()
        .taskfile(TWO)
        .file("src/a.txt", "a1\n")
        .file("src/b.txt", "b1\n")
        .args(["watch", "-s", "build", "serve"])
        .stdout_has("")
        .stderr_has("")
        .start();
    live.see("a1\n");
    live.see("b1\n");
    let server = sleeper(&live);
    write(&live, "src/a.txt", "a2\n");
    live.see("a2\n");
    assert_eq!(sleeper(&live), server);
    write(&live, "src/b.txt", "b2\n");
    live.see("b2\n");
    end(live, "b2\n");
}

#[test]
fn the_whole_tree_is_dead_before_the_next_round() {
    let text = "
        version: '3'
        interval: 10ms
        parallel: {grace: 300ms}
        tasks:
          tree:
            sources: [src/a.txt]
            cmds:
              - |
                trap '' TERM INT
                setsid bash -c 'trap \"\" TERM; echo detached; sleep 1000; :' &
                (trap '' TERM; sleep 1000; :) &
                pgrep -f 'sleep 100[0]' | wc -l > count
                cat src/a.txt
                wait
        ";
    let live = Test::new()
        .taskfile(text)
        .file("src/a.txt", "one\n")
        .args(["watch", "-s", "tree"])
        .stdout_has("one\n")
        .stderr_has("")
        .start();
    live.see("detached\n");
    live.see("one\n");
    let sleeps = || -> Vec<i32> {
        let processes = live.processes().into_iter();
        processes.filter(|(_, line)| line.starts_with("sleep 1000")).map(|(pid, _)| pid).collect()
    };
    let started = Instant::now();
    while sleeps().len() < 2 {
        assert!(started.elapsed() < LIMIT, "the tree does not grow");
        std::thread::yield_now();
    }
    let before = sleeps();
    write(&live, "src/a.txt", "two\n");
    live.see("two\n");
    let now: Vec<i32> = live.processes().into_iter().map(|(pid, _)| pid).collect();
    assert!(before.iter().all(|pid| !now.contains(pid)), "{before:?} in {now:?}");
    end(live, "two\n");
}

#[test]
fn editors_may_save_as_they_like() {
    let live = test(&["-ws", "copy"]).stdout_has("").stderr_has("").start();
    live.see("one\n");
    let path = |name: &str| live.path(name);
    let save = |name: &str, text: &str| fs::write(path(name), text).expect("a file");
    // vim: is the directory writable, then the old one aside, a new one, and the old one away.
    save("src/4913", "");
    fs::remove_file(path("src/4913")).expect("it was there");
    fs::rename(path("src/a.txt"), path("src/a.txt~")).expect("it was there");
    save("src/a.txt", "vim\n");
    fs::remove_file(path("src/a.txt~")).expect("it was there");
    live.see("vim\n");
    // emacs: a copy aside, then written in place.
    fs::copy(path("src/a.txt"), path("src/a.txt~")).expect("it was there");
    save("src/a.txt", "emacs\n");
    live.see("emacs\n");
    // Many others: a temporary file in its place.
    save("src/.a.txt.tmp", "renamed\n");
    fs::rename(path("src/.a.txt.tmp"), path("src/a.txt")).expect("it was there");
    live.see("renamed\n");
    // Shells: cut off, then filled.
    let mut file = fs::File::create(path("src/a.txt")).expect("a file");
    std::io::Write::write_all(&mut file, b"written\n").expect("a file");
    end(live, "written\n");
}

#[test]
fn what_is_no_source_begins_nothing() {
    let text = "
        version: '3'
        interval: 10ms
        tasks:
          copy: {sources: ['**/*.txt', exclude: 'src/no.txt'], cmds: ['cat src/a.txt; echo x > out.log; echo x > .par/x.txt']}
        ";
    let live = Test::new()
        .taskfile(text)
        .file("src/a.txt", "one\n")
        .file("src/no.txt", "")
        .file("node_modules/m/x.txt", "")
        .args(["-ws", "copy"])
        .stdout("one\ntwo\n")
        .stderr_has("")
        .called("task")
        .start();
    live.see("one\n");
    live.see_stderr("finished running");
    for name in ["src/no.txt", "src/other.md", ".par/y.txt", "node_modules/m/x.txt", ".git/z.txt"] {
        let path = live.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, "changed").expect("a file");
    }
    // Had one of them begun a round, it would have written `one` once more before.
    write(&live, "src/a.txt", "two\n");
    end(live, "two\n");
}

#[test]
fn directories_may_come_and_go() {
    let text = "
        version: '3'
        interval: 10ms
        tasks: {copy: {sources: ['src/**/*.txt'], cmds: ['cat $(find src -name \"*.txt\" | sort)']}}
        ";
    let live = Test::new()
        .taskfile(text)
        .file("src/a.txt", "one\n")
        .args(["-ws", "copy"])
        .called("task")
        .stdout_has("")
        .stderr_has("")
        .start();
    live.see("one\n");
    for text in ["first\n", "second\n"] {
        fs::create_dir_all(live.path("src/new/deep")).expect("directories");
        fs::write(live.path("src/new/deep/b.txt"), text).expect("a file");
        live.see(text);
        let third = format!("third, after {text}");
        fs::write(live.path("src/new/deep/b.txt"), &third).expect("a file");
        live.see(&third);
        fs::remove_dir_all(live.path("src/new")).expect("it was there");
    }
    fs::write(live.path("src/a.txt"), "end\n").expect("a file");
    end(live, "end\n");
}

#[test]
fn a_taskfile_that_is_broken_is_waited_for() {
    let live = test(&["watch", "-s", "copy"])
        .called("par")
        .stdout("one\nmended one\n")
        .stderr_has("Taskfile.yml:")
        .start();
    live.see("one\n");
    live.see_stderr("finished running");
    write(&live, "Taskfile.yml", "version: '3'\ntasks: {copy: [\n");
    live.see_stderr("error: ");
    write(
        &live,
        "Taskfile.yml",
        &TASKS.replace("'cat src/*.txt'", "'echo mended $(cat src/*.txt)'"),
    );
    end(live, "mended one\n");
}

#[test]
fn where_the_system_tells_of_nothing_more_one_looks() {
    let limit = "echo 1 > /proc/sys/user/max_inotify_watches";
    let probe = Command::new("unshare").args(["-Ur", "bash", "-c", limit]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!("skipped: no namespace with a limit of its own");
        return;
    }
    let test = Test::new()
        .taskfile(
            "
            version: '3'
            interval: 10ms
            tasks: {copy: {sources: ['*/a.txt'], cmds: ['cat */a.txt']}}
            ",
        )
        .file("one/a.txt", "one\n")
        .file("two/a.txt", "two\n")
        .stdout("one\ntwo\nthree\ntwo\n")
        .stderr_has("raise `fs.inotify.max_user_watches` to be told of them\n");
    let own = test.command();
    let mut command = Command::new("unshare");
    let line = format!(r#"{limit} && exec "$0" watch -s copy"#);
    command.args(["-Ur", "bash", "-c", &line, env!("CARGO_BIN_EXE_par")]);
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(test.path(""));
    let live = Live::start(test, command, String::new(), false);
    live.see("two\n");
    live.see_stderr("finished running");
    write(&live, "one/a.txt", "three\n");
    end(live, "three\ntwo\n");
}
