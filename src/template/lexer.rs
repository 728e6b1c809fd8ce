//! Cuts a template into text and actions, and an action into tokens.
//!
//! Follows Go's rules for trim markers, comments and literals; knows no functions and no variables.

use super::syntax::At;

/// What a token is; its spelling is the text at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// `.`
    Dot,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    /// A word: keyword, function, `true`, `nil`.
    Word,
    /// A number.
    Number,
    /// `'x'`
    Char,
    /// `"x"`
    Quoted,
    /// `` `x` ``
    Raw,
    /// `|`
    Pipe,
    /// `,`
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `(`
    Open,
    /// `)`
    Close,
    /// The end of the action.
    End,
}

/// A token of an action.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub at: At,
    /// Whether white space stands before it.
    pub spaced: bool,
}

/// A piece of a template.
#[derive(Debug)]
pub enum Piece {
    /// Text to copy.
    Text(At),
    /// The inside of `{{…}}`, ended by [`TokenKind::End`]; the place holds the braces.
    Action(Vec<Token>, At),
}

/// A mistake in the spelling.
#[derive(Debug)]
pub struct Slip {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: At,
}

fn slip<T>(message: impl Into<String>, start: usize, end: usize) -> Result<T, Slip> {
    Err(Slip { message: message.into(), at: At::new(start, end) })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Cuts a template into its pieces.
pub fn pieces(text: &str) -> Result<Vec<Piece>, Slip> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let open = from + found;
        let inside = open + 2;
        let trims = text[inside..].starts_with('-') && text[inside + 1..].starts_with(is_space);
        push_text(&mut pieces, text, from, open, trims);
        let start = if trims { inside + 2 } else { inside };
        let (tokens, close, trims_after) = action(text, open, start)?;
        if !tokens.is_empty() {
            pieces.push(Piece::Action(tokens, At::new(open, close)));
        }
        from = close;
        if trims_after {
            from = text.len() - text[from..].trim_start_matches(is_space).len();
        }
    }
    push_text(&mut pieces, text, from, text.len(), false);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, from: usize, to: usize, trims: bool) {
    let piece = &text[from..to];
    let kept = if trims { piece.trim_end_matches(is_space) } else { piece };
    if !kept.is_empty() {
        pieces.push(Piece::Text(At::new(from, from + kept.len())));
    }
}

/// Tokens of the action that opens at `open`, the offset after it, and whether it trims there.
/// A comment has no tokens.
fn action(text: &str, open: usize, start: usize) -> Result<(Vec<Token>, usize, bool), Slip> {
    let lexer = Lexer { text, open, at: start, tokens: Vec::new(), parens: 0 };
    if text[start..].starts_with("/*") {
        return lexer.comment(start);
    }
    lexer.run()
}

/// The whole of `text` as one action without braces.
pub fn expression(text: &str) -> Result<Vec<Token>, Slip> {
    let mut lexer = Lexer { text, open: 0, at: 0, tokens: Vec::new(), parens: 0 };
    while lexer.at < text.len() {
        lexer.token()?;
    }
    lexer.finish(text.len())?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    open: usize,
    at: usize,
    tokens: Vec<Token>,
    parens: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn comment(mut self, begin: usize) -> Result<(Vec<Token>, usize, bool), Slip> {
        let Some(length) = self.text[begin..].find("*/") else {
            return slip("unclosed comment", begin, begin + 2);
        };
        self.at = begin + length + 2;
        match self.closing() {
            Some((width, trims)) => Ok((Vec::new(), self.at + width, trims)),
            None => slip("comment ends before closing delimiter", begin, self.at),
        }
    }

    /// The closing delimiter when it stands here: its width and whether it trims.
    fn closing(&self) -> Option<(usize, bool)> {
        let rest = self.rest();
        if rest.starts_with("}}") {
            return Some((2, false));
        }
        let mut chars = rest.chars();
        let trims = chars.next().is_some_and(is_space) && chars.as_str().starts_with("-}}");
        trims.then_some((4, true))
    }

    fn run(mut self) -> Result<(Vec<Token>, usize, bool), Slip> {
        loop {
            if let Some((width, trims)) = self.closing() {
                self.finish(self.at)?;
                return Ok((self.tokens, self.at + width, trims));
            }
            if self.at >= self.text.len() {
                return slip("unclosed action", self.open, self.open + 2);
            }
            self.token()?;
        }
    }

    fn finish(&mut self, end: usize) -> Result<(), Slip> {
        if self.parens > 0 {
            let open = self.tokens.iter().rev().find(|t| t.kind == TokenKind::Open);
            let at = open.map_or(At::new(end, end), |t| t.at);
            return Err(Slip { message: "unclosed left paren".into(), at });
        }
        let at = At::new(end, end);
        self.tokens.push(Token { kind: TokenKind::End, at, spaced: self.spaced(end) });
        Ok(())
    }

    fn spaced(&self, start: usize) -> bool {
        self.text[..start].ends_with(is_space)
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let at = At::new(self.at, self.at + length);
        self.tokens.push(Token { kind, at, spaced: self.spaced(self.at) });
        self.at += length;
    }

    fn token(&mut self) -> Result<(), Slip> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(()) };
        let second = rest[first.len_utf8()..].chars().next();
        match first {
            c if is_space(c) => self.at += 1,
            '=' => self.push(TokenKind::Assign, 1),
            ':' if second == Some('=') => self.push(TokenKind::Declare, 2),
            ':' => return slip("expected :=", self.at, self.at + 1),
            '|' => self.push(TokenKind::Pipe, 1),
            ',' => self.push(TokenKind::Comma, 1),
            '"' => return self.quoted('"', TokenKind::Quoted, "unterminated quoted string"),
            '\'' => return self.quoted('\'', TokenKind::Char, "unterminated character constant"),
            '`' => return self.raw(),
            '$' => return self.name(TokenKind::Variable, TokenKind::Variable),
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => {
                return self.name(TokenKind::Field, TokenKind::Dot);
            }
            '+' | '-' | '.' | '0'..='9' => return self.number(),
            '(' => {
                self.parens += 1;
                self.push(TokenKind::Open, 1);
            }
            ')' if self.parens == 0 => {
                return slip("unexpected right paren", self.at, self.at + 1);
            }
            ')' => {
                self.parens -= 1;
                self.push(TokenKind::Close, 1);
            }
            c if is_name(c) => return self.word(),
            c => {
                let message = format!("unrecognized character in action: {}", code_point(c));
                return slip(message, self.at, self.at + c.len_utf8());
            }
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char, kind: TokenKind, unclosed: &str) -> Result<(), Slip> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' if chars.next().is_none_or(|(_, c)| c == '\n') => break,
                '\n' => break,
                c if c == quote => {
                    self.push(kind, offset + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        slip(unclosed, self.at, self.at + 1)
    }

    fn raw(&mut self) -> Result<(), Slip> {
        match self.rest()[1..].find('`') {
            Some(length) => {
                self.push(TokenKind::Raw, length + 2);
                Ok(())
            }
            None => slip("unterminated raw quoted string", self.at, self.at + 1),
        }
    }

    fn word(&mut self) -> Result<(), Slip> {
        let length = name_length(self.rest());
        self.terminated(length)?;
        self.push(TokenKind::Word, length);
        Ok(())
    }

    fn name(&mut self, named: TokenKind, bare: TokenKind) -> Result<(), Slip> {
        let length = name_length(&self.rest()[1..]);
        self.terminated(length + 1)?;
        self.push(if length == 0 { bare } else { named }, length + 1);
        Ok(())
    }

    fn terminated(&self, length: usize) -> Result<(), Slip> {
        let rest = &self.rest()[length..];
        let ends = |c: char| is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(' | '=');
        match rest.chars().next() {
            Some(c) if !ends(c) && !rest.starts_with("}}") => {
                let at = self.at + length;
                slip(format!("bad character {}", code_point(c)), at, at + c.len_utf8())
            }
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<(), Slip> {
        let length = number_length(self.rest());
        let next = self.rest()[length..].chars().next();
        if next.is_some_and(is_name) || !self.rest()[..length].contains(is_digit) {
            return self.bad_number(length);
        }
        self.push(TokenKind::Number, length);
        Ok(())
    }

    fn bad_number(&self, length: usize) -> Result<(), Slip> {
        let rest = self.rest();
        let more: usize =
            rest[length..].chars().take_while(|&c| is_name(c)).map(char::len_utf8).sum();
        let spelled = &rest[..length + more];
        slip(format!("illegal number syntax: {spelled:?}"), self.at, self.at + spelled.len())
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_hexdigit()
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn name_length(text: &str) -> usize {
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

fn code_point(c: char) -> String {
    match c.is_control() {
        true => format!("U+{:04X}", c as u32),
        false => format!("U+{:04X} '{c}'", c as u32),
    }
}

/// How many bytes of `text` look like a number: Go's scan, which leaves the value to the parser.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let prefix = |at: usize| bytes.get(at + 1).map(u8::to_ascii_lowercase);
    let (digits, exponent): (&[u8], &[u8]) = match (bytes.get(at), prefix(at)) {
        (Some(b'0'), Some(b'x')) => (b"0123456789abcdefABCDEF_", b"pP"),
        (Some(b'0'), Some(b'o')) => (b"01234567_", b""),
        (Some(b'0'), Some(b'b')) => (b"01_", b""),
        _ => (b"0123456789_", b"eE"),
    };
    if exponent != b"eE" {
        at += 2;
    }
    let skip = |mut at: usize, set: &[u8]| {
        while bytes.get(at).is_some_and(|b| set.contains(b)) {
            at += 1;
        }
        at
    };
    at = skip(at, digits);
    if bytes.get(at) == Some(&b'.') {
        at = skip(at + 1, digits);
    }
    if bytes.get(at).is_some_and(|b| exponent.contains(b)) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = skip(at, b"0123456789_");
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Vec<String> {
        let show = |piece: &Piece| match piece {
            Piece::Text(at) => format!("text {:?}", &text[at.range()]),
            Piece::Action(tokens, _) => {
                let words: Vec<_> = tokens.iter().map(|t| &text[t.at.range()]).collect();
                format!("action {}", words.join("·"))
            }
        };
        pieces(text).unwrap().iter().map(show).collect()
    }

    #[test]
    fn trim_markers_eat_the_space_beside_them() {
        assert_eq!(spelled("a {{- .X -}} b"), ["text \"a\"", "action .X·", "text \"b\""]);
        assert_eq!(spelled("a {{-3}} b"), ["text \"a \"", "action -3·", "text \" b\""]);
    }

    #[test]
    fn comments_are_nothing() {
        assert_eq!(spelled("x{{- /* }} */ -}} y"), ["text \"x\"", "text \"y\""]);
        assert_eq!(
            pieces("{{/* a */ b}}").unwrap_err().message,
            "comment ends before closing delimiter"
        );
    }

    #[test]
    fn slips_say_where() {
        let slip = pieces("ab {{.X").unwrap_err();
        assert_eq!((slip.message.as_str(), slip.at), ("unclosed action", At::new(3, 5)));
        assert_eq!(pieces("{{ - }}").unwrap_err().message, "illegal number syntax: \"-\"");
        assert_eq!(pieces("{{ .X@ }}").unwrap_err().message, "bad character U+0040 '@'");
        assert_eq!(pieces("{{ (1 }}").unwrap_err().message, "unclosed left paren");
    }
}
