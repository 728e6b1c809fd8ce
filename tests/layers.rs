//! Imports point downward: a module uses only the modules that its row of the table names.
//!
//! Changing the table is a decision about the architecture; it deserves a commit that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every module at the top of the crate, and what it may import.
const TABLE: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "serve",
            "watch",
            "remote",
            "advise",
            "report",
            "run",
            "sim",
            "exec",
            "fingerprint",
            "store",
            "schedule",
            "event",
            "resolve",
            "planfile",
            "plan",
            "taskfile",
            "template",
            "host",
            "diag",
            "term",
            "value",
            "source",
            "id",
        ],
    ),
    ("serve", &["store", "report", "event", "plan", "id"]),
    ("watch", &["plan", "host"]),
    // Answers what `taskfile` asks of the network, which itself reads local files only.
    ("remote", &["taskfile", "diag"]),
    ("advise", &["sim", "plan", "taskfile", "event", "id"]),
    ("report", &["event", "plan", "store", "term", "id"]),
    // The driver is where facts meet: it answers planning's questions about the machine (host, diag,
    // source), keeps what tasks write (store) and tells those who watch (report), which never import it.
    (
        "run",
        &[
            "report",
            "schedule",
            "exec",
            "fingerprint",
            "store",
            "resolve",
            "event",
            "plan",
            "host",
            "diag",
            "source",
            "id",
        ],
    ),
    ("sim", &["schedule", "event", "plan", "id"]),
    ("exec", &["event", "id"]),
    // A fingerprint is taken of what planning says that a task is made of.
    ("fingerprint", &["store", "resolve", "plan", "host", "id"]),
    ("store", &["event", "id"]),
    ("schedule", &["event", "plan", "id"]),
    ("event", &["id"]),
    ("resolve", &["plan", "taskfile", "template", "host", "diag", "source", "value", "id"]),
    ("planfile", &["plan", "taskfile", "diag", "source", "value", "id"]),
    ("plan", &["id"]),
    ("taskfile", &["template", "host", "diag", "source", "value"]),
    ("template", &["diag", "source", "value"]),
    ("host", &[]),
    ("diag", &["source"]),
    ("term", &[]),
    ("value", &[]),
    ("source", &[]),
    ("id", &[]),
];

fn row(module: &str) -> Option<&'static [&'static str]> {
    TABLE.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// One import that the table does not allow.
#[derive(PartialEq, Eq, Debug)]
struct Upward {
    file: PathBuf,
    line: usize,
    imports: String,
}

#[test]
fn imports_point_downward() {
    let wrong: Vec<String> =
        sources().iter().flat_map(|(file, text)| upward(file, text)).map(shown).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_row() {
    let lib = std::fs::read_to_string(source_dir().join("lib.rs")).expect("lib.rs");
    let modules = blanked(&lib);
    let modules = modules.lines().filter_map(|line| line.trim().strip_prefix("pub mod "));
    for module in modules.map(|rest| rest.trim_end_matches(';')) {
        assert!(row(module).is_some(), "{module} has no row");
    }
}

#[test]
fn no_module_stands_above_itself() {
    let mut left: BTreeMap<&str, BTreeSet<&str>> =
        TABLE.iter().map(|(name, allowed)| (*name, allowed.iter().copied().collect())).collect();
    while !left.is_empty() {
        let lowest: Vec<&str> =
            left.iter().filter(|(_, below)| below.is_empty()).map(|(name, _)| *name).collect();
        assert!(!lowest.is_empty(), "a cycle among {:?}", left.keys());
        lowest.iter().for_each(|name| drop(left.remove(name)));
        left.values_mut().for_each(|below| below.retain(|name| !lowest.contains(name)));
    }
}

#[test]
fn a_planted_upward_import_is_found() {
    let text = "//! crate::cli is not meant here.\nuse crate::event::Event;\nuse crate::{id, run::Driver};\n";
    let planted = upward(Path::new("schedule/queue.rs"), text);
    let expected = Upward { file: "schedule/queue.rs".into(), line: 3, imports: "run".into() };
    assert_eq!(planted, [expected]);
    assert_eq!(upward(Path::new("run/mod.rs"), "use crate::schedule::At;"), []);
}

#[test]
fn imports_are_read_wherever_they_stand() {
    let text = r##"
        use crate::{a::{b, c}, d, self as e};
        use crate :: f :: G;
        /* use crate::no; /* crate::no */ crate::no */
        fn x<'crate>(s: &'static str) -> char { let _ = "crate::no \" crate::no"; 'c' }
        const RAW: &str = r#"crate::no " "#;
        fn y() { crate::g::h(par::i::j()) }
        use super::super::k;
        // crate::no
        mod tests { use super::*; }
    "##;
    let found: Vec<String> = imports(text, 2).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["a", "d", "f", "g", "i", "k"]);
}

fn shown(upward: Upward) -> String {
    let Upward { file, line, imports } = upward;
    format!("src/{}:{line} imports {imports}", file.display())
}

fn source_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files, by their path below `src`.
fn sources() -> Vec<(PathBuf, String)> {
    let mut dirs = vec![source_dir()];
    let mut files = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() => dirs.push(path),
                Some("rs") => {
                    let text = std::fs::read_to_string(&path).expect("text");
                    let below = path.strip_prefix(source_dir()).expect("below src");
                    files.push((below.to_path_buf(), text));
                }
                _ => {}
            }
        }
    }
    files
}

/// The imports of one file that its module's row does not allow.
fn upward(file: &Path, text: &str) -> Vec<Upward> {
    let parts: Vec<String> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| part != "mod")
        .collect();
    let module = parts[0].as_str();
    let allowed = match module {
        "lib" => &[][..],
        module => row(module).unwrap_or_else(|| panic!("{module} has no row")),
    };
    let is_upward = |name: &str| name != module && row(name).is_some() && !allowed.contains(&name);
    imports(text, parts.len())
        .into_iter()
        .filter(|(name, _)| is_upward(name))
        .map(|(imports, line)| Upward { file: file.into(), line, imports })
        .collect()
}

/// First names of all paths from the root of the crate, each with its line. `depth` is how many
/// `super` lead from the file's module to the root.
fn imports(text: &str, depth: usize) -> Vec<(String, usize)> {
    let tokens = tokens(&blanked(text));
    let word = |at: usize| tokens.get(at).map_or("", |(token, _)| token.as_str());
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let begins = !(at > 0 && word(at - 1) == "::");
        let supers = (0..).take_while(|n| word(at + 2 * n) == "super").count();
        let after = match word(at) {
            "crate" | "par" if begins && word(at + 1) == "::" => at + 2,
            "super" if begins && supers >= depth => at + 2 * supers,
            _ => continue,
        };
        if word(after) == "{" {
            found.extend(group(&tokens, after));
        } else if is_name(word(after)) {
            found.push(tokens[after].clone());
        }
    }
    found
}

/// The first names in `{a::b, c}`, which begins at `open`.
fn group(tokens: &[(String, usize)], open: usize) -> Vec<(String, usize)> {
    let mut depth = 0;
    let mut found = Vec::new();
    for at in open..tokens.len() {
        match tokens[at].0.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth == 1 && is_name(name) && matches!(&*tokens[at - 1].0, "{" | ",") => {
                found.push(tokens[at].clone());
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c == '_' || c.is_alphabetic()) && token != "self"
}

/// Words, `::` and single characters, each with its line.
fn tokens(text: &str) -> Vec<(String, usize)> {
    let pattern = regex::Regex::new(r"\w+|::|\n|\S").expect("a pattern");
    let mut line = 1;
    let mut tokens = Vec::new();
    for token in pattern.find_iter(text) {
        match token.as_str() {
            "\n" => line += 1,
            other => tokens.push((other.to_string(), line)),
        }
    }
    tokens
}

/// The text with comments, strings and character literals blanked, its lines kept.
fn blanked(text: &str) -> String {
    const COMMENT: &str = r"//[^\n]*";
    const RAW: [&str; 3] =
        [r#"\bb?r"[^"]*""#, r##"\bb?r#"(?s:.*?)"#"##, r###"\bb?r##"(?s:.*?)"##"###];
    const STRING: &str = r#"b?"(?:[^"\\]|\\(?s:.))*""#;
    const CHARACTER: &str = r"b?'(?:[^'\\\n]|\\(?:[^u]|u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}))'";
    let all = [COMMENT, r"/\*", RAW[0], RAW[1], RAW[2], STRING, CHARACTER].join("|");
    let pattern = regex::Regex::new(&all).expect("a pattern");
    let mut kept = String::new();
    let mut rest = text;
    while let Some(found) = pattern.find(rest) {
        let length = match found.as_str() {
            "/*" => block_comment(&rest[found.start()..]),
            other => other.len(),
        };
        let (before, gone) = (&rest[..found.start()], &rest[found.start()..][..length]);
        kept += before;
        kept.push(' ');
        kept.extend(gone.chars().filter(|&c| c == '\n'));
        rest = &rest[found.start() + length..];
    }
    kept + rest
}

/// Length of the comment at the beginning of `text`; comments may hold comments.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
