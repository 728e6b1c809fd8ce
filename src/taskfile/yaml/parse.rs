//! From parser events to the tree, within limits of depth and of what aliases may repeat.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::cut::Cut;
use super::layout::Written;
use super::place::Places;
use super::{Entry, Kind, Node, Style};
use crate::diag::{Diagnostic, Fault};
use crate::source::{FileId, Layout, Span, Text};

/// Levels of lists and maps in each other.
const MAX_DEPTH: usize = 200;
/// Bytes that a file may have when all its aliases are written out.
const MAX_SIZE: usize = 16 << 20;
/// What a node counts on top of its text.
const NODE_SIZE: usize = 16;

/// Text that is parsed again for tabs that other parsers take, altogether at most.
const MAX_MENDING: usize = 64 << 20;

/// Reads the first document of `text`; a file without one is null. Errors are `Fault::Invalid` with a place.
pub fn parse(text: &str, file: FileId) -> Result<Node, Diagnostic> {
    parse_as(text, file, None)
}

/// The same for parts of a file; places are those in the whole file.
pub fn parse_cut(cut: &Cut, file: FileId) -> Result<Node, Diagnostic> {
    parse_as(&cut.text, file, Some(cut))
}

fn parse_as(text: &str, file: FileId, cut: Option<&Cut>) -> Result<Node, Diagnostic> {
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| is_control(c)) {
        let span = Span::new(file, at, at + c.len_utf8());
        let error = Diagnostic::error(Fault::Invalid, "a control character in the text");
        return Err(error.at(span, format!("character {:#04x} has no place here", c as u32)));
    }
    let mut mended = Cow::Borrowed(text);
    for _ in 0..=MAX_MENDING / text.len().max(1) {
        match attempt(&mended, file, cut) {
            Err(Stop::TabAfterColon(tabs)) => {
                let spaces = " ".repeat(tabs.len());
                mended.to_mut().replace_range(tabs, &spaces);
            }
            Err(Stop::Wrong(error)) => return Err(*error),
            Ok(root) => return Ok(root),
        }
    }
    Err(Diagnostic::error(Fault::Invalid, "too many tabs after `:`")
        .at(Span::new(file, 0, 0), "in this file"))
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// Why a parse ended without a tree.
enum Stop {
    /// These bytes are white space with a tab after a `:`, which the parser refuses and go-task takes.
    TabAfterColon(Range<usize>),
    Wrong(Box<Diagnostic>),
}

impl From<Diagnostic> for Stop {
    fn from(error: Diagnostic) -> Stop {
        Stop::Wrong(Box::new(error))
    }
}

fn attempt(text: &str, file: FileId, cut: Option<&Cut>) -> Result<Node, Stop> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::new(text, file, cut);
    loop {
        match parser.next_event() {
            Some(Ok((event, span))) => {
                let (start, end) = (span.start, span.end);
                let (start, end) = (builder.places.offset(start), builder.places.offset(end));
                if let Some(root) = builder.event(event, start, end.max(start))? {
                    return Ok(root);
                }
            }
            Some(Err(error)) => return Err(builder.stop(&error)),
            None => return Ok(builder.null(text.len())),
        }
    }
}

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

struct Builder<'t> {
    text: &'t str,
    file: FileId,
    /// Where the text stands in its file, if it is not the whole.
    cut: Option<&'t Cut>,
    places: Places<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, Built>,
    repeated: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, file: FileId, cut: Option<&'t Cut>) -> Builder<'t> {
        let places = Places::new(text);
        let (open, anchors) = Default::default();
        Builder { text, file, cut, places, open, anchors, repeated: 0 }
    }

    /// Takes an event; the root node when it is complete.
    fn event(
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

    fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = self.cut.map_or((start, end), |cut| cut.stretch(start, end));
        Span::new(self.file, start, end)
    }

    /// The same layout where the text stands.
    fn in_place(&self, layout: Layout) -> Layout {
        let Some(cut) = self.cut else { return layout };
        let place = |at: u32| cut.place(at as usize) as u32;
        match layout {
            Layout::Verbatim(first) => Layout::Verbatim(place(first)),
            Layout::Block(lines) => Layout::Block(lines.iter().map(|&line| place(line)).collect()),
            Layout::Opaque => Layout::Opaque,
        }
    }

    fn null(&self, at: usize) -> Node {
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

    fn too_deep(&self, span: Span) -> Diagnostic {
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
            let text = Text { value: value.into(), span, layout: self.in_place(layout) };
            let style = if plain { Style::Plain } else { Style::Quoted };
            Node { span, kind: Kind::Scalar(text, style) }
        };
        Built { node, size: NODE_SIZE + value.len(), height: 0 }
    }

    fn stop(&self, error: &ScanError) -> Stop {
        let at = self.places.offset(*error.marker());
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let is_gap = before.ends_with(':') && self.text[before.len()..at].contains('\t');
        match is_gap && error.info().contains("must be followed by a valid YAML whitespace") {
            true => Stop::TabAfterColon(before.len()..at),
            false => self.syntax(error).into(),
        }
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let at = self.places.offset(*error.marker());
        let span = self.span(at, (at + 1).min(self.text.len()).max(at));
        let info = error.info();
        if info.contains("recursion limit") {
            return self.too_deep(span);
        }
        if info.contains("tab") {
            return Diagnostic::error(Fault::Invalid, "a tab in the indentation")
                .at(self.tab(at), "yaml takes only spaces here")
                .help("put spaces in the place of the tab");
        }
        let error = Diagnostic::error(Fault::Invalid, format!("this is not yaml: {info}"));
        match () {
            () if info.contains("invalid indentation") => {
                error.at(span, "").help("indent it at least as far as the key it belongs to")
            }
            () if info.contains("flow") && self.line(at).contains("{{") => {
                error.at(span, "").help("text with `{{` needs quotes here: 'echo {{.NAME}}'")
            }
            () => error.at(span, ""),
        }
    }

    fn line(&self, at: usize) -> &str {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].lines().next().unwrap_or("")
    }

    /// The tab on the line of `at` that is nearest before it, else `at` itself.
    fn tab(&self, at: usize) -> Span {
        let line = self.text[..at].rfind('\n').map_or(0, |n| n + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |n| at + n);
        match self.text[line..end].find('\t') {
            Some(tab) => self.span(line + tab, line + tab + 1),
            None => self.span(at, at),
        }
    }
}

fn pairs(items: Vec<Node>) -> Arc<[Entry]> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| Some(Entry { key: items.next()?, value: items.next()? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;
    use crate::taskfile::yaml::entries;
    use proptest::prelude::*;

    /// All scalars of a tree, as `value` and what stands at the place of each of its characters.
    fn check(text: &str) -> Vec<(String, Layout)> {
        let file = SourceMap::default().add("f", text);
        let mut found = Vec::new();
        let mut open: Vec<Node> = parse(text, file).into_iter().collect();
        while let Some(node) = open.pop() {
            assert!(text.get(node.span.start as usize..node.span.end as usize).is_some());
            match &node.kind {
                Kind::Null => {}
                Kind::Scalar(scalar, _) => {
                    locate(scalar, text);
                    found.push((scalar.value.to_string(), scalar.layout.clone()));
                }
                Kind::Sequence(items) => open.extend(items.iter().rev().cloned()),
                Kind::Mapping(_) => {
                    let pairs = entries(&node).iter().rev();
                    open.extend(pairs.flat_map(|e| [e.value.clone(), e.key.clone()]));
                }
            }
        }
        found
    }

    /// Each character of the value stands where it is said to stand; line ends may be `\r\n` there.
    fn locate(scalar: &Text, text: &str) {
        if scalar.layout == Layout::Opaque {
            return;
        }
        for (at, c) in scalar.value.char_indices().filter(|(_, c)| *c != '\n') {
            let place = scalar.span_of(at..at + c.len_utf8());
            let there = text.get(place.start as usize..place.end as usize);
            assert_eq!(there, Some(&*c.to_string()), "{at} of {:?} in {text:?}", scalar.value);
        }
    }

    fn verbatim(text: &str, value: &str) -> (String, Layout) {
        (value.into(), Layout::Verbatim(text.find(value).unwrap() as u32))
    }

    #[test]
    fn scalars_know_where_their_bytes_stand() {
        let text =
            "ä: plain\n'quo ted': \"dou ble\"\nesc: \"a\\tb\"\ntwo: x\n  y\ntag: &t !!str 5\n";
        assert_eq!(
            check(text),
            [
                verbatim(text, "ä"),
                verbatim(text, "plain"),
                verbatim(text, "quo ted"),
                verbatim(text, "dou ble"),
                verbatim(text, "esc"),
                ("a\tb".into(), Layout::Opaque),
                verbatim(text, "two"),
                ("x y".into(), Layout::Opaque),
                verbatim(text, "tag"),
                verbatim(text, "5"),
            ]
        );
    }

    #[test]
    fn a_comment_is_no_part_of_what_it_stands_behind() {
        let text = concat!(
            "'a': 'b' # ä'\n",
            "c: \"d\\\"\" # \"ä\n",
            "&x 'e' : &y !!str # 'ö'\n  \"f\" # ö\n",
            "g: [h, i] # ä\n",
        );
        let file = SourceMap::default().add("f", text);
        let root = parse(text, file).expect("a map");
        let written =
            |node: &Node| text[node.span.start as usize..node.span.end as usize].to_owned();
        let pairs = entries(&root).iter().map(|entry| [written(&entry.key), written(&entry.value)]);
        assert_eq!(
            pairs.collect::<Vec<_>>(),
            [["'a'", "'b'"], ["c", r#""d\"""#], ["'e'", "\"f\""], ["g", "[h, i]"]]
        );
        let layouts: Vec<_> =
            check(text).into_iter().filter(|(_, layout)| *layout == Layout::Opaque).collect();
        assert_eq!(layouts, [("d\"".to_owned(), Layout::Opaque)]);
    }

    #[test]
    fn literal_blocks_know_their_first_line_and_indentation() {
        let block = |text: &str| check(text).pop().unwrap();
        let at = |lines: &[u32]| Layout::Block(lines.into());
        assert_eq!(block("k: |\n    one\n      two\n"), ("one\n  two\n".into(), at(&[9, 17])));
        assert_eq!(block("ä: |-\n\n\n  x\n"), ("\n\nx".into(), at(&[7, 8, 11])));
        assert_eq!(block("k: &a |\n  x\n"), ("x\n".into(), at(&[10])));
        assert_eq!(block("k: |2\n   x\n"), (" x\n".into(), at(&[8])));
        assert_eq!(block("- |\r\n  x\r\n  y\r\n"), ("x\ny\n".into(), at(&[7, 12])));
        assert_eq!(block("k: >\n  x\n  y\n"), ("x y\n".into(), Layout::Opaque));
    }

    #[test]
    fn a_tab_may_stand_after_a_colon_but_not_in_the_value() {
        let text = "ä:\techo\nb: \t x\ty\n";
        assert_eq!(
            check(text),
            [
                verbatim(text, "ä"),
                verbatim(text, "echo"),
                verbatim(text, "b"),
                verbatim(text, "x\ty")
            ]
        );
    }

    #[test]
    fn only_the_first_document_counts() {
        assert_eq!(check("---\na\n---\nb: [\n"), [verbatim("---\na", "a")]);
        assert!(check("# nothing\n").is_empty());
    }

    proptest! {
        #[test]
        fn every_character_of_every_scalar_is_where_it_is_said_to_be(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "ä→", " # ä", ": ", "- ", "\n", "\n  ", "\n    ", "\r\n", "[", "]", ", ", "|",
                    "|\n  ", "|-\n", ">\n ", "'", "''", "\"", "\\n", "#", "&x ", "*x", "!t ", " ",
                    "{{.A}}", "~", "|2\n", "k: |\n    x\n     y\n",
                ]),
                0..30,
            ),
        ) {
            check(&pieces.concat());
        }
    }
}
