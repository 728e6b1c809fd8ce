//! Which files a list of patterns means: later patterns win, and git's ignored files may be left out.
//!
//! Knows nothing of tasks; sees files through a [`Host`] alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use indexmap::IndexMap;

use super::Host;

/// One of several patterns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// The pattern, relative to a directory.
    pub text: Arc<str>,
    /// Takes out instead of in.
    pub exclude: bool,
}

/// What becomes of files that git ignores.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ignored {
    /// They count as all others.
    #[default]
    Kept,
    /// They are left out, where there is a repository.
    Omitted,
}

/// The files that patterns mean: absolute, sorted by bytes, each once. The last pattern that matches
/// a file decides; one that cannot be followed matches nothing.
pub fn select(host: &dyn Host, dir: &Path, patterns: &[Pattern], ignored: Ignored) -> Vec<PathBuf> {
    let mut decided: IndexMap<PathBuf, bool> = IndexMap::new();
    for pattern in patterns {
        for file in host.glob(dir, &pattern.text).unwrap_or_default() {
            decided.insert(dir.join(file), !pattern.exclude);
        }
    }
    let mut files: Vec<PathBuf> =
        decided.into_iter().filter(|(_, is_in)| *is_in).map(|(file, _)| file).collect();
    if ignored == Ignored::Omitted
        && let Some(mut rules) = Rules::around(host, dir)
    {
        files.retain(|file| !rules.ignore(file));
    }
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    files
}

/// The first pattern that takes in but finds nothing.
pub fn unmatched<'a>(host: &dyn Host, dir: &Path, patterns: &'a [Pattern]) -> Option<&'a Pattern> {
    let finds = |pattern: &Pattern| host.glob(dir, &pattern.text).is_ok_and(|all| !all.is_empty());
    patterns.iter().find(|pattern| !pattern.exclude && !finds(pattern))
}

/// The `.gitignore` files of a repository, read as they are needed.
struct Rules<'a> {
    host: &'a dyn Host,
    root: PathBuf,
    read: HashMap<PathBuf, Gitignore>,
}

impl<'a> Rules<'a> {
    /// The rules of the repository that `dir` is in.
    fn around(host: &'a dyn Host, dir: &Path) -> Option<Rules<'a>> {
        let root = dir.ancestors().find(|above| host.entry(&above.join(".git")).is_some())?;
        Some(Rules { host, root: root.into(), read: HashMap::new() })
    }

    /// Whether git ignores a file. What is in an ignored directory cannot be taken in again.
    fn ignore(&mut self, file: &Path) -> bool {
        let Ok(below) = file.strip_prefix(&self.root) else { return false };
        let mut path = self.root.clone();
        let parts: Vec<_> = below.components().collect();
        parts.iter().enumerate().any(|(at, part)| {
            path.push(part);
            self.matches(&path, at + 1 < parts.len())
        })
    }

    /// What the nearest `.gitignore` with an opinion says of one path.
    fn matches(&mut self, path: &Path, is_dir: bool) -> bool {
        let root = self.root.clone();
        let directories = path.ancestors().skip(1).take_while(|above| above.starts_with(&root));
        for directory in directories {
            match self.of(directory).matched(path, is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    fn of(&mut self, directory: &Path) -> &Gitignore {
        let host = self.host;
        self.read.entry(directory.into()).or_insert_with(|| {
            let text = host.read(&directory.join(".gitignore")).unwrap_or_default();
            let mut builder = GitignoreBuilder::new(directory);
            for line in text.lines() {
                // A line that is no pattern says nothing.
                let _ = builder.add_line(None, line);
            }
            builder.build().unwrap_or_else(|_| Gitignore::empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Os;
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        let pattern = |text: &&str| match text.strip_prefix('-') {
            Some(text) => Pattern { text: text.into(), exclude: true },
            None => Pattern { text: (*text).into(), exclude: false },
        };
        texts.iter().map(pattern).collect()
    }

    fn selected(dir: &tempfile::TempDir, texts: &[&str], ignored: Ignored) -> Vec<String> {
        let short = |file: PathBuf| file.strip_prefix(dir.path()).unwrap().display().to_string();
        let files = select(&Os, dir.path(), &patterns(texts), ignored);
        files.into_iter().map(short).collect()
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let dir = tree(&[("a.txt", ""), ("b.txt", ""), ("c.txt", "")]);
        let found = |texts| selected(&dir, texts, Ignored::Kept);
        assert_eq!(found(&["*.txt", "-b.txt"]), ["a.txt", "c.txt"]);
        assert_eq!(found(&["*.txt", "-*.txt", "b.txt"]), ["b.txt"]);
        assert_eq!(found(&["-b.txt", "*.txt"]), ["a.txt", "b.txt", "c.txt"]);
        assert_eq!(found(&["nope.txt", "a.txt"]), ["a.txt"]);
    }

    #[test]
    fn ignored_files_count_where_there_is_no_repository() {
        let files = [("keep", ""), ("build.log", ""), (".gitignore", "*.log\n")];
        let dir = tree(&files);
        assert_eq!(selected(&dir, &["*"], Ignored::Omitted), ["build.log", "keep"]);
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        assert_eq!(selected(&dir, &["*"], Ignored::Omitted), ["keep"]);
        assert_eq!(selected(&dir, &["*"], Ignored::Kept), ["build.log", "keep"]);
    }

    #[test]
    fn a_deeper_gitignore_may_take_in_again_but_not_below_an_ignored_directory() {
        let dir = tree(&[
            (".git/HEAD", ""),
            (".gitignore", "# logs\n*.log\n/out/\n"),
            ("sub/.gitignore", "!wanted.log\n/own\n"),
            ("sub/wanted.log", ""),
            ("sub/other.log", ""),
            ("sub/own", ""),
            ("sub/deep/own", ""),
            ("out/.gitignore", "!kept\n"),
            ("out/kept", ""),
        ]);
        let found = selected(&dir, &["sub/**/*", "out/*"], Ignored::Omitted);
        assert_eq!(found, ["sub/.gitignore", "sub/deep/own", "sub/wanted.log"]);
    }

    #[test]
    fn a_pattern_that_finds_nothing_is_named() {
        let dir = tree(&[("a.txt", "")]);
        let missing = |texts: &[&str]| {
            let patterns = patterns(texts);
            unmatched(&Os, dir.path(), &patterns).map(|pattern| pattern.text.to_string())
        };
        assert_eq!(missing(&["a.txt", "*.md"]), Some("*.md".into()));
        assert_eq!(missing(&["a.txt", "-*.md"]), None);
        assert_eq!(missing(&["b.txt"]), Some("b.txt".into()));
    }
}
