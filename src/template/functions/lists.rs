//! Lists. Whether `must…` or not: what is no list is an error.

use super::Kind::{Any, Int};
use super::numbers::integer;
use super::reflection::kind_name;
use super::{Args, Function, Outcome, fixed, variadic};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    variadic("list", &[], Any, |a| Ok(Value::list(std::mem::take(&mut a.values)))),
    variadic("tuple", &[], Any, |a| Ok(Value::list(std::mem::take(&mut a.values)))),
    fixed("append", &[Any, Any], push),
    fixed("push", &[Any, Any], push),
    fixed("mustAppend", &[Any, Any], push),
    fixed("mustPush", &[Any, Any], push),
    fixed("prepend", &[Any, Any], prepend),
    fixed("mustPrepend", &[Any, Any], prepend),
    fixed("first", &[Any], first),
    fixed("mustFirst", &[Any], first),
    fixed("last", &[Any], last),
    fixed("mustLast", &[Any], last),
    fixed("rest", &[Any], rest),
    fixed("mustRest", &[Any], rest),
    fixed("initial", &[Any], initial),
    fixed("mustInitial", &[Any], initial),
    fixed("reverse", &[Any], reverse),
    fixed("mustReverse", &[Any], reverse),
    fixed("uniq", &[Any], uniq),
    fixed("mustUniq", &[Any], uniq),
    fixed("compact", &[Any], compact),
    fixed("mustCompact", &[Any], compact),
    variadic("without", &[Any], Any, without),
    variadic("mustWithout", &[Any], Any, without),
    fixed("has", &[Any, Any], has),
    fixed("mustHas", &[Any, Any], has),
    variadic("slice", &[Any], Any, slice),
    variadic("mustSlice", &[Any], Any, slice),
    variadic("concat", &[], Any, concat),
    fixed("chunk", &[Int, Any], chunk),
    fixed("mustChunk", &[Int, Any], chunk),
];

fn items<'a>(value: &'a Value, purpose: &str) -> Result<&'a [Value], String> {
    match value {
        Value::List(items) => Ok(items),
        other => Err(format!("Cannot {purpose} type {}", kind_name(other))),
    }
}

fn push(args: &mut Args) -> Outcome {
    let before = items(args.any(0), "push on")?;
    Ok(Value::list(before.iter().chain(args.from(1)).cloned()))
}

fn prepend(args: &mut Args) -> Outcome {
    let after = items(args.any(0), "prepend on")?;
    Ok(Value::list(args.from(1).iter().chain(after).cloned()))
}

fn first(args: &mut Args) -> Outcome {
    Ok(items(args.any(0), "find first on")?.first().cloned().unwrap_or_default())
}

fn last(args: &mut Args) -> Outcome {
    Ok(items(args.any(0), "find last on")?.last().cloned().unwrap_or_default())
}

fn rest(args: &mut Args) -> Outcome {
    let all = items(args.any(0), "find rest on")?;
    Ok(all.split_first().map_or(Value::list([]), |(_, rest)| Value::list(rest.to_vec())))
}

fn initial(args: &mut Args) -> Outcome {
    let all = items(args.any(0), "find initial on")?;
    Ok(all.split_last().map_or(Value::list([]), |(_, initial)| Value::list(initial.to_vec())))
}

fn reverse(args: &mut Args) -> Outcome {
    Ok(Value::list(items(args.any(0), "find reverse on")?.iter().rev().cloned()))
}

fn uniq(args: &mut Args) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(args.any(0), "find uniq on")? {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn compact(args: &mut Args) -> Outcome {
    let all = items(args.any(0), "compact on")?;
    Ok(Value::list(all.iter().filter(|item| item.is_true()).cloned()))
}

fn without(args: &mut Args) -> Outcome {
    let all = items(args.any(0), "find without on")?;
    Ok(Value::list(all.iter().filter(|item| !args.from(1).contains(item)).cloned()))
}

fn has(args: &mut Args) -> Outcome {
    match args.any(1) {
        Value::Nil => Ok(false.into()),
        haystack => Ok(items(haystack, "find has on")?.contains(args.any(0)).into()),
    }
}

fn slice(args: &mut Args) -> Outcome {
    let Value::List(all) = args.any(0) else {
        let kind = kind_name(args.any(0));
        return Err(format!("list should be type of slice or array but {kind}"));
    };
    if all.is_empty() {
        return Ok(Value::Nil);
    }
    let from = args.values.get(1).map_or(0, integer);
    let to = args.values.get(2).map_or(all.len() as i64, integer);
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    match range.and_then(|(from, to)| all.get(from..to)) {
        Some(part) => Ok(Value::list(part.to_vec())),
        None => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
}

fn concat(args: &mut Args) -> Outcome {
    let mut all = Vec::new();
    for list in &args.values {
        match list {
            Value::List(items) => all.extend(items.iter().cloned()),
            other => return Err(format!("Cannot concat type {} as list", kind_name(other))),
        }
    }
    Ok(Value::list(all))
}

fn chunk(args: &mut Args) -> Outcome {
    let Value::List(all) = args.any(1) else {
        return Err(format!("Cannot chunk type {}", kind_name(args.any(1))));
    };
    match usize::try_from(args.int(0)) {
        Ok(size @ 1..) => Ok(Value::list(all.chunks(size).map(|part| Value::list(part.to_vec())))),
        _ => Err("chunk size must be positive".into()),
    }
}
