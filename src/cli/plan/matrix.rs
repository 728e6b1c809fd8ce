//! A plan as a matrix: for each task, when it can start, what it blocks, what it may run beside.

use std::collections::{BTreeMap, BTreeSet};

use super::view::{TaskLine, View};
use crate::term::columns;

/// The matrix as a table.
pub(super) fn text(view: &View) -> String {
    let matrix = Matrix::new(view);
    let has_agents = matrix.lines.iter().any(|line| line.agent.is_some());
    let mut rows = vec![
        vec!["Task", "Agent", "Can Start", "Blocks", "Parallel With"]
            .into_iter()
            .map(String::from)
            .collect::<Vec<_>>(),
    ];
    for (at, line) in matrix.lines.iter().enumerate() {
        rows.push(vec![
            line.name.clone(),
            line.agent.clone().unwrap_or_else(|| "-".into()),
            match matrix.named(&matrix.direct[at]) {
                none if none == "-" => "now".into(),
                needs => format!("after {needs}"),
            },
            matrix.named(&matrix.blocked(at)),
            matrix.named(&matrix.beside(at)),
        ]);
    }
    if !has_agents {
        rows.iter_mut().for_each(|row| drop(row.remove(1)));
    }
    aligned(&rows)
}

struct Matrix<'a> {
    /// In the order of the plan.
    lines: Vec<&'a TaskLine>,
    /// For each task all that has to end before it starts.
    before: Vec<BTreeSet<usize>>,
    /// Those of them that nothing else stands before.
    direct: Vec<Vec<usize>>,
}

impl<'a> Matrix<'a> {
    fn new(view: &'a View) -> Matrix<'a> {
        let mut lines: Vec<&TaskLine> = view.levels.iter().flatten().collect();
        let mut before: Vec<BTreeSet<usize>> = Vec::new();
        // What a task needs is on a lower level, so it comes first.
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            let direct = line.needs.iter().flat_map(|need| places.get(&**need)).flatten().copied();
            let direct: Vec<usize> = direct.collect();
            let mut all: BTreeSet<usize> = direct.iter().copied().collect();
            direct.iter().for_each(|&need| all.extend(&before[need]));
            before.push(all);
            places.entry(&line.name).or_default().push(at);
        }
        // As written, not as it will run.
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|&at| lines[at].order);
        let place = |old: usize| order.iter().position(|&at| at == old).unwrap_or(old);
        let before: Vec<BTreeSet<usize>> = order
            .iter()
            .map(|&old| before[old].iter().map(|&need| place(need)).collect())
            .collect();
        lines.sort_by_key(|line| line.order);
        let nearest = |all: &BTreeSet<usize>| {
            let hides = |need: &usize| !all.iter().any(|other| before[*other].contains(need));
            all.iter().copied().filter(hides).collect()
        };
        let direct = before.iter().map(nearest).collect();
        Matrix { lines, before, direct }
    }

    /// The tasks that wait for one directly.
    fn blocked(&self, at: usize) -> Vec<usize> {
        (0..self.lines.len()).filter(|&other| self.direct[other].contains(&at)).collect()
    }

    /// The tasks that may run at the same time: neither waits for the other, and they share no lock.
    fn beside(&self, at: usize) -> Vec<usize> {
        let excludes = |other: usize| {
            let clash = |one: &TaskLine, other: &TaskLine| {
                one.locks.iter().any(|(name, shared)| {
                    !shared && other.locks.iter().any(|(taken, _)| taken == name)
                })
            };
            clash(self.lines[at], self.lines[other]) || clash(self.lines[other], self.lines[at])
        };
        let is_beside = |&other: &usize| {
            other != at
                && !self.before[at].contains(&other)
                && !self.before[other].contains(&at)
                && !excludes(other)
        };
        (0..self.lines.len()).filter(is_beside).collect()
    }

    fn named(&self, all: &[usize]) -> String {
        let names: Vec<&str> = all.iter().map(|&at| &*self.lines[at].name).collect();
        if names.is_empty() { "-".into() } else { names.join(", ") }
    }
}

fn aligned(rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - columns(cell))))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
