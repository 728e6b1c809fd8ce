//! `par why`: whether tasks would run, and what has changed since they last succeeded.
//!
//! Runs no command of a task, only its `status` scripts; writes nothing.

use std::sync::Arc;

use serde::Serialize;

use super::args::{Program, RunArgs, sort_words};
use super::commands::WhyLine;
use super::exit::Exit;
use super::flags::{Flags, ParallelFlags};
use super::planning::{planning, requests};
use super::prepare::{self, Asked};
use super::say::{self, Voice};
use super::status;
use super::unknown;
use super::world::World;
use crate::diag::Diagnostic;
use crate::fingerprint::{Fingerprints, Reason};
use crate::host::Host;
use crate::id::{TaskIds, UnitId};
use crate::plan::Work;
use crate::resolve::{Ahead, Check, Resolver, plan_ahead};
use crate::term::columns;

/// What is known of one task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Answer {
    task: String,
    /// Whether its commands would run.
    runs: bool,
    because: Vec<Because>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Because {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    text: String,
}

impl Because {
    fn of(reason: &Reason) -> Because {
        Because { kind: reason.kind(), subject: reason.subject(), text: reason.to_string() }
    }

    fn plain(kind: &'static str, text: impl Into<String>) -> Because {
        Because { kind, subject: None, text: text.into() }
    }
}

/// Says why the tasks named, and those that they need, would run.
pub(super) fn run(line: &WhyLine, voice: Voice, host: &dyn Host) -> Exit {
    let (own, flags) = (ParallelFlags::default(), Flags::default());
    let asked = Asked { program: Program::Par, locate: &line.locate, own: &own, flags: &flags };
    let answers = prepare::ready(asked, host).and_then(|ready| {
        voice.warn(&ready.warnings.diagnostics, &ready.warnings.sources);
        let model = Arc::new(ready.model.unwrap_or_default());
        voice.warn(&model.warnings, &model.sources);
        let (tasks, vars) = sort_words(line.words.clone());
        let args = RunArgs { tasks, vars, ..RunArgs::default() };
        let wishes = planning(&args, &ready.settings, &model, host);
        let ids = Arc::new(TaskIds::new("par", "why", "0", "0", 0));
        let mut resolver = Resolver::new(model.clone(), wishes, Arc::new(World), ids);
        let fingerprints = status::fingerprints(Program::Par, &None, &model, host);
        let failure = |wrong| unknown::failure(wrong, ready.settings.fuzzy.value, &model);
        let ahead = plan_ahead(&mut resolver, &requests(&args.tasks), host).map_err(failure)?;
        let answers = answers(&ahead, &resolver, &fingerprints, host);
        for warning in fingerprints.take_warnings() {
            voice.talk(&format!("par: {warning}\n"));
        }
        answers.map_err(|wrong| failure(vec![wrong]))
    });
    match answers {
        Ok(answers) if line.json => say::print(&json(&answers)),
        Ok(answers) => say::print(&text(&answers)),
        Err(failure) => voice.complain(&failure),
    }
}

/// One answer for each call, those of the command line first; the same answer once.
fn answers(
    ahead: &Ahead,
    resolver: &Resolver,
    fingerprints: &Fingerprints,
    host: &dyn Host,
) -> Result<Vec<Answer>, Diagnostic> {
    let units = ahead.fragments.iter().flat_map(|(_, fragment)| &fragment.units);
    let mut answers: Vec<Answer> = Vec::new();
    for (unit, _) in units.filter(|(_, planned)| planned.work == Work::Call) {
        let Some(answer) = answer(*unit, ahead, resolver, fingerprints, host)? else { continue };
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    Ok(answers)
}

fn answer(
    unit: UnitId,
    ahead: &Ahead,
    resolver: &Resolver,
    fingerprints: &Fingerprints,
    host: &dyn Host,
) -> Result<Option<Answer>, Diagnostic> {
    let task = resolver.name(unit).to_string();
    let Some((_, fragment)) = ahead.fragments.iter().find(|(call, _)| *call == unit) else {
        let unknown = ahead.uncertain.iter().filter(|(about, _)| *about == unit);
        let because = unknown.map(|(_, why)| Because::plain("known_in_the_run", why));
        return Ok(Some(Answer { task, runs: false, because: because.collect() }));
    };
    let because = because(resolver.check(unit), fingerprints, host)?;
    // What only calls others has nothing of its own to run.
    let is_about_itself =
        fragment.check || fragment.units.iter().any(|(_, u)| u.work == Work::Command);
    Ok(is_about_itself.then_some(Answer { task, runs: !because.is_empty(), because }))
}

/// Why the body would run; empty when it is up to date.
fn because(
    check: Check,
    fingerprints: &Fingerprints,
    host: &dyn Host,
) -> Result<Vec<Because>, Diagnostic> {
    let has_status = check.has_status();
    let mut compared = None;
    let is_current = check.is_up_to_date(host, &mut |footprint| {
        let reasons = fingerprints.reasons(footprint, host);
        let is_current = reasons.is_empty();
        compared = Some(reasons);
        is_current
    })?;
    Ok(match compared {
        _ if is_current => Vec::new(),
        Some(reasons) => reasons.iter().map(Because::of).collect(),
        None if has_status => vec![Because::of(&Reason::StatusFails)],
        None => vec![Because::plain("always", "it has neither sources nor status")],
    })
}

fn json(answers: &[Answer]) -> String {
    let all = serde_json::json!({ "tasks": answers });
    serde_json::to_string_pretty(&all).map(|text| text + "\n").unwrap_or_default()
}

fn text(answers: &[Answer]) -> String {
    let width = answers.iter().map(|answer| columns(&answer.task)).max().unwrap_or(0);
    let mut text = String::new();
    for Answer { task, runs, because } in answers {
        let what = if *runs { "runs: " } else { "" };
        let mut lines = because.iter().map(|because| format!("{what}{}", because.text));
        let first = lines.next().unwrap_or_else(|| "is up to date".into());
        text += &format!("{task}{}  {first}\n", " ".repeat(width - columns(task)));
        lines.for_each(|line| text += &format!("{}  {line}\n", " ".repeat(width)));
    }
    if text.is_empty() { "nothing to run\n".into() } else { text }
}
