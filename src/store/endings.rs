//! `ended.jsonl`: which calls of a run ended how, for a run that goes on where it stopped.
//!
//! Written in batches like events; a line that was cut off is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::json::Json;

use super::Store;

/// Name of the file in a run's directory.
pub(super) const NAME: &str = "ended.jsonl";
/// Longest file that is read, bytes.
pub(super) const LIMIT: u64 = 64 << 20;

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// What it has in common with the same call of another run, as hexadecimal digits.
    pub call: String,
    /// Full name of its task.
    pub task: Arc<str>,
    /// It succeeded; `false`: it failed for a reason of its own.
    pub succeeded: bool,
    /// The names of what it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Arc<str>>,
    /// What it left for later tasks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<Arc<str>, Arc<str>>,
}

impl Ending {
    /// As serde writes it.
    fn write_line(&self, text: &mut Vec<u8>) {
        let Ending { call, task, succeeded, given, outputs } = self;
        let mut json = Json(text);
        json.raw(r#"{"call":"#).text(call).raw(r#","task":"#).text(task);
        json.raw(r#","succeeded":"#).flag(*succeeded);
        if !given.is_empty() {
            json.raw(r#","given":"#).texts(given);
        }
        if !outputs.is_empty() {
            json.raw(r#","outputs":"#).other(outputs);
        }
        json.raw("}\n");
    }
}

/// Writes how calls end. There should be one in a run.
#[derive(Debug)]
pub struct Endings {
    store: Store,
    waiting: Vec<u8>,
    /// `None` until there is something, and where nothing can be kept.
    file: Option<File>,
    is_broken: bool,
}

impl Endings {
    pub(super) fn new(store: Store) -> Endings {
        Endings { store, waiting: Vec::new(), file: None, is_broken: false }
    }

    /// Adds how a call ended; [`Endings::flush`] writes it.
    pub fn push(&mut self, ending: &Ending) {
        if !self.is_broken {
            ending.write_line(&mut self.waiting);
        }
    }

    /// Writes what is waiting. What cannot be written is a warning of the store.
    pub fn flush(&mut self) {
        if self.waiting.is_empty() || self.is_broken {
            return;
        }
        let written = match (&mut self.file, self.store.run_folder()) {
            (Some(file), _) => file.write_all(&self.waiting),
            (None, Some(run)) => run.folder.create(NAME).and_then(|mut file| {
                let written = file.write_all(&self.waiting);
                self.file = Some(file);
                written
            }),
            (None, None) => {
                self.is_broken = true;
                Ok(())
            }
        };
        if let Err(error) = written {
            self.is_broken = true;
            self.store.warn(format!("how tasks ended is not recorded: {error}"));
        }
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_serde_writes() {
        let (some, outputs) = (vec!["a".into(), "b\"".into()], [("k".into(), "v\n".into())]);
        for (task, succeeded, given, outputs) in [
            ("a:b", true, Vec::new(), BTreeMap::new()),
            ("tab\t", false, some.clone(), BTreeMap::new()),
            ("é", true, some, BTreeMap::from(outputs)),
        ] {
            let (call, task) = ("0f".into(), task.into());
            let ending = Ending { call, task, succeeded, given, outputs };
            let mut line = Vec::new();
            ending.write_line(&mut line);
            let json = serde_json::to_string(&ending).unwrap();
            assert_eq!(String::from_utf8(line).unwrap(), json + "\n");
        }
    }
}
