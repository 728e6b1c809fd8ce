//! What a project can do, as its own files tell: the tasks that `par init` begins with.

use std::path::Path;

use super::convert::{self, Draft, Line, Project};
use crate::host::Host;

/// A Taskfile to begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Guess {
    pub(super) text: String,
    /// The files that it is made of.
    pub(super) of: Vec<&'static str>,
    /// Lines of them that have no counterpart, and what stands there.
    pub(super) left: Vec<(usize, String)>,
}

/// The Taskfile for what is in the user's directory; `None` when there is nothing to make it of.
pub(super) fn taskfile(directory: &Path, host: &dyn Host) -> Option<Guess> {
    let converted = |project: Project, name: &'static str| {
        let text = project.text(name).replacen("by `par convert`", "by `par init`", 1);
        Some(Guess { text, of: vec![name], left: project.left })
    };
    let read = |name: &str| host.read(&directory.join(name)).ok();
    let (mut tasks, mut of) = (Vec::new(), Vec::new());
    if let Some(text) = read("justfile").or_else(|| read("Justfile")) {
        return converted(convert::justfile(&text), "justfile");
    }
    if let Some(text) = read("Makefile") {
        return converted(convert::makefile(&text), "Makefile");
    }
    if read("Cargo.toml").is_some() {
        of.push("Cargo.toml");
        tasks.extend([
            task("build", "Build the crates", "cargo build"),
            task("test", "Run the tests", "cargo test"),
            task("lint", "Ask clippy", "cargo clippy --all-targets -- -D warnings"),
            task("format", "Look at the layout", "cargo fmt --check"),
        ]);
    }
    if read("go.mod").is_some() {
        of.push("go.mod");
        tasks.extend([
            task("build", "Build the packages", "go build ./..."),
            task("test", "Run the tests", "go test ./..."),
            task("lint", "Ask vet", "go vet ./..."),
        ]);
    }
    if read("pyproject.toml").is_some() {
        of.push("pyproject.toml");
        tasks.push(task("test", "Run the tests", "python3 -m pytest"));
    }
    if let Some(text) = read("package.json") {
        let scripts = scripts(&text);
        if !scripts.is_empty() {
            of.push("package.json");
            let runner = runner(directory, host);
            tasks.extend(
                scripts
                    .iter()
                    .map(|(name, what)| task(name, what, &format!("{runner} run {name}"))),
            );
        }
    }
    if tasks.is_empty() {
        return None;
    }
    let tasks = told_apart(tasks);
    let checks: Vec<String> = tasks
        .iter()
        .map(|task| task.name.clone())
        .filter(|name| {
            ["lint", "test", "format", "typecheck", "check"].iter().any(|w| name.ends_with(w))
        })
        .collect();
    let desc = "Everything that checks the project, what is independent at the same time".into();
    let deps = if checks.is_empty() { vec![tasks[0].name.clone()] } else { checks };
    let default = Draft { name: "default".into(), desc, deps, ..Draft::default() };
    let all = std::iter::once(default).filter(|_| tasks.iter().all(|t| t.name != "default"));
    let project =
        Project { tasks: all.chain(tasks.iter().cloned()).collect(), ..Project::default() };
    let text = project.text(&of.join(", ")).replacen("by `par convert`", "by `par init`", 1);
    Some(Guess { text, of, left: Vec::new() })
}

fn task(name: &str, desc: &str, command: &str) -> Draft {
    let cmds = vec![Line { text: command.into(), ..Line::default() }];
    Draft { name: name.into(), desc: desc.into(), cmds, ..Draft::default() }
}

/// Where two files have a task of one name, the later one says by what it is run.
fn told_apart(tasks: Vec<Draft>) -> Vec<Draft> {
    let mut all: Vec<Draft> = Vec::new();
    for mut task in tasks {
        if all.iter().any(|known| known.name == task.name) {
            let tool =
                task.cmds.first().and_then(|line| line.text.split(' ').next()).unwrap_or("other");
            task.name = format!("{tool}-{}", task.name);
        }
        all.push(task);
    }
    all
}

/// The scripts of a `package.json`, with what they are; those that npm runs by itself left out.
fn scripts(text: &str) -> Vec<(String, String)> {
    let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let Some(scripts) = package["scripts"].as_object() else { return Vec::new() };
    let runs_by_itself = |name: &str| {
        ["pre", "post"].iter().any(|begin| {
            name.strip_prefix(begin).is_some_and(|rest| scripts.contains_key(rest))
                || name == "prepare"
        })
    };
    let own = scripts.iter().filter(|(name, _)| !runs_by_itself(name));
    own.map(|(name, what)| (name.clone(), what.as_str().unwrap_or_default().to_string())).collect()
}

/// The program that runs scripts here, by the file that it leaves.
fn runner(directory: &Path, host: &dyn Host) -> &'static str {
    let has = |name: &str| host.entry(&directory.join(name)).is_some();
    match () {
        () if has("pnpm-lock.yaml") => "pnpm",
        () if has("yarn.lock") => "yarn",
        () if has("bun.lock") || has("bun.lockb") => "bun",
        () => "npm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;
    use crate::taskfile::{self, Request};

    fn made(host: &Fake) -> Option<String> {
        let Guess { text, .. } = taskfile(Path::new("/w"), host)?;
        let host = Fake::new().file("Taskfile.yml", &text);
        let model = taskfile::load(&Request::default(), &host).expect("a Taskfile");
        assert!(model.warnings.is_empty());
        Some(text)
    }

    #[test]
    fn scripts_and_crates_become_tasks() {
        let package = r#"{"scripts": {"test": "jest", "pretest": "x", "build": "tsc", "lint:fix": "eslint --fix"}}"#;
        let host =
            Fake::new().file("package.json", package).file("yarn.lock", "").file("Cargo.toml", "");
        assert_eq!(
            made(&host).unwrap(),
            "\
# Made of Cargo.toml, package.json by `par init`.
version: '3'

tasks:
  default:
    desc: 'Everything that checks the project, what is independent at the same time'
    deps: [test, lint, format, yarn-test]

  build:
    desc: Build the crates
    cmds:
      - cargo build

  test:
    desc: Run the tests
    cmds:
      - cargo test

  lint:
    desc: Ask clippy
    cmds:
      - cargo clippy --all-targets -- -D warnings

  format:
    desc: Look at the layout
    cmds:
      - cargo fmt --check

  yarn-build:
    desc: tsc
    cmds:
      - yarn run build

  'lint:fix':
    desc: eslint --fix
    cmds:
      - 'yarn run lint:fix'

  yarn-test:
    desc: jest
    cmds:
      - yarn run test
"
        );
    }

    #[test]
    fn an_empty_directory_tells_nothing() {
        assert_eq!(made(&Fake::new()), None);
        assert_eq!(made(&Fake::new().file("package.json", "{}")), None);
    }
}
