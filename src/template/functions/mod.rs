//! The functions a template may call, by name, with what they take.
//!
//! Knows values and facts; pipelines and variables are the evaluation's.

mod builtin;
mod comparison;
mod dates;
mod defaults;
mod dicts;
mod encoding;
mod json;
mod lists;
mod numbers;
mod paths;
mod reflection;
mod regexes;
mod shell;
mod strings;
mod urls;
mod words;
mod yaml;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::Facts;
use super::limits::{MAX_BYTES, MAX_ITEMS};
use super::show::type_name;
use crate::value::{Dict, Value};

/// The type of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Anything, nil too.
    Any,
    /// A string.
    Text,
    /// An int.
    Int,
    /// A float64.
    Float,
    /// A bool.
    Bool,
    /// A map; nil is an empty one.
    Map,
    /// A point in time.
    Time,
}

impl Kind {
    /// Go's name of the type.
    pub fn go_name(self) -> &'static str {
        match self {
            Kind::Any => "interface {}",
            Kind::Text => "string",
            Kind::Int => "int",
            Kind::Float => "float64",
            Kind::Bool => "bool",
            Kind::Map => "map[string]interface {}",
            Kind::Time => "time.Time",
        }
    }

    /// The value as this type; the message says why it is none.
    pub fn accept(self, value: Value) -> Result<Value, String> {
        let fits = match (self, &value) {
            (Kind::Any, _) | (Kind::Text, Value::Str(_)) | (Kind::Bool, Value::Bool(_)) => true,
            (Kind::Int, Value::Int(_)) | (Kind::Float, Value::Float(_)) => true,
            (Kind::Map, Value::Map(_) | Value::Nil) | (Kind::Time, Value::Time(_)) => true,
            (Kind::Float, Value::Int(n)) => return Ok(Value::Float(*n as f64)),
            (_, Value::Nil) => return Err(format!("invalid value; expected {}", self.go_name())),
            _ => false,
        };
        match fits {
            true => Ok(value),
            false => Err(format!(
                "wrong type for value; expected {}; got {}",
                self.go_name(),
                type_name(&value)
            )),
        }
    }
}

/// What a function gives back; the message of its error goes behind "error calling name: ".
pub type Outcome = Result<Value, String>;

/// How a function is called.
#[derive(Clone, Copy, Debug)]
pub enum Calls {
    /// With all its arguments.
    Eager(fn(&mut Args) -> Outcome),
    /// As `Eager`; the map it returns takes the place of its first argument wherever that is held.
    Mutates(fn(&mut Args) -> Outcome),
    /// Argument by argument, up to the first that is false.
    And,
    /// Argument by argument, up to the first that is true.
    Or,
}

/// A function: its name, its parameters and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// The parameters it must be given.
    pub fixed: &'static [Kind],
    /// The type of any more.
    pub more: Option<Kind>,
    /// What it does.
    pub calls: Calls,
}

impl Function {
    /// The type of argument number `index`.
    pub fn kind(&self, index: usize) -> Kind {
        self.fixed.get(index).copied().or(self.more).unwrap_or(Kind::Any)
    }

    /// The message when it cannot be called with `count` arguments.
    pub fn check_count(&self, count: usize) -> Result<(), String> {
        let (name, want) = (self.name, self.fixed.len());
        match self.more {
            Some(_) if count < want => {
                Err(format!("wrong number of args for {name}: want at least {want} got {count}"))
            }
            None if count != want => {
                Err(format!("wrong number of args for {name}: want {want} got {count}"))
            }
            _ => Ok(()),
        }
    }
}

/// A function with a fixed list of parameters.
const fn fixed(
    name: &'static str,
    fixed: &'static [Kind],
    run: fn(&mut Args) -> Outcome,
) -> Function {
    Function { name, fixed, more: None, calls: Calls::Eager(run) }
}

/// A function that takes any number of arguments of type `more` behind the fixed ones.
const fn variadic(
    name: &'static str,
    fixed: &'static [Kind],
    more: Kind,
    run: fn(&mut Args) -> Outcome,
) -> Function {
    Function { name, fixed, more: Some(more), calls: Calls::Eager(run) }
}

/// The arguments of a call, already of the types the function declares.
pub struct Args<'a> {
    /// All of them.
    pub values: Vec<Value>,
    /// The world.
    pub facts: &'a dyn Facts,
    /// Expressions compiled in this render.
    pub regexes: &'a mut HashMap<Arc<str>, Regex>,
}

static EMPTY: Dict = Dict::new();

impl Args<'_> {
    /// Argument number `index`; nil when it was not given.
    pub fn any(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Nil)
    }

    /// Takes argument number `index` out.
    pub fn take(&mut self, index: usize) -> Value {
        self.values.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    /// A [`Kind::Text`] argument.
    pub fn text(&self, index: usize) -> &str {
        self.any(index).as_str().unwrap_or("")
    }

    /// A [`Kind::Int`] argument.
    pub fn int(&self, index: usize) -> i64 {
        match self.any(index) {
            Value::Int(n) => *n,
            _ => 0,
        }
    }

    /// A [`Kind::Bool`] argument.
    pub fn is_true(&self, index: usize) -> bool {
        matches!(self.any(index), Value::Bool(true))
    }

    /// A [`Kind::Map`] argument.
    pub fn map(&self, index: usize) -> &Dict {
        match self.any(index) {
            Value::Map(entries) => entries,
            _ => &EMPTY,
        }
    }

    /// The arguments from number `index` on.
    pub fn from(&self, index: usize) -> &[Value] {
        self.values.get(index..).unwrap_or(&[])
    }
}

/// An error when a text of so many bytes would be too large.
fn check_size(bytes: usize) -> Result<(), String> {
    match bytes > MAX_BYTES {
        true => Err(format!("the result would be larger than {} MiB", MAX_BYTES >> 20)),
        false => Ok(()),
    }
}

/// An error when a list of so many values would be too large.
fn check_items(items: usize) -> Result<(), String> {
    match items > MAX_ITEMS {
        true => Err(format!("the result would have more than {MAX_ITEMS} items")),
        false => Ok(()),
    }
}

const TABLES: &[&[Function]] = &[
    builtin::FUNCTIONS,
    comparison::FUNCTIONS,
    dates::FUNCTIONS,
    defaults::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    json::FUNCTIONS,
    lists::FUNCTIONS,
    numbers::FUNCTIONS,
    paths::FUNCTIONS,
    reflection::FUNCTIONS,
    regexes::FUNCTIONS,
    shell::FUNCTIONS,
    strings::FUNCTIONS,
    urls::FUNCTIONS,
    yaml::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| TABLES.iter().copied().flatten().map(|f| (f.name, f)).collect());

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().copied().flatten().map(|f| f.name)
}
