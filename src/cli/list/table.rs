//! The list for people, in the columns of go-task.

use super::Listed;
use crate::term::columns;

/// Between two columns.
const GAP: usize = 6;

pub(super) fn of(listed: &[Listed], coloured: bool) -> String {
    let paint = |code: &str, text: &str| match coloured && !text.is_empty() {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.into(),
    };
    let names = listed.iter().map(|listed| columns(&listed.task.name)).max().unwrap_or(0);
    let widths = widths(listed);
    let mut text = String::from("task: Available tasks for this project:\n");
    for (listed, width) in listed.iter().zip(widths) {
        let (name, desc) = (&listed.task.name, desc(listed));
        let after_name = " ".repeat(names - columns(name) + 1 + GAP);
        text += &format!("{}{}:{after_name}{desc}", paint("33", "* "), paint("32", name));
        if !listed.task.aliases.is_empty() {
            let after_desc = " ".repeat(width - columns(&desc) + GAP);
            let aliases = format!("(aliases: {})", listed.task.aliases.join(", "));
            text += &format!("{after_desc}{}", paint("36", &aliases));
        }
        text.push('\n');
    }
    text
}

fn desc(listed: &Listed) -> String {
    listed.is.desc.replace('\n', " ")
}

/// Width of the descriptions: rows with aliases that follow one another share it.
fn widths(listed: &[Listed]) -> Vec<usize> {
    let mut widths = Vec::with_capacity(listed.len());
    for rows in listed.chunk_by(|a, b| a.task.aliases.is_empty() == b.task.aliases.is_empty()) {
        let width = rows.iter().map(|listed| columns(&desc(listed))).max().unwrap_or(0);
        widths.extend(std::iter::repeat_n(width, rows.len()));
    }
    widths
}
