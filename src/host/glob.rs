//! Files that a pattern of `sources` or `generates` means, as a shell with globstar would see them.
//!
//! Three habits are go-task's: `dir/**/name` also finds hidden files and goes into hidden directories, only
//! a star at the beginning of a name leaves them out (`?` and `[!a]` do not), and a pattern with a plain path
//! that does not exist finds nothing at all.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folder of our own state, which is nobody's source.
const OWN: &str = ".par";

/// Something that was looked at on the way; told before it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visit<'a> {
    /// What is in a directory.
    Names(&'a Path),
    /// What is at a path, links followed.
    Kind(&'a Path),
    /// Where links lead to.
    Links,
}

/// Hears of everything that the result depends on.
pub type Visitor<'a> = &'a dyn Fn(Visit<'_>);

/// Files that `pattern` means, seen from `dir`: absolute, sorted by bytes, each once.
pub fn find(
    dir: &Path,
    pattern: &str,
    env: &dyn Fn(&str) -> Option<String>,
    visit: Visitor<'_>,
) -> io::Result<Vec<PathBuf>> {
    let pattern = clean(&dir.join(expand(pattern, env)));
    let mut found = BTreeSet::new();
    if !recursive(&pattern, &mut found, visit)? {
        for plain in braces(&pattern) {
            segments(&plain, &mut found, visit)?;
        }
    }
    let mut files: Vec<PathBuf> = found.into_iter().collect();
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(files)
}

/// The pattern without `.` and `..`.
fn clean(path: &Path) -> String {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out.to_string_lossy().into_owned()
}

/// Expands a leading `~`, `$NAME` and `${NAME}`.
fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    if let Some(after) = text.strip_prefix('~').filter(|t| t.is_empty() || t.starts_with('/')) {
        out.push_str(&env("HOME").unwrap_or_default());
        rest = after;
    }
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = match name(after) {
            Some((name, after)) => {
                out.push_str(&env(name).unwrap_or_default());
                after
            }
            None => {
                out.push('$');
                after
            }
        };
    }
    out + rest
}

fn name(text: &str) -> Option<(&str, &str)> {
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if let Some(inner) = text.strip_prefix('{') {
        let (name, after) = inner.split_once('}')?;
        return (!name.is_empty() && name.chars().all(word)).then_some((name, after));
    }
    let end = text.find(|c| !word(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `root/**/name` with nothing special but in `name`. `false`: it is a pattern of another kind, or
/// there are symbolic links to directories on the way, which only the other way follows.
fn recursive(pattern: &str, found: &mut BTreeSet<PathBuf>, visit: Visitor<'_>) -> io::Result<bool> {
    let Some((root, name)) = pattern.split_once("/**/") else { return Ok(false) };
    let special = |text: &str, set: &[char]| text.contains(set);
    let plain_root = !root.is_empty() && !special(root, &['*', '?', '[', ']', '{', '}']);
    let plain_name = !name.is_empty() && !special(name, &['/', '{', '}']);
    if !plain_root || !plain_name {
        return Ok(false);
    }
    let mut directories = vec![PathBuf::from(root)];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in entries(&directory, visit)? {
            let path = directory.join(&entry.name);
            match entry.kind {
                Kind::Directory if entry.name != OWN => directories.push(path),
                Kind::Directory => {}
                Kind::LinkedDirectory => return Ok(false),
                Kind::File if matches(name, &entry.name) => files.push(path),
                Kind::File => {}
                Kind::Broken => return Err(io::ErrorKind::NotFound.into()),
            }
        }
    }
    found.extend(files);
    Ok(true)
}

/// A pattern without braces, one directory level after the other.
fn segments(pattern: &str, found: &mut BTreeSet<PathBuf>, visit: Visitor<'_>) -> io::Result<()> {
    if !pattern.contains(['*', '?', '[']) {
        let path = PathBuf::from(unescaped(pattern));
        visit(Visit::Kind(&path));
        if !std::fs::metadata(&path)?.is_dir() {
            found.insert(path);
        }
        return Ok(());
    }
    let mut reached = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        reached = match part {
            "**" => reached.into_iter().flat_map(|top| below(top, visit)).collect(),
            part if part.contains(['*', '?', '[']) => {
                reached.iter().flat_map(|directory| children(directory, part, visit)).collect()
            }
            part => reached.iter().map(|directory| directory.join(unescaped(part))).collect(),
        };
    }
    let is_file = |path: &PathBuf| {
        visit(Visit::Kind(path));
        path.metadata().is_ok_and(|found| !found.is_dir())
    };
    found.extend(reached.into_iter().filter(is_file));
    Ok(())
}

/// The entries of a directory that a wildcard matches; none when it is none.
fn children(directory: &Path, part: &str, visit: Visitor<'_>) -> Vec<PathBuf> {
    let all = entries(directory, visit).unwrap_or_default().into_iter();
    // A star does not stand for a dot at the beginning, but it may stand for nothing.
    let rest = part.trim_start_matches('*');
    let may_hide = |name: &str| rest.len() == part.len() || matches(rest, name);
    let shown = |name: &str| !name.starts_with('.') || may_hide(name);
    all.filter(|entry| shown(&entry.name) && entry.name != OWN && matches(part, &entry.name))
        .map(|entry| directory.join(entry.name))
        .collect()
}

/// A directory and everything below it that is not hidden. Links to directories are followed, but
/// never twice on one way.
fn below(top: PathBuf, visit: Visitor<'_>) -> Vec<PathBuf> {
    let mut all = vec![top.clone()];
    descend(&top, &mut Vec::new(), &mut all, visit);
    all
}

/// `links` are the real directories in which the links of the way stand.
fn descend(directory: &Path, links: &mut Vec<PathBuf>, all: &mut Vec<PathBuf>, visit: Visitor<'_>) {
    for entry in entries(directory, visit).unwrap_or_default() {
        if entry.name.starts_with('.') {
            continue;
        }
        let path = directory.join(&entry.name);
        match entry.kind {
            Kind::Directory => {
                all.push(path.clone());
                descend(&path, links, all, visit);
            }
            Kind::LinkedDirectory => {
                visit(Visit::Links);
                let (Ok(target), Ok(here)) = (path.canonicalize(), directory.canonicalize()) else {
                    continue;
                };
                links.push(here);
                if !links.iter().any(|left| left.starts_with(&target)) {
                    all.push(path.clone());
                    descend(&path, links, all, visit);
                }
                links.pop();
            }
            Kind::File | Kind::Broken => all.push(path),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    LinkedDirectory,
    /// A link to nothing.
    Broken,
}

struct Entry {
    name: String,
    kind: Kind,
}

fn entries(directory: &Path, visit: Visitor<'_>) -> io::Result<Vec<Entry>> {
    visit(Visit::Names(directory));
    let entry = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry?;
        let found = entry.file_type()?;
        let kind = match found.is_symlink() {
            true => {
                let path = entry.path();
                visit(Visit::Kind(&path));
                match path.metadata() {
                    Ok(target) if target.is_dir() => Kind::LinkedDirectory,
                    Ok(_) => Kind::File,
                    Err(_) => Kind::Broken,
                }
            }
            false if found.is_dir() => Kind::Directory,
            false => Kind::File,
        };
        Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), kind })
    };
    std::fs::read_dir(directory)?.map(entry).collect()
}

/// The most braces that a pattern may have, and the most patterns that they may stand for.
const MOST_BRACES: usize = 1_000;
const MOST_PATTERNS: usize = 100_000;

/// A pattern with all its `{a,b}` and `{1..3}` written out; where that would fill the memory, as it is.
fn braces(pattern: &str) -> Vec<String> {
    let is_sane = pattern.matches('{').count() <= MOST_BRACES && patterns(pattern) <= MOST_PATTERNS;
    if is_sane { written_out(pattern) } else { vec![pattern.into()] }
}

/// How many patterns one stands for.
fn patterns(pattern: &str) -> usize {
    let Some((_, choices, after)) = first_braces(pattern) else { return 1 };
    let here = choices.iter().fold(0, |all: usize, choice| all.saturating_add(patterns(choice)));
    here.saturating_mul(patterns(after))
}

fn written_out(pattern: &str) -> Vec<String> {
    let Some((before, choices, after)) = first_braces(pattern) else { return vec![pattern.into()] };
    let rest = written_out(after);
    let mut all = Vec::new();
    for choice in choices.iter().flat_map(|choice| written_out(choice)) {
        all.extend(rest.iter().map(|rest| format!("{before}{choice}{rest}")));
    }
    all
}

/// The first braces that mean a choice: what is before, the choices, what is after.
fn first_braces(pattern: &str) -> Option<(&str, Vec<String>, &str)> {
    for (open, _) in pattern.match_indices('{') {
        let Some(end) = closing(&pattern[open..]) else { continue };
        let inner = &pattern[open + 1..open + end];
        let choices = choices(inner).or_else(|| range(inner));
        if let Some(choices) = choices {
            return Some((&pattern[..open], choices, &pattern[open + end + 1..]));
        }
    }
    None
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

fn choices(inner: &str) -> Option<Vec<String>> {
    let (mut depth, mut all, mut start) = (0, Vec::new(), 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(inner[start..at].to_string());
                start = at + 1;
            }
            _ => {}
        }
    }
    all.push(inner[start..].to_string());
    (all.len() > 1).then_some(all)
}

/// `1..3`, up or down; so many that nobody could mean them are left as they are.
fn range(inner: &str) -> Option<Vec<String>> {
    let (first, last) = inner.split_once("..")?;
    let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
    if first.abs_diff(last) > 10_000 {
        return None;
    }
    let up: Vec<String> = (first.min(last)..=first.max(last)).map(|n| n.to_string()).collect();
    Some(if first <= last { up } else { up.into_iter().rev().collect() })
}

fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// Whether a pattern with `*`, `?`, `[…]` and `\` matches all of a name.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last star has to take one character more.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, n));
            p += 1;
        } else if let Some(width) = one(&pattern[p..], name[n]) {
            p += width;
            n += 1;
        } else if let Some((after, taken)) = star {
            star = Some((after, taken + 1));
            (p, n) = (after, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// How much of the pattern matches this one character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => match class(rest, c) {
            Some((true, width)) => Some(width + 1),
            Some((false, _)) => None,
            None => (c == '[').then_some(1),
        },
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        [plain, ..] => (*plain == c).then_some(1),
        [] => None,
    }
}

/// Whether a class has the character, and how long the class is with its `]`; `None` when it has no end.
fn class(text: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(text.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let (begin, mut has) = (at, false);
    loop {
        match text.get(at..)? {
            [']', ..] if at > begin => return Some((has != negated, at + 1)),
            [low, '-', high, ..] if *high != ']' => {
                has |= (*low..=*high).contains(&c);
                at += 3;
            }
            [only, ..] => {
                has |= *only == c;
                at += 1;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        dir
    }

    fn found(dir: &tempfile::TempDir, pattern: &str) -> Vec<String> {
        let env = |key: &str| (key == "D").then(|| "d".to_string());
        let files = find(dir.path(), pattern, &env, &|_| {}).unwrap_or_default();
        let shown = |f: PathBuf| f.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
        files.into_iter().map(shown).collect()
    }

    #[test]
    fn a_star_leaves_hidden_files_and_directories_out() {
        let dir = tree(&["a.go", "b.go", ".h.go", "d/c.go", "x y.go"]);
        assert_eq!(found(&dir, "*.go"), ["a.go", "b.go", "x y.go"]);
        assert_eq!(found(&dir, ".*.go"), [".h.go"]);
        assert_eq!(found(&dir, "[!a]h.go"), [".h.go"]);
        assert_eq!(found(&dir, "?h.go"), [".h.go"]);
        assert_eq!(found(&dir, "*.h.go"), [".h.go"]);
        assert_eq!(found(&dir, "*h.go"), [""; 0]);
        assert_eq!(found(&dir, "*"), ["a.go", "b.go", "x y.go"]);
        assert_eq!(found(&dir, "d"), [""; 0]);
        assert_eq!(found(&dir, "./d/../a.go"), ["a.go"]);
    }

    #[test]
    fn two_stars_before_a_name_find_hidden_files_too() {
        let dir = tree(&["d/a.go", "d/.h.go", "d/.git/b.go", "d/e/c.go", "d/e/f.txt"]);
        assert_eq!(found(&dir, "d/**/*.go"), ["d/.git/b.go", "d/.h.go", "d/a.go", "d/e/c.go"]);
        assert_eq!(found(&dir, "d/**"), ["d/a.go", "d/e/c.go", "d/e/f.txt"]);
        assert_eq!(found(&dir, "**/{a,c}.go"), ["d/a.go", "d/e/c.go"]);
        assert_eq!(found(&dir, "*/**/*.txt"), ["d/e/f.txt"]);
    }

    #[test]
    fn our_own_state_is_never_found() {
        let dir = tree(&["a.log", ".par/runs/b.log"]);
        assert_eq!(found(&dir, "**/*.log"), ["a.log"]);
    }

    #[test]
    fn braces_classes_and_variables_are_expanded() {
        let dir = tree(&["d/a1", "d/a2", "d/b1", "d/c1"]);
        assert_eq!(found(&dir, "$D/{a,b}*"), ["d/a1", "d/a2", "d/b1"]);
        assert_eq!(found(&dir, "${D}/[!ab]?"), ["d/c1"]);
        assert_eq!(found(&dir, "d/[a-b]1"), ["d/a1", "d/b1"]);
        assert_eq!(found(&dir, "d/a{1..2}"), ["d/a1", "d/a2"]);
    }

    #[test]
    fn braces_that_multiply_without_end_are_left_as_they_are() {
        let dir = tree(&["d/a1"]);
        assert_eq!(found(&dir, &format!("d/{}*", "{a,b}".repeat(30))), [""; 0]);
        assert_eq!(found(&dir, &format!("d/{}*", "{".repeat(50_000))), [""; 0]);
    }

    #[test]
    fn a_plain_path_that_is_missing_takes_its_whole_pattern_along() {
        let dir = tree(&["a", "b"]);
        assert_eq!(found(&dir, "{a,b}"), ["a", "b"]);
        assert_eq!(found(&dir, "{a,c}"), [""; 0]);
    }

    #[test]
    fn linked_directories_are_followed_once() {
        let dir = tree(&["d/a.go", "e/b.go"]);
        std::os::unix::fs::symlink("../e", dir.path().join("d/link")).unwrap();
        std::os::unix::fs::symlink("../d", dir.path().join("e/back")).unwrap();
        assert_eq!(found(&dir, "d/**/*.go"), ["d/a.go", "d/link/b.go"]);
    }

    #[test]
    fn stars_take_as_much_as_is_needed() {
        assert!(matches("*a*b", "xaaxbb"));
        assert!(!matches("*a*b", "xaax"));
        assert!(matches("[]x]", "]"));
        assert!(matches("[x", "[x"));
        assert!(matches("\\*", "*"));
        assert!(!matches("\\*", "a"));
    }
}
