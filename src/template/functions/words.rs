//! Text as the words of a command line: quotes, escapes, `$NAME` and `~`, nothing more of a shell.

use crate::template::Facts;

use super::check_size;
use super::shell::variable;

/// The words of `text`, variables expanded; those outside of quotes are split at white space.
pub fn split(text: &str, facts: &dyn Facts) -> Result<Vec<String>, String> {
    let mut splitter = Splitter { facts, words: Vec::new(), word: None, expanded: 0 };
    splitter.run(text)?;
    Ok(splitter.words)
}

struct Splitter<'a> {
    facts: &'a dyn Facts,
    words: Vec<String>,
    /// The word that is being read; `Some("")` after empty quotes.
    word: Option<String>,
    /// Bytes that variables have brought in.
    expanded: usize,
}

impl Splitter<'_> {
    fn run(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                ' ' | '\t' | '\n' => {
                    self.words.extend(self.word.take());
                    after
                }
                '#' if self.word.is_none() => after.find('\n').map_or("", |end| &after[end..]),
                '~' if self.word.is_none() => self.home(after),
                '\'' => {
                    let (inner, after) = after.split_once('\'').ok_or_else(|| unclosed('\''))?;
                    self.push(inner);
                    after
                }
                '"' => self.quoted(after)?,
                '\\' => self.escaped(after),
                '`' => return Err("unexpected command substitution".into()),
                '$' => {
                    let (value, after) = self.expand(after)?;
                    self.push_fields(&value);
                    after
                }
                c => {
                    self.push(c.encode_utf8(&mut [0; 4]));
                    after
                }
            };
        }
        self.words.extend(self.word.take());
        Ok(())
    }

    fn push(&mut self, part: &str) {
        self.word.get_or_insert_default().push_str(part);
    }

    /// Adds a value from outside of quotes: white space in it ends words.
    fn push_fields(&mut self, value: &str) {
        for (i, field) in value.split([' ', '\t', '\n']).enumerate() {
            if i > 0 {
                self.words.extend(self.word.take());
            }
            if !field.is_empty() {
                self.push(field);
            }
        }
    }

    fn home<'t>(&mut self, after: &'t str) -> &'t str {
        let ends = after.is_empty() || after.starts_with(['/', ' ', '\t', '\n']);
        match self.facts.env("HOME").filter(|_| ends) {
            Some(home) => self.push(&home),
            None => self.push("~"),
        }
        after
    }

    /// What follows a backslash; a line feed is swallowed.
    fn escaped<'t>(&mut self, after: &'t str) -> &'t str {
        let Some(c) = after.chars().next() else {
            self.push("\\");
            return after;
        };
        if c != '\n' {
            self.push(c.encode_utf8(&mut [0; 4]));
        }
        &after[c.len_utf8()..]
    }

    fn quoted<'t>(&mut self, inside: &'t str) -> Result<&'t str, String> {
        self.push("");
        let mut rest = inside;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '"' => return Ok(after),
                '`' => return Err("unexpected command substitution".into()),
                '\\' if after.starts_with(['$', '`', '"', '\\', '\n']) => self.escaped(after),
                '$' => {
                    let (value, after) = self.expand(after)?;
                    self.push(&value);
                    after
                }
                c => {
                    self.push(c.encode_utf8(&mut [0; 4]));
                    after
                }
            };
        }
        Err(unclosed('"'))
    }

    /// The value of the variable after a `$`, and what follows it.
    fn expand<'t>(&mut self, after: &'t str) -> Result<(String, &'t str), String> {
        if after.starts_with('(') {
            return Err("unexpected command substitution".into());
        }
        Ok(match variable(after) {
            (_, 0) => ("$".into(), after),
            (name, length) => {
                let value = self.facts.env(name).unwrap_or_default();
                self.expanded += value.len();
                check_size(self.expanded)?;
                (value, &after[length..])
            }
        })
    }
}

fn unclosed(quote: char) -> String {
    format!("reached the end without closing quote {quote}")
}
