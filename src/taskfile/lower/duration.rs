//! Durations as Go writes them: `90s`, `1h30m`, `1.5ms`.

use std::time::Duration;

/// Parses a duration; `None` when it is none, or below zero.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        nanoseconds += number.parse::<f64>().ok()? * unit_of(unit)?;
        rest = tail;
    }
    let in_range = !text.is_empty() && text != "+" && nanoseconds <= i64::MAX as f64;
    in_range.then(|| Duration::from_nanos(nanoseconds.round() as u64))
}

fn unit_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let ms = |n| Some(Duration::from_millis(n));
        assert_eq!(parse("90s"), ms(90_000));
        assert_eq!(parse("1h30m"), ms(5_400_000));
        assert_eq!(parse("1.5s"), ms(1_500));
        assert_eq!(parse(".5s"), ms(500));
        assert_eq!(parse("+2ms"), ms(2));
        assert_eq!(parse("0"), ms(0));
        assert_eq!(parse("3µs"), Some(Duration::from_micros(3)));
        for wrong in ["", "+", "5", "s", "1x", "-1s", "1 s", "1.2.3s", "9999999999h"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
