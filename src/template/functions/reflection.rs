//! Names of types and kinds.

use super::Kind::{Any, Text};
use super::{Function, fixed};
use crate::template::show::type_name;
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("typeOf", &[Any], |a| Ok(type_name(a.any(0)).into())),
    fixed("typeIs", &[Text, Any], |a| Ok((a.text(0) == type_name(a.any(1))).into())),
    fixed("typeIsLike", &[Text, Any], |a| {
        let type_name = type_name(a.any(1));
        Ok((a.text(0) == type_name).into())
    }),
    fixed("kindOf", &[Any], |a| Ok(kind_name(a.any(0)).into())),
    fixed("kindIs", &[Text, Any], |a| Ok((a.text(0) == kind_name(a.any(1))).into())),
    fixed("deepEqual", &[Any, Any], |a| Ok((a.any(0) == a.any(1)).into())),
];

/// Go's name of a value's kind.
pub fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Time(_) => "struct",
        Value::Uuid(_) => "array",
        other => type_name(other),
    }
}
