//! The terminal: colours, columns, and durations in words.
//!
//! Reads no environment and opens nothing; callers say what there is.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use unicode_width::UnicodeWidthChar;

/// What the user wants of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Colours {
    /// Where somebody can see them.
    #[default]
    Auto,
    /// In files, too.
    Always,
    /// Not even on a terminal.
    Never,
}

/// A colour, named by what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Went well, or what is being done.
    Green,
    /// Went wrong.
    Red,
    /// Could go wrong.
    Yellow,
    /// Of lesser importance.
    Dim,
    /// Of greater importance.
    Bold,
    /// What is going on; go-task's colour for that.
    Magenta,
    /// What comes with something else.
    Cyan,
}

/// Colours that tell things apart, in go-task's order.
const APART: [u8; 12] = [33, 34, 35, 36, 32, 31, 93, 94, 95, 96, 92, 91];

/// Whether text is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    /// It is.
    pub is_coloured: bool,
}

impl Style {
    /// `text` in a colour, or as it is.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Green => 32,
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Dim => 2,
            Colour::Bold => 1,
            Colour::Magenta => 35,
            Colour::Cyan => 36,
        };
        self.coded(code, text)
    }

    /// `text` in the colour of the thing of this number, from 0.
    pub fn tell_apart(self, number: usize, text: &str) -> String {
        self.coded(APART[number % APART.len()], text)
    }

    fn coded(self, code: u8, text: &str) -> String {
        match self.is_coloured && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.into(),
        }
    }
}

impl Colours {
    /// The style for a file that is a terminal or not; `env` looks up a variable.
    pub fn style(self, env: &dyn Fn(&str) -> Option<String>, is_terminal: bool) -> Style {
        let is_coloured = match self {
            Colours::Always => true,
            Colours::Never => false,
            Colours::Auto => is_terminal && !is_dumb(env),
        };
        Style { is_coloured }
    }
}

/// Whether the terminal cannot move its cursor.
pub fn is_dumb(env: &dyn Fn(&str) -> Option<String>) -> bool {
    env("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// How large a terminal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Columns of a line.
    pub columns: usize,
    /// Lines.
    pub lines: usize,
}

/// The size of the terminal behind a file; `None` when it is none or does not know.
pub fn size(fd: BorrowedFd<'_>) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(fd).ok()?;
    let (columns, lines) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0 && lines > 0).then_some(Size { columns, lines })
}

/// A duration for people: `850ms`, `12.3 s`, `1m 05s`, `2h 03m`.
pub fn words(duration: Duration) -> String {
    let millis = duration.as_millis();
    let tenths = (millis + 50) / 100;
    let seconds = (millis + 500) / 1000;
    match () {
        () if millis < 1000 => format!("{millis}ms"),
        () if tenths < 600 => format!("{}.{} s", tenths / 10, tenths % 10),
        () if seconds < 3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        () => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// An age that is shown again and again: whole seconds, `7s`, `1m 05s`, `2h 03m`.
pub fn age(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds => words(Duration::from_secs(seconds)),
    }
}

/// Columns that a text without control characters takes.
pub fn columns(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As much of `text` as fits into so many columns, with `…` where something is missing.
pub fn truncate(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.into();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken >= limit {
            break;
        }
        kept.push(c);
    }
    if limit > 0 {
        kept.push('…');
    }
    kept
}

/// `text` without escape sequences and control characters; a tab becomes a space.
pub fn strip(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_sequence(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\t' => plain.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        // A string, which a bell or ESC \ ends: a title, a link, a picture.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\x07'
                    || c == '\u{9c}'
                    || (c == '\x1b' && chars.next_if_eq(&'\\').is_some())
                {
                    return;
                }
            }
        }
        Some(' '..='/') => while chars.next().is_some_and(|c| (' '..='/').contains(&c)) {},
        _ => {}
    }
}

fn skip_until_final(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| !c.is_control()) {
        if ('@'..='~').contains(&c) {
            return;
        }
    }
}

/// Characters that reorder a line or take no part in it; joined emoji keep their joiner.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let words = |millis| words(Duration::from_millis(millis));
        assert_eq!(words(0), "0ms");
        assert_eq!(words(850), "850ms");
        assert_eq!(words(1_000), "1.0 s");
        assert_eq!(words(12_340), "12.3 s");
        assert_eq!(words(59_960), "1m 00s");
        assert_eq!(words(65_000), "1m 05s");
        assert_eq!(words(3_599_700), "1h 00m");
        assert_eq!(words(7_380_000), "2h 03m");
        assert_eq!(
            (age(Duration::from_millis(7_900)), age(Duration::from_secs(65))),
            ("7s".into(), "1m 05s".into())
        );
    }

    #[test]
    fn colours_are_for_those_who_see_them_unless_somebody_said() {
        let colour = |wanted: Colours, term: &str, is_terminal| {
            wanted.style(&|_| Some(term.into()), is_terminal).is_coloured
        };
        assert!(colour(Colours::Auto, "xterm", true));
        assert!(!colour(Colours::Auto, "xterm", false));
        assert!(!colour(Colours::Auto, "dumb", true));
        assert!(colour(Colours::Always, "dumb", false));
        assert!(!colour(Colours::Never, "xterm", true));
    }

    #[test]
    fn things_are_told_apart_by_colours_that_come_again_when_there_are_no_more() {
        let style = Style { is_coloured: true };
        assert_eq!(style.tell_apart(0, "a"), "\x1b[33ma\x1b[0m");
        assert_eq!(style.tell_apart(13, "a"), "\x1b[34ma\x1b[0m");
        assert_eq!(Style::default().tell_apart(1, "a"), "a");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("日本"), 4);
        assert_eq!(truncate("日本語", 6), "日本語");
        assert_eq!(truncate("日本語", 5), "日本…");
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("abc", 2), "a…");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn escape_sequences_and_controls_are_taken_away() {
        assert_eq!(strip("\x1b[31;1mred\x1b[0m"), "red");
        assert_eq!(strip("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b"), "ab");
        assert_eq!(strip("a\tb\r\u{8}\x07c"), "a bc");
        assert_eq!(strip("\x1b(Bx\x1b7y\x1bP1$r\x1b\\z"), "xyz");
        assert_eq!(strip("a\u{202e}b\u{200b}c\u{9b}2Jd"), "abcd");
        assert_eq!(strip("cut \x1b["), "cut ");
    }
}
