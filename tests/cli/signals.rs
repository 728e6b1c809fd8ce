//! Signals to `par`, readers that go away, and what must not be left behind.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use crate::harness::Test;
use crate::live::{Live, becomes_readable};

const ENDLESS: &str = "
    version: '3'
    tasks:
      all: {deps: [shell, plain]}
      shell:
        - defer: echo deferred >> deferred
        - sleep 1000 & echo up shell; wait
      plain:
        - defer: echo deferred >> deferred
        - echo up plain; exec sleep 1000
      deaf:
        - defer: echo deferred >> deferred
        - trap '' INT TERM HUP; (trap '' INT TERM HUP; sleep 1000) & echo up deaf; while :; do wait; done
    ";

/// A run of which these commands have started.
fn watched(test: Test, up: &[&str]) -> Live {
    let live = test.start();
    up.iter().for_each(|name| live.see(&format!("up {name}\n")));
    live
}

#[test]
fn a_signal_ends_everything_with_what_was_deferred() {
    for (signal, name) in
        [(libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM"), (libc::SIGHUP, "SIGHUP")]
    {
        let test = Test::new()
            .taskfile(ENDLESS)
            .args(["-s", "-o", "interleaved", "-j2", "all"])
            .stdout_lines(&["up shell", "up plain"])
            .stderr(&format!("par: cancelled by {name}\npar: 3 tasks, 3 cancelled, [TIME]\n"))
            .hide_times()
            .status(128 + signal);
        let live = watched(test, &["shell", "plain"]);
        live.signal(signal);
        let ran = live.end();
        assert_eq!(ran.text("deferred"), "deferred\ndeferred\n");
    }
}

#[test]
fn who_ignores_signals_is_killed_after_the_grace() {
    let mut test = Test::new().taskfile(ENDLESS).args(["-s", "-o", "interleaved", "deaf"]);
    test = test.args(["--grace", "300ms"]).stdout("up deaf\n").stderr_has("cancelled by SIGTERM");
    let live = watched(test.status(143), &["deaf"]);
    let began = Instant::now();
    live.signal(libc::SIGTERM);
    let ran = live.end();
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(ran.text("deferred"), "deferred\n");
}

/// Says which signals it gets, and goes on.
const STUBBORN: &str = "
    version: '3'
    tasks:
      all:
        - defer: echo deferred
        - |
          trap 'echo got int' INT; trap 'echo got term; test -e polite && exit 0' TERM
          echo up all; while :; do sleep 1000 & wait $! || :; done
    ";

#[test]
fn a_second_signal_is_a_term_and_a_third_one_kills() {
    let test = Test::new().taskfile(STUBBORN).args(["-s", "--grace", "1h", "all"]);
    let test = test.args(["-o", "interleaved"]).stdout("up all\ngot int\ngot term\n");
    let live = watched(test.stderr_has("cancelled by SIGINT").status(130), &["all"]);
    live.signal(libc::SIGINT);
    live.see("got int\n");
    live.signal(libc::SIGINT);
    live.see("got term\n");
    live.signal(libc::SIGINT);
    live.end();
}

#[test]
fn half_of_the_grace_after_the_signal_there_is_a_term() {
    let test =
        Test::new().taskfile(STUBBORN).file("polite", "").args(["-s", "--grace", "4s", "all"]);
    let test = test.args(["-o", "interleaved"]).stdout("up all\ngot int\ngot term\ndeferred\n");
    let live = watched(test.stderr_has("cancelled by SIGINT").status(130), &["all"]);
    live.signal(libc::SIGINT);
    live.end();
}

#[test]
fn a_killed_run_takes_all_its_processes_with_it() {
    let test = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [shell, apart, inner]}
              shell: exec 9>alive; echo up shell; sleep 1000 & wait
              apart: exec 9>alive; echo up apart; setsid sleep 1000 & exec sleep 1000
              inner: exec 9>alive; task:below & wait
              below: exec 9>alive; echo up below; exec sleep 1000
            ",
        )
        .fifo("alive")
        .args(["-s", "-j4", "-o", "interleaved", "all"])
        .stdout_has("up")
        .status(137);
    let path = test.path("alive");
    let alive = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let alive = alive.expect("a fifo");
    let live = watched(test, &["shell", "apart", "below"]);
    live.signal(libc::SIGKILL);
    assert!(becomes_readable(&alive), "somebody lives on");
    live.wait_for_all();
    live.end();
}

#[test]
fn nobody_reads_any_more() {
    let mut live = Test::new()
        .taskfile("{version: '3', tasks: {noisy: 'exec yes'}}")
        .args(["-s", "-o", "interleaved", "noisy"])
        .stdout_has("y\ny\n")
        .status(141)
        .start();
    live.see("y\n");
    live.close_stdout();
    live.end();
}

#[test]
fn a_pipe_to_head_ends_quietly() {
    let (par, dir) = (env!("CARGO_BIN_EXE_par"), noisy());
    let out = std::process::Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {par} run -s -o interleaved noisy | head -n 1")])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir.path())
        .output()
        .expect("bash");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&out.stdout), text(&out.stderr)), ("y\n".into(), String::new()));
}

fn noisy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let text = "{version: '3', tasks: {noisy: 'exec yes'}}";
    std::fs::write(dir.path().join("Taskfile.yml"), text).expect("a file");
    dir
}

#[test]
fn what_a_command_leaves_in_the_background_ends_with_the_run() {
    Test::new()
        .taskfile(
            "{version: '3', tasks: {all: ['setsid sleep 1000 >/dev/null 2>&1 & disown; echo on', echo end]}}",
        )
        .args(["-s", "all"])
        .stdout("on\nend\n")
        .stderr_has("par: left running, and killed with the run: `s")
        .run();
}
