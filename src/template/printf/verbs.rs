//! What each verb makes of each type.

use std::fmt::Write;

use super::to_text;
use crate::template::show::{self, NIL, quote_with, type_name};
use crate::template::{float, time};
use crate::value::Value;

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
pub struct Flags {
    pub plus: bool,
    pub minus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
}
/// Writes one argument.
pub fn argument(out: &mut String, value: &Value, verb: char, flags: Flags) {
    match (verb, value) {
        ('T', _) => text(out, type_name(value), 's', flags),
        ('v', Value::Nil) => pad(out, NIL, flags),
        (_, Value::Nil) => {
            let _ = write!(out, "%!{verb}({NIL})");
        }
        ('p', _) => bad_verb(out, value, verb, flags),
        // `%+v` names the fields of structs; it is no sign for numbers.
        ('v', _) => formatted(out, value, verb, Flags { plus: false, ..flags }),
        _ => formatted(out, value, verb, flags),
    }
}

fn formatted(out: &mut String, value: &Value, verb: char, flags: Flags) {
    match value {
        _ if verb == 'v' && flags.sharp => {
            let mut shown = String::new();
            show::go_syntax(&mut shown, value);
            pad(out, &shown, flags);
        }
        Value::Nil => pad(out, NIL, flags),
        Value::Bool(b) if matches!(verb, 't' | 'v') => {
            pad(out, if *b { "true" } else { "false" }, flags);
        }
        Value::Int(n) => integer(out, *n < 0, n.unsigned_abs(), value, verb, flags),
        Value::Uint(n) => integer(out, false, *n, value, verb, flags),
        Value::Float(n) => floating(out, *n, verb, flags),
        Value::Str(t) => string(out, t, verb, flags),
        Value::Time(nanos) if matches!(verb, 'v' | 's') => {
            text(out, &time::full(*nanos), 's', flags);
        }
        Value::Uuid(_) if matches!(verb, 'v' | 's' | 'q') => {
            string(out, &to_text(value), verb, flags)
        }
        Value::Uuid(_) => {
            formatted(out, &Value::list(value.bytes().unwrap_or_default()), verb, flags)
        }
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                formatted(out, item, verb, flags);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push_str("map[");
            for (i, (key, item)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                string(out, key, verb, flags);
                out.push(':');
                formatted(out, item, verb, flags);
            }
            out.push(']');
        }
        _ => bad_verb(out, value, verb, flags),
    }
}

fn bad_verb(out: &mut String, value: &Value, verb: char, flags: Flags) {
    let _ = write!(out, "%!{verb}({}=", type_name(value));
    formatted(out, value, 'v', Flags { sharp: false, ..flags });
    out.push(')');
}

/// Pads to the width with spaces or, before text, zeros.
fn pad(out: &mut String, shown: &str, flags: Flags) {
    let missing = flags.width.unwrap_or(0).saturating_sub(shown.chars().count());
    let filler = if flags.zero && !flags.minus { '0' } else { ' ' };
    if flags.minus {
        out.push_str(shown);
    }
    out.extend(std::iter::repeat_n(filler, missing));
    if !flags.minus {
        out.push_str(shown);
    }
}

fn string(out: &mut String, value: &str, verb: char, flags: Flags) {
    match verb {
        'v' | 's' => text(out, value, 's', flags),
        'q' | 'x' | 'X' => text(out, value, verb, flags),
        _ => {
            let _ = write!(out, "%!{verb}(string=");
            text(out, value, 's', flags);
            out.push(')');
        }
    }
}

fn text(out: &mut String, value: &str, verb: char, flags: Flags) {
    let cut = match flags.precision {
        Some(count) if verb != 'x' && verb != 'X' => {
            value.char_indices().nth(count).map_or(value, |(end, _)| &value[..end])
        }
        _ => value,
    };
    match verb {
        'q' if flags.sharp && !cut.contains(['`', '\r', '\u{7f}', '\u{feff}']) && raw_fits(cut) => {
            pad(out, &format!("`{cut}`"), flags);
        }
        'q' => pad(out, &quote_with(cut, '"', flags.plus), flags),
        'x' | 'X' => pad(out, &hex(cut.as_bytes(), verb, flags), flags),
        _ => pad(out, cut, flags),
    }
}

fn raw_fits(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

fn hex(bytes: &[u8], verb: char, flags: Flags) -> String {
    let bytes = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let mut out = String::with_capacity(bytes.len() * 2);
    let prefix = if verb == 'x' { "0x" } else { "0X" };
    for (i, byte) in bytes.iter().enumerate() {
        if flags.space && i > 0 {
            out.push(' ');
        }
        if flags.sharp && (flags.space || i == 0) {
            out.push_str(prefix);
        }
        let _ = match verb {
            'x' => write!(out, "{byte:02x}"),
            _ => write!(out, "{byte:02X}"),
        };
    }
    out
}

fn integer(out: &mut String, negative: bool, size: u64, value: &Value, verb: char, flags: Flags) {
    let (digits, prefix) = match verb {
        'v' | 'd' => (size.to_string(), ""),
        'b' => (format!("{size:b}"), if flags.sharp { "0b" } else { "" }),
        'o' => (format!("{size:o}"), if flags.sharp { "0" } else { "" }),
        'O' => (format!("{size:o}"), "0o"),
        'x' => (format!("{size:x}"), if flags.sharp { "0x" } else { "" }),
        'X' => (format!("{size:X}"), if flags.sharp { "0X" } else { "" }),
        'c' => return pad(out, character(negative, size).encode_utf8(&mut [0; 4]), flags),
        'q' => {
            let c = character(negative, size);
            return pad(out, &quote_with(c.encode_utf8(&mut [0; 4]), '\'', flags.plus), flags);
        }
        'U' => return pad(out, &unicode(negative, size, flags), Flags { zero: false, ..flags }),
        _ => return bad_verb(out, value, verb, flags),
    };
    digit_run(out, negative, &digits, prefix, flags);
}

fn digit_run(out: &mut String, negative: bool, digits: &str, prefix: &str, flags: Flags) {
    let sign = match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let least = match (flags.precision, flags.width) {
        (Some(0), _) if digits == "0" => return pad(out, "", Flags { zero: false, ..flags }),
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero => width.saturating_sub(sign.len()),
        _ => 0,
    };
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    let prefix = if prefix == "0" && !zeros.is_empty() { "" } else { prefix };
    pad(out, &format!("{sign}{prefix}{zeros}{digits}"), Flags { zero: false, ..flags });
}

fn character(negative: bool, size: u64) -> char {
    let code = u32::try_from(size).ok().filter(|_| !negative);
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unicode(negative: bool, size: u64, flags: Flags) -> String {
    let code = if negative { size.wrapping_neg() } else { size };
    let digits = flags.precision.unwrap_or(4).max(4);
    let mut out = format!("U+{code:0digits$X}");
    if flags.sharp && !negative && u32::try_from(size).ok().and_then(char::from_u32).is_some() {
        let _ = write!(out, " '{}'", character(negative, size));
    }
    out
}

fn floating(out: &mut String, n: f64, verb: char, flags: Flags) {
    let precision = flags.precision;
    let mut shown = match verb {
        'v' | 'g' | 'G' => precision.map_or_else(|| float::shortest(n), |p| float::general(n, p)),
        'e' | 'E' => float::exponential(n, precision.unwrap_or(6)),
        'f' | 'F' => float::fixed(n, precision.unwrap_or(6)),
        _ => return bad_verb(out, &Value::Float(n), verb, flags),
    };
    if matches!(verb, 'E' | 'G') {
        shown = shown.replace('e', "E");
    }
    let (sign, digits) = match shown.strip_prefix(['-', '+']) {
        Some(digits) if shown.starts_with('-') => ("-", digits),
        Some(digits) if flags.plus || n.is_finite() => ("+", digits),
        Some(_) => ("", &shown[..]),
        None if flags.plus => ("+", &shown[..]),
        None if flags.space => (" ", &shown[..]),
        None => ("", &shown[..]),
    };
    let is_zero_padded = flags.zero && !flags.minus && n.is_finite();
    let width = flags.width.filter(|_| is_zero_padded).unwrap_or(0);
    let zeros = "0".repeat(width.saturating_sub(sign.len() + digits.len()));
    pad(out, &format!("{sign}{zeros}{digits}"), Flags { zero: false, ..flags });
}
