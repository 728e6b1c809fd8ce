//! What a variable can hold: Go's untyped values as a Taskfile and its templates see them.
//!
//! Knows no variables, only values; printing as Go's `%v` lives with the templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A dictionary; Go prints and ranges over maps in the order of their keys, and so do we.
pub type Dict = BTreeMap<Arc<str>, Value>;

/// A value. Cloning is cheap: text, lists and maps are shared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Absent: prints as nothing.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A Go `int`.
    Int(i64),
    /// A number beyond `i64`, Go's `uint64`.
    Uint(u64),
    /// A Go `float64`.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// A Go `[]any`.
    List(Arc<Vec<Value>>),
    /// A Go `map[string]any`.
    Map(Arc<Dict>),
    /// A point in time, nanoseconds since 1970 UTC (`now`, `TIMESTAMP`).
    #[serde(skip)]
    Time(i128),
    /// A Go `uuid.UUID`, an array of 16 bytes that prints as text (`uuid`).
    #[serde(skip)]
    Uuid(u128),
}

impl Value {
    /// Text.
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(text.into())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(Arc::new(items.into_iter().collect()))
    }

    /// A map.
    pub fn map(entries: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        Value::Map(Arc::new(entries.into_iter().collect()))
    }

    /// The bytes of a `Uuid` as numbers; `None` for everything else.
    pub fn bytes(&self) -> Option<Vec<Value>> {
        match self {
            Value::Uuid(id) => Some(id.to_be_bytes().map(|b| Value::Int(b.into())).to_vec()),
            _ => None,
        }
    }

    /// The text of a `Str`; `None` for everything else.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Go's truth: not zero, not empty, not absent.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(b) => *b,
            Value::Int(n) => *n != 0,
            Value::Uint(n) => *n != 0,
            Value::Float(n) => *n != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            Value::Time(_) | Value::Uuid(_) => true,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

/// Variables by name: a scope on top of the scope it stands in. Cheap to extend and to share.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    own: indexmap::IndexMap<Arc<str>, Value>,
    below: Option<Arc<Vars>>,
}

impl Vars {
    /// An empty scope on top of `below`.
    pub fn on(below: Arc<Vars>) -> Vars {
        Vars { own: Default::default(), below: Some(below) }
    }

    /// Sets a variable of this scope.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        self.own.insert(name.into(), value);
    }

    /// The value of a name, from here or the nearest scope below.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut scope = self;
        loop {
            match (scope.own.get(name), &scope.below) {
                (Some(value), _) => return Some(value),
                (None, Some(below)) => scope = below,
                (None, None) => return None,
            }
        }
    }

    /// All names with the values that [`Vars::get`] gives.
    pub fn flatten(&self) -> Dict {
        let mut all = self.below.as_ref().map_or_else(Dict::new, |below| below.flatten());
        all.extend(self.own.iter().map(|(k, v)| (k.clone(), v.clone())));
        all
    }

    /// The variables of this scope alone, in the order they were first set.
    pub fn own(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.own.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_hides_the_one_below() {
        let mut base = Vars::default();
        base.set("A", "1".into());
        base.set("B", "2".into());
        let mut top = Vars::on(Arc::new(base));
        top.set("A", "3".into());
        assert_eq!(top.get("A"), Some(&"3".into()));
        assert_eq!(top.get("B"), Some(&"2".into()));
        assert_eq!(top.get("C"), None);
        assert_eq!(top.flatten().len(), 2);
    }
}
