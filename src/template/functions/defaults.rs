//! Fallbacks, emptiness and choices.

use super::Kind::{Any, Bool, Text};
use super::{Function, fixed, variadic};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    variadic("default", &[Any], Any, |a| {
        let given = a.any(1).is_true();
        Ok(a.take(usize::from(given)))
    }),
    fixed("empty", &[Any], |a| Ok((!a.any(0).is_true()).into())),
    variadic("coalesce", &[], Any, |a| {
        Ok(a.values.iter().find(|value| value.is_true()).cloned().unwrap_or(Value::Nil))
    }),
    variadic("all", &[], Any, |a| Ok(a.values.iter().all(Value::is_true).into())),
    variadic("any", &[], Any, |a| Ok(a.values.iter().any(Value::is_true).into())),
    fixed("ternary", &[Any, Any, Bool], |a| {
        let chosen = usize::from(!a.is_true(2));
        Ok(a.take(chosen))
    }),
    fixed("fail", &[Text], |a| Err(a.text(0).into())),
];
