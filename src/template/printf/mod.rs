//! Go's `fmt.Sprintf`: verbs, flags, width, precision, argument numbers and its error texts.

mod verbs;

use std::fmt::Write;

use super::limits::MAX_BYTES;
use super::show::{quote, type_name, write_value};
use crate::value::Value;
use verbs::Flags;

/// The largest width and precision that Go takes.
const MAX_WIDTH: i64 = 1_000_000;

/// Formats as `fmt.Sprintf(format, arguments...)`; stops soon after [`MAX_BYTES`].
pub fn sprintf(format: &str, arguments: &[Value]) -> String {
    let mut printer = Printer {
        out: String::with_capacity(format.len() + 16),
        arguments,
        next: 0,
        reordered: false,
        is_good: true,
    };
    printer.run(format);
    printer.out
}

struct Printer<'a> {
    out: String,
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
    is_good: bool,
}

impl Printer<'_> {
    fn run(&mut self, format: &str) {
        let mut rest = format;
        while let Some(percent) = rest.find('%').filter(|_| self.out.len() <= MAX_BYTES) {
            self.out.push_str(&rest[..percent]);
            rest = self.verb(&rest[percent + 1..]);
        }
        self.out.push_str(rest);
        if !self.reordered && self.next < self.arguments.len() {
            self.extra();
        }
    }

    /// Handles one verb; gives what is behind it.
    fn verb<'f>(&mut self, format: &'f str) -> &'f str {
        let mut scan = Scan { rest: format };
        let mut flags = scan.flags();
        self.is_good = true;
        let mut after_index = self.index(&mut scan);
        if scan.eat('*') {
            match self.star() {
                Some(n) => {
                    flags.minus |= n < 0;
                    flags.zero &= !flags.minus;
                    flags.width = Some(n.unsigned_abs() as usize);
                }
                None => self.out.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else if let Some(n) = scan.number() {
            flags.width = Some(n);
            self.is_good &= !after_index;
        }
        if scan.eat('.') {
            self.is_good &= !after_index;
            after_index = self.index(&mut scan);
            if scan.eat('*') {
                flags.precision = self.star().and_then(|n| usize::try_from(n).ok());
                if flags.precision.is_none() {
                    self.out.push_str("%!(BADPREC)");
                }
                after_index = false;
            } else {
                flags.precision = Some(scan.number().unwrap_or(0));
            }
        }
        if !after_index {
            self.index(&mut scan);
        }
        let Some(verb) = scan.next() else {
            self.out.push_str("%!(NOVERB)");
            return "";
        };
        self.apply(verb, flags);
        scan.rest
    }

    fn apply(&mut self, verb: char, flags: Flags) {
        let _ = match self.arguments.get(self.next) {
            _ if verb == '%' => self.out.write_char('%'),
            _ if !self.is_good => write!(self.out, "%!{verb}(BADINDEX)"),
            None => write!(self.out, "%!{verb}(MISSING)"),
            Some(value) => {
                self.next += 1;
                verbs::argument(&mut self.out, value, verb, flags);
                Ok(())
            }
        };
    }

    fn star(&mut self) -> Option<i64> {
        let value = self.arguments.get(self.next);
        self.next += usize::from(value.is_some());
        match value {
            Some(Value::Int(n)) if n.abs() <= MAX_WIDTH => Some(*n),
            _ => None,
        }
    }

    /// `[n]`, the number of the next argument.
    fn index(&mut self, scan: &mut Scan) -> bool {
        if !scan.rest.starts_with('[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = scan.rest.find(']') else {
            self.is_good = false;
            scan.rest = &scan.rest[1..];
            return false;
        };
        let number: Option<usize> = scan.rest[1..end].parse().ok();
        scan.rest = &scan.rest[end + 1..];
        match number {
            Some(n) if (1..=self.arguments.len()).contains(&n) => self.next = n - 1,
            _ => self.is_good = false,
        }
        true
    }

    fn extra(&mut self) {
        self.out.push_str("%!(EXTRA ");
        for (i, value) in self.arguments[self.next..].iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            if *value != Value::Nil {
                self.out.push_str(type_name(value));
                self.out.push('=');
            }
            write_value(&mut self.out, value);
        }
        self.out.push(')');
    }
}

struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.rest.as_bytes().first() {
                Some(b'+') => flags.plus = true,
                Some(b'-') => flags.minus = true,
                Some(b'#') => flags.sharp = true,
                Some(b' ') => flags.space = true,
                Some(b'0') => flags.zero = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        flags.zero &= !flags.minus;
        flags
    }

    /// A number; one that is too large counts as none, as in Go.
    fn number(&mut self) -> Option<usize> {
        let length = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|&n| n <= MAX_WIDTH as usize)
    }
}

/// `fmt.Sprint`: a space between two operands when neither is a string. Stops soon after
/// [`MAX_BYTES`].
pub fn sprint(arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut was_text = true;
    for (i, value) in arguments.iter().enumerate() {
        let is_text = matches!(value, Value::Str(_));
        if i > 0 && !is_text && !was_text {
            out.push(' ');
        }
        write_value(&mut out, value);
        was_text = is_text;
        if out.len() > MAX_BYTES {
            break;
        }
    }
    out
}

/// `fmt.Sprintln`: a space between all operands, a line feed at the end. Stops soon after
/// [`MAX_BYTES`].
pub fn sprintln(arguments: &[Value]) -> String {
    let mut out = String::new();
    for (i, value) in arguments.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        write_value(&mut out, value);
        if out.len() > MAX_BYTES {
            break;
        }
    }
    out.push('\n');
    out
}

/// A value as a string: text as it is, all else as `%v`.
pub fn to_text(value: &Value) -> std::sync::Arc<str> {
    match value {
        Value::Str(text) => text.clone(),
        other => sprint(std::slice::from_ref(other)).into(),
    }
}

/// A value in double quotes, as `%q` of its text.
pub fn quoted(value: &Value) -> String {
    quote(&to_text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &str, arguments: &[Value], expected: &str) {
        assert_eq!(sprintf(format, arguments), expected, "{format}");
    }

    #[test]
    fn flags_width_and_precision_are_those_of_go() {
        check("%05d|%-5d|%+d|% d", &vec![Value::Int(42); 4], "00042|42   |+42| 42");
        check(
            "%x|%X|%#x|%o|%#o|%O|%b",
            &vec![Value::Int(255); 7],
            "ff|FF|0xff|377|0377|0o377|11111111",
        );
        check("%5s|%-5s|%.2s|%q|%x", &vec!["abc".into(); 5], "  abc|abc  |ab|\"abc\"|616263");
        check(
            "%.2f|%8.3f|%-8.1f|%e|%g",
            &vec![Value::Float(3.24159); 5],
            "3.24|   3.242|3.2     |3.241590e+00|3.24159",
        );
        check("%08.3f|%+.1f", &vec![Value::Float(-3.24159); 2], "-003.242|-3.2");
        check("%c %U %#U %q", &vec![Value::Int(233); 4], "é U+00E9 U+00E9 'é' 'é'");
        check(
            "%*d|%.*f",
            &[Value::Int(4), Value::Int(7), Value::Int(1), Value::Float(2.55)],
            "   7|2.5",
        );
        check("%[2]d %[1]d", &[Value::Int(1), Value::Int(2)], "2 1");
    }

    #[test]
    fn mistakes_are_written_into_the_text() {
        check("%d", &["x".into()], "%!d(string=x)");
        check("%s", &[Value::Int(1)], "%!s(int=1)");
        check("%d %d", &[Value::Int(1)], "1 %!d(MISSING)");
        check("a", &[Value::Int(1), "b".into(), Value::Nil], "a%!(EXTRA int=1, string=b, <nil>)");
        check("%", &[], "%!(NOVERB)");
        check("%[3]d", &[Value::Int(1)], "%!d(BADINDEX)");
        check("%s", &[Value::Nil], "%!s(<nil>)");
        check("%z", &[true.into()], "%!z(bool=true)");
    }

    #[test]
    fn verbs_reach_into_lists_and_maps() {
        let list = Value::list(["a".into(), Value::Int(1)]);
        check("%q", &[Value::list(["a".into(), "b c".into()])], "[\"a\" \"b c\"]");
        check("%s", std::slice::from_ref(&list), "[a %!s(int=1)]");
        check("%#v", &[list], "[]interface {}{\"a\", 1}");
        check("%v", &[Value::map([("k".into(), Value::Nil)])], "map[k:<nil>]");
    }

    #[test]
    fn print_puts_spaces_between_what_is_no_string() {
        let values = ["w".into(), Value::Int(1), Value::Int(2), "a".into(), "b".into()];
        assert_eq!(sprint(&values), "w1 2ab");
        assert_eq!(sprintln(&values), "w 1 2 a b\n");
    }
}
