//! Random Taskfiles, run by go-task and by this program under go-task's name: what users see must be the same.
//!
//! go-task is `TASK_BIN`, or `task` on `PATH`; without release 3.54.0 of it nothing is compared. `PARITY_SEED` is the
//! first seed, `PARITY_COUNT` how many projects there are.

mod chance;
mod project;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use project::{Feature, MAIN, Project};
use tempfile::TempDir;

const RELEASE: &str = "3.54.0";

/// What a user sees of a run.
#[derive(PartialEq, Debug)]
struct Seen {
    /// Of the first run and of one more.
    codes: [Option<i32>; 2],
    stdout: String,
    files: BTreeMap<PathBuf, String>,
}

#[test]
fn random_taskfiles_do_what_go_task_does() {
    let go_task = match go_task() {
        Ok(path) => path,
        Err(why) => return tell(&format!("skipped: {why}")),
    };
    let first = number("PARITY_SEED", 1);
    let end = first + number("PARITY_COUNT", 300);
    let ours = TempDir::new().expect("a directory");
    let link = ours.path().join("task");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_par"), &link).expect("a link");
    let next = AtomicU64::new(first);
    let (used, wrong) = (Mutex::new(BTreeMap::<Feature, u64>::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let project = Project::new(seed);
                    for feature in &project.used {
                        *used.lock().expect("counts").entry(*feature).or_default() += 1;
                    }
                    if let Some(difference) = difference(seed, &project, &go_task, &link) {
                        wrong.lock().expect("differences").push(difference);
                    }
                }
            });
        }
    });
    tell(&format!("projects that use: {:?}", used.into_inner().expect("counts")));
    let wrong = wrong.into_inner().expect("differences");
    let shown: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), shown.join("\n"));
}

#[test]
fn every_project_uses_six_of_the_main_features() {
    for seed in 0..500 {
        let used = Project::new(seed).used;
        let count = MAIN.iter().filter(|feature| used.contains(feature)).count();
        assert!(count >= 6, "seed {seed}: {used:?}");
    }
}

/// Says something although the test succeeds, which `println` does not.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The go-task to compare with, or why there is none.
fn go_task() -> Result<PathBuf, String> {
    let path = PathBuf::from(std::env::var_os("TASK_BIN").unwrap_or("task".into()));
    let shown = path.display();
    let output = Command::new(&path)
        .arg("--version")
        .output()
        .map_err(|error| format!("go-task {RELEASE} is not there ({shown}: {error})"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    match version.contains(RELEASE) {
        true => Ok(path),
        false => Err(format!("{shown} is {}, not go-task {RELEASE}", version.trim())),
    }
}

/// How the two differ on one project; `None` when they do not.
fn difference(seed: u64, project: &Project, go_task: &Path, ours: &Path) -> Option<String> {
    // go-task writes a line and its end one after the other, so lines of tasks that run side by side would be torn.
    let (expected, got) = (seen(project, go_task, Some("1")), seen(project, ours, None));
    if expected == got {
        return None;
    }
    let files: String =
        project.files.iter().map(|(path, text)| format!("--- {path}\n{text}")).collect();
    let (args, lines) = (&project.args, lines(&expected.text(), &got.text()));
    Some(format!("seed {seed}: task {args:?}\n{files}--- go-task (-), this program (+)\n{lines}"))
}

impl Seen {
    fn text(&self) -> String {
        let files: String =
            self.files.iter().map(|(path, text)| format!("{path:?} {text:?}\n")).collect();
        format!("exit codes {:?}\n{}\n{files}", self.codes, self.stdout)
    }
}

/// The lines of two texts, from where they differ to where they are the same again.
fn lines(one: &str, other: &str) -> String {
    let (mut one, mut other): (Vec<&str>, Vec<&str>) =
        (one.lines().collect(), other.lines().collect());
    let begin = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.split_off(begin), other.split_off(begin));
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let part = |sign: char, lines: &[&str]| -> String {
        lines[..lines.len() - end].iter().map(|line| format!("{sign} {line}\n")).collect()
    };
    part('-', &one) + &part('+', &other)
}

fn seen(project: &Project, program: &Path, concurrency: Option<&str>) -> Seen {
    let dir = TempDir::new().expect("a directory");
    let root = dir.path().canonicalize().expect("a path").join("project");
    for (path, text) in &project.files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
    }
    let run = || run(program, project, dir.path(), concurrency);
    let (first, again) = (run(), run());
    let mut seen = Seen {
        codes: [first.0, again.0],
        stdout: first.1 + "=== again\n" + &again.1,
        files: files(&root),
    };
    if project.is_parallel {
        seen.stdout = sorted(&seen.stdout);
    }
    seen
}

/// Exit code and output of one run.
fn run(
    program: &Path,
    project: &Project,
    home: &Path,
    concurrency: Option<&str>,
) -> (Option<i32>, String) {
    let root = home.canonicalize().expect("a path").join("project");
    let output = Command::new(program)
        .args(&project.args)
        .current_dir(&root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("OS_VAR", "os")
        .envs(concurrency.map(|concurrency| ("TASK_CONCURRENCY", concurrency)))
        .stdin(Stdio::null())
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).replace(&*root.to_string_lossy(), "[DIR]");
    (output.status.code(), text)
}

/// The lines in an order that is not chance; what has no end of its own is taken to be a line, too.
fn sorted(text: &str) -> String {
    let text = text.replace("no end", "no end\n");
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// All files below, without what the programs keep for themselves.
fn files(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a directory").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let is_own = name == ".task" || name == ".par";
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                _ if is_own => {}
                true => {
                    open.push(path.clone());
                    all.insert(below(root, &path), "a directory".into());
                }
                false => {
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    all.insert(below(root, &path), text);
                }
            }
        }
    }
    all
}

fn below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).into()
}
