//! Paths as Taskfiles write them: `~`, `$NAME`, `..`.

use std::path::{Component, Path, PathBuf};

use crate::host::Host;

/// `path` on top of `base`, without `.` and `..`; an absolute `path` is only cleaned.
pub(super) fn join(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

/// The path as a message shows it: relative to the user's directory when it is below it.
pub(super) fn shown(path: &Path, host: &dyn Host) -> PathBuf {
    match path.strip_prefix(host.cwd()) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative.into(),
        _ => path.into(),
    }
}

/// Expands a leading `~`, and `$NAME` and `${NAME}` anywhere.
pub(super) fn expand(text: &str, host: &dyn Host) -> String {
    let env = |name: &str| host.env(name).unwrap_or_default();
    let (mut expanded, mut rest) = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => (env("HOME"), rest),
        _ => (String::new(), text),
    };
    while let Some(dollar) = rest.find('$') {
        let (before, after) = (&rest[..dollar], &rest[dollar + 1..]);
        expanded.push_str(before);
        match name(after) {
            Some((name, tail)) => {
                expanded.push_str(&env(name));
                rest = tail;
            }
            None => {
                expanded.push('$');
                rest = after;
            }
        }
    }
    expanded + rest
}

/// The name after a `$`, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('{') {
        return inner.split_once('}');
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    #[test]
    fn home_and_variables_are_expanded() {
        let host = Fake::new().with_env("HOME", "/h").with_env("A_1", "x");
        assert_eq!(expand("~/t/$A_1/${A_1}y/$NONE/$", &host), "/h/t/x/xy//$");
        assert_eq!(expand("~other/~", &host), "~other/~");
        assert_eq!(expand("~", &host), "/h");
    }

    #[test]
    fn joined_paths_are_clean() {
        assert_eq!(join(Path::new("/a/b"), "../c/./d"), Path::new("/a/c/d"));
        assert_eq!(join(Path::new("/a"), "/x/../y"), Path::new("/y"));
        assert_eq!(join(Path::new("/a"), ""), Path::new("/a"));
        assert_eq!(join(Path::new("/"), ".."), Path::new("/"));
    }
}
