//! `docs/reference.md` is what the code says: `UPDATE_REFERENCE=1 cargo test --test cli reference` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::harness::Test;

const HEAD: &str = "\
# Reference

Keys, commands with their flags, variables of the environment, events. Made from the code by
`UPDATE_REFERENCE=1 cargo test --test cli reference`; a test fails when it is out of date.
";

/// Variables that are read, and what they do. One that the code does not know is a mistake, and so is one that it
/// knows and that is in neither table.
const READ: &[(&str, &str)] = &[
    ("CI", "colours, even without a terminal, as in go-task"),
    ("CLICOLOR_FORCE", "colours, even without a terminal"),
    ("ENABLE_PARALLEL_EXECUTION", "`false`: one task at a time"),
    ("FORCE_COLOR", "colours, even without a terminal"),
    ("GITHUB_ACTIONS", "`true`: groups and annotations"),
    ("GITHUB_STEP_SUMMARY", "file to which a summary of the run is added"),
    ("GITLAB_CI", "`true`: sections"),
    ("MAX_JOBS", "at most so many processes where their number is `auto`"),
    ("NO_COLOR", "no colours"),
    ("PAR_COLOR", "`auto`, `always` or `never`; before all others"),
    ("PAR_HEARTBEAT", "how often a run says that it lives, as `30s`"),
    ("PAR_JOBS", "processes at the same time, as `--jobs`"),
    ("PAR_LOG", "what is told about the inside of the program, as `par=debug`"),
    ("PAR_OUTPUT_MODE", "how output is shown, as `--output`"),
    (
        "PAR_SILENCE",
        "without a terminal, how long nothing may be shown before a line says what runs, as `5m`; `0`: for ever",
    ),
    ("TASK_ASSUME_YES", "as `--yes`"),
    ("TASK_COLOR", "`false`: no colours"),
    ("TASK_CONCURRENCY", "as `--concurrency`"),
    ("TASK_DISABLE_FUZZY", "as `--disable-fuzzy`"),
    ("TASK_DRY", "as `--dry`"),
    ("TASK_FAILFAST", "as `--failfast`"),
    ("TASK_INTERACTIVE", "as `--interactive`"),
    ("TASK_OUTPUT", "as `--output`"),
    ("TASK_OUTPUT_GROUP_BEGIN", "as `--output-group-begin`"),
    ("TASK_OUTPUT_GROUP_END", "as `--output-group-end`"),
    ("TASK_OUTPUT_GROUP_ERROR_ONLY", "as `--output-group-error-only`"),
    ("TASK_SILENT", "as `--silent`"),
    ("TASK_TEMP_DIR", "as `--temp-dir`"),
    ("TASK_VERBOSE", "as `--verbose`"),
    ("TASK_X_ENV_PRECEDENCE", "`1`: this experiment of go-task"),
    ("TASK_X_GENTLE_FORCE", "`1`: this experiment of go-task"),
    ("USE_PARALLEL", "`false`: one task at a time"),
    ("XDG_CONFIG_HOME", "where the user's own `par/config.yml` is"),
    ("XDG_RUNTIME_DIR", "where sockets of runs are"),
];

/// Variables that commands are given.
const GIVEN: &[(&str, &str)] = &[
    ("PAR_ATTEMPT", "which attempt of its task this is, from 1"),
    ("PAR_CONTEXT_DIR", "the task's own folder, with `isolate: true`"),
    ("PAR_DEPTH", "how many runs this one stands in"),
    ("PAR_OUTPUT", "file for `KEY=value` lines that later tasks read"),
    ("PAR_RUN_DIR", "folder of the run, with `contexts/` of tasks that have ended"),
    ("PAR_RUN_ID", "the run"),
    ("PAR_STAGE", "the stage that the task is in"),
    ("PAR_STAGE_LOG", "log of what sent the task back"),
    ("PAR_STAGE_REASON", "why the task was sent back"),
    ("PAR_STAGE_ROUND", "the round of the stage, from 1"),
    ("PAR_TASK_ID", "the task in this run, unique everywhere"),
];

/// For the program itself, its tests, and templates: nobody sets or reads these.
const INNER: &[&str] = &[
    "PAR_CALLERS",
    "PAR_CLAIMS",
    "PAR_CONTROL_DELAY",
    "PAR_GUARD",
    "PAR_MACHINE",
    "PAR_SOCKET",
    "PAR_UNIT",
    "TASK_DIR",
    "TASK_EXE",
    "TASK_VERSION",
    "TASK_X_",
];

fn said(args: &[&str]) -> String {
    let ran = Test::new().args(args.iter().copied()).stdout_has("").run();
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a value may be, in words.
fn kind(schema: &Value) -> String {
    let list = |schemas: &Value| {
        let all: Vec<String> = schemas.as_array().into_iter().flatten().map(kind).collect();
        all.join(" or ")
    };
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or(name).into();
    }
    if schema["anyOf"].is_array() {
        return list(&schema["anyOf"]);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> =
            words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or_default())).collect();
        return words.join(", ");
    }
    if schema["items"].is_object() {
        return format!("list of {}", kind(&schema["items"]));
    }
    if schema["additionalProperties"].is_object() {
        return format!("names with {} each", kind(&schema["additionalProperties"]));
    }
    match schema["type"].as_str() {
        Some("object") => "map".into(),
        Some("array") => "list".into(),
        Some(word) => word.into(),
        None => "anything".into(),
    }
}

/// The keys of each kind of map.
fn keys() -> String {
    let schema: Value = serde_json::from_str(&said(&["schema"])).expect("JSON");
    let mut text = String::from(
        "\n## Keys\n\n`file` is the Taskfile itself, `settings` is `.par.yml`. `par schema` prints all of it for editors; \
         [keys.md](keys.md) says what those of `par` do.\n",
    );
    for (name, map) in schema["$defs"].as_object().expect("kinds") {
        let Some(keys) = map["properties"].as_object() else { continue };
        let _ = writeln!(text, "\n### {name}\n\n| key | value |\n|---|---|");
        for (key, value) in keys {
            let _ = writeln!(text, "| `{key}` | {} |", kind(value));
        }
    }
    text
}

/// The help of every command.
fn flags() -> String {
    let mut text = String::from("\n## Commands and flags\n");
    let overview = said(&["--help"]);
    let commands = overview.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names =
        commands.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    for name in
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
    {
        let help: Vec<String> =
            said(&["help", name]).lines().map(|line| line.trim_end().into()).collect();
        let _ = write!(text, "\n### par {name}\n\n~~~text\n{}\n~~~\n", help.join("\n").trim_end());
    }
    text
}

/// The code, without its tests.
fn code() -> String {
    let (mut all, mut dirs) = (String::new(), vec![root().join("src")]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
            let path = entry.path();
            let is_test = path.ends_with("tests") || path.ends_with("tests.rs");
            if path.is_dir() && !is_test {
                dirs.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !is_test {
                let text = std::fs::read_to_string(&path).expect("a file");
                all.push_str(text.split("#[cfg(test)]").next().unwrap_or(""));
            }
        }
    }
    all
}

fn variables() -> String {
    let names = r#""((?:PAR|TASK|CLICOLOR|FORCE|NO|MAX|USE|ENABLE|GITHUB|GITLAB|NATS|XDG)_[A-Z_]+|CI|GITLAB_CI)""#;
    let code = code();
    let found: BTreeSet<&str> = Regex::new(names)
        .expect("a pattern")
        .captures_iter(&code)
        .map(|found| found.get(1).expect("a name").as_str())
        .collect();
    let tables = READ.iter().chain(GIVEN).map(|(name, _)| *name);
    let known: BTreeSet<&str> = tables.chain(INNER.iter().copied()).collect();
    let wrong: Vec<&&str> = found.symmetric_difference(&known).collect();
    assert!(wrong.is_empty(), "known in the code or to this test only: {wrong:?}");
    let table = |rows: &[(&str, &str)]| -> String {
        rows.iter().map(|(name, meaning)| format!("| `{name}` | {meaning} |\n")).collect()
    };
    let head = "|---|---|\n";
    format!(
        "\n## Variables of the environment\n\nThose of go-task for remote Taskfiles (`TASK_REMOTE_…`) count as well.\n\n| read | |\n{head}{}\n\
         | given to commands | |\n{head}{}",
        table(READ),
        table(GIVEN)
    )
}

/// `PutAside` is `put_aside` in JSON.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The kinds of events and their fields, with what the source says of them.
fn events() -> String {
    let source = std::fs::read_to_string(root().join("src/event.rs")).expect("the source");
    let kinds = source.split("pub enum Kind {").nth(1).expect("kinds");
    let kinds = kinds.split("\n}").next().expect("an end");
    let mut text = String::from(
        "\n## Events\n\n`--events FILE` writes one a line, as JSON: `event` is its kind, `at` microseconds since the run began.\n",
    );
    let mut about = String::new();
    let (mut fields, mut ends) = (BTreeMap::new(), 0);
    for line in kinds.lines() {
        let bare = line.trim_start();
        if let Some(words) = bare.strip_prefix("///") {
            about = format!("{about} {}", words.trim()).trim().into();
            continue;
        }
        let about = std::mem::take(&mut about);
        let about = about.replace("[`VERSION`]", "Version of the events");
        match line.len() - bare.len() {
            4 if bare.starts_with(|letter: char| letter.is_uppercase()) => {
                let name = snake(bare.trim_end_matches([' ', '{', ',']));
                let _ = write!(text, "\n### {name}\n\n{about}\n");
                ends += 1;
            }
            8 if !bare.starts_with('#') => {
                let name = bare.split(':').next().unwrap_or(bare);
                let gap = if fields.insert(ends, ()).is_none() { "\n" } else { "" };
                let _ = writeln!(text, "{gap}- `{name}`: {about}");
            }
            _ => {}
        }
    }
    text
}

#[test]
fn the_reference_is_what_the_code_says() {
    let text = [HEAD, &keys(), &flags(), &variables(), &events()].concat();
    let path = root().join("docs/reference.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &text).expect("a file");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(text.lines()).find(|(old, new)| old != new);
    let again = "UPDATE_REFERENCE=1 cargo test --test cli reference";
    assert!(written == text, "docs/reference.md is out of date at {differs:?}: {again}");
}
