//! A text with parts left out, which knows where the rest stands in the whole.

use std::ops::Range;

/// Parts of a text, joined.
#[derive(Debug)]
pub struct Cut {
    /// The parts.
    pub text: String,
    /// Where each begins here and in the whole, ascending.
    parts: Vec<(usize, usize)>,
}

impl Cut {
    /// The parts of `whole` that are given, in order.
    pub fn new(whole: &str, ranges: impl Iterator<Item = Range<usize>>) -> Cut {
        let mut cut = Cut { text: String::new(), parts: Vec::new() };
        for range in ranges.filter(|range| !range.is_empty()) {
            cut.parts.push((cut.text.len(), range.start));
            cut.text.push_str(&whole[range]);
        }
        cut
    }

    /// Where a byte stands in the whole.
    pub(super) fn place(&self, offset: usize) -> usize {
        let after = self.parts.partition_point(|&(here, _)| here <= offset);
        let (here, whole) = after.checked_sub(1).map_or((0, 0), |part| self.parts[part]);
        whole + offset - here
    }

    /// Where a stretch stands in the whole, which ends with the part that its last byte is in.
    pub(super) fn stretch(&self, start: usize, end: usize) -> (usize, usize) {
        match end > start {
            true => (self.place(start), self.place(end - 1) + 1),
            false => (self.place(start), self.place(start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_part_is_a_place_in_the_whole() {
        let whole = "head\nleft out\ntask\ntail\n";
        let cut = Cut::new(whole, [0..5, 14..19, 19..19, 19..24].into_iter());
        assert_eq!(cut.text, "head\ntask\ntail\n");
        for word in ["head", "task", "tail"] {
            let at = cut.text.find(word).unwrap();
            let (start, end) = cut.stretch(at, at + 4);
            assert_eq!(&whole[start..end], word);
        }
        assert_eq!(cut.stretch(5, 5), (14, 14));
    }
}
