//! What a task writes to `$PAR_OUTPUT`: `KEY=value` lines, and `KEY<<WORD` blocks up to a line `WORD`.

use std::sync::Arc;

/// A line that cannot be read, from 1, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) why: String,
}

/// A key and its value.
type Pair = (Arc<str>, Arc<str>);

/// Reads all keys with their values; a key that is written again has its last value.
pub(super) fn parse(text: &str) -> Result<Vec<Pair>, Wrong> {
    let mut found: Vec<Pair> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| Wrong { line: at + 1, why };
        let (key, value) = match (line.find('='), line.find("<<")) {
            (equals, Some(block)) if equals.is_none_or(|equals| block < equals) => {
                let (key, word) = (&line[..block], line[block + 2..].trim());
                if word.is_empty() {
                    return Err(wrong("`<<` needs a word that ends the block".into()));
                }
                let mut value: Vec<&str> = Vec::new();
                loop {
                    match lines.next() {
                        Some((_, line)) if line == word => break,
                        Some((_, line)) => value.push(line),
                        None => {
                            return Err(wrong(format!(
                                "the block never ends: no line is `{word}`"
                            )));
                        }
                    }
                }
                (key, value.join("\n"))
            }
            (Some(equals), _) => (&line[..equals], line[equals + 1..].to_string()),
            (None, _) => {
                return Err(wrong(format!("`{line}` is neither `KEY=value` nor `KEY<<WORD`")));
            }
        };
        if !is_key(key) {
            return Err(wrong(format!("`{key}` is no key: letters, digits and `_`")));
        }
        found.retain(|(known, _)| **known != *key);
        found.push((key.into(), value.into()));
    }
    Ok(found)
}

/// What a template can read with a dot.
fn is_key(text: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    text.chars().all(is_word) && text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(found) => found.iter().map(|(key, value)| format!("{key}={value:?} ")).collect(),
            Err(Wrong { line, why }) => format!("{line}: {why}"),
        }
    }

    #[test]
    fn lines_and_blocks_are_read() {
        assert_eq!(read("A=1\n\nB = x=y \nC=\n"), "3: `B ` is no key: letters, digits and `_`");
        assert_eq!(read("A=1\n\nB= x=y \nC=\n"), "A=\"1\" B=\" x=y \" C=\"\" ");
        assert_eq!(read("A<<EOF\none\n\ntwo=2\nEOF\nB=<<x"), "A=\"one\\n\\ntwo=2\" B=\"<<x\" ");
        assert_eq!(read("A<< END \nEND"), "A=\"\" ");
        assert_eq!(read(""), "");
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        assert_eq!(read("A=1\nB=2\nA=3\n"), "B=\"2\" A=\"3\" ");
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(read("A=1\nhello"), "2: `hello` is neither `KEY=value` nor `KEY<<WORD`");
        assert_eq!(read("A<<EOF\nx\n"), "1: the block never ends: no line is `EOF`");
        assert_eq!(read("A<<\n"), "1: `<<` needs a word that ends the block");
        assert_eq!(read("=x"), "1: `` is no key: letters, digits and `_`");
        assert_eq!(read("a-b=x"), "1: `a-b` is no key: letters, digits and `_`");
        assert_eq!(read("1=x"), "1: `1` is no key: letters, digits and `_`");
    }
}
