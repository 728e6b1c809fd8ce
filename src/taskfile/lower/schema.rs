//! The JSON schema of a Taskfile, made of the tables of keys.

use serde_json::{Map, Value, json};

use super::keys::{self, Keys};

/// Every kind of map that has a table.
const MAPS: [(&str, &Keys); 26] = [
    ("file", &keys::FILE),
    ("task", &keys::TASK),
    ("command", &keys::COMMAND),
    ("defer", &keys::DEFER),
    ("dependency", &keys::DEPENDENCY),
    ("precondition", &keys::PRECONDITION),
    ("glob", &keys::GLOB),
    ("requires", &keys::REQUIRES),
    ("required", &keys::REQUIRED),
    ("reference", &keys::REFERENCE),
    ("loop", &keys::LOOP),
    ("output", &keys::OUTPUT),
    ("group", &keys::GROUP),
    ("variable", &keys::VARIABLE),
    ("include", &keys::INCLUDE),
    ("retry", &keys::RETRY),
    ("lock", &keys::LOCK),
    ("ready", &keys::READY),
    ("needs", &keys::NEEDS),
    ("member", &keys::MEMBER),
    ("verify", &keys::VERIFY),
    ("gate", &keys::GATE),
    ("agent", &keys::AGENT),
    ("stage", &keys::STAGE),
    ("settings", &keys::SETTINGS),
    ("parallel", &keys::PARALLEL),
];

/// The schema, in the 2020-12 draft.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for (kind, table) in MAPS {
        let properties: Map<String, Value> =
            table.names().map(|key| (key.to_string(), value(kind, key))).collect();
        definitions.insert(
            kind.into(),
            json!({
                "type": "object",
                "properties": properties,
                "patternProperties": {"^x-": {}},
                "additionalProperties": false,
            }),
        );
    }
    definitions["file"]["required"] = json!(["version"]);
    for (name, schema) in shared() {
        definitions.insert(name.into(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Taskfile of par",
        "$ref": "#/$defs/file",
        "$defs": definitions,
    })
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn list(item: Value) -> Value {
    json!({"type": "array", "items": item})
}

fn any(schemas: Vec<Value>) -> Value {
    json!({ "anyOf": schemas })
}

fn names(item: &str) -> Value {
    json!({"type": ["object", "null"], "additionalProperties": of(item)})
}

/// What several keys take.
fn shared() -> Vec<(&'static str, Value)> {
    let scalar = json!({"type": ["string", "number", "boolean", "null"]});
    vec![
        ("text", json!({"type": ["string", "number", "boolean"]})),
        ("flag", json!({"type": ["boolean", "string"]})),
        ("count", json!({"type": ["integer", "string"]})),
        ("duration", json!({"type": ["string", "number"]})),
        ("texts", list(of("text"))),
        ("scalar", scalar),
        ("value", any(vec![of("scalar"), json!({"type": "array"}), of("variable")])),
        ("values", names("value")),
        ("commands", list(any(vec![of("scalar"), of("command")]))),
        ("calls", list(any(vec![of("text"), of("dependency"), json!({"type": "null"})]))),
        ("globs", list(any(vec![of("text"), of("glob")]))),
        ("conditions", list(any(vec![of("text"), of("precondition"), json!({"type": "null"})]))),
        ("turns", any(vec![of("text"), json!({"type": "array"}), of("loop")])),
        ("anything", json!({})),
        ("verifies", json!({"type": "object", "additionalProperties": of("text")})),
        ("one", any(vec![of("task"), of("scalar"), of("commands")])),
    ]
}

/// What a key of one kind of map takes.
fn value(kind: &str, key: &str) -> Value {
    match (kind, key) {
        ("file", "tasks") => names("one"),
        ("file", "includes") => {
            json!({"type": ["object", "null"], "additionalProperties": any(vec![of("text"), of("include")])})
        }
        ("file", "agents") => names("agent"),
        ("file", "output") => {
            any(vec![json!({"enum": ["interleaved", "group", "prefixed"]}), of("output")])
        }
        ("file", "parallel" | "parallel_execution") | ("settings", _) => of("parallel"),
        ("parallel", "pools") | ("task", "resources") => json!({"type": "object"}),
        ("parallel", "enabled") => of("flag"),
        ("parallel", "fallback") => json!({"enum": ["none", "sequential"]}),
        ("parallel", _) => of("text"),
        ("task", "cmds") => of("commands"),
        ("task", "cmd") => any(vec![of("scalar"), of("command")]),
        ("task", "deps" | "depends_on") => of("calls"),
        ("task", "preconditions") => of("conditions"),
        ("task", "sources" | "generates") => of("globs"),
        ("task", "locks") => list(any(vec![of("text"), of("lock")])),
        ("task", "prompt") => any(vec![of("text"), of("texts")]),
        ("task", "requires") => of("requires"),
        ("task", "retry") => any(vec![of("count"), of("retry")]),
        ("task", "needs") => of("needs"),
        ("task", "ready") => of("ready"),
        ("task", "stages") => list(of("stage")),
        ("task", "stall_action") => json!({"enum": ["warn", "stop"]}),
        ("task", "priority") => {
            json!({"enum": ["critical", "high", "normal", "low", "P0", "P1", "P2", "P3"]})
        }
        ("stage", "tasks") => list(any(vec![of("text"), of("member")])),
        ("stage", "verify") => any(vec![of("texts"), of("verify")]),
        ("stage", "gate") => any(vec![of("text"), of("gate")]),
        ("stage", "on_failure") => json!({"enum": ["collect", "stop"]}),
        ("verify", "tasks") => any(vec![of("texts"), of("verifies")]),
        ("command", "defer") => any(vec![of("text"), of("defer")]),
        ("command" | "dependency" | "member", "for") => of("turns"),
        ("output", "group") => of("group"),
        ("requires", "vars") => list(any(vec![of("text"), of("required")])),
        ("required", "enum") => any(vec![json!({"type": "array"}), of("reference")]),
        ("loop", "matrix") => json!({"type": "object"}),
        ("variable", "map") => json!({"type": "object"}),
        ("variable", "value") => of("anything"),
        ("retry", "on") => any(vec![of("text"), of("texts")]),
        ("include", "aliases" | "excludes")
        | ("needs", _)
        | ("retry", "patterns")
        | ("agent", "capabilities" | "compatible")
        | ("stage", "needs") => of("texts"),
        (_, "vars" | "env") => of("values"),
        (_, "method") => json!({"enum": ["checksum", "timestamp", "none"]}),
        (_, "run") => json!({"enum": ["always", "once", "when_changed"]}),
        (
            _,
            "aliases" | "status" | "dotenv" | "set" | "shopt" | "platforms" | "after" | "blocks",
        ) => of("texts"),
        (
            _,
            "silent" | "interactive" | "internal" | "ignore_error" | "use_gitignore" | "watch"
            | "failfast" | "isolate" | "parallel" | "persistent" | "optional" | "flatten"
            | "secret" | "error_only" | "jitter",
        ) => of("flag"),
        (_, "timeout" | "interval" | "delay" | "max_delay" | "stall" | "estimate") => {
            of("duration")
        }
        _ => of("text"),
    }
}
