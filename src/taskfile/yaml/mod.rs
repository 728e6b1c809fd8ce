//! YAML as a tree that knows the place of every key and value.
//!
//! Knows nothing of Taskfiles. Anchors, aliases and `<<` are resolved here; types of scalars only when asked for.
//! Texts of nothing but the usual shapes are read by `usual`, all others by a parser of all of YAML: both give the same.

mod build;
mod cut;
mod fields;
mod layout;
mod parse;
mod place;
mod scalar;
mod usual;

use std::sync::Arc;

pub use cut::Cut;
pub use fields::{entries, merged};
pub use parse::{parse, parse_cut};

use crate::source::{Span, Text};
use crate::value::Value;

/// A value and its place. Cloning is cheap: what an alias repeats is shared.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it stands; for what an alias repeats, where the original stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// Text, not yet a number or a truth.
    Scalar(Text, Style),
    /// A list.
    Sequence(Arc<[Node]>),
    /// Keys with values, in order, duplicates included.
    Mapping(Arc<[Entry]>),
}

/// How a scalar was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Bare: may be a number or a truth.
    Plain,
    /// In quotes or as a block: text, whatever it looks like.
    Quoted,
}

/// One key of a mapping.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// Whether nothing was written.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The text of a scalar; `None` for everything else, also for null.
    pub fn text(&self) -> Option<&Text> {
        match &self.kind {
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words that fit after "is".
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a map",
            Kind::Scalar(text, Style::Plain) => match scalar::resolve(&text.value) {
                Value::Bool(_) => "true or false",
                Value::Int(_) | Value::Uint(_) | Value::Float(_) => "a number",
                _ => "text",
            },
            Kind::Scalar(..) => "text",
        }
    }

    /// The value with YAML's types: numbers, truths, lists, maps. Dates stay text.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Nil,
            Kind::Scalar(text, Style::Plain) => scalar::resolve(&text.value),
            Kind::Scalar(text, Style::Quoted) => Value::Str(text.value.clone()),
            Kind::Sequence(items) => Value::list(items.iter().map(Node::value)),
            Kind::Mapping(_) => {
                let all = merged(self).entries;
                Value::map(all.iter().map(|entry| (entry.name(), entry.value.value())))
            }
        }
    }

    /// `true` or `false`, also as YAML 1.1 writes them (`yes`, `on`, `n`, …); `None` for anything else.
    pub fn truth(&self) -> Option<bool> {
        let Kind::Scalar(text, style) = &self.kind else { return None };
        match (&*text.value, style) {
            ("true" | "True" | "TRUE", Style::Plain) | ("y" | "Y" | "yes" | "on", _) => Some(true),
            ("false" | "False" | "FALSE", Style::Plain) | ("n" | "N" | "no" | "off", _) => {
                Some(false)
            }
            _ => None,
        }
    }
}

impl Entry {
    /// The key as text; empty when it is a list or a map.
    pub fn name(&self) -> Arc<str> {
        match &self.key.kind {
            Kind::Scalar(text, _) => text.value.clone(),
            Kind::Null => "null".into(),
            _ => "".into(),
        }
    }
}
