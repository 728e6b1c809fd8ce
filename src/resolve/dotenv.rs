//! `.env` files: `KEY=value` lines with comments, quotes and references to keys above.
//!
//! Knows no variables but the file's own; where files are and whose values win is decided elsewhere.

use std::sync::Arc;

use indexmap::IndexMap;

/// The keys of a file with their values, in order; the last of two equal keys wins.
pub(super) type Entries = IndexMap<Arc<str>, Arc<str>>;

/// Reads the text of a file. The error says what is wrong and in which line (from 1).
pub(super) fn parse(text: &str) -> Result<Entries, (usize, String)> {
    let text = text.replace("\r\n", "\n");
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut entries = Entries::new();
    loop {
        rest = skip_blank(rest);
        if rest.is_empty() {
            return Ok(entries);
        }
        let line = 1 + text[..text.len() - rest.len()].matches('\n').count();
        let at = |reason: String| (line, reason);
        let (key, after) = key(rest).map_err(at)?;
        let (value, after) = value(after, &entries).map_err(at)?;
        entries.insert(key.into(), value.into());
        rest = after;
    }
}

fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix('#') {
            Some(comment) => text = comment.find('\n').map_or("", |end| &comment[end..]),
            None => return text,
        }
    }
}

fn key(text: &str) -> Result<(&str, &str), String> {
    let text = match text.strip_prefix("export") {
        Some(after) if after.starts_with([' ', '\t']) => after.trim_start_matches([' ', '\t']),
        _ => text,
    };
    let line = text.split('\n').next().unwrap_or_default();
    let end = line.find(['=', ':']).ok_or_else(|| format!("`{line}` has no `=`"))?;
    let key = line[..end].trim();
    match key.chars().find(|&c| !(c.is_alphanumeric() || c == '_' || c == '.')) {
        Some(c) => Err(format!("unexpected character `{c}` in the name `{key}`")),
        None => Ok((key, text[end + 1..].trim_start_matches([' ', '\t']))),
    }
}

fn value<'a>(text: &'a str, known: &Entries) -> Result<(String, &'a str), String> {
    let Some(quote) = text.chars().next().filter(|&c| c == '"' || c == '\'') else {
        let end = text.find('\n').unwrap_or(text.len());
        let (line, rest) = text.split_at(end);
        return Ok((expand(without_comment(line).trim(), known), rest));
    };
    let body = &text[1..];
    let end = closing(body, quote).ok_or_else(|| {
        format!("unterminated quoted value {}", text.split('\n').next().unwrap_or_default())
    })?;
    let value = match quote {
        '"' => expand(&unescape(&body[..end]), known),
        _ => body[..end].to_string(),
    };
    Ok((value, &body[end + 1..]))
}

/// Where the quote ends: the first one of its kind without a backslash before it.
fn closing(body: &str, quote: char) -> Option<usize> {
    body.match_indices(quote)
        .map(|(at, _)| at)
        .find(|&at| at == 0 || body.as_bytes()[at - 1] != b'\\')
}

/// A `#` after white space begins a comment.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let comment = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| at == 0 || bytes[at - 1].is_ascii_whitespace());
    comment.map_or(line, |at| &line[..at])
}

/// `\n` and `\r` become what they mean; a backslash goes from all others but `\$`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('n')) => out.push('\n'),
            (_, Some('r')) => out.push('\r'),
            (_, Some('$')) => out.push_str("\\$"),
            (_, Some(other)) => out.push(other),
            (c, None) => out.push(c),
        }
    }
    out
}

/// Replaces `$KEY` and `${KEY}` by the values of keys above; `\$` is a dollar.
fn expand(text: &str, known: &Entries) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('\\') {
            out.push_str(before);
            out.push('$');
            rest = &dollar[1..];
            continue;
        }
        out.push_str(before);
        rest = match reference(&dollar[1..]) {
            Some((name, after)) => {
                out.push_str(known.get(name).map_or("", |value| value));
                after
            }
            None => {
                out.push('$');
                &dollar[1..]
            }
        };
    }
    out.push_str(rest);
    out
}

/// The name that a `$` refers to, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let word = |c: char| c == '_' || c.is_ascii_uppercase() || c.is_ascii_digit();
    let inner = text.strip_prefix('{').unwrap_or(text);
    let end = inner.find(|c| !word(c)).unwrap_or(inner.len());
    let (name, after) = inner.split_at(end);
    let after =
        if inner.len() < text.len() { after.strip_prefix('}').unwrap_or(after) } else { after };
    (!name.is_empty()).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let entries = parse(text).unwrap();
        entries.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn plain_values_end_at_a_comment_or_the_line() {
        let text = "# head\nA=1\n\nexport B = two words # no\r\nC: x#y\nD=\n";
        let expected = [pair("A", "1"), pair("B", "two words"), pair("C", "x#y"), pair("D", "")];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn double_quotes_expand_and_single_quotes_do_not() {
        let text = "A=1\nB=\"$A\\n${A}\\$A\"\nC='$A\\n'\nD=\"two\nlines\"\nE=$A$NOPE";
        let expected = [
            pair("A", "1"),
            pair("B", "1\n1$A"),
            pair("C", "$A\\n"),
            pair("D", "two\nlines"),
            pair("E", "1"),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(parse("A=1\nno sign\n"), Err((2, "`no sign` has no `=`".into())));
        assert_eq!(parse("A='x"), Err((1, "unterminated quoted value 'x".into())));
        assert_eq!(parse("a b=1").unwrap_err().1, "unexpected character ` ` in the name `a b`");
    }
}
