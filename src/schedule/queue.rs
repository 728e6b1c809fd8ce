//! Who gets a slot: the slots of the run, slots that a waiting command passes on, and the order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::Scheduler;
use super::state::{Row, State};
use crate::id::UnitId;
use crate::plan::Priority;

/// Where a running command's slot came from, and goes back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// So many of the run's.
    Own(u32),
    /// The one that the caller of this grafted call holds.
    Lent(UnitId),
    /// It needs none.
    Nobodys,
}

impl Slot {
    /// How many of the run's slots it is.
    pub(super) fn own(self) -> u32 {
        match self {
            Slot::Own(weight) => weight,
            Slot::Lent(_) | Slot::Nobodys => 0,
        }
    }

    /// How many slots it is, of the run or not.
    pub(super) fn weight(self) -> u32 {
        match self {
            Slot::Own(weight) => weight,
            Slot::Lent(_) => 1,
            Slot::Nobodys => 0,
        }
    }

    /// What is left of it when others have so much.
    pub(super) fn without(self, owed: u32) -> Slot {
        match self {
            Slot::Own(weight) => Slot::Own(weight.saturating_sub(owed)),
            Slot::Lent(_) if owed > 0 => Slot::Nobodys,
            Slot::Lent(_) | Slot::Nobodys => self,
        }
    }
}

/// The most urgent first, then the longest remaining path, then the order of the file.
type Key = (Reverse<Priority>, Duration, Reverse<(u32, u32)>, Reverse<UnitId>);

/// Commands that wait for a slot.
#[derive(Debug)]
pub(super) struct Queue {
    free: u32,
    /// The machine has no room: nothing more may start beside what is under way.
    pub(super) is_gated: bool,
    /// So many bytes of memory are left, if anybody knows; less than none when more was promised.
    pub(super) memory: Option<i128>,
    /// What has a slot, but not enough memory.
    pub(super) for_memory: Option<UnitId>,
    /// Grafted calls that have their caller's slot: whether it is unused just now.
    lent: BTreeMap<UnitId, bool>,
    /// Queued commands by the grafted call they stand in.
    waiting: BTreeMap<Option<UnitId>, BinaryHeap<Key>>,
}

impl Queue {
    pub(super) fn new(slots: u32) -> Queue {
        let (lent, waiting) = Default::default();
        Queue { free: slots, is_gated: false, memory: None, for_memory: None, lent, waiting }
    }

    /// The next command to start and its slot. What was stopped while it waited is passed over.
    /// `alone`: nothing else is under way.
    pub(super) fn pick(&mut self, rows: &[Row], alone: bool) -> Option<(UnitId, Slot)> {
        let stale = |key: &Key| !matches!(rows[key.3.0.index()].state, State::Queued(_));
        self.waiting.retain(|_, heap| {
            while heap.peek().is_some_and(stale) {
                heap.pop();
            }
            !heap.is_empty()
        });
        self.for_memory = None;
        let lent = self.lent.iter().filter(|&(_, &unused)| unused).find_map(|(&call, _)| {
            let unit = head(self.waiting.get(&Some(call))?)?;
            Some((call, unit))
        });
        if let Some((call, unit)) = lent {
            if self.lacks_memory(rows, unit, alone) {
                return None;
            }
            self.lent.insert(call, false);
            return Some((self.pop(Some(call))?, Slot::Lent(call)));
        }
        if self.free == 0 || (self.is_gated && !alone) {
            return None;
        }
        let (&best, heap) = self.waiting.iter().max_by_key(|(_, heap)| heap.peek().copied())?;
        // One that needs several waits for them at the head, or it would be passed for ever.
        let first = head(heap)?;
        let weight = rows[first.index()].weight;
        if weight > self.free || self.lacks_memory(rows, first, alone) {
            return None;
        }
        let unit = self.pop(best)?;
        self.free -= weight;
        Some((unit, Slot::Own(weight)))
    }

    /// Whether a command at the head needs more memory than is left beside what is under way. It waits there, or
    /// it would be passed for ever.
    fn lacks_memory(&mut self, rows: &[Row], unit: UnitId, alone: bool) -> bool {
        let need = i128::from(rows[unit.index()].need_of_memory());
        // What is not known to need any may start, whatever others were promised.
        let lacks = !alone && need > 0 && self.memory.is_some_and(|left| need > left);
        self.for_memory = lacks.then_some(unit);
        lacks
    }

    pub(super) fn free(&self) -> u32 {
        self.free
    }

    /// Whether commands are left that [`Queue::pick`] had no slot for.
    pub(super) fn is_short(&self) -> bool {
        !self.waiting.is_empty() && !self.is_gated && self.for_memory.is_none()
    }

    /// Others use `slots` of those that are free.
    pub(super) fn give_away(&mut self, slots: u32) {
        self.free = self.free.saturating_sub(slots);
    }

    /// What was given away is free again.
    pub(super) fn get_back(&mut self, slots: u32) {
        self.free += slots;
    }

    fn pop(&mut self, lender: Option<UnitId>) -> Option<UnitId> {
        let (.., Reverse(unit)) = self.waiting.get_mut(&lender)?.pop()?;
        Some(unit)
    }

    pub(super) fn release(&mut self, slot: Slot) {
        match slot {
            Slot::Own(weight) => self.free += weight,
            // Its owner may have it back already, when it was handed down.
            Slot::Lent(call) => {
                self.lent.entry(call).and_modify(|unused| *unused = true);
            }
            Slot::Nobodys => {}
        }
    }

    /// Takes up to `owed` of a slot that was released before its holder had ended; how much there was.
    pub(super) fn reclaim(&mut self, slot: Slot, owed: u32) -> u32 {
        match slot {
            Slot::Own(_) => {
                let taken = owed.min(self.free);
                self.free -= taken;
                taken
            }
            Slot::Lent(call) => match self.lent.get_mut(&call) {
                Some(unused) => u32::from(std::mem::take(unused)),
                // Its owner has it back: there is nothing to wait for.
                None => owed,
            },
            Slot::Nobodys => owed,
        }
    }

    /// `call` may use its caller's slot.
    pub(super) fn lend(&mut self, call: UnitId) {
        self.lent.insert(call, true);
    }

    /// The caller has its slot back.
    pub(super) fn take_back(&mut self, call: UnitId) {
        self.lent.remove(&call);
    }

    /// Calls that have their caller's slot and nothing that uses it.
    pub(super) fn unused(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.lent.iter().filter(|&(_, &unused)| unused).map(|(&call, _)| call)
    }

    pub(super) fn use_lent(&mut self, call: UnitId) {
        self.lent.insert(call, false);
    }

    pub(super) fn is_lent(&self, call: UnitId) -> bool {
        self.lent.contains_key(&call)
    }
}

/// The command that comes first.
fn head(heap: &BinaryHeap<Key>) -> Option<UnitId> {
    heap.peek().map(|&(.., Reverse(unit))| unit)
}

impl Scheduler {
    /// A command has begun that will take so many bytes of memory.
    pub(super) fn take_memory(&mut self, unit: UnitId, need: u64) {
        if need > 0 {
            self.memory.insert(unit, need);
            self.queue.memory = self.queue.memory.map(|left| left - i128::from(need));
        }
    }

    /// A command has ended, and with it what it took, or would have.
    pub(super) fn free_memory(&mut self, unit: UnitId) {
        if let Some(need) = self.memory.remove(&unit) {
            self.queue.memory = self.queue.memory.map(|left| left + i128::from(need));
        }
    }

    pub(super) fn enqueue(&mut self, unit: UnitId) {
        let first = Reverse(self.rows[unit.index()].priority);
        let key = (first, self.rank(unit), Reverse(self.plan.unit(unit).order), Reverse(unit));
        let lender = self.rows[unit.index()].lender;
        self.queue.waiting.entry(lender).or_default().push(key);
    }
}
