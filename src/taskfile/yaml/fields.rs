//! Keys of a mapping after `<<` is resolved, with the duplicates kept apart.

use indexmap::IndexMap;
use std::sync::Arc;

use super::{Entry, Kind, Node, Style};

/// The keys of a mapping, each once, and those that were written again.
#[derive(Debug, Default)]
pub struct Merged {
    /// Each key once: an own one, else the first merged one.
    pub entries: Arc<[Entry]>,
    /// Own keys that were written twice: first and again.
    pub duplicates: Vec<(Node, Node)>,
    /// Values of `<<` that are no mappings.
    pub unmergeable: Vec<Node>,
}

/// The entries of a mapping as written; empty for everything else.
pub fn entries(node: &Node) -> &[Entry] {
    match &node.kind {
        Kind::Mapping(entries) => entries,
        _ => &[],
    }
}

/// Maps of so many keys are looked through for each of them.
const FEW: usize = 16;

/// Resolves `<<` in a mapping: own keys win, then earlier merged ones.
pub fn merged(node: &Node) -> Merged {
    if let Kind::Mapping(entries) = &node.kind
        && is_plain(entries)
    {
        return Merged { entries: entries.clone(), ..Merged::default() };
    }
    let mut all = Merged::default();
    let mut found: IndexMap<Arc<str>, Entry> = IndexMap::new();
    let mut below = Vec::new();
    for entry in entries(node) {
        if is_merge(&entry.key) {
            below.push(entry.value.clone());
            continue;
        }
        match found.get(&entry.name()) {
            Some(first) => all.duplicates.push((first.key.clone(), entry.key.clone())),
            None => drop(found.insert(entry.name(), entry.clone())),
        }
    }
    for value in below {
        take(&value, &mut found, &mut all.unmergeable);
    }
    all.entries = found.into_values().collect();
    all
}

fn take(value: &Node, found: &mut IndexMap<Arc<str>, Entry>, unmergeable: &mut Vec<Node>) {
    match &value.kind {
        Kind::Mapping(_) => {
            for entry in &*merged(value).entries {
                found.entry(entry.name()).or_insert_with(|| entry.clone());
            }
        }
        Kind::Sequence(items) if items.iter().all(|i| matches!(i.kind, Kind::Mapping(_))) => {
            items.iter().for_each(|item| take(item, found, unmergeable));
        }
        _ => unmergeable.push(value.clone()),
    }
}

/// Whether a few keys are known at a glance to be different, and no `<<` among them.
fn is_plain(entries: &[Entry]) -> bool {
    let is_new = |(at, entry): (usize, &Entry)| match &entry.key.kind {
        Kind::Scalar(text, _) => {
            !is_merge(&entry.key)
                && entries[..at]
                    .iter()
                    .all(|other| other.key.text().is_some_and(|other| other.value != text.value))
        }
        _ => false,
    };
    entries.len() <= FEW && entries.iter().enumerate().all(is_new)
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar(text, Style::Plain) if &*text.value == "<<")
}
