//! What a task writes to a terminal, without what reaches beyond its own lines.
//!
//! Colours and links stay, and so does moving about in a line; a cursor that leaves it, a screen that is erased
//! or changed for another, titles, character sets and questions to the terminal do not pass. A colour that is
//! left on ends with the piece it stands in and begins again with the task's next one.

/// Longer texts are no titles or links: what follows is text again.
const LONGEST_STRING: usize = 4096;
/// Colours that are switched on one after the other without ever being switched off are forgotten at this length.
const LONGEST_STYLE: usize = 256;

const RESET: &[u8] = b"\x1b[0m";
const ESCAPE: u8 = 0x1b;

/// The filter of one task's stream.
#[derive(Debug, Default)]
pub(super) struct Tame {
    state: State,
    /// A sequence of which the end has not come.
    sequence: Vec<u8>,
    /// What switched colours on since they were last switched off.
    style: Vec<u8>,
    is_link_open: bool,
    /// The beginning of a character of which the rest has not come.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Text,
    /// After a byte that may begin a control character of two bytes.
    Lead,
    Escape,
    /// After `ESC` and what names a character set.
    Charset,
    Control,
    /// A string, of which only a link is wanted.
    String {
        is_command: bool,
    },
    /// `ESC` in a string.
    StringEscape {
        is_command: bool,
    },
}

impl Tame {
    /// What may be shown of a piece of output; colours are as they were before when it has been.
    pub(super) fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + self.style.len() + 2 * RESET.len());
        out.extend_from_slice(&self.style);
        out.append(&mut self.begun);
        bytes.iter().for_each(|&byte| self.byte(byte, &mut out));
        self.begun = out.split_off(out.len() - unfinished(&out));
        if !self.style.is_empty() {
            out.extend_from_slice(RESET);
        }
        if std::mem::take(&mut self.is_link_open) {
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
        }
        out
    }

    /// Whether it has to be kept for the next piece.
    pub(super) fn is_pending(&self) -> bool {
        self.state != State::Text || !self.style.is_empty() || !self.begun.is_empty()
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.state {
            State::Text => self.text(byte, out),
            State::Lead => self.after_lead(byte, out),
            State::Escape => self.after_escape(byte, out),
            State::Charset => self.state = State::Text,
            State::Control => self.control(byte, out),
            State::String { is_command } => self.string(byte, is_command, out),
            State::StringEscape { is_command } if byte == b'\\' => {
                self.end_string(is_command, out);
            }
            State::StringEscape { .. } => {
                self.begin(State::Escape);
                self.byte(byte, out);
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.sequence.clear();
        self.state = state;
    }

    fn text(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            ESCAPE => self.begin(State::Escape),
            0xc2 => self.state = State::Lead,
            // Other character sets, vertical tabs, form feeds, and a question to the terminal.
            0x05 | 0x0b | 0x0c | 0x0e | 0x0f => {}
            _ => out.push(byte),
        }
    }

    /// `C2 80` to `C2 9F` are the control characters that some terminals take for `ESC @` to `ESC _`.
    fn after_lead(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = State::Text;
        match byte {
            0x80..=0x9f => {
                self.begin(State::Escape);
                self.after_escape(byte - 0x40, out);
            }
            _ => {
                out.push(0xc2);
                self.text(byte, out);
            }
        }
    }

    fn after_escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.state = match byte {
            b'[' => State::Control,
            b']' => State::String { is_command: true },
            b'P' | b'X' | b'^' | b'_' => State::String { is_command: false },
            b' '..=b'/' => State::Charset,
            _ => State::Text,
        };
        match byte {
            ESCAPE => self.begin(State::Escape),
            // No part of a sequence after all.
            0..0x20 | 0x80.. => self.text(byte, out),
            _ => {}
        }
    }

    fn control(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b' '..=b'?' if self.sequence.len() < LONGEST_STYLE => self.sequence.push(byte),
            b'@'..=b'~' => {
                self.state = State::Text;
                if self.stays_in_its_line(byte) {
                    self.sequence.push(byte);
                    out.extend_from_slice(b"\x1b[");
                    out.extend_from_slice(&self.sequence);
                }
                if byte == b'm' && self.sequence.last() == Some(&b'm') {
                    self.restyle();
                }
            }
            _ => {
                self.state = State::Text;
                self.text(byte, out);
            }
        }
    }

    /// Colours, and moving or erasing in the line.
    fn stays_in_its_line(&self, last: u8) -> bool {
        let plain = self.sequence.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
        plain && matches!(last, b'm' | b'K' | b'C' | b'D' | b'G')
    }

    /// Takes note of what `ESC [ sequence` does to the colours that are on.
    fn restyle(&mut self) {
        let parameters = &self.sequence[..self.sequence.len() - 1];
        let begins_with_reset = matches!(parameters, [] | [b'0'] | [b'0', b';', ..]);
        if begins_with_reset || self.style.len() + self.sequence.len() > LONGEST_STYLE {
            self.style.clear();
        }
        if !matches!(parameters, [] | [b'0']) {
            self.style.extend_from_slice(b"\x1b[");
            self.style.extend_from_slice(&self.sequence);
        }
    }

    /// A string ends with a bell or `ESC \`; one that nobody ends must not swallow what comes after its line.
    fn string(&mut self, byte: u8, is_command: bool, out: &mut Vec<u8>) {
        match byte {
            0x07 => self.end_string(is_command, out),
            ESCAPE => self.state = State::StringEscape { is_command },
            b'\n' | b'\r' => {
                self.state = State::Text;
                out.push(byte);
            }
            _ if self.sequence.len() == LONGEST_STRING => {
                self.state = State::Text;
                self.text(byte, out);
            }
            _ => self.sequence.push(byte),
        }
    }

    fn end_string(&mut self, is_command: bool, out: &mut Vec<u8>) {
        self.state = State::Text;
        if is_command && self.sequence.starts_with(b"8;") {
            self.is_link_open = !self.sequence.ends_with(b";");
            out.extend_from_slice(b"\x1b]");
            out.extend_from_slice(&self.sequence);
            out.extend_from_slice(b"\x1b\\");
        }
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let Some(lead) = tail.iter().rposition(|byte| byte & 0xc0 != 0x80) else { return 0 };
    let wanted = match tail[lead] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return 0,
    };
    let length = tail.len() - lead;
    if length < wanted { length } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tamed(text: &str) -> String {
        String::from_utf8(Tame::default().piece(text.as_bytes())).unwrap()
    }

    #[test]
    fn colours_links_and_movements_in_a_line_pass() {
        for text in [
            "plain, tab\tbell\x07 back\x08 and \r",
            "\x1b[1;31mred\x1b[0m",
            "\x1b[38;2;1;2;3mtrue colour\x1b[m",
            "50%\r\x1b[K60%\x1b[2K\x1b[3Ca\x1b[2Db\x1b[10Gc",
            "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
            "é ü © 日本 🦀",
        ] {
            assert_eq!(tamed(text), text);
        }
    }

    #[test]
    fn what_reaches_beyond_the_line_does_not_pass() {
        for sequence in [
            "\x1b[6A",
            "\x1b[2B",
            "\x1b[J",
            "\x1b[2J",
            "\x1b[H",
            "\x1b[3;4H",
            "\x1b[?1049h",
            "\x1b[?25l",
            "\x1b[!p",
            "\x1b[5;10r",
            "\x1b[6n",
            "\x1b[>4;1m",
            "\x1b[?4m",
            "\x1b[10 q",
            "\x1b]0;title\x07",
            "\x1b]52;c;aGk=\x1b\\",
            "\x1bP1$r\x1b\\",
            "\x1b_picture\x1b\\",
            "\x1b(0",
            "\x1b#8",
            "\x1bc",
            "\x1b7",
            "\x1bM",
            "\x1b=",
            "\x0e",
            "\x0c",
            "\x0b",
            "\x05",
            "\u{9b}2J",
            "\u{9d}0;title\u{7}",
            "\u{85}",
        ] {
            assert_eq!(tamed(&format!("a{sequence}b")), "ab", "{sequence:?}");
        }
    }

    #[test]
    fn a_colour_left_on_ends_with_its_piece_and_begins_again_with_the_next() {
        let mut tame = Tame::default();
        let mut piece = |text: &str| String::from_utf8(tame.piece(text.as_bytes())).unwrap();
        assert_eq!(piece("\x1b[1mbold \x1b[31mred\n"), "\x1b[1mbold \x1b[31mred\n\x1b[0m");
        assert_eq!(piece("still"), "\x1b[1m\x1b[31mstill\x1b[0m");
        assert_eq!(piece("\x1b[0;32mgreen"), "\x1b[1m\x1b[31m\x1b[0;32mgreen\x1b[0m");
        assert_eq!(piece("\x1b[mplain"), "\x1b[0;32m\x1b[mplain");
        assert_eq!(piece("plain"), "plain");
    }

    #[test]
    fn a_link_left_open_ends_with_its_piece() {
        assert_eq!(tamed("\x1b]8;;x\x07y"), "\x1b]8;;x\x1b\\y\x1b]8;;\x1b\\");
    }

    #[test]
    fn the_style_that_is_remembered_stays_short() {
        let mut tame = Tame::default();
        for _ in 0..1000 {
            tame.piece(b"\x1b[38;2;100;100;100mx");
        }
        assert!(tame.style.len() <= LONGEST_STYLE);
    }

    #[test]
    fn a_sequence_that_nobody_ends_swallows_no_more_than_its_line() {
        assert_eq!(tamed("a\x1b]0;title\nb"), "a\nb");
        assert_eq!(tamed("a\x1bPpicture\r\nb"), "a\r\nb");
        assert_eq!(tamed("a\x1b[1;2\nb"), "a\nb");
        assert_eq!(tamed("a\x1b\nb\x1b"), "a\nb");
        let long = format!("\x1b]0;{}", "x".repeat(LONGEST_STRING + 7));
        assert_eq!(tamed(&long), "x".repeat(9));
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = "a\x1b[31mb\x1b[2J\x1b]0;t\x1b\\é🦀\u{9b}1Ac\x1b[0md\x1b(Be";
        let whole = tamed(text);
        for at in 0..text.len() {
            let mut tame = Tame::default();
            let (first, second) = text.as_bytes().split_at(at);
            let pieces = [tame.piece(first), tame.piece(second)].concat();
            let style = |text: &str| text.replace("\x1b[31m", "").replace("\x1b[0m", "");
            assert_eq!(style(&String::from_utf8(pieces).unwrap()), style(&whole), "{at}");
            assert!(!tame.is_pending(), "{at}");
        }
    }
}
