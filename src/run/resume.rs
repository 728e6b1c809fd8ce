//! A run that goes on where another one stopped: what succeeded there is not run again.
//!
//! Every run keeps how its calls ended. Calls of two runs of the same request are matched by where they
//! stand, what they call and what they are given, not by what their commands say.

use std::collections::HashMap;
use std::sync::Arc;

use super::driver::Driver;
use crate::event::{Failure, Level, Outcome};
use crate::id::{RunId, UnitId, UnitSet};
use crate::plan::{Fragment, Work};
use crate::resolve::Draft;
use crate::schedule::{Expanded, Input, Verdict};
use crate::store::Ending;

/// What an earlier run has done.
#[derive(Debug)]
pub struct Resume {
    run: RunId,
    done: HashMap<String, Ending>,
    /// Calls of this run that it stands for.
    stands_for: UnitSet,
}

impl Resume {
    /// What succeeded in `run`, whose calls ended so.
    pub fn new(run: RunId, endings: Vec<Ending>) -> Resume {
        let mut done = HashMap::new();
        for ending in endings {
            match ending.succeeded {
                true => drop(done.insert(ending.call.clone(), ending)),
                false => drop(done.remove(&ending.call)),
            }
        }
        Resume { run, done, stands_for: UnitSet::default() }
    }
}

impl Driver {
    /// A call that need not be made, for it succeeded in the run that this one resumes.
    pub(super) fn stood_for(&mut self, unit: UnitId, draft: &Draft) -> Option<Expanded> {
        let resume = self.resume.as_mut()?;
        let call = name(self.resolver.identity(unit)?);
        let ending = resume.done.get(&call).filter(|_| draft.may_stand())?.clone();
        resume.stands_for.insert(unit);
        let text = format!("task `{}` succeeded in run {}", ending.task, resume.run);
        if !ending.outputs.is_empty() {
            self.contexts.know(ending.task.clone(), ending.outputs.clone());
        }
        self.endings.push(&ending);
        self.say(Some(unit), Level::Info, text.into());
        Some(Expanded::Body(Fragment { check: true, ..Fragment::default() }))
    }

    /// Answers the check of such a call; whether it is one.
    pub(super) fn is_stood_for(&mut self, unit: UnitId) -> bool {
        let is_it = self.resume.as_ref().is_some_and(|resume| resume.stands_for.contains(&unit));
        if is_it {
            self.inputs.push_back(Input::Checked { unit, verdict: Verdict::UpToDate });
        }
        is_it
    }

    /// Keeps how a call ended, if it is of use for a run that resumes this one.
    pub(super) fn keep_ending(&mut self, call: UnitId, outcome: &Outcome) {
        let plan = self.scheduler.plan();
        if plan.unit(call).work != Work::Call || !self.resolver.calls_a_task(call) {
            return;
        }
        let is_own = |by: UnitId| {
            by == call || plan.unit(by).work == Work::Command && plan.parent(by) == call
        };
        let succeeded = match outcome {
            Outcome::Succeeded => true,
            Outcome::Failed(Failure::Below(by)) if !is_own(*by) => return,
            Outcome::Failed(_) => false,
            Outcome::UpToDate | Outcome::Omitted | Outcome::Skipped(_) | Outcome::Cancelled => {
                return;
            }
        };
        let task: Arc<str> = self.resolver.full_name(call);
        let outputs = if succeeded { self.contexts.of(&task) } else { Default::default() };
        let call_name = self.resolver.identity(call).map(name).unwrap_or_default();
        let given = self.resolver.given(call);
        self.endings.push(&Ending { call: call_name, task, succeeded, given, outputs });
    }
}

fn name(identity: u128) -> String {
    format!("{identity:032x}")
}
