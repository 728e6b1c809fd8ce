//! Nothing outlives the run, whoever is killed; ends and stops look as of one process.

use crate::harness::{Stage, Test, play, send};

pub const TESTS: &[Test] = &[
    ("nothing_outlives_a_killed_outer", nothing_outlives_a_killed_outer),
    ("nothing_outlives_a_killed_inner", nothing_outlives_a_killed_inner),
    ("nothing_outlives_a_killed_group", nothing_outlives_a_killed_group),
    (
        "nothing_outlives_a_stopped_inner_whose_outer_is_killed",
        nothing_outlives_a_stopped_inner_whose_outer_is_killed,
    ),
    ("a_signal_ends_all_and_is_seen_outside", a_signal_ends_all_and_is_seen_outside),
    ("an_exit_code_is_seen_outside", an_exit_code_is_seen_outside),
    ("threads_are_refused", threads_are_refused),
    ("a_guard_below_a_guard_needs_no_process", a_guard_below_a_guard_needs_no_process),
    ("a_stop_is_seen_outside_and_undone", a_stop_is_seen_outside_and_undone),
];

/// Ignores what can be ignored, leaves its group, and forgets its parents; holds the scene's stdin.
const TREE: &str = r#"
trap '' INT TERM HUP
for i in 1 2 3 4 5; do sleep 1000 <&0 & done
setsid -f sh -c 'sleep 1000 <&0 & exec sleep 1000'
setsid -f env -i PATH="$PATH" sh -c 'cd /; (sleep 1000 <&0 & sleep 1000 <&0 & ) ; exec sleep 1000'
echo ready
wait
"#;

/// A scene with its tree up, and the number of its inner process.
fn tree() -> (Stage, libc::pid_t) {
    let mut stage = Stage::begin("driver", &[TREE]);
    let inner = stage.line().parse().unwrap();
    assert_eq!(stage.line(), "ready");
    (stage, inner)
}

fn nothing_outlives_a_killed_outer() {
    let (stage, _) = tree();
    send(stage.pid(), libc::SIGKILL);
    stage.assert_nobody_is_left();
    assert_eq!(stage.end().status, Err(libc::SIGKILL));
}

fn nothing_outlives_a_killed_inner() {
    let (stage, inner) = tree();
    send(inner, libc::SIGKILL);
    stage.assert_nobody_is_left();
    assert_eq!(stage.end().status, Ok(137));
}

fn nothing_outlives_a_killed_group() {
    let (stage, _) = tree();
    send(-stage.pid(), libc::SIGKILL);
    stage.assert_nobody_is_left();
    assert_eq!(stage.end().status, Err(libc::SIGKILL));
}

fn nothing_outlives_a_stopped_inner_whose_outer_is_killed() {
    let (stage, inner) = tree();
    send(inner, libc::SIGSTOP);
    send(stage.pid(), libc::SIGKILL);
    stage.assert_nobody_is_left();
    assert_eq!(stage.end().status, Err(libc::SIGKILL));
}

fn a_signal_ends_all_and_is_seen_outside() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let (stage, _) = tree();
        send(stage.pid(), signal);
        stage.assert_nobody_is_left();
        assert_eq!(stage.end().status, Err(signal));
    }
}

fn an_exit_code_is_seen_outside() {
    assert_eq!(play("exit", &[]).status, Ok(42));
    assert_eq!(play("driver", &["exit 7"]).status, Ok(7));
}

fn threads_are_refused() {
    let expected =
        "cannot start processes: 2 threads exist already, and all but one would be lost\n";
    assert_eq!(play("threads", &[]).stdout, expected);
}

fn a_guard_below_a_guard_needs_no_process() {
    let expected =
        "split true, again false\nStdout \"split false, again false\\n\"\nexit status 0\n";
    assert_eq!(play("twice", &[]).stdout, expected);
}

fn a_stop_is_seen_outside_and_undone() {
    let mut stage = Stage::begin("driver", &["echo ready; read line; exit 5"]);
    stage.line();
    assert_eq!(stage.line(), "ready");
    send(stage.pid(), libc::SIGTSTP);
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    unsafe { libc::waitpid(stage.pid(), &mut status, libc::WUNTRACED) };
    assert!(libc::WIFSTOPPED(status));
    send(stage.pid(), libc::SIGCONT);
    assert_eq!(stage.line(), "continued");
    send(stage.pid(), libc::SIGTERM);
    assert_eq!(stage.end().status, Err(libc::SIGTERM));
}
