//! The functions every Go template has, but for the comparisons.

use std::fmt::Write;

use super::Kind::{Any, Text};
use super::{Args, Calls, Function, Outcome, check_size, fixed, variadic};
use crate::template::printf::{self, sprint, sprintln};
use crate::template::show::{is_printable, type_name};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    Function { name: "and", fixed: &[Any], more: Some(Any), calls: Calls::And },
    Function { name: "or", fixed: &[Any], more: Some(Any), calls: Calls::Or },
    fixed("not", &[Any], |a| Ok((!a.any(0).is_true()).into())),
    variadic("call", &[Any], Any, call),
    variadic("index", &[Any], Any, index),
    fixed("len", &[Any], len),
    variadic("print", &[], Any, |a| sized(sprint(&a.values))),
    variadic("printf", &[Text], Any, |a| sized(printf::sprintf(a.text(0), a.from(1)))),
    variadic("println", &[], Any, |a| sized(sprintln(&a.values))),
    variadic("html", &[], Any, |a| html(&joined(a))),
    variadic("js", &[], Any, |a| js(&joined(a))),
    variadic("urlquery", &[], Any, |a| Ok(super::urls::escape_query(&joined(a)).into())),
];

fn sized(text: String) -> Outcome {
    check_size(text.len())?;
    Ok(text.into())
}

fn call(args: &mut Args) -> Outcome {
    match args.any(0) {
        Value::Nil => Err("call of nil".into()),
        value => Err(format!("non-function of type {}", type_name(value))),
    }
}

fn index(args: &mut Args) -> Outcome {
    let mut item = args.any(0);
    if *item == Value::Nil {
        return Err("index of untyped nil".into());
    }
    let mut held;
    for key in args.from(1) {
        held = step(item, key)?;
        item = &held;
    }
    Ok(item.clone())
}

fn step(item: &Value, key: &Value) -> Outcome {
    match (item, key) {
        (Value::Nil, _) => Err("index of nil pointer".into()),
        (Value::List(items), key) => Ok(items[position(key, items.len())?].clone()),
        (Value::Uuid(id), key) => {
            let bytes = id.to_be_bytes();
            Ok(Value::Int(bytes[position(key, bytes.len())?].into()))
        }
        (Value::Str(text), key) => {
            Ok(Value::Int(i64::from(text.as_bytes()[position(key, text.len())?])))
        }
        (Value::Map(entries), Value::Str(key)) => Ok(entries.get(key).cloned().unwrap_or_default()),
        (Value::Map(_), Value::Nil) => Err("value is nil; should be of type string".into()),
        (Value::Map(_), key) => Err(format!("value has type {}; should be string", type_name(key))),
        (other, _) => Err(format!("can't index item of type {}", type_name(other))),
    }
}

fn position(key: &Value, length: usize) -> Result<usize, String> {
    let index = match key {
        Value::Int(n) => usize::try_from(*n).ok(),
        Value::Uint(n) => usize::try_from(*n).ok(),
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        key => return Err(format!("cannot index slice/array with type {}", type_name(key))),
    };
    let shown = || sprint(std::slice::from_ref(key));
    index.filter(|&n| n < length).ok_or_else(|| format!("index out of range: {}", shown()))
}

fn len(args: &mut Args) -> Outcome {
    let length = match args.any(0) {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Uuid(id) => size_of_val(id),
        Value::Nil => return Err("len of nil pointer".into()),
        other => return Err(format!("len of type {}", type_name(other))),
    };
    Ok(Value::Int(length as i64))
}

/// The arguments as one text, nil as Go's templates print it.
fn joined(args: &Args) -> String {
    let printable = |value: &Value| match value {
        Value::Nil => "<no value>".into(),
        value => value.clone(),
    };
    sprint(&args.values.iter().map(printable).collect::<Vec<_>>())
}

fn html(text: &str) -> Outcome {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    sized(out)
}

fn js(text: &str) -> Outcome {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => out.extend(['\\', c]),
            c if "<>&=".contains(c) || !is_printable(c) => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    sized(out)
}
