//! The command that runs a task of a run again, fit to be pasted into a shell.

use std::sync::Arc;

use crate::term;

/// What stands around the words that call the task.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Again {
    /// The program and its flags, as a shell reads them; `None`: no command line could repeat the run.
    pub before: Option<String>,
    /// Variables of the run: the name, and the word that sets it as a shell reads it.
    pub vars: Vec<(String, String)>,
    /// What commands were given behind `--`.
    pub arguments: Vec<String>,
}

impl Again {
    /// The line that makes the call of these words: a name, then variables, which count more than those of the run.
    /// `None` where there is none, or where it could not be typed.
    pub fn line(&self, words: &[Arc<str>]) -> Option<String> {
        let (before, (name, given)) = (self.before.clone()?, words.split_first()?);
        let is_given = |name: &str| {
            given.iter().any(|word| word.strip_prefix(name).is_some_and(|w| w.starts_with('=')))
        };
        let mut line = vec![before, typed(name)?];
        line.extend(self.vars.iter().filter(|(name, _)| !is_given(name)).map(|var| var.1.clone()));
        for word in given {
            line.push(typed(word)?);
        }
        if !self.arguments.is_empty() {
            line.push("--".into());
        }
        for argument in &self.arguments {
            line.push(typed(argument)?);
        }
        let line = line.join(" ");
        (term::strip(&line) == line && !line.contains('\n')).then_some(line)
    }
}

/// A word as it is typed in a shell; `None` for one that holds a zero.
pub fn typed(word: &str) -> Option<String> {
    let quoted = |word| shlex::try_quote(word).ok().map(|word| word.into_owned());
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    };
    match word.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, "")) => Some(format!("{name}=")),
        Some((name, value)) => Some(format!("{name}={}", quoted(value)?)),
        None => quoted(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(again: &Again, words: &[&str]) -> Option<String> {
        let words: Vec<Arc<str>> = words.iter().map(|&word| word.into()).collect();
        again.line(&words)
    }

    #[test]
    fn words_are_quoted_and_the_call_s_variables_count_more() {
        let again = Again {
            before: Some("par run -t 'my file'".into()),
            vars: vec![("A".into(), "A=1".into()), ("AB".into(), "AB='2 3'".into())],
            arguments: vec!["-x".into(), "$HOME".into()],
        };
        let all = "par run -t 'my file' 'a b' AB='2 3' A=\"it's\" EMPTY= -- -x '$HOME'";
        assert_eq!(line(&again, &["a b", "A=it's", "EMPTY="]).as_deref(), Some(all));
    }

    #[test]
    fn what_cannot_be_typed_is_not_shown() {
        let again = Again { before: Some("par run".into()), ..Again::default() };
        assert_eq!(line(&again, &["a", "X=1\n2"]), None);
        assert_eq!(line(&again, &["\u{1b}[1m"]), None);
        assert_eq!(line(&again, &[]), None);
        assert_eq!(line(&Again::default(), &["a"]), None);
    }
}
