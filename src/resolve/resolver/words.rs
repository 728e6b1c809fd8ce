//! The words of a command line that make a call by itself, as far as a command line can make it.

use std::sync::Arc;

use super::known_name;
use crate::resolve::called::{Aim, Target};
use crate::resolve::is_telling;
use crate::resolve::scope::{Argument, Given};
use crate::template::show;
use crate::value::Value;

/// `None`: the name that is shown is all there is to say. Empty: no command line makes this call.
pub(super) fn of(target: &Target) -> Option<Arc<[Arc<str>]>> {
    let Target::Known(aim) = target else { return Some([].into()) };
    let is_plain = aim.arguments.is_empty() && known_name(aim) == *aim.name();
    match is_plain && !aim.found.task.internal {
        true => None,
        false => Some(all(aim).unwrap_or_default().into()),
    }
}

fn all(aim: &Aim) -> Option<Vec<Arc<str>>> {
    let is_callable = !aim.found.task.internal;
    let given = aim.arguments.iter().map(word);
    is_callable.then(|| std::iter::once(Some(aim.name().clone())).chain(given).collect())?
}

/// What the command line says in the place of a variable of the call; nothing for what only a file can say, and for
/// what nobody should see.
fn word(argument: &Argument) -> Option<Arc<str>> {
    let Argument { name, given, secret, .. } = argument;
    let value = match given {
        Given::Value(value @ (Value::Str(_) | Value::Bool(_) | Value::Int(_))) => show(value),
        _ => return None,
    };
    let is_sayable = !*secret && !is_telling(name) && !value.contains("{{");
    is_sayable.then(|| format!("{name}={value}").into())
}
