//! What README.md and the guide show is what happens.
//!
//! A `yaml` block is a Taskfile, or the file named behind `yaml`. In a `console` block stand commands behind `$ `, each
//! followed by all of its output; they run where the files of the blocks before are. A `sh` block runs in a copy
//! of the repository, where `cargo build` gives the binary under test and `cargo test` is taken as done.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::example;

const PAR: &str = env!("CARGO_BIN_EXE_par");

/// A fenced block.
struct Block {
    kind: String,
    name: Option<String>,
    text: String,
}

const PAGES: [&str; 6] = [
    "README.md",
    "docs/guide/README.md",
    "docs/guide/enabling.md",
    "docs/guide/projects.md",
    "docs/guide/troubleshooting.md",
    "docs/guide/practice.md",
];

fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let readme = fs::read_to_string(path).expect(page);
    let parts: Vec<&str> = readme.split("```").collect();
    let inside = parts.iter().skip(1).step_by(2);
    let block = |part: &&str| {
        let (head, text) = part.split_once('\n').expect("a block has lines");
        let mut words = head.split_whitespace().map(String::from);
        Block { kind: words.next().unwrap_or_default(), name: words.next(), text: text.into() }
    };
    inside.map(block).collect()
}

/// Runs a command line as a user would, and gives what it wrote and whether it went well.
fn bash(line: &str, dir: &Path, bin: &Path) -> (String, bool) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &format!("exec 2>&1; {line}")])
        .env_clear()
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("HOME", bin)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
}

/// The commands of a console, each with its output.
fn session(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let commands = text.strip_prefix("$ ").expect("a console begins with a command");
    commands.split("\n$ ").map(|command| command.split_once('\n').unwrap_or((command, "")))
}

#[test]
fn every_block_is_of_a_kind_that_is_run() {
    for block in PAGES.into_iter().flat_map(blocks) {
        assert!(
            ["yaml", "console", "sh"].contains(&&*block.kind),
            "{}: {}",
            block.kind,
            block.text
        );
    }
}

#[test]
fn consoles_show_what_happens() {
    PAGES.into_iter().for_each(show);
}

/// Does what a page shows.
fn show(page: &str) {
    let (dir, bin) = (temporary(), temporary());
    symlink(PAR, bin.path().join("par")).expect("a link");
    for block in blocks(page) {
        match &*block.kind {
            "yaml" => {
                let name = block.name.as_deref().unwrap_or("Taskfile.yml");
                fs::write(dir.path().join(name), &block.text).expect("a file");
            }
            "console" => {
                for (line, expected) in session(&block.text) {
                    let (shown, _) = bash(line, dir.path(), bin.path());
                    assert_eq!(shown.trim_end(), expected.trim_end(), "{page}: $ {line}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn scripts_run_in_the_repository() {
    if !example::has_its_tools() {
        return;
    }
    let (repository, bin) = (temporary(), temporary());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    example::copy(&root.join("examples"), &repository.path().join("examples"));
    let cargo = bin.path().join("cargo");
    let script = format!(
        "#!/bin/sh\ncase $* in\n  test) ;;\n  'build --release') mkdir -p target/release && ln -sf {PAR} target/release/par ;;\n  *) exit 1 ;;\nesac\n"
    );
    fs::write(&cargo, script).expect("a program");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a program");
    for block in blocks("README.md").iter().filter(|block| block.kind == "sh") {
        let (shown, success) =
            bash(&format!("set -e\n{}", block.text), repository.path(), bin.path());
        assert!(success, "{}\n{shown}", block.text);
    }
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a directory")
}
