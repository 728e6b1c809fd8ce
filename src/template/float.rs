//! Floating-point numbers as Go's `strconv` writes them.

/// From this exponent on `%v` is written with one, as in `1e+06`.
const SHORTEST_LIMIT: i32 = 6;

/// The shortest text that reads back as `n`: Go's `%v` (`%g` without a precision).
pub fn shortest(n: f64) -> String {
    if let Some(special) = special(n) {
        return special.into();
    }
    let (sign, digits, exponent) = parts(&format!("{n:e}"));
    match n == 0.0 || (-4..SHORTEST_LIMIT).contains(&exponent) {
        true => positional(sign, &digits, exponent),
        false => scientific(sign, &digits, exponent),
    }
}

/// As JSON has it: positional unless very small or very large.
pub fn json(n: f64) -> String {
    let (sign, digits, exponent) = parts(&format!("{n:e}"));
    match n == 0.0 || (-6..21).contains(&exponent) {
        true => positional(sign, &digits, exponent),
        false => scientific(sign, &digits, exponent).replace("e-0", "e-"),
    }
}

/// `%e` with `precision` digits behind the point.
pub fn exponential(n: f64, precision: usize) -> String {
    special(n).map_or_else(
        || {
            let (sign, digits, exponent) = parts(&format!("{n:.precision$e}"));
            scientific(sign, &digits, exponent)
        },
        str::to_string,
    )
}

/// `%f` with `precision` digits behind the point.
pub fn fixed(n: f64, precision: usize) -> String {
    special(n).map_or_else(|| format!("{n:.precision$}"), str::to_string)
}

/// `%g` with `precision` significant digits.
pub fn general(n: f64, precision: usize) -> String {
    if let Some(special) = special(n) {
        return special.into();
    }
    let precision = precision.max(1);
    let (sign, digits, exponent) = parts(&format!("{n:.*e}", precision - 1));
    let kept = digits.trim_end_matches('0');
    let digits = if kept.is_empty() { "0" } else { kept };
    let limit = match precision > digits.len() && digits.len() as i32 > exponent {
        true => digits.len(),
        false => precision,
    };
    match exponent < -4 || exponent >= limit as i32 {
        true => scientific(sign, digits, exponent),
        false => positional(sign, digits, exponent),
    }
}

fn special(n: f64) -> Option<&'static str> {
    match n {
        _ if n.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// Sign, digits and exponent of Rust's `{:e}`.
fn parts(text: &str) -> (&'static str, String, i32) {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once('e').unwrap_or((rest, "0"));
    (sign, mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn scientific(sign: &str, digits: &str, exponent: i32) -> String {
    let (first, more) = digits.split_at(1.min(digits.len()));
    let point = if more.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{point}{more}e{direction}{:02}", exponent.abs())
}

fn positional(sign: &str, digits: &str, exponent: i32) -> String {
    let whole = exponent + 1;
    if whole <= 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(-whole as usize));
    }
    let whole = whole as usize;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_form_is_the_one_of_go() {
        let cases = [
            (1.5, "1.5"),
            (0.0, "0"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-10, "-2.5e-10"),
            (f64::INFINITY, "+Inf"),
        ];
        for (n, text) in cases {
            assert_eq!(shortest(n), text);
        }
    }

    #[test]
    fn json_writes_large_numbers_out() {
        assert_eq!(json(1e6), "1000000");
        assert_eq!(json(1e21), "1e+21");
        assert_eq!(json(1e-7), "1e-7");
    }

    #[test]
    fn precision_counts_what_its_verb_says() {
        assert_eq!(exponential(1234.5678, 2), "1.23e+03");
        assert_eq!(general(1234.5678, 3), "1.23e+03");
        assert_eq!(general(1234.5678, 6), "1234.57");
        assert_eq!(general(100_000.0, 6), "100000");
        assert_eq!(fixed(1.239, 2), "1.24");
    }
}
