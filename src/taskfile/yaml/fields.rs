//! Keys of a mapping after `<<` is resolved, with the duplicates kept apart.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

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

/// Maps of no more keys are looked through for each of them.
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

/// Whether all keys are texts, each different, and no `<<` among them.
fn is_plain(entries: &[Entry]) -> bool {
    let names = || entries.iter().filter_map(|entry| entry.key.text()).map(|text| &*text.value);
    if names().count() < entries.len() || entries.iter().any(|entry| is_merge(&entry.key)) {
        return false;
    }
    if entries.len() <= FEW {
        return names().enumerate().all(|(at, name)| names().take(at).all(|other| other != name));
    }
    let mut known = HashSet::with_capacity(entries.len());
    names().all(|name| known.insert(name))
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar(text, Style::Plain) if &*text.value == "<<")
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::source::FileId;

    /// Keys and values, and the duplicates by their places.
    fn read(text: &str) -> (String, Vec<(u32, u32)>) {
        let all = merged(&parse(text, FileId::default()).expect("yaml"));
        let value = |entry: &Entry| entry.value.text().map_or("".into(), |text| text.value.clone());
        let pairs = all.entries.iter().map(|entry| format!("{}={}", entry.name(), value(entry)));
        let places =
            all.duplicates.iter().map(|(first, again)| (first.span.start, again.span.start));
        (pairs.collect::<Vec<_>>().join(" "), places.collect())
    }

    #[test]
    fn own_keys_win_then_those_merged_first_however_many_there_are() {
        let text =
            "a: 1\n<<: [{a: 2, b: 2}, {b: 3, c: 3}]\nd: 4\na: 5\n<<: {d: 6, e: 6}\n~: 7\nnull: 8\n";
        let (pairs, duplicates) = read(text);
        assert_eq!(pairs, "a=1 d=4 null=7 b=2 c=3 e=6");
        let at = |key: &str| text.find(key).expect("a key") as u32;
        assert_eq!(duplicates, [(0, at("a: 5")), (at("~"), at("null"))]);
        let many: String = (0..=FEW).map(|key| format!("k{key}: {key}\n")).collect();
        let (more, again) = read(&(text.to_owned() + &many));
        let (before, merged) = pairs.split_at(pairs.find(" b").expect("b"));
        assert_eq!(
            more,
            format!("{before} {}{merged}", many.replace(": ", "=").trim().replace('\n', " "))
        );
        assert_eq!(again, duplicates);
        let (more, again) = read(&format!("{many}k3: a\n"));
        assert_eq!(more, many.replace(": ", "=").trim().replace('\n', " "));
        assert_eq!(again, [(many.find("k3").expect("k3") as u32, many.len() as u32)]);
    }
}
