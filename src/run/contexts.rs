//! What tasks leave for those after them, in the `contexts` folder of the run: outputs, folders of their
//! own, and a summary that says what is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, openat};

use super::driver::Driver;
use super::outputs::{self, Wrong};
use crate::event::{Level, Outcome, Status};
use crate::id::{UnitId, UnitMap};
use crate::plan::Work;
use crate::resolve::Outputs;

/// How the names of files of outputs end.
const OUTPUT: &str = ".output";

/// What one task has written.
type Left = BTreeMap<Arc<str>, Arc<str>>;

/// The folder, and what is known to be in it.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    /// `None` until somebody may write there, and where nothing can be kept.
    folder: Option<PathBuf>,
    /// The same, open: what is looked for after each command need not be looked for from the root of all files.
    open: Option<File>,
    is_asked: bool,
    outputs: Outputs,
    /// The folders of tasks that have one, by call and attempt.
    folders: BTreeMap<(UnitId, u32), PathBuf>,
    /// The attempts that have begun, of calls that were tried again.
    attempts: UnitMap<u32>,
    /// What calls had written when their last command so far ended well.
    seen: UnitMap<Left>,
    /// What is said in the summary, in the order in which it was left.
    left: Vec<String>,
}

impl Contexts {
    /// What commands see as `.OUTPUTS`.
    pub(super) fn outputs(&self) -> Outputs {
        self.outputs.clone()
    }

    pub(super) fn attempt(&self, call: UnitId) -> u32 {
        self.attempts.get(&call).copied().unwrap_or(1)
    }

    /// What the task of this name has left.
    pub(super) fn of(&self, task: &str) -> BTreeMap<Arc<str>, Arc<str>> {
        self.outputs.get(task).cloned().unwrap_or_default()
    }

    /// A task left something in an earlier run.
    pub(super) fn know(&mut self, task: Arc<str>, left: BTreeMap<Arc<str>, Arc<str>>) {
        Arc::make_mut(&mut self.outputs).insert(task, left);
    }

    /// Writes the summary anew.
    fn summarise(&self) {
        let Some(folder) = &self.folder else { return };
        let text = format!("# What the tasks of this run left\n{}", self.left.concat());
        let (new, file) = (folder.join(".summary.md.new"), folder.join("summary.md"));
        // It is for those who want to know; nothing depends on it.
        if let Err(error) = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &file)) {
            tracing::debug!(?file, %error, "not written");
        }
    }
}

/// A name for files that belong to an attempt of a call.
fn file_name(task: &str, call: UnitId, attempt: u32) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let safe = task.chars().take(80).map(|c| if is_safe(c) { c } else { '_' });
    let mut name: String = safe.skip_while(|&c| c == '.').collect();
    let _ = write!(name, ".{}", call.0);
    if attempt > 1 {
        let _ = write!(name, ".{attempt}");
    }
    name
}

/// What a file in this folder holds.
fn read_in(folder: &File, name: &str) -> io::Result<Vec<u8>> {
    let mut file = File::from(openat(folder, name, OFlags::CLOEXEC, Mode::empty())?);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Driver {
    /// The variables of a command's environment that lead to what its task leaves.
    pub(super) fn context_variables(
        &mut self,
        command: UnitId,
        attempt: u32,
    ) -> Vec<(&'static str, PathBuf)> {
        let call = self.scheduler.plan().parent(command);
        let mut variables = Vec::new();
        if let Some(file) = self.output_file(call, attempt) {
            variables.push(("PAR_OUTPUT", file));
        }
        if let Some(folder) = self.contexts.folders.get(&(call, attempt)) {
            variables.push(("PAR_CONTEXT_DIR", folder.clone()));
            variables.push(("TMPDIR", folder.join("tmp")));
        }
        variables
    }

    fn contexts_folder(&mut self) -> Option<&Path> {
        if !self.contexts.is_asked {
            self.contexts.is_asked = true;
            let folder = self.store.subdirectory("contexts");
            self.contexts.open = folder.as_deref().and_then(|folder| File::open(folder).ok());
            self.contexts.folder = folder;
        }
        self.contexts.folder.as_deref()
    }

    fn output_file(&mut self, call: UnitId, attempt: u32) -> Option<PathBuf> {
        let name = file_name(&self.scheduler.plan().unit(call).task, call, attempt);
        Some(self.contexts_folder()?.join(name + OUTPUT))
    }

    /// An attempt begins; of a task that wants a folder of its own it gets one.
    pub(super) fn isolate(&mut self, call: UnitId, attempt: u32) {
        if attempt > 1 {
            self.contexts.attempts.insert(call, attempt);
            self.contexts.seen.remove(&call);
        }
        if !self.resolver.is_isolated(call) || self.contexts.folders.contains_key(&(call, attempt))
        {
            return;
        }
        self.describe();
        let name = file_name(&self.scheduler.plan().unit(call).task, call, attempt);
        let Some(folder) = self.contexts_folder().map(|folder| folder.join(name)) else { return };
        match make(&folder) {
            Ok(()) => drop(self.contexts.folders.insert((call, attempt), folder)),
            Err(error) => {
                let text = format!("the folder {} cannot be made: {error}", folder.display());
                self.say(Some(call), Level::Warning, text.into());
            }
        }
    }

    /// Looks at what the task of a command that has ended well has written so far. What cannot be read
    /// makes the command fail.
    pub(super) fn checked_outputs(&mut self, command: UnitId, status: Status) -> Status {
        let call = self.scheduler.plan().parent(command);
        self.contexts.seen.remove(&call);
        if !status.is_success() || self.contexts.folder.is_none() {
            return status;
        }
        match self.read_outputs(call, self.contexts.attempt(call)) {
            Ok(left) => {
                self.contexts.seen.insert(call, left);
                status
            }
            Err((file, Wrong { line, why })) => {
                let task = self.scheduler.plan().unit(call).task.clone();
                let text = format!(
                    "what task `{task}` wrote to $PAR_OUTPUT cannot be read: {}:{line}: {why}",
                    file.display()
                );
                self.say(Some(command), Level::Error, text.into());
                Status::Code(1)
            }
        }
    }

    fn read_outputs(&mut self, call: UnitId, attempt: u32) -> Result<Left, (PathBuf, Wrong)> {
        let Contexts { folder: Some(folder), open, .. } = &self.contexts else {
            return Ok(Left::new());
        };
        let name = file_name(&self.scheduler.plan().unit(call).task, call, attempt) + OUTPUT;
        let bytes = match open {
            Some(open) => read_in(open, &name),
            None => std::fs::read(folder.join(&name)),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Left::new()),
            Err(error) => {
                return Err((folder.join(name), Wrong { line: 1, why: error.to_string() }));
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let found = outputs::parse(&text).map_err(|wrong| (folder.join(name), wrong))?;
        Ok(found.into_iter().collect())
    }

    /// A call has ended: what it left is known from here on.
    pub(super) fn leave(&mut self, call: UnitId, outcome: &Outcome) {
        let is_task = self.scheduler.plan().unit(call).work == Work::Call;
        if !is_task {
            return;
        }
        // Of stages and what stands in them it is said, too, that they left nothing.
        let is_stage = self.resolver.is_stage(call);
        let is_told = is_stage || self.resolver.is_stage(self.scheduler.plan().parent(call));
        if is_told {
            self.describe();
            self.contexts_folder();
        }
        if self.contexts.folder.is_none() || (*outcome == Outcome::UpToDate && !is_told) {
            return;
        }
        let attempt = self.contexts.attempt(call);
        let found = match (outcome, self.contexts.seen.remove(&call)) {
            (Outcome::Succeeded, Some(seen)) => seen,
            (Outcome::Succeeded, None) => self.read_outputs(call, attempt).unwrap_or_default(),
            _ => Left::new(),
        };
        let folder = self.contexts.folders.get(&(call, attempt)).cloned();
        if found.is_empty() && folder.is_none() && !is_told {
            return;
        }
        let unit = self.scheduler.plan().unit(call);
        let (task, name) = (unit.task.clone(), self.resolver.full_name(call));
        let mut text = format!("\n## {task}\n\n{}\n", word(outcome));
        for (key, value) in &found {
            let _ = writeln!(text, "- `{key}`: {}", shown(value));
        }
        let decisions = self.decisions(call);
        if !decisions.is_empty() {
            let _ = writeln!(text, "- gate: {}", decisions.join(", "));
        }
        if found.is_empty() && folder.is_none() && !is_stage {
            text.push_str("- nothing\n");
        }
        if let Some(folder) = folder {
            let _ = writeln!(text, "- folder: `{}`", folder.display());
        }
        if !found.is_empty() {
            Arc::make_mut(&mut self.contexts.outputs).insert(name, found);
        }
        self.contexts.left.push(text);
        self.contexts.summarise();
    }

    /// The run has ended: folders of tasks go when all is well, and stay to be looked at when not.
    pub(super) fn tidy_contexts(&self) {
        let is_well = self.scheduler.outcome(UnitId::ROOT).is_some_and(Outcome::is_success);
        for folder in self.contexts.folders.values().filter(|_| is_well) {
            if let Err(error) = std::fs::remove_dir_all(folder) {
                tracing::debug!(?folder, %error, "not removed");
            }
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    std::fs::create_dir(folder)?;
    std::fs::create_dir(folder.join("tmp"))
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "Succeeded.",
        Outcome::UpToDate => "Was up to date.",
        Outcome::Omitted => "Was left out.",
        Outcome::Failed(_) => "Failed.",
        Outcome::Skipped(_) => "Was skipped.",
        Outcome::Cancelled => "Was cancelled.",
    }
}

/// A value in one line.
fn shown(text: &str) -> String {
    match text.lines().count() {
        0 | 1 => text.into(),
        lines => format!("{} … ({lines} lines)", text.lines().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_differ_by_call_and_attempt() {
        assert_eq!(file_name("build", UnitId(3), 1), "build.3");
        assert_eq!(file_name("../a/b:c d", UnitId(3), 2), "_a_b_c_d.3.2");
    }
}
