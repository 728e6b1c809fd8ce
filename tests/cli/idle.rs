//! Where there was nothing to do, nobody looks again at anything but whether it is as it was; and nothing that
//! could change the answer goes unseen.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::{Ran, Test};

const TASKS: &str = "
    version: '3'
    includes: {more: ./more}
    tasks:
      all: {deps: [build, quiet, 'more:task']}
      build: {sources: [in/*.txt, 'deep/**/*.txt', odd.txt], generates: [out.txt], cmds: ['cat in/*.txt > out.txt', 'echo >> log']}
      quiet: {silent: true, sources: [in/a.txt], cmds: ['echo {{.MODE}} >> log']}
    ";
const MORE: &str =
    "{version: '3', tasks: {task: {sources: [in.txt], method: timestamp, cmds: ['echo >> log']}}}";

fn project() -> Test {
    Test::new()
        .taskfile(TASKS)
        .file("more/Taskfile.yml", MORE)
        .file("in.txt", "")
        .file("in/a.txt", "a\n")
        .file("in/b.txt", "b\n")
        .file("in/c.md", "c\n")
        .file("deep/down/d.txt", "d\n")
}

const TOLD: &[&str] = &["Task \"build\" is up to date", "Task \"more:task\" is up to date"];

/// What was written just now could be written again unseen, so nobody relies on it: lets time pass until all below
/// is old enough.
fn grow_old(ran: &Ran) {
    const OLD: Duration = Duration::from_millis(2_050);
    fn newest(path: &Path) -> SystemTime {
        let found = fs::symlink_metadata(path).expect("it");
        let (seconds, rest) = (found.ctime() as u64, found.ctime_nsec() as u32);
        let own = SystemTime::UNIX_EPOCH + Duration::new(seconds, rest);
        let inner = fs::read_dir(path).into_iter().flatten();
        inner.map(|entry| newest(&entry.expect("an entry").path())).fold(own, SystemTime::max)
    }
    let age = newest(&ran.path("")).elapsed().unwrap_or_default();
    std::thread::sleep(OLD.saturating_sub(age));
}

/// Runs again when all is old enough: once for the stamps of what was fresh, once to remember.
fn twice_later(mut ran: Ran, args: &[&str]) -> Ran {
    for _ in 0..2 {
        grow_old(&ran);
        ran = ran.again().args(args).stderr_has("").run();
    }
    ran
}

/// A project of which it is remembered that there is nothing to do.
fn idle(args: &[&str]) -> Ran {
    let ran = twice_later(project().args(args).stderr_has("").run(), args);
    assert!(ran.has(".par/idle"));
    ran
}

/// Makes what is remembered of the tasks worthless without anybody's noticing: who looks there runs them.
fn forget_tasks(ran: &Ran) {
    for record in fs::read_dir(ran.path(".par/fingerprints")).expect("records") {
        fs::write(record.expect("a record").path(), "{").expect("written");
    }
}

#[test]
fn where_nothing_has_changed_nobody_looks_at_a_task() {
    let ran = idle(&["-j2", "all"]);
    forget_tasks(&ran);
    let mut ran = ran.again().args(["-j2", "all"]);
    for told in TOLD {
        ran = ran.stderr_has(told);
    }
    let ran = ran.stderr_has("par: 4 tasks, 3 up to date, ").run();
    assert!(!has_run(&ran));
    // Other words are another request.
    let ran = ran.again().args(["-sj2", "all"]).stderr_has("cannot be read").run();
    assert!(has_run(&ran));
}

type Change = (&'static str, fn(&Path));

/// What may change, with what has to run then.
const CHANGES: &[Change] = &[
    ("a source, to the same length and time", |root| {
        let path = root.join("in/a.txt");
        let times = fs::metadata(&path).expect("it").modified().expect("a time");
        fs::write(&path, "z\n").expect("written");
        set_time(&path, times);
    }),
    ("a source, replaced by another with its time", |root| {
        let (path, new) = (root.join("in/b.txt"), root.join("new"));
        fs::write(&new, "z\n").expect("written");
        set_time(&new, fs::metadata(&path).expect("it").modified().expect("a time"));
        fs::rename(new, path).expect("moved");
    }),
    ("a new source", |root| fs::write(root.join("in/new.txt"), "").expect("written")),
    ("a source that was not there", |root| fs::write(root.join("odd.txt"), "").expect("written")),
    ("a new source deep below", |root| {
        fs::write(root.join("deep/down/e.txt"), "").expect("written");
    }),
    ("a source that goes", |root| fs::remove_file(root.join("in/b.txt")).expect("removed")),
    ("a source by its time", |root| {
        set_time(&root.join("in.txt"), SystemTime::now() - Duration::from_secs(9));
    }),
    ("an output that goes", |root| fs::remove_file(root.join("out.txt")).expect("removed")),
    ("an output edited by hand", |root| fs::write(root.join("out.txt"), "hand").expect("written")),
    ("a command", |root| replace(&root.join("Taskfile.yml"), "cat in", "cat  in")),
    ("a command of an included file", |root| {
        replace(&root.join("more/Taskfile.yml"), "echo >>", "echo  >>");
    }),
    ("a body that was begun", |root| {
        // As of a run that was killed.
        for record in fs::read_dir(root.join(".par/fingerprints")).expect("records") {
            let path = record.expect("a record").path();
            let text = fs::read_to_string(&path).expect("text").replace("\"done\"", "\"begun\"");
            let draft = path.with_extension("tmp");
            fs::write(&draft, text).expect("written");
            fs::rename(&draft, &path).expect("moved");
        }
    }),
    ("a forgotten state", |root| fs::remove_dir_all(root.join(".par/fingerprints")).expect("gone")),
];

fn set_time(path: &Path, time: SystemTime) {
    let file = fs::File::options().write(true).open(path).expect("opened");
    file.set_modified(time).expect("set");
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).expect("text");
    assert!(text.contains(old));
    fs::write(path, text.replace(old, new)).expect("written");
}

/// Whether anything ran but for the first time.
fn has_run(ran: &Ran) -> bool {
    ran.text("log").len() > 3
}

#[test]
fn nothing_that_changes_the_answer_goes_unseen() {
    std::thread::scope(|scope| {
        for (name, change) in CHANGES {
            scope.spawn(move || {
                let ran = idle(&["-j2", "all"]);
                assert!(!has_run(&ran), "{name}");
                change(&ran.path(""));
                let ran = ran.again().args(["-j2", "all"]).stderr_has("").run();
                assert!(has_run(&ran), "{name}");
            });
        }
    });
}

#[test]
fn another_environment_or_settings_file_is_another_request() {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let ran = idle(&["-j2", "all"]);
            forget_tasks(&ran);
            let ran = ran.again().args(["-j2", "all"]).env("OTHER", "x").stderr_has("").run();
            assert!(has_run(&ran));
        });
        for file in [".taskrc.yml", ".par.yml", ".env"] {
            scope.spawn(move || {
                let ran = idle(&["-j2", "all"]);
                forget_tasks(&ran);
                let text = if file == ".env" { "X=y\n" } else { "verbose: true\n" };
                let ran = ran.again().file(file, text).args(["-j2", "all"]).stderr_has("").run();
                assert!(has_run(&ran), "{file}");
            });
        }
    });
}

#[test]
fn what_may_be_otherwise_each_time_is_not_remembered() {
    const TASKS: &str = "
        version: '3'
        vars: {V: {sh: echo v}}
        tasks:
          default: {deps: [a, script, status, moment, chance, command]}
          a: {sources: [in.txt], cmds: ['true']}
          script: {vars: {V: {sh: echo v}}, sources: [in.txt], cmds: ['true']}
          status: {status: ['true'], sources: [in.txt], cmds: ['true']}
          moment: {vars: {NOW: '{{now}}'}, sources: [in.txt], cmds: ['true']}
          chance: {vars: {BY: '{{randInt 0 9}}'}, sources: [in.txt], cmds: ['true']}
          command: {cmds: ['true']}
        ";
    std::thread::scope(|scope| {
        for task in ["a", "script", "status", "moment", "chance", "command", "default"] {
            scope.spawn(move || {
                let text = match task {
                    "a" | "default" => TASKS.replace("        vars: {V: {sh: echo v}}\n", ""),
                    _ => TASKS.into(),
                };
                let test = Test::new().taskfile(&text).file("in.txt", "").args([task]);
                let ran = twice_later(test.stderr_has("").run(), &[task]);
                assert_eq!(ran.has(".par/idle"), task == "a", "{task}");
            });
        }
    });
}

#[test]
fn nothing_is_written_through_a_link_or_beside_another_project() {
    let test = project().args(["-j2", "all"]).stderr_has("");
    fs::create_dir_all(test.path("away")).expect("a folder");
    fs::create_dir_all(test.path(".par")).expect("a folder");
    symlink(test.path("away"), test.path(".par/idle")).expect("a link");
    let ran = twice_later(test.run(), &["-j2", "all"]);
    assert_eq!(fs::read_dir(ran.path("away")).expect("it").count(), 0);
    let ran = ran.again().stand_in("in").args(["-j2", "all"]).stderr_has("").run();
    assert!(!ran.has("in/.par"));
}
