//! Dates and durations.

use jiff::tz::TimeZone;

use super::Kind::{Any, Text, Time};
use super::{Args, Function, Outcome, fixed};
use crate::template::time::{ZERO, format, parse, parse_duration, show_duration, zone};
use crate::value::Value;

pub const FUNCTIONS: &[Function] = &[
    fixed("now", &[], |a| Ok(Value::Time(a.facts.now()))),
    fixed("date", &[Text, Any], |a| shown(a, a.text(0), 1, "Local")),
    fixed("dateInZone", &[Text, Any, Text], |a| shown(a, a.text(0), 1, a.text(2))),
    fixed("date_in_zone", &[Text, Any, Text], |a| shown(a, a.text(0), 1, a.text(2))),
    fixed("htmlDate", &[Any], |a| shown(a, DAY, 0, "Local")),
    fixed("htmlDateInZone", &[Any, Text], |a| shown(a, DAY, 0, a.text(1))),
    fixed("dateModify", &[Text, Time], |a| Ok(moved(a).unwrap_or(a.take(1)))),
    fixed("date_modify", &[Text, Time], |a| Ok(moved(a).unwrap_or(a.take(1)))),
    fixed("mustDateModify", &[Text, Time], |a| moved(a)),
    fixed("must_date_modify", &[Text, Time], |a| moved(a)),
    fixed("toDate", &[Text, Text], |a| Ok(read(a).unwrap_or(Value::Time(ZERO)))),
    fixed("mustToDate", &[Text, Text], |a| read(a)),
    fixed("unixEpoch", &[Time], |a| Ok(nanoseconds(a, 0).div_euclid(SECOND).to_string().into())),
    fixed("ago", &[Any], ago),
    fixed("duration", &[Any], duration),
    fixed("durationRound", &[Any], duration_round),
];

const DAY: &str = "2006-01-02";

const SECOND: i128 = 1_000_000_000;

/// A point in time: a time, or seconds since 1970; all else is now.
fn nanoseconds(args: &Args, index: usize) -> i128 {
    match args.any(index) {
        Value::Time(nanos) => *nanos,
        Value::Int(seconds) => i128::from(*seconds) * SECOND,
        _ => args.facts.now(),
    }
}

fn shown(args: &Args, layout: &str, index: usize, zone_name: &str) -> Outcome {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    Ok(format(nanoseconds(args, index), layout, zone).into())
}

fn moved(args: &Args) -> Outcome {
    let by = parse_duration(args.text(0))?;
    Ok(Value::Time(nanoseconds(args, 1) + i128::from(by)))
}

fn read(args: &Args) -> Outcome {
    parse(args.text(0), args.text(1), TimeZone::system()).map(Value::Time)
}

fn since(args: &Args, nanos: i128) -> i64 {
    i64::try_from(args.facts.now() - nanos).unwrap_or(i64::MAX)
}

fn ago(args: &mut Args) -> Outcome {
    let passed = since(args, nanoseconds(args, 0));
    let second = SECOND as i64;
    let rounded = passed.saturating_add(second / 2 * passed.signum()) / second * second;
    Ok(show_duration(rounded).into())
}

/// Seconds as a duration; only text counts, as a plain number is not Go's `int64`.
fn duration(args: &mut Args) -> Outcome {
    let seconds: i64 = args.text(0).parse().unwrap_or(0);
    Ok(show_duration(seconds.saturating_mul(SECOND as i64)).into())
}

fn duration_round(args: &mut Args) -> Outcome {
    let nanos = match args.any(0) {
        Value::Str(text) => parse_duration(text).unwrap_or(0),
        Value::Int(nanos) => *nanos,
        Value::Time(nanos) => since(args, *nanos),
        _ => 0,
    };
    let size = nanos.unsigned_abs() / SECOND as u64;
    const UNITS: [(u64, &str); 6] =
        [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let largest = UNITS.iter().find(|(unit, _)| nanos.unsigned_abs() > unit * SECOND as u64);
    Ok(largest.map_or("0s".into(), |(unit, name)| format!("{}{name}", size / unit)).into())
}
