//! How a call goes on: its dependencies, its body step by step, its deferred parts.

use std::time::Duration;

use thin_vec::ThinVec;

use super::outcome::TIMED_OUT;
use super::serve::Serving;
use super::state::{Ask, State};
use super::stop::Ending;
use super::{Effect, Expanded, Refusal, Scheduler};
use crate::event::{Failure, Kind, Outcome};
use crate::id::UnitId;
use crate::plan::{Fragment, Need, Step};

/// A task's body under way.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The step to look at next.
    next: usize,
    /// The part that has to end before the body goes on.
    waiting: Option<UnitId>,
    /// Parts that were started without waiting and have not ended.
    background: usize,
    /// The part whose failure ended the body, or will.
    failed: Option<UnitId>,
    /// A failure of a part in the background, to be seen at the next join.
    late: Option<UnitId>,
    /// Deferred parts that were reached.
    deferred: ThinVec<UnitId>,
    /// Whether it is being asked what comes next.
    asking: Asking,
    /// Why it cannot go on.
    refused: Option<Box<Refusal>>,
    /// A server that it relied on and that fell.
    lost: Option<UnitId>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Asking {
    #[default]
    No,
    /// It is to be asked, in sequential mode when it is taken in hand.
    Ready,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    #[default]
    Steps,
    /// No further steps; what runs in the background is waited for.
    Draining,
    Deferring,
}

/// The units that are new with a fragment.
struct News {
    units: Vec<UnitId>,
    deferred: Vec<UnitId>,
}

impl News {
    fn of(fragment: &Fragment) -> News {
        let deferred = fragment.steps.iter().filter_map(|step| match step {
            Step::Defer(unit) => Some(*unit),
            _ => None,
        });
        News {
            units: fragment.units.iter().map(|&(unit, _)| unit).collect(),
            deferred: deferred.collect(),
        }
    }
}

impl Body {
    /// A body whose first step is this one of the call's.
    pub(super) fn from(first: usize) -> Body {
        Body { next: first, ..Body::default() }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asking == Asking::Open
    }

    /// A server that it relied on has ended.
    pub(super) fn lose(&mut self, server: UnitId) {
        self.lost = self.lost.or(Some(server));
    }

    pub(super) fn is_to_be_asked(&self) -> bool {
        self.asking == Asking::Ready
    }

    pub(super) fn is_deferring(&self) -> bool {
        self.phase == Phase::Deferring
    }

    /// Nothing further is begun.
    fn end_steps(&mut self) {
        if self.phase == Phase::Steps {
            self.phase = Phase::Draining;
        }
    }
}

impl Scheduler {
    pub(super) fn take_fragment(&mut self, call: UnitId, fragment: Fragment) {
        let deps = fragment.deps.clone();
        let news = News::of(&fragment);
        self.plan.expand(call, fragment);
        self.add_rows(call, &news);
        self.spread_tail(call);
        self.raise_deps(call, &deps);
        self.begin_deps(call, &deps);
    }

    /// Takes in what goes on behind a body; where its first step is.
    pub(super) fn append(&mut self, call: UnitId, fragment: Fragment) -> usize {
        let news = News::of(&fragment);
        let first = self.plan.append(call, fragment);
        self.add_rows(call, &news);
        self.spread_tail(call);
        first
    }

    fn add_rows(&mut self, call: UnitId, news: &News) {
        let lender = self.rows[call.index()].lender;
        self.rank_call(call);
        for &unit in &news.units {
            self.add_row(unit, lender);
            self.rank_part(call, unit);
        }
        news.deferred.iter().for_each(|&unit| self.row(unit).deferred = true);
        news.units.iter().for_each(|&unit| self.announce(unit));
    }

    fn begin_deps(&mut self, call: UnitId, deps: &[UnitId]) {
        let (mut open, mut failed) = (Vec::new(), None);
        for &dep in deps {
            match self.outcome(dep) {
                _ if self.is_fine(dep) => {}
                Some(_) => failed = failed.or(Some(dep)),
                None => open.push(dep),
            }
        }
        self.row(call).state = State::Deps { left: open.iter().copied().collect(), failed };
        if open.is_empty() {
            return self.deps_done(call, failed);
        }
        let one_at_a_time = self.plan.parts(call).is_some_and(|f| f.one_at_a_time);
        self.open_all(&open[..if one_at_a_time { 1 } else { open.len() }]);
    }

    pub(super) fn deps_done(&mut self, call: UnitId, failed: Option<UnitId>) {
        let check = self.plan.parts(call).is_some_and(|fragment| fragment.check);
        if let Some(refusal) = self.row(call).take(|rare| &mut rare.cut) {
            return self.refuse(call, refusal);
        }
        match (self.rows[call.index()].ending, failed) {
            (Some(ending), _) => self.finish(call, ending.outcome()),
            (None, Some(dep)) if call == UnitId::ROOT => {
                self.finish(call, Outcome::Failed(Failure::Below(dep)));
            }
            (None, Some(dep)) => self.finish(call, Outcome::Skipped(dep)),
            (None, None) if self.hold_back(call) => {}
            (None, None) if check => self.ready(call, Ask::Check),
            (None, None) => self.seek(call),
        }
    }

    /// An attempt of a body has all that it needs.
    pub(super) fn begin_body(&mut self, call: UnitId) {
        let now = self.now;
        let row = self.row(call);
        row.began = now;
        row.attempt += 1;
        let (attempt, first) = (row.attempt, row.rare().first_step);
        row.state = State::Body(Box::new(Body::from(first)));
        self.start_clock(call);
        if call != UnitId::ROOT {
            self.emit(Kind::Began { unit: call, attempt });
        }
        self.advance(call);
    }

    /// Tells everybody who waits for `unit` that it has ended.
    pub(super) fn notify_waiters(&mut self, unit: UnitId) {
        let mut waiters: Vec<(UnitId, Need)> = self.plan.waiters(unit).collect();
        waiters.reverse();
        for (waiter, need) in waiters {
            match need {
                // They were told when it became ready.
                Need::Dep | Need::After | Need::Part
                    if self.rows[unit.index()].rare().serving == Serving::Ready => {}
                Need::Dep | Need::After => self.dep_ended(waiter, unit),
                Need::Part => self.part_ended(waiter, unit),
                Need::Graft => self.call_of_process_ended(waiter, unit),
            }
        }
    }

    /// Tells who waits for a server that it is ready.
    pub(super) fn notify_served(&mut self, server: UnitId) {
        let mut waiters: Vec<(UnitId, Need)> = self.plan.waiters(server).collect();
        waiters.reverse();
        for (waiter, need) in waiters {
            match need {
                Need::Dep | Need::After => self.dep_ended(waiter, server),
                Need::Part => self.part_ended(waiter, server),
                // The program stands for the whole life of the server.
                Need::Graft => {}
            }
        }
    }

    pub(super) fn dep_ended(&mut self, call: UnitId, dep: UnitId) {
        // What only comes before does not have to succeed.
        let fine = self.is_fine(dep) || self.rows[call.index()].is_ordered;
        let State::Deps { left, failed } = &mut self.rows[call.index()].state else { return };
        if !left.remove(&dep) {
            return;
        }
        if !fine && failed.is_none() {
            *failed = Some(dep);
        }
        let (is_over, failed) = (left.is_empty(), *failed);
        if is_over {
            return self.deps_done(call, failed);
        }
        let Some(fragment) = self.plan.parts(call) else { return };
        let (fail_fast, one_at_a_time) = (fragment.fail_fast, fragment.one_at_a_time);
        if fail_fast && !fine {
            let others = self.deps_left(call);
            self.stop_own(call, &others);
        }
        if one_at_a_time && let Some(&next) = self.deps_left(call).first() {
            self.open(next);
        }
    }

    /// The dependencies that a call still waits for, in order.
    fn deps_left(&self, call: UnitId) -> Vec<UnitId> {
        let State::Deps { left, .. } = &self.rows[call.index()].state else { return Vec::new() };
        let deps = self.plan.parts(call).map_or(&[][..], |fragment| &fragment.deps);
        deps.iter().copied().filter(|dep| left.contains(dep)).collect()
    }

    fn part_ended(&mut self, call: UnitId, part: UnitId) {
        let fine = self.is_fine(part) || self.is_ignored(part);
        let in_background = self.rows[part.index()].background;
        let fail_fast = self.plan.parts(call).is_some_and(|fragment| fragment.fail_fast);
        let State::Body(body) = &mut self.rows[call.index()].state else { return };
        let waited = body.waiting == Some(part);
        if waited {
            body.waiting = None;
        } else if in_background {
            body.background -= 1;
        } else {
            return;
        }
        match (fine, body.phase) {
            (true, _) | (_, Phase::Deferring) => {}
            _ if in_background => body.late = body.late.or(Some(part)),
            _ => body.failed = body.failed.or(Some(part)),
        }
        if !fine && in_background && fail_fast {
            let others: Vec<UnitId> = self.live_parts(call);
            self.stop_own(call, &others);
        }
        self.advance(call);
    }

    /// Takes the body as far as it goes without waiting.
    pub(super) fn advance(&mut self, call: UnitId) {
        loop {
            let keep_going = self.plan.parts(call).is_some_and(|f| f.keep_going);
            let ending = self.rows[call.index()].ending;
            let State::Body(body) = &mut self.rows[call.index()].state else { return };
            if body.waiting.is_some() || body.asking != Asking::No {
                return;
            }
            if ending.is_some() || body.refused.is_some() || body.lost.is_some() {
                body.end_steps();
            }
            if body.failed.is_some() && !keep_going && !self.skips_to_next(call) {
                return;
            }
            let State::Body(body) = &self.rows[call.index()].state else { return };
            let goes_on = match body.phase {
                Phase::Steps => self.take_step(call),
                Phase::Draining => self.drain(call),
                Phase::Deferring => self.take_deferred(call),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// A body that has failed goes on with the next question, if there is one to come; otherwise its steps
    /// are over. `false` when it waits for that.
    fn skips_to_next(&mut self, call: UnitId) -> bool {
        let Some(fragment) = self.plan.parts(call) else { return true };
        let State::Body(body) = &mut self.rows[call.index()].state else { return true };
        if body.phase != Phase::Steps {
            return true;
        }
        let ahead = &fragment.steps[body.next.min(fragment.steps.len())..];
        match ahead.iter().position(|&step| step == Step::Next) {
            Some(_) if body.background > 0 => return false,
            Some(distance) => body.next += distance,
            None => body.end_steps(),
        }
        true
    }

    /// One step; `false` when the body has to wait.
    fn take_step(&mut self, call: UnitId) -> bool {
        let sequential = self.options.sequential;
        let Some(fragment) = self.plan.parts(call) else { return false };
        let State::Body(body) = &mut self.rows[call.index()].state else { return false };
        let Some(&step) = fragment.steps.get(body.next) else {
            body.phase = Phase::Draining;
            return true;
        };
        let most = fragment.max_parallel.map_or(usize::MAX, |most| most.max(1) as usize);
        let waits = match step {
            Step::Join | Step::Next => body.background > 0,
            Step::Background(_) => body.background >= most,
            Step::Run(_) | Step::Defer(_) => false,
        };
        if waits {
            return false;
        }
        body.next += 1;
        match step {
            Step::Join => body.failed = body.failed.or(body.late.take()),
            Step::Next => {
                body.failed = body.failed.or(body.late.take());
                body.asking = Asking::Ready;
                match sequential {
                    true => self.agenda.push(call),
                    false => self.ask_next(call),
                }
            }
            Step::Defer(unit) => body.deferred.push(unit),
            Step::Run(unit) => {
                body.waiting = Some(unit);
                self.open_part(call, unit);
            }
            // The others of its group were stopped.
            Step::Background(unit) if fragment.fail_fast && body.late.is_some() => {
                let cause = body.late.unwrap_or(call);
                self.finish(unit, Outcome::Skipped(cause));
            }
            // One at a time: the next step waits, but a failure still shows at the join only.
            Step::Background(unit) if sequential => {
                body.waiting = Some(unit);
                self.row(unit).background = true;
                self.open_part(call, unit);
            }
            Step::Background(unit) => {
                body.background += 1;
                self.row(unit).background = true;
                self.open_part(call, unit);
            }
        }
        true
    }

    /// Asks what comes next in a body.
    pub(super) fn ask_next(&mut self, call: UnitId) {
        if let State::Body(body) = &mut self.row(call).state {
            body.asking = Asking::Open;
            self.busy += 1;
            self.effects.push(Effect::Next(call));
        }
    }

    pub(super) fn continued(&mut self, call: UnitId, next: Expanded) {
        self.busy -= 1;
        let is_ending = self.rows[call.index()].ending.is_some();
        let State::Body(body) = &mut self.row(call).state else { return };
        body.asking = Asking::No;
        match next {
            _ if is_ending => {}
            Expanded::Omitted => {}
            Expanded::Refused(refusal) => body.refused = Some(Box::new(refusal)),
            Expanded::Body(fragment) => {
                body.failed = None;
                self.append(call, fragment);
            }
        }
        self.advance(call);
    }

    /// A body that is being stopped is no longer asked what comes next, once the answer is there.
    pub(super) fn stop_asking(&mut self, call: UnitId) {
        let State::Body(body) = &mut self.row(call).state else { return };
        match body.asking {
            Asking::No => {}
            Asking::Ready => body.asking = Asking::No,
            Asking::Open => {
                self.effects.push(Effect::Stop { unit: call, how: super::Stop::Terminate });
            }
        }
    }

    /// Opens a part, or takes note at once of one that has ended before.
    fn open_part(&mut self, call: UnitId, part: UnitId) {
        if self.is_settled(part) {
            self.part_ended(call, part);
        } else {
            self.open(part);
        }
    }

    fn drain(&mut self, call: UnitId) -> bool {
        let State::Body(body) = &mut self.rows[call.index()].state else { return false };
        if body.background > 0 {
            return false;
        }
        body.failed = body.failed.or(body.late.take());
        body.phase = Phase::Deferring;
        true
    }

    fn take_deferred(&mut self, call: UnitId) -> bool {
        let ending = self.rows[call.index()].ending;
        let State::Body(body) = &mut self.rows[call.index()].state else { return false };
        if let Some(unit) = body.deferred.pop() {
            body.waiting = Some(unit);
            self.open(unit);
            return true;
        }
        let outcome = match (ending, body.failed.or(body.lost), body.refused.take()) {
            (Some(ending), ..) => ending.outcome(),
            (None, _, Some(refusal)) => {
                let Refusal { code, message } = *refusal;
                Outcome::Failed(Failure::Refused { code, message })
            }
            (None, Some(part), None) => Outcome::Failed(Failure::Below(part)),
            (None, None, None) => Outcome::Succeeded,
        };
        self.end_attempt(call, outcome);
        false
    }

    /// The exit code that deferred commands of `unit`'s body are told: that of the part that failed.
    pub fn failed_code(&self, deferred: UnitId) -> Option<i32> {
        let call = self.plan.parent(deferred);
        let State::Body(body) = &self.rows.get(call.index())?.state else { return None };
        let ending = self.rows[call.index()].ending;
        if matches!(ending, Some(Ending::TimedOut | Ending::AttemptOver | Ending::Stalled)) {
            return Some(TIMED_OUT);
        }
        match self.root_cause(body.failed?) {
            Some(Failure::Refused { .. }) => None,
            _ => self.exit_code(body.failed?),
        }
    }

    /// Parts of a body that have begun and not ended.
    pub(super) fn live_parts(&self, call: UnitId) -> Vec<UnitId> {
        let Some(fragment) = self.plan.parts(call) else { return Vec::new() };
        fragment
            .steps
            .iter()
            .filter_map(|step| step.unit())
            .filter(|unit| {
                !matches!(self.rows[unit.index()].state, State::Waiting | State::Done(_))
            })
            .collect()
    }

    /// How long a unit probably takes.
    fn estimate(&self, unit: UnitId) -> Duration {
        self.plan.unit(unit).estimate.unwrap_or(self.options.typical)
    }

    /// Passes on to a call's parts and dependencies what probably remains after each of them: the
    /// longest path to the end of the run, which decides who gets a slot first.
    fn spread_tail(&mut self, call: UnitId) {
        let mut spread = vec![call];
        // A bound, for units that wait for each other would raise one another for ever. Only the order of
        // starting depends on it.
        for _ in 0..4 * self.plan.len() + 64 {
            let Some(call) = spread.pop() else { return };
            let Some(fragment) = self.plan.parts(call) else { continue };
            let mut after = self.rows[call.index()].tail;
            let mut after_join = after;
            let mut tails = Vec::with_capacity(fragment.steps.len() + fragment.deps.len());
            // Steps of attempts that are over do not count.
            let first = self.rows[call.index()].rare().first_step.min(fragment.steps.len());
            for &step in fragment.steps[first..].iter().rev() {
                match step {
                    Step::Join | Step::Next => after_join = after,
                    Step::Defer(_) => {}
                    Step::Run(unit) => {
                        tails.push((unit, after));
                        after += self.estimate(unit);
                    }
                    Step::Background(unit) => {
                        tails.push((unit, after_join));
                        after = after.max(after_join + self.estimate(unit));
                    }
                }
            }
            tails.extend(fragment.deps.iter().map(|&dep| (dep, after)));
            for (unit, tail) in tails {
                if tail > self.rows[unit.index()].tail {
                    self.row(unit).tail = tail;
                    spread.push(unit);
                }
            }
        }
    }

    /// What probably remains of the run from the start of `unit`.
    pub(super) fn rank(&self, unit: UnitId) -> Duration {
        self.estimate(unit) + self.rows[unit.index()].tail
    }
}
