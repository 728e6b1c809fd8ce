//! What Taskfiles do, a directory per behaviour: a project, commands, and what is seen of them.
//!
//! `cmd` is a script for sh that finds this program as `task` on `PATH`. `stdout`, `stderr` and `exit` are what it
//! writes and how it ends: nothing and 0 where they are missing. When `TASK_BIN` is go-task 3.54.0, go-task has to do
//! the same, which proves the expectations; what it words in its own way is in `stderr.go-task`.

mod cases;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

const RELEASE: &str = "3.54.0";

/// Files of a case that are no part of its project.
const ABOUT: [&str; 5] = ["cmd", "stdout", "stderr", "stderr.go-task", "exit"];

/// What a user sees.
#[derive(PartialEq, Eq)]
struct Seen {
    stdout: String,
    stderr: String,
    exit: i32,
}

/// Runs a case with this program and, where there is one, with go-task.
fn check(name: &str) {
    let case = directory().join(name);
    let ours = Path::new(env!("CARGO_BIN_EXE_par"));
    let go_task = go_task().map(|program| ("go-task", program, "stderr.go-task"));
    let programs = [Some(("this program", ours, "stderr")), go_task];
    for (who, program, messages) in programs.into_iter().flatten() {
        let (expected, found) = (expected(&case, messages), seen(&case, program));
        let shown = found.shown();
        assert!(found == expected, "{name}, {who}: expected\n{}\nfound\n{shown}", expected.shown());
    }
}

/// Where the cases are.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// The go-task to compare with.
fn go_task() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let path = PathBuf::from(std::env::var_os("TASK_BIN")?).canonicalize().ok()?;
        let output = Command::new(&path).arg("--version").output().ok()?;
        String::from_utf8_lossy(&output.stdout).contains(RELEASE).then_some(path)
    });
    found.as_deref()
}

fn expected(case: &Path, messages: &str) -> Seen {
    let text = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
    let messages = if case.join(messages).exists() { messages } else { "stderr" };
    let exit = text("exit").trim().parse().unwrap_or(0);
    Seen { stdout: text("stdout"), stderr: text(messages), exit }
}

fn seen(case: &Path, program: &Path) -> Seen {
    let place = TempDir::new().expect("a directory");
    let place = place.path().canonicalize().expect("a path");
    let (project, home, programs) = (place.join("project"), place.join("home"), place.join("bin"));
    copy(case, &project);
    std::fs::create_dir(&home).expect("a directory");
    std::fs::create_dir(&programs).expect("a directory");
    std::os::unix::fs::symlink(program, programs.join("task")).expect("a link");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(programs).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .arg(case.join("cmd"))
        .current_dir(&project)
        .env_clear()
        .env("PATH", std::env::join_paths(path).expect("a path"))
        .env("HOME", &home)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let root = place.display().to_string();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root, "[ROOT]");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Seen { stdout, stderr, exit: output.status.code().unwrap_or(-1) }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false if ABOUT.iter().any(|about| name == OsStr::new(about)) => {}
            false => drop(std::fs::copy(&path, to.join(name)).expect("a copy")),
        }
    }
}

impl Seen {
    fn shown(&self) -> String {
        let Seen { stdout, stderr, exit } = self;
        format!("--- stdout\n{stdout}--- stderr\n{stderr}--- exit {exit}\n")
    }
}

#[test]
fn every_directory_is_a_case() {
    let entries = std::fs::read_dir(directory()).expect("a directory").flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let found: BTreeSet<String> =
        directories.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let listed: BTreeSet<String> = cases::NAMES.iter().map(|name| name.to_string()).collect();
    assert_eq!(found, listed);
}
