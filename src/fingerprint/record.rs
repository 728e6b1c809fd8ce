//! What is remembered of one call of a task, as it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::snapshot::{Seen, Snapshot};
use super::{Compare, Footprint, Reason};

/// Changes when what is stored means something else.
const VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    /// For people.
    pub(super) task: String,
    pub(super) state: State,
    method: String,
    commands: String,
    variables: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    generates: String,
    pub(super) sources: Snapshot,
    pub(super) outputs: Snapshot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// The body began and nobody heard of its success.
    Begun,
    /// It succeeded.
    Done,
}

impl Record {
    /// What a task is made of before it runs. Only digests are kept: values may be secret.
    pub(super) fn of(footprint: &Footprint, sources: Snapshot) -> Record {
        let digests = |all: &BTreeMap<_, String>| {
            let one = |(name, text): (&std::sync::Arc<str>, &String)| {
                (name.to_string(), digest([text.as_str()]))
            };
            all.iter().map(one).collect()
        };
        let patterns = footprint.generates.iter();
        Record {
            version: VERSION,
            task: footprint.task.to_string(),
            state: State::Begun,
            method: match footprint.compare {
                Compare::Content => "checksum".into(),
                Compare::Time => "timestamp".into(),
            },
            commands: digest(footprint.commands.iter().map(String::as_str)),
            variables: digests(&footprint.variables),
            environment: digests(&footprint.environment),
            generates: digest(patterns.flat_map(|p| [if p.exclude { "-" } else { "+" }, &p.text])),
            sources,
            outputs: Snapshot::new(),
        }
    }

    /// Reads what was stored; `None` when it is of another version or was not stored by us.
    pub(super) fn parse(bytes: &[u8]) -> Option<Record> {
        let record: Record = serde_json::from_slice(bytes).ok()?;
        (record.version == VERSION).then_some(record)
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// All reasons why a task that is made of this has to run, when it was made of `old` before; outputs
    /// aside.
    pub(super) fn differences<'a>(&'a self, old: &'a Record) -> impl Iterator<Item = Reason> + 'a {
        let is = |differs: bool, reason: Reason| differs.then_some(reason);
        let variable = |(name, _): (&String, _)| Reason::VariableChanged(name.as_str().into());
        let environment =
            |(name, _): (&String, _)| Reason::EnvironmentChanged(name.as_str().into());
        is(old.state == State::Begun, Reason::Unfinished)
            .into_iter()
            .chain(is(self.commands != old.commands, Reason::CommandsChanged))
            .chain(is(self.method != old.method, Reason::MethodChanged))
            .chain(is(self.generates != old.generates, Reason::OutputsRedefined))
            .chain(differences(&self.variables, &old.variables, String::eq).map(variable))
            .chain(differences(&self.environment, &old.environment, String::eq).map(environment))
            .chain(source_differences(&self.sources, &old.sources))
    }

    /// The files of the last success that are not in `now` as they were then.
    pub(super) fn output_differences<'a>(
        &'a self,
        now: &'a Snapshot,
    ) -> impl Iterator<Item = Reason> + 'a {
        self.outputs.iter().filter_map(|(path, left)| match now.get(path) {
            None => Some(Reason::OutputMissing(path.into())),
            Some(seen) if seen.digest != left.digest => Some(Reason::OutputChanged(path.into())),
            Some(_) => None,
        })
    }
}

fn source_differences<'a>(
    new: &'a Snapshot,
    old: &'a Snapshot,
) -> impl Iterator<Item = Reason> + 'a {
    let is_same = |new: &Seen, old: &Seen| new.digest == old.digest;
    differences(new, old, is_same).map(|(path, change)| {
        let path = PathBuf::from(path);
        match change {
            Change::Added => Reason::SourceAdded(path),
            Change::Removed => Reason::SourceRemoved(path),
            Change::Other => Reason::SourceChanged(path),
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    Added,
    Removed,
    Other,
}

/// All differences, changes before additions before removals.
fn differences<'a, T>(
    new: &'a BTreeMap<String, T>,
    old: &'a BTreeMap<String, T>,
    is_same: impl Fn(&T, &T) -> bool + 'a,
) -> impl Iterator<Item = (&'a String, Change)> + 'a {
    let changed = new.iter().filter_map(move |(name, seen)| {
        old.get(name).is_some_and(|old| !is_same(seen, old)).then_some((name, Change::Other))
    });
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    changed
        .chain(added.map(|name| (name, Change::Added)))
        .chain(removed.map(|name| (name, Change::Removed)))
}

/// A digest of texts, which differs also when the same text is cut elsewhere.
pub(super) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_cut_elsewhere_has_another_digest() {
        assert_eq!(digest(["ab", "c"]), digest(["ab", "c"]));
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_ne!(digest(["ab"]), digest(["ab", ""]));
    }

    #[test]
    fn what_is_no_record_of_this_version_is_none() {
        assert!(Record::parse(b"").is_none());
        assert!(Record::parse(b"{\"version\":1}").is_none());
        assert!(Record::parse(b"\xff").is_none());
    }
}
