//! The tree of a template: what the parser builds and the evaluation walks.
//!
//! Knows places as byte ranges of the template's own text, never files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::functions::Function;
use crate::value::Value;

/// A byte range of the template's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct At {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl At {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> At {
        At { start: start as u32, end: end as u32 }
    }

    /// As a range to slice with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: At) -> At {
        At { start: self.start, end: other.end }
    }
}

/// The id of a variable's name; the same name is the same id everywhere in one tree.
pub type NameId = u32;

/// The id of `$`.
pub const ROOT: NameId = 0;

/// A whole parsed template.
#[derive(Debug, Default)]
pub struct Tree {
    /// What is rendered.
    pub body: Vec<Node>,
    /// Bodies of `define` and `block`.
    pub defined: BTreeMap<Arc<str>, Vec<Node>>,
}

/// One piece of a body.
#[derive(Debug)]
pub enum Node {
    /// Text to copy, trimmed.
    Text(At),
    /// `{{pipeline}}`.
    Action(Pipe),
    /// `{{if}}`.
    If(Branch),
    /// `{{with}}`.
    With(Branch),
    /// `{{range}}`.
    Range(Branch),
    /// `{{template "name" pipeline}}`.
    Template {
        /// Whom it calls.
        name: Arc<str>,
        /// The dot of the called; absent is nil.
        pipe: Option<Pipe>,
        /// The name as written.
        at: At,
    },
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// A condition or sequence with two bodies.
#[derive(Debug)]
pub struct Branch {
    /// What decides.
    pub pipe: Pipe,
    /// Taken when true, or per element.
    pub body: Vec<Node>,
    /// Taken when false or empty.
    pub otherwise: Vec<Node>,
}

/// Whether a pipeline's variables are new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// Commands, each given the result of the one before.
#[derive(Debug)]
pub struct Pipe {
    /// Variables set to the result.
    pub names: Vec<NameId>,
    /// How they are set.
    pub binding: Binding,
    /// At least one.
    pub commands: Vec<Command>,
    /// Where.
    pub at: At,
}

/// A term with its arguments.
#[derive(Debug)]
pub struct Command {
    /// What is evaluated or called.
    pub head: Term,
    /// Its arguments.
    pub arguments: Vec<Term>,
    /// Where, arguments included.
    pub at: At,
}

/// One operand.
#[derive(Debug)]
pub struct Term {
    /// What.
    pub kind: TermKind,
    /// Where.
    pub at: At,
}

/// The kinds of operand.
#[derive(Debug)]
pub enum TermKind {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// A number, string or truth value.
    Constant(Value),
    /// `.A.B`
    Field(Vec<Arc<str>>),
    /// `$x.A.B`
    Variable(NameId, Vec<Arc<str>>),
    /// `(…).A.B`
    Chain(Box<Term>, Vec<Arc<str>>),
    /// `(…)`
    Pipe(Box<Pipe>),
    /// A function.
    Call(&'static Function),
}
