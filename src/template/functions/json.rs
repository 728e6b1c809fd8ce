//! JSON as Go's `encoding/json` writes and reads it: sorted keys, all numbers floats.

use std::fmt::Write;

use super::Kind::{Any, Text};
use super::{Args, Function, Outcome, check_items, check_size, fixed};

use crate::template::printf::to_text;
use crate::template::{float, time};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("toJson", &[Any], |a| lenient(written(a, Style::COMPACT), "")),
    fixed("mustToJson", &[Any], |a| written(a, Style::COMPACT)),
    fixed("toPrettyJson", &[Any], |a| lenient(written(a, Style::PRETTY), "")),
    fixed("mustToPrettyJson", &[Any], |a| written(a, Style::PRETTY)),
    fixed("toRawJson", &[Any], |a| written(a, Style::RAW)),
    fixed("mustToRawJson", &[Any], |a| written(a, Style::RAW)),
    fixed("fromJson", &[Text], |a| lenient(read(a), Value::Nil)),
    fixed("mustFromJson", &[Text], |a| read(a)),
];

fn lenient(outcome: Outcome, instead: impl Into<Value>) -> Outcome {
    Ok(outcome.unwrap_or_else(|_| instead.into()))
}

#[derive(Clone, Copy)]
struct Style {
    is_pretty: bool,
    escapes_html: bool,
}

impl Style {
    const COMPACT: Style = Style { is_pretty: false, escapes_html: true };
    const PRETTY: Style = Style { is_pretty: true, escapes_html: true };
    const RAW: Style = Style { is_pretty: false, escapes_html: false };
}

fn written(args: &Args, style: Style) -> Outcome {
    let mut writer = Writer { out: String::new(), style, depth: 0 };
    writer.value(args.any(0))?;
    check_size(writer.out.len())?;
    Ok(writer.out.into())
}

struct Writer {
    out: String,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Float(n) if !n.is_finite() => {
                return Err(format!("json: unsupported value: {}", float::shortest(*n)));
            }
            Value::Float(n) => self.out.push_str(&float::json(*n)),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => self.out.push_str(&n.to_string()),
            Value::Uint(n) => self.out.push_str(&n.to_string()),
            Value::Str(text) => self.text(text),
            Value::Time(nanos) => self.text(&time::rfc3339(*nanos)),
            Value::Uuid(_) => self.text(&to_text(value)),
            Value::List(items) => {
                self.open('[');
                for (i, item) in items.iter().enumerate() {
                    self.separate(i);
                    self.value(item)?;
                }
                self.close(']', items.is_empty());
            }
            Value::Map(entries) => {
                self.open('{');
                for (i, (key, item)) in entries.iter().enumerate() {
                    self.separate(i);
                    self.text(key);
                    self.out.push_str(if self.style.is_pretty { ": " } else { ":" });
                    self.value(item)?;
                }
                self.close('}', entries.is_empty());
            }
        }
        check_size(self.out.len())
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line();
    }

    fn line(&mut self) {
        if self.style.is_pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '<' | '>' | '&' if self.style.escapes_html => self.code(c),
                '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => self.code(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn code(&mut self, c: char) {
        let _ = write!(self.out, "\\u{:04x}", c as u32);
    }
}

fn read(args: &Args) -> Outcome {
    check_items(args.text(0).matches([',', '{', '[']).count())?;
    serde_json::from_str(args.text(0)).map(value).map_err(|error| error.to_string())
}

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(value)),
        serde_json::Value::Object(entries) => {
            Value::map(entries.into_iter().map(|(key, item)| (key.into(), value(item))))
        }
    }
}
