//! Plain texts of one line, and texts in quotes that end on their line.

use saphyr_parser::ScalarStyle;

use super::super::{Kind, Node, Style};
use super::Reader;
use crate::source::{Layout, Text};

/// Where a scalar stands, quotes included.
pub(super) struct Scalar {
    pub start: usize,
    pub end: usize,
    style: ScalarStyle,
    /// Whether something in quotes stands for something else.
    is_escaped: bool,
}

impl Scalar {
    pub(super) fn is_quoted(&self) -> bool {
        self.style != ScalarStyle::Plain
    }
}

/// What a byte of a plain text may be: one to look at, in flow collections only, and one that nothing begins with.
const ODD: u8 = 1;
const FLOW: u8 = 2;
const FIRST: u8 = 4;

const CLASSES: [u8; 256] = {
    let classes = with([0; 256], b"\n\t:#", ODD);
    let classes = with(classes, b",[]{}", FLOW);
    with(classes, b"\n\t :#,[]{}?*&!|>'\"%@`", FIRST)
};

const fn with(mut classes: [u8; 256], bytes: &[u8], class: u8) -> [u8; 256] {
    let mut at = 0;
    while at < bytes.len() {
        classes[bytes[at] as usize] |= class;
        at += 1;
    }
    classes
}

impl Reader<'_> {
    /// The scalar of block style that begins at `at`.
    pub(super) fn scalar(&self, at: usize) -> Option<Scalar> {
        self.scalar_of(at, ODD)
    }

    /// The same in a flow collection.
    pub(super) fn flow_scalar(&self, at: usize) -> Option<Scalar> {
        self.scalar_of(at, ODD | FLOW)
    }

    fn scalar_of(&self, at: usize, odd: u8) -> Option<Scalar> {
        match self.byte(at)? {
            b'\'' => self.single(at),
            b'"' => self.double(at),
            byte if CLASSES[byte as usize] & FIRST != 0 => None,
            _ => self.plain(at, odd),
        }
    }

    fn plain(&self, start: usize, odd: u8) -> Option<Scalar> {
        let bytes = self.text.as_bytes();
        let is_class = |at: usize, class: u8| {
            bytes.get(at).is_some_and(|&byte| CLASSES[byte as usize] & class != 0)
        };
        let mut end = start;
        loop {
            end +=
                bytes[end..].iter().take_while(|&&byte| CLASSES[byte as usize] & odd == 0).count();
            match bytes.get(end) {
                Some(b'\t') => return None,
                Some(b'#') if bytes[end - 1] != b' ' => {}
                Some(b':') => match bytes.get(end + 1) {
                    None | Some(b' ' | b'\n') => break,
                    Some(b'\t') => return None,
                    Some(_) if odd & FLOW != 0 && is_class(end + 1, FLOW) => break,
                    Some(_) => {}
                },
                _ => break,
            }
            end += 1;
        }
        let is_colon = bytes.get(end) == Some(&b':');
        let written = bytes[start..end].trim_ascii_end();
        // A dash by itself is one of a list; in flow collections, also before what ends an item.
        let is_dash = matches!(written, [b'-'] | [b'-', b' ', ..])
            || odd & FLOW != 0 && matches!(written, [.., b' ', b'-']);
        let has_gap = is_colon && written.len() < end - start;
        let end = start + written.len();
        let is_blank_at_end = || self.text[..end].ends_with(char::is_whitespace);
        let has_blank = !written.last()?.is_ascii() && is_blank_at_end();
        let style = ScalarStyle::Plain;
        (!is_dash && !has_gap && !has_blank).then_some(Scalar {
            start,
            end,
            style,
            is_escaped: false,
        })
    }

    fn single(&self, start: usize) -> Option<Scalar> {
        let bytes = self.text.as_bytes();
        let (mut end, mut is_escaped) = (start + 1, false);
        loop {
            match (*bytes.get(end)?, bytes.get(end + 1)) {
                (b'\'', Some(b'\'')) => {
                    is_escaped = true;
                    end += 2;
                }
                (b'\'', _) => break,
                (b'\n' | b'\t', _) => return None,
                _ => end += 1,
            }
        }
        Some(Scalar { start, end: end + 1, style: ScalarStyle::SingleQuoted, is_escaped })
    }

    fn double(&self, start: usize) -> Option<Scalar> {
        let bytes = self.text.as_bytes();
        let (mut end, mut is_escaped) = (start + 1, false);
        loop {
            match *bytes.get(end)? {
                b'\\' => {
                    escape(*bytes.get(end + 1)?)?;
                    is_escaped = true;
                    end += 2;
                }
                b'"' => break,
                b'\n' | b'\t' => return None,
                _ => end += 1,
            }
        }
        Some(Scalar { start, end: end + 1, style: ScalarStyle::DoubleQuoted, is_escaped })
    }

    pub(super) fn scalar_node(&mut self, scalar: &Scalar) -> Node {
        let text = self.text;
        let written = &text[scalar.start..scalar.end];
        let span = self.stand.span(scalar.start, scalar.end);
        let (value, first, style) = match scalar.style {
            ScalarStyle::Plain if matches!(written, "~" | "null" | "Null" | "NULL") => {
                return Node { span, kind: Kind::Null };
            }
            ScalarStyle::Plain => (written, scalar.start, Style::Plain),
            _ => (&written[1..written.len() - 1], scalar.start + 1, Style::Quoted),
        };
        let (value, layout) = match scalar.style {
            _ if !scalar.is_escaped => (self.texts.shared(value), Layout::Verbatim(first as u32)),
            ScalarStyle::SingleQuoted => (value.replace("''", "'").into(), Layout::Opaque),
            _ => (unescaped(value).into(), Layout::Opaque),
        };
        let text = Text { value, span, layout: self.stand.layout(layout) };
        Node { span, kind: Kind::Scalar(text, style) }
    }
}

/// What a backslash and this stand for; `None` where more belongs to it.
fn escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'"' | b'\\' | b'/' | b' ' => byte as char,
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'e' => '\x1b',
        b'a' => '\x07',
        b'b' => '\x08',
        b'0' => '\0',
        _ => return None,
    })
}

fn unescaped(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('\\') {
        value.push_str(before);
        let escaped = after.as_bytes().first().copied().and_then(escape);
        value.extend(escaped);
        rest = after.get(1..).unwrap_or("");
    }
    value + rest
}
