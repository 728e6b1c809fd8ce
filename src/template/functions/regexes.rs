//! Regular expressions with Go's syntax and Go's way to expand `$1`.

use regex::{Captures, Regex, RegexBuilder};

use super::Kind::{Int, Text};
use super::{Args, Function, Outcome, check_items, check_size, fixed};
use crate::template::limits::MAX_ITEMS;
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", &[Text, Text], |a| Ok(is_match(a).unwrap_or(false.into()))),
    fixed("mustRegexMatch", &[Text, Text], is_match),
    fixed("regexFind", &[Text, Text], |a| panicking(find, a)),
    fixed("mustRegexFind", &[Text, Text], find),
    fixed("regexFindAll", &[Text, Text, Int], |a| panicking(find_all, a)),
    fixed("mustRegexFindAll", &[Text, Text, Int], find_all),
    fixed("regexReplaceAll", &[Text, Text, Text], |a| panicking(replace_all, a)),
    fixed("mustRegexReplaceAll", &[Text, Text, Text], replace_all),
    fixed("regexReplaceAllLiteral", &[Text, Text, Text], |a| panicking(replace_literal, a)),
    fixed("mustRegexReplaceAllLiteral", &[Text, Text, Text], replace_literal),
    fixed("regexSplit", &[Text, Text, Int], |a| panicking(split, a)),
    fixed("mustRegexSplit", &[Text, Text, Int], split),
    fixed("regexQuoteMeta", &[Text], |a| Ok(quote_meta(a.text(0)).into())),
];

/// The most bytes a compiled expression may take.
const MAX_COMPILED: usize = 4 << 20;

/// Without `must`, Go panics on a bad expression with a message of its own.
fn panicking(run: fn(&mut Args) -> Outcome, args: &mut Args) -> Outcome {
    run(args).map_err(|message| match message.starts_with("error parsing") {
        true => {
            format!("regexp: Compile({}): {message}", crate::template::show::quote(args.text(0)))
        }
        false => message,
    })
}

/// The expression in the first argument; each is compiled once per render.
fn compiled(args: &mut Args) -> Result<Regex, String> {
    let Value::Str(pattern) = args.any(0).clone() else { return Err("no expression".into()) };
    if let Some(known) = args.regexes.get(&pattern) {
        return Ok(known.clone());
    }
    let regex = RegexBuilder::new(&translated(&pattern)).size_limit(MAX_COMPILED).build();
    let regex = regex.map_err(|error| format!("error parsing regexp: {}", reason(&error)))?;
    args.regexes.insert(pattern, regex.clone());
    Ok(regex)
}

fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text);
    last.strip_prefix("error: ").unwrap_or(last).to_string()
}

/// Go's syntax in that of the regex crate: classes are of ASCII, and what is literal in Go's
/// brackets and braces has no meaning there.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' if after.starts_with('Q') && !in_class => quoted(&after[1..], &mut out),
            '\\' => escaped(after, in_class, &mut out),
            '[' if in_class => class_in_class(rest, &mut out),
            '[' => {
                in_class = true;
                opened(after, &mut out)
            }
            ']' => {
                in_class = false;
                out.push(c);
                after
            }
            '&' | '~' if in_class => {
                out.extend(['\\', c]);
                after
            }
            '-' if in_class && after.starts_with('-') => {
                out.push_str("\\-");
                after
            }
            '{' if !in_class && !is_repetition(after) => {
                out.push_str("\\{");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// What stands between `\Q` and `\E`, each character for itself.
fn quoted<'p>(after: &'p str, out: &mut String) -> &'p str {
    let (literal, rest) = after.split_once("\\E").unwrap_or((after, ""));
    out.push_str(&regex::escape(literal));
    rest
}

fn escaped<'p>(after: &'p str, in_class: bool, out: &mut String) -> &'p str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let ascii = match (c, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', _) => "[^0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('s', true) => "\\t\\n\\f\\r ",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('b', false) => "(?-u:\\b)",
        _ => {
            out.extend(['\\', c]);
            return &after[c.len_utf8()..];
        }
    };
    out.push_str(ascii);
    &after[1..]
}

/// The start of a class, where `^` and then `]` stand for what they are.
fn opened<'p>(after: &'p str, out: &mut String) -> &'p str {
    out.push('[');
    let mut rest = after;
    if let Some(inner) = rest.strip_prefix('^') {
        out.push('^');
        rest = inner;
    }
    if let Some(inner) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = inner;
    }
    rest
}

/// `[:alpha:]` is a name; any other `[` in a class is a bracket.
fn class_in_class<'p>(rest: &'p str, out: &mut String) -> &'p str {
    if rest.starts_with("[:")
        && let Some(end) = rest.find(":]")
    {
        out.push_str(&rest[..end + 2]);
        return &rest[end + 2..];
    }
    out.push_str("\\[");
    &rest[1..]
}

fn is_repetition(after: &str) -> bool {
    let Some((inner, _)) = after.split_once('}') else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !low.is_empty() && is_number(low) && is_number(high)
}

fn is_match(args: &mut Args) -> Outcome {
    Ok(compiled(args)?.is_match(args.text(1)).into())
}

fn find(args: &mut Args) -> Outcome {
    Ok(compiled(args)?.find(args.text(1)).map_or("", |found| found.as_str()).into())
}

fn find_all(args: &mut Args) -> Outcome {
    let regex = compiled(args)?;
    let limit = usize::try_from(args.int(2)).unwrap_or(usize::MAX);
    let found = regex.find_iter(args.text(1)).take(limit.min(MAX_ITEMS + 1));
    Ok(Value::list(found.map(|found| found.as_str().into())))
}

fn replace_all(args: &mut Args) -> Outcome {
    replaced(args, expand)
}

fn replace_literal(args: &mut Args) -> Outcome {
    replaced(args, |template, _, out| out.push_str(template))
}

fn replaced(args: &mut Args, write: fn(&str, &Captures, &mut String)) -> Outcome {
    let regex = compiled(args)?;
    let (text, template) = (args.text(1), args.text(2));
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[from..whole.start()]);
        write(template, &captures, &mut out);
        check_size(out.len())?;
        from = whole.end();
    }
    out.push_str(&text[from..]);
    Ok(out.into())
}

/// Writes a template with `$1`, `${1}`, `$name` and `$$`; a name is as long as it can be.
fn expand(template: &str, captures: &Captures, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = match after.strip_prefix('$') {
            Some(after) => {
                out.push('$');
                after
            }
            None => match reference(after) {
                Some((name, after)) => {
                    out.push_str(group(captures, name));
                    after
                }
                None => {
                    out.push('$');
                    after
                }
            },
        };
    }
    out.push_str(rest);
}

fn reference(after: &str) -> Option<(&str, &str)> {
    let (inner, is_braced) = match after.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (after, false),
    };
    let length = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(length);
    let rest = if is_braced { rest.strip_prefix('}')? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

fn group<'t>(captures: &Captures<'t>, name: &str) -> &'t str {
    let found = match name.parse() {
        Ok(number) => captures.get(number),
        Err(_) => captures.name(name),
    };
    found.map_or("", |found| found.as_str())
}

fn split(args: &mut Args) -> Outcome {
    let regex = compiled(args)?;
    let (text, count) = (args.text(1), args.int(2));
    if count == 0 {
        return Ok(Value::list([]));
    }
    if text.is_empty() && !args.text(0).is_empty() {
        return Ok(Value::list(["".into()]));
    }
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts: Vec<Value> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text) {
        if parts.len() + 1 >= limit {
            break;
        }
        check_items(parts.len())?;
        end = found.start();
        if found.end() != 0 {
            parts.push(text[begin..end].into());
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(text[begin..].into());
    }
    Ok(Value::list(parts))
}

fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
