//! Arithmetic, conversion and sequences; integers wrap around as in Go.

use super::Kind::{Any, Float, Int, Text};
use super::{Args, Function, Outcome, check_items, fixed, variadic};
use crate::template::printf::to_text;
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("atoi", &[Text], |a| Ok(Value::Int(a.text(0).parse().unwrap_or(0)))),
    fixed("int", &[Any], |a| Ok(Value::Int(integer(a.any(0))))),
    fixed("int64", &[Any], |a| Ok(Value::Int(integer(a.any(0))))),
    fixed("float64", &[Any], |a| Ok(Value::Float(real(a.any(0))))),
    fixed("toDecimal", &[Any], |a| {
        Ok(Value::Int(i64::from_str_radix(&to_text(a.any(0)), 8).unwrap_or(0)))
    }),
    fixed("add1", &[Any], |a| Ok(Value::Int(integer(a.any(0)).wrapping_add(1)))),
    variadic("add", &[], Any, |a| fold(a, 0, i64::wrapping_add)),
    fixed("sub", &[Any, Any], |a| {
        Ok(Value::Int(integer(a.any(0)).wrapping_sub(integer(a.any(1)))))
    }),
    fixed("div", &[Any, Any], |a| divide(a, i64::wrapping_div)),
    fixed("mod", &[Any, Any], |a| divide(a, i64::wrapping_rem)),
    variadic("mul", &[Any], Any, |a| fold(a, 1, i64::wrapping_mul)),
    variadic("max", &[Any], Any, |a| fold(a, i64::MIN, i64::max)),
    variadic("biggest", &[Any], Any, |a| fold(a, i64::MIN, i64::max)),
    variadic("min", &[Any], Any, |a| fold(a, i64::MAX, i64::min)),
    variadic("maxf", &[Any], Any, |a| fold_real(a, f64::max)),
    variadic("minf", &[Any], Any, |a| fold_real(a, f64::min)),
    fixed("ceil", &[Any], |a| Ok(Value::Float(real(a.any(0)).ceil()))),
    fixed("floor", &[Any], |a| Ok(Value::Float(real(a.any(0)).floor()))),
    variadic("round", &[Any, Int], Float, round),
    variadic("seq", &[], Int, seq),
    fixed("until", &[Int], |a| steps(0, a.int(0), if a.int(0) < 0 { -1 } else { 1 })),
    fixed("untilStep", &[Int, Int, Int], |a| steps(a.int(0), a.int(1), a.int(2))),
    fixed("randInt", &[Int, Int], |a| random(a, a.int(0), a.int(1), "invalid argument to Intn")),
    fixed("randIntN", &[Int], |a| random(a, 0, a.int(0), "invalid argument to IntN")),
];

/// A value as an integer; what is none is 0.
pub fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(n) => *n,
        Value::Uint(n) => i64::try_from(*n).unwrap_or(i64::MAX),
        Value::Float(n) => *n as i64,
        Value::Bool(b) => i64::from(*b),
        Value::Str(text) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

fn real(value: &Value) -> f64 {
    match value {
        Value::Int(n) => *n as f64,
        Value::Uint(n) => *n as f64,
        Value::Float(n) => *n,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Str(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

fn fold(args: &Args, start: i64, combine: fn(i64, i64) -> i64) -> Outcome {
    Ok(Value::Int(args.values.iter().map(integer).fold(start, combine)))
}

fn fold_real(args: &Args, combine: fn(f64, f64) -> f64) -> Outcome {
    Ok(Value::Float(args.values.iter().map(real).reduce(combine).unwrap_or(0.0)))
}

fn divide(args: &Args, operation: fn(i64, i64) -> i64) -> Outcome {
    match integer(args.any(1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::Int(operation(integer(args.any(0)), divisor))),
    }
}

/// Rounds to a number of places; a third argument says from which fraction on it goes up.
fn round(args: &mut Args) -> Outcome {
    let up_from = args.values.get(2).map_or(0.5, real);
    let power = 10f64.powf(args.int(1) as f64);
    let scaled = real(args.any(0)) * power;
    let rounded = if scaled.fract() >= up_from { scaled.ceil() } else { scaled.floor() };
    Ok(Value::Float(rounded / power))
}

/// `start`, `start + step`, … up to but without `stop`.
fn sequence(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, String> {
    if step == 0 || (stop < start) != (step < 0) {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(stop).div_ceil(step.unsigned_abs());
    check_items(usize::try_from(count).unwrap_or(usize::MAX))?;
    Ok((0..count as i64).map(|i| start.wrapping_add(i.wrapping_mul(step))).collect())
}

fn steps(start: i64, stop: i64, step: i64) -> Outcome {
    Ok(Value::list(sequence(start, stop, step)?.into_iter().map(Value::Int)))
}

/// As the program `seq`: the last is in it, and the numbers are one text.
fn seq(args: &mut Args) -> Outcome {
    let (start, step, end) = match args.values.len() {
        1 => (1, None, args.int(0)),
        2 => (args.int(0), None, args.int(1)),
        3 => (args.int(0), Some(args.int(1)), args.int(2)),
        _ => return Ok("".into()),
    };
    let direction = if end < start { -1 } else { 1 };
    let step = step.unwrap_or(direction);
    let numbers = sequence(start, end.saturating_add(direction), step)?;
    let shown: Vec<_> = numbers.iter().map(i64::to_string).collect();
    Ok(shown.join(" ").into())
}

fn random(args: &Args<'_>, low: i64, high: i64, empty: &str) -> Outcome {
    let width = high.checked_sub(low).filter(|width| *width > 0).ok_or(empty)?;
    let bits = args.facts.chance() as u64 & (u64::MAX >> 2);
    Ok(Value::Int(low + (bits % width as u64) as i64))
}
