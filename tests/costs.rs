//! What `par` costs, in instructions that it executes: start-up, one task more, and how both grow. And in memory.
//!
//! Instructions are counted by valgrind and compared with those of a reference built by the same compiler in
//! the same way, so neither the machine nor what else runs on it matters. A limit leaves a margin over
//! what there was when it was set; who makes something cheaper lowers it. Without valgrind these tests say so and
//! are skipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const PAR: &str = env!("CARGO_BIN_EXE_par");

/// What a program executes itself, in the longest chain of processes that it forks: what a child has executed
/// counts from the beginning of its parent.
fn instructions(folder: &Path, program: &str, words: &[&str]) -> f64 {
    let logs = tempfile::tempdir().expect("a folder for counts");
    let status = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(format!("--log-file={}/%p", logs.path().display()))
        .arg(program)
        .args(words)
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("valgrind starts");
    assert!(status.success(), "{program} {words:?}: {status}");
    let logs = fs::read_dir(logs.path()).expect("counts").map(|log| log.expect("a count").path());
    let count = |log| refs(&fs::read_to_string(log).expect("a count"));
    logs.filter_map(count).reduce(f64::max).expect("a program that was counted")
}

/// The number in `==7== I   refs:      1,234`.
fn refs(log: &str) -> Option<f64> {
    let line = log.lines().find(|line| line.contains("refs:"))?;
    let digits: String = line.rsplit(':').next()?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Whether instructions can be counted here; says so when not.
fn can_count() -> bool {
    let counts = || {
        let log = Command::new("valgrind")
            .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
            .arg("true")
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&log.stderr).into_owned();
        refs(&said).map(drop).ok_or(said)
    };
    counts().map_err(|why| eprintln!("skipped: valgrind cannot count here: {why}")).is_ok()
}

/// Not a test: what the others are compared with, some work on texts as a task runner does it.
#[test]
#[ignore = "the reference, which the other tests start"]
fn reference() {
    let mut text = String::new();
    for number in 0..1_000 {
        writeln!(text, "  task{number}: deps [task{}]", number * 7 % 1_000).expect("a string");
    }
    let mut needs: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (name, rest) = line.trim().split_once(':').expect("a colon");
        let dep = rest.trim().trim_start_matches("deps [").trim_end_matches(']');
        needs.entry(name.into()).or_default();
        needs.entry(dep.into()).or_default().push(number);
    }
    assert_eq!(needs.len(), 1_000);
}

/// Counted once for all tests.
fn reference_count() -> f64 {
    static COUNT: OnceLock<f64> = OnceLock::new();
    *COUNT.get_or_init(count_reference)
}

fn count_reference() -> f64 {
    let itself = std::env::current_exe().expect("this program");
    let words = ["--ignored", "--exact", "reference", "--test-threads=1"];
    instructions(Path::new("/"), itself.to_str().expect("a plain path"), &words)
}

/// A count in a fresh folder, with nothing remembered.
fn par(taskfile: &str, words: &[&str]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Taskfile.yml"), taskfile).expect("a Taskfile");
    instructions(folder.path(), PAR, words)
}

fn tasks(count: usize, task: impl Fn(usize) -> String) -> String {
    let head = "version: '3'\nsilent: true\ntasks:\n";
    (0..count).fold(head.to_owned(), |text, number| text + &task(number))
}

/// One task that needs so many, each `true`.
fn needs(count: usize) -> String {
    let names: Vec<_> = (0..count).map(|number| format!("t{number}")).collect();
    let all = format!("  all: {{deps: [{}]}}\n", names.join(", "));
    tasks(count, |number| format!("  t{number}: 'true'\n")) + &all
}

fn described(count: usize) -> String {
    tasks(count, |number| {
        format!("  t{number}:\n    desc: The task {number}\n    cmds: ['true']\n")
    })
}

/// Checks what something costs beside the reference. The limits hold for a build without optimisation, as
/// `cargo test` makes it; others are told the cost.
fn beside_reference(limit: f64, count: f64, what: &str) {
    let cost = count / reference_count();
    match cfg!(debug_assertions) {
        true => at_most(limit, cost, what),
        false => println!("{what}: {cost:.3}, not compared in an optimised build"),
    }
}

/// Checks a cost against its limit, and says both.
fn at_most(limit: f64, cost: f64, what: &str) {
    println!("{what}: {cost:.3}, limit {limit}");
    assert!(cost <= limit, "{what} costs {cost:.3}, above its limit of {limit}");
}

/// The cost of one more, from the first size to the second and from there to the third.
fn slopes(sizes: [usize; 3], count: impl Fn(usize) -> f64) -> (f64, f64) {
    let counts = sizes.map(count);
    let slope = |at: usize| (counts[at] - counts[at - 1]) / (sizes[at] - sizes[at - 1]) as f64;
    (slope(1), slope(2))
}

#[test]
fn a_run_costs_no_more_than_it_did() {
    if !can_count() {
        return;
    }
    let one = "version: '3'\ntasks:\n  all: 'true'\n";
    beside_reference(0.35, par(one, &["run", "all"]), "a run of one task");
    let (few, many) = slopes([20, 170, 520], |count| par(&needs(count), &["run", "all"]));
    beside_reference(31.5, 1_000.0 * many, "1,000 more tasks in a run");
    at_most(1.15, many / few, "a task among many beside one among few");
}

/// Tasks of one process each, of which each needs the one before.
fn chain(count: usize) -> String {
    let task = |n: usize| format!("  t{n}: {{deps: [t{}], cmds: [/bin/true]}}\n", n - 1);
    let rest: String = (1..count).map(task).collect();
    format!("version: '3'\ntasks:\n  t0: /bin/true\n{rest}  all: {{deps: [t{}]}}\n", count - 1)
}

#[test]
fn a_task_costs_no_more_at_the_end_of_a_long_chain() {
    if !can_count() {
        return;
    }
    let (few, many) = slopes([20, 170, 520], |count| par(&chain(count), &["run", "all"]));
    at_most(1.15, many / few, "a task of a long chain beside one of a short chain");
}

#[test]
fn a_list_costs_no_more_than_it_did() {
    if !can_count() {
        return;
    }
    beside_reference(0.205, par(&described(1), &["list"]), "a list of one task");
    // As many as are parsed whole.
    let (few, many) = slopes([20, 120, 270], |count| par(&described(count), &["list"]));
    beside_reference(9.8, 1_000.0 * many, "1,000 more tasks in a list");
    at_most(1.15, many / few, "a task in a long list beside one in a short list");
}

/// Of large files only what is asked for is parsed.
#[test]
fn a_task_that_nobody_asks_for_costs_no_more_than_it_did() {
    if !can_count() {
        return;
    }
    for (words, limit) in [(&["list"][..], 2.12), (&["run", "t7"], 1.05)] {
        let (few, many) = slopes([400, 1_000, 2_200], |count| par(&described(count), words));
        let what = format!("a task more in a large file, for `{}`", words.join(" "));
        beside_reference(limit, 1_000.0 * many, &format!("1,000 times {what}"));
        at_most(1.15, many / few, &what);
    }
}

/// The largest resident set of a run of `par`, bytes.
#[cfg(target_os = "linux")]
fn peak(taskfile: &str, words: &[&str]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Taskfile.yml"), taskfile).expect("a Taskfile");
    let started = Command::new(PAR)
        .args(words)
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = started.expect("par starts").id() as libc::pid_t;
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both are places to write to, and all zeros are a usage.
    let (waited, usage) =
        unsafe { (libc::wait4(child, &mut status, 0, usage.as_mut_ptr()), usage.assume_init()) };
    assert_eq!((waited, status), (child, 0), "{words:?}");
    1024.0 * usage.ru_maxrss as f64
}

/// Between so many tasks that neither the program itself nor how memory is given out in pieces matters.
#[cfg(target_os = "linux")]
#[test]
fn a_task_takes_no_more_memory_than_it_did() {
    let each = |sizes: [usize; 2], tasks: fn(usize) -> String, words: &[&str]| {
        let [few, many] = sizes.map(|count| peak(&tasks(count), words));
        (many - few) / (sizes[1] - sizes[0]) as f64
    };
    let run = each([2_000, 10_000], needs, &["run", "all", "-j2"]);
    at_most(3_200.0, run, "a task more in a run, bytes");
    let list = each([20_000, 60_000], described, &["list"]);
    at_most(165.0, list, "a task more in a list, bytes");
}
