//! YAML as Go's `yaml.v3` writes it, with four spaces, and what it reads.

use std::cmp::Ordering;

use super::Kind::{Any, Text};
use super::{Args, Function, Outcome, check_items, check_size, fixed};
use crate::template::printf::to_text;
use crate::template::show::quote;
use crate::template::{float, time};
use crate::value::{Dict, Value};

pub const FUNCTIONS: &[Function] = &[
    fixed("toYaml", &[Any], written),
    fixed("mustToYaml", &[Any], written),
    fixed("fromYaml", &[Text], |a| Ok(read(a).unwrap_or_default())),
    fixed("mustFromYaml", &[Text], read),
];

/// How deep the brackets of YAML text may nest; the parser's time grows with the square of it.
const MAX_BRACKETS: usize = 200;

/// How many bytes the aliases of YAML text may stand for, each for the whole text.
const MAX_ALIASED: usize = 16 << 20;

fn written(args: &mut Args) -> Outcome {
    let mut out = String::new();
    match args.any(0) {
        Value::Map(entries) if !entries.is_empty() => mapping(&mut out, entries, 0)?,
        Value::List(items) if !items.is_empty() => sequence(&mut out, items, 0)?,
        value => {
            scalar(&mut out, value, 4);
            out.push('\n');
        }
    }
    Ok(out.into())
}

fn pad(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}

fn mapping(out: &mut String, entries: &Dict, indent: usize) -> Result<(), String> {
    let mut keys: Vec<_> = entries.iter().collect();
    keys.sort_by(|(a, _), (b, _)| natural_order(a, b));
    let inside = (indent + 4) / 4 * 4;
    for (i, (key, item)) in keys.into_iter().enumerate() {
        if i > 0 {
            pad(out, indent);
        }
        scalar(out, &Value::Str(key.clone()), indent);
        out.push(':');
        match item {
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, inside);
                mapping(out, inner, inside)?;
            }
            Value::List(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, inside);
                sequence(out, inner, inside)?;
            }
            other => {
                out.push(' ');
                scalar(out, other, inside);
                out.push('\n');
            }
        }
        check_size(out.len())?;
    }
    Ok(())
}

fn sequence(out: &mut String, items: &[Value], indent: usize) -> Result<(), String> {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Map(inner) if !inner.is_empty() => mapping(out, inner, indent + 2)?,
            Value::List(inner) if !inner.is_empty() => sequence(out, inner, indent + 2)?,
            other => {
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
        check_size(out.len())?;
    }
    Ok(())
}

/// Keys in the order of yaml.v3: numbers in them by value, letters behind all else.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = left.iter().zip(&right).take_while(|(x, y)| x == y).count();
    let (Some(&x), Some(&y)) = (left.get(same), right.get(same)) else {
        return left.len().cmp(&right.len());
    };
    let after_digit = same > 0 && left[same - 1].is_numeric();
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => x.cmp(&y),
        (true, false) => {
            if after_digit {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, true) => {
            if after_digit {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, false) => {
            let begun = left[..same].iter().rev().take_while(|c| c.is_ascii_digit());
            let has_digits = (x == '0' || y == '0') && begun.into_iter().any(|c| *c != '0');
            let (m, n) = (number(&left[same..], has_digits), number(&right[same..], has_digits));
            m.cmp(&n).then(x.cmp(&y))
        }
    }
}

/// The digits at the start as a number, and how many there are.
fn number(chars: &[char], is_begun: bool) -> (u128, usize) {
    let digits: Vec<u32> = chars.iter().map_while(|c| c.to_digit(10)).collect();
    let add = |value: u128, digit: &u32| value.saturating_mul(10).saturating_add((*digit).into());
    (digits.iter().fold(is_begun.into(), add), digits.len())
}

fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        Value::Float(n) if n.is_nan() => out.push_str(".nan"),
        Value::Float(n) if n.is_infinite() => {
            out.push_str(if *n > 0.0 { ".inf" } else { "-.inf" });
        }
        Value::Float(n) => out.push_str(&float::shortest(*n)),
        Value::Time(nanos) => out.push_str(&time::rfc3339(*nanos)),
        Value::Str(text) => string(out, text, indent),
        other => out.push_str(&to_text(other)),
    }
}

fn string(out: &mut String, text: &str, indent: usize) {
    let has_controls = text.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
    if text.is_empty() || has_controls || is_other_type(text) {
        out.push_str(&quote(text));
    } else if text.contains('\n') && !text.contains(" \n") {
        literal(out, text, indent);
    } else if is_plain(text) {
        out.push_str(text);
    } else if text.contains(['\t', '\n']) {
        out.push_str(&quote(text));
    } else {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    }
}

/// Text of several lines as a block.
fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('4');
    }
    match text.ends_with('\n') {
        false => out.push('-'),
        true if text.ends_with("\n\n") || text == "\n" => out.push('+'),
        true => {}
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
}

/// Whether plain text would be read as something else than text.
fn is_other_type(text: &str) -> bool {
    let words = [
        "null", "~", "true", "false", "y", "yes", "on", "n", "no", "off", ".nan", ".inf", "+.inf",
        "-.inf",
    ];
    if words.contains(&text.to_ascii_lowercase().as_str()) {
        return true;
    }
    let digits = text.trim_start_matches(['-', '+']);
    let starts_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let plain = digits.replace('_', "");
    let is_number = plain.parse::<f64>().is_ok()
        || ["0x", "0o", "0b"].iter().any(|prefix| {
            plain
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit()))
        });
    let is_sexagesimal = text.contains(':')
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '_' | '-' | '+'));
    let is_date = text.len() >= 8
        && text.as_bytes()[..4].iter().all(u8::is_ascii_digit)
        && text[4..].starts_with('-')
        && text.matches('-').count() >= 2
        && text.chars().all(|c| c.is_ascii_digit() || "-:. TtZz+".contains(c));
    starts_number && (is_number || is_sexagesimal || is_date)
}

/// Whether text may stand without quotes.
fn is_plain(text: &str) -> bool {
    let indicators = ",[]{}#&*!|>'\"%@`";
    let first_is_mark = text.starts_with(|c| indicators.contains(c));
    let is_lone = |mark: char| {
        text.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    !(first_is_mark
        || ['-', '?', ':'].into_iter().any(is_lone)
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.starts_with([' ', '\t'])
        || text.ends_with([' ', '\t'])
        || text.contains(['\t', '\n']))
}

fn read(args: &mut Args) -> Outcome {
    let text = args.text(0);
    check_text(text)?;
    check_items(text.matches([',', '\n', '{', '[']).count())?;
    let mut parsed: serde_yaml::Value =
        serde_yaml::from_str(text).map_err(|error| format!("yaml: {error}"))?;
    parsed.apply_merge().map_err(|error| format!("yaml: {error}"))?;
    Ok(value(parsed))
}

/// Refuses text that would take the parser very long or very much memory.
fn check_text(text: &str) -> Result<(), String> {
    let (mut open, mut deepest) = (0usize, 0);
    for c in text.bytes() {
        match c {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    let aliases = text.split([' ', '\n', ',', '[']).filter(|word| word.starts_with('*')).count();
    match deepest > MAX_BRACKETS || aliases.saturating_mul(text.len()) > MAX_ALIASED {
        true => Err("yaml: document contains excessive nesting or aliasing".into()),
        false => Ok(()),
    }
}

fn value(yaml: serde_yaml::Value) -> Value {
    match yaml {
        serde_yaml::Value::Null => Value::Nil,
        serde_yaml::Value::Bool(b) => Value::Bool(b),
        serde_yaml::Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::Uint(n),
            _ => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        serde_yaml::Value::String(text) => text.into(),
        serde_yaml::Value::Sequence(items) => Value::list(items.into_iter().map(value)),
        serde_yaml::Value::Mapping(entries) => {
            Value::map(entries.into_iter().map(|(key, item)| (to_text(&value(key)), value(item))))
        }
        serde_yaml::Value::Tagged(tagged) => value(tagged.value),
    }
}
