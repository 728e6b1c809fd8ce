//! Flow collections that end on their line: `[a, b]` and `{a: b}`, with texts and collections in them.

use super::super::build::MAX_DEPTH;
use super::super::{Entry, Kind, Node};
use super::Reader;

impl Reader<'_> {
    /// The collection that begins at `at`, with so many around it, and one past its end.
    pub(super) fn flow(&mut self, at: usize, depth: usize) -> Option<(Kind, usize)> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match self.byte(at)? {
            b'[' => self.flow_list(at, depth),
            _ => self.flow_map(at, depth),
        }
    }

    fn flow_list(&mut self, start: usize, depth: usize) -> Option<(Kind, usize)> {
        let before = self.items.len();
        let mut at = self.after_spaces(start + 1);
        if self.byte(at) != Some(b']') {
            loop {
                let (item, end) = self.flow_value(at, depth)?;
                self.items.push(item);
                at = self.after_spaces(end);
                match self.byte(at)? {
                    b',' => at = self.after_spaces(at + 1),
                    b']' => break,
                    _ => return None,
                }
            }
        }
        Some((Kind::Sequence(self.items.drain(before..).collect()), at + 1))
    }

    fn flow_map(&mut self, start: usize, depth: usize) -> Option<(Kind, usize)> {
        let before = self.entries.len();
        let mut at = self.after_spaces(start + 1);
        if self.byte(at) != Some(b'}') {
            loop {
                let key = self.flow_scalar(at)?;
                // As in JSON, behind a key in quotes no space is needed.
                let has_colon = self.byte(key.end) == Some(b':')
                    && (key.is_quoted() || self.byte(key.end + 1) == Some(b' '));
                if !has_colon {
                    return None;
                }
                let key_node = self.scalar_node(&key);
                let (value, end) = self.flow_value(self.after_spaces(key.end + 1), depth)?;
                self.entries.push(Entry { key: key_node, value });
                at = self.after_spaces(end);
                match self.byte(at)? {
                    b',' => at = self.after_spaces(at + 1),
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        Some((Kind::Mapping(self.entries.drain(before..).collect()), at + 1))
    }

    fn flow_value(&mut self, at: usize, depth: usize) -> Option<(Node, usize)> {
        if matches!(self.byte(at)?, b'[' | b'{') {
            let (kind, end) = self.flow(at, depth + 1)?;
            return Some((Node { span: self.stand.span(at, end), kind }, end));
        }
        let scalar = self.flow_scalar(at)?;
        Some((self.scalar_node(&scalar), scalar.end))
    }
}
