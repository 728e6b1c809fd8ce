//! Jobs from their start to their end.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Finale, Test, exists, play};

pub const TESTS: &[Test] = &[
    ("ends_are_told_as_they_were", ends_are_told_as_they_were),
    ("streams_are_told_apart_or_in_order", streams_are_told_apart_or_in_order),
    ("a_pipe_can_be_opened_by_name", a_pipe_can_be_opened_by_name),
    ("dropped_futures_lose_nothing", dropped_futures_lose_nothing),
    ("much_output_needs_little_memory", much_output_needs_little_memory),
    ("use_is_counted", use_is_counted),
    ("background_jobs_are_waited_for", background_jobs_are_waited_for),
    ("what_a_leader_leaves_in_its_group_is_killed", what_a_leader_leaves_in_its_group_is_killed),
    ("a_leaked_pipe_does_not_hold_up_the_end", a_leaked_pipe_does_not_hold_up_the_end),
    ("daemons_end_with_the_run", daemons_end_with_the_run),
    ("signals_reach_the_whole_group", signals_reach_the_whole_group),
    ("killing_reaches_other_groups_too", killing_reaches_other_groups_too),
    ("starting_names_what_is_wrong", starting_names_what_is_wrong),
    ("too_few_descriptors_is_busy", too_few_descriptors_is_busy),
    ("the_shell_runs_what_the_kernel_refuses", the_shell_runs_what_the_kernel_refuses),
    ("scripts_of_any_length_run", scripts_of_any_length_run),
    ("an_inheriting_job_writes_by_itself", an_inheriting_job_writes_by_itself),
];

fn told(scene: &str, arguments: &[&str]) -> String {
    let Finale { stdout, status } = play(scene, arguments);
    assert_eq!(status, Ok(0), "{stdout}");
    stdout
}

fn ends_are_told_as_they_were() {
    let cases = [
        ("exit 3", "exit status 3\n"),
        ("true", "exit status 0\n"),
        ("false; echo not here", "exit status 1\n"),
        ("cat /nope 2>&- || exit 9", "exit status 9\n"),
        ("kill -TERM $$", "killed by SIGTERM\n"),
        ("kill -SEGV $$", "killed by SIGSEGV\n"),
        ("echo a b", "Stdout \"a b\\n\"\nexit status 0\n"),
        (
            "no-such-program-x a",
            "Stdout \"bash: line 1: no-such-program-x: command not found\\n\"\nexit status 127\n",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(told("job", &[text]), expected, "{text}");
    }
}

fn streams_are_told_apart_or_in_order() {
    let text = "for i in {1..300}; do echo o$i; echo e$i >&2; done";
    let merged: String = (1..=300).map(|i| format!("o{i}\\ne{i}\\n")).collect();
    assert_eq!(told("job", &[text]), format!("Stdout \"{merged}\"\nexit status 0\n"));
    let told = told("job", &["echo one; echo two >&2", "separate"]);
    assert_eq!(told, "Stdout \"one\\n\"\nStderr \"two\\n\"\nexit status 0\n");
}

fn a_pipe_can_be_opened_by_name() {
    let text = "echo a; echo b > /dev/stderr; echo c > /dev/stdout";
    assert_eq!(told("job", &[text]), "Stdout \"a\\nb\\nc\\n\"\nexit status 0\n");
}

fn dropped_futures_lose_nothing() {
    let text = "for i in {1..300}; do /bin/echo o$i; done";
    let expected: String = (1..=300).map(|i| format!("o{i}\\n")).collect();
    assert_eq!(told("impatient", &[text]), format!("Stdout \"{expected}\"\nexit status 0\n"));
}

fn much_output_needs_little_memory() {
    let told = told("heavy", &["head -c 100000000 /dev/zero"]);
    assert_eq!(told, "exit status 0, 100000000 bytes, cpu true, memory true\nsmall true\n");
}

fn use_is_counted() {
    let told = told("heavy", &["{ for i in {1..20000}; do :; done; } & exit 0"]);
    assert_eq!(told, "exit status 0, 0 bytes, cpu true, memory true\nsmall true\n");
}

fn background_jobs_are_waited_for() {
    let text = "trap 'echo bye' EXIT; { head -c 30000000 /dev/zero | wc -c; } & exit 3";
    assert_eq!(told("job", &[text]), "Stdout \"bye\\n30000000\\n\"\nexit status 3\n");
}

fn what_a_leader_leaves_in_its_group_is_killed() {
    let told = told("job", &["sh -c 'sleep 1000 & echo $!'"]);
    let (pid, rest) = told.strip_prefix("Stdout \"").unwrap().split_once("\\n").unwrap();
    assert_eq!(rest, "\"\nexit status 0\n");
    assert!(!exists(pid.parse().unwrap()));
}

fn a_leaked_pipe_does_not_hold_up_the_end() {
    let told = told("job", &["sh -c 'setsid -f sleep 1000; echo done'"]);
    assert_eq!(told, "Stdout \"done\\n\"\nexit status 0\n");
}

fn daemons_end_with_the_run() {
    let told =
        told("job", &["sh -c 'setsid -f sh -c \"echo \\$\\$; exec sleep 1000\" | head -n1'"]);
    let (pid, rest) = told.strip_prefix("Stdout \"").unwrap().split_once("\\n").unwrap();
    assert_eq!(rest, "\"\nexit status 0\n");
    assert!(!exists(pid.parse().unwrap()));
}

fn signals_reach_the_whole_group() {
    let text = "trap : INT; (trap 'echo heard' INT; sh -c 'trap \"\" INT; exec sleep 1000 <&0' & echo ready
        while :; do read x || :; done)";
    assert_eq!(told("interrupt", &[text]), "ready\nheard\nkilled by SIGKILL\n");
}

fn killing_reaches_other_groups_too() {
    let text = "cat <(exec setsid -w sh -c 'trap \"\" INT; echo up; exec sleep 1000')";
    assert_eq!(told("kill", &[text]), "nobody is left\n");
}

fn starting_names_what_is_wrong() {
    let cases = [
        (["/nope/x", "/"], "cannot execute /nope/x: No such file or directory (os error 2)\n"),
        (["/etc/passwd", "/"], "cannot execute /etc/passwd: Permission denied (os error 13)\n"),
        (
            ["/bin/true", "/nope"],
            "cannot enter directory /nope: No such file or directory (os error 2)\n",
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(told("direct", &arguments), expected);
    }
}

fn too_few_descriptors_is_busy() {
    let expected = "Err(\"no room for another process: Too many open files (os error 24)\")\n";
    assert_eq!(told("crowded", &[]), expected);
}

fn the_shell_runs_what_the_kernel_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = program("plain", "echo ${BASH_VERSION:+bash} \"$1\"\n");
    assert_eq!(told("job", &[&format!("{plain} x")]), "Stdout \"bash x\\n\"\nexit status 0\n");
    let lost = program("lost", "#!/nope\n");
    let expected =
        format!("Stdout \"bash: line 1: {lost}: cannot execute: required file not found\\n\"\n");
    assert_eq!(told("job", &[&lost]), expected + "exit status 127\n");
}

fn scripts_of_any_length_run() {
    let told = told("long", &["echo $# $0; exit 4"]);
    assert_eq!(told, "Stdout \"0 bash\\n\"\nexit status 4\n");
}

fn an_inheriting_job_writes_by_itself() {
    assert_eq!(told("inherit", &["echo hello"]), "hello\nexit status 0\n");
}
