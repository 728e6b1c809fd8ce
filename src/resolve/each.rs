//! The turns of a `for` loop.

use std::sync::Arc;

use super::context::Context;
use super::path;
use super::shared::Site;
use crate::diag::{Diagnostic, Fault};
use crate::host::Pattern;
use crate::taskfile::model::{Axis, Each, Over};
use crate::value::{Dict, Value};

/// The most combinations of one matrix: a few long axes would fill the memory before the first turn.
const MOST_COMBINATIONS: usize = 100_000;

/// The variables of one turn; none where there is no loop.
pub(super) type Turn = Vec<(Arc<str>, Value)>;

/// The turns of a loop; one without variables when there is none.
pub(super) fn turns(
    each: Option<&Each>,
    context: &Context,
    site: Site<'_>,
) -> Result<Vec<Turn>, Diagnostic> {
    let Some(each) = each else { return Ok(vec![Turn::new()]) };
    let turn = |item: Value| vec![(each.name.clone(), item)];
    Ok(match &each.over {
        Over::List(items) => items.iter().cloned().map(turn).collect(),
        Over::Sources => files(&context.rare().files.sources, context, site)?.map(turn).collect(),
        Over::Generates => {
            files(&context.rare().files.generates, context, site)?.map(turn).collect()
        }
        Over::Matrix(axes) => {
            combinations(axes, each, context, site)?.into_iter().map(turn).collect()
        }
        Over::Nothing => Vec::new(),
        Over::Variable { name, split } => match context.vars.get(name) {
            Some(Value::Map(entries)) => entries
                .iter()
                .map(|(key, item)| {
                    vec![(each.name.clone(), item.clone()), ("KEY".into(), Value::Str(key.clone()))]
                })
                .collect(),
            value => items(value.unwrap_or(&Value::Nil), split.as_deref(), each)?
                .into_iter()
                .map(turn)
                .collect(),
        },
    })
}

/// The items of a variable that is no map.
fn items(value: &Value, split: Option<&str>, each: &Each) -> Result<Vec<Value>, Diagnostic> {
    match (value, split) {
        (Value::Nil, _) => Ok(Vec::new()),
        (Value::List(items), _) => Ok(items.to_vec()),
        (Value::Str(text), Some(split)) if !split.is_empty() => {
            Ok(text.split(split).map(Value::from).collect())
        }
        (Value::Str(text), _) => Ok(text.split_whitespace().map(Value::from).collect()),
        _ => {
            let message = "loop var must be a delimiter-separated string, list or a map";
            Err(Diagnostic::error(Fault::Invalid, message).at(each.span, ""))
        }
    }
}

/// Every combination of a matrix, the last key fastest.
fn combinations(
    axes: &[(Arc<str>, Axis)],
    each: &Each,
    context: &Context,
    site: Site<'_>,
) -> Result<Vec<Value>, Diagnostic> {
    let mut all = vec![Dict::new()];
    for (key, axis) in axes {
        let row = values(axis, context, site)?.ok_or_else(|| {
            let message = format!("matrix reference of `{key}` must resolve to a list");
            Diagnostic::error(Fault::Invalid, message).at(each.span, "")
        })?;
        if all.len().saturating_mul(row.len()) > MOST_COMBINATIONS {
            let message = format!("the matrix has more than {MOST_COMBINATIONS} combinations");
            return Err(Diagnostic::error(Fault::Invalid, message).at(each.span, ""));
        }
        let longer = |known: &Dict| {
            let known = known.clone();
            row.iter()
                .map(move |item| {
                    let mut more = known.clone();
                    more.insert(key.clone(), item.clone());
                    more
                })
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    Ok(all.into_iter().map(|entries| Value::Map(Arc::new(entries))).collect())
}

/// The values of an axis or enumeration; `None` when it refers to something that is no list.
pub(super) fn values(
    axis: &Axis,
    context: &Context,
    site: Site<'_>,
) -> Result<Option<Vec<Value>>, Diagnostic> {
    Ok(match axis {
        Axis::List(items) => Some(items.clone()),
        Axis::Reference(pipeline) => {
            match pipeline.evaluate(&context.vars, &*site.shared.facts)? {
                Value::List(items) => Some(items.to_vec()),
                _ => None,
            }
        }
    })
}

/// The files that patterns mean, as they are called from the task's directory.
fn files(
    patterns: &[Pattern],
    context: &Context,
    site: Site<'_>,
) -> Result<impl Iterator<Item = Value>, Diagnostic> {
    let dir = context.dir.clone();
    let found = context.rare().files.select(&dir, patterns, site);
    Ok(found.into_iter().map(move |file| Value::str(path::relative(&file, &dir).to_string_lossy())))
}
