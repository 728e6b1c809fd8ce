//! Jobs from their start to their end.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Finale, Test, exists, play, scrub};

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
    (
        "a_pipeline_without_a_shell_does_what_bash_does",
        a_pipeline_without_a_shell_does_what_bash_does,
    ),
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

fn a_pipeline_without_a_shell_does_what_bash_does() {
    let mut ours = 0;
    for (number, script) in pipelines().into_iter().enumerate() {
        let pipefail = if number % 2 == 0 { "pipefail" } else { "" };
        let (mine, bashs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [&mine, &bashs] {
            std::fs::write(dir.path().join("hay"), "b 1\na 22\nc 333\n").unwrap();
        }
        let mut bash = std::process::Command::new("bash");
        bash.arg("-e").arg("-p").args(["-o", pipefail].iter().filter(|_| !pipefail.is_empty()));
        bash.args(["-c", "--", &script]).current_dir(bashs.path());
        scrub(&mut bash);
        let Ok(output) = bash.stdin(std::process::Stdio::null()).output() else {
            return eprintln!("skipped: no bash to compare with");
        };
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        let expected =
            deed(&text(output.stdout), &text(output.stderr), &format!("exit status {code}"));
        let told = told("pipeline", &[&script, mine.path().to_str().unwrap(), pipefail]);
        let mut parts = told.split('\u{1}');
        let mut part = || parts.next().unwrap_or_default();
        ours += usize::from(part() == "ours");
        assert_eq!(deed(part(), part(), part().trim_end()), expected, "{script} {pipefail}");
        assert_eq!(files(mine.path()), files(bashs.path()), "{script}");
    }
    assert!(ours > 60, "only {ours} pipelines went without a shell");
}

/// Output, errors in any order and without process numbers, and the end.
fn deed(stdout: &str, stderr: &str, end: &str) -> (String, Vec<String>, String) {
    let line = |line: &str| {
        let begins = ["bash: line 1: ", "     "].into_iter().find(|&text| line.starts_with(text));
        let (begin, rest) = line.split_at(begins.map_or(0, str::len));
        let rest = rest.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit());
        format!("{begin}{rest}")
    };
    let mut errors: Vec<String> = stderr.lines().map(line).collect();
    errors.sort();
    (stdout.into(), errors, end.into())
}

fn files(dir: &std::path::Path) -> Vec<(std::ffi::OsString, String)> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let read = |entry: std::fs::DirEntry| {
        (entry.file_name(), std::fs::read_to_string(entry.path()).unwrap())
    };
    let mut all: Vec<_> = entries.map(read).collect();
    all.sort();
    all
}

/// The same each time. Each command reads all it is given, so that nobody writes to one that has gone.
fn pipelines() -> Vec<String> {
    const FIRST: [&str; 12] = [
        "cat hay",
        "cat < hay",
        "echo  a 'b  c' \"d\"",
        "printf '%s\\n' x y",
        "true",
        "exit 3",
        "sort hay 2>&1",
        "cat absent",
        "cat absent 2>&1",
        "cat < absent",
        "sh -c 'echo out; echo err >&2; exit 4'",
        "no-such-program-x a",
    ];
    const NEXT: [&str; 14] = [
        "cat",
        "sort -r",
        "wc -l",
        "tr a-c A-C",
        "sed 's/a/b/'",
        "cat > out@",
        "cat >> more@",
        "cat 2>/dev/null >&2",
        "sh -c 'cat; exit 5'",
        "sh -c 'cat; echo late >&2'",
        "sh -c 'cat; kill -KILL $$'",
        "sh -c 'cat; kill -TERM $$' 2>err@",
        "sh -c 'cat; kill -PIPE $$'",
        "grep -c b",
    ];
    let mut state = 11u32;
    let mut choose = move |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % count
    };
    let mut pipeline = |_| {
        let first = FIRST[choose(FIRST.len())].to_owned();
        (0..1 + choose(3)).fold(first, |all, place| {
            let bar = ["|", " | ", "  |\t"][choose(3)];
            // Each writes to files of its own.
            all + bar + &NEXT[choose(NEXT.len())].replace('@', &place.to_string())
        })
    };
    (0..100).map(&mut pipeline).collect()
}
