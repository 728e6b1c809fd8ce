//! A recorded run, fed to the reporters again, gives the text that the run gave.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use par::report::{self, Look, Mode, Reporter, Screen, Summary};
use par::store::Runs;
use par::term::Style;

const TASKFILE: &str = "
version: '3'
tasks:
  all:
    deps: [left, right]
    cmds:
      - task:left N=2 &
      - task:fails &
      - wait
      - echo never
  left:
    cmds:
      - printf 'left {{.N}}'
      - echo err >&2
      - echo 'more of left'
  right: [echo right, {cmd: 'exit 3', ignore_error: true}, {defer: echo deferred}]
  fails: [echo before, exit 4]
  after: {deps: [fails], cmds: [echo never]}
  many: {deps: [all, after]}
";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics here").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no test panics here")).into_owned()
    }
}

fn run(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_par"))
        .args(words)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .output()
        .expect("the program runs")
}

/// stdout and stderr of the latest run, shown again in a mode.
fn replayed(dir: &Path, mode: Mode) -> (String, String) {
    let runs = Runs::new(dir);
    let latest = runs.find("latest").expect("a run");
    let logs = runs.reader(&latest).expect("its logs");
    let (out, err) = (Kept::default(), Kept::default());
    let screen = Screen::new(Box::new(out.clone()), Box::new(err.clone()));
    let look = Look {
        word: "par",
        stands_in: false,
        style: Style::default(),
        is_silent: false,
        is_verbose: false,
        directory: dir.canonicalize().expect("the directory is there"),
        again: par::report::Again {
            before: Some(concat!(env!("CARGO_BIN_EXE_par"), " run").into()),
            ..Default::default()
        },
    };
    let mut reporters: Vec<Box<dyn Reporter>> = vec![
        report::mode(mode, screen.clone(), logs.clone(), &look, Arc::new(|_| None)),
        Box::new(Summary::new(screen, logs.clone(), look)),
    ];
    report::replay(&runs, &latest, &logs, &mut reporters).expect("a run that can be read");
    (out.text(), err.text())
}

fn same_text(mode: Mode, words: &[&str]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("Taskfile.yml"), TASKFILE).expect("a Taskfile");
    let real = run(dir.path(), &[&["run"], words, &["many"]].concat());
    assert_eq!(real.status.code(), Some(201));
    let (out, err) = replayed(dir.path(), mode);
    assert_eq!(out, String::from_utf8_lossy(&real.stdout), "stdout, {words:?}");
    assert_eq!(err, String::from_utf8_lossy(&real.stderr), "stderr, {words:?}");
    assert!(err.contains("exit status 4"), "{err}");
}

#[test]
fn a_replayed_run_gives_the_same_text_in_every_mode() {
    same_text(Mode::Auto, &[]);
    same_text(Mode::Auto, &["-j1"]);
    same_text(Mode::Interleaved, &["-o", "interleaved"]);
    same_text(Mode::Group { error_only: false }, &["-o", "group"]);
    same_text(Mode::Group { error_only: true }, &["-o", "group", "--output-group-error-only"]);
    same_text(Mode::Prefixed, &["-o", "prefixed"]);
    same_text(Mode::KeepOrder, &["-o", "keep-order"]);
    same_text(Mode::Errors, &["-o", "errors"]);
}
