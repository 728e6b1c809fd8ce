//! Load and memory: nothing more starts while the machine has no room, but something always runs.

use std::time::{Duration, Instant};

use super::driver::Driver;
use crate::host::machine::Machine;
use crate::schedule::Input;

/// How often a closed gate is looked at.
const AGAIN: Duration = Duration::from_millis(100);

/// What the machine must have for more to start.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Gates {
    /// The busy share of the processors is not above this, from 0 to 1.
    pub load: Option<f64>,
    /// So much memory is available, bytes.
    pub memory: Option<u64>,
}

/// The gates and how they were found last.
#[derive(Debug)]
pub(super) struct Watch {
    gates: Gates,
    machine: Machine,
    is_open: bool,
}

impl Watch {
    pub(super) fn new(gates: Gates) -> Watch {
        Watch { gates, machine: Machine::from_environment(), is_open: true }
    }

    /// Bytes that may still be taken, if anybody knows.
    pub(super) fn available_memory(&mut self, now: Instant) -> Option<u64> {
        self.machine.available_memory(now)
    }

    /// What nobody knows closes no gate.
    fn look(&mut self, now: Instant) -> bool {
        let Gates { load, memory } = self.gates;
        let busy = load.and_then(|limit| Some(self.machine.busy(now)? > limit));
        let full = memory.and_then(|least| Some(self.machine.available_memory(now)? < least));
        !busy.unwrap_or(false) && !full.unwrap_or(false)
    }
}

impl Driver {
    /// Tells the scheduler when a gate has opened or closed, before it starts anything.
    pub(super) fn look_at_gates(&mut self) {
        if self.gates.gates == Gates::default() {
            return;
        }
        let is_open = self.gates.look(Instant::now());
        if is_open != self.gates.is_open {
            self.gates.is_open = is_open;
            self.inputs.push_front(Input::Gate { is_open });
        }
    }

    /// When a closed gate is to be looked at again.
    pub(super) fn watch_gates(&self) -> Option<Instant> {
        (!self.gates.is_open).then(|| Instant::now() + AGAIN)
    }
}
