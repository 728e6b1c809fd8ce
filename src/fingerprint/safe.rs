//! The safe way: a task is up to date when everything that it is made of, and everything that it left,
//! is as after its last success.
//!
//! One record for each task and what it was called with. When a body begins, its record says so, and
//! only its success makes the record whole again: whatever ends a run, what it left half done is not
//! taken for done.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::SystemTime;

use super::record::{Record, State, digest};
use super::snapshot::{self, Snapshot, short};
use super::{Compare, Footprint, Judgement, Kind, Reason, Traces};
use crate::host::Host;
use crate::host::files::{select, unmatched};
use crate::store::Shelf;

/// Records that are kept; calls with ever other arguments would gather without end.
const RECORDS: usize = 10_000;
/// Bytes that they may take together.
const BYTES: u64 = 256 << 20;

#[derive(Debug)]
pub(super) struct Memory {
    shelf: Shelf,
    root: PathBuf,
    /// Records that somebody is about to write.
    expected: Mutex<HashSet<String>>,
    written: Condvar,
    /// There may be more records than before.
    has_grown: AtomicBool,
    /// The records were looked at as a whole, for those who want to know later whether any was written.
    seen: Once,
}

#[derive(Debug)]
pub(super) struct Pending {
    key: String,
    footprint: Footprint,
    /// `None` when sources cannot be read, so that nothing can be remembered.
    record: Option<Record>,
}

impl Memory {
    pub(super) fn new(shelf: Shelf, root: &Path) -> Memory {
        let (expected, written, has_grown) = Default::default();
        Memory { shelf, root: root.into(), expected, written, has_grown, seen: Once::new() }
    }

    pub(super) fn judge(
        &self,
        footprint: Footprint,
        traces: Traces,
        host: &dyn Host,
    ) -> (Judgement, Option<String>) {
        let key = key(&footprint);
        self.wait_for(&key);
        self.seen.call_once(|| drop(host.sight(&self.shelf.path())));
        let (old, mut warning) = self.load(&key, &footprint);
        let sources = select(host, &footprint.dir, &footprint.sources, footprint.ignored);
        let known = old.as_ref().map(|old| &old.sources);
        let seen = snapshot::take(&self.root, &sources, footprint.compare, known, host);
        let (record, reason) = match seen {
            Err(path) => (None, Some(Reason::SourceUnreadable(path))),
            Ok(sources) => {
                let mut record = Record::of(&footprint, sources);
                let reason = self.reason(&footprint, &mut record, old.as_ref(), host);
                (Some(record), reason)
            }
        };
        let Some(reason) = reason else {
            if let (Some(mut record), Some(old), Traces::Left) = (record, old, traces) {
                warning = warning.or(self.refresh(&key, &mut record, &old));
            }
            return (Judgement::UpToDate, warning);
        };
        if traces == Traces::Left {
            let begun = record.clone().unwrap_or_else(|| Record::of(&footprint, Snapshot::new()));
            warning = warning.or(self.store(&key, &begun));
        }
        let pending = Kind::Safe(Box::new(Pending { key, footprint, record }));
        (Judgement::Stale { reason, pending: super::Pending(pending) }, warning)
    }

    /// Why the task has to run. Adds the outputs that it finds to the record.
    fn reason(
        &self,
        footprint: &Footprint,
        record: &mut Record,
        old: Option<&Record>,
        host: &dyn Host,
    ) -> Option<Reason> {
        if footprint.forced {
            return Some(Reason::Forced);
        }
        let Some(old) = old else { return Some(Reason::FirstRun) };
        if let Some(reason) = record.differences(old).next() {
            return Some(reason);
        }
        match self.outputs(footprint, old, host) {
            Err(path) => return Some(Reason::OutputMissing(path)),
            Ok(outputs) => record.outputs = outputs,
        }
        let changed = old.output_differences(&record.outputs).next();
        changed.or_else(|| ungenerated(footprint, host)).or_else(|| status_fails(footprint))
    }

    /// All reasons why a task has to run; none when it is up to date. Leaves no traces.
    pub(super) fn reasons(
        &self,
        footprint: &Footprint,
        host: &dyn Host,
    ) -> (Vec<Reason>, Option<String>) {
        if footprint.forced {
            return (vec![Reason::Forced], None);
        }
        let (old, warning) = self.load(&key(footprint), footprint);
        let Some(old) = old else { return (vec![Reason::FirstRun], warning) };
        let sources = select(host, &footprint.dir, &footprint.sources, footprint.ignored);
        let seen =
            snapshot::take(&self.root, &sources, footprint.compare, Some(&old.sources), host);
        let mut all: Vec<Reason> = match seen {
            Err(path) => vec![Reason::SourceUnreadable(path)],
            Ok(sources) => Record::of(footprint, sources).differences(&old).collect(),
        };
        match self.outputs(footprint, &old, host) {
            Err(path) => all.push(Reason::OutputMissing(path)),
            Ok(outputs) => all.extend(old.output_differences(&outputs)),
        }
        let is_told = |reason: &Reason| matches!(reason, Reason::OutputMissing(_));
        if !all.iter().any(is_told) {
            all.extend(ungenerated(footprint, host));
        }
        all.extend(status_fails(footprint));
        (all, warning)
    }

    /// What the last success left, as it is now. The error is the path of a file that cannot be read.
    fn outputs(
        &self,
        footprint: &Footprint,
        old: &Record,
        host: &dyn Host,
    ) -> Result<Snapshot, PathBuf> {
        let outputs = select(host, &footprint.dir, &footprint.generates, footprint.ignored);
        let left: Vec<PathBuf> = outputs
            .into_iter()
            .filter(|file| old.outputs.contains_key(&short(&self.root, file)))
            .collect();
        snapshot::take(&self.root, &left, Compare::Content, Some(&old.outputs), host)
    }

    pub(super) fn expect(&self, pending: &Pending) {
        self.expected().insert(pending.key.clone());
    }

    fn expected(&self) -> MutexGuard<'_, HashSet<String>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, key: &str) {
        let is_expected = |expected: &mut HashSet<String>| expected.contains(key);
        drop(self.written.wait_while(self.expected(), is_expected));
    }

    pub(super) fn commit(
        &self,
        pending: Pending,
        ended: SystemTime,
        traces: Traces,
        host: &dyn Host,
    ) -> Option<String> {
        let key = pending.key.clone();
        let warning = match traces {
            Traces::Left => self.remember(pending, ended, host),
            Traces::None => None,
        };
        self.expected().remove(&key);
        self.written.notify_all();
        warning
    }

    /// Remembers that the body succeeded, and what it left. What was written since then was written by
    /// somebody else, so nobody knows what the task itself left.
    fn remember(&self, pending: Pending, ended: SystemTime, host: &dyn Host) -> Option<String> {
        let Pending { key, footprint, record } = pending;
        let mut record = record?;
        let files = select(host, &footprint.dir, &footprint.generates, footprint.ignored);
        let outputs = snapshot::take(&self.root, &files, Compare::Content, None, host).ok()?;
        if outputs.values().any(|seen| seen.is_younger_than(ended)) {
            return None;
        }
        record.outputs = outputs;
        record.state = State::Done;
        self.store(&key, &record)
    }

    /// Adds stamps that can be trusted by now.
    fn refresh(&self, key: &str, record: &mut Record, old: &Record) -> Option<String> {
        let news = |new: &Snapshot, old: &Snapshot| {
            new.iter().any(|(path, seen)| {
                seen.stamp.is_some() && old.get(path).is_none_or(|old| old.stamp != seen.stamp)
            })
        };
        if !news(&record.sources, &old.sources) && !news(&record.outputs, &old.outputs) {
            return None;
        }
        record.state = State::Done;
        self.store(key, record)
    }

    pub(super) fn prune(&self) {
        if self.has_grown.load(Ordering::Relaxed) {
            // Nothing is lost when that fails but room.
            let _ = self.shelf.prune(RECORDS, BYTES);
        }
    }

    fn load(&self, key: &str, footprint: &Footprint) -> (Option<Record>, Option<String>) {
        let unread = |error: String| {
            format!("what is remembered of task `{}` cannot be read: {error}", footprint.name)
        };
        match self.shelf.get(key) {
            Ok(None) => (None, None),
            Ok(Some(bytes)) => match Record::parse(&bytes) {
                Some(record) => (Some(record), None),
                None => (None, Some(unread("it is damaged, or of another version".into()))),
            },
            Err(error) => (None, Some(unread(error.to_string()))),
        }
    }

    fn store(&self, key: &str, record: &Record) -> Option<String> {
        let failed = |error: io::Error| {
            format!("task `{}` will run again: it cannot be remembered: {error}", record.task)
        };
        self.has_grown.store(true, Ordering::Relaxed);
        self.shelf.put(key, &record.text()).err().map(failed)
    }
}

fn ungenerated(footprint: &Footprint, host: &dyn Host) -> Option<Reason> {
    let missing = unmatched(host, &footprint.dir, &footprint.generates)?;
    Some(Reason::NothingGenerated(missing.text.clone()))
}

fn status_fails(footprint: &Footprint) -> Option<Reason> {
    (!footprint.status_holds).then_some(Reason::StatusFails)
}

/// A file's name for a task and what it was called with.
fn key(footprint: &Footprint) -> String {
    let arguments = footprint.arguments.iter().flat_map(|(name, value)| [&**name, value.as_str()]);
    digest([&*footprint.task].into_iter().chain(arguments))
}
