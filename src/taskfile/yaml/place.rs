//! From the parser's places, which count characters, to ours, which count bytes of the whole file.

use saphyr_parser::Marker;

use super::cut::Cut;
use crate::source::{FileId, Layout, Span};

/// Where a text stands.
#[derive(Clone, Copy)]
pub(super) struct Stand<'c> {
    /// Its file.
    pub file: FileId,
    /// What it is of the file, if it is not the whole.
    pub cut: Option<&'c Cut>,
}

impl Stand<'_> {
    /// The place of a stretch of the text.
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        let (start, end) = self.cut.map_or((start, end), |cut| cut.stretch(start, end));
        Span::new(self.file, start, end)
    }

    /// A layout in the text, where the text stands.
    pub(super) fn layout(self, layout: Layout) -> Layout {
        let Some(cut) = self.cut else { return layout };
        let place = |at: u32| cut.place(at as usize) as u32;
        match layout {
            Layout::Verbatim(first) => Layout::Verbatim(place(first)),
            Layout::Block(lines) => {
                Layout::Block(std::sync::Arc::new(lines.iter().map(|&line| place(line)).collect()))
            }
            Layout::Opaque => Layout::Opaque,
        }
    }
}

const STRIDE: usize = 64;

/// Byte offsets of characters by their number.
pub(super) struct Places<'t> {
    text: &'t str,
    /// Offset of every 64th character; empty when all characters are one byte long.
    every: Vec<u32>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Places<'t> {
        let every = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(STRIDE).map(|(offset, _)| offset as u32).collect(),
        };
        Places { text, every }
    }

    /// The byte offset of a marker, never past the end of the text.
    pub(super) fn offset(&self, marker: Marker) -> usize {
        let index = marker.index();
        if self.every.is_empty() {
            return index.min(self.text.len());
        }
        let Some(&base) = self.every.get(index / STRIDE) else { return self.text.len() };
        let rest = &self.text[base as usize..];
        rest.char_indices()
            .nth(index % STRIDE)
            .map_or(self.text.len(), |(offset, _)| base as usize + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found_at_its_byte() {
        let text = "aä→𝄞".repeat(50);
        let places = Places::new(&text);
        for (index, (offset, _)) in text.char_indices().enumerate() {
            assert_eq!(places.offset(Marker::new(index, 1, 0)), offset);
        }
        assert_eq!(places.offset(Marker::new(200, 1, 0)), text.len());
        assert_eq!(places.offset(Marker::new(9999, 1, 0)), text.len());
    }
}
