//! Which top-level variables a tree reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::syntax::{At, Branch, Command, Node, Pipe, ROOT, Term, TermKind, Tree};
use crate::value::Value;

/// What a template reads of its variables.
#[derive(Debug, Default)]
pub struct Reads {
    /// Names of single variables.
    pub names: BTreeSet<Arc<str>>,
    /// Whether all of them are used as one map.
    pub everything: bool,
}

/// Whether `.` is the map of all variables; where that is not certain, it is taken to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dot {
    Root,
    Other,
}

impl Reads {
    /// What `tree` reads.
    pub fn of(tree: &Tree) -> Reads {
        let mut reads = Reads::default();
        reads.nodes(&tree.body, Dot::Root);
        for body in tree.defined.values() {
            reads.nodes(body, Dot::Root);
        }
        reads
    }

    fn nodes(&mut self, nodes: &[Node], dot: Dot) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Action(pipe) => self.pipe(pipe, dot),
                Node::If(branch) => self.branch(branch, dot, dot),
                Node::With(branch) => {
                    let inner = if is_whole(&branch.pipe, dot) { dot } else { Dot::Other };
                    self.branch(branch, dot, inner);
                }
                Node::Range(branch) => self.branch(branch, dot, Dot::Other),
                Node::Template { pipe: Some(pipe), .. } if is_whole(pipe, dot) => {}
                Node::Template { pipe, .. } => pipe.iter().for_each(|pipe| self.pipe(pipe, dot)),
            }
        }
    }

    fn branch(&mut self, branch: &Branch, dot: Dot, inner: Dot) {
        if inner != Dot::Root || !is_whole(&branch.pipe, dot) {
            self.pipe(&branch.pipe, dot);
        }
        self.nodes(&branch.body, inner);
        self.nodes(&branch.otherwise, dot);
    }

    fn pipe(&mut self, pipe: &Pipe, dot: Dot) {
        for command in &pipe.commands {
            self.command(command, dot);
        }
    }

    fn command(&mut self, command: &Command, dot: Dot) {
        let mut terms = std::iter::once(&command.head).chain(&command.arguments).peekable();
        if let Some(name) = looked_up(command, dot) {
            self.names.insert(name.clone());
            terms.nth(2);
        }
        for term in terms {
            self.term(term, dot);
        }
    }

    fn term(&mut self, term: &Term, dot: Dot) {
        match &term.kind {
            TermKind::Dot if dot == Dot::Root => self.everything = true,
            TermKind::Variable(ROOT, names) if names.is_empty() => self.everything = true,
            TermKind::Field(names) if dot == Dot::Root => self.names.extend(names.first().cloned()),
            TermKind::Variable(ROOT, names) => self.names.extend(names.first().cloned()),
            TermKind::Chain(head, _) => self.term(head, dot),
            TermKind::Pipe(pipe) => self.pipe(pipe, dot),
            _ => {}
        }
    }
}

/// The variables that are shown as they are, outside of all conditions.
pub fn shown(tree: &Tree) -> Vec<(Arc<str>, At)> {
    let mut asked = Reads::default();
    let mut shown = Vec::new();
    for node in &tree.body {
        match node {
            Node::Action(pipe) => shown.extend(bare(pipe)),
            Node::If(branch) | Node::With(branch) => asked.pipe(&branch.pipe, Dot::Root),
            _ => {}
        }
    }
    shown.retain(|(name, _)| !asked.names.contains(name));
    shown
}

/// The name of a pipeline that is nothing but `.NAME`.
fn bare(pipe: &Pipe) -> Option<(Arc<str>, At)> {
    match (&pipe.names[..], &pipe.commands[..]) {
        ([], [Command { head, arguments, .. }]) if arguments.is_empty() => match &head.kind {
            TermKind::Field(names) => Some((names.first()?.clone(), head.at)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a pipeline is nothing but the map of all variables.
fn is_whole(pipe: &Pipe, dot: Dot) -> bool {
    match &pipe.commands[..] {
        [Command { head, arguments, .. }] if arguments.is_empty() && pipe.names.is_empty() => {
            stands_for_all(head, dot)
        }
        _ => false,
    }
}

fn stands_for_all(term: &Term, dot: Dot) -> bool {
    match &term.kind {
        TermKind::Dot => dot == Dot::Root,
        TermKind::Variable(ROOT, names) => names.is_empty(),
        _ => false,
    }
}

/// The name in `index . "NAME"` and its like.
fn looked_up(command: &Command, dot: Dot) -> Option<&Arc<str>> {
    let looks_up = matches!(&command.head.kind, TermKind::Call(function)
        if matches!(function.name, "index" | "get" | "hasKey"));
    match &command.arguments[..] {
        [all, Term { kind: TermKind::Constant(Value::Str(name)), .. }, ..]
            if looks_up && stands_for_all(all, dot) =>
        {
            Some(name)
        }
        _ => None,
    }
}
