//! Whatever the text: parsing and rendering come to an end, without a panic.

use proptest::prelude::*;

use super::{Still, vars};
use crate::source::{FileId, Layout, Span, Text};
use crate::template::Template;

/// Pieces that make a random text more often a template.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{if .X}}",
    "{{else}}",
    "{{end}}",
    "{{range .LIST}}",
    "{{range 3}}",
    "{{with .MAP}}",
    "{{define \"t\"}}",
    "{{template \"t\" .}}",
    "{{break}}",
    ".WORD",
    ".MAP.a",
    "$x",
    " := ",
    " = ",
    "|",
    "(",
    ")",
    " ",
    "print ",
    "list ",
    "dict ",
    "printf \"%*d%v\" ",
    "index ",
    "set ",
    "\"a\"",
    "`b`",
    "'c'",
    "12",
    "-1",
    "1.5",
    "nil",
    "true",
    "/*",
    "*/",
    "repeat 9 ",
    "regexReplaceAll ",
    "\n",
    "é",
    "split ",
    "slice ",
    "seq ",
    "date ",
    "toYaml ",
    "fromYaml ",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..25).prop_map(|words| words.concat())
}

fn survives(text: &str) {
    let text = Text {
        value: text.into(),
        span: Span::new(FileId(0), 0, text.len()),
        layout: Layout::Verbatim(0),
    };
    let outcome = Template::parse(&text).and_then(|template| {
        template.reads();
        template.render(&vars(), &Still)
    });
    if let Err(diagnostic) = outcome {
        let at = diagnostic.labels[0].span;
        assert!(text.value.get(at.start as usize..at.end as usize).is_some(), "{diagnostic:?}");
    }
    let _ = Template::parse_expression(&text).and_then(|e| e.evaluate(&vars(), &Still));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_text_neither_panics_nor_hangs(text in ".*") {
        survives(&text);
    }

    #[test]
    fn random_actions_neither_panic_nor_hang(text in pieces()) {
        survives(&text);
    }

    #[test]
    fn random_calls_neither_panic_nor_hang(
        name in prop::sample::select(crate::template::functions::names().collect::<Vec<_>>()),
        arguments in prop::collection::vec(
            prop::sample::select(&[
                ".WORD", ".COUNT", ".LIST", ".MAP", ".NO", ".RATIO", "\"é%d[(\"", "-3", "0", "\"1h\"",
                "9223372036854775807", "-9223372036854775808", "1", "true", "\"\"", "now", "nil", "1e300",
            ][..]),
            0..5,
        ),
    ) {
        if name != "getHostByName" {
            survives(&format!("{{{{{name} {}}}}}", arguments.join(" ")));
        }
    }
}
