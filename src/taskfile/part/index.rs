//! Where the tasks of a large Taskfile stand, found in one pass over its lines.
//!
//! Knows so little of YAML that it must be sure of each line: of a file with anything that may reach beyond
//! its line or its task it says nothing, and the whole file is parsed.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// Keys of a task that say nothing of other tasks but by naming them, and the extensions of go-task's users.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "cmds", "cmd", "deps", "label", "desc", "prompt", "summary", "requires", "aliases", "sources",
    "generates", "status", "preconditions", "dir", "set", "shopt", "vars", "env", "dotenv", "silent",
    "interactive", "internal", "method", "prefix", "ignore_error", "use_gitignore", "run", "platforms", "if",
    "failfast", "timeout", "retry", "max_retries", "priority", "estimate", "parallel", "depends_on",
];

/// The tasks of a file, and what stands around them.
#[derive(Debug)]
pub(super) struct Index<'t> {
    text: &'t str,
    /// In the order of the file.
    pub tasks: Vec<Place>,
    names: HashMap<&'t [u8], u32, BuildHasherDefault<Xx>>,
    /// Where the last task ends.
    end: usize,
}

/// Where a task stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    name: Range<u32>,
    /// Where its first line begins.
    line: u32,
    /// Where its `desc` stands, from the key to the next key; empty when there is none.
    pub desc: Range<u32>,
    /// Whether `internal` or `aliases` is written.
    pub is_special: bool,
}

impl Place {
    /// The name of the task, which stands in `text`.
    pub(super) fn name_in<'t>(&self, text: &'t str) -> &'t str {
        &text[self.name.start as usize..self.name.end as usize]
    }
}

/// A short hash is enough for names that nobody picks to collide: those of one's own tasks.
#[derive(Default)]
pub(super) struct Xx(u64);

impl Hasher for Xx {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64_with_seed(bytes, self.0);
    }

    /// The length of what comes.
    fn write_usize(&mut self, length: usize) {
        self.0 = length as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<'t> Index<'t> {
    /// The tasks of `text`; `None` where a line leaves a doubt.
    pub(super) fn new(text: &'t str) -> Option<Index<'t>> {
        let mut scan = Scan::new(text);
        let mut at = 0;
        while at < text.len() {
            let length = memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len() - at, |n| n + 1);
            scan.line(at, at + length)?;
            at += length;
        }
        scan.finish()
    }

    /// The number of the task of this name.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name.as_bytes()).copied()
    }

    /// These tasks and all that stand in their lines as a word by itself, in the lines of those, and so on: at
    /// least all that they call by plain names. `None` when they are more than `most` bytes long.
    pub(super) fn reach(&self, named: BTreeSet<u32>, most: usize) -> Option<BTreeSet<u32>> {
        let mut left = most;
        let mut is_reached = vec![false; self.tasks.len()];
        let mut open = Vec::new();
        let mut next = 0;
        let mut reach = |task: u32, open: &mut Vec<u32>| {
            if !std::mem::replace(&mut is_reached[task as usize], true) {
                left = left.checked_sub(self.lines(task).len())?;
                open.push(task);
            }
            Some(())
        };
        for task in named {
            reach(task, &mut open)?;
        }
        while let Some(&task) = open.get(next) {
            next += 1;
            let lines = self.text.as_bytes()[self.lines(task)].split(|&byte| !is_of_name(byte));
            let words = lines.filter(|word| !word.is_empty());
            for found in words.filter_map(|word| self.names.get(word).copied()) {
                reach(found, &mut open)?;
            }
        }
        Some(open.into_iter().collect())
    }

    /// The lines of a task.
    pub(super) fn lines(&self, task: u32) -> Range<usize> {
        let next = self.tasks.get(task as usize + 1).map_or(self.end, |next| next.line as usize);
        self.tasks[task as usize].line as usize..next
    }

    /// What stands before the first task and after the last.
    pub(super) fn around(&self) -> (Range<usize>, Range<usize>) {
        let first = if self.tasks.is_empty() { self.end } else { self.lines(0).start };
        (0..first, self.end..self.text.len())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Among the file's other keys.
    Outside,
    Tasks,
    /// After all tasks.
    After,
}

struct Scan<'t> {
    text: &'t str,
    place: Where,
    /// Indentation of the tasks, and of the keys of the present task.
    tasks_at: Option<usize>,
    keys_at: Option<usize>,
    /// Lines deeper than this belong to a block of text.
    block: Option<usize>,
    in_desc: bool,
    /// All of the text is printable ASCII, so that no line needs to be looked at for that.
    is_simple: bool,
    index: Index<'t>,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Scan<'t> {
        let index = Index { text, tasks: Vec::new(), names: HashMap::default(), end: text.len() };
        Scan {
            text,
            place: Where::Outside,
            tasks_at: None,
            keys_at: None,
            block: None,
            in_desc: false,
            is_simple: is_simple(text.as_bytes()),
            index,
        }
    }

    fn finish(mut self) -> Option<Index<'t>> {
        self.end_desc(self.index.end);
        let mut index = self.index;
        index.names.reserve(index.tasks.len());
        for (number, place) in index.tasks.iter().enumerate() {
            let name = place.name_in(index.text).as_bytes();
            if index.names.insert(name, number as u32).is_some() {
                return None;
            }
        }
        (!index.tasks.is_empty()).then_some(index)
    }

    fn line(&mut self, start: usize, end: usize) -> Option<()> {
        let bytes = &self.text.as_bytes()[start..end];
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if !self.is_simple && !is_clean(bytes) {
            return None;
        }
        let indent = bytes.iter().take_while(|&&byte| byte == b' ').count();
        let content = &bytes[indent..];
        if content.is_empty() {
            return Some(());
        }
        if self.block.is_some_and(|parent| indent > parent) {
            return Some(());
        }
        self.block = None;
        if !self.is_simple && content.contains(&b'\t') {
            return None;
        }
        if content[0] == b'#' {
            return Some(());
        }
        match (indent, self.place) {
            (0, _) => self.top(start, content),
            (_, Where::Tasks) => self.inside(start, indent, content),
            _ => self.value_line(indent, content).map(drop),
        }
    }

    /// A line of the file's own.
    fn top(&mut self, start: usize, content: &[u8]) -> Option<()> {
        if content == b"---" {
            return (start == 0).then_some(());
        }
        let (key, value) = self.value_line(0, content)??;
        if self.place == Where::Tasks {
            self.index.end = start;
            self.end_desc(start);
            self.place = Where::After;
        }
        if key == b"tasks" {
            if self.place != Where::Outside || !value.is_empty() {
                return None;
            }
            self.place = Where::Tasks;
        }
        // What is included brings tasks of its own.
        (key != b"includes").then_some(())
    }

    /// A line below `tasks`.
    fn inside(&mut self, start: usize, indent: usize, content: &[u8]) -> Option<()> {
        let tasks_at = *self.tasks_at.get_or_insert(indent);
        if indent < tasks_at {
            return None;
        }
        if indent == tasks_at {
            return self.task(start + indent, indent, content);
        }
        let keys_at = *self.keys_at.get_or_insert(indent);
        if indent < keys_at {
            return None;
        }
        let Some((key, _)) = self.value_line(indent, content)? else { return Some(()) };
        if indent == keys_at {
            self.end_desc(start);
            self.key(start + indent, key)?;
        }
        Some(())
    }

    fn task(&mut self, at: usize, indent: usize, content: &[u8]) -> Option<()> {
        let (key, _) = self.value_line(indent, content)??;
        if !key.iter().all(|&byte| is_of_name(byte)) {
            return None;
        }
        self.end_desc(at - indent);
        self.keys_at = None;
        let name = at as u32..(at + key.len()) as u32;
        let line = (at - indent) as u32;
        let place = Place { name, line, desc: 0..0, is_special: false };
        self.index.tasks.push(place);
        Some(())
    }

    /// A key of a task.
    fn key(&mut self, at: usize, key: &[u8]) -> Option<()> {
        if !KEYS.iter().any(|known| known.as_bytes() == key) && !key.starts_with(b"x-") {
            return None;
        }
        let place = self.index.tasks.last_mut()?;
        match key {
            b"desc" => {
                // Written twice it is a mistake, which the whole file has to show.
                let is_new = place.desc.is_empty();
                place.desc = at as u32..at as u32 + 1;
                self.in_desc = true;
                return is_new.then_some(());
            }
            b"internal" | b"aliases" => place.is_special = true,
            _ => {}
        }
        Some(())
    }

    fn end_desc(&mut self, at: usize) {
        if std::mem::take(&mut self.in_desc)
            && let Some(place) = self.index.tasks.last_mut()
        {
            place.desc.end = at as u32;
        }
    }

    /// Looks at the elements, key and value of a line; the key and value when it begins with a key.
    fn value_line<'c>(
        &mut self,
        indent: usize,
        content: &'c [u8],
    ) -> Option<Option<(&'c [u8], &'c [u8])>> {
        let (mut at, mut parent) = (0, indent);
        while content[at..].starts_with(b"- ") {
            parent = indent + at;
            at += 1 + content[at + 1..].iter().take_while(|&&byte| byte == b' ').count();
        }
        let dashed = at > 0;
        let rest = &content[at..];
        if rest.is_empty() || rest == b"-" {
            return Some(None);
        }
        let Some((key, value)) = split_key(rest)? else {
            self.value(rest, parent)?;
            return Some(None);
        };
        self.value(value, indent + at)?;
        Some((!dashed).then_some((key, value)))
    }

    /// Whether a value ends on its line, or is a block of text below a key or element at `parent`.
    fn value(&mut self, value: &[u8], parent: usize) -> Option<()> {
        match value.first() {
            None | Some(b'#') => Some(()),
            Some(b'|' | b'>') => {
                let header = without_comment(value);
                let is_plain = matches!(header, [_] | [_, b'-' | b'+']);
                self.block = Some(parent);
                is_plain.then_some(())
            }
            Some(b'"' | b'\'') => ends_after(value, quoted(value)?),
            Some(b'[' | b'{') => ends_after(value, flow(value)?),
            Some(b'&' | b'*' | b'!' | b'@' | b'`' | b'%' | b'?' | b',' | b']' | b'}') => None,
            Some(b'-') if value.len() == 1 || value[1] == b' ' => None,
            Some(_) => {
                let plain = without_comment(value);
                let has_key = plain.ends_with(b":") || colon(plain).is_some();
                (!has_key && !plain.starts_with(b"---") && !plain.starts_with(b"...")).then_some(())
            }
        }
    }
}

/// Whether a byte may stand in the name of a task.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:/+@".contains(&byte)
}

/// Whether there is nothing but printable ASCII and ends of lines. Without a branch for each byte, which takes
/// several at a time.
fn is_simple(text: &[u8]) -> bool {
    let is_odd = |byte: u8| (byte < b' ' && byte != b'\n') || byte >= 0x7f;
    text.chunks(4096).all(|chunk| !chunk.iter().fold(false, |odd, &byte| odd | is_odd(byte)))
}

/// Whether no character has a meaning of its own: controls, and carriage returns within a line.
fn is_clean(bytes: &[u8]) -> bool {
    let is_control = |&byte: &u8| (byte < b' ' && byte != b'\t') || byte == 0x7f;
    // U+0080 to U+009F, the byte order mark and the separators of lines are left to the parser.
    let is_odd = |at: &[u8]| {
        matches!(at, [0xc2, ..0xa0, ..] | [0xef, 0xbb, 0xbf] | [0xe2, 0x80, 0xa8 | 0xa9])
    };
    let has_odd = || (0..bytes.len()).any(|at| is_odd(&bytes[at..bytes.len().min(at + 3)]));
    !bytes.iter().any(is_control) && (bytes.is_ascii() || !has_odd())
}

/// Key and value of a line that has a key; `None` for a key that is not a plain word or two.
fn split_key(line: &[u8]) -> Option<Option<(&[u8], &[u8])>> {
    if matches!(line[0], b'"' | b'\'') {
        let end = quoted(line)?;
        return (line.get(end) != Some(&b':')).then_some(None);
    }
    if matches!(line[0], b'[' | b'{' | b'|' | b'>') {
        return Some(None);
    }
    let plain = without_comment(line);
    let at_end = || plain.last().filter(|&&byte| byte == b':').map(|_| plain.len() - 1);
    let colon = colon(plain).or_else(at_end);
    let Some(colon) = colon else { return Some(None) };
    let key = &plain[..colon];
    let first = *key.first()?;
    let is_word = first.is_ascii_alphanumeric() || first == b'_' || first == b'.';
    let value = line[colon + 1..].trim_ascii();
    (is_word && !key.ends_with(b" ")).then_some(Some((key, value)))
}

/// A plain text without the comment behind it.
fn without_comment(text: &[u8]) -> &[u8] {
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

/// Where the first colon stands that a space follows.
fn colon(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr(b':', &text[from..]) {
        let at = from + at;
        if text.get(at + 1) == Some(&b' ') {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// One past the closing quote.
fn quoted(text: &[u8]) -> Option<usize> {
    let quote = text[0];
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote => match text.get(at + 1) {
                Some(&next) if quote == b'\'' && next == quote => at += 2,
                _ => return Some(at + 1),
            },
            _ => at += 1,
        }
    }
}

/// One past the closing bracket, where there is nothing in it that reaches further.
fn flow(text: &[u8]) -> Option<usize> {
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

fn ends_after(text: &[u8], end: usize) -> Option<()> {
    let rest = &text[end..];
    let rest_is_comment =
        rest.first() == Some(&b' ') && rest.trim_ascii_start().first() == Some(&b'#');
    (rest.trim_ascii().is_empty() || rest_is_comment).then_some(())
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: the pointer is valid for the length.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
    (!found.is_null()).then(|| found as usize - bytes.as_ptr() as usize)
}
