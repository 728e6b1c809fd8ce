//! Paths as Taskfiles write them: `~`, `$VAR`, relative to something.
//!
//! Pure text; asks nobody whether a path exists.

use std::path::{Component, Path, PathBuf};

/// `path` seen from `base`, without `.` and `..` where they can go.
pub(super) fn join(base: &Path, path: &str) -> PathBuf {
    clean(&base.join(path))
}

/// A directory seen from `base` before its templates are rendered: one that begins at a directory
/// which is absolute once rendered counts as absolute.
pub(super) fn join_raw(base: &Path, raw: &str) -> PathBuf {
    const ABSOLUTE: [&str; 3] = [".ROOT_DIR", ".TASKFILE_DIR", ".USER_WORKING_DIR"];
    if ABSOLUTE.iter().any(|name| raw.contains(name)) { raw.into() } else { join(base, raw) }
}

/// The same path in its shortest form, by its text alone.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match (part, out.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(out.pop()),
            (part, _) => out.push(part),
        }
    }
    out
}

/// `path` as it is called from inside `dir`; both absolute.
pub(super) fn relative(path: &Path, dir: &Path) -> PathBuf {
    let (path, dir) = (clean(path), clean(dir));
    let shared = path.components().zip(dir.components()).take_while(|(a, b)| a == b).count();
    let up = dir.components().skip(shared).map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(path.components().skip(shared)).collect();
    if relative.as_os_str().is_empty() { ".".into() } else { relative }
}

/// Expands a leading `~`, `$NAME`, `${NAME}` and `${NAME:-word}`; `\` takes the meaning of what follows.
pub(super) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if let Some(after) = text.strip_prefix('~').filter(|t| t.is_empty() || t.starts_with('/')) {
        out.push_str(&env("HOME").unwrap_or_else(|| "~".into()));
        rest = after;
    }
    while let Some(at) = rest.find(['$', '\\']) {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = match (rest.as_bytes()[at], reference(after)) {
            (b'$', Some((name, word, after))) => {
                out.push_str(&env(name).filter(|v| !v.is_empty()).unwrap_or_else(|| word.into()));
                after
            }
            (b'\\', _) if after.starts_with(['$', '\\', '`']) => {
                out.push_str(&after[..1]);
                &after[1..]
            }
            _ => {
                out.push_str(&rest[at..=at]);
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// The name after a `$`, the word for when it has no value, and what follows.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let Some(inner) = text.strip_prefix('{') else {
        let end = text.find(|c| !word(c)).unwrap_or(text.len());
        return (end > 0).then(|| (&text[..end], "", &text[end..]));
    };
    let (inside, after) = inner.split_once('}')?;
    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
    (!name.is_empty() && name.chars().all(word)).then_some((name, default, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_and_variables_are_expanded() {
        let env = |key: &str| match key {
            "HOME" => Some("/home/u".to_string()),
            "A" => Some("x".to_string()),
            _ => None,
        };
        assert_eq!(expand("~/a/$A/${A}b$NOPE/${NOPE:-d}", &env), "/home/u/a/x/xb/d");
        assert_eq!(expand("a~/\\$A/$", &env), "a~/$A/$");
    }

    #[test]
    fn joined_paths_are_clean() {
        assert_eq!(join(Path::new("/a/b"), "../c/./d"), Path::new("/a/c/d"));
        assert_eq!(join(Path::new("/a"), "/x/"), Path::new("/x"));
        assert_eq!(join(Path::new("/a"), ""), Path::new("/a"));
        assert_eq!(join_raw(Path::new("/a"), "{{.ROOT_DIR}}/x"), Path::new("{{.ROOT_DIR}}/x"));
    }

    #[test]
    fn paths_may_be_told_from_elsewhere() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/b")), Path::new("c"));
        assert_eq!(relative(Path::new("/a/x"), Path::new("/a/b")), Path::new("../x"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new("."));
    }
}
