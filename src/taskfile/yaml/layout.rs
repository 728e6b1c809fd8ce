//! How the value of a scalar lies in its file, so that a place in the value is a place in the file.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::source::Layout;

/// A scalar as it was written.
pub(super) struct Written<'t> {
    /// The whole file.
    pub text: &'t str,
    /// The scalar's value.
    pub value: &'t str,
    pub style: ScalarStyle,
    /// Whether an anchor or a tag stands before it.
    pub marked: bool,
    /// First byte, that of an anchor or tag when there is one.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Written<'_> {
    /// The scalar's bytes without anchor, tag, trailing space and comment, and how its value lies there.
    pub(super) fn lay_out(&self) -> (Range<usize>, Layout) {
        let written = self.text[self.start..self.end].trim_end();
        let whole = self.start..self.start + written.len();
        match self.style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.quoted(whole),
            ScalarStyle::Literal => (whole, self.block()),
            ScalarStyle::Folded => (whole, Layout::Opaque),
            ScalarStyle::Plain => match written.strip_suffix(self.value) {
                Some(before) => {
                    let first = self.start + before.len();
                    (first..whole.end, Layout::Verbatim(first as u32))
                }
                None => (whole, Layout::Opaque),
            },
        }
    }

    /// The same of a text in quotes, from its quote when it is as it was written.
    fn quoted(&self, whole: Range<usize>) -> (Range<usize>, Layout) {
        let Some(Range { start, end }) = quotes(self.text, whole.clone()) else {
            return (whole, Layout::Opaque);
        };
        match self.text[start + 1..end - 1] == *self.value {
            true => (start..end, Layout::Verbatim(start as u32 + 1)),
            false => (whole.start..end, Layout::Opaque),
        }
    }

    /// Where the lines of a literal block begin, if all of them are indented alike.
    fn block(&self) -> Layout {
        let first = match self.marked {
            true => self.text[self.start..].find('\n').map(|n| self.start + n + 1),
            false => self.before_blank_lines(),
        };
        let Some(first) = first else { return Layout::Opaque };
        let mut lines = self.text[first..].lines().zip(self.value.lines());
        let Some(indent) = lines
            .clone()
            .find(|(_, line)| !line.is_empty())
            .and_then(|(raw, line)| raw.strip_suffix(line).map(str::len))
        else {
            return Layout::Opaque;
        };
        let agrees = lines
            .all(|(raw, line)| line.is_empty() || raw.get(indent..).is_some_and(|r| r == line));
        match agrees {
            true => Layout::block(self.text, first, indent, self.value.lines().count()),
            false => Layout::Opaque,
        }
    }

    /// The line of the first text, or as many lines further up as the value begins with empty ones.
    fn before_blank_lines(&self) -> Option<usize> {
        let blank = self.value.lines().take_while(|line| line.is_empty()).count();
        let mut line = self.text[..self.start].rfind('\n')? + 1;
        for _ in 0..blank {
            line = self.text[..line - 1].rfind('\n')? + 1;
        }
        Some(line)
    }
}

/// A text in quotes, in bytes that begin with it or with anchors, tags and comments before it.
fn quotes(text: &str, whole: Range<usize>) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[..whole.end];
    let mut start = whole.start;
    loop {
        let until = |end: fn(&u8) -> bool| bytes[start..].iter().position(end);
        start += match bytes.get(start)? {
            b'&' | b'!' => until(u8::is_ascii_whitespace)?,
            b'#' => until(|&byte| matches!(byte, b'\n' | b'\r'))?,
            b'\'' | b'"' => break,
            _ => 1,
        };
    }
    let quote = bytes[start];
    let mut end = start + 1;
    loop {
        end += match (*bytes.get(end)?, bytes.get(end + 1)) {
            (b'\\', _) if quote == b'"' => 2,
            (b'\'', Some(b'\'')) if quote == b'\'' => 2,
            (byte, _) if byte == quote => return Some(start..end + 1),
            _ => 1,
        };
    }
}
