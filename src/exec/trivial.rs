//! Commands that need no process: `true`, `:`, `false`, `exit N`, `echo` and `printf` of plain words.
//!
//! They do what bash would do, byte for byte; whatever bash might do otherwise is not trivial.

use std::io::{self, Write};
use std::path::Path;

use super::Before;
use super::redirect::Streams;
use super::shell::Options;
use super::simple::{Redirection, Simple, pipeline};
use crate::event::Stream;

/// What a command does that needs no process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trivial {
    /// What it writes to stdout.
    pub output: String,
    /// Its exit code.
    pub code: i32,
    /// Who says so when the output cannot be written.
    name: &'static str,
    /// Where its streams go.
    redirections: Vec<Redirection>,
}

/// What a trivial command did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// What its output or error stream still has to be given.
    pub output: Option<(Stream, Vec<u8>)>,
    /// Its exit code.
    pub code: i32,
}

/// What `text` does in bash, if no process is needed for it.
pub(super) fn trivial(text: &str, options: &Options) -> Option<Trivial> {
    /// What the first word or redirection of a trivial command may begin with.
    const BEGINS: [char; 10] = ['t', ':', 'f', 'e', 'p', '\'', '"', '\\', '<', '>'];
    if !text.trim_start_matches([' ', '\t', '\n']).starts_with(BEGINS) {
        return None;
    }
    // A message names the line, so there is to be only one.
    let is_line = !text.trim_end_matches('\n').contains('\n');
    let mut commands = pipeline(text).filter(|_| is_line && options.allow_direct())?;
    deed(commands.pop().filter(|_| commands.is_empty())?, options)
}

/// The first command of a pipeline, if no process is needed for it and what it writes waits in any pipe.
pub(super) fn before(command: &Simple, options: &Options) -> Option<Before> {
    /// What the smallest pipe holds.
    const PIPE: usize = 4096;
    let deed = deed(command.clone(), options).filter(|deed| deed.redirections.is_empty())?;
    let output = deed.output.into_bytes();
    (output.len() <= PIPE).then(|| Before { output, code: deed.code, text: command.text.clone() })
}

fn deed(command: Simple, options: &Options) -> Option<Trivial> {
    if !options.shopt.is_empty() {
        return None;
    }
    let (name, words) = command.words.split_first()?;
    let (name, output, code) = match (name.as_str(), words) {
        ("true" | ":", _) => ("true", String::new(), 0),
        ("false", _) => ("false", String::new(), 1),
        ("exit", []) => ("exit", String::new(), 0),
        ("exit", [code]) => ("exit", String::new(), code.parse::<u8>().ok()?.into()),
        ("echo", words) => ("echo", echo(words)?, 0),
        ("printf", [format, words @ ..]) => ("printf", printf(format, words)?, 0),
        _ => return None,
    };
    Some(Trivial { output, code, name, redirections: command.redirections })
}

fn echo(words: &[String]) -> Option<String> {
    match words {
        [option, rest @ ..] if option == "-n" => {
            let is_option = rest.first().is_some_and(|word| word.starts_with('-'));
            (!is_option).then(|| rest.join(" "))
        }
        [option, ..] if option.starts_with('-') => None,
        words => Some(words.join(" ") + "\n"),
    }
}

/// `printf` with `%s`, `%%` and the escapes of single letters.
fn printf(format: &str, words: &[String]) -> Option<String> {
    if format.starts_with('-') {
        return None;
    }
    let mut output = String::new();
    let mut words = words.iter();
    loop {
        let before = words.len();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => match letters.next()? {
                    's' => output.extend(words.next().map(String::as_str)),
                    '%' => output.push('%'),
                    _ => return None,
                },
                '\\' => output.push(match letters.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '\\' => '\\',
                    '"' => '"',
                    _ => return None,
                }),
                letter => output.push(letter),
            }
        }
        if words.len() == 0 || words.len() == before {
            return Some(output);
        }
    }
}

impl Trivial {
    /// Does it in `dir`; `None` when a shell has to.
    pub fn perform(self, dir: &Path) -> Option<Done> {
        let mut streams = Streams::new(&self.redirections, dir)?;
        if self.output.is_empty() {
            return Some(Done { output: None, code: self.code });
        }
        match streams.file(1) {
            Err(number) => {
                let output = Some((stream(number), self.output.into_bytes()));
                Some(Done { output, code: self.code })
            }
            Ok(file) => match file.write_all(self.output.as_bytes()) {
                Ok(()) => Some(Done { output: None, code: self.code }),
                Err(error) => Some(self.unwritten(&error, &mut streams)),
            },
        }
    }

    /// Bash's words for a disk that is full.
    fn unwritten(&self, error: &io::Error, streams: &mut Streams) -> Done {
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        let text = format!("bash: line 1: {}: write error: {reason}\n", self.name);
        let output = match streams.file(2) {
            // That this cannot be written either, nobody would hear.
            Ok(file) => file.write_all(text.as_bytes()).err().and(None),
            Err(number) => Some((stream(number), text.into_bytes())),
        };
        Done { output, code: 1 }
    }
}

fn stream(number: usize) -> Stream {
    if number == 2 { Stream::Stderr } else { Stream::Stdout }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(text: &str) -> Option<(String, i32)> {
        trivial(text, &Options::default()).map(|does| (does.output, does.code))
    }

    fn done(output: &str, code: i32) -> Option<(String, i32)> {
        Some((output.to_owned(), code))
    }

    #[test]
    fn a_trivial_command_needs_no_process() {
        assert_eq!(does("echo  a 'b  c' \"d\"\n"), done("a b  c d\n", 0));
        assert_eq!(
            [does("echo"), does("echo -n"), does("echo -n a")],
            [done("\n", 0), done("", 0), done("a", 0)]
        );
        assert_eq!(does("printf 'a %s%%\\n' b c"), done("a b%\na c%\n", 0));
        assert_eq!([does("printf '%s-'"), does("printf a b")], [done("-", 0), done("a", 0)]);
        assert_eq!([does("true"), does(": a"), does("exit")], [(); 3].map(|()| done("", 0)));
        assert_eq!([does("false"), does("exit 1")], [(); 2].map(|()| done("", 1)));
    }

    #[test]
    fn what_bash_may_do_otherwise_is_not_trivial() {
        for text in [
            "echo -e a",
            "echo -n -e a",
            "exit 256",
            "exit -1",
            "exit a",
            "exit 1 2",
            "echo $a",
            "echo a; echo b",
            "cat",
            "A=b",
            "echo a | cat",
            "printf",
            "printf -v a b",
            "printf %d 1",
            "printf '\\x41'",
            "printf '%'",
            "printf '\\'",
            "printf '%5s' a",
        ] {
            assert_eq!(does(text), None, "{text}");
        }
        assert_eq!(
            trivial("true", &Options { set: ["x".into()].into(), ..Options::default() }),
            None
        );
    }

    #[test]
    fn output_goes_where_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let perform = |text| trivial(text, &Options::default()).unwrap().perform(dir.path());
        let nothing = |code| Some(Done { output: None, code });
        assert_eq!(perform("echo a > f"), nothing(0));
        assert_eq!(perform("echo b >> f"), nothing(0));
        assert_eq!(perform("echo c > /dev/null"), nothing(0));
        assert_eq!(std::fs::read_to_string(dir.path().join("f")).unwrap(), "a\nb\n");
        let output = Some((Stream::Stderr, b"d\n".to_vec()));
        assert_eq!(perform("echo d >&2"), Some(Done { output, code: 0 }));
        assert_eq!(perform("echo e > no/f"), None);
        assert_eq!(perform("true < no"), None);
    }
}
