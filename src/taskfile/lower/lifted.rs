//! `task:NAME [VAR=x …] [> file [2>&1]] [&]`: a command that is nothing but a call.
//!
//! Anything a shell would have to understand beyond that leaves the command to the shell.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use crate::diag::Diagnostic;
use crate::source::{Layout, Span, Text};
use crate::taskfile::model::{Action, Call, Lifted, Redirect, Var, VarValue};
use crate::template::Template;

/// What the first word begins with.
const PREFIX: &str = "task:";

/// A call, taken apart.
pub(super) struct Written {
    span: Span,
    name: Text,
    vars: Vec<(Text, Text)>,
    file: Option<Text>,
    append: bool,
    both: bool,
    background: bool,
}

/// Takes a command apart; `None` when it is a matter for the shell.
pub(super) fn parse(text: &Text) -> Option<Written> {
    if !text.value.trim_start().starts_with(PREFIX) {
        return None;
    }
    let mut tokens = tokens(text)?.into_iter().peekable();
    let Token::Word(first) = tokens.next()? else { return None };
    let name = first.after_prefix(PREFIX).filter(|name| !name.text.is_empty())?;
    let mut written = Written {
        span: text.span,
        name: name.place(text),
        vars: Vec::new(),
        file: None,
        append: false,
        both: false,
        background: false,
    };
    while let Some(Token::Word(word)) = tokens.next_if(|t| matches!(t, Token::Word(_))) {
        let (name, value) = word.assignment()?;
        written.vars.push((name.place(text), value.place(text)));
    }
    if let Some(Token::Into { append }) = tokens.next_if(|t| matches!(t, Token::Into { .. })) {
        let Some(Token::Word(file)) = tokens.next() else { return None };
        written.file = Some(file.place(text));
        written.append = append;
        written.both = tokens.next_if(|t| matches!(t, Token::Both)).is_some();
    }
    written.background = tokens.next_if(|t| matches!(t, Token::Background)).is_some();
    tokens.next().is_none().then_some(written)
}

impl Written {
    /// The action; an error is a template that does not parse.
    pub(super) fn into_action(self) -> Result<Action, Diagnostic> {
        let var = |(name, value): &(Text, Text)| -> Result<Var, Diagnostic> {
            let value_of = VarValue::Template(Template::parse(value)?);
            let (name, span) = (name.value.clone(), value.span);
            Ok(Var { name, value: value_of, secret: false, dir: None, span })
        };
        let call = Call {
            task: Template::parse(&self.name)?,
            span: self.span,
            vars: self.vars.iter().map(var).collect::<Result<_, _>>()?,
            silent: None,
            timeout: None,
            each: None,
        };
        if self.file.is_none() && !self.background {
            return Ok(Action::Call(Box::new(call)));
        }
        let file = self.file.as_ref().map(Template::parse).transpose()?;
        let redirect = file.map(|file| Redirect { file, append: self.append, both: self.both });
        let lifted = Lifted { call, background: self.background, redirect };
        Ok(Action::Lifted(Box::new(lifted)))
    }
}

enum Token {
    Word(Word),
    /// `>` or `>>`.
    Into {
        append: bool,
    },
    /// `2>&1`.
    Both,
    /// `&`.
    Background,
}

/// A word with its quotes removed.
struct Word {
    text: String,
    /// Bytes of the command it was made of.
    range: Range<usize>,
    /// Bytes at its beginning that were not quoted.
    bare: usize,
}

impl Word {
    fn after_prefix(&self, prefix: &str) -> Option<Word> {
        let unquoted = self.text.get(..self.bare)?;
        unquoted.starts_with(prefix).then(|| self.tail(prefix.len()))
    }

    /// `NAME=value`, the name bare.
    fn assignment(&self) -> Option<(Word, Word)> {
        let equals = self.text.get(..self.bare)?.find('=')?;
        let name = &self.text[..equals];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let range = self.range.start..self.range.start + equals;
        let head = Word { text: name.into(), range, bare: equals };
        is_name.then(|| (head, self.tail(equals + 1)))
    }

    /// What follows the first `count` bytes, which are bare.
    fn tail(&self, count: usize) -> Word {
        Word {
            text: self.text[count..].into(),
            range: self.range.start + count..self.range.end,
            bare: self.bare.saturating_sub(count),
        }
    }

    /// As text that knows its place, where the command's own place is known.
    fn place(&self, command: &Text) -> Text {
        let value = self.text.as_str().into();
        match command.layout {
            Layout::Verbatim(first) if self.text.len() == self.range.len() => {
                let start = first as usize + self.range.start;
                let span = Span::new(command.span.file, start, start + self.range.len());
                Text { value, span, layout: Layout::Verbatim(start as u32) }
            }
            _ => Text { value, span: command.span, layout: Layout::Opaque },
        }
    }
}

type Chars<'t> = Peekable<CharIndices<'t>>;

/// The tokens of a command of one line; `None` when there is more in it than a call has.
fn tokens(command: &Text) -> Option<Vec<Token>> {
    let text = command.value.trim_end();
    let mut chars = text.char_indices().peekable();
    let mut all = Vec::new();
    while let Some(&(at, c)) = chars.peek() {
        match c {
            ' ' | '\t' => drop(chars.next()),
            _ if text[at..].starts_with("2>&1") => {
                chars.nth(3);
                all.push(Token::Both);
            }
            '>' => {
                chars.next();
                let append = chars.next_if(|&(_, c)| c == '>').is_some();
                all.push(Token::Into { append });
            }
            '&' => {
                chars.next();
                all.push(Token::Background);
            }
            _ => all.push(Token::Word(word(text, &mut chars)?)),
        }
    }
    Some(all)
}

fn word(text: &str, chars: &mut Chars<'_>) -> Option<Word> {
    let start = chars.peek()?.0;
    let mut word = Word { text: String::new(), range: start..text.len(), bare: 0 };
    let mut quoted = false;
    while let Some(&(at, c)) = chars.peek() {
        match c {
            ' ' | '\t' | '>' | '&' => {
                word.range.end = at;
                break;
            }
            '\'' | '"' => {
                quoted = true;
                chars.next();
                quote(c, chars, &mut word.text)?;
            }
            '{' if text[at..].starts_with("{{") => {
                let end = at + text[at..].find("}}")? + 2;
                word.text.push_str(&text[at..end]);
                while chars.next_if(|&(at, _)| at < end).is_some() {}
            }
            '$' | '`' | '\\' | '|' | ';' | '<' | '(' | ')' | '\n' | '*' | '?' | '[' | '~' | '#'
            | '{' | '}' => return None,
            _ => {
                word.text.push(c);
                chars.next();
            }
        }
        if !quoted {
            word.bare = word.text.len();
        }
    }
    Some(word)
}

/// The rest of a quoted piece; `None` when the shell would find something to do in it.
fn quote(mark: char, chars: &mut Chars<'_>, text: &mut String) -> Option<()> {
    loop {
        match chars.next()?.1 {
            c if c == mark => return Some(()),
            '$' | '`' | '\\' | '!' if mark == '"' => return None,
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(command: &str) -> Option<String> {
        let written = parse(&Text::detached(command))?;
        let vars = written.vars.iter().map(|(n, v)| format!(" {}=<{}>", n.value, v.value));
        let arrow = if written.append { ">>" } else { ">" };
        let file = written.file.map(|f| format!(" {arrow}{}", f.value)).unwrap_or_default();
        let both = if written.both { " both" } else { "" };
        let background = if written.background { " &" } else { "" };
        let vars: String = vars.collect();
        Some(format!("{}{vars}{file}{both}{background}", written.name.value))
    }

    #[test]
    fn a_call_is_taken_apart() {
        let same = |command, parts: &str| assert_eq!(shown(command).as_deref(), Some(parts));
        same("task:build", "build");
        same("task:a:b &", "a:b &");
        same("task:build&", "build &");
        same("task:b A=1 B='x y' C=\"p q\"  &", "b A=<1> B=<x y> C=<p q> &");
        same("task:b > out.log 2>&1 &", "b >out.log both &");
        same("task:b >>out.log", "b >>out.log");
        same("task:{{.N}} A={{ .X }}/y &\n", "{{.N}} A=<{{ .X }}/y> &");
        same("task:b A=", "b A=<>");
    }

    #[test]
    fn what_needs_a_shell_is_left_to_it() {
        for command in [
            "task:a && task:b",
            "task:a; echo",
            "task:a | cat",
            "echo task:a",
            "task:",
            "wait",
            "task:a $X",
            "task:a A=$X",
            "task:a A=\"$X\"",
            "task:a B",
            "task:a > f > g",
            "task:a & &",
            "task:a 2>&1 > f",
            "task:a\ntask:b",
            "task:a < f",
            "task:a 'x",
            "",
            "\"task:\"a",
            "task:$X",
            "task:a >",
            "task:a &>f",
        ] {
            assert_eq!(shown(command), None, "{command}");
        }
    }

    #[test]
    fn a_name_knows_its_place() {
        let layout = Layout::Verbatim(10);
        let text = Text { value: "task:ab X=1 &".into(), layout, ..Text::default() };
        let name = parse(&text).unwrap().name;
        assert_eq!((name.span.start, name.span.end), (15, 17));
    }
}
