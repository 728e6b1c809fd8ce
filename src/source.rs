//! Where a piece of text stands: files, byte ranges, lines and columns.
//!
//! Knows nothing of YAML or templates; both point back here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileId(pub u32);

/// A byte range of one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The place of what stands in no file; messages leave it out.
    pub const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    /// The range `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        Span { file, start: start as u32, end: end as u32 }
    }

    /// The smallest range that holds both; `other` must be of the same file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value and the place it was written at.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// How the value of a scalar lies in its file, so that a place in the value is a place in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Layout {
    /// The value stands byte for byte in the file, beginning at this offset.
    Verbatim(u32),
    /// A literal block: line `n` of the value begins at the n-th of these offsets.
    Block(Arc<Vec<u32>>),
    /// Escaped, folded or computed: only the whole has a place.
    #[default]
    Opaque,
}

impl Layout {
    /// The layout of a literal block of `source` with `lines` lines, the first of them beginning
    /// (with its `indent` bytes of indentation) at offset `first`.
    pub fn block(source: &str, first: usize, indent: usize, lines: usize) -> Layout {
        let mut start = first;
        let rest = source.get(first..).unwrap_or("");
        let begins = rest.split_inclusive('\n').take(lines).map(|line| {
            let blank = line.len() - line.trim_start_matches(' ').len();
            let begin = start + blank.min(indent);
            start += line.len();
            begin as u32
        });
        Layout::Block(Arc::new(begins.collect()))
    }
}

/// A piece of text a user wrote, which knows where each of its bytes stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// The text after YAML's quoting is undone.
    pub value: Arc<str>,
    /// Where the scalar stands.
    pub span: Span,
    /// How value and file correspond.
    pub layout: Layout,
}

impl Text {
    /// Text that stands in no file, as for variables from the command line.
    pub fn detached(value: impl Into<Arc<str>>) -> Text {
        Text { value: value.into(), span: Span::NOWHERE, layout: Layout::Opaque }
    }

    /// The place in the file of `range` of the value; the whole scalar where that is not known.
    pub fn span_of(&self, range: std::ops::Range<usize>) -> Span {
        match (self.offset(range.start), self.offset(range.end)) {
            (Some(start), Some(end)) if start <= end => Span::new(self.span.file, start, end),
            _ => self.span,
        }
    }

    /// Whether this stands in no file, so that its span means nothing.
    pub fn is_detached(&self) -> bool {
        self.span == Span::NOWHERE
    }

    fn offset(&self, at: usize) -> Option<usize> {
        match &self.layout {
            Layout::Verbatim(start) => Some(*start as usize + at),
            Layout::Block(lines) => {
                let before = self.value.get(..at)?;
                let line = lines.get(before.matches('\n').count())?;
                Some(*line as usize + before.len() - before.rfind('\n').map_or(0, |n| n + 1))
            }
            Layout::Opaque => None,
        }
    }
}

#[derive(Clone, Debug)]
struct SourceFile {
    path: PathBuf,
    /// As it was read: a large one is not copied.
    text: Arc<String>,
}

/// All files that were read, kept for messages.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file; `path` is shown in messages.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<String>>) -> FileId {
        self.files.push(SourceFile { path: path.into(), text: text.into() });
        FileId(self.files.len() as u32 - 1)
    }

    /// The text of a file; empty for a file that is not here.
    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.text)
    }

    /// The path of a file; empty for a file that is not here.
    pub fn path(&self, file: FileId) -> &Path {
        self.files.get(file.0 as usize).map_or(Path::new(""), |f| &f.path)
    }

    /// The paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| &*file.path)
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, file: FileId, offset: u32) -> (usize, usize) {
        let text = self.text(file);
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        (line, before[start..].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut map = SourceMap::default();
        let file = map.add("f", "a\näöü: x\n".to_owned());
        assert_eq!(map.line_column(file, "a\näöü: ".len() as u32), (2, 6));
    }

    #[test]
    fn a_place_in_a_block_is_a_place_in_the_file() {
        let source = "k: |\n    one\n\n    two {{.X}}\r\n    three\n";
        let text = Text {
            value: "one\n\ntwo {{.X}}\nthree\n".into(),
            span: Span::new(FileId(0), 3, source.len()),
            layout: Layout::block(source, 5, 4, 4),
        };
        let written = |range| {
            let place = text.span_of(range);
            &source[place.start as usize..place.end as usize]
        };
        assert_eq!(written(9..15), "{{.X}}");
        assert_eq!(written(16..21), "three");
    }

    #[test]
    fn a_place_in_escaped_text_is_the_whole_scalar() {
        let span = Span::new(FileId(0), 3, 20);
        let text = Text { value: "a\tb".into(), span, layout: Layout::Opaque };
        assert_eq!(text.span_of(0..1), span);
        assert!(!text.is_detached() && Text::detached("a").is_detached());
    }
}
