//! Values as Go's `%v` and `%#v` show them, the names of their types, and quoting.

use std::fmt::Write;

use super::float;
use crate::value::Value;

/// How Go writes a nil that is an argument or inside a list.
pub const NIL: &str = "<nil>";

/// Writes a value as `%v` does; nil as `<nil>`.
pub fn write_value(out: &mut String, value: &Value) {
    let _ = match value {
        Value::Nil => out.write_str(NIL),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        Value::Uint(n) => write!(out, "{n}"),
        Value::Float(n) => out.write_str(&float::shortest(*n)),
        Value::Str(text) => out.write_str(text),
        Value::Time(nanos) => out.write_str(&super::time::full(*nanos)),
        Value::Uuid(id) => write!(out, "{}", uuid::Uuid::from_u128(*id)),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                write_value(out, item);
            }
            out.write_str("]")
        }
        Value::Map(entries) => {
            out.push_str("map[");
            for (i, (key, item)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_value(out, item);
            }
            out.write_str("]")
        }
    };
}

/// Go's name of a value's type, as `%T` writes it.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => NIL,
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Time(_) => "time.Time",
        Value::Uuid(_) => "uuid.UUID",
    }
}

/// A value as `%#v` writes it.
pub fn go_syntax(out: &mut String, value: &Value) {
    let _ = match value {
        Value::Nil => out.write_str("interface {}(nil)"),
        Value::Str(text) => out.write_str(&quote(text)),
        Value::Uint(n) => write!(out, "{n:#x}"),
        Value::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                go_syntax(out, item);
            }
            out.write_str("}")
        }
        Value::Map(entries) => {
            out.push_str("map[string]interface {}{");
            for (i, (key, item)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_str(&quote(key));
                out.push(':');
                go_syntax(out, item);
            }
            out.write_str("}")
        }
        other => {
            write_value(out, other);
            Ok(())
        }
    };
}

/// A string in double quotes with Go's escapes.
pub fn quote(text: &str) -> String {
    quote_with(text, '"', false)
}

/// A string or character between `mark`s; `ascii` escapes everything beyond ASCII too.
pub fn quote_with(text: &str, mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        escape(&mut out, c, mark, ascii);
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, c: char, mark: char, ascii: bool) {
    let short = match c {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        '\\' => '\\',
        c if c == mark => c,
        c => {
            let code = c as u32;
            let _ = match code {
                0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
                _ if is_printable(c) && (!ascii || c.is_ascii()) => out.write_char(c),
                0x1_0000.. => write!(out, "\\U{code:08x}"),
                _ => write!(out, "\\u{code:04x}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

/// What Go prints as itself in quotes: no controls, no space but U+0020, no unassigned marks.
pub fn is_printable(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}');
    c == ' ' || !(c.is_control() || c.is_whitespace() || invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Value) -> String {
        let mut out = String::new();
        write_value(&mut out, &value);
        out
    }

    #[test]
    fn lists_and_maps_are_shown_as_go_shows_them() {
        let list = Value::list([Value::Int(1), Value::Nil, "a b".into()]);
        let map = Value::map([("z".into(), list.clone()), ("a".into(), Value::Float(0.5))]);
        assert_eq!(shown(list), "[1 <nil> a b]");
        assert_eq!(shown(map), "map[a:0.5 z:[1 <nil> a b]]");
    }

    #[test]
    fn quotes_escape_what_go_escapes() {
        assert_eq!(quote("a\"b\\\n\u{1}é\u{200b}"), r#""a\"b\\\n\x01é\u200b""#);
        assert_eq!(quote_with("é'", '\'', true), r"'\u00e9\''");
    }
}
