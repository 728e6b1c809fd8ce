//! The machine and its shell: names of the system, environment, quoting, ids, dumps.

use std::fmt::Write;

use super::Kind::{Any, Text};
use super::{Args, Function, Outcome, check_items, check_size, fixed, words};
use crate::template::Facts;
use crate::template::printf::sprint;
use crate::template::show::{is_printable, quote, type_name};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("OS", &[], |_| Ok(os().into())),
    fixed("ARCH", &[], |_| Ok(arch().into())),
    fixed("numCPU", &[], |a| Ok(Value::Int(a.facts.cpus() as i64))),
    fixed("exeExt", &[], |_| Ok(std::env::consts::EXE_SUFFIX.into())),
    fixed("ExeExt", &[], |_| Ok(std::env::consts::EXE_SUFFIX.into())),
    fixed("IsSH", &[], |_| Ok(true.into())),
    fixed("env", &[Text], |a| Ok(a.facts.env(a.text(0)).unwrap_or_default().into())),
    fixed("expandenv", &[Text], |a| Ok(expand(a.text(0), a.facts)?.into())),
    fixed("getHostByName", &[Text], host),
    fixed("shellQuote", &[Text], |a| shell_quote(a.text(0))),
    fixed("q", &[Text], |a| shell_quote(a.text(0))),
    fixed("splitArgs", &[Text], split_args),
    fixed("uuid", &[], |a| Ok(Value::Uuid(a.facts.chance()))),
    fixed("spew", &[Any], |a| {
        let mut out = String::new();
        dump(&mut out, a.any(0), 0);
        out.push('\n');
        Ok(out.into())
    }),
];

fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    }
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        arch => arch,
    }
}

/// Replaces `$NAME` and `${NAME}` as Go's `os.Expand` does.
fn expand(text: &str, facts: &dyn Facts) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, consumed) = variable(after);
        match (name, consumed) {
            (_, 0) => out.push('$'),
            (name, _) => out.push_str(&facts.env(name).unwrap_or_default()),
        }
        check_size(out.len())?;
        rest = &after[consumed..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The name after a `$`, and how many bytes it takes there.
pub fn variable(after: &str) -> (&str, usize) {
    let is_special = |c: char| matches!(c, '*' | '#' | '$' | '@' | '!' | '?' | '-' | '0'..='9');
    match after.chars().next() {
        Some('{') => match after.find('}') {
            Some(end) => (&after[1..end], end + 1),
            None => ("", 1),
        },
        Some(c) if is_special(c) => (&after[..1], 1),
        _ => {
            let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            (&after[..end], end)
        }
    }
}

fn host(args: &mut Args) -> Outcome {
    let found = args.facts.addresses(args.text(0)).map_err(|error| error.to_string())?;
    Ok(found.first().map_or(String::new(), |address| address.to_string()).into())
}

const KEYWORDS: &[&str] = &[
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
    "function", "if", "in", "select", "then", "time", "until", "while", "{", "}",
];

/// Text as one word of a shell: plain, in single, double or `$'…'` quotes, whatever is needed.
fn shell_quote(text: &str) -> Outcome {
    let has_meaning = |c: char| ";\"'()$|&><` \t\r\n\\#{~*?[=".contains(c);
    if text.contains('\0') {
        return Err("shell strings cannot contain null bytes".into());
    }
    Ok(match text {
        "" => "''".into(),
        text if text.contains(|c: char| !is_printable(c)) => dollar_quote(text).into(),
        text if !text.contains(has_meaning) && !KEYWORDS.contains(&text) => text.into(),
        text if !text.contains('\'') => format!("'{text}'").into(),
        text => {
            let mut out = String::from("\"");
            for c in text.chars() {
                if "\"\\`$".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            out.push('"');
            out.into()
        }
    })
}

fn dollar_quote(text: &str) -> String {
    let mut out = String::from("$'");
    for c in text.chars() {
        let code = c as u32;
        let _ = match c {
            '\'' | '\\' => write!(out, "\\{c}"),
            '\u{7}' => out.write_str("\\a"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{b}' => out.write_str("\\v"),
            c if is_printable(c) => out.write_char(c),
            _ if code < 0x80 => write!(out, "\\x{code:02x}"),
            _ if code > 0xffff => write!(out, "\\U{code:08x}"),
            _ => write!(out, "\\u{code:04x}"),
        };
    }
    out.push('\'');
    out
}

fn split_args(args: &mut Args) -> Outcome {
    check_items(args.text(0).matches(char::is_whitespace).count())?;
    let words = words::split(args.text(0), args.facts)?;
    Ok(Value::list(words.into_iter().map(Value::from)))
}

/// A value with its types, a line per entry; a length only where there is one.
fn dump(out: &mut String, value: &Value, depth: usize) {
    let pad = " ".repeat(depth);
    let _ = match value {
        Value::Nil => out.write_str("(interface {}) <nil>"),
        Value::Str(text) => write!(out, "(string) {}{}", length(text.len()), quote(text)),
        Value::List(items) => {
            let count = items.len();
            let size = if count > 0 { format!("(len={count} cap={count}) ") } else { "".into() };
            let _ = writeln!(out, "({}) {size}{{", type_name(value));
            for (i, item) in items.iter().enumerate() {
                let _ = write!(out, "{pad} ");
                dump(out, item, depth + 1);
                out.push_str(if i + 1 < count { ",\n" } else { "\n" });
            }
            write!(out, "{pad}}}")
        }
        Value::Map(entries) => {
            let _ = writeln!(out, "({}) {}{{", type_name(value), length(entries.len()));
            for (i, (key, item)) in entries.iter().enumerate() {
                let _ = write!(out, "{pad} (string) {}{}: ", length(key.len()), quote(key));
                dump(out, item, depth + 1);
                out.push_str(if i + 1 < entries.len() { ",\n" } else { "\n" });
            }
            write!(out, "{pad}}}")
        }
        other => {
            write!(out, "({}) {}", type_name(other), sprint(std::slice::from_ref(other)))
        }
    };
}

fn length(count: usize) -> String {
    if count > 0 { format!("(len={count}) ") } else { String::new() }
}
