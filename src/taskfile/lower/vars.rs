//! `vars` and `env`.

use super::{Fields, Lower, keys};
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::model::{Var, VarValue};
use crate::taskfile::yaml::{Entry, Kind, Node, entries, merged};
use crate::value::Value;

impl Lower {
    pub(super) fn vars(&mut self, fields: &Fields, key: &str) -> Vec<Var> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let all = self.named(node, format_args!("`{key}`"));
        all.into_iter().filter_map(|(name, node)| self.var(&name, &node)).collect()
    }

    fn var(&mut self, name: &Text, node: &Node) -> Option<Var> {
        let (value, secret) = match &node.kind {
            Kind::Mapping(_) => self.typed(name, node)?,
            _ => (self.plain(node)?, false),
        };
        Some(Var { name: name.value.clone(), value, secret, dir: None, span: node.span })
    }

    /// A value as it stands; text may hold templates.
    fn plain(&mut self, node: &Node) -> Option<VarValue> {
        self.check_value(node);
        match (node.value(), node.text()) {
            (Value::Str(_), Some(text)) => self.template(text).map(VarValue::Template),
            (value, _) => Some(VarValue::Static(value)),
        }
    }

    /// Reports keys that are written twice in maps at any depth of a value.
    pub(super) fn check_value(&mut self, node: &Node) {
        match &node.kind {
            Kind::Sequence(items) => items.iter().for_each(|item| self.check_value(item)),
            Kind::Mapping(_) => {
                let merged = merged(node);
                for (first, again) in &merged.duplicates {
                    self.duplicate(first, again, "a map");
                }
                merged.entries.iter().for_each(|entry| self.check_value(&entry.value));
            }
            _ => {}
        }
    }

    /// `{sh}`, `{ref}`, `{map}` or `{value}`.
    fn typed(&mut self, name: &Text, node: &Node) -> Option<(VarValue, bool)> {
        if let Some(entry) = entries(node).iter().find(|entry| !is_type(entry)) {
            let message = format!("`{}` is no way to give `{}` a value", entry.name(), name.value);
            self.diagnostics.push(
                Diagnostic::error(Fault::Decode, message)
                    .at(entry.key.span, "not `sh`, `ref`, `map` or `value`")
                    .help("a map of your own goes below `map:`"),
            );
            return None;
        }
        let fields = self.fields(node, "a variable", &keys::VARIABLE)?;
        let secret = self.is(&fields, "secret");
        Some((self.typed_value(name, &fields)?, secret))
    }

    fn typed_value(&mut self, name: &Text, fields: &Fields) -> Option<VarValue> {
        if let Some(text) = self.filled(fields, "ref") {
            return self.expression(&text).map(VarValue::Reference);
        }
        if let Some(node) = fields.get("map").or_else(|| fields.get("value")) {
            return self.plain(node);
        }
        if let Some(text) = self.filled(fields, "sh") {
            return self.template(&text).map(VarValue::Shell);
        }
        if fields.entries.iter().any(|entry| &*entry.name() != "secret") {
            return Some(VarValue::Static(Value::Nil));
        }
        let message = format!("`{}` has no value", name.value);
        self.error(fields.span, message, "needs `sh`, `ref`, `map` or `value`");
        None
    }
}

fn is_type(entry: &Entry) -> bool {
    keys::VARIABLE.names().any(|key| *key == *entry.name())
}
