//! Random plans whose runs are killed at random: nothing lives on, every log is whole, the next run is right.
//!
//! `SOAK=600 cargo test --release --test cli soak -- --ignored --nocapture` goes on for ten minutes.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::Test;
use crate::live::{ends, marked, send};

/// Numbers that look random, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// What a task does between its first and its last word.
const MIDDLES: [&str; 6] = [
    "true",
    "sleep 0.05",
    "sleep 0.02 & sleep 0.01; wait",
    "setsid -f sleep 1000 >/dev/null 2>&1",
    "sh -c 'sleep 1000 >/dev/null 2>&1 &'",
    "trap '' INT TERM; sleep 0.03",
];

fn plan(chance: &mut Chance, tasks: u64) -> String {
    let mut text = String::from("version: '3'\ntasks:\n");
    let all: Vec<String> = (0..tasks).map(|task| format!("t{task}")).collect();
    text += &format!("  all: {{deps: [{}]}}\n", all.join(", "));
    for task in 0..tasks {
        let deps: Vec<String> =
            (0..task).filter(|_| chance.below(4) == 0).map(|dep| format!("t{dep}")).collect();
        let middle = chance.of(&MIDDLES);
        text += &format!(
            "  t{task}:\n    deps: [{}]\n    sources: [in]\n    generates: [out{task}]\n    cmds:\n      - |\n        \
             echo begin; head -c 1 in >out{task}; {middle}; cp in out{task}; echo end\n",
            deps.join(", ")
        );
    }
    text
}

fn start(test: &Test) -> Child {
    let mut command = test.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

fn kill_somebody(test: &Test, chance: &mut Chance) {
    std::thread::sleep(Duration::from_millis(chance.below(250)));
    let living = marked(&test.mark());
    if !living.is_empty() {
        send(chance.of(&living).0, libc::SIGKILL);
    }
}

fn assert_logs_are_whole(test: &Test, seed: u64) {
    let runs = par::store::Runs::new(&test.path(""));
    for run in runs.list() {
        for event in runs.events(&run).into_iter().flatten() {
            event.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }
    let folders = fs::read_dir(test.path(".par/runs")).into_iter().flatten().flatten();
    let logs = folders.flat_map(|run| fs::read_dir(run.path().join("logs")).into_iter().flatten());
    for log in
        logs.flatten().map(|log| log.path()).filter(|path| path.extension() == Some("log".as_ref()))
    {
        let text = fs::read_to_string(&log).expect("text");
        // A shell whose command was killed just before it says so.
        let own = text.split_inclusive('\n').filter(|line| !line.starts_with("bash: line "));
        let own: String = own.collect();
        assert!("begin\nend\n".starts_with(&own), "seed {seed}: {}: {text:?}", log.display());
    }
}

fn round(seed: u64) {
    let chance = &mut Chance(seed);
    let tasks = 3 + chance.below(8);
    let test = Test::new().taskfile(&plan(chance, tasks)).file("in", "content\n");
    let test = test.args(["-s", "-j4", "--grace", "1s", "all"]);
    let mut run = start(&test);
    kill_somebody(&test, chance);
    run.wait().expect("an end");
    for (pid, line) in marked(&test.mark()) {
        assert!(ends(pid), "seed {seed}: {line} lives on");
    }
    assert_logs_are_whole(&test, seed);
    let status = start(&test).wait().expect("an end");
    assert!(status.success(), "seed {seed}: {status}");
    for task in 0..tasks {
        let made = fs::read_to_string(test.path(&format!("out{task}"))).expect("an output");
        assert_eq!(made, "content\n", "seed {seed}: t{task}");
    }
    assert_eq!(marked(&test.mark()), [], "seed {seed}");
}

#[test]
#[ignore = "as long as SOAK says, in seconds"]
fn soak() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("SOAK").unwrap_or(30);
    let first = number("SOAK_SEED").unwrap_or(1);
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        round(first + rounds);
        rounds += 1;
    }
    println!("{rounds} rounds from seed {first} on");
}
