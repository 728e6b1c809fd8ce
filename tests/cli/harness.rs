//! One run of the binary in a directory of its own, and what must come of it.
//!
//! ```ignore
//! Test::new()
//!     .taskfile("version: '3'\ntasks: {default: echo hi}")
//!     .args(["-s"])
//!     .stdout("hi\n")
//!     .run();
//! ```
//!
//! What is not said is expected to be empty, and the exit code to be 0. In all output the test's directory is `[DIR]`,
//! its home `[HOME]` and a run's id `[RUN]`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use par::event::Event;
use regex::Regex;
use tempfile::TempDir;

use crate::live::Live;

/// In the environment of everything that a test starts, with a value of its own.
pub const MARK: &str = "PAR_TEST_MARK";

/// What one stream must hold.
enum Expected {
    /// Exactly this.
    Text(String),
    /// These lines, in any order.
    Lines(Vec<String>),
    /// This must be somewhere in it.
    Part(String),
}

/// A run of the binary and what is expected of it.
pub struct Test {
    dir: TempDir,
    home: TempDir,
    below: PathBuf,
    program: String,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    stdin: String,
    stdout: Vec<Expected>,
    stderr: Vec<Expected>,
    status: i32,
    hides_times: bool,
    merges: bool,
    under: Option<String>,
}

impl Test {
    /// An empty directory; nothing but success and no output is expected.
    pub fn new() -> Test {
        let temporary = || tempfile::tempdir().expect("a temporary directory");
        Test {
            dir: temporary(),
            home: temporary(),
            below: PathBuf::new(),
            program: "par".into(),
            args: Vec::new(),
            env: Vec::new(),
            stdin: String::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            status: 0,
            hides_times: false,
            merges: false,
            under: None,
        }
    }

    /// Writes `Taskfile.yml`; common indentation is taken away.
    pub fn taskfile(self, text: &str) -> Test {
        self.file("Taskfile.yml", text)
    }

    /// Writes a file, its directories too; common indentation is taken away.
    pub fn file(self, path: &str, text: &str) -> Test {
        write(&self.dir.path().join(path), text);
        self
    }

    /// Writes a file below the home directory.
    pub fn home_file(self, path: &str, text: &str) -> Test {
        write(&self.home.path().join(path), text);
        self
    }

    /// Writes a file that can be run.
    pub fn executable(self, path: &str, text: &str) -> Test {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        let test = self.file(path, text);
        std::fs::set_permissions(test.path(path), mode).expect("a mode");
        test
    }

    /// Makes a fifo.
    pub fn fifo(self, path: &str) -> Test {
        let name = std::ffi::CString::new(self.dir.path().join(path).into_os_string().into_vec());
        // SAFETY: a string that ends with zero.
        let made = unsafe { libc::mkfifo(name.expect("no zero").as_ptr(), 0o600) };
        assert_eq!(made, 0, "{path}: no fifo");
        self
    }

    /// Runs in a directory below the test's own, made if need be.
    pub fn stand_in(mut self, dir: &str) -> Test {
        std::fs::create_dir_all(self.dir.path().join(dir)).expect("a directory");
        self.below = dir.into();
        self
    }

    /// Calls the binary by another name.
    pub fn called(mut self, program: &str) -> Test {
        self.program = program.into();
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Test {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; all but `PATH` and `HOME` are absent otherwise.
    pub fn env(mut self, key: &str, value: &str) -> Test {
        self.env.push((key.into(), value.into()));
        self
    }

    /// What the binary reads; nothing otherwise.
    pub fn stdin(mut self, text: &str) -> Test {
        self.stdin = text.into();
        self
    }

    /// All of stdout; common indentation is taken away.
    pub fn stdout(mut self, text: &str) -> Test {
        self.stdout.push(Expected::Text(dedent(text)));
        self
    }

    /// All of stderr; common indentation is taken away.
    pub fn stderr(mut self, text: &str) -> Test {
        self.stderr.push(Expected::Text(dedent(text)));
        self
    }

    /// The lines of stdout, in any order.
    pub fn stdout_lines(mut self, lines: &[&str]) -> Test {
        self.stdout.push(lines_of(lines));
        self
    }

    /// Something that is in stdout; for text that is not worth repeating whole.
    pub fn stdout_has(mut self, part: &str) -> Test {
        self.stdout.push(Expected::Part(part.into()));
        self
    }

    /// Something that is in stderr.
    pub fn stderr_has(mut self, part: &str) -> Test {
        self.stderr.push(Expected::Part(part.into()));
        self
    }

    /// The exit code; 128 + n after signal n.
    pub fn status(mut self, status: i32) -> Test {
        self.status = status;
        self
    }

    /// Durations in the output, as `1.2s`, become `[TIME]`; what was saved is left out.
    pub fn hide_times(mut self) -> Test {
        self.hides_times = true;
        self
    }

    /// stdout and stderr are the same pipe, which counts as stdout.
    pub fn merged(mut self) -> Test {
        self.merges = true;
        self
    }

    /// A line of bash that stands before the binary's start, as `ulimit -n 48` or `exec >file`.
    pub fn under(mut self, line: &str) -> Test {
        self.under = Some(line.into());
        self
    }

    /// Runs the binary and panics with everything that is not as expected.
    pub fn run(self) -> Ran {
        self.start().end()
    }

    /// Starts the binary, for tests that do something while it runs.
    pub fn start(self) -> Live {
        let command = self.command();
        let (stdin, merges) = (self.stdin.clone(), self.merges);
        Live::start(self, command, stdin, merges)
    }

    /// Panics with everything that is not as expected.
    pub fn check(self, stdout: Vec<u8>, stderr: Vec<u8>, status: i32) -> Ran {
        let text = |bytes: &[u8]| self.normal(&String::from_utf8_lossy(bytes));
        let (out, err) = (text(&stdout), text(&stderr));
        let wrong = [
            differences("stdout", &self.stdout, &out),
            differences("stderr", &self.stderr, &err),
            match status == self.status {
                true => String::new(),
                false => format!("exit code is {status}, not {}\n", self.status),
            },
        ]
        .concat();
        let shown = format!("--- stdout\n{out}--- stderr\n{err}--- exit code {status}\n");
        assert!(wrong.is_empty(), "{:?}\n{wrong}{shown}", self.args);
        Ran { dir: self.dir, home: self.home, stdout }
    }

    /// What marks the processes of this test.
    pub fn mark(&self) -> String {
        self.home.path().display().to_string()
    }

    /// The path of a file of the test's directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// The command line with its environment, without standard streams.
    pub fn command(&self) -> Command {
        let par = env!("CARGO_BIN_EXE_par");
        let mut command = match &self.under {
            None => Command::new(par),
            Some(line) => {
                let mut command = Command::new("bash");
                let line = format!(r#"{line}; name=$1; shift; exec -a "$name" "$0" "$@""#);
                command.arg("-c").arg(line).arg(par).arg(&self.program);
                command
            }
        };
        if self.under.is_none() {
            command.arg0(&self.program);
        }
        command.args(&self.args).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).envs(self.env.iter().cloned());
        command.env(MARK, self.mark());
        command.current_dir(self.dir.path().join(&self.below));
        hear_signals(&mut command);
        command
    }

    /// Output without what differs from run to run.
    fn normal(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (path, name) in [(self.dir.path(), "[DIR]"), (self.home.path(), "[HOME]")] {
            let real = path.canonicalize().expect("a directory");
            text = text.replace(&*real.to_string_lossy(), name);
            text = text.replace(&*path.to_string_lossy(), name);
        }
        text = pattern(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b").replace_all(&text, "[RUN]").into_owned();
        if self.hides_times {
            let times = pattern(r"\b(\d+h ?)?(\d+m ?)?\d+(\.\d+)? ?(ms|µs|s)\b");
            text = times.replace_all(&text, "[TIME]").into_owned();
            let saved = pattern(r", \[TIME\] one after the other \(\d+ % saved\)");
            text = saved.replace_all(&text, "").into_owned();
        }
        text
    }
}

/// A run that was as expected.
pub struct Ran {
    dir: TempDir,
    home: TempDir,
    /// What it wrote, byte for byte.
    pub stdout: Vec<u8>,
}

impl Ran {
    /// Another run in the same directory.
    pub fn again(self) -> Test {
        Test { dir: self.dir, home: self.home, ..Test::new() }
    }

    /// The path of a file of the test's directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Whether there is such a file in the test's directory.
    pub fn has(&self, path: &str) -> bool {
        self.dir.path().join(path).exists()
    }

    /// A file of the logs of the latest run, byte for byte.
    pub fn log(&self, name: &str) -> Vec<u8> {
        let runs = par::store::Runs::new(self.dir.path());
        let latest = runs.find("latest").expect("a run").id.to_string();
        let path = self.dir.path().join(".par/runs").join(latest).join("logs").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The text of a file of the test's directory.
    pub fn text(&self, path: &str) -> String {
        let path = self.dir.path().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What happened in the latest run, as it was recorded.
    pub fn events(&self) -> Vec<Event> {
        let runs = par::store::Runs::new(self.dir.path());
        let latest = runs.find("latest").expect("a run");
        let events = runs.events(&latest).expect("its events");
        events.map(|event| event.expect("an event")).collect()
    }
}

/// Signals reach the command even if whoever started the tests ignores or blocks some, as `nohup` does.
pub fn hear_signals(command: &mut Command) {
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

fn differences(name: &str, expected: &[Expected], found: &str) -> String {
    let wrong = |expected: &Expected| match expected {
        Expected::Text(text) => (found != text).then(|| format!("{name} is not\n{text}")),
        Expected::Part(part) => (!found.contains(part)).then(|| format!("{name} lacks {part:?}\n")),
        Expected::Lines(lines) => {
            let mut all: Vec<&str> = found.lines().collect();
            all.sort_unstable();
            (all != *lines).then(|| format!("{name} has not the lines\n{}\n", lines.join("\n")))
        }
    };
    match expected {
        [] if found.is_empty() => String::new(),
        [] => format!("{name} is not empty\n"),
        expected => expected.iter().filter_map(wrong).collect(),
    }
}

fn lines_of(lines: &[&str]) -> Expected {
    let mut lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
    lines.sort_unstable();
    Expected::Lines(lines)
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
    std::fs::write(path, dedent(text)).expect("a file");
}

/// Text that begins with a newline loses it, and the indentation that all its lines share.
fn dedent(text: &str) -> String {
    let Some(text) = text.strip_prefix('\n') else { return text.into() };
    let blank = |line: &&str| line.trim().is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let depth = text.lines().filter(|line| !blank(line)).map(indent).min().unwrap_or(0);
    text.split_inclusive('\n')
        .map(|line| line.get(depth..).unwrap_or_else(|| line.trim_start_matches(' ')))
        .collect()
}

#[test]
fn common_indentation_is_taken_away() {
    assert_eq!(dedent("\n    a:\n      b\n\n    c\n    "), "a:\n  b\n\nc\n");
    assert_eq!(dedent("  as it is"), "  as it is");
}
