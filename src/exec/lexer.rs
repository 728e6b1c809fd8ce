//! As much of a shell's grammar as is needed to see what a script is, not what it means.
//!
//! Where the two differ it errs on the side of the shell: what is not surely plain is not plain.

use std::ops::Range;

/// What a script contains.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Features {
    /// A command ended with `&`.
    pub has_background: bool,
    /// Where comments are.
    pub comments: Vec<Range<usize>>,
    /// Where commands end that are `set -o` and nothing else.
    pub option_lists: Vec<usize>,
}

/// Looks through a script, but not into its here-documents.
pub(super) fn features(script: &str) -> Features {
    let mut scanner = Scanner::new(script);
    while scanner.at < scanner.text.len() {
        match scanner.inside.last() {
            Some(Inside::Quotes) => scanner.quoted(),
            Some(Inside::Braces) => scanner.braced(),
            Some(Inside::Parentheses | Inside::Backticks) | None => scanner.plain(),
        }
    }
    scanner.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Parentheses,
    Backticks,
    Quotes,
    Braces,
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    inside: Vec<Inside>,
    /// Whether a word could begin here.
    between_words: bool,
    /// Here-documents announced on this line: where each ends, and whether tabs before that count.
    documents: Vec<(Vec<u8>, bool)>,
    found: Features,
}

impl<'a> Scanner<'a> {
    fn new(script: &'a str) -> Scanner<'a> {
        Scanner {
            text: script.as_bytes(),
            at: 0,
            inside: Vec::new(),
            between_words: true,
            documents: Vec::new(),
            found: Features::default(),
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn sees(&self, text: &str) -> bool {
        self.rest().starts_with(text.as_bytes())
    }

    fn before(&self) -> u8 {
        self.at.checked_sub(1).map_or(b'\n', |before| self.text[before])
    }

    fn enter(&mut self, inside: Inside, width: usize) {
        self.inside.push(inside);
        self.at += width;
        self.between_words = true;
    }

    fn leave(&mut self) {
        self.inside.pop();
        self.at += 1;
        self.between_words = false;
    }

    fn word(&mut self, width: usize) {
        self.at += width;
        self.between_words = false;
    }

    fn separator(&mut self, width: usize) {
        self.at += width;
        self.between_words = true;
    }

    fn plain(&mut self) {
        self.note_option_list();
        match self.rest()[0] {
            b'\'' => self.literal(1, false),
            b'$' if self.sees("$'") => self.literal(2, true),
            b'"' => self.enter(Inside::Quotes, 1),
            b'(' => self.parenthesis(1),
            b')' if self.inside.last() == Some(&Inside::Parentheses) => self.leave(),
            b'#' if self.between_words => self.comment(),
            b'&' => self.ampersand(),
            b'<' if self.sees("<<<") => self.separator(3),
            b'<' if self.sees("<<") => self.announce_document(),
            b'\n' => self.line_end(),
            b' ' | b'\t' | b';' | b'|' | b'<' | b'>' | b')' => self.separator(1),
            _ => self.common(),
        }
    }

    fn note_option_list(&mut self) {
        if !self.between_words || !self.sees("set") {
            return;
        }
        let rest = &self.text[self.at + 3..];
        let after = rest.trim_ascii_start();
        let Some(end) = after.strip_prefix(b"-o").filter(|_| after.len() < rest.len()) else {
            return;
        };
        let has_newline = rest[..rest.len() - after.len()].contains(&b'\n');
        let next = end.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        let is_all = next.is_none_or(|next| b"\n;&|)`".contains(next));
        if is_all && !has_newline && begins_command(&self.text[..self.at]) {
            self.found.option_lists.push(self.text.len() - end.len());
        }
    }

    fn quoted(&mut self) {
        match self.rest()[0] {
            b'"' => self.leave(),
            _ => self.common(),
        }
    }

    fn braced(&mut self) {
        let outer = self.inside.len().checked_sub(2).map(|outer| self.inside[outer]);
        match self.rest()[0] {
            b'}' => self.leave(),
            b'"' => self.enter(Inside::Quotes, 1),
            b'\'' if outer != Some(Inside::Quotes) => self.literal(1, false),
            _ => self.common(),
        }
    }

    /// What means the same in and out of quotes.
    fn common(&mut self) {
        match self.rest()[0] {
            b'\\' => self.word(2),
            b'`' if self.inside.last() == Some(&Inside::Backticks) => self.leave(),
            b'`' => self.enter(Inside::Backticks, 1),
            b'$' if self.sees("$(") => self.parenthesis(2),
            b'$' if self.sees("${") => self.enter(Inside::Braces, 2),
            _ => self.word(1),
        }
    }

    fn literal(&mut self, opening: usize, escapes: bool) {
        self.word(opening);
        while let Some(&byte) = self.rest().first() {
            self.at += if byte == b'\\' && escapes { 2 } else { 1 };
            if byte == b'\'' {
                break;
            }
        }
    }

    fn parenthesis(&mut self, width: usize) {
        self.at += width;
        match arithmetic_length(self.rest()) {
            Some(length) => self.word(length),
            None => self.enter(Inside::Parentheses, 0),
        }
    }

    fn comment(&mut self) {
        let in_backticks = self.inside.last() == Some(&Inside::Backticks);
        let ends = |&byte: &u8| byte == b'\n' || (byte == b'`' && in_backticks);
        let length = self.rest().iter().position(ends).unwrap_or(self.rest().len());
        self.found.comments.push(self.at..self.at + length);
        self.at += length;
    }

    fn ampersand(&mut self) {
        if self.sees("&&") || self.sees("&>") {
            return self.separator(2);
        }
        // `>&` and `<&` redirect, `|&` pipes, `;&` falls through to the next case.
        self.found.has_background |= !matches!(self.before(), b'>' | b'<' | b'|' | b';');
        self.separator(1);
    }

    fn announce_document(&mut self) {
        self.at += 2;
        let strips_tabs = self.sees("-");
        self.at += usize::from(strips_tabs);
        while self.sees(" ") || self.sees("\t") {
            self.at += 1;
        }
        let mut end = Vec::new();
        while let Some(&byte) = self.rest().first() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' | b'"' | b'\\' => {}
                _ => end.push(byte),
            }
            self.at += 1;
        }
        self.documents.push((end, strips_tabs));
        self.between_words = false;
    }

    fn line_end(&mut self) {
        self.separator(1);
        for (end, strips_tabs) in std::mem::take(&mut self.documents) {
            self.skip_document(&end, strips_tabs);
        }
    }

    fn skip_document(&mut self, end: &[u8], strips_tabs: bool) {
        while self.at < self.text.len() {
            let line = self.rest().split(|&byte| byte == b'\n').next().unwrap_or_default();
            self.at = (self.at + line.len() + 1).min(self.text.len());
            let tabs = line.iter().take_while(|&&byte| byte == b'\t' && strips_tabs).count();
            if &line[tabs..] == end {
                return;
            }
        }
    }
}

/// Whether what stands after this text is the first word of a command.
fn begins_command(before: &[u8]) -> bool {
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let before = &before[..before.len() - blanks];
    let word = before.rsplit(|byte| b" \t\n;&|(){}`".contains(byte)).next().unwrap_or_default();
    let openers: [&[u8]; 9] =
        [b"do", b"then", b"else", b"elif", b"if", b"while", b"until", b"!", b"time"];
    before.last().is_none_or(|last| b"\n;&|(){`".contains(last)) || openers.contains(&word)
}

/// After a first `(`: the length of the rest of `((…))`, if it is that and not two subshells.
fn arithmetic_length(rest: &[u8]) -> Option<usize> {
    if rest.first() != Some(&b'(') {
        return None;
    }
    let mut depth = 1;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 1 && at > 0 && *byte == b')' {
            return (rest.get(at + 1) == Some(&b')')).then_some(at + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn background_commands_are_told_from_other_ampersands() {
        let with = [
            "sleep 1 &",
            "a & b",
            "a&",
            "(a &)",
            "x=$(a & wait)",
            "\"$(a & wait)\"",
            "`a &`",
            "((a &); b)",
            "cat <<E &\nbody\nE\n",
            "cat <<'E'\n'\nE\na &",
            "cat <<-E\n\tx\n\tE\na &",
            "cat <<<x & b",
            "echo ${x:-'}'} & b",
            "echo \"${x:-it's}\" & b",
            "a 2>&1 & b",
            "echo $'\\'' &",
            "for i in 1 2; do a $i & done; wait",
            "if a; then b & fi",
        ];
        let without = [
            "",
            "a && b",
            "a &> f",
            "a &>> f",
            "a >& f",
            "a 2>&1",
            "a <&3",
            "a |& b",
            "case a in a) b ;& c) d ;;& *) e ;; esac",
            "echo '&'",
            "echo \"&\"",
            "echo \\&",
            "# a &",
            "a # b &\nc",
            "echo $((1 & 3))",
            "((x = (1) & 3))",
            "echo ${x/&/y}",
            "cat <<E\na &\nE\n",
            "cat <<E\na &",
            "echo $'a\\'& b'",
        ];
        let found = |script: &&str| features(script).has_background;
        assert_eq!(
            with.iter().filter(|script| !found(script)).collect::<Vec<_>>(),
            Vec::<&&str>::new()
        );
        assert_eq!(
            without.iter().filter(|script| found(script)).collect::<Vec<_>>(),
            Vec::<&&str>::new()
        );
    }

    #[test]
    fn comments_begin_where_a_word_could() {
        let script = "# one\necho a#b '# c' \"# d\" # two\n${x#y} $# x;#three";
        let comments: Vec<&str> =
            features(script).comments.into_iter().map(|range| &script[range]).collect();
        assert_eq!(comments, ["# one", "# two", "#three"]);
    }

    #[test]
    fn unfinished_scripts_end_with_their_text() {
        for script in
            ["'", "\"", "$(", "${", "`", "<<", "<<-", "\\", "$'\\", "((", "$((", "a <<E\n", "&"]
        {
            features(script);
        }
    }

    proptest! {
        #[test]
        fn any_script_ends_and_its_comments_are_comments(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30)
        ) {
            let script = pieces.concat();
            for comment in features(&script).comments {
                prop_assert!(script[comment.clone()].starts_with('#'));
                prop_assert!(!script[comment].contains('\n'));
            }
        }

        #[test]
        fn what_is_quoted_is_neither_comment_nor_background(text in "[^'\\x00]{0,40}") {
            prop_assert_eq!(features(&format!("echo '{text}'")), Features::default());
        }
    }

    const PIECES: [&str; 30] = [
        "a", " ", "\n", "'", "\"", "`", "$", "(", ")", "((", "))", "${", "}", "#", "&", "&&", "|",
        ";", "<", "<<E", "<<-'E'", "E", ">", "\\", "$'", "=", "é", "\t", "<<<", "!",
    ];
}
