//! Values whose names tell that nobody should see them: tokens, passwords, keys of the environment.
//!
//! Nobody declared them, so what a command prints of them is its own affair; but `par` itself shows none.

use std::sync::Arc;

use crate::value::{Value, Vars};

/// What is shown in the place of such a value.
const MASK: &str = "*****";
/// Shorter values are too likely to be part of other words.
const SHORTEST: usize = 6;

/// Words of which one in a name tells.
const WORDS: [&str; 10] = [
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "KEY",
];
/// Words that end the names of what is no value of that kind but stands for it.
const ABOUT: [&str; 10] =
    ["FILE", "PATH", "DIR", "URL", "URI", "ID", "NAME", "USER", "TYPE", "VERSION"];

/// Whether a variable of this name is taken for a secret.
pub fn is_telling(name: &str) -> bool {
    let words = || name.split(['_', '-', '.']);
    let is = |word: &str, known: &[&str]| known.iter().any(|k| word.eq_ignore_ascii_case(k));
    !words().next_back().is_some_and(|last| is(last, &ABOUT))
        && words().any(|word| is(word, &WORDS))
}

/// Values that are not to be shown, the longest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Telling(Arc<[Arc<str>]>);

impl Telling {
    /// Those of an environment that have telling names.
    pub(super) fn of<'a>(env: impl Iterator<Item = (&'a str, &'a str)>) -> Telling {
        let values = env.filter(|(name, _)| is_telling(name)).map(|(_, value)| value.trim());
        let mut values: Vec<Arc<str>> = values
            .filter(|value| value.len() >= SHORTEST && !value.starts_with('/'))
            .map(Arc::from)
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Telling(values.into())
    }

    /// Those of variables that have telling names.
    pub(super) fn of_vars(vars: &Vars) -> Telling {
        let all = vars.flatten();
        Telling::of(all.iter().filter_map(|(name, value)| match value {
            Value::Str(text) => Some((&**name, &**text)),
            _ => None,
        }))
    }

    /// The text as it may be shown.
    pub(super) fn hide(&self, text: &Arc<str>) -> Arc<str> {
        let told = self.0.iter().filter(|value| text.contains(&***value));
        told.fold(text.clone(), |text, value| text.replace(&**value, MASK).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_by_their_words() {
        for name in [
            "API_TOKEN",
            "token",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PASSWORD",
            "PASSWD",
            "npm_config_authToken_token",
            "SSH_KEY",
            "OPENAI_APIKEY",
        ] {
            assert!(is_telling(name), "{name}");
        }
        for name in
            ["PATH", "PWD", "KEYBOARD", "MONKEY", "TOKEN_FILE", "AWS_ACCESS_KEY_ID", "SECRET_NAME"]
        {
            assert!(!is_telling(name), "{name}");
        }
    }

    #[test]
    fn values_are_hidden_wherever_they_stand_and_the_longer_ones_whole() {
        let values = [
            ("A_TOKEN", "abcdef"),
            ("B_TOKEN", "abcdef-more"),
            ("C_KEY", "short"),
            ("D_KEY", "/etc/ssl/private.pem"),
            ("E", "harmless"),
        ];
        let telling = Telling::of(values.into_iter());
        let text = "x abcdef-more,abcdefg short /etc/ssl/private.pem harmless".into();
        let hidden = "x *****,*****g short /etc/ssl/private.pem harmless";
        assert_eq!(&*telling.hide(&text), hidden);
    }
}
