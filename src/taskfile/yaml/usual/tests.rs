//! The reader and the parser agree; and the reader does read what it is for.

use std::path::Path;

use proptest::prelude::*;

use super::super::parse::parse_all;
use super::super::place::Stand;
use super::random::{cut, faults, lines, written};
use super::read;
use crate::source::FileId;

const WHOLE: Stand<'static> = Stand { file: FileId(7), cut: None };

/// What is read is what the parser gives: values, styles, places and layouts.
fn agrees(text: &str, stand: Stand<'_>) -> bool {
    let Some(read) = read(text, stand) else { return false };
    match parse_all(text, stand) {
        Ok(parsed) => assert_eq!(read, parsed, "{text:?}"),
        Err(error) => panic!("{text:?} is read, but {error:?}"),
    }
    true
}

#[test]
fn the_usual_shapes_are_read_without_the_parser() {
    #[rustfmt::skip]
    let shapes = [
        // Maps, comments and blank lines.
        "a: b\n", "a: b", "a:\n", "a:", "# comment\n\na: b # c\n  # d\n", "---\na: b\n", "# c\n---\n\na: b\n",
        "a:\n  b: c\n  d:\n    e: f\ng: h\n", "  a: b\n  c: d\n", "a:\n\n    b: c\n",
        // Lists, also at the column of their key, and maps in them.
        "a:\n  - b\n  - c\n", "a:\n- b\n- c\nd: e\n", "- a\n- b\n", "- a: b\n  c: d\n- e:\n", "- - a\n  - b\n- c\n",
        "a:\n  - b: c\n    d:\n    - e\n    - f: g\n  -\n  - h\n", "-\n- \n- # c\n", "a:\n  -\n    b: c\n",
        "a:\n  b\n", "a:\n  'b'\nc:\n  [d]\n",
        // Plain texts, and those in quotes.
        "a: ~\nb: null\nc: 'null'\nd: ''\n", "a b: c d\na-b: c:d\nhttp://x: a#b\nc: -d .e <f $g (h) =i +j\n",
        "'a': 'b'\n\"c\": \"d\"\n'e:*': 'it''s' # f\n\"g\": \"h \\\"i\\\" \\\\ \\n\\t\"\n", "a: '{{.B}}: #'\n",
        // Flow collections.
        "a: [b, c]\n", "a: []\nb: {}\nc: [ d, [e], {f: g, 'h': \"i\"} ] # j\n", "- [a]\n- {b: c d, e: [f, ~]}\n",
        "- {task: a, vars: {B: 'c', D: \"{{.E}}\"}}\n", "a: [b:c, 1, -2, https://d/e]\n",
        "a: {\"b\":c,\"d\":[1,2],'e':-1}\n",
        // Literal blocks.
        "a: |\n  b\n   c\n\n  d: #\n# e\nf: |-\n    g\n\n\nh: |+\n  i\n\n", "a: |\n  b", "a: |-\n  b", "a: |+\n  b",
        "- |\n  a\n  \tb\n  \n", "- a: | # c\n    b\n  d: e\n", "a: |\n\n \n  b\n   \n    \n",
        "a:\n  |\n  b\n", "-\n  |-\n b\n",
        // Other letters, spaces at the end, keys that are written twice or merge.
        "ä: →\n→: 'ä' # ö\nb: |\n  ä\n", "a: b\n   \n\nc: d\n   ", "a: b\na: c\n", "<<: {a: b}\n",
    ];
    for shape in shapes {
        assert!(agrees(shape, WHOLE), "{shape:?}");
    }
}

#[test]
fn what_leaves_a_doubt_is_left_to_the_parser() {
    #[rustfmt::skip]
    let shapes = [
        // No map or list, or more than one document.
        "", "# c\n", "a\n", "'a'\n", "[a]\n", "{a: b}\n", "|\n a\n", "a: b\n...\n", "a: b\n---\nc: d\n",
        "---\n---\na: b\n", "%YAML 1.2\n---\na: b\n",
        // Anchors, aliases, tags, long keys, folded blocks, blocks with indentation or without text.
        "a: &b c\n", "a: *b\n", "a: !b c\n", "a: !!str 1\n", "? a\n: b\n", "a: ? b\n", "a: >\n  b\n",
        "a: |2\n   b\n", "a: |\nb: c\n", "a: |\n  b\n  ", "a: |\n   \n  b\n", "a: |\n", "a: |",
        // What does not end on its line.
        "a: b\n  c\n", "a: b # c\n  d\n", "a: 'b\n  c'\n", "a: \"b\n  c\"\n", "a: [b,\n  c]\n", "a: {b: c\n}\n",
        // Templates that are flow maps, and other mistakes.
        "a: {{.B}}\n", "a: [{{.B}}]\n", "a: b: c\n", "a: - b\n", "a: 'b' c\n", "a: [b] c\n", "[a]: b\n", "a: [b]: c\n",
        "a: @b\n", "a: `b`\n", "a: %b\n", "a: 'b'#c\n", "a: b\n c: d\n", "a:\n  b: c\n d: e\n", "- a\nb: c\n",
        "a: b\n- c\n", "  a: b\nc: d\n", "a: b\nc\n", "a\nb: c\n", "- a\n-b\n",
        // Characters that mean something of their own.
        "a:\tb\n", "a: b\tc\n", "\ta: b\n", "- |\n  a\n\tb\n", "a:\r\n", "\u{feff}a: b\n", "a: b\u{a0}\n", "a: \"\\x41\"\n",
        // Right, but rare.
        "a : b\n", "'a' : b\n", "a: [b: c]\n", "a: {b}\n", "a: {b: }\n", "a: [b,]\n", "a: [b, -]\n", "a: [b -, c]\n",
    ];
    for shape in shapes {
        assert_eq!(read(shape, WHOLE), None, "{shape:?}");
    }
}

#[test]
fn depth_is_left_to_the_parser_before_it_is_too_much() {
    for (open, close) in [("- ", ""), ("[", "]"), ("{a: ", "}"), ("- [", "]")] {
        let nested =
            |depth: usize| format!("a:\n  {}b{}\n", open.repeat(depth), close.repeat(depth));
        let levels = if open == "- [" { 2 } else { 1 };
        for depth in [1, 5, 198 / levels, 199 / levels] {
            assert!(
                agrees(&nested(depth), WHOLE) || open == "- [" && depth > 1,
                "{depth} of {open}"
            );
        }
        for depth in [200, 1_000, 100_000] {
            assert_eq!(read(&nested(depth), WHOLE), None, "{depth} of {open}");
        }
    }
    let steps = |depth: usize| {
        (0..depth).fold(String::new(), |text, at| text + &format!("{}a:\n", " ".repeat(at)))
    };
    assert!(agrees(&steps(200), WHOLE));
    assert_eq!(read(&steps(201), WHOLE), None);
}

#[test]
fn a_key_is_no_longer_than_the_parser_takes() {
    for length in [1_000, 1_020, 1_024, 1_025, 3_000] {
        let text = format!("a: b\n{}: c\n", "k".repeat(length));
        assert_eq!(agrees(&text, WHOLE), length <= 1_000, "{length}");
    }
}

/// All files of the project that are YAML, and the blocks of its documents that are.
fn taskfiles() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<_> =
        ["examples", "tests", "docs", "packaging"].map(|name| root.join(name)).into();
    open.extend(["Taskfile.yml", "README.md"].map(|name| root.join(name)));
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if let Ok(folder) = path.read_dir() {
            open.extend(folder.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let text = || std::fs::read_to_string(&path).unwrap_or_default();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yml" | "yaml") => found.push(text()),
            Some("md") => {
                let text = text();
                let blocks = text.split("```yaml\n").skip(1);
                found.extend(blocks.filter_map(|block| Some(block.split_once("```")?.0.into())));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_taskfiles_of_the_project_are_read_as_the_parser_reads_them() {
    let all = taskfiles();
    let read = all.iter().filter(|text| agrees(text, WHOLE)).count();
    assert!(all.len() > 100, "only {} found", all.len());
    assert!(read * 10 >= all.len() * 8, "only {read} of {}", all.len());
}

proptest! {
    #[test]
    fn what_is_read_of_any_lines_is_what_the_parser_gives(text in lines()) {
        agrees(&text, WHOLE);
    }

    #[test]
    fn what_is_read_of_documents_is_what_the_parser_gives(
        choices in prop::collection::vec(any::<u8>(), 0..200),
        faults in faults(),
    ) {
        let is_read = agrees(&written(&choices, &faults), WHOLE);
        // The reader knows all that is written on purpose.
        prop_assert!(is_read || !faults.is_empty(), "{:?}", written(&choices, &[]));
    }

    #[test]
    fn what_is_read_of_parts_is_what_the_parser_gives(
        choices in prop::collection::vec(any::<u8>(), 0..200),
        ends in prop::collection::vec(any::<u16>(), 0..6),
    ) {
        let text = written(&choices, &[]);
        let cut = cut(&text, &ends);
        agrees(&cut.text, Stand { file: FileId(7), cut: Some(&cut) });
    }
}
