//! `eq` and its kin, which compare basic kinds only, as Go's do.

use std::cmp::Ordering;

use super::Kind::Any;
use super::{Args, Function, Outcome, fixed, variadic};
use crate::template::printf::sprint;
use crate::template::show::type_name;
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    variadic("eq", &[Any], Any, eq),
    fixed("ne", &[Any, Any], |a| Ok((!equal(a.any(0), a.any(1))?).into())),
    fixed("lt", &[Any, Any], |a| Ok((order(a)? == Some(Ordering::Less)).into())),
    fixed("le", &[Any, Any], |a| Ok(matches!(order(a)?, Some(o) if o.is_le()).into())),
    fixed("gt", &[Any, Any], |a| Ok((!matches!(order(a)?, Some(o) if o.is_le())).into())),
    fixed("ge", &[Any, Any], |a| Ok((order(a)? != Some(Ordering::Less)).into())),
];

const INCOMPATIBLE: &str = "incompatible types for comparison";

fn eq(args: &mut Args) -> Outcome {
    if args.values.len() < 2 {
        return Err("missing argument for comparison".into());
    }
    for other in args.from(1) {
        if equal(args.any(0), other)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Int(a), Value::Uint(b)) | (Value::Uint(b), Value::Int(a)) => {
            Ok(u64::try_from(*a) == Ok(*b))
        }
        (Value::Nil, other) | (other, Value::Nil) => Ok(*other == Value::Nil),
        (Value::List(_) | Value::Map(_), Value::List(_) | Value::Map(_)) => {
            let shown = sprint(std::slice::from_ref(b));
            Err(format!("non-comparable type {shown}: {}", type_name(b)))
        }
        _ if std::mem::discriminant(a) == std::mem::discriminant(b) => Ok(a == b),
        _ => Err(INCOMPATIBLE.into()),
    }
}

/// `None` where a float is not a number.
fn order(args: &Args) -> Result<Option<Ordering>, String> {
    let basic = |value: &Value| {
        !matches!(
            value,
            Value::Nil | Value::List(_) | Value::Map(_) | Value::Time(_) | Value::Uuid(_)
        )
    };
    let (a, b) = (args.any(0), args.any(1));
    if !basic(a) || !basic(b) {
        return Err("invalid type for comparison".into());
    }
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Uint(a), Value::Uint(b)) => Ok(Some(a.cmp(b))),
        (Value::Int(a), Value::Uint(b)) => Ok(Some(i128::from(*a).cmp(&i128::from(*b)))),
        (Value::Uint(a), Value::Int(b)) => Ok(Some(i128::from(*a).cmp(&i128::from(*b)))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(_), Value::Bool(_)) => Err("invalid type for comparison".into()),
        _ => Err(INCOMPATIBLE.into()),
    }
}
