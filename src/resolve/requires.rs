//! `requires`: variables that must be there, and the values they may have.

use std::sync::Arc;

use super::called::Aim;
use super::context::Context;
use super::each::values;
use super::ground::Ground;
use super::shared::Site;
use crate::diag::{Diagnostic, Fault};
use crate::taskfile::Found;
use crate::taskfile::model::{Axis, Required};
use crate::value::Value;

/// Refuses a call that lacks variables. Asks for names only, so nothing is evaluated for it.
pub(super) fn present(aim: &Aim, site: Site<'_>) -> Result<(), Diagnostic> {
    let task = &aim.found.task;
    if task.requires.is_empty() {
        return Ok(());
    }
    let given: Vec<Arc<str>> = aim.arguments.iter().map(|a| a.name.clone()).collect();
    let missing = lacking(&aim.found, &given, site.ground()?);
    let Some(first) = missing.first() else { return Ok(()) };
    let list: Vec<String> = missing.iter().map(|required| described(required)).collect();
    let message = format!(
        "task `{}` cannot run: it lacks the required variables {}",
        aim.name(),
        list.join(", ")
    );
    Err(Diagnostic::error(Fault::MissingVars, message)
        .at(first.span, "")
        .help(format!("set it on the command line: {}=…", first.name)))
}

/// The required variables of a task that are neither there nor given by the call.
pub(super) fn lacking<'t>(
    found: &'t Found,
    given: &[Arc<str>],
    ground: &Ground,
) -> Vec<&'t Required> {
    let task = &found.task;
    let known = |name: &str| {
        ground.knows(name)
            || name == "MATCH"
            || task.include_vars.iter().chain(&task.vars).any(|var| &*var.name == name)
            || given.iter().any(|given| &**given == name)
    };
    task.requires.iter().filter(|required| !known(&required.name)).collect()
}

/// The name, with the values it may have where they are written.
fn described(required: &Required) -> String {
    match &required.allowed {
        Some(Axis::List(values)) => {
            let words: Vec<String> = values.iter().map(crate::template::show).collect();
            format!("{} (allowed: {})", required.name, words.join(", "))
        }
        _ => required.name.to_string(),
    }
}

/// Refuses a call that gives a text another value than one of those listed.
pub(super) fn allowed(context: &Context, site: Site<'_>) -> Result<(), Diagnostic> {
    for required in &context.task.requires {
        let Some(allowed) = &required.allowed else { continue };
        let Some(words) = words(allowed, context, site)? else {
            let message = format!("enum reference of `{}` must be a list of texts", required.name);
            return Err(Diagnostic::error(Fault::Other, message).at(required.span, ""));
        };
        let value = context.vars.get(&required.name).and_then(Value::as_str);
        if let Some(value) = value.filter(|v| !words.is_empty() && !words.iter().any(|w| w == v)) {
            let (task, name) = (context.name(), &required.name);
            let message = format!(
                "task `{task}` cannot run: {name} is `{value}`, allowed are {}",
                words.join(", ")
            );
            return Err(Diagnostic::error(Fault::NotAllowedVars, message)
                .at(required.span, "")
                .suggest(value, words.iter().map(|word| &**word)));
        }
    }
    Ok(())
}

/// The listed values as texts; `None` when a reference yields something else.
fn words(
    allowed: &Axis,
    context: &Context,
    site: Site<'_>,
) -> Result<Option<Vec<String>>, Diagnostic> {
    let all = values(allowed, context, site)?;
    let shown = |values: Vec<Value>| values.iter().map(crate::template::show).collect();
    Ok(match allowed {
        Axis::List(_) => all.map(shown),
        Axis::Reference(_) => all.filter(|v| v.iter().all(|v| v.as_str().is_some())).map(shown),
    })
}
