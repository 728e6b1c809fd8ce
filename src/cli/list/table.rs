//! The list for people, in the columns of go-task.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cli::args::Program;
use crate::term::{Colour, Style, columns};

/// Between two columns.
const GAP: usize = 6;

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

pub(super) fn of(rows: &[Row<'_>], program: Program, style: Style) -> String {
    let names = rows.iter().map(|row| columns(row.name)).max().unwrap_or(0);
    let widths = widths(rows);
    let word = match program {
        Program::Par => "par",
        Program::Task => "task",
    };
    let mut text = format!("{word}: Available tasks for this project:\n");
    let space = |text: &mut String, width: usize| text.extend(std::iter::repeat_n(' ', width));
    for (row, width) in rows.iter().zip(widths) {
        let desc = row.desc();
        text.push_str(&style.paint(Colour::Yellow, "* "));
        text.push_str(&style.paint(Colour::Green, row.name));
        text.push(':');
        space(&mut text, names - columns(row.name) + 1 + GAP);
        text.push_str(&desc);
        if !row.aliases.is_empty() {
            space(&mut text, width - columns(&desc) + GAP);
            let aliases = format!("(aliases: {})", row.aliases.join(", "));
            text.push_str(&style.paint(Colour::Cyan, &aliases));
        }
        text.push('\n');
    }
    text
}

/// Width of the descriptions: rows with aliases that follow one another share it.
fn widths(rows: &[Row<'_>]) -> Vec<usize> {
    let mut widths = Vec::with_capacity(rows.len());
    for rows in rows.chunk_by(|a, b| a.aliases.is_empty() == b.aliases.is_empty()) {
        let width = match rows[0].aliases.is_empty() {
            true => 0,
            false => rows.iter().map(|row| columns(&row.desc())).max().unwrap_or(0),
        };
        widths.extend(std::iter::repeat_n(width, rows.len()));
    }
    widths
}
