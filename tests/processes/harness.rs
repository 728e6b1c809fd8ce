//! The usual command line of a test executable, and the stage of a scene.

use std::io::{BufRead, BufReader, PipeWriter, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::catch_unwind;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Names the scene that a process plays instead of running tests.
pub const SCENE: &str = "PAR_TEST_SCENE";

/// Longer than anything takes on a busy machine; reached only when a test fails.
pub const PATIENCE_MS: libc::c_int = 20_000;

pub type Test = (&'static str, fn());

/// Runs the tests that the command line asks for, one after the other, and exits.
pub fn run(tests: &[Test]) -> ! {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filters: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| {
        let matches = |filter: &&String| {
            if has("--exact") { name == **filter } else { name.contains(&***filter) }
        };
        !has("--ignored") && (filters.is_empty() || filters.iter().any(matches))
    };
    let wanted = tests.iter().filter(|(name, _)| is_wanted(name));
    if has("--list") {
        wanted.for_each(|(name, _)| println!("{name}: test"));
        std::process::exit(0);
    }
    let failed: Vec<&str> =
        wanted.filter(|(name, test)| !passes(name, *test)).map(|(name, _)| *name).collect();
    println!("{} failed {failed:?}", failed.len());
    std::process::exit(i32::from(!failed.is_empty()))
}

fn passes(name: &str, test: fn()) -> bool {
    let passes = catch_unwind(test).is_ok();
    println!("test {name} ... {}", if passes { "ok" } else { "FAILED" });
    passes
}

/// A scene that plays.
pub struct Stage {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// Closed when nobody holds the scene's stdin any more.
    stdin: PipeWriter,
}

/// How a scene ended.
#[derive(PartialEq, Eq, Debug)]
pub struct Finale {
    pub stdout: String,
    pub status: Result<i32, i32>,
}

impl Stage {
    /// Begins a scene in a process group of its own.
    pub fn begin(scene: &str, arguments: &[&str]) -> Stage {
        let (reader, stdin) = std::io::pipe().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(arguments).process_group(0);
        scrub(&mut command);
        command.env(SCENE, scene);
        let mut child = command.stdin(reader).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Stage { child, lines, stdin }
    }

    pub fn pid(&self) -> libc::pid_t {
        self.child.id() as libc::pid_t
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What it wrote since, and how it ended.
    pub fn end(mut self) -> Finale {
        let mut stdout = String::new();
        self.lines.read_to_string(&mut stdout).unwrap();
        Finale { stdout, status: plain(self.child.wait().unwrap()) }
    }

    /// Waits until no process has the scene's stdin open; the test fails if one keeps it.
    pub fn assert_nobody_is_left(&self) {
        let mut poll = libc::pollfd { fd: self.stdin.as_raw_fd(), events: 0, revents: 0 };
        // SAFETY: one valid pollfd.
        let ready = unsafe { libc::poll(&mut poll, 1, PATIENCE_MS) };
        assert_eq!((ready, poll.revents), (1, libc::POLLERR), "a process is left");
    }
}

/// Nothing of the surroundings but `PATH` reaches a scene: no variable, no signal that is ignored or blocked.
pub fn scrub(command: &mut Command) {
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/");
    // SAFETY: all of these may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP]
            {
                libc::signal(signal, libc::SIG_DFL);
            }
            let mut none = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
            Ok(())
        })
    };
}

fn plain(status: ExitStatus) -> Result<i32, i32> {
    status.code().ok_or_else(|| status.signal().unwrap())
}

/// Plays a scene to its end.
pub fn play(scene: &str, arguments: &[&str]) -> Finale {
    Stage::begin(scene, arguments).end()
}

pub fn send(pid: libc::pid_t, signal: i32) {
    // SAFETY: plain system call.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

/// Whether a process of this number is there, be it one that has ended.
pub fn exists(pid: libc::pid_t) -> bool {
    // SAFETY: plain system call.
    unsafe { libc::kill(pid, 0) == 0 }
}
