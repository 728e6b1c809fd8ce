//! The whole plan before anything runs, as far as it can be known.

use crate::diag::Diagnostic;
use crate::host::Host;
use crate::id::UnitId;
use crate::plan::{Fragment, Work};

use super::draft::Content;
use super::resolver::Resolver;
use super::settings::{Known, Request};

/// A plan that was expanded up front.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// Every call with its fragment, the run's first.
    pub fragments: Vec<(UnitId, Fragment)>,
    /// What only the run will show: a condition, a check, a call that cannot be evaluated yet.
    pub uncertain: Vec<(UnitId, String)>,
}

/// Expands everything that can be reached, conditions taken to hold. Ends, as no task is called
/// more than a thousand times.
pub fn plan_ahead(
    resolver: &mut Resolver,
    requests: &[Request],
    host: &dyn Host,
) -> Result<Ahead, Vec<Diagnostic>> {
    let mut ahead = Ahead::default();
    let mut waiting = std::collections::VecDeque::new();
    let root = resolver.begin(requests)?;
    waiting.extend(calls(&root));
    ahead.fragments.push((UnitId::ROOT, root));
    while let Some(unit) = waiting.pop_front() {
        let mut expansion = resolver.expansion(unit, &Known::default());
        expansion.ahead = true;
        match expansion.run(host) {
            Err(wrong) => ahead.uncertain.push((unit, wrong.message)),
            Ok(draft) => {
                note(unit, &draft.0, &mut ahead);
                let fragment = resolver.adopt(unit, draft);
                conditions(resolver, &fragment, &mut ahead);
                waiting.extend(calls(&fragment));
                ahead.fragments.push((unit, fragment));
            }
        }
    }
    Ok(ahead)
}

fn calls(fragment: &Fragment) -> impl Iterator<Item = UnitId> {
    fragment.units.iter().filter(|(_, unit)| unit.work == Work::Call).map(|(id, _)| *id)
}

/// Notes what of a call depends on the run.
fn note(unit: UnitId, content: &Content, ahead: &mut Ahead) {
    match content {
        Content::Stage(cast) => {
            let assumed = cast.iter().flat_map(|cast| &cast.assumed);
            ahead.uncertain.extend(assumed.map(|reason| (unit, reason.clone())));
        }
        Content::Omitted(reason) => ahead.uncertain.push((unit, reason.to_string())),
        Content::Body(body) => {
            let assumed = body.assumed.iter().cloned().map(|reason| (unit, reason));
            ahead.uncertain.extend(assumed);
            let task = &body.context.task;
            if !body.context.rare().checks.status.is_empty() || !task.sources.is_empty() {
                ahead.uncertain.push((unit, "runs unless it is up to date".into()));
            }
        }
    }
}

/// Notes the commands that have an `if`.
fn conditions(resolver: &Resolver, fragment: &Fragment, ahead: &mut Ahead) {
    for (id, _) in &fragment.units {
        if let Some(condition) = resolver.condition(*id) {
            ahead.uncertain.push((*id, format!("runs if `{condition}`")));
        }
    }
}
