//! Slots of commands that only wait: others may have them until their owners compute again.
//!
//! A command that has lent its slot is never held up: when it computes before the slot is back, there is more
//! under way than there are slots, by no more than may be lent at all. What becomes free goes to such a command
//! before anything new starts.

use super::Scheduler;
use super::queue::Slot;
use super::state::{Process, State};
use crate::id::UnitId;

impl Scheduler {
    /// Whether slots of commands that do nothing are lent at all.
    pub fn lends(&self) -> bool {
        self.options.lent > 0
    }

    /// Whether a running command has lent what it has of the run's slots, or some of it.
    pub fn has_lent(&self, command: UnitId) -> bool {
        self.process(command).is_some_and(|process| process.owed > 0)
    }

    /// How many slots commands do without that others have.
    pub fn slots_lent(&self) -> u32 {
        self.lenders.iter().filter_map(|&lender| self.process(lender)).map(|own| own.owed).sum()
    }

    /// Whether it is of interest that a command does nothing: it has a slot that somebody wants.
    pub fn may_lend(&self, command: UnitId) -> bool {
        let is_ending = self.rows.get(command.index()).is_none_or(|row| row.ending.is_some());
        if self.options.sequential || is_ending || self.on_terminal == Some(command) {
            return false;
        }
        self.process(command).is_some_and(|process| {
            let is_at_work = process.exit.is_none() && process.calls.is_empty();
            let has_it = match process.slot {
                Slot::Own(_) => true,
                Slot::Lent(call) => self.queue.is_lent(call),
                Slot::Nobodys => false,
            };
            is_at_work && has_it && !process.is_idle
        })
    }

    /// Whether a slot is awaited by a command that has lent it.
    pub(super) fn is_owed_slots(&self) -> bool {
        let waits = |process: &Process| process.owed > 0 && !process.is_idle;
        self.lenders.iter().any(|&lender| self.process(lender).is_some_and(waits))
    }

    /// A command does nothing: who is queued may have its slot.
    pub(super) fn idle(&mut self, command: UnitId) {
        if !self.may_lend(command) || !self.queue.is_short() {
            return;
        }
        let lent = self.slots_lent();
        let most = self.options.lent;
        let State::Running(process) = &mut self.row(command).state else { return };
        let rest = process.slot.weight().saturating_sub(process.owed);
        if lent + rest > most {
            return;
        }
        let slot = process.slot.without(process.owed);
        process.owed += rest;
        process.is_idle = true;
        self.queue.release(slot);
        if !self.lenders.contains(&command) {
            self.lenders.push(command);
        }
    }

    /// A command that did nothing computes again, and wants its slot back.
    pub(super) fn busy_again(&mut self, command: UnitId) {
        if let Some(State::Running(process)) =
            self.rows.get_mut(command.index()).map(|row| &mut row.state)
        {
            process.is_idle = false;
        }
    }

    /// Gives back what is free to those who wait for it.
    pub(super) fn take_back_lent(&mut self) {
        for lender in self.lenders.clone() {
            let State::Running(process) = &mut self.rows[lender.index()].state else { continue };
            if process.is_idle {
                continue;
            }
            process.owed -= self.queue.reclaim(process.slot, process.owed);
            if process.owed == 0
                && let Some(call) = process.passed
            {
                self.queue.lend(call);
            }
        }
        let rows = &self.rows;
        self.lenders.retain(|lender| match &rows[lender.index()].state {
            State::Running(process) => process.owed > 0,
            _ => false,
        });
    }

    fn process(&self, command: UnitId) -> Option<&Process> {
        match &self.rows.get(command.index())?.state {
            State::Running(process) => Some(process),
            _ => None,
        }
    }
}
