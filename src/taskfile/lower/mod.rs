//! From the YAML tree to a Taskfile: every key checked, every mistake collected.
//!
//! Knows one file at a time and nothing of what it includes.

mod agents;
mod call;
mod command;
mod duration;
mod file;
mod include;
mod keys;
mod lifted;
mod looping;
mod needs;
mod parallel;
mod platform;
mod policy;
mod schema;
mod stages;
mod task;
mod value;
mod vars;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

pub use duration::parse as duration;
pub use needs::service;
pub use parallel::{jobs, settings};
pub use schema::schema;
pub use value::{address, percent, size};

use super::yaml::{self, Entry, Kind, Node};
use super::{Dialect, ast};
use crate::diag::{Diagnostic, Fault};
use crate::source::{Span, Text};
use crate::template::Template;

/// What lowering found: the file as far as it could be read, and all that was odd or wrong.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The file; incomplete when there are errors.
    pub file: ast::File,
    /// Errors and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Templates outside tasks that do not parse.
    pub broken: Vec<Diagnostic>,
}

/// Reads a whole Taskfile.
pub fn lower(root: &Node, dialect: Dialect) -> Lowered {
    let mut lower = Lower { dialect, diagnostics: Vec::new(), broken: Vec::new() };
    let file = lower.file(root);
    Lowered { file, diagnostics: lower.diagnostics, broken: lower.broken }
}

#[derive(Default)]
struct Lower {
    dialect: Dialect,
    diagnostics: Vec<Diagnostic>,
    /// Templates that do not parse: they matter only when their task is reached.
    broken: Vec<Diagnostic>,
}

/// The keys of a mapping with a fixed set of keys.
struct Fields {
    span: Span,
    entries: Arc<[Entry]>,
}

impl Fields {
    /// The value of a key; `None` also when it is null.
    fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key.text().is_some_and(|text| &*text.value == key))
    }
}

impl Lower {
    fn error(&mut self, span: Span, message: impl Into<String>, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(Fault::Decode, message).at(span, label));
    }

    fn warn(&mut self, warning: Diagnostic) {
        if self.dialect == Dialect::Par {
            self.diagnostics.push(warning);
        }
    }

    /// An error about a value that has not the shape that `expected` names.
    fn wrong_type(&mut self, node: &Node, what: impl Display, expected: &str) {
        let label = format!("this is {}", node.describe());
        self.error(node.span, format!("{what} must be {expected}"), label);
    }

    /// The keys of a mapping, `<<` resolved; unknown and repeated ones are reported.
    fn fields(
        &mut self,
        node: &Node,
        what: impl Display + Copy,
        known: &keys::Keys,
    ) -> Option<Fields> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, what, "a map");
            return None;
        }
        let merged = yaml::merged(node);
        for (first, again) in &merged.duplicates {
            self.duplicate(first, again, what);
        }
        for value in &merged.unmergeable {
            self.wrong_type(value, "`<<`", "a map or a list of maps");
        }
        for entry in &*merged.entries {
            self.check_key(entry, what, known);
        }
        Some(Fields { span: node.span, entries: merged.entries })
    }

    fn duplicate(&mut self, first: &Node, again: &Node, what: impl Display) {
        let name = again.text().map_or_else(|| "".into(), |text| text.value.clone());
        self.diagnostics.push(
            Diagnostic::error(Fault::Decode, format!("`{name}` is written twice in {what}"))
                .at(again.span, "again here")
                .at(first.span, "first here"),
        );
    }

    fn check_key(&mut self, entry: &Entry, what: impl Display, known: &keys::Keys) {
        let Some(key) = entry.key.text() else {
            return self.error(entry.key.span, format!("a key of {what} must be text"), "not text");
        };
        if known.has(&key.value, self.dialect) || key.value.starts_with("x-") {
            return;
        }
        let message = format!("unknown key `{}` in {what}", key.value);
        let warning = Diagnostic::warning(message).at(key.span, "has no effect");
        self.warn(warning.suggest(&key.value, known.names()));
    }

    /// The entries of a map that the user names the keys of; a repeated key's last value counts.
    fn named(&mut self, node: &Node, what: impl Display + Copy) -> Vec<(Text, Node)> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, what, "a map");
            return Vec::new();
        }
        let mut found: indexmap::IndexMap<Arc<str>, (Text, Node)> = Default::default();
        for entry in yaml::entries(node) {
            let Some(key) = self.name(&entry.key, what) else { continue };
            if let Some((first, _)) = found.get(&key.value) {
                let message = format!("`{}` is written twice in {what}", key.value);
                self.warn(
                    Diagnostic::warning(message)
                        .at(key.span, "this one counts")
                        .at(first.span, "this one has no effect"),
                );
            }
            found.insert(key.value.clone(), (key, entry.value.clone()));
        }
        found.into_values().collect()
    }

    fn name(&mut self, key: &Node, what: impl Display) -> Option<Text> {
        match (&key.kind, key.text()) {
            (_, Some(text)) => Some(text.clone()),
            (Kind::Null, _) => {
                Some(Text { value: "null".into(), span: key.span, ..Text::default() })
            }
            _ => {
                self.wrong_type(key, format_args!("a key of {what}"), "text");
                None
            }
        }
    }

    /// Any scalar as text.
    fn text(&mut self, node: &Node, what: impl Display) -> Option<Text> {
        let text = node.text().cloned();
        if text.is_none() {
            self.wrong_type(node, what, "text");
        }
        text
    }

    fn text_of(&mut self, fields: &Fields, key: &str) -> Option<Text> {
        let node = fields.get(key)?;
        self.text(node, format_args!("`{key}`"))
    }

    /// Text that is not empty: go-task treats an empty one like an absent one.
    fn filled(&mut self, fields: &Fields, key: &str) -> Option<Text> {
        self.text_of(fields, key).filter(|text| !text.value.is_empty())
    }

    fn template(&mut self, text: &Text) -> Option<Template> {
        Template::parse(text).map_err(|error| self.broken.push(error)).ok()
    }

    fn expression(&mut self, text: &Text) -> Option<Template> {
        Template::parse_expression(text).map_err(|error| self.broken.push(error)).ok()
    }

    fn template_of(&mut self, fields: &Fields, key: &str) -> Option<Template> {
        let text = self.filled(fields, key)?;
        self.template(&text)
    }

    fn truth(&mut self, fields: &Fields, key: &str) -> Option<bool> {
        let node = fields.get(key)?;
        let truth = node.truth();
        if truth.is_none() {
            self.wrong_type(node, format_args!("`{key}`"), "true or false");
        }
        truth
    }

    fn is(&mut self, fields: &Fields, key: &str) -> bool {
        self.truth(fields, key).unwrap_or(false)
    }

    /// The elements of a list, each through `item`; null elements are left out.
    fn list<T>(
        &mut self,
        fields: &Fields,
        key: &str,
        mut item: impl FnMut(&mut Lower, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let Kind::Sequence(items) = &node.kind else {
            self.wrong_type(node, format_args!("`{key}`"), "a list");
            return Vec::new();
        };
        let items = items.iter().filter(|item| !item.is_null());
        let mut all = Vec::with_capacity(items.clone().count());
        all.extend(items.filter_map(|node| item(self, node)));
        all
    }

    fn texts(&mut self, fields: &Fields, key: &str) -> Vec<Text> {
        self.list(fields, key, |lower, item| {
            lower.text(item, format_args!("an element of `{key}`"))
        })
    }

    fn words(&mut self, fields: &Fields, key: &str) -> Vec<Arc<str>> {
        self.texts(fields, key).into_iter().map(|text| text.value).collect()
    }

    fn templates(&mut self, fields: &Fields, key: &str) -> Vec<Template> {
        self.list(fields, key, |lower, item| {
            let text = lower.text(item, format_args!("an element of `{key}`"))?;
            lower.template(&text)
        })
    }

    /// A Go duration.
    fn duration(&mut self, fields: &Fields, key: &str) -> Option<Duration> {
        let text = self.filled(fields, key)?;
        let parsed = duration::parse(&text.value);
        if parsed.is_none() {
            let message = format!("`{key}` must be a duration, as `90s` or `1h30m`");
            self.error(text.span, message, "not a duration");
        }
        parsed
    }

    /// A Go duration above zero.
    fn timeout(&mut self, fields: &Fields) -> Option<Duration> {
        let timeout = self.duration(fields, "timeout")?;
        if timeout.is_zero() {
            let span = fields.get("timeout").map_or(fields.span, |node| node.span);
            self.error(span, "`timeout` must be greater than zero", "");
            return None;
        }
        Some(timeout)
    }
}
