//! Runs things again when files change, each run in a process of its own, until a signal ends it.
//!
//! Knows no tasks: it is told which files count, and what a run is.

mod children;
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
    /// A new round begins: what is known of the files may be out of date.
    fn renew(&mut self);
    /// The files whose changes count.
    fn files(&mut self) -> BTreeSet<PathBuf>;
    /// Does one of the parts, in a process of its own.
    fn run(&mut self, part: usize) -> !;
    /// A part has come to its end by itself.
    fn ended(&mut self, part: usize, success: bool);
    /// A directory is looked at from now on.
    fn follows(&mut self, directory: &Path);
    /// A change to this file begins a new round.
    fn changed(&mut self, file: &Path);
}

/// Runs all `parts` side by side, now and whenever a file has changed, `pause` after the last change. Returns
/// when a signal wants it to end and all has ended.
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
        files: BTreeSet::new(),
        parts,
        due: None,
        looked: Instant::now(),
        signals,
    };
    watch.begin(subject)?;
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
        if let Some((_, code)) = children.ended().pop() {
            return Ok(code);
        }
    }
}

struct Watch {
    watcher: Watcher,
    children: Children,
    /// The files as they were last seen.
    files: BTreeSet<PathBuf>,
    parts: usize,
    /// When the next round is to begin.
    due: Option<Instant>,
    looked: Instant,
    signals: Signals,
}

impl Watch {
    /// Begins a round.
    fn begin(&mut self, subject: &mut dyn Subject) -> io::Result<()> {
        self.due = None;
        subject.renew();
        self.look(subject)?;
        (0..self.parts).try_for_each(|part| {
            self.children.start(part, &self.signals, &mut || subject.run(part))
        })
    }

    /// Sees which files there are.
    fn look(&mut self, subject: &mut dyn Subject) -> io::Result<()> {
        self.looked = Instant::now();
        self.files = subject.files();
        let directories: BTreeSet<&Path> = self.files.iter().filter_map(|f| f.parent()).collect();
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
        let due = self.due.filter(|_| !self.children.are_stopping());
        let next = due.into_iter().chain([self.looked + RESCAN]).min();
        let patience = next.map(|next| next.saturating_duration_since(Instant::now()));
        self.signals.wait(self.watcher.descriptor(), patience)?;
        if let Some(signal) = self.signals.take() {
            self.children.pass_on(signal);
            return Ok(true);
        }
        for (part, code) in self.children.ended() {
            if !self.children.are_stopping() {
                subject.ended(part, code == 0);
            }
        }
        let changes = self.watcher.changes()?;
        if !changes.is_empty() || self.looked.elapsed() >= RESCAN {
            self.weigh(&changes, subject, pause)?;
        }
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.children.stop();
            if self.children.is_empty() {
                self.begin(subject)?;
            }
        }
        Ok(false)
    }

    /// Whether one of the changes counts. Files that have come or gone do in any case.
    fn weigh(
        &mut self,
        changes: &[PathBuf],
        subject: &mut dyn Subject,
        pause: Duration,
    ) -> io::Result<()> {
        let before = std::mem::take(&mut self.files);
        self.look(subject)?;
        let changed = changes.iter().find(|path| self.files.contains(*path));
        let Some(changed) = changed.or_else(|| self.files.symmetric_difference(&before).next())
        else {
            return Ok(());
        };
        subject.changed(changed);
        self.due = Some(Instant::now() + pause);
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
