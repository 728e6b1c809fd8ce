//! `par init`: a Taskfile to begin with.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::Program;
use super::commands::InitLine;
use super::exit::Exit;
use super::guess;
use super::say::{self, Voice};
use crate::diag::{Diagnostic, Fault};
use crate::host::{Entry, Host};
use crate::taskfile::discover::NAMES;

const TASKFILE: &str = "\
version: '3'

vars:
  GREETING: Hello

tasks:
  default:
    desc: Build both halves, then greet
    deps: [left, right] # what is independent runs at the same time
    cmds:
      - echo '{{.GREETING}} from {{.TASK}}'

  left:
    desc: One half
    cmds:
      - echo 'left half of {{.ROOT_DIR | base}}'

  right:
    desc: The other half
    cmds:
      - echo 'right half of {{.ROOT_DIR | base}}'

  halves:
    desc: The same with a point where they meet
    cmds:
      - task:left &
      - task:right &
      - wait
      - echo 'both are done'
";

/// What go-task begins with.
const GO_TASKFILE: &str = "\
# yaml-language-server: $schema=https://taskfile.dev/schema.json

version: '3'

vars:
  GREETING: Hello, world!

tasks:
  default:
    desc: Print a greeting message
    cmds:
      - echo \"{{.GREETING}}\"
    silent: true
";

fn text(program: Program) -> &'static str {
    match program {
        Program::Par => TASKFILE,
        Program::Task => GO_TASKFILE,
    }
}

/// Writes the file and says where.
pub(super) fn run(line: &InitLine, voice: Voice, host: &dyn Host) -> Exit {
    let path = target(line.path.as_deref().unwrap_or(""), host);
    let directory = path.parent().unwrap_or(Path::new("/"));
    let guessed = match line.program {
        Program::Par => guess::taskfile(directory, host),
        Program::Task => None,
    };
    let written = guessed.as_ref().map_or(text(line.program), |guess| &guess.text);
    match create(&path, written, host) {
        Ok(()) => {
            let shown = path.strip_prefix(host.cwd()).unwrap_or(&path);
            let of = guessed
                .as_ref()
                .map_or_else(String::new, |guess| format!(", from {}", guess.of.join(", ")));
            for (at, what) in guessed.iter().flat_map(|guess| &guess.left) {
                let of = guessed.as_ref().map_or("", |guess| guess.of[0]);
                voice.talk(&format!("{of}:{at}: not converted: {what}\n"));
            }
            say::print(&format!("Taskfile created: {}{of}\n", shown.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            voice.talk(&format!("error: a Taskfile already exists: {}\n", path.display()));
            Exit::Exists
        }
        Err(error) => {
            let message = format!("cannot write `{}`: {error}", path.display());
            let failure = super::prepare::failure(Diagnostic::error(Fault::Other, message));
            voice.complain(&failure)
        }
    }
}

/// The file that is meant: a directory gets a file of the usual name, an extension the usual stem.
fn target(path: &str, host: &dyn Host) -> PathBuf {
    let whole = host.cwd().join(path);
    match host.entry(&whole) {
        Some(Entry::Directory) => {
            let taken = NAMES.iter().map(|name| whole.join(name)).find(|p| host.entry(p).is_some());
            taken.unwrap_or_else(|| whole.join(NAMES[0]))
        }
        _ => match whole.file_name().and_then(|name| name.to_str()) {
            Some(end) if is_extension(end) => whole.with_file_name(format!("Taskfile{end}")),
            _ => whole,
        },
    }
}

/// `.yml` is no name of a file, only its end.
fn is_extension(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|end| !end.is_empty() && !end.contains('.'))
}

fn create(path: &Path, text: &str, host: &dyn Host) -> io::Result<()> {
    if host.entry(path).is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;
    use crate::taskfile::{self, Request};

    #[test]
    fn a_path_is_a_file_a_directory_or_an_extension() {
        let host = Fake::new().file("sub/x", "");
        let named = |path| target(path, &host).display().to_string();
        assert_eq!(named(""), "/w/Taskfile.yml");
        assert_eq!(named("sub"), "/w/sub/Taskfile.yml");
        assert_eq!(named(".yaml"), "/w/Taskfile.yaml");
        assert_eq!(named("new/.txt"), "/w/new/Taskfile.txt");
        assert_eq!(named("build.yml"), "/w/build.yml");
        assert_eq!(named("/abs/x.yml"), "/abs/x.yml");
    }

    #[test]
    fn a_taskfile_of_any_usual_name_is_in_the_way() {
        let host = Fake::new().file("taskfile.dist.yaml", "");
        assert_eq!(target("", &host), Path::new("/w/taskfile.dist.yaml"));
    }

    #[test]
    fn what_is_written_is_a_taskfile_without_warnings() {
        for (program, names) in
            [(Program::Par, &["default", "halves"][..]), (Program::Task, &["default"])]
        {
            let host = Fake::new().file("Taskfile.yml", text(program));
            let model = taskfile::load(&Request::default(), &host).expect("a Taskfile");
            assert!(model.warnings.is_empty());
            assert_eq!(model.check_certain(names, true), []);
        }
    }
}
