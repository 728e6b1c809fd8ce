//! From the parser's places, which count characters, to ours, which count bytes.

use saphyr_parser::Marker;

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
