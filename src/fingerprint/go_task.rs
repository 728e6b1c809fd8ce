//! go-task's way: one checksum over all sources, or one stamp, in a folder of its own.
//!
//! What go-task does, good or not, so that both can work on one project in turn: the checksum is
//! written before the task runs, the stamp is touched whenever the question is asked, and only sources
//! count.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Compare, Footprint, Judgement, Kind, Reason, Traces};
use crate::host::files::{select, unmatched};
use crate::host::{Host, digest};

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) folder: PathBuf,
}

#[derive(Debug)]
pub(super) struct Pending {
    /// What a failure makes wrong.
    checksum: Option<PathBuf>,
}

impl Memory {
    pub(super) fn judge(
        &self,
        footprint: &Footprint,
        traces: Traces,
        host: &dyn Host,
    ) -> (Judgement, Option<String>) {
        let file = match footprint.compare {
            Compare::Content => self.folder.join("checksum").join(file_name(&footprint.name)),
            Compare::Time => self.folder.join("timestamp").join(file_name(&footprint.written)),
        };
        let asked = match footprint.compare {
            _ if footprint.forced => Ok(Some(Reason::Forced)),
            Compare::Content => by_checksum(footprint, &file, traces, host),
            Compare::Time => by_time(footprint, &file, traces, host),
        };
        let (reason, warning) = match asked {
            Ok(reason) => (reason, None),
            Err(error) => (Some(Reason::FirstRun), Some(format!("{}: {error}", file.display()))),
        };
        let reason = reason.or((!footprint.status_holds).then_some(Reason::StatusFails));
        let checksum = (footprint.compare == Compare::Content).then_some(file);
        let judgement = match reason {
            None => Judgement::UpToDate,
            Some(reason) => {
                let pending = super::Pending(Kind::GoTask(Pending { checksum }));
                Judgement::Stale { reason, pending }
            }
        };
        (judgement, warning)
    }

    pub(super) fn forget(&self, pending: &Pending) {
        if let Some(file) = &pending.checksum {
            // Mostly it is not there any more, or never was.
            let _ = fs::remove_file(file);
        }
    }
}

fn by_checksum(
    footprint: &Footprint,
    file: &Path,
    traces: Traces,
    host: &dyn Host,
) -> io::Result<Option<Reason>> {
    let sources = select(host, &footprint.dir, &footprint.sources, footprint.ignored);
    let Ok(checksum) = host.checksum(&sources) else { return Ok(Some(Reason::SourcesChanged)) };
    let old = fs::read_to_string(file).unwrap_or_default();
    let new = digest::shown(checksum);
    let is_same = old.trim() == new;
    if !is_same && traces == Traces::Left {
        replace(file, format!("{new}\n").as_bytes())?;
    }
    if let Some(pattern) = unmatched(host, &footprint.dir, &footprint.generates) {
        return Ok(Some(Reason::NothingGenerated(pattern.text.clone())));
    }
    Ok(match (is_same, old.is_empty()) {
        (true, _) => None,
        (false, true) => Some(Reason::FirstRun),
        (false, false) => Some(Reason::SourcesChanged),
    })
}

fn by_time(
    footprint: &Footprint,
    stamp: &Path,
    traces: Traces,
    host: &dyn Host,
) -> io::Result<Option<Reason>> {
    if let Some(pattern) = unmatched(host, &footprint.dir, &footprint.generates) {
        return Ok(Some(Reason::NothingGenerated(pattern.text.clone())));
    }
    let files = |patterns| select(host, &footprint.dir, patterns, footprint.ignored);
    let mut made = files(&footprint.generates);
    let begun = SystemTime::now();
    if host.modified(stamp).is_ok() {
        made.push(stamp.into());
    } else if traces == Traces::Left {
        replace(stamp, b"")?;
    }
    let times: Result<Vec<SystemTime>, _> = made.iter().map(|file| host.modified(file)).collect();
    let Ok(Some(newest)) = times.map(|times| times.into_iter().max()) else {
        return Ok(Some(Reason::FirstRun));
    };
    for source in files(&footprint.sources) {
        match host.modified(&source) {
            Ok(time) if time <= newest => {}
            Ok(_) => {
                touch(stamp, begun, traces)?;
                return Ok(Some(Reason::SourceNewer(source)));
            }
            Err(_) => return Ok(Some(Reason::SourceUnreadable(source))),
        }
    }
    touch(stamp, begun, traces)?;
    Ok(None)
}

fn touch(stamp: &Path, time: SystemTime, traces: Traces) -> io::Result<()> {
    match traces {
        Traces::Left => File::options().write(true).open(stamp)?.set_modified(time),
        Traces::None => Ok(()),
    }
}

/// Puts a file in the place of another, which is not followed if it is a link.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", std::process::id()));
    let draft = PathBuf::from(draft);
    let _ = fs::remove_file(&draft);
    let mut file = File::options().write(true).create_new(true).open(&draft)?;
    file.write_all(bytes).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// A name in which everything but ASCII letters and digits became `-`.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
