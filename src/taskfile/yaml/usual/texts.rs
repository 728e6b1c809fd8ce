//! Texts of a file that come again and again: the keys, and what most tasks say alike.

use std::sync::Arc;

/// Texts that were met lately, each in a place that follows from what it looks like.
#[derive(Default)]
pub(super) struct Texts([Option<Arc<str>>; 32]);

impl Texts {
    /// The text, shared with where it was met before if that is remembered.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        let ([first, ..], [.., last]) = (text.as_bytes(), text.as_bytes()) else {
            return Arc::default();
        };
        let look = text.len() + usize::from(*first) * 3 + usize::from(*last) * 7;
        let place = &mut self.0[look % 32];
        match place {
            Some(known) if **known == *text => known.clone(),
            place => place.insert(text.into()).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_shared_and_every_text_is_itself() {
        let mut texts = Texts::default();
        let first = texts.shared("cmds");
        assert!(Arc::ptr_eq(&first, &texts.shared("cmds")));
        let all = (0..500).map(|number| format!("t{number}")).chain([String::new()]);
        for text in all {
            assert_eq!(*texts.shared(&text), *text);
        }
    }
}
