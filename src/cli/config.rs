//! `par config`: every setting and who decided it.

use super::args::Program;
use super::commands::ConfigLine;
use super::exit::Exit;
use super::prepare::{self, Asked};
use super::say::{self, Voice};
use super::settings::{Origin, Row};
use crate::diag::Fault;
use crate::host::Host;
use crate::taskfile::Failure;

/// Prints the settings. Without a Taskfile those that count everywhere.
pub(super) fn run(line: &ConfigLine, voice: Voice, host: &dyn Host) -> Exit {
    let asked =
        Asked { program: Program::Par, locate: &line.locate, own: &line.own, flags: &line.flags };
    let model = match prepare::model(asked.program, asked.locate, asked.network(), host) {
        Ok(model) => Some(model),
        Err(failure) if is_absent(&failure) => None,
        Err(failure) => return voice.complain(&failure),
    };
    match prepare::decide(asked, model, host) {
        Ok(ready) => {
            voice.warn(&ready.warnings.diagnostics, &ready.warnings.sources);
            let rows = ready.settings.rows();
            say::print(&if line.json { json(&rows) } else { table(&rows, host) })
        }
        Err(failure) => voice.complain(&failure),
    }
}

fn is_absent(failure: &Failure) -> bool {
    failure.diagnostics.iter().any(|error| error.fault == Fault::NoTaskfile)
}

fn table(rows: &[Row], host: &dyn Host) -> String {
    let name = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let value = rows.iter().map(|row| row.text().chars().count()).max().unwrap_or(0);
    let line = |row: &Row| {
        format!("{:name$}  {:value$}  {}\n", row.name, row.text(), origin(&row.origin, host))
    };
    rows.iter().map(line).collect()
}

fn origin(origin: &Origin, host: &dyn Host) -> String {
    let shown = |path: &std::path::Path| {
        let near = path.strip_prefix(host.cwd()).unwrap_or(path);
        near.display().to_string()
    };
    match origin {
        Origin::Flag(name) => format!("flag {name}"),
        Origin::Environment(name) => format!("environment variable {name}"),
        Origin::GoTask(path)
        | Origin::Project(path)
        | Origin::Taskfile(path)
        | Origin::User(path) => shown(path),
        Origin::Default => "default".into(),
    }
}

fn json(rows: &[Row]) -> String {
    let settings: serde_json::Map<String, serde_json::Value> = rows
        .iter()
        .map(|row| {
            let said = serde_json::json!({ "value": row.value, "origin": row.origin });
            (row.name.to_string(), said)
        })
        .collect();
    serde_json::to_string_pretty(&settings).map(|text| text + "\n").unwrap_or_default()
}
