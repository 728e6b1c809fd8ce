//! A large Taskfile, of which only what is asked for is parsed.
//!
//! What is not reached is not looked at closely: a mistake in it goes unseen, which is what makes it quick.
//! Where anything is odd, or wrong, there is no part, and the whole file is loaded.

mod index;

use std::collections::BTreeSet;
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
    /// Each task's name and description, empty where it has none, in the order of the file.
    pub tasks: Vec<(Arc<str>, String)>,
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
    let described = |place: &Place| match place.is_special {
        false => Some((index.name(place).into(), description(index.desc(place))?)),
        true => None,
    };
    let tasks = index.tasks.iter().map(described).collect::<Option<Vec<_>>>()?;
    let model = model(root, &text, &index, &BTreeSet::from([0]), dialect, host)?;
    Some(Outline { model, tasks })
}

fn text(root: &Root, host: &dyn Host) -> Option<Arc<str>> {
    let text = match &root.text {
        Some(text) => text.clone(),
        None => host.read(&root.file).ok()?.into(),
    };
    (text.len() >= LARGE).then_some(text)
}

/// The file as if it had no other tasks than those; `None` when there is anything to say about it.
fn model(
    root: &Root,
    text: &Arc<str>,
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
