//! Facts about loading as a whole: what a set of files means, how its mistakes are shown, what names mean.

mod calls;
mod meaning;
mod mistakes;
mod part;
mod policies;
mod stages;

use std::path::Path;

use proptest::prelude::*;

use super::model::{Action, Axis, Jobs, Model, Over, Run, VarValue};
use super::*;
use crate::diag::{Fault, Severity};
use crate::host::fake::Fake;
use crate::value::Value;

fn loaded(host: &Fake) -> Model {
    load(&Request::default(), host).unwrap_or_else(|failure| panic!("{}", shown(&failure)))
}

fn one(text: &str) -> Model {
    loaded(&Fake::new().file("Taskfile.yml", text))
}

fn two(root: &str, inner: &str) -> Model {
    loaded(&Fake::new().file("Taskfile.yml", root).file("sub/Taskfile.yml", inner))
}

fn failed(host: &Fake) -> Failure {
    load(&Request::default(), host).map(|_| "a model").expect_err("no failure")
}

fn shown(failure: &Failure) -> String {
    failure.diagnostics.iter().map(|d| d.render(&failure.sources, false)).collect()
}

/// The kind of the first error, and everything that is shown.
fn wrong(text: &str) -> (Fault, String) {
    wrong_files(&Fake::new().file("Taskfile.yml", text))
}

fn wrong_files(host: &Fake) -> (Fault, String) {
    let failure = failed(host);
    let first = failure.diagnostics.iter().find(|d| d.severity == Severity::Error);
    (first.expect("an error").fault, shown(&failure))
}

fn warned(text: &str) -> String {
    let model = one(text);
    model.warnings.iter().map(|w| w.render(&model.sources, false)).collect()
}

fn names(model: &Model) -> Vec<&str> {
    model.tasks.keys().map(|name| &**name).collect()
}

fn aliases(model: &Model, task: &str) -> Vec<String> {
    model.tasks[task].aliases.iter().map(|alias| alias.to_string()).collect()
}

fn called(model: &Model, from: &str, written: &str) -> String {
    match model.find(from, written, None) {
        Ok(found) => format!("{} {:?}", found.full_name(), found.matches()),
        Err(error) => format!("{}; {}", error.message, error.help.join("; ")),
    }
}

fn certain(text: &str, root: &str) -> String {
    let model = one(text);
    let wrong = model.check_certain(&[root], true);
    wrong.iter().map(|error| error.render(&model.sources, false)).collect()
}

/// Variables as `NAME=value`, with their directory where they have one.
fn vars(all: &[model::Var]) -> Vec<String> {
    let value = |value: &VarValue| match value {
        VarValue::Template(text) => text.text().value.to_string(),
        VarValue::Static(value) => format!("{value:?}"),
        VarValue::Shell(text) => format!("$({})", text.text().value),
        VarValue::Reference(text) => format!("ref {}", text.text().value),
    };
    let dir = |dir: &Option<PathBuf>| dir.as_ref().map(|d| format!(" in {}", d.display()));
    let one = |v: &model::Var| {
        format!("{}={}{}", v.name, value(&v.value), dir(&v.dir).unwrap_or_default())
    };
    all.iter().map(one).collect()
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "version: '3'\n",
        "tasks:",
        "vars:",
        "includes:",
        "a",
        "b",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        "&x ",
        "*x",
        "<<: ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\",
        "#",
        "{{.A}}",
        "~",
        "ä→𝄞",
        "\t",
        "\r\n",
        "---\n",
        "!!str ",
        "? ",
        ",",
        "cmds",
        "deps",
        "for",
        "task:b &",
        "wait",
        "sh",
        "1e3",
        "\u{feff}",
        "\0",
        "defer",
        "platforms",
        "requires",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_loading_panic(text in line()) {
        let host = Fake::new().file("Taskfile.yml", format!("version: '3'\n{text}"));
        match load(&Request::default(), &host) {
            Ok(model) => {
                let roots: Vec<String> = model.tasks.keys().map(|name| name.to_string()).collect();
                for error in model.check_certain(&roots, true) {
                    error.render(&model.sources, false);
                }
            }
            Err(failure) => prop_assert!(!shown(&failure).is_empty()),
        }
    }
}
