//! What bodies hold, told from the events alone: no two have what only one may have.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use par::event::Kind;
use par::id::UnitId;
use par::plan::{Plan, Policy};

use crate::world::POOLS;

/// The bodies that are under way.
#[derive(Default)]
pub struct Rooms {
    bodies: BTreeMap<UnitId, Arc<Policy>>,
    attempts: HashMap<UnitId, u32>,
    /// One more attempt is theirs.
    aside: HashSet<UnitId>,
}

impl Rooms {
    /// Follows an event; what is wrong with it.
    pub fn see(&mut self, plan: &Plan, kind: &Kind) -> Vec<String> {
        match kind {
            Kind::Began { unit, attempt } => return self.began(plan, *unit, *attempt),
            Kind::PutAside { unit, .. } => {
                self.aside.insert(*unit);
                self.bodies.remove(unit);
            }
            Kind::Retrying { unit, .. } | Kind::Finished { unit, .. } => {
                self.bodies.remove(unit);
            }
            _ => {}
        }
        Vec::new()
    }

    fn began(&mut self, plan: &Plan, unit: UnitId, attempt: u32) -> Vec<String> {
        let before = self.attempts.insert(unit, attempt).unwrap_or(0);
        let mut faults = Vec::new();
        if attempt != before + 1 {
            faults.push(format!("attempt {attempt} of {unit:?} follows {before}"));
        }
        let Some(policy) = &plan.unit(unit).policy else { return faults };
        for (other, held) in &self.bodies {
            let clash = policy.locks.iter().any(|lock| {
                let mut same = held.locks.iter().filter(|held| held.name == lock.name);
                same.any(|held| !(held.shared && lock.shared))
            });
            if clash && !stands_in(plan, unit, *other) {
                faults.push(format!("{unit:?} takes a lock that {other:?} has"));
            }
        }
        self.bodies.insert(unit, policy.clone());
        faults.extend(POOLS.iter().filter_map(|&(name, size)| self.overdrawn(plan, name, size)));
        let retry = policy.retry.as_ref().map_or(1, |retry| retry.attempts.max(1));
        let retry = retry + u32::from(self.aside.contains(&unit));
        if attempt > retry {
            faults.push(format!("attempt {attempt} of {retry} of {unit:?}"));
        }
        faults
    }

    /// Bodies in others use the shares of those as far as they go.
    fn overdrawn(&self, plan: &Plan, name: &str, size: u32) -> Option<String> {
        let share = |policy: &Policy| -> u32 {
            let pools = policy.resources.pools.iter().filter(|(pool, _)| &**pool == name);
            pools.map(|(_, share)| *share).sum::<u32>().min(size)
        };
        let outermost = self.bodies.iter().filter(|&(&unit, policy)| {
            let around = |&other: &&UnitId| {
                *other != unit && stands_in(plan, unit, *other) && share(&self.bodies[other]) > 0
            };
            share(policy) > 0 && !self.bodies.keys().any(|other| around(&other))
        });
        let used: u32 = outermost.map(|(_, policy)| share(policy)).sum();
        (used > size).then(|| format!("{used} shares of {size} of pool {name} are in use"))
    }
}

/// Whether `unit` is in the body of `call`.
fn stands_in(plan: &Plan, mut unit: UnitId, call: UnitId) -> bool {
    while unit != UnitId::ROOT {
        unit = plan.parent(unit);
        if unit == call {
            return true;
        }
    }
    false
}
