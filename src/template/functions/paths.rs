//! Paths by their text alone: Go's `path` and `path/filepath`, with slashes.

use super::Kind::Text;
use super::{Args, Function, Outcome, fixed, variadic};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("base", &[Text], |a| Ok(base(a.text(0)).into())),
    fixed("osBase", &[Text], |a| Ok(base(a.text(0)).into())),
    fixed("dir", &[Text], |a| Ok(dir(a.text(0)).into())),
    fixed("osDir", &[Text], |a| Ok(dir(a.text(0)).into())),
    fixed("clean", &[Text], |a| Ok(clean(a.text(0)).into())),
    fixed("osClean", &[Text], |a| Ok(clean(a.text(0)).into())),
    fixed("ext", &[Text], |a| Ok(ext(a.text(0)).into())),
    fixed("osExt", &[Text], |a| Ok(ext(a.text(0)).into())),
    fixed("isAbs", &[Text], |a| Ok(a.text(0).starts_with('/').into())),
    fixed("osIsAbs", &[Text], |a| Ok(a.text(0).starts_with('/').into())),
    fixed("fromSlash", &[Text], |a| Ok(a.take(0))),
    fixed("FromSlash", &[Text], |a| Ok(a.take(0))),
    fixed("toSlash", &[Text], |a| Ok(a.take(0))),
    fixed("ToSlash", &[Text], |a| Ok(a.take(0))),
    variadic("joinEnv", &[], Text, |a| {
        Ok(a.values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(":").into())
    }),
    variadic("joinPath", &[], Text, |a| Ok(join(a.values.iter().filter_map(Value::as_str)).into())),
    fixed("relPath", &[Text, Text], |a| relative(a.text(0), a.text(1))),
    fixed("absPath", &[Text], absolute),
];

/// The shortest path that means the same.
pub(super) fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_rooted => {}
            part => parts.push(part),
        }
    }
    match (is_rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".into(),
        (false, false) => parts.join("/"),
    }
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.is_empty() => ".",
        "" => "/",
        trimmed => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

fn dir(path: &str) -> String {
    clean(&path[..path.rfind('/').map_or(0, |slash| slash + 1)])
}

fn ext(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |dot| &name[dot..])
}

fn join<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let given: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    if given.is_empty() { String::new() } else { clean(&given.join("/")) }
}

/// The way from `from` to `to`, as far as their text tells.
fn relative(from: &str, to: &str) -> Outcome {
    let (base, target) = (clean(from), clean(to));
    let parts = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
        parts.map(str::to_string).collect()
    };
    let (base_parts, target_parts) = (parts(&base), parts(&target));
    let shared = base_parts.iter().zip(&target_parts).take_while(|(a, b)| a == b).count();
    let up = &base_parts[shared..];
    if base.starts_with('/') != target.starts_with('/') || up.iter().any(|part| part == "..") {
        return Err(format!("Rel: can't make {to} relative to {from}"));
    }
    let way: Vec<&str> =
        up.iter().map(|_| "..").chain(target_parts[shared..].iter().map(String::as_str)).collect();
    Ok(if way.is_empty() { ".".into() } else { way.join("/").into() })
}

fn absolute(args: &mut Args) -> Outcome {
    let path = args.text(0);
    if path.starts_with('/') {
        return Ok(clean(path).into());
    }
    let here = args.facts.cwd();
    Ok(join([&*here.to_string_lossy(), path].into_iter()).into())
}
