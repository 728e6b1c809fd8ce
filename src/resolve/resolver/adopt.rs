//! Ids for the parts of a call, dependencies shared.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

use super::{Node, Resolver};
use crate::diag::Diagnostic;
use crate::id::UnitId;
use crate::plan::{Fragment, Step, Unit, Work};
use crate::resolve::called::{self, Aim, Called, Guard, Outlets, Rare, Sink, Target};
use crate::resolve::context::Context;
use crate::resolve::draft::{Body, Content, Draft, Late, Line, Manner, Mention, Piece, Redirected};
use crate::resolve::footprint::arguments;
use crate::resolve::settings::Compat;
use crate::source::Span;
use crate::taskfile::model::Run;

/// Where a new call stands.
pub(super) struct Spot<'a> {
    pub(super) parent: UnitId,
    /// `None`: it begins a scope of its own.
    pub(super) scope: Option<UnitId>,
    pub(super) by: &'a Arc<Context>,
    pub(super) certain: bool,
}

impl Resolver {
    /// Gives the parts of a call their ids.
    pub fn adopt(&mut self, unit: UnitId, draft: Draft) -> Fragment {
        let body = match draft.0 {
            Content::Body(body) => body,
            Content::Stage(cast) => return self.stage(unit, cast),
            Content::Omitted(_) => return Fragment::default(),
        };
        if let Some(Node::Call { context, .. }) = self.nodes.get_mut(unit.index()) {
            *context = Some(body.context.clone());
        }
        match self.first(unit, &body) {
            Some(first) => self.joined(unit, first, &body),
            None => self.body(unit, *body),
        }
    }

    /// A further attempt of a call that was adopted before: its body, with parts of their own. What it
    /// depends on is done.
    pub fn adopt_again(&mut self, unit: UnitId, draft: Draft) -> Fragment {
        let Content::Body(mut body) = draft.0 else { return Fragment::default() };
        body.deps.clear();
        if let Some(Node::Call { context, .. }) = self.nodes.get_mut(unit.index()) {
            *context = Some(body.context.clone());
        }
        self.body(unit, *body)
    }

    /// The call that already does what this one would do, when it may be done only once.
    fn first(&mut self, unit: UnitId, body: &Body) -> Option<UnitId> {
        match self.once.entry(body.key?) {
            Entry::Occupied(first) => Some(*first.get()).filter(|first| *first != unit),
            Entry::Vacant(place) => {
                place.insert(unit);
                None
            }
        }
    }

    /// A call that only waits for another one.
    fn joined(&mut self, unit: UnitId, first: UnitId, body: &Body) -> Fragment {
        let mut fragment = Fragment::default();
        if self.waits.connect(unit, first) {
            fragment.deps.push(first);
        } else {
            let wrong = self.tangle(unit, first, body.context.task.span);
            self.refused(unit, &body.context, wrong, &mut fragment);
        }
        fragment
    }

    fn body(&mut self, unit: UnitId, body: Body) -> Fragment {
        let Body { context, deps, steps, policy, .. } = body;
        let (task, settings) = (&context.task, &self.shared.settings);
        let mut fragment = Fragment {
            check: !context.rare().checks.is_empty(),
            fail_fast: settings.fail_fast || task.failfast,
            one_at_a_time: !task.parallel,
            alone_across_runs: self.made(&context),
            policy,
            ..Fragment::default()
        };
        for dep in deps {
            self.dep(unit, dep, &context, &mut fragment);
        }
        let commands = steps.iter().filter(|step| matches!(step, Piece::Command(_))).count();
        let estimate = task.estimate.map(|whole| whole / commands.max(1) as u32);
        for piece in steps {
            let step = self.piece(unit, piece, estimate, &context, &mut fragment);
            fragment.steps.push(step);
        }
        if !context.task.policy.stages.is_empty() {
            self.stages(unit, &context, &mut fragment);
        }
        fragment
    }

    /// The name under which the files are made that the task makes; `None` where nobody compares them, or
    /// nothing is made.
    fn made(&self, context: &Context) -> Option<Arc<str>> {
        let settings = &self.shared.settings;
        if !context.rare().checks.compares || settings.dry || settings.compat == Compat::GoTask {
            return None;
        }
        let given = arguments(context);
        if given.is_empty() {
            return Some(context.full_name().clone());
        }
        // Values may be secret, and the name is seen.
        let text: String = given.iter().map(|(name, value)| format!("{name}={value}\0")).collect();
        let mark = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        Some(format!("{} {mark:016x}", context.full_name()).into())
    }

    fn piece(
        &mut self,
        unit: UnitId,
        piece: Piece,
        estimate: Option<Duration>,
        context: &Arc<Context>,
        fragment: &mut Fragment,
    ) -> Step {
        let task = &context.task;
        let spot = Spot {
            parent: unit,
            scope: None,
            by: context,
            certain: task.condition.is_none() && task.status.is_empty() && task.sources.is_empty(),
        };
        match piece {
            Piece::Join => Step::Join,
            Piece::Command(line) => {
                let deferred = line.deferred;
                let id = self.command(unit, line, estimate, context, fragment);
                if deferred { Step::Defer(id) } else { Step::Run(id) }
            }
            Piece::Call(mention, manner) => {
                let id = self.mention(&spot, mention, fragment);
                if manner == Manner::Background { Step::Background(id) } else { Step::Run(id) }
            }
            Piece::Late(late) => {
                let manner = late.manner;
                let id = self.late(&spot, *late, fragment);
                match manner {
                    None => Step::Defer(id),
                    Some(Manner::Waited) => Step::Run(id),
                    Some(Manner::Background) => Step::Background(id),
                }
            }
        }
    }

    pub(super) fn command(
        &mut self,
        call: UnitId,
        line: Arc<Line>,
        estimate: Option<Duration>,
        context: &Arc<Context>,
        fragment: &mut Fragment,
    ) -> UnitId {
        let id = self.next();
        let unit = Unit {
            work: Work::Command,
            task: context.name().clone(),
            name: Arc::default(),
            id: self.ids.next(),
            ignore_error: line.ignore_error,
            estimate,
            timeout: line.timeout(),
            policy: None,
            order: (context.task.order, line.place),
            words: None,
        };
        fragment.units.push((id, unit));
        self.nodes.push(Node::Command { line, context: context.clone(), call });
        self.waits.skip();
        id
    }

    /// A dependency: a new unit, or one that the scope has already.
    fn dep(&mut self, unit: UnitId, dep: Mention, context: &Arc<Context>, fragment: &mut Fragment) {
        let scope = self.called(unit).map_or(unit, |called| called.scope);
        let certain = context.task.condition.is_none();
        let spot = Spot { parent: unit, scope: Some(scope), by: context, certain };
        let aim = dep.aim.as_ref().ok();
        let key = aim.and_then(|aim| self.shareable(scope, aim, dep.timeout));
        let shared = key.as_ref().and_then(|key| self.deps.get(key)).copied();
        // Two digests may be the same by chance.
        let is_same = |known: &UnitId| self.is_same(*known, scope, aim, dep.timeout);
        let id = match shared.filter(is_same) {
            Some(known) if fragment.deps.contains(&known) => return,
            Some(known) if self.waits.connect(unit, known) => known,
            Some(known) => {
                let wrong = self.tangle(unit, known, dep.span);
                return self.refused(unit, context, wrong, fragment);
            }
            None => self.mention(&spot, dep, fragment),
        };
        if let Some(key) = key {
            self.deps.insert(key, id);
        }
        fragment.deps.push(id);
    }

    /// A digest of what to share a dependency by; `None` for one that is not shared.
    fn shareable(&self, scope: UnitId, aim: &Aim, timeout: Option<Duration>) -> Option<u64> {
        let said_always = aim.found.task.run == Some(Run::Always);
        if said_always || self.shared.settings.compat == Compat::GoTask {
            return None;
        }
        let mut digest = Xxh3::new();
        digest.update(&scope.0.to_le_bytes());
        digest.update(&timeout.map_or(u128::MAX, |limit| limit.as_nanos()).to_le_bytes());
        digest.update(aim.name().as_bytes());
        for argument in &aim.arguments {
            let said = format!("\0{:?}", (&argument.name, &argument.given, &argument.dir));
            digest.update(said.as_bytes());
        }
        Some(digest.digest())
    }

    /// Whether a dependency is the one that is asked for, or stands in its place since it cannot be called.
    fn is_same(
        &self,
        known: UnitId,
        scope: UnitId,
        aim: Option<&Aim>,
        timeout: Option<Duration>,
    ) -> bool {
        let Some(called) = self.called(known) else { return false };
        let is_called = match &called.target {
            Target::Known(known) => aim.is_some_and(|aim| known.equals(aim)),
            Target::Late(_) | Target::Stage(_) | Target::Wrong(_) => true,
        };
        is_called && called.scope == scope && called.timeout() == timeout
    }

    /// A new call with its name known.
    pub(super) fn mention(
        &mut self,
        spot: &Spot<'_>,
        mention: Mention,
        fragment: &mut Fragment,
    ) -> UnitId {
        let id = self.next();
        let certain = spot.certain && !mention.looped && mention.condition.is_none();
        let target = match mention.aim {
            Err(wrong) => Target::Wrong(Box::new(wrong)),
            Ok(aim) => match self.cycle(spot.parent, &aim, certain) {
                Some(wrong) => Target::Wrong(Box::new(wrong.at(mention.span, "called here"))),
                None => Target::Known(aim),
            },
        };
        let guard = mention.condition.map(|script| {
            let by = spot.by.clone();
            Guard { script, late: None, by }
        });
        let outlets = outlets(id, &spot.by.rare().outlets, mention.redirect);
        let rare = Rare { name: None, guard, timeout: mention.timeout, outlets };
        let called = Called {
            silent: mention.silent,
            certain,
            rare: rare.boxed(),
            ..Called::new(spot.parent, spot.scope.unwrap_or(id), target, mention.span)
        };
        let order = (spot.by.task.order, mention.place);
        let unit = self.record(id, called, &mention.name, order, mention.ignore_error);
        fragment.units.push((id, unit));
        id
    }

    /// A new call whose name is rendered when it is reached.
    fn late(&mut self, spot: &Spot<'_>, late: Late, fragment: &mut Fragment) -> UnitId {
        let Late { call, turn, condition, ignore_error, place, .. } = late;
        let id = self.next();
        let guard = condition.map(|condition| {
            let (script, by) = (condition.text().value.clone(), spot.by.clone());
            Guard { script, late: Some((condition, turn.clone())), by }
        });
        let name = call.task.text().value.clone();
        let outlets = spot.by.rare().outlets.clone();
        let rare = Rare { name: None, guard, timeout: call.timeout, outlets };
        let (silent, span) = (call.silent == Some(true), call.span);
        let target = Target::Late(Box::new(called::Late { by: spot.by.clone(), call, turn }));
        let called =
            Called { silent, rare: rare.boxed(), ..Called::new(spot.parent, id, target, span) };
        let unit = self.record(id, called, &name, (spot.by.task.order, place), ignore_error);
        fragment.units.push((id, unit));
        id
    }

    /// A call that is only there to be refused.
    fn refused(
        &mut self,
        parent: UnitId,
        context: &Arc<Context>,
        wrong: Diagnostic,
        fragment: &mut Fragment,
    ) {
        let id = self.next();
        let called = Called::new(parent, id, Target::Wrong(Box::new(wrong)), Span::NOWHERE);
        let unit = self.record(id, called, context.name(), (context.task.order, 0), false);
        fragment.units.push((id, unit));
        fragment.deps.push(id);
    }
}

/// Where a call's output goes, given where the output around it goes.
fn outlets(unit: UnitId, around: &Outlets, to: Option<Redirected>) -> Outlets {
    let Some(to) = to else { return around.clone() };
    let sink = Some(Arc::new(Sink { unit, file: to.file, append: to.append }));
    let stderr = if to.both { sink.clone() } else { around.stderr.clone() };
    Outlets { stdout: sink, stderr }
}
