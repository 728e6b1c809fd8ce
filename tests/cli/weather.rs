//! What goes wrong around a run: full disks, directories that go away, limits of the machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::Test;
use crate::live::{becomes_readable, marked};

#[test]
fn output_that_cannot_be_written_is_an_error() {
    Test::new()
        .taskfile("{version: '3', tasks: {all: echo hello}}")
        .under("exec >/dev/full")
        .args(["-s", "all"])
        .stderr("error: output cannot be written: No space left on device (os error 28)\n")
        .status(1)
        .run();
}

#[test]
fn closed_streams_are_no_reason_to_fail() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let ran = Test::new()
            .taskfile("{version: '3', tasks: {all: {deps: [a, b]}, a: 'cat; echo a >>made', b: 'echo b; echo b >>made'}}")
            .under(&format!("exec {closed}"))
            .args(["-j2", "all"])
            .stdout_has("")
            .stderr_has("")
            .run();
        let mut made: Vec<_> = ran.text("made").lines().map(String::from).collect();
        made.sort_unstable();
        assert_eq!(made, ["a", "b"], "{closed}");
    }
}

/// A very small disk below a directory, while it lives.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount(at: &Path) -> Option<Disk<'_>> {
        std::fs::create_dir_all(at).expect("a directory");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(at).output();
        let is_mounted = mount.is_ok_and(|mount| mount.status.success());
        if !is_mounted {
            println!("skipped: nothing can be mounted here");
        }
        is_mounted.then_some(Disk(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_under_the_state_fails_no_task_and_loses_no_output() {
    let test = Test::new().taskfile(
        "
        version: '3'
        tasks:
          all: {deps: [big, gen]}
          big: seq 100000
          gen: {sources: [in.txt], generates: [out.txt], cmds: [cp in.txt out.txt]}
        ",
    );
    let test = test.file("in.txt", "v1\n").args(["-s", "-j2", "all"]);
    let at = test.path(".par");
    let Some(disk) = Disk::mount(&at) else { return };
    let all: String = (1..=100_000).map(|i| format!("{i}\n")).collect();
    let ran = test.stdout(&all).stderr_has("").run();
    drop(disk);
    assert_eq!(ran.text("out.txt"), "v1\n");
}

#[test]
fn a_project_directory_that_a_task_removes_is_not_made_again() {
    let test = Test::new().taskfile("{version: '3', tasks: {}}").file(
        "p/Taskfile.yml",
        "{version: '3', tasks: {all: ['until rm -rf \"$PWD\" 2>/dev/null; do :; done; echo removed', 'echo never'], sub: {dir: sub, cmds: [pwd]}}}",
    );
    let ran = test
        .stand_in("p")
        .args(["-s", "all"])
        .stdout("removed\n")
        .stderr_has("the project's directory is gone")
        .status(201)
        .run();
    assert!(!ran.has("p"));
}

#[test]
fn a_task_still_has_its_own_directory_made() {
    let ran = Test::new()
        .taskfile("{version: '3', tasks: {all: {dir: new/one, cmds: ['echo here >file']}}}")
        .args(["-s", "all"])
        .run();
    assert_eq!(ran.text("new/one/file"), "here\n");
}

const MANY: &str = "
    version: '3'
    tasks:
      all: {deps: [{for: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], task: 'one-{{.ITEM}}'}]}
      one-*: sh -c 'echo {{index .MATCH 0}} >&2; echo {{index .MATCH 0}}'
    ";

fn numbers() -> Vec<String> {
    let mut all: Vec<String> = (1..=20).map(|number| number.to_string()).collect();
    all.sort_unstable();
    all
}

fn sorted(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<_> = String::from_utf8_lossy(bytes).lines().map(String::from).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn too_few_descriptors_are_waited_for() {
    let test = Test::new().taskfile(MANY).under("ulimit -n 48").stderr_has("").stdout_has("");
    let ran = test.args(["-s", "-j100", "all"]).run();
    assert_eq!(sorted(&ran.stdout), numbers());
}

#[test]
fn too_few_processes_are_waited_for() {
    let user = ["--reuid", "54321", "--clear-groups"];
    let may_run =
        Command::new("setpriv").args(user).arg(env!("CARGO_BIN_EXE_par")).arg("--version").output();
    if !may_run.is_ok_and(|ran| ran.status.success()) {
        return println!("skipped: no other user may run the program here");
    }
    let test =
        Test::new().taskfile(MANY).args(["-s", "-j100", "all"]).stdout_has("").stderr_has("");
    let open = Command::new("chmod").arg("777").arg(test.path("")).status();
    assert!(open.is_ok_and(|status| status.success()));
    let line = format!(
        "ulimit -u 16; set -- \"$@\"; p=$0; n=$1; shift; exec setpriv {} \"$p\" \"$@\"",
        user.join(" ")
    );
    let ran = test.under(&line).run();
    assert_eq!(sorted(&ran.stdout), numbers());
}

#[test]
fn a_tree_that_is_read_only_still_runs() {
    let test = Test::new()
        .taskfile("{version: '3', tasks: {all: {sources: [Taskfile.yml], cmds: [echo ran]}}}")
        .args(["-s", "all"])
        .stdout("ran\n")
        .stderr_has("this run is not recorded");
    // A file in the place of the state keeps root out as well.
    std::fs::write(test.path(".par"), "").expect("a file");
    test.run();
}

/// The most memory that the runs of a test had in use, KiB.
fn peak(mark: &str) -> u64 {
    let status = |pid| std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let runners = marked(mark).into_iter().map(|(pid, _)| status(pid));
    let runners = runners.filter(|status| status.starts_with("Name:\ttask runner\n"));
    let peak = |status: String| {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?.to_string();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    runners.filter_map(peak).max().expect("a run")
}

/// So many zeros pass from a task to stdout and into its log, and the run has no more memory than before.
fn pass_in_little_memory(length: u64) {
    let test = Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              all:
                - echo >up; read x <go
                - head -c {length} /dev/zero
                - echo >up; read x <go
            "
        ))
        .fifo("up")
        .fifo("go")
        .under("exec >out")
        .args(["-s", "-o", "group", "all"]);
    let up = File::options().read(true).write(true).open(test.path("up")).expect("a fifo");
    let mark = test.mark();
    let wait = || {
        assert!(becomes_readable(&up), "it hangs");
        std::io::Read::read(&mut &up, &mut [0; 16]).expect("a line");
    };
    let mut live = test.start();
    wait();
    let idle = peak(&mark);
    live.tell("go");
    wait();
    let busy = peak(&mark);
    live.tell("go");
    let ran = live.end();
    assert!(busy < idle + 12 * 1024, "{idle} KiB, then {busy} KiB");
    assert_is_nothing_but_zeros(&ran.path("out"), length);
    let runs = std::fs::read_dir(ran.path(".par/runs")).expect("runs");
    let run = runs.last().expect("a run").expect("it").path();
    assert_is_nothing_but_zeros(&run.join("logs/all.log"), length);
}

fn assert_is_nothing_but_zeros(path: &Path, length: u64) {
    let mut file = File::open(path).expect("a file");
    assert_eq!(file.metadata().expect("it").len(), length, "{}", path.display());
    let (zeros, mut piece) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    while let read @ 1.. = std::io::Read::read(&mut file, &mut piece).expect("bytes") {
        assert!(piece[..read] == zeros[..read], "{}", path.display());
    }
}

#[test]
fn a_line_of_100_mb_passes_in_little_memory() {
    pass_in_little_memory(100_000_000);
}

#[test]
#[ignore = "writes 2 GiB"]
fn a_log_of_1_gib_passes_in_little_memory() {
    pass_in_little_memory(1 << 30);
}

#[test]
fn what_a_task_writes_is_shown_although_its_log_is_removed() {
    for mode in ["group", "auto", "keep-order"] {
        Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  all: {deps: [a, b]}
                  a: echo begin; until test -e .par/runs/*/logs/a.log.idx; do :; done; rm -rf .par/runs/*/logs; echo end
                  b: 'true'
                ",
            )
            .args(["-s", "-j2", "-o", mode, "all"])
            .stdout("begin\nend\n")
            .stderr_has("")
            .run();
    }
}

#[test]
fn what_waits_to_be_shown_is_there_although_its_log_is_removed_meanwhile() {
    // The first task is shown as it comes; when it removes the logs, the others have ended long ago.
    let taskfile = |others: u32| {
        let names: Vec<String> = (1..=others).map(|number| format!("t{number}")).collect();
        let tasks: String = names
            .iter()
            .map(|name| {
                format!("  {name}: {{deps: [go], cmds: [echo {name}; echo odd-{name} >&2]}}\n")
            })
            .collect();
        format!(
            "version: '3'\ntasks:\n  all: {{cmds: ['task:first &', 'until test -e started; do :; done', 'task:rest &']}}\n  rest: {{deps: [{}], cmds: [touch ended]}}\n  go: until test -e started; do :; done\n  first: touch started; until test -e ended; do :; done; rm -rf .par/runs/*/logs; echo first\n{tasks}",
            names.join(", ")
        )
    };
    let test = |others| {
        let words = ["-s", "-j4", "-o", "keep-order", "all"];
        Test::new().taskfile(&taskfile(others)).args(words)
    };
    let ran = test(3).stdout_has("first\n").stderr_has("odd-t1\n").run();
    let mut shown: Vec<_> =
        String::from_utf8_lossy(&ran.stdout).lines().map(String::from).collect();
    shown[1..].sort();
    assert_eq!(shown, ["first", "t1", "t2", "t3"]);
    // With few descriptors not all of them stay open, and what is lost is told.
    let lost = "is lost: its log was removed before it was shown\n";
    test(30).under("ulimit -n 128").stdout_has("first\n").stderr_has(lost).run();
}

#[test]
#[ignore = "starts 10,000 processes"]
fn ten_thousand_tasks_at_once_run_with_few_descriptors() {
    let tasks = (1..=10_000).map(|n| format!("  one-{n}: sh -c 'echo {n}; mkdir done-{n}'\n"));
    let deps: Vec<String> = (1..=10_000).map(|number| format!("one-{number}")).collect();
    let head = format!("version: '3'\ntasks:\n  all: {{deps: [{}]}}\n", deps.join(", "));
    let test = Test::new().taskfile(&(head + &tasks.collect::<String>()));
    let test = test.under("ulimit -n 256").args(["-s", "-j10000", "all"]);
    // Takes as long as it takes.
    let output = test.command().stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("lost"), "{}: {said}", output.status);
    let mut all: Vec<String> = (1..=10_000).map(|number| number.to_string()).collect();
    all.sort_unstable();
    assert_eq!(sorted(&output.stdout), all);
    assert!((1..=10_000).all(|number| test.path(&format!("done-{number}")).exists()));
}

/// The first tasks write when descriptors have run out, for the others wait for them.
#[test]
fn no_output_is_lost_when_descriptors_run_out() {
    let test = Test::new().taskfile(
        "
        version: '3'
        tasks:
          all: {vars: {ALL: {sh: seq 200}}, deps: [{for: {var: ALL}, task: 'one-{{.ITEM}}'}]}
          one-*:
            vars: {N: '{{index .MATCH 0}}'}
            cmds:
              - |
                if [ {{.N}} -le 16 ]; then name=up number=24; else name=done number=16; fi
                mkdir up-{{.N}}
                set --; while [ $# -lt $number ]; do set -- $name-*; done
                echo {{.N}}; mkdir done-{{.N}}
        ",
    );
    let test = test.under("ulimit -n 256").args(["-s", "-j200", "all"]);
    let ran = test.stdout_has("").run();
    let mut all: Vec<String> = (1..=200).map(|number| number.to_string()).collect();
    all.sort_unstable();
    assert_eq!(sorted(&ran.stdout), all);
}

/// A control group whose processes may have little memory, while it lives.
struct Group(PathBuf);

impl Group {
    fn new(limit: &str) -> Option<Group> {
        let name = format!("par-test-{}", std::process::id());
        let first = (Path::new("/sys/fs/cgroup/memory").join(&name), "memory.limit_in_bytes");
        let second = (Path::new("/sys/fs/cgroup").join(&name), "memory.max");
        [first, second].into_iter().find_map(|(folder, file)| {
            std::fs::create_dir(&folder).ok()?;
            let group = Group(folder);
            let file = File::options().write(true).open(group.0.join(file));
            std::io::Write::write_all(&mut file.ok()?, limit.as_bytes()).ok()?;
            // Else it would swap first, where there is swap.
            let _ = std::fs::write(group.0.join("memory.swap.max"), "0");
            let _ = std::fs::write(group.0.join("memory.memsw.limit_in_bytes"), limit);
            Some(group)
        })
    }
}

impl Drop for Group {
    /// The kernel lets go of it a moment after its last process has ended.
    fn drop(&mut self) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while std::fs::remove_dir(&self.0).is_err() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
    }
}

#[test]
fn what_the_kernel_kills_for_want_of_memory_is_told_by_that_name() {
    let Some(group) = Group::new("100000000") else {
        return println!("skipped: no control group can be made here");
    };
    // `tail` keeps the line that never ends; the first one to be killed is it. It begins when the run has written
    // down that it did, by when it knows how many were killed before.
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: [{task: poor, ignore_error: true}, 'kill -KILL $$']
              poor:
                - until [ -s $PAR_RUN_DIR/events.jsonl ]; do :; done
                - ulimit -v 2000000; echo 1000 >/proc/$$/oom_score_adj; exec tail /dev/zero
            ",
        )
        .under(&format!("echo $$ >{}/cgroup.procs", group.0.display()))
        .args(["-s", "all"])
        .stderr(
            "
            par: task `poor`: the kernel killed a process of it, for there was no memory left
            par: 2 tasks, 1 failed, [TIME]
            par: task `all` failed: killed by SIGKILL ([TIME])
              again: par run all
            ",
        )
        .hide_times()
        .status(201)
        .run();
}
