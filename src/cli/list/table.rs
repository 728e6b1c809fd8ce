//! The list for people, in the columns of go-task.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cli::args::Program;
use crate::term::{Colour, Style, columns};

/// Between two columns.
const GAP: usize = 6;
const SPACES: &str = "                                                                ";

/// A task.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) desc: &'a str,
    pub(super) aliases: &'a [Arc<str>],
}

impl Row<'_> {
    fn desc(&self) -> Cow<'_, str> {
        match self.desc.contains('\n') {
            true => self.desc.replace('\n', " ").into(),
            false => self.desc.into(),
        }
    }
}

pub(super) fn of<'r>(
    rows: impl Iterator<Item = Row<'r>> + Clone,
    program: Program,
    style: Style,
) -> String {
    let names = rows.clone().map(|row| columns(row.name)).max().unwrap_or(0);
    let mut widths = widths(rows.clone()).into_iter();
    let word = match program {
        Program::Par => "par",
        Program::Task => "task",
    };
    let mut text = format!("{word}: Available tasks for this project:\n");
    // All but colours and aliases, so that a long list does not grow by being copied.
    text.reserve(rows.clone().map(|row| "* :\n".len() + names + 1 + GAP + row.desc.len()).sum());
    let space = |text: &mut String, width: usize| match SPACES.get(..width) {
        Some(spaces) => text.push_str(spaces),
        None => text.extend(std::iter::repeat_n(' ', width)),
    };
    let star = style.paint(Colour::Yellow, "* ");
    for row in rows {
        let desc = row.desc();
        text.push_str(&star);
        match style.is_coloured {
            true => text.push_str(&style.paint(Colour::Green, row.name)),
            false => text.push_str(row.name),
        }
        text.push(':');
        space(&mut text, names - columns(row.name) + 1 + GAP);
        text.push_str(&desc);
        if !row.aliases.is_empty() {
            let width = widths.next().unwrap_or(0);
            space(&mut text, width - columns(&desc) + GAP);
            let aliases = format!("(aliases: {})", row.aliases.join(", "));
            text.push_str(&style.paint(Colour::Cyan, &aliases));
        }
        text.push('\n');
    }
    text
}

/// Width of the descriptions in front of aliases: rows with aliases that follow one another share it.
fn widths<'r>(rows: impl Iterator<Item = Row<'r>>) -> Vec<usize> {
    let (mut widths, mut group) = (Vec::new(), (0, 0));
    for row in rows {
        match row.aliases.is_empty() {
            true => {
                let (count, width) = std::mem::take(&mut group);
                widths.extend(std::iter::repeat_n(width, count));
            }
            false => group = (group.0 + 1, group.1.max(columns(&row.desc()))),
        }
    }
    let (count, width) = group;
    widths.extend(std::iter::repeat_n(width, count));
    widths
}
