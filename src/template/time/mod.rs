//! Points in time and durations as Go writes and reads them, layouts included.
//!
//! The zone names and rules are the system's; the present moment is not known here.

mod duration;
mod reading;

pub use duration::{parse_duration, show_duration};
pub use reading::parse;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// How Go's `Time.String` writes a point in time.
const FULL: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// Go's zero time: the first moment of the year 1, in nanoseconds since 1970 UTC.
pub const ZERO: i128 = -62_135_596_800_000_000_000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A piece of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Chunk {
    Month,
    MonthShort,
    MonthNumber(Pad),
    Day(Pad),
    DayOfYear(Pad),
    Weekday,
    WeekdayShort,
    Hour24,
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    Year,
    YearShort,
    Noon { upper: bool },
    Abbreviation,
    Offset { zulu: bool, colons: bool, parts: u8 },
    Fraction { digits: usize, trims: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pad {
    No,
    Zero,
    Space,
}

/// Spelling and meaning; where one begins another, the longer stands first.
const CHUNKS: &[(&str, Chunk)] = &[
    ("January", Chunk::Month),
    ("Jan", Chunk::MonthShort),
    ("Monday", Chunk::Weekday),
    ("Mon", Chunk::WeekdayShort),
    ("MST", Chunk::Abbreviation),
    ("002", Chunk::DayOfYear(Pad::Zero)),
    ("01", Chunk::MonthNumber(Pad::Zero)),
    ("02", Chunk::Day(Pad::Zero)),
    ("03", Chunk::Hour12(Pad::Zero)),
    ("04", Chunk::Minute(Pad::Zero)),
    ("05", Chunk::Second(Pad::Zero)),
    ("06", Chunk::YearShort),
    ("15", Chunk::Hour24),
    ("1", Chunk::MonthNumber(Pad::No)),
    ("2006", Chunk::Year),
    ("2", Chunk::Day(Pad::No)),
    ("__2", Chunk::DayOfYear(Pad::Space)),
    ("_2006", Chunk::Year),
    ("_2", Chunk::Day(Pad::Space)),
    ("3", Chunk::Hour12(Pad::No)),
    ("4", Chunk::Minute(Pad::No)),
    ("5", Chunk::Second(Pad::No)),
    ("PM", Chunk::Noon { upper: true }),
    ("pm", Chunk::Noon { upper: false }),
    ("-07:00:00", Chunk::Offset { zulu: false, colons: true, parts: 3 }),
    ("-07:00", Chunk::Offset { zulu: false, colons: true, parts: 2 }),
    ("-070000", Chunk::Offset { zulu: false, colons: false, parts: 3 }),
    ("-0700", Chunk::Offset { zulu: false, colons: false, parts: 2 }),
    ("-07", Chunk::Offset { zulu: false, colons: false, parts: 1 }),
    ("Z07:00:00", Chunk::Offset { zulu: true, colons: true, parts: 3 }),
    ("Z07:00", Chunk::Offset { zulu: true, colons: true, parts: 2 }),
    ("Z070000", Chunk::Offset { zulu: true, colons: false, parts: 3 }),
    ("Z0700", Chunk::Offset { zulu: true, colons: false, parts: 2 }),
    ("Z07", Chunk::Offset { zulu: true, colons: false, parts: 1 }),
];

/// The first piece of a layout: the text before it, what it is, its spelling and what follows.
fn next_chunk(layout: &str) -> Option<(&str, Chunk, &str, &str)> {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some((length, chunk)) = fraction(rest).or_else(|| named(rest)) {
            // A leading underscore of `_2006` is text, not padding.
            let skipped = usize::from(chunk == Chunk::Year && rest.starts_with('_'));
            let (before, rest) = layout.split_at(at + skipped);
            let (spelled, after) = rest.split_at(length - skipped);
            return Some((before, chunk, spelled, after));
        }
    }
    None
}

fn named(rest: &str) -> Option<(usize, Chunk)> {
    let (spelled, chunk) = CHUNKS.iter().find(|(spelled, _)| rest.starts_with(spelled))?;
    let is_word = *chunk == Chunk::MonthShort || *chunk == Chunk::WeekdayShort;
    let goes_on = rest[spelled.len()..].starts_with(|c: char| c.is_ascii_lowercase());
    (!(is_word && goes_on)).then_some((spelled.len(), *chunk))
}

fn fraction(rest: &str) -> Option<(usize, Chunk)> {
    let digits = rest.strip_prefix(['.', ','])?;
    let first = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(first).len();
    let ends = !digits[count..].starts_with(|c: char| c.is_ascii_digit());
    ends.then_some((count + 1, Chunk::Fraction { digits: count, trims: first == '9' }))
}

/// The zone of that name: `Local`, `UTC`, or one of the zone database.
pub fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "Local" => Some(TimeZone::system()),
        "" | "UTC" => Some(TimeZone::UTC),
        name => TimeZone::get(name).ok(),
    }
}

fn zoned(nanos: i128, zone: TimeZone) -> Zoned {
    let bounded = nanos.clamp(Timestamp::MIN.as_nanosecond(), Timestamp::MAX.as_nanosecond());
    Timestamp::from_nanosecond(bounded).unwrap_or_default().to_zoned(zone)
}

/// A point in time as Go prints it.
pub fn full(nanos: i128) -> String {
    format(nanos, FULL, TimeZone::system())
}

/// A point in time as JSON and YAML have it.
pub fn rfc3339(nanos: i128) -> String {
    format(nanos, "2006-01-02T15:04:05.999999999Z07:00", TimeZone::system())
}

/// A point in time in a layout.
pub fn format(nanos: i128, layout: &str, zone: TimeZone) -> String {
    let time = zoned(nanos, zone);
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some((before, chunk, _, after)) = next_chunk(rest) {
        out.push_str(before);
        out.push_str(&written(&time, chunk, &rest[before.len()..]));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn padded(n: i32, pad: Pad, width: usize) -> String {
    match pad {
        Pad::No => n.to_string(),
        Pad::Zero => format!("{n:0width$}"),
        Pad::Space => format!("{n:width$}"),
    }
}

fn written(time: &Zoned, chunk: Chunk, spelled: &str) -> String {
    let month = MONTHS[(time.month() as usize - 1) % 12];
    let day = DAYS[time.weekday().to_sunday_zero_offset() as usize % 7];
    match chunk {
        Chunk::Month => month.into(),
        Chunk::MonthShort => month[..3].into(),
        Chunk::MonthNumber(pad) => padded(time.month().into(), pad, 2),
        Chunk::Day(pad) => padded(time.day().into(), pad, 2),
        Chunk::DayOfYear(pad) => padded(time.day_of_year().into(), pad, 3),
        Chunk::Weekday => day.into(),
        Chunk::WeekdayShort => day[..3].into(),
        Chunk::Hour24 => padded(time.hour().into(), Pad::Zero, 2),
        Chunk::Hour12(pad) => padded((i32::from(time.hour()) + 11) % 12 + 1, pad, 2),
        Chunk::Minute(pad) => padded(time.minute().into(), pad, 2),
        Chunk::Second(pad) => padded(time.second().into(), pad, 2),
        Chunk::Year => padded(time.year().into(), Pad::Zero, 4),
        Chunk::YearShort => padded(i32::from(time.year()).rem_euclid(100), Pad::Zero, 2),
        Chunk::Noon { upper } => noon(time.hour() >= 12, upper).into(),
        Chunk::Abbreviation => abbreviation(time),
        Chunk::Offset { zulu, colons, parts } => {
            offset(time.offset().seconds(), zulu, colons, parts)
        }
        Chunk::Fraction { digits, trims } => {
            let all = format!("{:09}{}", time.subsec_nanosecond(), "0".repeat(digits.min(64)));
            let cut = &all[..digits.min(9)];
            let cut = if trims { cut.trim_end_matches('0') } else { cut };
            let point = spelled.chars().next().unwrap_or('.');
            if cut.is_empty() { String::new() } else { format!("{point}{cut}") }
        }
    }
}

fn noon(is_after: bool, upper: bool) -> &'static str {
    match (is_after, upper) {
        (false, true) => "AM",
        (true, true) => "PM",
        (false, false) => "am",
        (true, false) => "pm",
    }
}

fn abbreviation(time: &Zoned) -> String {
    let info = time.time_zone().to_offset_info(time.timestamp());
    match info.abbreviation() {
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name.into(),
        _ => offset(time.offset().seconds(), false, false, 1),
    }
}

fn offset(seconds: i32, zulu: bool, colons: bool, parts: u8) -> String {
    if zulu && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.abs();
    let colon = if colons { ":" } else { "" };
    let mut out = format!("{sign}{:02}", size / 3600);
    if parts > 1 {
        out += &format!("{colon}{:02}", size / 60 % 60);
    }
    if parts > 2 {
        out += &format!("{colon}{:02}", size % 60);
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    /// 2024-03-05 14:07:09.012 UTC, a Tuesday.
    const MOMENT: i128 = 1_709_647_629_012_000_000;

    #[test]
    fn layouts_are_those_of_go() {
        let cases = [
            ("2006-01-02T15:04:05Z07:00", "2024-03-05T14:07:09Z"),
            ("Mon Jan _2 15:04:05 2006", "Tue Mar  5 14:07:09 2024"),
            ("Monday, 02-Jan-06 15:04:05 MST", "Tuesday, 05-Mar-24 14:07:09 UTC"),
            ("3:04PM", "2:07PM"),
            ("January 2, 002", "March 5, 065"),
            ("05.000 05.999999 -0700", "09.012 09.012 +0000"),
            ("week 1 of year", "week 3 of year"),
            ("Janet", "Janet"),
        ];
        for (layout, expected) in cases {
            assert_eq!(format(MOMENT, layout, TimeZone::UTC), expected, "{layout}");
        }
        let berlin = TimeZone::fixed(Offset::from_seconds(3600).unwrap());
        assert_eq!(format(MOMENT, "15:04 -07:00 MST", berlin), "15:07 +01:00 +01");
    }

    #[test]
    fn times_are_read_back() {
        let seconds = MOMENT - MOMENT % 1_000_000_000;
        let read = |layout, text| parse(layout, text, TimeZone::UTC);
        assert_eq!(read("2006-01-02 15:04:05", "2024-03-05 14:07:09"), Ok(seconds));
        assert_eq!(read("2006-01-02 15:04:05", "2024-03-05 14:07:09.012"), Ok(MOMENT));
        assert_eq!(read("2006-01-02T15:04:05Z07:00", "2024-03-05T15:07:09+01:00"), Ok(seconds));
        assert_eq!(
            read("Jan 2, 2006 at 3:04:05pm (MST)", "Mar 5, 2024 at 2:07:09pm (UTC)"),
            Ok(seconds)
        );
        assert_eq!(
            read("2006-01-02", "x"),
            Err("parsing time \"x\" as \"2006-01-02\": cannot parse".into())
        );
        assert!(read("2006-01-02", "2024-13-01").is_err());
    }

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(parse_duration("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(parse_duration("-1.5s"), Ok(-1_500_000_000));
        assert_eq!(parse_duration("5"), Err("time: missing unit in duration \"5\"".into()));
        assert_eq!(show_duration(5_400_000_000_000), "1h30m0s");
        assert_eq!(show_duration(95_500_000_000), "1m35.5s");
        assert_eq!(show_duration(-20_500_000), "-20.5ms");
    }
}
