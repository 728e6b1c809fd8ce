//! Slots shared with make, ninja, cargo and other runs: counted by the jobs themselves, never by time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::{Ran, Test};
use crate::live::Live;

/// A job: `job.py WIDTH [then…]`. All jobs wait until WIDTH of them run at once. `count` keeps how many run,
/// the most that ever did, and whether WIDTH did. Before they are let go, a job that is one too many has time
/// to come. What stands behind WIDTH is done as the last thing: `parent` and `outer` kill the process above, or
/// the one above that; anything else is executed.
const JOB: &str = r#"
import fcntl, os, subprocess, sys

place = os.path.dirname(os.path.abspath(__file__))
width, then = int(sys.argv[1]), sys.argv[2:]

def update(change):
    with open(place + '/count', 'a+') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        now, most, passed = map(int, (file.read() or '0 0 0').split())
        now += change
        first = now >= width and not passed
        file.truncate(0)
        file.write(f'{now} {max(most, now)} {int(passed or first)}')
        return first, passed

def above(process):
    with open(f'/proc/{process}/stat') as stat:
        return int(stat.read().rsplit(')', 1)[1].split()[1])

# Asked now: who is orphaned later has another parent.
parent = os.getppid()
victims = {'parent': parent, 'outer': above(parent)}
gate = os.open(place + '/gate', os.O_RDWR)
first, passed = update(1)
if first:
    for _ in range(5):
        subprocess.run([sys.executable, '-S', '-E', '-c', ''])
    os.write(gate, b'.')
if not passed:
    os.write(gate, os.read(gate, 1))
if then and then[0] in victims:
    try:
        os.kill(victims[then[0]], 9)
    except ProcessLookupError:
        pass
else:
    if then:
        subprocess.run(then, check=True)
    update(-1)
"#;

/// A folder with the job, its gate and a Makefile of four jobs that meet in numbers of `width`.
fn jobs(test: Test, folder: &str, width: u32) -> Test {
    std::fs::create_dir_all(test.path(folder)).expect("a folder");
    test.env("PYTHON", python())
        .file(&format!("{folder}/job.py"), JOB)
        .fifo(&format!("{folder}/gate"))
        .file(
            &format!("{folder}/Makefile"),
            &format!("all: 1 2 3 4\n1 2 3 4:\n\t@$(PYTHON) job.py {width}\n.PHONY: all 1 2 3 4\n"),
        )
}

/// Python itself, not something that looks for it at every start.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let mut command = Command::new("python3");
        let output = command.args(["-c", "import sys; print(sys.executable, '-S -E')"]).output();
        String::from_utf8(output.expect("python3").stdout).expect("a path").trim().into()
    })
}

/// How many ran at once at most, once none runs any more.
fn most(ran: &Ran, folder: &str) -> String {
    ran.text(&format!("{folder}/count"))
}

/// Runs a program in place of ours, which it finds as `$PAR`.
fn started_by(program: &str, args: &[&str], test: Test) -> Ran {
    let ours = test.command();
    let mut command = Command::new(program);
    command.args(args).env_clear().env("PAR", env!("CARGO_BIN_EXE_par"));
    command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(test.path(""));
    Live::start(test, command, String::new(), false).end()
}

#[test]
fn makes_in_three_tasks_share_the_slots_of_the_run() {
    let ran = jobs(Test::new(), "jobs", 4)
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b, c]}
              a: make -s -C jobs
              b: {cmds: [make -s -C jobs]}
              c: cd jobs && make -s
            ",
        )
        .args(["-s", "-j4"])
        .run();
    assert_eq!(most(&ran, "jobs"), "0 4 1");
}

#[test]
fn a_command_that_is_queued_has_its_turn_while_a_make_runs() {
    // Both slots are the make's when `waits` is queued, and its second job ends only after that has run.
    Test::new()
        .fifo("both")
        .fifo("first")
        .fifo("second")
        .file(
            "Makefile",
            "all: 1 2\n1:\n\t@echo > both; read x < first\n2:\n\t@echo > both; read x < second\n",
        )
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [makes, waits]}
              makes: make -s
              waits:
                preconditions: [{sh: 'exec 8<>both; read x <&8 && read x <&8 && echo > first'}]
                cmds: [echo > second]
            ",
        )
        .args(["-s", "-j2"])
        .run();
}

#[test]
fn tokens_of_clients_that_were_killed_come_back() {
    let ran = jobs(jobs(Test::new(), "killed", 4), "jobs", 4)
        .file("killed/Makefile", "all: 1 2 3 4\n1 2 3 4:\n\t@exec $(PYTHON) job.py 4 parent\n")
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default:
                - cmd: make -s -C killed
                  ignore_error: true
                - make -s -C jobs
            ",
        )
        .args(["-s", "-j4"])
        .run();
    assert_eq!(most(&ran, "killed"), "4 4 1");
    assert_eq!(most(&ran, "jobs"), "0 4 1");
}

#[test]
fn below_a_make_every_command_but_the_first_takes_a_token() {
    let test = jobs(Test::new(), "jobs", 3)
        .file(
            "Makefile",
            "all: run 2 3\nrun:\n\t+@$(PAR) -s -j4\n2 3:\n\t@$(PYTHON) jobs/job.py 3\n",
        )
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b, c, d, e]}
              a: $PYTHON jobs/job.py 3
              b: {cmds: [$PYTHON jobs/job.py 3]}
              c: $PYTHON jobs/job.py 3; true
              d: make -s -C jobs
              e: make -s -C jobs 1 2
            ",
        );
    assert_eq!(most(&started_by("make", &["-j3"], test), "jobs"), "0 3 1");
}

#[test]
fn tokens_of_a_run_that_was_killed_go_back_to_the_make_above() {
    for victim in ["parent", "outer"] {
        let makefile = "
            all: run
            \t@$(MAKE) -s -C jobs
            run:
            \t-+@exec $(PAR) -s -j4
            ";
        let tasks = "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b, c]}
              a: $PYTHON killed/job.py 3 VICTIM
              b: $PYTHON killed/job.py 3 VICTIM
              c: $PYTHON killed/job.py 3 VICTIM
            ";
        let test = jobs(jobs(Test::new(), "killed", 3), "jobs", 3)
            .file("Makefile", makefile)
            .taskfile(&tasks.replace("VICTIM", victim))
            .stderr_has("(ignored)");
        let ran = started_by("make", &["-j3"], test);
        assert_eq!(most(&ran, "jobs"), "0 3 1");
    }
}

#[test]
fn a_run_in_a_run_takes_tokens_from_it() {
    let ran = jobs(Test::new(), "jobs", 3)
        .env("PAR", env!("CARGO_BIN_EXE_par"))
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b, c]}
              a: ': par; $PAR -s -j8 inner'
              b: ': par; $PAR -s -j8 inner'
              c: make -s -C jobs
              inner: {deps: [1, 2, 3]}
              1: $PYTHON jobs/job.py 3
              2: $PYTHON jobs/job.py 3
              3: make -s -C jobs
            ",
        )
        .args(["-s", "-j3"])
        .run();
    assert_eq!(most(&ran, "jobs"), "0 3 1");
}

#[test]
fn a_jobserver_that_cannot_be_reached_is_not_used() {
    Test::new()
        .taskfile("version: '3'\nsilent: true\ntasks: {default: echo hi}")
        .env("MAKEFLAGS", " -j3 --jobserver-auth=fifo:/nope")
        .stdout("hi\n")
        .stderr(
            "par: the jobserver in MAKEFLAGS cannot be reached and is not used: No such file or \
             directory (os error 2); a line of a Makefile that begins with `+` passes it on\n",
        )
        .args(["-s", "-j2"])
        .run();
}

const SHOWS: &str = "
    version: '3'
    silent: true
    tasks:
      default:
        - echo make $MAKEFLAGS | sed 's/auth=[^ ]*/auth=AUTH/'
        - echo none $MAKEFLAGS
        - MAKEFLAGS= ; echo ninja
    ";

#[test]
fn commands_that_name_a_client_are_told_of_the_jobserver() {
    Test::new()
        .taskfile(SHOWS)
        .args(["-s", "-j4"])
        .env("MAKEFLAGS", "k -j9 -- A=b")
        .stdout("make k -j4 --jobserver-auth=AUTH -- A=b\nnone k -j9 -- A=b\nninja\n")
        .run();
}

#[test]
fn strict_jobs_tells_every_command() {
    let taskfile = SHOWS.replace("none $MAKEFLAGS", "all ${MAKEFLAGS%=*}");
    Test::new()
        .taskfile(&taskfile)
        .args(["-j4", "--strict-jobs"])
        .stdout("make -j4 --jobserver-auth=AUTH\nall -j4 --jobserver-auth\nninja\n")
        .run();
}

#[test]
fn one_at_a_time_there_is_no_jobserver() {
    let test = || Test::new().taskfile(SHOWS).stdout("make\nnone\nninja\n");
    test().args(["-j1"]).run();
    test().args(["--sequential", "--strict-jobs"]).run();
    test().called("task").run();
}

/// A program that a script of ours has made available, or a reason to skip.
fn program(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("skipped: ${variable} names no program");
    }
    found
}

#[test]
fn ninja_takes_tokens_from_the_fifo() {
    let Some(ninja) = program("NINJA_BIN") else { return };
    let rules = "rule job\n  command = $$PYTHON job.py 4\nbuild 1: job\nbuild 2: job\nbuild 3: job\nbuild 4: job\n";
    let folder = |test: Test, name: &str| test.file(&format!("jobs/{name}.ninja"), rules);
    let mut test = jobs(Test::new(), "jobs", 4);
    for name in ["a", "b", "c"] {
        test = folder(test, name);
    }
    let ran = test
        .env("NINJA", &ninja.display().to_string())
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b, c]}
              a: ninja() { $NINJA --quiet \"$@\"; }; cd jobs && ninja -f a.ninja
              b: ninja() { $NINJA --quiet \"$@\"; }; cd jobs && ninja -f b.ninja
              c: ninja() { $NINJA --quiet \"$@\"; }; cd jobs && ninja -f c.ninja
            ",
        )
        .args(["-s", "-j4"])
        .run();
    assert_eq!(most(&ran, "jobs"), "0 4 1");
}

/// The folder of cargo and rustc themselves, not of something that chooses among several.
fn toolchain() -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok();
    let sysroot = output.and_then(|output| String::from_utf8(output.stdout).ok());
    let tools = sysroot.map(|sysroot| Path::new(sysroot.trim()).join("bin"));
    let tools = tools.filter(|tools| tools.join("cargo").exists() && tools.join("rustc").exists());
    if tools.is_none() {
        eprintln!("skipped: no cargo");
    }
    tools
}

#[test]
fn cargo_takes_tokens_from_the_fifo_where_there_is_no_make() {
    let Some(tools) = toolchain() else { return };
    let mut test = jobs(Test::new(), "jobs", 4);
    for folder in ["a", "b", "c"] {
        let crates = ["w", "x", "y", "z"];
        let members = crates.map(|name| format!("\"{name}\"")).join(", ");
        test = test.file(
            &format!("{folder}/Cargo.toml"),
            &format!("[workspace]\nresolver = \"2\"\nmembers = [{members}]\n"),
        );
        for name in crates {
            test = test
                .file(
                    &format!("{folder}/{name}/Cargo.toml"),
                    &format!(
                        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
                    ),
                )
                .file(&format!("{folder}/{name}/src/lib.rs"), "");
        }
    }
    // Only compilations are jobs; cargo also asks the compiler about itself.
    let wrapper = "#!/bin/sh\ncase \"$*\" in\n*'--crate-name ___ '*|*-vV*) exec \"$@\" ;;\nesac\nPATH=$PATH:$ALL exec $PYTHON ../jobs/job.py 4 \"$@\"\n";
    let ran = test
        .file("wrapper", wrapper)
        .env("ALL", &std::env::var("PATH").unwrap_or_default())
        .env("PATH", &tools.display().to_string())
        .taskfile(
            "
            version: '3'
            silent: true
            env:
              RUSTC_WRAPPER: '{{.ROOT_DIR}}/wrapper'
              CARGO_NET_OFFLINE: 'true'
            tasks:
              default: {deps: [a, b, c]}
              a: {dir: a, cmds: [cargo check -q]}
              b: {dir: b, cmds: [cargo check -q]}
              c: {dir: c, cmds: [cargo check -q]}
            ",
        )
        .args(["-s", "-j4"]);
    let wrapper = ran.path("wrapper");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(wrapper, mode).expect("its own file");
    assert_eq!(most(&ran.run(), "jobs"), "0 4 1");
}

#[test]
fn who_is_told_of_no_jobserver_has_one_slot() {
    let test = |program: &str, args: &[&str], said: &str| {
        Test::new()
            .called(program)
            .taskfile("{version: '3', tasks: {default: 'sh ./inner.sh'}}")
            .file("inner.sh", "echo \"${PAR_JOBS-all}\"\n")
            .args(args.iter().copied())
            .stdout(&format!("{said}\n"))
            .run();
    };
    test("par", &["-s", "-j4"], "1");
    test("par", &["-s", "-j1"], "1");
    test("par", &["-s", "-j4", "--strict-jobs"], "all");
    test("task", &["-s"], "all");
}
