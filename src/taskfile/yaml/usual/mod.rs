//! The shapes that nearly all lines of YAML have, read line by line into the same tree that the parser's events give.
//!
//! Must be certain of each line: of a text with anything else, mistakes included, it says nothing, and the parser
//! reads all of it. What is taken are maps and lists in block style, flow collections and texts in quotes that end on
//! their line, plain texts of one line, literal blocks with no indentation written, and comments.

mod flow;
mod literal;
#[cfg(test)]
mod random;
mod scalar;
#[cfg(test)]
mod tests;
mod texts;

use super::build::MAX_DEPTH;
use super::place::Stand;
use super::{Entry, Kind, Node};
use scalar::Scalar;
use texts::Texts;

/// A key may be followed by its colon no later than this, in characters; in bytes that is earlier.
const MAX_KEY: usize = 1000;

/// The tree of `text`, which has no control characters; `None` where a line leaves a doubt.
pub(super) fn read(text: &str, stand: Stand<'_>) -> Option<Node> {
    let has_mark = || !text.is_ascii() && text.contains('\u{feff}');
    if text.contains('\r') || has_mark() {
        return None;
    }
    let (open, entries, items, texts) = Default::default();
    Reader { text, stand, open, entries, items, texts, is_open: false, root: None }.read()
}

/// A map or list of block style to which more may come.
#[derive(Clone, Copy)]
struct Open {
    column: usize,
    start: usize,
    is_mapping: bool,
    /// How many entries or items there were of those around it.
    before: usize,
}

struct Reader<'t> {
    text: &'t str,
    stand: Stand<'t>,
    open: Vec<Open>,
    /// Those of all open maps, and of all open lists. The last one of each is null until its value comes.
    entries: Vec<Entry>,
    items: Vec<Node>,
    texts: Texts,
    /// Whether the value of the last key or item may still come.
    is_open: bool,
    root: Option<Node>,
}

impl<'t> Reader<'t> {
    fn read(mut self) -> Option<Node> {
        let mut at = 0;
        let mut may_start = true;
        while at < self.text.len() {
            let content = self.after_spaces(at);
            at = match self.byte(content) {
                None => break,
                Some(b'\n') => content + 1,
                Some(b'#') => self.line_end(content) + 1,
                Some(b'-') if may_start && self.text[at..].starts_with("---\n") => {
                    may_start = false;
                    content + 4
                }
                Some(_) => {
                    may_start = false;
                    self.line(content, content - at)?
                }
            };
        }
        self.close_deeper(None, self.text.len());
        self.root
    }

    /// A line with content at `at`; where the next line begins that is not part of it.
    fn line(&mut self, at: usize, column: usize) -> Option<usize> {
        if column == 0
            && matches!(self.text.as_bytes()[at..], [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..])
        {
            return None;
        }
        let Some(&top) = self.open.last() else {
            let next = self.node(at, column)?;
            return (!self.open.is_empty()).then_some(next);
        };
        if self.is_open && column > top.column {
            return self.node(at, column);
        }
        if column < top.column {
            self.close_deeper(Some(column), at);
        }
        let top = *self.open.last()?;
        if top.column != column {
            return None;
        }
        match (top.is_mapping, self.is_item(at)) {
            (false, true) => self.item(at, column),
            (true, true) if self.is_open => {
                // At the column of its key: begins, for the parser, behind the dash.
                self.begin(false, column, self.content(at + 1))?;
                self.item(at, column)
            }
            (true, true) => None,
            (true, false) => self.key(self.scalar(at)?),
            (false, false) => {
                self.close(self.end_before(at));
                let below = self.open.last()?;
                let is_its_key = below.is_mapping && below.column == column;
                if is_its_key { self.key(self.scalar(at)?) } else { None }
            }
        }
    }

    /// What stands by itself or behind a dash.
    fn node(&mut self, at: usize, column: usize) -> Option<usize> {
        if self.is_item(at) {
            self.begin(false, column, at)?;
            return self.item(at, column);
        }
        if matches!(self.byte(at), Some(b'|' | b'[' | b'{')) {
            return self.value(at);
        }
        let scalar = self.scalar(at)?;
        if self.is_key(&scalar) {
            self.begin(true, column, at)?;
            return self.key(scalar);
        }
        self.whole(&scalar)
    }

    /// An item of the list that is open, from its dash.
    fn item(&mut self, at: usize, column: usize) -> Option<usize> {
        let content = self.content(at + 1);
        self.items.push(self.null(content));
        self.is_open = true;
        match self.byte(content) {
            None | Some(b'\n') => Some(content + 1),
            Some(_) => self.node(content, column + content - at),
        }
    }

    /// A key of the map that is open, and what follows it.
    fn key(&mut self, scalar: Scalar) -> Option<usize> {
        if !self.is_key(&scalar) || scalar.end - scalar.start > MAX_KEY {
            return None;
        }
        let colon = scalar.end;
        let entry = Entry { key: self.scalar_node(&scalar), value: self.null(colon) };
        self.entries.push(entry);
        self.is_open = true;
        let content = self.content(colon + 1);
        match self.byte(content) {
            None | Some(b'\n') => Some(content + 1),
            Some(_) => self.value(content),
        }
    }

    /// A value that is neither a block map nor a block list.
    fn value(&mut self, at: usize) -> Option<usize> {
        match self.byte(at)? {
            b'|' => self.literal(at),
            b'[' | b'{' => {
                let (kind, end) = self.flow(at, self.open.len())?;
                let next = self.rest(end)?;
                self.fill(Node { span: self.stand.span(at, end), kind });
                Some(next)
            }
            _ => {
                let scalar = self.scalar(at)?;
                self.whole(&scalar)
            }
        }
    }

    /// A scalar that is all there is.
    fn whole(&mut self, scalar: &Scalar) -> Option<usize> {
        let next = self.rest(scalar.end)?;
        let node = self.scalar_node(scalar);
        self.fill(node);
        Some(next)
    }

    /// Where the next line begins; `None` when anything but a comment stands behind `end`.
    fn rest(&self, end: usize) -> Option<usize> {
        let at = self.after_spaces(end);
        match self.byte(at) {
            None | Some(b'\n') => Some(at + 1),
            Some(b'#') if at > end => Some(self.line_end(at) + 1),
            Some(_) => None,
        }
    }

    fn fill(&mut self, node: Node) {
        self.is_open = false;
        match self.open.last() {
            Some(Open { is_mapping: true, .. }) => {
                if let Some(entry) = self.entries.last_mut() {
                    entry.value = node;
                }
            }
            Some(_) => {
                if let Some(item) = self.items.last_mut() {
                    *item = node;
                }
            }
            None => self.root = Some(node),
        }
    }

    fn begin(&mut self, is_mapping: bool, column: usize, start: usize) -> Option<()> {
        let before = if is_mapping { self.entries.len() } else { self.items.len() };
        self.open.push(Open { column, start, is_mapping, before });
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Closes what is further right than `column`, or all, before what stands at `at`.
    fn close_deeper(&mut self, column: Option<usize>, at: usize) {
        let end = self.end_before(at);
        while self.open.last().is_some_and(|top| column.is_none_or(|column| top.column > column)) {
            self.close(end);
        }
    }

    fn close(&mut self, end: usize) {
        let Some(top) = self.open.pop() else { return };
        let kind = match top.is_mapping {
            true => Kind::Mapping(self.entries.drain(top.before..).collect()),
            false => Kind::Sequence(self.items.drain(top.before..).collect()),
        };
        self.fill(Node { span: self.stand.span(top.start, end.max(top.start)), kind });
    }

    fn null(&self, at: usize) -> Node {
        Node { span: self.stand.span(at, at), kind: Kind::Null }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Whether a dash of a list stands there.
    fn is_item(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && matches!(self.byte(at + 1), None | Some(b' ' | b'\n'))
    }

    /// Whether this is followed by the colon of a key.
    fn is_key(&self, scalar: &Scalar) -> bool {
        self.byte(scalar.end) == Some(b':')
            && matches!(self.byte(scalar.end + 1), None | Some(b' ' | b'\n'))
    }

    /// The first byte of content behind a dash or colon, or the end of the line.
    fn content(&self, at: usize) -> usize {
        let content = self.after_spaces(at);
        match self.byte(content) {
            Some(b'#') => self.line_end(content),
            _ => content,
        }
    }

    fn after_spaces(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at.min(self.text.len())..];
        at + rest.iter().take_while(|&&byte| byte == b' ').count()
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline)
    }

    /// Where the last thing that is not white space ends before `at`.
    fn end_before(&self, at: usize) -> usize {
        self.text[..at].trim_end().len()
    }
}
