//! Which settings files count, and what they say.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::super::flags::Locate;
use crate::diag::{Diagnostic, Fault, Severity};
use crate::host::{Entry, Host};
use crate::source::SourceMap;
use crate::taskfile::{self, model::Parallel};

const PROJECT: &str = ".par.yml";

/// The settings files that were found and read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The nearest `.par.yml`, or the file that `--config` names.
    pub project: Option<(PathBuf, Parallel)>,
    /// The user's own file.
    pub user: Option<(PathBuf, Parallel)>,
    /// The files, for messages.
    pub sources: SourceMap,
    /// Warnings about them.
    pub warnings: Vec<Diagnostic>,
}

/// Finds and reads the settings files. Files that are not there say nothing, but one that
/// `--config` names must be there.
pub fn load(
    locate: &Locate,
    config: Option<&Path>,
    host: &dyn Host,
) -> Result<Loaded, taskfile::Failure> {
    let mut found = Loaded::default();
    let mut wrong = Vec::new();
    let project = match config {
        Some(path) => Some(host.cwd().join(path)),
        None => nearest(locate, host),
    };
    found.project = project.and_then(|path| read(&path, host, &mut found, &mut wrong));
    let user = users(host).filter(|path| host.entry(path) == Some(Entry::File));
    found.user = user.and_then(|path| read(&path, host, &mut found, &mut wrong));
    if wrong.iter().any(|odd| odd.severity == Severity::Error) {
        return Err(taskfile::Failure { diagnostics: wrong, sources: found.sources });
    }
    found.warnings = wrong;
    Ok(found)
}

fn read(
    path: &Path,
    host: &dyn Host,
    found: &mut Loaded,
    wrong: &mut Vec<Diagnostic>,
) -> Option<(PathBuf, Parallel)> {
    let text = match host.read(path) {
        Ok(text) => text,
        Err(error) => {
            let reason = match error.kind() {
                ErrorKind::NotFound => "does not exist".into(),
                _ => format!("cannot be read: {error}"),
            };
            let message = format!("settings file `{}` {reason}", path.display());
            wrong.push(Diagnostic::error(Fault::Other, message));
            return None;
        }
    };
    let file = found.sources.add(path, text.clone());
    let (parallel, odd) = taskfile::settings(&text, file);
    wrong.extend(odd);
    Some((path.into(), parallel))
}

/// Where the Taskfile is looked for.
pub(super) fn start(locate: &Locate, host: &dyn Host) -> PathBuf {
    let beside = || Some(locate.taskfile.as_ref()?.parent()?.to_path_buf());
    host.cwd().join(locate.dir.clone().or_else(beside).unwrap_or_default())
}

/// The first `.par.yml` on the way up.
fn nearest(locate: &Locate, host: &dyn Host) -> Option<PathBuf> {
    let start = start(locate, host);
    let mut files = start.ancestors().map(|dir| dir.join(PROJECT));
    files.find(|path| host.entry(path) == Some(Entry::File))
}

fn users(host: &dyn Host) -> Option<PathBuf> {
    let set = |name: &str| host.env(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let base = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(base.join("par/config.yml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;
    use crate::taskfile::model::Jobs;

    fn jobs(read: &Option<(PathBuf, Parallel)>) -> Option<(&str, Jobs)> {
        let (path, parallel) = read.as_ref()?;
        Some((path.to_str()?, parallel.jobs?))
    }

    #[test]
    fn the_nearest_file_counts() {
        let host = Fake::new()
            .stand_in("/w/a/b")
            .file("/w/.par.yml", "jobs: 1")
            .file("/w/a/.par.yml", "jobs: 2")
            .file("/w/a/c/.par.yml", "jobs: 3")
            .file("/home/u/.config/par/config.yml", "jobs: 4")
            .with_env("HOME", "/home/u");
        let found = load(&Locate::default(), None, &host).expect("no errors");
        assert_eq!(jobs(&found.project), Some(("/w/a/.par.yml", Jobs::Count(2))));
        assert_eq!(jobs(&found.user), Some(("/home/u/.config/par/config.yml", Jobs::Count(4))));
        let there = Locate { taskfile: Some("/w/a/c/Taskfile.yml".into()), ..Locate::default() };
        let found = load(&there, None, &host).expect("no errors");
        assert_eq!(jobs(&found.project), Some(("/w/a/c/.par.yml", Jobs::Count(3))));
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let named = Some(Path::new("my.yml"));
        let failure = load(&Locate::default(), named, &Fake::new()).expect_err("no file");
        let messages: Vec<_> = failure.diagnostics.into_iter().map(|d| d.message).collect();
        assert_eq!(messages, ["settings file `/w/my.yml` does not exist"]);
    }
}
