//! Runs seen and stopped from outside: `ps`, `cancel`, `health`, the socket.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::Test;
use crate::live::{Live, send, wait_until_stopped};

/// Runs of one test only, found by nobody else's.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A run that can be found before its first command begins.
    fn start(&self, test: Test) -> Live {
        let dir = self.0.path().display().to_string();
        test.env("XDG_RUNTIME_DIR", &dir).env("PAR_CONTROL_DELAY", "0").start()
    }

    /// Asks from another process.
    fn par(&self, args: &[&str]) -> Asked {
        let mut command = Command::new(env!("CARGO_BIN_EXE_par"));
        command.args(args).env_clear().env("XDG_RUNTIME_DIR", self.0.path());
        command.env("TMPDIR", self.0.path()).stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Asked { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// What is in the folder of sockets.
    fn names(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        all.map(|found| found.file_name().into_string().expect("text")).collect()
    }

    fn folder(&self) -> PathBuf {
        // SAFETY: only asks.
        self.0.path().join(format!("par-{}", unsafe { libc::geteuid() }))
    }

    /// The id of the only run.
    fn run(&self) -> String {
        let names = self.names();
        let name = names.iter().find_map(|name| name.strip_suffix(".sock"));
        name.expect("a run").to_owned()
    }
}

struct Asked {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Asked {
    /// Without the run's id, directories and ages.
    fn normal(&self, run: &str) -> String {
        let text = self.stdout.replace(run, "[RUN]");
        let ages = regex::Regex::new(r" +\d+m?s").expect("a pattern");
        let dirs = regex::Regex::new(r"/\S+").expect("a pattern");
        dirs.replace_all(&ages.replace_all(&text, " [AGE]"), "[DIR]").into_owned()
    }
}

const FIVE: &str = "
    version: '3'
    silent: true
    tasks:
      default: {deps: [f]}
      f: {deps: [b, e], cmds: [echo f]}
      e: {deps: [c], cmds: [echo e]}
      b: {deps: [a, c], cmds: [echo b]}
      a: echo a; read x < go
      c: echo c; read x < go
    ";

#[test]
fn ps_shows_what_runs_comes_next_and_is_blocked() {
    let place = Place::new();
    let mut live = place.start(
        Test::new()
            .taskfile(FIVE)
            .fifo("go")
            .args(["-s", "-j4", "-o", "interleaved"])
            .stdout_has("f\n"),
    );
    live.see("a\n");
    live.see("c\n");
    let run = place.run();
    let shown = "
[RUN]  [DIR]  default [AGE]
  blocked  default  after f
  blocked  f        after b, e
";
    let asked = place.par(&["ps"]);
    assert_eq!((asked.code, &*asked.stderr), (Some(0), ""));
    let normal = asked.normal(&run);
    for line in [
        "  running  a       [AGE]",
        "  running  c       [AGE]",
        "  next     b        after a, c",
        "  next     e        after c",
    ] {
        let line = line.replace("       [AGE]", " [AGE]");
        assert!(normal.contains(&line), "{line:?} is not in\n{normal}");
    }
    for line in shown.trim_start_matches('\n').lines() {
        assert!(normal.contains(line), "{line:?} is not in\n{normal}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.par(&["ps", "--json"]).stdout).expect("JSON");
    assert_eq!(json[0]["run"], run);
    assert_eq!(json[0]["running"][0]["attempt"], 1);
    assert_eq!(json[0]["running"].as_array().map(Vec::len), Some(2));
    assert_eq!(json[0]["next"].as_array().map(Vec::len), Some(2));
    live.tell("go");
    live.tell("go");
    live.end();
    assert_eq!(place.names(), [""; 0]);
    assert_eq!(place.par(&["ps"]).stdout, "");
    assert_eq!(place.par(&["ps", "--json"]).stdout, "[]\n");
}

#[test]
fn a_task_that_is_cancelled_runs_what_it_deferred_and_leaves_no_process() {
    let place = Place::new();
    let live = place.start(
        Test::new()
            .taskfile(
                "
                version: '3'
                silent: true
                tasks:
                  default: {deps: [victim, other]}
                  victim:
                    - defer: echo deferred
                    - echo begun; setsid cat <>never & cat <>never & cat <>never
                  other: exec 3<>go; echo begun too; read x <&3
                ",
            )
            .fifo("go")
            .fifo("never")
            .args(["-j4", "-o", "interleaved"])
            .stdout_lines(&["begun", "begun too", "deferred"])
            .stderr_has("task `victim` is cancelled from outside")
            .status(201),
    );
    live.see("begun\n");
    live.see("begun too\n");
    let run = place.run();
    let asked = place.par(&["cancel", "latest", "victim"]);
    assert_eq!((asked.code, &*asked.stderr), (Some(0), ""));
    assert_eq!(asked.stdout, format!("task `victim` of run {run} has ended\n"));
    // Its deferred command ran before the answer came, and nothing of it is left.
    live.see("deferred\n");
    live.wait_for("cat");
    let mut live = live;
    live.tell("go");
    live.end();
}

#[test]
fn a_run_that_is_cancelled_ends_as_by_a_signal() {
    let place = Place::new();
    let live = place.start(
        Test::new()
            .taskfile("{version: '3', silent: true, tasks: {default: [defer: echo after, echo begun; cat <>never]}}")
            .fifo("never")
            .args(["-o", "interleaved"])
            .stdout("begun\nafter\n")
            .stderr_has("cancelled by SIGTERM")
            .status(143),
    );
    live.see("begun\n");
    let run = place.run();
    let asked = place.par(&["cancel", &run[..20]]);
    assert_eq!((asked.code, &*asked.stderr), (Some(0), ""));
    assert_eq!(asked.stdout, format!("run {run} has ended\n"));
    live.end();
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn what_is_not_there_cannot_be_cancelled() {
    let place = Place::new();
    let none = place.par(&["cancel", "2026"]);
    assert_eq!(none.code, Some(1));
    assert_eq!(none.stderr, "error: no run of yours that goes on is called \"2026\"\n");
    let mut live = place.start(
        Test::new()
            .taskfile("{version: '3', silent: true, tasks: {build: [echo begun; read x < go]}}")
            .fifo("go")
            .args(["-s", "-o", "interleaved", "build"])
            .stdout("begun\n"),
    );
    live.see("begun\n");
    let run = place.run();
    let task = place.par(&["cancel", "latest", "biuld"]);
    assert_eq!((task.code, &*task.stdout), (Some(200), ""));
    let said = "error: run [RUN] has no unfinished task `biuld`\n |\n = help: did you mean `build`?\n = help: there is: build\n";
    assert_eq!(task.stderr.replace(&run, "[RUN]"), said);
    let wrong = place.par(&["cancel", &format!("{run}x")]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains(&format!("did you mean `{run}`?")), "{}", wrong.stderr);
    live.tell("go");
    live.end();
}

#[test]
fn nobody_but_the_owner_can_connect() {
    let place = Place::new();
    let mut live = place.start(
        Test::new()
            .taskfile("{version: '3', silent: true, tasks: {default: [echo begun; read x < go]}}")
            .fifo("go")
            .args(["-s", "-o", "interleaved"])
            .stdout("begun\n"),
    );
    live.see("begun\n");
    let socket = place.folder().join(format!("{}.sock", place.run()));
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!((mode(&place.folder()), mode(&socket)), (0o700, 0o600));
    // SAFETY: only asks.
    if unsafe { libc::geteuid() } == 0 {
        // Let in by every permission, a stranger is still sent away.
        for path in [place.0.path(), &place.folder()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        let ask = |user: u32| {
            let script = format!(
                "import os, socket\nos.setuid({user})\ns = socket.socket(socket.AF_UNIX)\ntry:\n \
                 s.connect({socket:?})\n s.sendall(b'\"status\"\\n')\n print('heard' if s.recv(1) else \
                 'refused')\nexcept OSError: print('refused')\n"
            );
            let output = Command::new("python3").args(["-c", &script]).output().expect("python3");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert_eq!((ask(0), ask(65534)), ("heard\n".into(), "refused\n".into()));
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("ours");
        assert_eq!(ask(65534), "refused\n");
    }
    live.tell("go");
    live.end();
}

#[test]
fn health_tells_healthy_stale_and_dead_runs_apart() {
    let place = Place::new();
    let live = place.start(
        Test::new()
            .taskfile("{version: '3', silent: true, tasks: {default: ['until [ -e $PAR_RUN_DIR/events.jsonl ]; do :; done; echo begun; cat <>never']}}")
            .fifo("never")
            .args(["-s", "-o", "interleaved"])
            .stdout("begun\n")
            .status(137),
    );
    live.see("begun\n");
    let (run, project) = (place.run(), live.path(""));
    let asked = place.par(&["health"]);
    assert_eq!(asked.code, Some(0));
    assert!(asked.stdout.contains("  healthy  last heard of "), "{}", asked.stdout);
    // Its loop is stopped, and was not heard of for two minutes.
    let directory = project.join(".par/runs").join(&run);
    let meta: serde_json::Value =
        serde_json::from_slice(&fs::read(directory.join("run.json")).expect("its own words"))
            .expect("JSON");
    let inner = meta["pid"].as_i64().expect("a number") as i32;
    // The outer process first: it would have the inner go on.
    live.signal(libc::SIGSTOP);
    live.wait_until_stopped();
    send(inner, libc::SIGSTOP);
    wait_until_stopped(inner);
    let events = fs::File::options().append(true).open(directory.join("events.jsonl"));
    let ago = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
    events.expect("events").set_modified(ago).expect("a time");
    let asked = place.par(&["health", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&asked.stdout).expect("JSON");
    assert_eq!((asked.code, &json[0]["health"]), (Some(1), &"stale".into()));
    send(inner, libc::SIGKILL);
    live.signal(libc::SIGCONT);
    live.wait_for_all();
    let asked = place.par(&["health"]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.stdout.ends_with("  dead     its process is gone\n"), "{}", asked.stdout);
    assert_eq!(place.names(), [""; 0]);
    assert_eq!(place.par(&["health"]).code, Some(0));
    live.end();
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let place = Place::new();
    let taskfile = "{version: '3', silent: true, tasks: {default: [echo begun; read x < go]}}";
    let test = || {
        Test::new()
            .taskfile(taskfile)
            .fifo("go")
            .args(["-s", "-o", "interleaved"])
            .stdout("begun\n")
    };
    let killed = place.start(test().status(137));
    killed.see("begun\n");
    killed.signal(libc::SIGKILL);
    killed.wait_for_all();
    let old = place.run();
    killed.end();
    let mut next = place.start(test());
    next.see("begun\n");
    assert_ne!(place.run(), old);
    assert_eq!(place.names().len(), 2);
    next.tell("go");
    next.end();
}

#[test]
fn running_tasks_have_heartbeats() {
    let place = Place::new();
    // The task reads its own run's events until it has seen two heartbeats.
    let ran = place.start(
        Test::new()
            .taskfile(
                "
                version: '3'
                silent: true
                tasks:
                  default: 'until [ \"$(cat $PAR_RUN_DIR/events.jsonl 2>&1 | grep -c heartbeat)\" -ge 2 ]; do :; done'
                ",
            )
            .env("PAR_HEARTBEAT", "0.01")
            .args(["-s"]),
    );
    let events = ran.end().events();
    let beats = events.iter().filter_map(|event| match &event.kind {
        par::event::Kind::Heartbeat { unit } => Some(unit.0),
        _ => None,
    });
    let mut beats: Vec<u32> = beats.collect();
    beats.dedup();
    assert!(beats.contains(&1), "{beats:?}");
}

#[test]
fn ps_shows_stages_and_what_their_gates_have_said() {
    let text = "
        version: '3'
        tasks:
          default:
            stages:
              - name: Critique
                tasks: [review]
                gate: {cmd: 'test -e asked || { touch asked; exit 10; }; echo asked again >&2; read x < go', rounds: 2}
              - {name: Build, tasks: [build]}
          review: 'true'
          build: echo built; read x < go
        ";
    let place = Place::new();
    let mut live = place.start(
        Test::new()
            .taskfile(text)
            .fifo("go")
            .args(["-s", "-j4", "-o", "interleaved"])
            .stdout_has("")
            .merged(),
    );
    live.see("asked again");
    let run = place.run();
    let shown = place.par(&["ps"]).normal(&run);
    let line = "  stage    default: Critique  goes on  round 2  REQUEST_CHANGES\n";
    assert!(shown.contains(line), "{shown}");
    live.tell("go");
    live.see("built");
    let shown = place.par(&["ps"]).normal(&run);
    let line = "  stage    default: Critique  is over  round 2  REQUEST_CHANGES  APPROVED\n";
    assert!(
        shown.contains(line) && shown.contains("  stage    default: Build  goes on\n"),
        "{shown}"
    );
    assert!(shown.contains("in Build"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_str(&place.par(&["ps", "--json"]).stdout).expect("JSON");
    let said = serde_json::json!(["REQUEST_CHANGES", "APPROVED"]);
    assert_eq!(json[0]["stages"][0]["decisions"], said);
    live.tell("go");
    live.end();
}

/// Runs two tasks that end only side by side, on a machine whose processors are busy at first, and tells whether
/// one of them was held back by that. A machine on which nobody has looked at the processors in time lets both run.
fn is_held_back_by_load() -> bool {
    let test = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {deps: [a, b]}
              first: for look in 1 2 3 4 5 6 7 8; do echo up; sleep 0.1; done
              a: {deps: [first], cmd: echo > meet}
              b: {deps: [first], cmd: read x < meet}
            ",
        )
        .fifo("meet")
        .file("machine/proc/stat", "cpu0 1 0 0 1 0 0 0 0\n")
        .args(["-s", "-j4", "-o", "interleaved", "--load", "50%"])
        .stdout_has("up\n");
    let machine = test.path("machine");
    let place = Place::new();
    let live = place.start(test.env("PAR_MACHINE", machine.to_str().expect("text")));
    let (is_busy, is_over) = (AtomicBool::new(true), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut busy, mut idle) = (1, 1);
            let stat = machine.join("proc/stat");
            while !is_over.load(Ordering::SeqCst) {
                *if is_busy.load(Ordering::SeqCst) { &mut busy } else { &mut idle } += 50;
                let new = stat.with_extension("new");
                let text = format!("cpu0 {busy} 0 0 {idle} 0 0 0 0\n");
                if fs::write(&new, text).and_then(|()| fs::rename(&new, &stat)).is_err() {
                    return;
                }
                // How fast the counts grow does not matter.
                thread::sleep(Duration::from_millis(10));
            }
        });
        live.see("up\n");
        let is_held = loop {
            let shown = place.par(&["ps"]).stdout;
            if shown.is_empty() {
                break false;
            }
            if shown.contains("  queued   a") || shown.contains("  queued   b") {
                break true;
            }
        };
        is_busy.store(false, Ordering::SeqCst);
        live.end();
        is_over.store(true, Ordering::SeqCst);
        is_held
    })
}

#[test]
fn a_task_is_queued_while_the_machine_is_busy_and_runs_when_it_no_longer_is() {
    assert!((0..5).any(|_| is_held_back_by_load()));
}
