//! The books: which units there are, what each stands for, which are shared.

mod adopt;
mod cycles;
mod identity;
mod questions;
mod stages;
mod words;

use std::sync::Arc;

use super::called::{Aim, Called, Target};
use super::context::Context;
use super::draft::Line;
use super::expansion::Expansion;
use super::once;
use super::policy;
use super::scope::Argument;
use super::settings::{Compat, Force, Known, Request, Settings};
use super::shared::Shared;
use super::waits::Waits;
use crate::diag::{Diagnostic, Fault};
use crate::id::{NumberMap, NumberSet, TaskIds, UnitId, UnitMap};
use crate::plan::{Ancestry, Fragment, Step, Unit, Work};
use crate::taskfile::model::Model;
use crate::template::Facts;

/// Turns a model and requests into fragments of a plan.
pub struct Resolver {
    pub(super) shared: Arc<Shared>,
    ids: Arc<TaskIds>,
    nodes: Vec<Node>,
    /// What calls stand in.
    ancestry: Ancestry,
    /// The latest call of each task, by its place in the files.
    calls: NumberMap<u32, UnitId>,
    waits: Waits,
    /// Dependencies that more than one call of a scope may name, by a digest of what makes them the same.
    deps: NumberMap<u64, UnitId>,
    /// Which kinds of calls there were in each place, by a digest.
    kinds: NumberSet<u64>,
    /// How many there were of those of which there were several.
    twins: NumberMap<u64, u32>,
    /// Calls that run once, by a digest of what makes them the same.
    once: NumberMap<once::Key, UnitId>,
    /// Stages under way.
    courses: UnitMap<stages::Course>,
    /// What commands below a member of a stage are told of it.
    surroundings: UnitMap<Vec<(&'static str, String)>>,
}

pub use stages::{Continuation, Next, PartEnd, Told, What};

enum Node {
    Run,
    Call { called: Arc<Called>, context: Option<Arc<Context>> },
    Command { line: Arc<Line>, context: Arc<Context>, call: UnitId },
}

impl Resolver {
    /// A resolver for one run.
    pub fn new(
        model: Arc<Model>,
        settings: Settings,
        facts: Arc<dyn Facts + Send + Sync>,
        ids: Arc<TaskIds>,
    ) -> Resolver {
        let shared = Arc::new(Shared::new(model, settings, facts));
        let (once, mut waits) = (NumberMap::default(), Waits::default());
        waits.add(UnitId::ROOT, None);
        let (deps, courses, surroundings, kinds, twins) = Default::default();
        let (ancestry, calls, nodes) = (Ancestry::default(), NumberMap::default(), vec![Node::Run]);
        Resolver {
            shared,
            ids,
            nodes,
            ancestry,
            calls,
            waits,
            deps,
            kinds,
            twins,
            once,
            courses,
            surroundings,
        }
    }

    /// So many tasks the Taskfile has, as far as it was read.
    pub fn tasks(&self) -> usize {
        self.shared.model.tasks.len()
    }

    /// The fragment of the whole run: what the command line asks for. All names are checked first.
    pub fn begin(&mut self, requests: &[Request]) -> Result<Fragment, Vec<Diagnostic>> {
        let (aims, mut wrong) = self.aims(requests);
        if wrong.is_empty() && self.shared.settings.compat == Compat::Par {
            let names: Vec<_> = aims.iter().map(|aim| aim.name().clone()).collect();
            let methods = self.shared.settings.force == Force::No;
            wrong = self.shared.model.check_certain(&names, methods);
            wrong.extend(policy::unfit_shares(&self.shared.model, &self.shared));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut fragment = Fragment {
            keep_going: self.shared.settings.keep_going,
            fail_fast: self.shared.settings.fail_fast,
            ..Fragment::default()
        };
        for aim in aims {
            let (id, unit) = self.named(UnitId::ROOT, aim, true);
            fragment.units.push((id, unit));
            match self.shared.settings.parallel {
                true => fragment.deps.push(id),
                false => fragment.steps.push(Step::Run(id)),
            }
        }
        Ok(fragment)
    }

    fn aims(&self, requests: &[Request]) -> (Vec<Aim>, Vec<Diagnostic>) {
        let (mut aims, mut wrong) = (Vec::new(), Vec::new());
        for request in requests {
            match self.asked(request) {
                Ok(aim) if aim.found.task.internal => {
                    let message = format!("task `{}` is internal", request.name);
                    let why = "marked `internal` here, so only other tasks may call it";
                    let span = aim.found.task.span;
                    wrong.push(Diagnostic::error(Fault::Internal, message).at(span, why));
                }
                Ok(aim) => aims.push(aim),
                Err(reason) => wrong.push(reason),
            }
        }
        (aims, wrong)
    }

    fn asked(&self, request: &Request) -> Result<Aim, Diagnostic> {
        let value =
            |(name, value): &(Arc<str>, _)| Argument::value(name.clone(), Clone::clone(value));
        let arguments = request.vars.iter().map(value).collect();
        Aim::new(&self.shared.model, ("", &request.name), None, arguments)
    }

    /// A task called by name from inside a running command: a new call, a new scope.
    pub fn graft(&mut self, by: UnitId, request: Request) -> Result<(UnitId, Unit), Diagnostic> {
        let aim = self.asked(&request)?;
        let parent = self.call_of(by);
        if let Some(cycle) = self.recursion(parent, &aim) {
            return Err(cycle);
        }
        Ok(self.named(parent, aim, false))
    }

    fn named(&mut self, parent: UnitId, aim: Aim, direct: bool) -> (UnitId, Unit) {
        let id = self.next();
        let (span, name) = (aim.found.task.span, aim.name().clone());
        let order = (aim.found.task.order, 0);
        let called =
            Called { direct, certain: true, ..Called::new(parent, id, Target::Known(aim), span) };
        (id, self.record(id, called, &name, order, false))
    }

    /// What is needed to evaluate a call, on any thread. `known` counts for deferred calls only.
    ///
    /// For a unit that is no call it refuses.
    pub fn expansion(&self, unit: UnitId, known: &Known) -> Expansion {
        let called = match self.nodes.get(unit.index()) {
            Some(Node::Call { called, .. }) => called.clone(),
            _ => Arc::new(Called::wrong(format!("unit {unit} is no call"))),
        };
        Expansion {
            shared: self.shared.clone(),
            called,
            known: known.clone(),
            ahead: false,
            casts: false,
        }
    }

    /// Notes a call; `written` is its name where the task is not known.
    fn record(
        &mut self,
        id: UnitId,
        mut called: Called,
        written: &Arc<str>,
        order: (u32, u32),
        ignore_error: bool,
    ) -> Unit {
        let (task, name, estimate, policy) = match &called.target {
            Target::Known(aim) => {
                let policy = policy::written(&aim.found.task, &self.shared);
                (known_name(aim), aim.name().clone(), aim.found.task.estimate, policy)
            }
            Target::Late(_) | Target::Stage(_) | Target::Wrong(_) => {
                (written.clone(), written.clone(), None, None)
            }
        };
        let timeout = called.timeout();
        let words = words::of(&called.target);
        self.waits.add(id, Some(called.parent));
        self.ancestry.add(id, called.parent);
        if let Target::Known(aim) = &called.target {
            let latest = self.calls.insert(aim.found.task.order, id);
            called.earlier = latest.unwrap_or(UnitId::ROOT);
        }
        if called.name() != task {
            called.rare.get_or_insert_default().name = Some(task.clone());
        }
        called.identity = self.identify(id, &called, written);
        self.nodes.push(Node::Call { called: Arc::new(called), context: None });
        let (work, id) = (Work::Call, self.ids.next());
        Unit { work, task, name, id, ignore_error, estimate, timeout, policy, order, words }
    }

    fn next(&self) -> UnitId {
        UnitId(self.nodes.len() as u32)
    }
}

/// The name to show before a call is evaluated.
fn known_name(aim: &Aim) -> Arc<str> {
    let label = aim.found.task.label.as_ref();
    match label.and_then(|label| label.literal().map(|_| label.text().value.clone())) {
        Some(label) if !label.is_empty() => label,
        _ => aim.name().clone(),
    }
}
