//! The methods of Go's `time.Time`, the one type in templates that has any.

use jiff::tz::TimeZone;

use super::functions::Outcome;
use super::time;
use crate::value::Value;

/// Calls a method of a point in time; `None` when there is no such method.
pub fn of_time(nanos: i128, name: &str, arguments: &[Value]) -> Option<Outcome> {
    let layout = match name {
        "Year" => "2006",
        "Day" => "2",
        "Hour" => "15",
        "Minute" => "4",
        "Second" => "5",
        "YearDay" => "002",
        "Month" => "January",
        "Weekday" => "Monday",
        "Format" => return Some(formatted(nanos, arguments)),
        _ => return other(nanos, name).map(|value| without(name, arguments, value)),
    };
    let shown = time::format(nanos, layout, TimeZone::system());
    let value = match name {
        "Month" | "Weekday" => shown.into(),
        _ => Value::Int(shown.parse().unwrap_or(0)),
    };
    Some(without(name, arguments, value))
}

fn other(nanos: i128, name: &str) -> Option<Value> {
    let in_units = |unit: i128| Value::Int(i64::try_from(nanos.div_euclid(unit)).unwrap_or(0));
    Some(match name {
        "Unix" => in_units(1_000_000_000),
        "UnixMilli" => in_units(1_000_000),
        "UnixMicro" => in_units(1_000),
        "UnixNano" => in_units(1),
        "Nanosecond" => Value::Int(nanos.rem_euclid(1_000_000_000) as i64),
        "String" => time::full(nanos).into(),
        "IsZero" => (nanos == time::ZERO).into(),
        "Local" => Value::Time(nanos),
        _ => return None,
    })
}

fn formatted(nanos: i128, arguments: &[Value]) -> Outcome {
    match arguments {
        [Value::Str(layout)] => Ok(time::format(nanos, layout, TimeZone::system()).into()),
        [other] => Err(format!(
            "wrong type for value; expected string; got {}",
            super::show::type_name(other)
        )),
        _ => Err(format!("wrong number of args for Format: want 1 got {}", arguments.len())),
    }
}

fn without(name: &str, arguments: &[Value], value: Value) -> Outcome {
    match arguments.len() {
        0 => Ok(value),
        count => Err(format!("wrong number of args for {name}: want 0 got {count}")),
    }
}
