//! Where the tasks of a large Taskfile stand, found in one pass over its lines.
//!
//! Knows so little of YAML that it must be sure of each line: of a file with anything that may reach beyond
//! its line or its task it says nothing, and the whole file is parsed.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::line::{
    end_of_key, ends_after, flow, is_clean, is_of_name, is_simple, is_text, memchr, quoted,
    without_comment,
};

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
        if !is_key(key) && !key.starts_with(b"x-") {
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
        match rest.first() {
            None => return Some(None),
            Some(b'-') if rest.len() == 1 => return Some(None),
            Some(b'"' | b'\'') => {
                let end = quoted(rest)?;
                // A key in quotes is left to the parser.
                return (rest.get(end) != Some(&b':') && ends_after(rest, end)).then_some(None);
            }
            Some(b'[' | b'{' | b'|' | b'>') => {
                self.value(rest, parent)?;
                return Some(None);
            }
            Some(_) => {}
        }
        let Some(colon) = end_of_key(rest) else {
            return is_text(rest).then_some(None);
        };
        let key = &rest[..colon];
        let first = *key.first()?;
        let is_word = first.is_ascii_alphanumeric() || first == b'_' || first == b'.';
        if !is_word || key.ends_with(b" ") {
            return None;
        }
        let value = rest[colon + 1..].trim_ascii();
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
            Some(b'"' | b'\'') => ends_after(value, quoted(value)?).then_some(()),
            Some(b'[' | b'{') => ends_after(value, flow(value)?).then_some(()),
            Some(_) => (is_text(value) && end_of_key(value).is_none()).then_some(()),
        }
    }
}

/// Whether a key of a task says nothing of other tasks but by naming them; extensions of go-task's users are others.
fn is_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"cmds"
            | b"cmd"
            | b"deps"
            | b"label"
            | b"desc"
            | b"prompt"
            | b"summary"
            | b"requires"
            | b"aliases"
            | b"sources"
            | b"generates"
            | b"status"
            | b"preconditions"
            | b"dir"
            | b"set"
            | b"shopt"
            | b"vars"
            | b"env"
            | b"dotenv"
            | b"silent"
            | b"interactive"
            | b"internal"
            | b"method"
            | b"prefix"
            | b"ignore_error"
            | b"use_gitignore"
            | b"run"
            | b"platforms"
            | b"if"
            | b"failfast"
            | b"timeout"
            | b"retry"
            | b"max_retries"
            | b"priority"
            | b"estimate"
            | b"parallel"
            | b"depends_on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_task_are_known_by_the_whole_word() {
        assert!(
            ["cmds", "if", "use_gitignore", "depends_on"].iter().all(|key| is_key(key.as_bytes()))
        );
        assert!(!["cmd ", "cmdsx", "", "includes", "IF"].iter().any(|key| is_key(key.as_bytes())));
    }
}
