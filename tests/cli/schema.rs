//! `par schema`: every Taskfile of the repository is one by it, and mistakes are none.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Test;

fn schema() -> Value {
    let ran = Test::new().args(["schema"]).stdout_has("\"$schema\"").run();
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

/// What is wrong with a value, as a path and a reason; the parts of the draft that we use.
fn wrong(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let known = &root["$defs"][reference.trim_start_matches("#/$defs/")];
        assert!(!known.is_null(), "{reference} is not defined");
        return wrong(root, known, value, at);
    }
    if let Some(all) = schema["anyOf"].as_array() {
        let each: Vec<_> = all.iter().map(|one| wrong(root, one, value, at)).collect();
        return each.iter().all(Option::is_some).then(|| format!("{at}: none of {each:?}"));
    }
    if let Some(known) = schema["enum"].as_array() {
        return (!known.contains(value)).then(|| format!("{at}: {value} is not one of {known:?}"));
    }
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("an unknown type {other}"),
    };
    match &schema["type"] {
        Value::Null => {}
        Value::String(name) if is(name) => {}
        Value::Array(names) if names.iter().any(|name| is(name.as_str().unwrap_or(""))) => {}
        other => return Some(format!("{at}: {value} is not {other}")),
    }
    if let Some(map) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten() {
            if !map.contains_key(key.as_str().unwrap_or("")) {
                return Some(format!("{at}: {key} is missing"));
            }
        }
        return map.iter().find_map(|(key, value)| {
            let at = format!("{at}/{key}");
            match (&schema["properties"][key], &schema["additionalProperties"]) {
                (Value::Null, _) if key.starts_with("x-") => None,
                (Value::Null, Value::Bool(false)) => Some(format!("{at}: unknown key")),
                (Value::Null, Value::Null | Value::Bool(true)) => None,
                (Value::Null, more) => wrong(root, more, value, &at),
                (known, _) => wrong(root, known, value, &at),
            }
        });
    }
    let items = value.as_array().filter(|_| !schema["items"].is_null());
    items.into_iter().flatten().find_map(|item| wrong(root, &schema["items"], item, at))
}

fn check(schema: &Value, text: &str, name: &str) {
    let value: serde_yaml::Value = serde_yaml::from_str(text).expect(name);
    let value = json(value);
    assert_eq!(wrong(schema, schema, &value, ""), None, "{name}\n{text}");
}

/// YAML as JSON, its merges done, keys as text.
fn json(value: serde_yaml::Value) -> Value {
    let mut value = value;
    value.apply_merge().expect("merges");
    fn plain(value: serde_yaml::Value) -> Value {
        match value {
            serde_yaml::Value::Mapping(map) => map
                .into_iter()
                .map(|(key, value)| {
                    let key = key.as_str().map_or_else(|| format!("{key:?}"), String::from);
                    (key, plain(value))
                })
                .collect(),
            serde_yaml::Value::Sequence(items) => items.into_iter().map(plain).collect(),
            other => serde_json::to_value(other).expect("a scalar"),
        }
    }
    plain(value)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// All Taskfiles below a directory.
fn taskfiles(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if path.is_dir() {
            found.extend(taskfiles(&path));
        } else if name.starts_with("taskfile")
            && (name.ends_with(".yml") || name.ends_with(".yaml"))
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_taskfile_of_the_repository_is_one() {
    let schema = schema();
    let mut files = taskfiles(&root().join("examples"));
    assert!(files.len() >= 3);
    files.push(root().join("Taskfile.yml"));
    for file in files {
        check(
            &schema,
            &std::fs::read_to_string(&file).expect("a file"),
            &file.display().to_string(),
        );
    }
    for page in ["docs/keys.md", "README.md"] {
        let text = std::fs::read_to_string(root().join(page)).expect(page);
        for block in text.split("```").skip(1).step_by(2).filter(|block| block.starts_with("yaml"))
        {
            let (head, body) = block.split_once('\n').expect("lines");
            if !head.contains("typo") {
                check(&schema, body, page);
            }
        }
    }
}

#[test]
fn what_init_writes_is_one() {
    let schema = schema();
    let ran = Test::new().args(["init"]).stdout_has("created").run();
    check(&schema, &ran.text("Taskfile.yml"), "init");
}

#[test]
fn mistakes_are_none() {
    let schema = schema();
    for (text, what) in [
        ("{tasks: {a: echo}}", "\"version\" is missing"),
        ("{version: '3', tasks: {a: {dsec: x}}}", "/tasks/a/dsec: unknown key"),
        ("{version: '3', tasks: {a: {deps: [{tsak: b}]}}}", "unknown key"),
        ("{version: '3', tasks: {a: {priority: urgent}}}", "is not one of"),
        ("{version: '3', tasks: {a: {cmds: 7}}}", "is not"),
        ("{version: '3', paralel: {}}", "/paralel: unknown key"),
    ] {
        let value = json(serde_yaml::from_str(text).expect("YAML"));
        let found = wrong(&schema, &schema, &value, "").expect(text);
        assert!(found.contains(what), "{text}: {found}");
    }
    check(&schema, "{version: '3', x-mine: 1, tasks: {a: {x-other: [1]}}}", "x-");
}
