//! A large Taskfile, of which only what is asked for is parsed.
//!
//! What is not reached is not looked at closely: a mistake in it goes unseen, which is what makes it quick.
//! Where anything is odd, or wrong, there is no part, and the whole file is loaded.

mod index;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::discover::Root;
use super::model::{Action, Call, Model, Task};
use super::yaml::{self, Cut};
use super::{Dialect, merge, read};
use crate::host::Host;
use crate::source::FileId;

use index::{Index, Place};

/// Files below this are parsed faster than it is worth to think about it; and a mistake in one that people still
/// read as a whole is shown whatever is asked for.
const LARGE: usize = 16 << 10;
/// Whoever may reach more than one byte in so many has the whole file parsed.
const SHARE: usize = 2;

/// The names and descriptions of all tasks, and the rest of the file.
#[derive(Debug)]
pub struct Outline {
    /// The file with one of its tasks.
    pub model: Model,
    text: Arc<String>,
    places: Vec<Place>,
    /// Descriptions that are not written as they are.
    others: BTreeMap<usize, String>,
}

impl Outline {
    /// The tasks by number, in the order of the file.
    pub fn tasks(&self) -> Range<usize> {
        0..self.places.len()
    }

    /// The name of a task.
    pub fn name(&self, task: usize) -> &str {
        self.places[task].name_in(&self.text)
    }

    /// The description of a task, empty where it has none.
    pub fn desc(&self, task: usize) -> &str {
        let place = &self.places[task].desc;
        let plain = || &self.text[place.start as usize..place.end as usize];
        match self.others.is_empty() {
            true => plain(),
            false => self.others.get(&task).map_or_else(plain, String::as_str),
        }
    }
}

/// The tasks of these names, and all that they may call.
pub(super) fn tasks(
    root: &Root,
    names: &[String],
    dialect: Dialect,
    host: &dyn Host,
) -> Option<Model> {
    let text = text(root, host)?;
    let index = Index::new(&text)?;
    let named = names.iter().map(|name| index.find(name)).collect::<Option<BTreeSet<u32>>>()?;
    let wanted = index.reach(named, text.len() / SHARE)?;
    let model = model(root, &text, &index, &wanted, dialect, host)?;
    let is_wanted = |task: &Arc<Task>| {
        calls(task, &index).is_some_and(|all| all.iter().all(|called| wanted.contains(called)))
    };
    model.tasks.values().all(is_wanted).then_some(model)
}

/// What a list needs.
pub(super) fn outline(root: &Root, dialect: Dialect, host: &dyn Host) -> Option<Outline> {
    let text = text(root, host)?;
    let index = Index::new(&text)?;
    if index.tasks.iter().any(|place| place.is_special) {
        return None;
    }
    let model = model(root, &text, &index, &BTreeSet::from([0]), dialect, host)?;
    let mut places = index.tasks;
    let mut others = BTreeMap::new();
    for (task, place) in places.iter_mut().enumerate().filter(|(_, place)| !place.desc.is_empty()) {
        let written = &text[place.desc.start as usize..place.desc.end as usize];
        match plain(written) {
            Some(plain) => {
                let start = place.desc.start + plain.start as u32;
                place.desc = start..start + plain.len() as u32;
            }
            None => drop(others.insert(task, description(written)?)),
        }
    }
    Some(Outline { model, text, places, others })
}

fn text(root: &Root, host: &dyn Host) -> Option<Arc<String>> {
    let text = match &root.text {
        Some(text) => Arc::new(text.to_string()),
        None => host.read(&root.file).ok()?.into(),
    };
    (text.len() >= LARGE).then_some(text)
}

/// The file as if it had no other tasks than those; `None` when there is anything to say about it.
fn model(
    root: &Root,
    text: &Arc<String>,
    index: &Index<'_>,
    wanted: &BTreeSet<u32>,
    dialect: Dialect,
    host: &dyn Host,
) -> Option<Model> {
    let (before, after) = index.around();
    let lines = wanted.iter().map(|&task| index.lines(task));
    let cut = Cut::new(text, std::iter::once(before).chain(lines).chain([after]));
    // Programs that are tasks may be any task.
    if mentions_program(&cut.text) {
        return None;
    }
    let tree = read::part(root, text, &cut, dialect, host);
    if !tree.diagnostics.is_empty() || !tree.broken.is_empty() {
        return None;
    }
    let model = merge::merge(tree, root.file.clone(), root.dir.clone()).ok()?;
    model.warnings.is_empty().then_some(model)
}

/// Whether `task:NAME` stands there, as a program that a shell calls.
fn mentions_program(text: &str) -> bool {
    let after = |(at, word): (usize, &str)| text[at + word.len()..].chars().next();
    text.match_indices("task:").filter_map(after).any(|next| !matches!(next, ' ' | '\r' | '\n'))
}

/// The tasks that a task may call; `None` when one of them is not known by its name.
fn calls(task: &Task, index: &Index<'_>) -> Option<Vec<u32>> {
    let of_command = task.cmds.iter().filter_map(|command| match &command.action {
        Action::Call(call) | Action::DeferCall(call) => Some(&**call),
        Action::Lifted(lifted) => Some(&lifted.call),
        Action::Shell(_) | Action::Join | Action::DeferShell(_) => None,
    });
    let literal =
        |call: &Call| call.task.literal().and_then(|_| index.find(&call.task.text().value));
    task.deps.iter().chain(of_command).map(literal).collect()
}

/// Where in a `desc` with its key a text stands that begins as a text, is a few words in ASCII, and ends there.
fn plain(written: &str) -> Option<Range<usize>> {
    const WORDS: [bool; 256] = line::letters_digits_and(" _-,./()");
    let bytes = written.as_bytes();
    let after = bytes.iter().position(|&byte| byte == b':')? + 1;
    let start = after + bytes[after..].iter().take_while(|&&byte| byte == b' ').count();
    let is_space = |byte: &&u8| byte.is_ascii_whitespace();
    let end = bytes.len() - bytes[start..].iter().rev().take_while(is_space).count();
    let value = &bytes[start..end];
    let is_text = value.first().is_some_and(u8::is_ascii_alphabetic) && value.contains(&b' ');
    (is_text && value.iter().all(|&byte| WORDS[byte as usize])).then_some(start..end)
}

/// The text of a `desc` with its key; `None` when it has to be evaluated, or is no text.
fn description(written: &str) -> Option<String> {
    if written.contains("{{") {
        return None;
    }
    let Some((_, value)) = written.split_once(':') else { return Some(String::new()) };
    let plain = value.trim();
    let is_word = |c: char| c.is_alphanumeric() || " _-,./()".contains(c);
    let begins_as_text = plain.starts_with(|c: char| c.is_alphabetic());
    if begins_as_text && plain.contains(' ') && plain.chars().all(is_word) {
        return Some(plain.into());
    }
    // Cut out, its indentation is that of its first line: the key's.
    let whole = yaml::parse(written, FileId::default()).ok()?;
    let [entry] = yaml::entries(&whole) else { return None };
    match entry.value.text() {
        Some(text) => Some(text.value.to_string()),
        None => entry.value.is_null().then(String::new),
    }
}
