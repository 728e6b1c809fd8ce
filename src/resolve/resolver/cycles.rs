//! Calls that would never end, with the chain that shows it.

use std::sync::Arc;

use super::Resolver;
use crate::diag::{Diagnostic, Fault};
use crate::id::UnitId;
use crate::resolve::called::{Aim, Target};
use crate::source::Span;

impl Resolver {
    /// The mistake of calling `aim` from inside `parent`, if the same call is around it and nothing
    /// on the way can say no. `certain` is whether nothing can at the new call itself.
    pub(super) fn cycle(&self, parent: UnitId, aim: &Aim, certain: bool) -> Option<Diagnostic> {
        let (chain, all_certain) = self.around(parent, aim)?;
        (certain && all_certain).then(|| cycle(chain))
    }

    /// The mistake of calling `aim` from a command of `parent`, if the same call is around it. The
    /// command would wait for itself with a process for each turn, so no condition excuses it.
    pub(super) fn recursion(&self, parent: UnitId, aim: &Aim) -> Option<Diagnostic> {
        self.around(parent, aim).map(|(chain, _)| cycle(chain))
    }

    /// The way from `parent` up to the same call, and whether every call on it is sure to be reached.
    fn around(&self, parent: UnitId, aim: &Aim) -> Option<(Vec<Arc<str>>, bool)> {
        let is_same = |unit: &UnitId| {
            self.called(*unit).is_some_and(
                |called| matches!(&called.target, Target::Known(around) if around.equals(aim)),
            )
        };
        let latest = self.calls.get(&aim.found.task.order).copied();
        let before = |&call: &UnitId| {
            self.called(call).map(|called| called.earlier).filter(|&call| call != UnitId::ROOT)
        };
        let calls = std::iter::successors(latest, before);
        let around = calls.filter(|&call| self.ancestry.stands_in(parent, call));
        let last = around.filter(is_same).max_by_key(|&call| self.ancestry.depth(call))?;
        let chain = self.chain(parent, last, aim);
        Some((chain, self.is_certain_below(last, parent)))
    }

    /// Whether every call on the way from `last` down to `unit` is sure to be reached, `last` left out.
    fn is_certain_below(&self, last: UnitId, mut unit: UnitId) -> bool {
        while unit != last
            && let Some(called) = self.called(unit)
        {
            if !called.certain {
                return false;
            }
            unit = called.parent;
        }
        true
    }

    /// The names from a call of `aim` in `unit` up to `last`.
    fn chain(&self, mut unit: UnitId, last: UnitId, aim: &Aim) -> Vec<Arc<str>> {
        let mut chain = vec![aim.name().clone(), self.name(unit)];
        while unit != last
            && let Some(called) = self.called(unit)
        {
            unit = called.parent;
            chain.push(self.name(unit));
        }
        chain
    }

    /// The mistake of `unit` waiting for `other`, which waits for `unit`.
    pub(super) fn tangle(&self, unit: UnitId, other: UnitId, span: Span) -> Diagnostic {
        let way = self.waits.way(other, unit);
        let mut chain: Vec<Arc<str>> = way.into_iter().map(|unit| self.name(unit)).collect();
        // A second call of a task that runs once ends the chain itself.
        if chain.len() < 2 || chain.last() != chain.first() {
            chain.push(self.name(other));
        }
        chain.reverse();
        cycle(chain).at(span, "called here")
    }
}

/// The names of a cycle, last one first.
fn cycle(mut chain: Vec<Arc<str>>) -> Diagnostic {
    chain.reverse();
    let message = format!("a cycle of tasks: {}", chain.join(" → "));
    Diagnostic::error(Fault::TooManyCalls, message)
}
