//! What is done without a shell, beside what bash does with the same script: output, errors, exit code and
//! the files that are left.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Output, Stdio};

use super::redirect::Streams;
use super::{Options, Shell};
use crate::event::Stream;

/// What a script did: stdout, stderr, exit code.
type Deed = (String, String, i32);

const COMMANDS: [&str; 10] = [
    "echo",
    "echo -n",
    "printf",
    "true",
    ":",
    "false",
    "exit",
    "cat",
    "/bin/echo",
    "no-such-program",
];
const WORDS: [&str; 18] = [
    "a",
    "'b  c'",
    "\"d\\\"e\"",
    "-n",
    "-e",
    "-",
    "\\\\x",
    "'x\\n'",
    "%s",
    "'%s,%%\\n'",
    "'%d'",
    "a=b",
    "é",
    "--help",
    "0",
    "7",
    "300",
    "h",
];
const REDIRECTIONS: [&str; 16] = [
    "> f",
    "2> g",
    ">> h",
    "< h",
    "2>&1",
    ">&2",
    "> /dev/null",
    "> no/f",
    "< absent",
    "2>/dev/null",
    ">d",
    ">link",
    "> /dev/stderr",
    "2>>f",
    ">h",
    "</dev/null",
];

/// A few hundred scripts, the same each time.
fn scripts() -> Vec<String> {
    let mut state = 7u32;
    let mut choose = move |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % count
    };
    let script = |_| {
        let mut parts = vec![COMMANDS[choose(COMMANDS.len())]];
        parts.extend((0..choose(4)).map(|_| WORDS[choose(WORDS.len())]));
        for _ in 0..choose(3) {
            let place = choose(parts.len() + 1);
            parts.insert(place, REDIRECTIONS[choose(REDIRECTIONS.len())]);
        }
        parts.join(" ")
    };
    (0..250).map(script).collect()
}

fn fresh() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("h"), "hay\n").unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    symlink("h", dir.path().join("link")).unwrap();
    dir
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let plain = entries.filter(|path| path.is_file());
    plain
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .map(|(path, text)| (path.rsplit('/').next().unwrap().to_owned(), text))
        .collect()
}

fn deed(output: Output) -> Deed {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn with_bash(script: &str, dir: &Path) -> Deed {
    let mut bash = std::process::Command::new("bash");
    bash.args(["-e", "-p", "-c", "--", script]).current_dir(dir).stdin(Stdio::null());
    deed(bash.output().unwrap())
}

/// `None` when it is left to a shell.
fn without_shell(shell: &Shell, script: &str, dir: &Path) -> Option<Deed> {
    let options = Options::default();
    if let Some(trivial) = shell.trivial(script, &options) {
        let done = trivial.perform(dir)?;
        let written = |stream| match &done.output {
            Some((to, bytes)) if *to == stream => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        };
        return Some((written(Stream::Stdout), written(Stream::Stderr), done.code));
    }
    let command =
        shell.command(&script.into(), &options, OsStr::new("/usr/bin:/bin"), dir).unwrap();
    command.otherwise.as_ref()?;
    let text = |text: &std::ffi::CString| OsStr::from_bytes(text.to_bytes()).to_owned();
    let mut streams = Streams::new(&command.redirections, dir)?;
    let mut direct = std::process::Command::new(text(&command.program));
    direct.arg0(text(&command.argv[0])).args(command.argv.iter().skip(1).map(text));
    direct.current_dir(dir).stdin(Stdio::null());
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut given = |stream: usize| {
        let file = match streams.file(stream) {
            Ok(file) => file.try_clone().unwrap(),
            Err(1) => stdout.try_clone().unwrap(),
            Err(2) => stderr.try_clone().unwrap(),
            Err(_) => return Stdio::null(),
        };
        file.into()
    };
    direct.stdin(given(0)).stdout(given(1)).stderr(given(2));
    let code = direct.status().unwrap().code().unwrap();
    Some((whole(&mut stdout), whole(&mut stderr), code))
}

fn whole(file: &mut std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_needs_no_shell_is_done_as_bash_does_it() {
    let shell = Shell::find(None).unwrap();
    if !shell.is_bash() {
        return eprintln!("skipped: no bash to compare with");
    }
    let mut imitated = 0;
    for script in scripts() {
        let (ours, bashs) = (fresh(), fresh());
        let Some(deed) = without_shell(&shell, &script, ours.path()) else { continue };
        imitated += 1;
        assert_eq!(deed, with_bash(&script, bashs.path()), "{script}");
        assert_eq!(files(ours.path()), files(bashs.path()), "{script}");
    }
    assert!(imitated > 100, "only {imitated} scripts were simple");
}
