//! Go's literals: the values of numbers, characters and quoted strings.

use crate::value::Value;

/// The value of a number as written in a template; the message says why it has none.
pub fn number(spelled: &str) -> Result<Value, String> {
    let illegal = || format!("illegal number syntax: {spelled:?}");
    let (negative, digits) = match spelled.strip_prefix(['+', '-']) {
        Some(rest) => (spelled.starts_with('-'), rest),
        None => (false, spelled),
    };
    let plain = without_underscores(digits).ok_or_else(illegal)?;
    let is_hex = plain.starts_with("0x") || plain.starts_with("0X");
    let float_marks: &[char] = if is_hex { &['.', 'p', 'P'] } else { &['.', 'e', 'E'] };
    if plain.contains(float_marks) {
        let float = if is_hex { hex_float(&plain) } else { plain.parse().ok() };
        let float = float.filter(|f: &f64| f.is_finite()).ok_or_else(illegal)?;
        return Ok(Value::Float(if negative { -float } else { float }));
    }
    let size = integer(&plain).ok_or_else(illegal)?.ok_or(format!("{spelled} overflows int"))?;
    let signed = if negative { -(size as i128) } else { size as i128 };
    i64::try_from(signed).map(Value::Int).map_err(|_| format!("{spelled} overflows int"))
}

/// An unsigned Go integer with its prefix; `Some(None)` when it is too large.
fn integer(plain: &str) -> Option<Option<u64>> {
    let lower = plain.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    valid.then(|| u64::from_str_radix(digits, radix).ok())
}

/// Underscores may stand between digits, and after a prefix.
fn without_underscores(digits: &str) -> Option<String> {
    let misplaced = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    let beside_mark = ["_.", "._", "_e", "e_", "_E", "E_"].iter().any(|bad| digits.contains(bad));
    let hex = digits.starts_with("0x") || digits.starts_with("0X");
    (!misplaced && (hex || !beside_mark)).then(|| digits.replace('_', ""))
}

fn hex_float(plain: &str) -> Option<f64> {
    let (mantissa, exponent) = plain[2..].split_once(['p', 'P'])?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars().chain(part.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    Some(value * 2f64.powi(exponent.parse::<i32>().ok()? - 4 * part.len() as i32))
}

/// The code point of a character literal, quotes included.
pub fn character(spelled: &str) -> Option<i64> {
    let inner = spelled.get(1..spelled.len().checked_sub(1)?)?;
    let mut chars = inner.chars();
    match chars.next()? {
        '\\' => {
            let mut out = Vec::new();
            let code = escape(&mut chars, '\'', &mut out)?;
            chars.as_str().is_empty().then_some(i64::from(code))
        }
        '\'' => None,
        c => chars.as_str().is_empty().then_some(i64::from(c as u32)),
    }
}

/// The text of a string in double quotes, quotes included; bytes that are not UTF-8 are replaced.
pub fn quoted(spelled: &str) -> Option<String> {
    let inner = spelled.get(1..spelled.len().checked_sub(1)?)?;
    let mut out = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                escape(&mut chars, '"', &mut out)?;
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(match String::from_utf8(out) {
        Ok(text) => text,
        Err(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
    })
}

/// Reads what follows a backslash, writes its bytes, gives its code.
fn escape(chars: &mut std::str::Chars, quote: char, out: &mut Vec<u8>) -> Option<u32> {
    let c = chars.next()?;
    let code = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => 92,
        c if c == quote => quote as u32,
        'x' => return byte(digits(chars, 2, 16)?, out),
        '0'..='7' => {
            let low = digits(chars, 2, 8)?;
            return byte(c.to_digit(8)? * 64 + low, out);
        }
        'u' => digits(chars, 4, 16)?,
        'U' => digits(chars, 8, 16)?,
        _ => return None,
    };
    let c = char::from_u32(code)?;
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(code)
}

fn byte(code: u32, out: &mut Vec<u8>) -> Option<u32> {
    out.push(u8::try_from(code).ok()?);
    Some(code)
}

fn digits(chars: &mut std::str::Chars, count: usize, radix: u32) -> Option<u32> {
    let mut value: u32 = 0;
    for _ in 0..count {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let cases = [
            ("42", Value::Int(42)),
            ("-4", Value::Int(-4)),
            ("0x1F", Value::Int(31)),
            ("017", Value::Int(15)),
            ("0b101", Value::Int(5)),
            ("1_000", Value::Int(1000)),
            ("1e3", Value::Float(1000.0)),
            (".5", Value::Float(0.5)),
            ("0x1p4", Value::Float(16.0)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
        ];
        for (spelled, value) in cases {
            assert_eq!(number(spelled), Ok(value), "{spelled}");
        }
        assert_eq!(number("9223372036854775808"), Err("9223372036854775808 overflows int".into()));
        assert_eq!(number("08"), Err("illegal number syntax: \"08\"".into()));
        assert_eq!(number("1__0"), Err("illegal number syntax: \"1__0\"".into()));
    }

    #[test]
    fn escapes_are_read_as_go_reads_them() {
        assert_eq!(quoted(r#""a\tb\"\u00e9\x41\101""#).as_deref(), Some("a\tb\"éAA"));
        assert_eq!(quoted(r#""\xc3\xa9""#).as_deref(), Some("é"));
        assert_eq!(quoted(r#""\q""#), None);
        assert_eq!(character("'a'"), Some(97));
        assert_eq!(character(r"'\n'"), Some(10));
        assert_eq!(character("'ab'"), None);
    }
}
