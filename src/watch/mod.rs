//! Runs things again when files change, each run in a process of its own, until a signal ends it.
//!
//! Knows no tasks: it is told which files count, and what a run is.

mod children;
mod polling;
mod signals;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod system;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use children::Children;
use signals::Signals;
use system::Watcher;

/// How often it is looked for files in directories that had none.
const RESCAN: Duration = Duration::from_secs(5);

/// Folders whose files nobody means.
const IGNORED: [&str; 5] = [".task", ".par", ".git", ".hg", "node_modules"];

/// What is run again.
pub trait Subject {
    /// A new round of a part begins: what is known of its files may be out of date. Whether it can be run.
    fn renew(&mut self, part: usize) -> bool;
    /// The files whose changes count for a part.
    fn files(&mut self, part: usize) -> BTreeSet<PathBuf>;
    /// Does one of the parts, in a process of its own.
    fn run(&mut self, part: usize) -> !;
    /// A part has come to its end by itself.
    fn ended(&mut self, part: usize, success: bool);
    /// A directory is looked at from now on.
    fn follows(&mut self, directory: &Path);
    /// A change to this file begins a new round.
    fn changed(&mut self, file: &Path);
    /// Something is not as it should be, and goes on all the same.
    fn warn(&mut self, text: &str);
}

/// Runs all `parts` side by side, now and each again whenever a file of it has changed, `pause` after the last
/// change. Returns when a signal wants it to end and all has ended.
///
/// Call it before any thread is started.
///
/// # Errors
///
/// When the machine cannot tell of changes, or has no process to spare.
pub fn watch(subject: &mut dyn Subject, parts: usize, pause: Duration) -> io::Result<()> {
    let signals = Signals::catch()?;
    let mut watch = Watch {
        watcher: Watcher::new()?,
        children: Children::default(),
        parts: (0..parts).map(|_| Part::default()).collect(),
        looked: Instant::now(),
        signals,
    };
    for part in 0..parts {
        watch.begin(part, subject)?;
    }
    while !watch.step(subject, pause)? {}
    loop {
        // The signal that ended the watch may have come together with the end of the last of them.
        watch.children.ended();
        if watch.children.is_empty() {
            return Ok(());
        }
        watch.signals.wait(None, None)?;
        watch.signals.take().inspect(|&signal| watch.children.pass_on(signal));
    }
}

/// Does something in a process of its own and waits for it; its exit code.
///
/// # Errors
///
/// When the machine has no process to spare.
pub fn apart(run: &mut dyn FnMut()) -> io::Result<i32> {
    let signals = Signals::catch()?;
    let mut children = Children::default();
    children.start(0, &signals, run)?;
    loop {
        signals.wait(None, None)?;
        signals.take().inspect(|&signal| children.pass_on(signal));
        if let Some((_, Some(code))) = children.ended().pop() {
            return Ok(code);
        }
    }
}

struct Watch {
    watcher: Watcher,
    children: Children,
    parts: Vec<Part>,
    looked: Instant,
    signals: Signals,
}

#[derive(Default)]
struct Part {
    /// The files as they were last seen.
    files: BTreeSet<PathBuf>,
    /// When the next round is to begin.
    due: Option<Instant>,
}

impl Watch {
    /// Begins a round of a part.
    fn begin(&mut self, part: usize, subject: &mut dyn Subject) -> io::Result<()> {
        self.parts[part].due = None;
        let can_run = subject.renew(part);
        self.parts[part].files = subject.files(part);
        self.follow(part, subject)?;
        if let Some(warning) = self.watcher.take_warning() {
            subject.warn(&warning);
        }
        match can_run {
            true => self.children.start(part, &self.signals, &mut || subject.run(part)),
            false => Ok(()),
        }
    }

    /// Looks at the directories of a part's files.
    fn follow(&mut self, part: usize, subject: &mut dyn Subject) -> io::Result<()> {
        let files = &self.parts[part].files;
        let directories: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        for directory in directories.into_iter().filter(|directory| !is_ignored(directory)) {
            if self.watcher.follow(directory)? {
                subject.follows(directory);
            }
        }
        Ok(())
    }

    /// Waits for something to happen and deals with it. Whether it is the end.
    fn step(&mut self, subject: &mut dyn Subject, pause: Duration) -> io::Result<bool> {
        // A round that is still ending tells by a signal that it has.
        let parts = self.parts.iter().enumerate();
        let due = parts.filter(|(part, _)| !self.children.is_stopping(*part));
        let next = due.filter_map(|(_, part)| part.due).chain([self.looked + RESCAN]).min();
        let patience = next.map(|next| next.saturating_duration_since(Instant::now()));
        self.signals.wait(self.watcher.descriptor(), patience)?;
        if let Some(signal) = self.signals.take() {
            self.children.pass_on(signal);
            return Ok(true);
        }
        for (part, code) in self.children.ended() {
            if let Some(code) = code {
                subject.ended(part, code == 0);
            }
        }
        let changes = self.watcher.changes()?;
        if !changes.is_empty() || self.looked.elapsed() >= RESCAN {
            self.weigh(&changes, subject, pause)?;
        }
        for part in 0..self.parts.len() {
            if self.parts[part].due.is_some_and(|due| due <= Instant::now()) {
                self.children.stop(part);
                if !self.children.is_running(part) {
                    self.begin(part, subject)?;
                }
            }
        }
        Ok(false)
    }

    /// Whether one of the changes counts for a part. Files that have come or gone do in any case.
    fn weigh(
        &mut self,
        changes: &[PathBuf],
        subject: &mut dyn Subject,
        pause: Duration,
    ) -> io::Result<()> {
        // Many files take long to find: only for a change that may have made or removed one.
        let is_known = |path: &PathBuf| {
            self.parts.iter().any(|part| part.files.contains(path)) && path.exists()
        };
        let looks = changes.is_empty() || !changes.iter().all(is_known);
        if looks {
            self.looked = Instant::now();
        }
        let mut told = BTreeSet::new();
        for part in 0..self.parts.len() {
            let new = looks.then(|| subject.files(part));
            let (state, due) = (&mut self.parts[part], Instant::now() + pause);
            let before = new.map(|new| std::mem::replace(&mut state.files, new));
            let changed = changes.iter().find(|path| state.files.contains(*path));
            let differs = || state.files.symmetric_difference(before.as_ref()?).next();
            if let Some(changed) = changed.or_else(differs).cloned() {
                state.due = Some(due);
                if told.insert(changed.clone()) {
                    subject.changed(&changed);
                }
            }
            self.follow(part, subject)?;
        }
        Ok(())
    }
}

fn is_ignored(path: &Path) -> bool {
    path.iter().any(|part| IGNORED.iter().any(|ignored| part == *ignored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_tools_are_ignored_wherever_they_are() {
        for path in ["/a/.git/b", "/a/node_modules", "/.par/x", "/a/.task"] {
            assert!(is_ignored(Path::new(path)), "{path}");
        }
        assert!(!is_ignored(Path::new("/a/.github/node")));
    }
}
