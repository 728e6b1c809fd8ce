//! Keeps secrets out of what passes through: whatever a command prints, its secrets come out as `*****`.
//!
//! Works on a stream in pieces; a secret that lies across two pieces is found as well, for the end of a
//! piece that may be the beginning of one is held back.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

/// What is shown in the place of a secret.
const MASK: &[u8] = b"*****";

/// The filter of one stream.
#[derive(Debug)]
pub(super) struct Mask {
    secrets: Arc<Secrets>,
    /// The end of what was seen, which may be the beginning of a secret.
    held: Vec<u8>,
}

/// Texts to look for.
#[derive(Debug)]
pub(super) struct Secrets {
    finder: AhoCorasick,
    longest: usize,
}

impl Secrets {
    /// `None` when there is nothing to look for.
    pub(super) fn new(texts: &[Arc<str>]) -> Option<Secrets> {
        let texts: Vec<&str> = texts
            .iter()
            .map(|text| text.trim_end_matches(['\n', '\r']))
            .filter(|t| !t.is_empty())
            .collect();
        let longest = texts.iter().map(|text| text.len()).max()?;
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts);
        Some(Secrets { finder: finder.ok()?, longest })
    }
}

impl Mask {
    pub(super) fn new(secrets: Arc<Secrets>) -> Mask {
        Mask { secrets, held: Vec::new() }
    }

    /// What may be passed on now that `bytes` have come.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.release(self.held.len().saturating_sub(self.secrets.longest - 1))
    }

    /// What is left at the end of the stream.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.release(self.held.len())
    }

    /// Passes on what begins before `limit`; a secret that begins there is passed on whole, as a mask.
    fn release(&mut self, limit: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(limit);
        let mut done = 0;
        for found in self.secrets.finder.find_iter(&self.held) {
            if found.start() >= limit {
                break;
            }
            out.extend_from_slice(&self.held[done..found.start()]);
            out.extend_from_slice(MASK);
            done = found.end();
        }
        out.extend_from_slice(&self.held[done..limit.max(done)]);
        self.held.drain(..limit.max(done));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], pieces: &[&str]) -> String {
        let texts: Vec<Arc<str>> = secrets.iter().map(|&text| text.into()).collect();
        let mut mask = Mask::new(Arc::new(Secrets::new(&texts).unwrap()));
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| out.extend(mask.feed(piece.as_bytes())));
        out.extend(mask.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_is_masked_wherever_the_pieces_end() {
        let text = "a s3cret b s3cre c s3cret";
        let expected = "a ***** b s3cre c *****";
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(masked(&["s3cret"], &pieces), expected, "{first} {second}");
            }
        }
    }

    #[test]
    fn of_two_secrets_that_begin_alike_the_longer_is_masked_whole() {
        let text = "pass password passwor";
        for cut in 0..text.len() {
            let pieces = [&text[..cut], &text[cut..]];
            assert_eq!(masked(&["pass", "password"], &pieces), "***** ***** *****wor", "{cut}");
        }
    }

    #[test]
    fn nothing_to_look_for_is_no_filter() {
        assert!(Secrets::new(&[]).is_none());
        assert!(Secrets::new(&["".into(), "\n".into()]).is_none());
    }
}
