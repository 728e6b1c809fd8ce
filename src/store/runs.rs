//! Recorded and living runs: which there are, and what they left.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::event::Outcome;
use crate::id::RunId;

use super::endings::{self, Ending};
use super::events::{self, Events};
use super::folder::Folder;
use super::reader::LogReader;
use super::{RUN_LOCK, STATE};

/// Name of the file that describes a run.
pub(super) const META: &str = "run.json";
/// Longest description that is read, bytes.
const META_LIMIT: u64 = 16 << 20;

/// The version of [`Meta`].
pub const META_VERSION: u32 = 1;

/// What `run.json` says of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// [`META_VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// What was asked for.
    pub tasks: Vec<String>,
    /// The command line, without the program.
    pub arguments: Vec<String>,
    /// The name that the program was called by.
    #[serde(default)]
    pub program: String,
    /// Where the user stood; what is not UTF-8 of its path is replaced.
    #[serde(default, serialize_with = "crate::event::lossy")]
    pub directory: PathBuf,
    /// The process that runs it.
    pub pid: u32,
    /// Where it listens while it lives.
    pub socket: Option<PathBuf>,
    /// Wall clock at the beginning, milliseconds since 1970 UTC.
    pub started: u64,
    /// Version of the program.
    pub par: String,
    /// `None` until it ends by itself.
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    /// Its outcome.
    pub outcome: Outcome,
    /// Its wall time, microseconds.
    pub wall: u64,
    /// Sum of the wall times of its processes, microseconds.
    pub sequential: u64,
}

/// A run that left a directory.
#[derive(Clone, PartialEq, Debug)]
pub struct RunEntry {
    /// The run.
    pub id: RunId,
    /// Its directory.
    pub directory: PathBuf,
    /// Whether it is still going on.
    pub is_live: bool,
    /// What it says of itself; `None` when that cannot be read.
    pub meta: Option<Meta>,
}

/// The runs of one Taskfile.
#[derive(Clone, Debug)]
pub struct Runs {
    root: PathBuf,
}

impl Runs {
    /// The runs of the Taskfile in `root`.
    pub fn new(root: &Path) -> Runs {
        Runs { root: root.into() }
    }

    /// All of them, newest first.
    pub fn list(&self) -> Vec<RunEntry> {
        let ids = self.ids();
        ids.into_iter().rev().filter_map(|id| self.entry(id)).collect()
    }

    /// The id of the newest run.
    pub fn newest(&self) -> Option<String> {
        self.ids().pop()
    }

    /// The newest run (`latest`), or the one whose id begins with `wanted`. An error says why
    /// there is none, or not only one.
    pub fn find(&self, wanted: &str) -> Result<RunEntry, String> {
        let mut ids = self.ids();
        if wanted == "latest" {
            ids = ids.split_off(ids.len().saturating_sub(1));
        } else if ids.iter().any(|id| id == wanted) {
            ids.retain(|id| id == wanted);
        } else {
            ids.retain(|id| id.starts_with(wanted));
        }
        match ids.as_slice() {
            [] if wanted == "latest" => Err("no run is recorded here".into()),
            [] => Err(format!("no run is called \"{wanted}\"")),
            [id] => self.entry(id.clone()).ok_or_else(|| format!("run {id} cannot be read")),
            many => Err(format!("\"{wanted}\" is the beginning of {} runs", many.len())),
        }
    }

    /// What happened in a run.
    pub fn events(&self, run: &RunEntry) -> io::Result<Events> {
        let file = self.folder(run.id.as_str()).and_then(|folder| folder.file(events::NAME));
        file.map(Events::new)
    }

    /// How the calls of a run ended, in that order, as far as it is recorded.
    pub fn endings(&self, run: &RunEntry) -> Vec<Ending> {
        let folder = self.folder(run.id.as_str());
        let text = folder.and_then(|folder| folder.read(endings::NAME, endings::LIMIT));
        let text = text.unwrap_or_default();
        text.split(|&byte| byte == b'\n').map_while(|l| serde_json::from_slice(l).ok()).collect()
    }

    /// The logs of a run, as far as its events tell of them.
    pub fn reader(&self, run: &RunEntry) -> io::Result<LogReader> {
        let folder = self.folder(run.id.as_str())?;
        Ok(LogReader::recorded(folder, run.directory.clone()))
    }

    /// Whether a run is still going on.
    pub fn is_live(&self, run: &RunEntry) -> bool {
        self.folder(run.id.as_str()).is_ok_and(|folder| folder.is_locked(RUN_LOCK))
    }

    /// Removes what a run left, unless it is still going on; whether it did.
    pub fn remove(&self, run: &RunEntry) -> io::Result<bool> {
        if self.is_live(run) {
            return Ok(false);
        }
        self.all()?.remove(run.id.as_str().as_ref()).map(|()| true)
    }

    fn ids(&self) -> Vec<String> {
        let names = self.all().and_then(|runs| runs.names()).unwrap_or_default();
        let folders = names.into_iter().filter(|(_, is_folder)| *is_folder);
        folders.filter_map(|(name, _)| name.into_string().ok()).collect()
    }

    fn entry(&self, id: String) -> Option<RunEntry> {
        let folder = self.folder(&id).ok()?;
        let meta = folder.read(META, META_LIMIT).ok();
        let meta = meta.and_then(|text| serde_json::from_slice::<Meta>(&text).ok());
        Some(RunEntry {
            directory: self.root.join(STATE).join("runs").join(&id),
            is_live: folder.is_locked(RUN_LOCK),
            meta: meta.filter(|meta| meta.version <= META_VERSION),
            id: RunId(id.into()),
        })
    }

    fn all(&self) -> io::Result<Folder> {
        Folder::at(&self.root)?.open(STATE)?.open("runs")
    }

    fn folder(&self, id: &str) -> io::Result<Folder> {
        self.all()?.open(id)
    }
}
