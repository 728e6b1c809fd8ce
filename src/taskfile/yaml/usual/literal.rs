//! Literal blocks: `|`, `|-` and `|+`, indented as their first line is.

use super::super::{Kind, Node, Style};
use super::Reader;
use crate::source::{Layout, Text};

/// What becomes of the line ends behind the last line of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    /// One stays.
    Clip,
    Strip,
    Keep,
}

/// A block as far as it is read.
#[derive(Default)]
struct Block {
    value: String,
    /// Where each line of the value begins.
    lines: Vec<u32>,
}

impl Block {
    fn push(&mut self, at: usize, line: &str) {
        self.lines.push(at as u32);
        self.value.push_str(line);
        self.value.push('\n');
    }
}

impl Reader<'_> {
    /// The block whose `|` stands at `at`; where the next line begins that is not part of it.
    pub(super) fn literal(&mut self, at: usize) -> Option<usize> {
        let (chomping, header) = match self.byte(at + 1) {
            Some(b'-') => (Chomping::Strip, at + 2),
            Some(b'+') => (Chomping::Keep, at + 2),
            _ => (Chomping::Clip, at + 1),
        };
        let mut line = self.rest(header)?;
        let mut block = Block::default();
        let start = self.leading(&mut line, &mut block)?;
        let indent = start - line;
        if indent <= self.open.last()?.column {
            return None;
        }
        let end = loop {
            let content = line + indent;
            let end = self.line_end(content);
            block.push(content, &self.text[content..end]);
            let (length, count) = (block.value.len(), block.lines.len());
            line = end + 1;
            if !self.goes_on(&mut line, indent, &mut block)? {
                if chomping != Chomping::Keep {
                    block.value.truncate(length - usize::from(chomping == Chomping::Strip));
                    block.lines.truncate(count);
                }
                break end;
            }
        };
        let end = start + self.text[start..end].trim_end().len();
        let span = self.stand.span(start, end);
        let layout = self.stand.layout(Layout::Block(block.lines.into()));
        let text = Text { value: block.value.into(), span, layout };
        self.fill(Node { span, kind: Kind::Scalar(text, Style::Quoted) });
        Some(line)
    }

    /// The first byte of text, with `line` moved to its line; `None` when a line before it has more spaces.
    fn leading(&self, line: &mut usize, block: &mut Block) -> Option<usize> {
        let mut most = 0;
        loop {
            let content = self.after_spaces(*line);
            let spaces = content - *line;
            if self.byte(content)? != b'\n' {
                return (spaces >= most).then_some(content);
            }
            most = most.max(spaces);
            block.push(content, "");
            *line = content + 1;
        }
    }

    /// Whether the block has one more line of text, with `line` moved to that, or to what follows the block.
    fn goes_on(&self, line: &mut usize, indent: usize, block: &mut Block) -> Option<bool> {
        while *line < self.text.len() {
            let indentation = self.text.as_bytes()[*line..].iter().take(indent);
            let spaces = indentation.take_while(|&&byte| byte == b' ').count();
            let content = *line + spaces;
            // Spaces at the end of the text, and tabs in the indentation, are not for here.
            match self.byte(content)? {
                b'\n' => {
                    block.push(content, "");
                    *line = content + 1;
                }
                b'\t' if spaces < indent => return None,
                _ => return Some(spaces == indent),
            }
        }
        Some(false)
    }
}
