//! What a bare word means: the types that go-task's YAML library gives to plain scalars.
//!
//! `yes` and `on` are text, `017` and `0o17` are fifteen, `1_000` is a thousand, a date is text.

use crate::value::Value;

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Nil,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Value::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float(text),
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| float(&plain))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Value::str(text))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, radix) = radix(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    let signed = i128::from(size) * if negative { -1 } else { 1 };
    match (i64::try_from(signed), text.starts_with(['+', '-'])) {
        (Ok(int), _) => Some(Value::Int(int)),
        (Err(_), false) => Some(Value::Uint(size)),
        (Err(_), true) => None,
    }
}

fn radix(digits: &str) -> (&str, u32) {
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
        [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    }
}

fn float(text: &str) -> Option<Value> {
    let ordinary = text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let number: f64 = ordinary.then(|| text.parse().ok()).flatten()?;
    // Beyond the range of a float it is no number.
    number.is_finite().then_some(Value::Float(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_have_the_types_that_go_task_gives_them() {
        let cases: [(&str, Value); 29] = [
            ("1e400", "1e400".into()),
            ("", Value::Nil),
            ("~", Value::Nil),
            ("null", Value::Nil),
            ("true", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("yes", "yes".into()),
            ("on", "on".into()),
            ("1", Value::Int(1)),
            ("-1", Value::Int(-1)),
            ("+12", Value::Int(12)),
            ("0o17", Value::Int(15)),
            ("017", Value::Int(15)),
            ("0x1F", Value::Int(31)),
            ("-0b11", Value::Int(-3)),
            ("08", Value::Float(8.0)),
            ("1_000", Value::Int(1000)),
            ("1e3", Value::Float(1000.0)),
            ("1.10", Value::Float(1.1)),
            (".5", Value::Float(0.5)),
            (".", ".".into()),
            ("1.2.3", "1.2.3".into()),
            (".inf", Value::Float(f64::INFINITY)),
            ("-.INF", Value::Float(f64::NEG_INFINITY)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("18446744073709551615", Value::Uint(u64::MAX)),
            ("2024-01-02", "2024-01-02".into()),
            ("1h30m", "1h30m".into()),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text}");
        }
    }
}
