//! What a variable can hold: Go's untyped values as a Taskfile and its templates see them.
//!
//! Knows no variables, only values; printing as Go's `%v` lives with the templates.

use std::collections::BTreeMap;
use std::collections::HashMap;
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
    /// In the order in which they were first set.
    own: Vec<(Arc<str>, Value)>,
    /// Where each is, once there are many: few names are compared sooner than one is hashed.
    places: Option<Arc<HashMap<Arc<str>, usize>>>,
    below: Option<Arc<Vars>>,
}

/// So many variables are few.
const FEW: usize = 12;

impl Vars {
    /// An empty scope on top of `below`.
    pub fn on(below: Arc<Vars>) -> Vars {
        Vars { below: Some(below), ..Vars::default() }
    }

    /// Sets a variable of this scope.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        if let Some(place) = self.place(&name) {
            self.own[place].1 = value;
            return;
        }
        let place = self.own.len();
        if let Some(places) = &mut self.places {
            Arc::make_mut(places).insert(name.clone(), place);
        } else if place == FEW {
            let known = self.own.iter().map(|(name, _)| name.clone());
            let all = known.chain([name.clone()]).enumerate().map(|(place, name)| (name, place));
            self.places = Some(Arc::new(all.collect()));
        }
        self.own.push((name, value));
    }

    fn place(&self, name: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(name).copied(),
            None => self.own.iter().position(|(own, _)| **own == *name),
        }
    }

    /// The value of a name, from here or the nearest scope below.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut scope = self;
        loop {
            match (scope.place(name), &scope.below) {
                (Some(place), _) => return Some(&scope.own[place].1),
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

    /// The scope as others see it, with no room for further variables; one without any is the scope below.
    pub fn shared(mut self) -> Arc<Vars> {
        match self.below.take_if(|_| self.own.is_empty()) {
            Some(below) => below,
            None => {
                self.own.shrink_to_fit();
                Arc::new(self)
            }
        }
    }

    /// The variables of this scope alone, in the order they were first set.
    pub fn own(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.own.iter().map(|(name, value)| (name, value))
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

    #[test]
    fn many_variables_are_found_as_few_are() {
        let mut vars = Vars::default();
        for number in 0..4 * FEW {
            vars.set(format!("N{number}"), Value::Int(number as i64));
            vars.set("N1", "again".into());
            let expected = |at| if at == 1 { "again".into() } else { Value::Int(at as i64) };
            for at in (0..=number).filter(|at| *at != 1) {
                assert_eq!(vars.get(&format!("N{at}")), Some(&expected(at)));
            }
        }
        assert_eq!(vars.get("N1"), Some(&"again".into()));
        assert_eq!((vars.get("N"), vars.own().count()), (None, 4 * FEW));
        let names: Vec<_> = vars.own().take(3).map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["N0", "N1", "N2"]);
    }
}
