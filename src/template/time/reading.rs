//! Reads a time that is written in a layout.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::{Chunk, DAYS, MONTHS, Pad, next_chunk, noon};
use crate::template::show::quote;

/// What reading a time has found so far.
#[derive(Default)]
struct Found {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    is_afternoon: Option<bool>,
    offset: Option<i32>,
    is_utc: bool,
}

/// Reads a time in a layout; without an offset of its own it is in `zone`.
pub fn parse(layout: &str, text: &str, zone: TimeZone) -> Result<i128, String> {
    let failed = || {
        let (text, layout) = (quote(text), quote(layout));
        format!("parsing time {text} as {layout}: cannot parse")
    };
    let mut found = Found::default();
    let (mut rest, mut pattern) = (text, layout);
    while let Some((before, chunk, spelled, after)) = next_chunk(pattern) {
        rest = literal(rest, before).ok_or_else(failed)?;
        rest = found.read(chunk, rest, spelled, after).ok_or_else(failed)?;
        pattern = after;
    }
    match literal(rest, pattern) {
        Some("") => found.nanoseconds(zone).ok_or_else(failed),
        Some(extra) => Err(format!("{}: extra text: {}", failed(), quote(extra))),
        None => Err(failed()),
    }
}

/// `text` behind `expected`, where a space stands for any number of them.
fn literal<'t>(text: &'t str, expected: &str) -> Option<&'t str> {
    let mut text = text;
    for c in expected.chars() {
        text = match c {
            ' ' => text.trim_start_matches(' '),
            c => text.strip_prefix(c)?,
        };
    }
    Some(text)
}

impl Found {
    fn read<'t>(
        &mut self,
        chunk: Chunk,
        text: &'t str,
        spelled: &str,
        after: &str,
    ) -> Option<&'t str> {
        let rest = match chunk {
            Chunk::Month => name(text, &MONTHS, usize::MAX, |n| self.month = Some(n + 1))?,
            Chunk::MonthShort => name(text, &MONTHS, 3, |n| self.month = Some(n + 1))?,
            Chunk::Weekday => name(text, &DAYS, usize::MAX, |_| ())?,
            Chunk::WeekdayShort => name(text, &DAYS, 3, |_| ())?,
            Chunk::MonthNumber(pad) => digits(text, pad, 2, |n| self.month = Some(n))?,
            Chunk::Day(pad) => digits(text, pad, 2, |n| self.day = Some(n))?,
            Chunk::DayOfYear(pad) => digits(text, pad, 3, |n| self.day_of_year = Some(n))?,
            Chunk::Hour24 => digits(text, Pad::Zero, 2, |n| self.hour = n)?,
            Chunk::Hour12(pad) => digits(text, pad, 2, |n| self.hour = n)?,
            Chunk::Minute(pad) => digits(text, pad, 2, |n| self.minute = n)?,
            Chunk::Second(pad) => {
                let rest = digits(text, pad, 2, |n| self.second = n)?;
                // A fraction in the text is read even where the layout has none.
                let has_point = rest.starts_with(['.', ',']) && super::fraction(after).is_none();
                match rest[1.min(rest.len())..].chars().next() {
                    Some(c) if has_point && c.is_ascii_digit() => self.fraction(rest, None)?,
                    _ => rest,
                }
            }
            Chunk::Year => digits(text, Pad::Zero, 4, |n| self.year = Some(n))?,
            Chunk::YearShort => digits(text, Pad::Zero, 2, |n| {
                self.year = Some(if n >= 69 { 1900 + n } else { 2000 + n });
            })?,
            Chunk::Noon { upper } => {
                let is_after = text.starts_with(noon(true, upper));
                self.is_afternoon = Some(is_after);
                text.strip_prefix(noon(is_after, upper))?
            }
            Chunk::Abbreviation => self.abbreviation(text)?,
            Chunk::Offset { zulu, colons, parts } => self.offset(text, zulu, colons, parts)?,
            Chunk::Fraction { digits, trims } => match (text.starts_with(['.', ',']), trims) {
                (true, true) => self.fraction(text, None)?,
                (true, false) => self.fraction(text, Some(digits))?,
                (false, true) => text,
                (false, false) => return None,
            },
        };
        let _ = spelled;
        Some(rest)
    }

    fn fraction<'t>(&mut self, text: &'t str, wanted: Option<usize>) -> Option<&'t str> {
        let digits = text.get(1..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let count = wanted.unwrap_or(end);
        let value = digits.get(..count).filter(|_| count <= end)?;
        self.nanos = format!("{value:0<9}").get(..9)?.parse().ok()?;
        digits.get(count..)
    }

    fn abbreviation<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let end = text.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        self.is_utc |= matches!(name, "UTC" | "GMT");
        (3..=5).contains(&end).then_some(rest)
    }

    fn offset<'t>(
        &mut self,
        text: &'t str,
        zulu: bool,
        colons: bool,
        parts: u8,
    ) -> Option<&'t str> {
        if zulu && let Some(rest) = text.strip_prefix('Z') {
            self.is_utc = true;
            return Some(rest);
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let mut rest = text.strip_prefix(['+', '-'])?;
        let mut seconds = 0;
        for part in 0..parts {
            if part > 0 && colons {
                rest = rest.strip_prefix(':')?;
            }
            rest = digits(rest, Pad::Zero, 2, |n| seconds += n * [3600, 60, 1][part as usize % 3])?;
        }
        self.offset = Some(sign * i32::try_from(seconds).ok()?);
        Some(rest)
    }

    fn nanoseconds(&self, zone: TimeZone) -> Option<i128> {
        let year = i16::try_from(self.year.unwrap_or(0)).ok()?;
        let date = match self.day_of_year {
            Some(n) => {
                Date::new(year, 1, 1).ok()?.checked_add(jiff::Span::new().days(n - 1)).ok()?
            }
            None => {
                let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
                Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?
            }
        };
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let small = |n: i64| i8::try_from(n).ok();
        let nanos = i32::try_from(self.nanos).ok()?;
        let time = Time::new(small(hour)?, small(self.minute)?, small(self.second)?, nanos).ok()?;
        let zone = match (self.is_utc, self.offset) {
            (true, _) => TimeZone::UTC,
            (_, Some(seconds)) => TimeZone::fixed(Offset::from_seconds(seconds).ok()?),
            _ => zone,
        };
        let zoned = DateTime::from_parts(date, time).to_zoned(zone).ok()?;
        Some(zoned.timestamp().as_nanosecond())
    }
}

fn name<'t>(
    text: &'t str,
    names: &[&str],
    length: usize,
    found: impl FnOnce(i64),
) -> Option<&'t str> {
    let (index, length) = names.iter().enumerate().find_map(|(index, name)| {
        let name = name.get(..length).unwrap_or(name);
        let fits = text.get(..name.len())?.eq_ignore_ascii_case(name);
        fits.then_some((index, name.len()))
    })?;
    found(index as i64);
    Some(&text[length..])
}

fn digits(text: &str, pad: Pad, width: usize, found: impl FnOnce(i64)) -> Option<&str> {
    let text = if pad == Pad::Space { text.trim_start_matches(' ') } else { text };
    let have = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let take = if pad == Pad::Zero { width } else { have.min(width) };
    if take == 0 || have < take {
        return None;
    }
    let (number, rest) = text.split_at(take);
    found(number.parse().ok()?);
    Some(rest)
}
