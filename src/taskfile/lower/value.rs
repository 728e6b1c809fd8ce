//! Values that keys of `par` take: words of a fixed set, whole numbers, sizes, shares, names.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::{Fields, Lower};
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::model::Mention;
use crate::taskfile::yaml::{Kind, Node};
use crate::template::Template;

impl Lower {
    /// One of some words, as what it means.
    pub(super) fn word<T: Copy>(
        &mut self,
        fields: &Fields,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.filled(fields, key)?;
        self.meaning(&text, format_args!("`{key}`"), words)
    }

    /// The meaning of a word that must be one of `words`.
    pub(super) fn meaning<T: Copy>(
        &mut self,
        text: &Text,
        what: impl Display,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let meaning = words.iter().find(|(word, _)| *word == &*text.value);
        if let Some((_, meaning)) = meaning {
            return Some(*meaning);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("{what} must be {}", listed(&names));
        self.diagnostics.push(
            Diagnostic::error(Fault::Decode, message)
                .at(text.span, "is none of these")
                .suggest(&text.value, names),
        );
        None
    }

    /// A whole number that is not below `least`.
    pub(super) fn number(&mut self, node: &Node, what: impl Display, least: u32) -> Option<u32> {
        let written = node.text().map(|text| text.value.parse::<u32>());
        match written {
            Some(Ok(number)) if number >= least => Some(number),
            _ => {
                let message = format!("{what} must be a whole number from {least}");
                self.error(node.span, message, "is none");
                None
            }
        }
    }

    pub(super) fn number_of(&mut self, fields: &Fields, key: &str, least: u32) -> Option<u32> {
        let node = fields.get(key)?;
        self.number(node, format_args!("`{key}`"), least)
    }

    /// A number of bytes above zero.
    pub(super) fn size_of(&mut self, fields: &Fields, key: &str) -> Option<u64> {
        let node = fields.get(key)?;
        self.size(node, format_args!("`{key}`"))
    }

    pub(super) fn size(&mut self, node: &Node, what: impl Display) -> Option<u64> {
        let size = node.text().and_then(|text| size(&text.value));
        if size.is_none() {
            let message = format!("{what} must be an amount of memory, as `512MiB` or `3GiB`");
            self.error(node.span, message, "is none");
        }
        size
    }

    /// A share of something, from 1 to 100.
    pub(super) fn percent_of(&mut self, fields: &Fields, key: &str) -> Option<u32> {
        let node = fields.get(key)?;
        let percent = node.text().and_then(|text| percent(&text.value));
        if percent.is_none() {
            let message = format!("`{key}` must be a share from `1%` to `100%`");
            self.error(node.span, message, "is none");
        }
        percent
    }

    /// A duration above zero.
    pub(super) fn some_time(&mut self, fields: &Fields, key: &str) -> Option<Duration> {
        let time = self.duration(fields, key)?;
        if time.is_zero() {
            let span = fields.get(key).map_or(fields.span, |node| node.span);
            self.error(span, format!("`{key}` must be greater than zero"), "");
            return None;
        }
        Some(time)
    }

    /// A list, each element through `item`; what is no list is its only element.
    pub(super) fn several<T>(
        &mut self,
        fields: &Fields,
        key: &str,
        mut item: impl FnMut(&mut Lower, &Node) -> Option<T>,
    ) -> Vec<T> {
        match fields.get(key) {
            Some(node) if !matches!(node.kind, Kind::Sequence(_)) => {
                item(self, node).into_iter().collect()
            }
            _ => self.list(fields, key, item),
        }
    }

    /// Names of tasks, agents or stages.
    pub(super) fn mentions(&mut self, fields: &Fields, key: &str) -> Vec<Mention> {
        self.several(fields, key, |lower, node| {
            let text = lower.text(node, format_args!("an element of `{key}`"))?;
            if text.value.is_empty() {
                let message = format!("an element of `{key}` must have a name");
                lower.error(text.span, message, "is empty");
                return None;
            }
            Some(Mention { name: text.value, span: text.span })
        })
    }

    /// Texts with templates.
    pub(super) fn some_templates(&mut self, fields: &Fields, key: &str) -> Vec<Template> {
        self.several(fields, key, |lower, node| {
            let text = lower.text(node, format_args!("an element of `{key}`"))?;
            lower.template(&text)
        })
    }

    /// Reports a regular expression that is none; one with templates is looked at when it is used.
    pub(super) fn check_pattern(&mut self, text: &Text) -> bool {
        let wrong = match text.value.contains("{{") {
            true => None,
            false => regex::Regex::new(&text.value).err(),
        };
        if let Some(error) = &wrong {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default();
            let reason = last.strip_prefix("error: ").unwrap_or(last).to_string();
            self.error(text.span, "not a regular expression", reason);
        }
        wrong.is_none()
    }
}

/// `80%`, or the number alone.
pub fn percent(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    number.parse().ok().filter(|share| (1..=100).contains(share))
}

/// Bytes: a number, with `K`, `M`, `G` or `T` and `iB` (1024) or `B` (1000) behind it.
pub fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let power = match unit.chars().next() {
        None | Some('b') => 0,
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some(_) => return None,
    };
    let base: f64 = match &unit[power.min(1)..] {
        "" | "ib" => 1024.0,
        "b" => 1000.0,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * base.powi(power as i32);
    (bytes >= 1.0 && bytes <= u64::MAX as f64).then_some(bytes as u64)
}

/// `host:port` of what may be written as `port`, `:port` or `host:port`.
pub fn address(text: &str) -> Option<Arc<str>> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let port: u16 = port.parse().ok().filter(|&port| port > 0)?;
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    (!host.contains(['/', ' '])).then(|| format!("{host}:{port}").into())
}

/// Words as a sentence has them: `a`, `b` or `c`.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_either_kind() {
        assert_eq!(size("512MiB"), Some(512 << 20));
        assert_eq!(size("3GiB"), Some(3 << 30));
        assert_eq!(size("1.5k"), Some(1536));
        assert_eq!(size("2 GB"), Some(2_000_000_000));
        assert_eq!(size("4096"), Some(4096));
        assert_eq!(size("7B"), Some(7));
        for wrong in ["", "0", "-1", "M", "3X", "3MM", "1..2G", "99999999T", "0.1"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shares_are_of_a_hundred() {
        assert_eq!(
            (percent("80%"), percent("1"), percent("100 %")),
            (Some(80), Some(1), Some(100))
        );
        for wrong in ["", "0%", "101%", "-5%", "8.5%", "%"] {
            assert_eq!(percent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        assert_eq!(address("5432").as_deref(), Some("127.0.0.1:5432"));
        assert_eq!(address(":80").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(address("db.local:5432").as_deref(), Some("db.local:5432"));
        assert_eq!(address("[::1]:80").as_deref(), Some("[::1]:80"));
        for wrong in ["", "db", "db:", "db:0", "db:99999", "http://db:80", "a b:1"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
