//! What a text is as a tree, or what is wrong with it.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Parser, ScanError};

use super::build::Builder;
use super::cut::Cut;
use super::place::Stand;
use super::{Node, usual};
use crate::diag::{Diagnostic, Fault};
use crate::source::{FileId, Span};

/// Text that is parsed again for tabs that other parsers take, altogether at most.
const MAX_MENDING: usize = 64 << 20;

/// Reads the first document of `text`; a file without one is null. Errors are `Fault::Invalid` with a place.
pub fn parse(text: &str, file: FileId) -> Result<Node, Diagnostic> {
    parse_as(text, Stand { file, cut: None })
}

/// The same for parts of a file; places are those in the whole file.
pub fn parse_cut(cut: &Cut, file: FileId) -> Result<Node, Diagnostic> {
    parse_as(&cut.text, Stand { file, cut: Some(cut) })
}

fn parse_as(text: &str, stand: Stand<'_>) -> Result<Node, Diagnostic> {
    if let Some((at, c)) = control(text) {
        let error = Diagnostic::error(Fault::Invalid, "a control character in the text");
        let message = format!("character {:#04x} has no place here", c as u32);
        return Err(error.at(stand.span(at, at + c.len_utf8()), message));
    }
    match usual::read(text, stand) {
        Some(root) => Ok(root),
        None => parse_all(text, stand),
    }
}

/// Reads any text with the parser.
pub(super) fn parse_all(text: &str, stand: Stand<'_>) -> Result<Node, Diagnostic> {
    let mut mended = Cow::Borrowed(text);
    for _ in 0..=MAX_MENDING / text.len().max(1) {
        match attempt(&mended, stand) {
            Err(Stop::TabAfterColon(tabs)) => {
                let spaces = " ".repeat(tabs.len());
                mended.to_mut().replace_range(tabs, &spaces);
            }
            Err(Stop::Wrong(error)) => return Err(*error),
            Ok(root) => return Ok(root),
        }
    }
    Err(Diagnostic::error(Fault::Invalid, "too many tabs after `:`")
        .at(stand.span(0, 0), "in this file"))
}

/// The first control character but white space.
fn control(text: &str) -> Option<(usize, char)> {
    // All but what begins with 0xc2 has one byte; without a branch for each, several are looked at at a time.
    let may_be =
        |b: u8| (b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7f || b == 0xc2;
    let is_odd = |chunk: &[u8]| chunk.iter().fold(false, |odd, &byte| odd | may_be(byte));
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    match text.as_bytes().chunks(4096).any(is_odd) {
        true => text.char_indices().find(|&(_, c)| is_control(c)),
        false => None,
    }
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

fn attempt(text: &str, stand: Stand<'_>) -> Result<Node, Stop> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::new(text, stand);
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

impl Builder<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Layout, SourceMap, Text};
    use crate::taskfile::yaml::{Kind, entries};
    use proptest::prelude::*;

    fn whole(file: FileId) -> Stand<'static> {
        Stand { file, cut: None }
    }

    /// All scalars of the parser's tree, as `value` and what stands at the place of each of its characters.
    fn check(text: &str) -> Vec<(String, Layout)> {
        let file = SourceMap::default().add("f", text.to_owned());
        let mut found = Vec::new();
        let mut open: Vec<Node> = parse_all(text, whole(file)).into_iter().collect();
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
        let file = SourceMap::default().add("f", text.to_owned());
        let root = parse_all(text, whole(file)).expect("a map");
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
        let at = |lines: &[u32]| Layout::Block(std::sync::Arc::new(lines.into()));
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
