//! What stands in one line of a Taskfile: texts, quotes, keys, comments. Knows nothing of other lines.

/// Whether a text without quotes begins as one, and has no other meaning.
pub(super) fn is_text(text: &[u8]) -> bool {
    match text[0] {
        b'&' | b'*' | b'!' | b'@' | b'`' | b'%' | b'?' | b',' | b']' | b'}' => false,
        b'-' => text.len() > 1 && text[1] != b' ' && !text.starts_with(b"---"),
        b'.' => !text.starts_with(b"..."),
        _ => true,
    }
}

/// Whether a byte may stand in the name of a task.
pub(super) fn is_of_name(byte: u8) -> bool {
    const NAMES: [bool; 256] = letters_digits_and("-_.:/+@");
    NAMES[usize::from(byte)]
}

/// Which bytes are letters and digits of ASCII, or among `others`.
pub(super) const fn letters_digits_and(others: &str) -> [bool; 256] {
    let (mut is_among, mut byte) = ([false; 256], 0);
    while byte < 128 {
        is_among[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others = others.as_bytes();
    while let [byte, rest @ ..] = others {
        is_among[*byte as usize] = true;
        others = rest;
    }
    is_among
}

/// Whether there is nothing but printable ASCII and ends of lines. Without a branch for each byte, which takes
/// several at a time.
pub(super) fn is_simple(text: &[u8]) -> bool {
    let is_odd = |byte: u8| (byte < b' ' && byte != b'\n') || byte >= 0x7f;
    text.chunks(4096).all(|chunk| !chunk.iter().fold(false, |odd, &byte| odd | is_odd(byte)))
}

/// Whether no character has a meaning of its own: controls, and carriage returns within a line.
pub(super) fn is_clean(bytes: &[u8]) -> bool {
    let is_control = |&byte: &u8| (byte < b' ' && byte != b'\t') || byte == 0x7f;
    // U+0080 to U+009F, the byte order mark and the separators of lines are left to the parser.
    let is_odd = |at: &[u8]| {
        matches!(at, [0xc2, ..0xa0, ..] | [0xef, 0xbb, 0xbf] | [0xe2, 0x80, 0xa8 | 0xa9])
    };
    let has_odd = || (0..bytes.len()).any(|at| is_odd(&bytes[at..bytes.len().min(at + 3)]));
    !bytes.iter().any(is_control) && (bytes.is_ascii() || !has_odd())
}

/// Where the key ends that a plain text begins with: at the first colon that a space or the end follows, outside of a
/// comment.
pub(super) fn end_of_key(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = find_either(text, from, b':', b'#')?;
        match text[at] {
            b':' if matches!(text.get(at + 1), None | Some(b' ')) => return Some(at),
            b'#' if at > 0 && text[at - 1] == b' ' => return None,
            _ => from = at + 1,
        }
    }
}

/// A plain text without the comment behind it.
pub(super) fn without_comment(text: &[u8]) -> &[u8] {
    let mut from = 0;
    while let Some(at) = memchr(b'#', &text[from..]) {
        let at = from + at;
        if at > 0 && text[at - 1] == b' ' {
            return text[..at - 1].trim_ascii_end();
        }
        from = at + 1;
    }
    text.trim_ascii_end()
}

/// One past the closing quote.
pub(super) fn quoted(text: &[u8]) -> Option<usize> {
    let quote = text[0];
    let escape = if quote == b'"' { b'\\' } else { quote };
    let mut at = 1;
    loop {
        at = find_either(text, at, quote, escape)?;
        match text.get(at + 1) {
            _ if text[at] != quote => at += 2,
            Some(&next) if quote == b'\'' && next == quote => at += 2,
            _ => return Some(at + 1),
        }
    }
}

/// The first place from `from` on of one of two bytes. Most texts here are a few words, for which a call takes
/// longer than this does: eight bytes at a time, of which those that are zero are told by a borrow (Warren,
/// Hacker's Delight, 6-1).
fn find_either(text: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let (ones, others) = (ONES * one as u64, ONES * other as u64);
    let mut at = from.min(text.len());
    while let [a, b, c, d, e, f, g, h, ..] = text[at..] {
        let bytes = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let (x, y) = (bytes ^ ones, bytes ^ others);
        // What is above a zero may be told wrongly, the lowest never.
        let found = (x.wrapping_sub(ONES) & !x | y.wrapping_sub(ONES) & !y) & HIGHS;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    while at < text.len() {
        if text[at] == one || text[at] == other {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// One past the closing bracket, where there is nothing in it that reaches further.
pub(super) fn flow(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0);
    loop {
        match *text.get(at)? {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b'"' | b'\'' => at += quoted(&text[at..])? - 1,
            b'&' | b'*' | b'!' | b'#' => return None,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Whether nothing but a comment follows.
pub(super) fn ends_after(text: &[u8], end: usize) -> bool {
    let rest = &text[end..];
    let rest_is_comment =
        || rest.first() == Some(&b' ') && rest.trim_ascii_start().first() == Some(&b'#');
    rest.is_empty() || rest.trim_ascii().is_empty() || rest_is_comment()
}

pub(super) fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: the pointer is valid for the length.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
    (!found.is_null()).then(|| found as usize - bytes.as_ptr() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Byte by byte.
    fn first_key(text: &[u8]) -> Option<usize> {
        let is_comment = |at: usize| at > 0 && text[at] == b'#' && text[at - 1] == b' ';
        let end = (0..text.len()).find(|&at| is_comment(at)).unwrap_or(text.len());
        let is_end =
            |&at: &usize| text[at] == b':' && text.get(at + 1).is_none_or(|&next| next == b' ');
        (0..end).find(is_end)
    }

    proptest! {
        #[test]
        fn a_byte_is_found_wherever_it_stands(text in "[ -~\u{80}-\u{ff}]{0,40}", from in 0usize..50) {
            let text = text.as_bytes();
            let looked_for = |at: &usize| text[*at] == b':' || text[*at] == b'#';
            let expected = (from..text.len()).find(looked_for);
            prop_assert_eq!(find_either(text, from, b':', b'#'), expected);
        }

        #[test]
        fn a_key_ends_at_the_first_colon_that_ends_one(text in "[a :#\"]{0,40}") {
            prop_assert_eq!(end_of_key(text.as_bytes()), first_key(text.as_bytes()));
        }
    }

    #[test]
    fn a_quoted_text_ends_where_it_is_not_escaped() {
        let ends = [
            (r#""a" b"#, Some(3)),
            (r#""a\" b"c"#, Some(7)),
            (r#""a\\""#, Some(5)),
            (r#""a"#, None),
            (r#""a\"#, None),
            ("'a\\'", Some(4)),
            ("'it''s'x", Some(7)),
            ("'it''", None),
        ];
        for (text, end) in ends {
            assert_eq!(quoted(text.as_bytes()), end, "{text}");
        }
    }
}
