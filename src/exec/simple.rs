//! Scripts that need no shell to be understood: one command, or a few in a pipeline, of plain words and
//! redirections.
//!
//! Errs on the side of the shell: what a shell might expand or interpret is not simple.

use std::str::Chars;

/// One command: its words, and where its streams go instead.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Simple {
    /// The command as a shell would show it: words as written, then redirections.
    pub text: String,
    /// At least one.
    pub words: Vec<String>,
    /// In the order in which a shell would do them.
    pub redirections: Vec<Redirection>,
}

/// A stream and what becomes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirection {
    /// 0, 1 or 2.
    pub stream: usize,
    /// Where it goes.
    pub to: Target,
}

/// Where a stream goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// `< file`
    Read(String),
    /// `> file`
    Write(String),
    /// `>> file`
    Append(String),
    /// `>&N`: where the stream of this number goes now.
    Same(usize),
}

/// The commands of a pipeline; one, where there is no `|`. `None`: this takes a shell.
pub(super) fn pipeline(script: &str) -> Option<Vec<Simple>> {
    let text = script.trim_start_matches([' ', '\t', '\n']).trim_end_matches('\n');
    let mut reader = Reader { letters: text.chars() };
    let mut commands = Vec::new();
    loop {
        let (command, goes_on) = reader.command()?;
        commands.push(command);
        if !goes_on {
            return Some(commands);
        }
    }
}

struct Reader<'a> {
    letters: Chars<'a>,
}

/// A word in the making.
#[derive(Default)]
struct Word {
    text: String,
    /// As it is written.
    written: String,
    /// Something of it was quoted, so it is no number of a stream.
    is_quoted: bool,
}

impl Reader<'_> {
    /// One command, and whether a `|` follows.
    fn command(&mut self) -> Option<(Simple, bool)> {
        let mut command = Simple::default();
        let (mut words, mut redirections) = (Vec::new(), String::new());
        let goes_on = loop {
            let word = self.word(command.words.is_empty())?;
            let end = self.letters.next();
            let number = match word {
                Some(word) if matches!(end, Some('<' | '>')) && word.is_number() => Some(word.text),
                Some(word) => {
                    command.words.push(word.text);
                    words.push(word.written);
                    None
                }
                None => None,
            };
            match end {
                Some(' ' | '\t') => {}
                Some(sign @ ('<' | '>')) => {
                    let (redirection, text) = self.redirection(number, sign)?;
                    command.redirections.push(redirection);
                    redirections.extend([" ", &text]);
                }
                Some('|') if !self.letters.as_str().starts_with(['|', '&']) => break true,
                Some(_) => return None,
                None => break false,
            }
        };
        command.text = words.join(" ") + &redirections;
        (!words.is_empty()).then_some((command, goes_on))
    }

    /// The word that begins here, up to what ends it; `Some(None)` when there is none.
    fn word(&mut self, is_first: bool) -> Option<Option<Word>> {
        let mut word: Option<Word> = None;
        loop {
            let before = self.letters.clone();
            match self.letters.next() {
                None | Some(' ' | '\t' | '<' | '>' | '|') => {
                    self.letters = before;
                    return Some(word);
                }
                Some('\'') => self.quote(word.get_or_insert_default())?,
                Some('"') => self.double_quote(word.get_or_insert_default())?,
                Some('\\') => match self.letters.next()? {
                    '\n' => {}
                    escaped => {
                        let word = word.get_or_insert_default();
                        word.text.push(escaped);
                        word.written.extend(['\\', escaped]);
                        word.is_quoted = true;
                    }
                },
                Some('=') if is_first => return None,
                Some(letter) if is_special(letter) => return None,
                Some(letter) => {
                    let word = word.get_or_insert_default();
                    word.text.push(letter);
                    word.written.push(letter);
                }
            }
        }
    }

    /// What follows a `<` or `>`, and how a shell would show it all.
    fn redirection(&mut self, number: Option<String>, sign: char) -> Option<(Redirection, String)> {
        let stream = match number.as_deref() {
            None => usize::from(sign == '>'),
            Some("0") => 0,
            Some("1") => 1,
            Some("2") => 2,
            Some(_) => return None,
        };
        let rest = self.letters.as_str();
        let to: fn(String) -> Target = if sign == '<' {
            (stream == 0 && !rest.starts_with(['<', '>', '&', '('])).then_some(Target::Read)?
        } else if stream == 0 || rest.starts_with(['|', '(']) {
            return None;
        } else if rest.starts_with('>') {
            self.letters.next();
            Target::Append
        } else if rest.starts_with('&') {
            self.letters.next();
            let other = match &*self.file()?.text {
                "1" => 1,
                "2" => 2,
                _ => return None,
            };
            let to = Target::Same(other);
            return Some((Redirection { stream, to }, format!("{stream}>&{other}")));
        } else {
            Target::Write
        };
        let file = self.file()?;
        let to = to(file.text);
        let (number, sign) = match (&to, stream) {
            (Target::Read(_), _) => ("", "<"),
            (Target::Append(_), 2) => ("2", ">>"),
            (Target::Append(_), _) => ("", ">>"),
            (_, 2) => ("2", ">"),
            _ => ("", ">"),
        };
        Some((Redirection { stream, to }, format!("{number}{sign} {}", file.written)))
    }

    /// The name of a file: a word of its own, and not empty.
    fn file(&mut self) -> Option<Word> {
        self.letters = self.letters.as_str().trim_start_matches([' ', '\t']).chars();
        let word = self.word(false)??;
        // In `> 2>file` the number would belong to the next one.
        let is_number = self.letters.as_str().starts_with(['<', '>']) && word.is_number();
        (!word.text.is_empty() && !is_number).then_some(word)
    }

    fn quote(&mut self, word: &mut Word) -> Option<()> {
        word.is_quoted = true;
        let (quoted, rest) = self.letters.as_str().split_once('\'')?;
        self.letters = rest.chars();
        word.text.push_str(quoted);
        word.written.extend(["'", quoted, "'"]);
        Some(())
    }

    fn double_quote(&mut self, word: &mut Word) -> Option<()> {
        word.is_quoted = true;
        word.written.push('"');
        loop {
            match self.letters.next()? {
                '"' => {
                    word.written.push('"');
                    return Some(());
                }
                '$' | '`' => return None,
                '\\' => match self.letters.next()? {
                    '\n' => {}
                    escaped => {
                        if !matches!(escaped, '$' | '`' | '"' | '\\') {
                            word.text.push('\\');
                        }
                        word.text.push(escaped);
                        word.written.extend(['\\', escaped]);
                    }
                },
                letter => {
                    word.text.push(letter);
                    word.written.push(letter);
                }
            }
        }
    }
}

impl Word {
    fn is_number(&self) -> bool {
        !self.is_quoted && !self.text.is_empty() && self.text.bytes().all(|b| b.is_ascii_digit())
    }
}

fn is_special(letter: char) -> bool {
    let is_sign = letter.is_ascii_punctuation();
    letter.is_control() || is_sign && "&;()$`*?[]{}~#!^".contains(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(script: &str) -> Vec<String> {
        let mut commands = pipeline(script).unwrap();
        assert_eq!(commands.len(), 1, "{script}");
        assert_eq!(commands[0].redirections, [], "{script}");
        commands.remove(0).words
    }

    #[test]
    fn words_lose_their_quotes() {
        assert_eq!(words(" cc -o 'a b' \"c \\\" d\"e \\  \n"), ["cc", "-o", "a b", "c \" de", " "]);
        assert_eq!(words("x \\\n y ''"), ["x", "y", ""]);
        assert_eq!(words("x --a=b c,d @ 1%"), ["x", "--a=b", "c,d", "@", "1%"]);
    }

    #[test]
    fn redirections_are_told_from_words() {
        use Target::{Append, Read, Same, Write};
        let of = |script: &str| -> Vec<(usize, Target)> {
            let mut commands = pipeline(script).unwrap();
            assert_eq!((commands.len(), &*commands[0].words[0]), (1, "x"), "{script}");
            let all = commands.remove(0).redirections;
            all.into_iter().map(|one| (one.stream, one.to)).collect()
        };
        assert_eq!(of("x > f"), [(1, Write("f".into()))]);
        assert_eq!(of("x a>'f g'<h b"), [(1, Write("f g".into())), (0, Read("h".into()))]);
        assert_eq!(of(">>f x 2>&1"), [(1, Append("f".into())), (2, Same(1))]);
        assert_eq!(of("x 2> e >&2"), [(2, Write("e".into())), (1, Same(2))]);
        assert_eq!(of("x a2>f"), [(1, Write("f".into()))]);
        assert_eq!(of("x '2'>f 0<g"), [(1, Write("f".into())), (0, Read("g".into()))]);
    }

    #[test]
    fn a_command_is_shown_as_bash_shows_it() {
        let text = |script| pipeline(script).unwrap().remove(0).text;
        assert_eq!(text("  a   'b  c'\t\"d\\\"\"\\ e"), "a 'b  c' \"d\\\"\"\\ e");
        assert_eq!(
            text(">f a 2>&1 >>'g h'<i >&2 2>j 1>k"),
            "a > f 2>&1 >> 'g h' < i 1>&2 2> j > k"
        );
        assert_eq!(text("a \\\n b"), "a b");
    }

    #[test]
    fn pipelines_are_told_from_alternatives() {
        let lengths = |script| pipeline(script).map(|commands| commands.len());
        assert_eq!(lengths("a b|c d | e > f"), Some(3));
        for script in ["a || b", "a |& b", "a |", "| a", "a | | b", "a | > f"] {
            assert_eq!(lengths(script), None, "{script}");
        }
    }

    #[test]
    fn what_a_shell_would_interpret_is_not_simple() {
        let scripts = [
            "",
            " ",
            "A=b",
            "A=b c",
            "a; b",
            "a\nb",
            "a $x",
            "a \"$x\"",
            "a ~",
            "a *",
            "a?",
            "[ a ]",
            "{ a }",
            "a # b",
            "! a",
            "a `b`",
            "a 'b",
            "a \"b",
            "a \\",
            "(a)",
            "a{b,c}",
            "a\0",
            "> f",
            "a >",
            "a > ''",
            "a > $f",
            "a >| f",
            "a >(b)",
            "a <(b)",
            "a <<E",
            "a <<<b",
            "a <> f",
            "a <&1",
            "a >&f",
            "a >&-",
            "a &> f",
            "a 3> f",
            "a 0> f",
            "a 1< f",
            "a > 2>f",
            "a | B=c",
            "> f A=b c",
            "a 12>f",
            "a >&2x",
        ];
        for script in scripts {
            assert_eq!(pipeline(script), None, "{script}");
        }
    }

    proptest! {
        #[test]
        fn any_script_ends(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30)
        ) {
            let script = pieces.concat();
            for command in pipeline(&script).into_iter().flatten() {
                prop_assert!(!command.words.is_empty());
                prop_assert!(command.words.concat().len() <= script.len());
            }
        }
    }

    const PIECES: [&str; 22] = [
        "a", " ", "\n", "'", "\"", "`", "$", "(", ")", "#", "&", "|", ";", "<", ">", "1", "2",
        "\\", "=", "é", "\t", "!",
    ];
}
