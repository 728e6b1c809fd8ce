//! Stages of a task: who is in them, what verifies them, what comes next.
//!
//! A stage is a call in the body of its task. Its parts become known piece by piece: who is in it when the
//! stages before it are done, whatever else when the parts before have ended.

pub(super) mod progress;

use std::sync::Arc;

use super::body;
use super::context::Context;
use super::draft::{Line, Mention, Script};
use super::each::{Turn, turns};
use super::scope::text;
use super::settings::Known;
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::id::UnitId;
use crate::taskfile::model::{self, Call};
use progress::Shape;

/// What the gate of a stage says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Go on.
    Approved,
    /// The stage again.
    RequestChanges,
    /// The run ends here.
    Escalate,
}

/// A stage, as a call of it knows it.
pub(super) struct Stage {
    pub(super) by: Arc<Context>,
    pub(super) index: usize,
    /// The stages that come first.
    pub(super) needs: Vec<UnitId>,
}

impl Stage {
    pub(super) fn written(&self) -> &model::Stage {
        &self.by.task.policy.stages[self.index]
    }

    /// At most so many parts at a time.
    pub(super) fn at_once(&self, otherwise: Option<u32>) -> Option<u32> {
        let written = self.written();
        if written.parallel { written.max_parallel.or(otherwise) } else { Some(1) }
    }
}

/// Who is in a stage, names and variables rendered.
pub(super) struct Cast {
    pub(super) members: Vec<Mention>,
    /// Each with the position of the member that it verifies.
    pub(super) checks: Vec<(Mention, Option<usize>)>,
    pub(super) gate: Option<Arc<Line>>,
    /// Names of members whose condition says no.
    pub(super) omitted: Vec<Arc<str>>,
    /// Conditions that were taken to hold without asking.
    pub(super) assumed: Vec<String>,
}

impl Cast {
    /// Finds out who is in a stage; conditions are asked unless they are taken to hold.
    pub(super) fn find(
        stage: &Stage,
        known: &Known,
        ahead: bool,
        site: Site<'_>,
    ) -> Result<Cast, Diagnostic> {
        let written = stage.written();
        let mut cast = Cast {
            members: Vec::new(),
            checks: Vec::new(),
            gate: None,
            omitted: Vec::new(),
            assumed: Vec::new(),
        };
        let mut places = Vec::new();
        for member in &written.members {
            let first = cast.members.len();
            if cast.admits(member, stage, known, ahead, site)? {
                cast.members.extend(mentions(&member.call, stage, known, site)?);
            } else {
                cast.omitted.push(member.call.task.text().value.clone());
            }
            places.push(first..cast.members.len());
        }
        for check in &written.verify.checks {
            let place = check.member.map(|member| places[member].clone());
            if place.as_ref().is_some_and(|place| place.is_empty()) {
                continue;
            }
            let member = place.filter(|place| place.len() == 1).map(|place| place.start);
            let found = mentions(&check.call, stage, known, site)?;
            cast.checks.extend(found.into_iter().map(|mention| (mention, member)));
        }
        let all_omitted = cast.members.is_empty() && !written.members.is_empty();
        if all_omitted {
            cast.checks.clear();
        } else {
            cast.gate = written.gate.as_ref().map(|gate| Arc::new(line(gate, &stage.by)));
        }
        Ok(cast)
    }

    fn admits(
        &mut self,
        member: &model::Member,
        stage: &Stage,
        known: &Known,
        ahead: bool,
        site: Site<'_>,
    ) -> Result<bool, Diagnostic> {
        let Some(condition) = &member.condition else { return Ok(true) };
        let by = &stage.by;
        let (vars, _) = by.with(&known.variables(&[]));
        let said = text(condition, &vars, site)?;
        if ahead {
            let name = &member.call.task.text().value;
            self.assumed.push(format!("{name} runs if `{}`", condition.text().value));
            return Ok(true);
        }
        Ok(match said.trim() {
            "" | "false" | "no" | "0" => false,
            "true" | "yes" | "1" => true,
            script => site.holds(script, &by.dir, &by.env),
        })
    }

    pub(super) fn shape(&self, stage: &Stage) -> Shape {
        let written = stage.written();
        Shape {
            members: self.members.len(),
            checks: self.checks.iter().map(|(_, member)| *member).collect(),
            verify_rounds: written.verify.rounds,
            gate_rounds: self.gate.as_ref().and(written.gate.as_ref()).map(|gate| gate.rounds),
        }
    }
}

/// One mention for each turn.
fn mentions(
    call: &Call,
    stage: &Stage,
    known: &Known,
    site: Site<'_>,
) -> Result<Vec<Mention>, Diagnostic> {
    let mut mentions = Vec::new();
    for turn in turns(call.each.as_deref(), &stage.by, site)? {
        let (vars, _) = stage.by.with(&known.variables(&turn));
        let (name, aim) = body::called(call, &stage.by, &vars, site)?;
        mentions.push(Mention {
            name,
            aim,
            silent: call.silent == Some(true),
            timeout: call.timeout,
            condition: None,
            ignore_error: false,
            looped: true,
            place: stage.index as u32,
            span: call.span,
            redirect: None,
        });
    }
    Ok(mentions)
}

/// The command of a gate: what it exits with is a decision, no failure.
fn line(gate: &model::Gate, by: &Context) -> Line {
    Line {
        script: Script::late(gate.script.clone(), Turn::new()),
        place: 0,
        quiet: by.quiet,
        ignore_error: true,
        forgives: true,
        deferred: false,
        options: by.options.clone(),
        span: gate.span,
        bounds: None,
    }
}
