//! From the parser's events to the tree, within limits of depth and of what aliases may repeat.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, ScalarStyle, Tag};

use super::layout::Written;
use super::place::{Places, Stand};
use super::{Entry, Kind, Node, Style};
use crate::diag::{Diagnostic, Fault};
use crate::source::{Span, Text};

/// Levels of lists and maps in each other.
pub(super) const MAX_DEPTH: usize = 200;
/// Bytes that a file may have when all its aliases are written out.
const MAX_SIZE: usize = 16 << 20;
/// What a node counts on top of its text.
const NODE_SIZE: usize = 16;

/// A node with what an alias to it would add.
#[derive(Clone)]
struct Built {
    node: Node,
    size: usize,
    height: usize,
}

/// A list or map that is still open.
struct Open {
    start: usize,
    anchor: usize,
    is_mapping: bool,
    items: Vec<Node>,
    size: usize,
    height: usize,
}

/// The tree as far as there were events.
pub(super) struct Builder<'t> {
    pub text: &'t str,
    pub stand: Stand<'t>,
    pub places: Places<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    repeated: usize,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, stand: Stand<'t>) -> Builder<'t> {
        let places = Places::new(text);
        let (open, anchors) = Default::default();
        Builder { text, stand, places, open, anchors, repeated: 0 }
    }

    /// Takes an event; the root node when it is complete.
    pub(super) fn event(
        &mut self,
        event: Event<'_>,
        start: usize,
        end: usize,
    ) -> Result<Option<Node>, Diagnostic> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let built = self.scalar(&value, style, anchor, tag.as_deref(), start, end);
                Ok(self.add(built, anchor))
            }
            Event::SequenceStart(anchor, _) => self.begin(start, end, anchor, false),
            Event::MappingStart(anchor, _) => self.begin(start, end, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => {
                // The place of a bracket is longer when a comment follows; that of anything else says where it is.
                let is_bracket = matches!(self.text.as_bytes().get(start), Some(b']' | b'}'));
                Ok(self.close(if is_bracket && start < end { start + 1 } else { start }))
            }
            Event::Alias(anchor) => {
                let built = self.alias(anchor, self.span(start, end))?;
                Ok(self.add(built, 0))
            }
            Event::DocumentEnd => Ok(Some(self.null(start))),
            _ => Ok(None),
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.stand.span(start, end)
    }

    pub(super) fn null(&self, at: usize) -> Node {
        Node { span: self.span(at, at), kind: Kind::Null }
    }

    fn begin(
        &mut self,
        start: usize,
        end: usize,
        anchor: usize,
        is_mapping: bool,
    ) -> Result<Option<Node>, Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_deep(self.span(start, end)));
        }
        let items = Vec::new();
        self.open.push(Open { start, anchor, is_mapping, items, size: NODE_SIZE, height: 1 });
        Ok(None)
    }

    fn close(&mut self, end: usize) -> Option<Node> {
        let open = self.open.pop()?;
        let kind = match open.is_mapping {
            true => Kind::Mapping(pairs(open.items)),
            false => Kind::Sequence(open.items.into()),
        };
        let end = open.start + self.text[open.start..end.max(open.start)].trim_end().len();
        let node = Node { span: self.span(open.start, end), kind };
        self.add(Built { node, size: open.size, height: open.height }, open.anchor)
    }

    fn add(&mut self, built: Built, anchor: usize) -> Option<Node> {
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let Some(parent) = self.open.last_mut() else { return Some(built.node) };
        parent.size = parent.size.saturating_add(built.size);
        parent.height = parent.height.max(built.height + 1);
        parent.items.push(built.node);
        None
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Built, Diagnostic> {
        let Some(built) = self.anchors.get(&anchor).cloned() else {
            let message = "an alias to something that it stands in";
            return Err(Diagnostic::error(Fault::Invalid, message).at(span, "would never end"));
        };
        self.repeated = self.repeated.saturating_add(built.size);
        if self.repeated > MAX_SIZE {
            let message = "aliases repeat more than 16 MB of text";
            return Err(Diagnostic::error(Fault::Invalid, message).at(span, "too much from here"));
        }
        match self.open.len() + built.height > MAX_DEPTH {
            true => Err(self.too_deep(span)),
            false => Ok(built),
        }
    }

    pub(super) fn too_deep(&self, span: Span) -> Diagnostic {
        let message =
            format!("lists and maps stand more than {MAX_DEPTH} levels deep in each other");
        Diagnostic::error(Fault::Invalid, message).at(span, "too deep from here")
    }

    fn scalar(
        &self,
        value: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Built {
        let is_string = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        let null = matches!(value, "" | "~" | "null" | "Null" | "NULL");
        let plain = style == ScalarStyle::Plain && !is_string;
        let node = if plain && null {
            let end = if value.is_empty() { start } else { end };
            Node { span: self.span(start, end), kind: Kind::Null }
        } else {
            let marked = anchor != 0 || tag.is_some();
            let written = Written { text: self.text, value, style, marked, start, end };
            let (range, layout) = written.lay_out();
            let span = self.span(range.start, range.end);
            let text = Text { value: value.into(), span, layout: self.stand.layout(layout) };
            let style = if plain { Style::Plain } else { Style::Quoted };
            Node { span, kind: Kind::Scalar(text, style) }
        };
        Built { node, size: NODE_SIZE + value.len(), height: 0 }
    }
}

fn pairs(items: Vec<Node>) -> Arc<[Entry]> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| Some(Entry { key: items.next()?, value: items.next()? })).collect()
}
