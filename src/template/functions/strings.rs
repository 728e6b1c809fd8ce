//! Text: cutting, joining, padding, quoting. Lengths and places count bytes, as in Go.

use super::Kind::{Any, Int, Text};
use super::{Args, Function, Outcome, check_items, check_size, fixed, variadic};
use crate::template::printf::{quoted, to_text};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("trim", &[Text], |a| Ok(a.text(0).trim().into())),
    fixed("trimall", &[Text, Text], trim_all),
    fixed("trimAll", &[Text, Text], trim_all),
    fixed("trimSuffix", &[Text, Text], |a| {
        Ok(a.text(1).strip_suffix(a.text(0)).unwrap_or(a.text(1)).into())
    }),
    fixed("trimPrefix", &[Text, Text], |a| {
        Ok(a.text(1).strip_prefix(a.text(0)).unwrap_or(a.text(1)).into())
    }),
    fixed("upper", &[Text], |a| Ok(a.text(0).chars().map(upper).collect::<String>().into())),
    fixed("lower", &[Text], |a| Ok(a.text(0).chars().map(lower).collect::<String>().into())),
    fixed("title", &[Text], |a| Ok(title(a.text(0)).into())),
    fixed("trunc", &[Int, Text], trunc),
    fixed("substr", &[Int, Int, Text], substr),
    fixed("repeat", &[Int, Text], repeat),
    fixed("contains", &[Text, Text], |a| Ok(a.text(1).contains(a.text(0)).into())),
    fixed("hasPrefix", &[Text, Text], |a| Ok(a.text(1).starts_with(a.text(0)).into())),
    fixed("hasSuffix", &[Text, Text], |a| Ok(a.text(1).ends_with(a.text(0)).into())),
    variadic("quote", &[], Any, |a| words(a, quoted)),
    variadic("squote", &[], Any, |a| words(a, |value| format!("'{}'", to_text(value)))),
    variadic("cat", &[], Any, |a| words(a, |value| to_text(value).to_string())),
    fixed("indent", &[Int, Text], |a| Ok(indent(a)?.into())),
    fixed("nindent", &[Int, Text], |a| Ok(format!("\n{}", indent(a)?).into())),
    fixed("replace", &[Text, Text, Text], replace),
    fixed("plural", &[Text, Text, Int], |a| Ok(a.any(if a.int(2) == 1 { 0 } else { 1 }).clone())),
    fixed("toString", &[Any], |a| Ok(Value::Str(to_text(a.any(0))))),
    fixed("toStrings", &[Any], |a| Ok(Value::list(texts(a.any(0)).into_iter().map(Value::Str)))),
    fixed("split", &[Text, Text], |a| Ok(numbered(pieces(a.text(1), a.text(0), -1)?))),
    fixed("splitn", &[Text, Int, Text], |a| Ok(numbered(pieces(a.text(2), a.text(0), a.int(1))?))),
    fixed("splitList", &[Text, Text], |a| {
        Ok(Value::list(pieces(a.text(1), a.text(0), -1)?.into_iter().map(Value::from)))
    }),
    fixed("join", &[Text, Any], join),
    fixed("sortAlpha", &[Any], sort_alpha),
    fixed("catLines", &[Text], |a| Ok(a.text(0).replace("\r\n", " ").replace('\n', " ").into())),
    fixed("splitLines", &[Text], |a| {
        check_items(a.text(0).matches('\n').count())?;
        Ok(Value::list(a.text(0).replace("\r\n", "\n").split('\n').map(Value::from)))
    }),
    fixed("hello", &[], |_| Ok("Hello!".into())),
];

fn trim_all(args: &mut Args) -> Outcome {
    let set: Vec<char> = args.text(0).chars().collect();
    Ok(args.text(1).trim_matches(&set[..]).into())
}

/// Go maps one character to one character.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
}

fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
}

fn title(text: &str) -> String {
    let mut before = ' ';
    let mut raise = |c: char| {
        let begins = !(before.is_alphanumeric() || before == '_');
        let begins = begins && (before.is_ascii() || before.is_whitespace());
        before = c;
        if begins { upper(c) } else { c }
    };
    text.chars().map(&mut raise).collect()
}

/// Bytes as text; a character cut in two is replaced.
fn cut(text: &str, from: usize, to: usize) -> Value {
    match text.get(from..to) {
        Some(part) => part.into(),
        None => String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned().into(),
    }
}

fn trunc(args: &mut Args) -> Outcome {
    let (count, text) = (args.int(0), args.text(1));
    let length = text.len() as i64;
    Ok(match count {
        0.. if length > count => cut(text, 0, count as usize),
        ..0 if length + count > 0 => cut(text, (length + count) as usize, text.len()),
        _ => text.into(),
    })
}

fn substr(args: &mut Args) -> Outcome {
    let (start, end, text) = (args.int(0), args.int(1), args.text(2));
    let length = text.len() as i64;
    let (from, to) = match (start, end) {
        (..0, end) => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        both => both,
    };
    match 0 <= from && from <= to && to <= length {
        true => Ok(cut(text, from as usize, to as usize)),
        false => Err(format!("runtime error: slice bounds out of range [{from}:{to}]")),
    }
}

fn repeat(args: &mut Args) -> Outcome {
    let count = usize::try_from(args.int(0)).map_err(|_| "strings: negative Repeat count")?;
    check_size(args.text(1).len().saturating_mul(count))?;
    Ok(args.text(1).repeat(count).into())
}

fn words(args: &Args, show: impl Fn(&Value) -> String) -> Outcome {
    let given = args.values.iter().filter(|value| **value != Value::Nil);
    let mut out = String::new();
    for (i, value) in given.enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(&show(value));
        check_size(out.len())?;
    }
    Ok(out.into())
}

fn indent(args: &Args) -> Result<String, String> {
    let count = usize::try_from(args.int(0)).map_err(|_| "strings: negative Repeat count")?;
    let text = args.text(1);
    let lines = text.matches('\n').count() + 1;
    check_size(count.saturating_mul(lines).saturating_add(text.len()))?;
    let pad = " ".repeat(count);
    Ok(format!("{pad}{}", text.replace('\n', &format!("\n{pad}"))))
}

fn replace(args: &mut Args) -> Outcome {
    let (old, new, text) = (args.text(0), args.text(1), args.text(2));
    let found = text.matches(old).count();
    check_size(found.saturating_mul(new.len()).saturating_add(text.len()))?;
    Ok(text.replace(old, new).into())
}

/// The pieces of `text` between `separator`, at most `count` when that is not negative.
fn pieces<'t>(text: &'t str, separator: &str, count: i64) -> Result<Vec<&'t str>, String> {
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    check_items(text.matches(separator).take(limit).count())?;
    if limit == 0 {
        return Ok(Vec::new());
    }
    if !separator.is_empty() {
        return Ok(text.splitn(limit, separator).collect());
    }
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).take(limit).collect();
    starts.push(text.len());
    Ok(starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect())
}

fn numbered(pieces: Vec<&str>) -> Value {
    let named = pieces.into_iter().enumerate();
    Value::map(named.map(|(i, piece)| (format!("_{i}").into(), piece.into())))
}

/// A value as a list of texts; nil is left out.
pub fn texts(value: &Value) -> Vec<std::sync::Arc<str>> {
    match value {
        Value::List(items) => {
            items.iter().filter(|item| **item != Value::Nil).map(to_text).collect()
        }
        Value::Nil => Vec::new(),
        other => vec![to_text(other)],
    }
}

fn join(args: &mut Args) -> Outcome {
    let parts = texts(args.any(1));
    let separators = args.text(0).len().saturating_mul(parts.len());
    check_size(separators.saturating_add(parts.iter().map(|part| part.len()).sum()))?;
    Ok(parts.join(args.text(0)).into())
}

fn sort_alpha(args: &mut Args) -> Outcome {
    let mut parts = texts(args.any(0));
    parts.sort();
    Ok(Value::list(parts.into_iter().map(Value::Str)))
}
