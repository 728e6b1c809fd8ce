//! Dictionaries. `set` and `unset` change the one they are given, as Go's maps are references.

use std::sync::Arc;

use super::Kind::{Any, Map, Text};
use super::{Args, Calls, Function, Outcome, fixed, variadic};
use crate::template::printf::to_text;
use crate::template::show::type_name;
use crate::value::{Dict, Value};

pub const FUNCTIONS: &[Function] = &[
    variadic("dict", &[], Any, dict),
    fixed("get", &[Map, Text], |a| Ok(a.map(0).get(a.text(1)).cloned().unwrap_or("".into()))),
    Function { name: "set", fixed: &[Map, Text, Any], more: None, calls: Calls::Mutates(set) },
    Function { name: "unset", fixed: &[Map, Text], more: None, calls: Calls::Mutates(unset) },
    fixed("hasKey", &[Map, Text], |a| Ok(a.map(0).contains_key(a.text(1)).into())),
    variadic("pluck", &[Text], Map, pluck),
    variadic("keys", &[], Map, |a| {
        let maps = (0..a.values.len()).flat_map(|i| a.map(i).keys());
        Ok(Value::list(maps.map(|key| Value::Str(key.clone()))))
    }),
    fixed("values", &[Map], |a| Ok(Value::list(a.map(0).values().cloned()))),
    variadic("pick", &[Map], Text, |a| Ok(filtered(a, true))),
    variadic("omit", &[Map], Text, |a| Ok(filtered(a, false))),
    variadic("merge", &[Map], Map, merge),
    variadic("dig", &[], Any, dig),
];

fn dict(args: &mut Args) -> Outcome {
    let pairs = args.values.chunks(2);
    Ok(Value::map(pairs.map(|pair| {
        let value = pair.get(1).cloned().unwrap_or("".into());
        (to_text(&pair[0]), value)
    })))
}

/// The map of the first argument, alone in our hands or copied.
fn owned(args: &mut Args) -> Dict {
    match args.take(0) {
        Value::Map(entries) => Arc::unwrap_or_clone(entries),
        _ => Dict::new(),
    }
}

fn set(args: &mut Args) -> Outcome {
    if *args.any(0) == Value::Nil {
        return Err("assignment to entry in nil map".into());
    }
    let mut entries = owned(args);
    entries.insert(args.text(1).into(), args.take(2));
    Ok(Value::Map(Arc::new(entries)))
}

fn unset(args: &mut Args) -> Outcome {
    let mut entries = owned(args);
    entries.remove(args.text(1));
    Ok(Value::Map(Arc::new(entries)))
}

fn pluck(args: &mut Args) -> Outcome {
    let found = (1..args.values.len()).filter_map(|i| args.map(i).get(args.text(0)));
    Ok(Value::list(found.cloned()))
}

fn filtered(args: &Args, keeps_named: bool) -> Value {
    let is_named = |key: &str| args.from(1).iter().any(|name| name.as_str() == Some(key));
    let kept = args.map(0).iter().filter(|(key, _)| is_named(key) == keeps_named);
    Value::map(kept.map(|(key, value)| (key.clone(), value.clone())))
}

fn merge(args: &mut Args) -> Outcome {
    let mut all = Dict::new();
    for i in 0..args.values.len() {
        all.extend(args.map(i).iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(Value::Map(Arc::new(all)))
}

/// `dig "a" "b" fallback map`: the value at a path of keys, or the fallback.
fn dig(args: &mut Args) -> Outcome {
    let [path @ .., fallback, start] = &args.values[..] else {
        return Err("dig needs at least three arguments".into());
    };
    if path.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut value = start;
    for key in path {
        let Value::Map(entries) = value else {
            let (is, wanted) = (type_name(value), Map.go_name());
            return Err(format!("interface conversion: interface {{}} is {is}, not {wanted}"));
        };
        let Value::Str(key) = key else {
            let is = type_name(key);
            return Err(format!("interface conversion: interface {{}} is {is}, not string"));
        };
        match entries.get(key) {
            Some(found) => value = found,
            None => return Ok(fallback.clone()),
        }
    }
    Ok(value.clone())
}
