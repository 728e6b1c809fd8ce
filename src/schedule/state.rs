//! What the scheduler knows of a unit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::Clock;
use super::body::Body;
use super::queue::Slot;
use super::serve::Serving;
use super::stop::Ending;
use super::{Refusal, Scheduler};
use crate::event::{At, Frame, Outcome, Usage};
use crate::id::UnitId;
use crate::plan::Priority;

/// What the scheduler knows of a unit. There is one for each, so what few units have is kept aside.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) state: State,
    pub(super) began: At,
    /// What probably remains of the run once this unit has ended.
    pub(super) tail: Duration,
    /// The nearest grafted call around it (or it itself), whose caller's slot it may use.
    pub(super) lender: Option<UnitId>,
    /// Attempts of its body that have begun.
    pub(super) attempt: u32,
    /// Slots that it takes.
    pub(super) weight: u32,
    /// Set when it is being stopped: how it will have ended.
    pub(super) ending: Option<Ending>,
    /// Who goes first.
    pub(super) priority: Priority,
    /// Its process ended by itself with another code than 0, whatever that is put down to.
    pub(super) exited_badly: bool,
    pub(super) background: bool,
    pub(super) deferred: bool,
    /// It knows what it comes after.
    pub(super) is_ordered: bool,
    rare: Option<Box<Rare>>,
}

/// What the scheduler knows of few units.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// What is left of its time while it is queued.
    pub(super) time_left: Option<Duration>,
    /// It no longer waits for a dependency since the two waited for each other: what to say.
    pub(super) cut: Option<Refusal>,
    /// The time of the attempt of its body, where that is limited.
    pub(super) clock: Option<Clock>,
    /// The step that the current attempt begins with.
    pub(super) first_step: usize,
    /// How the last attempt ended, while it is open whether another one follows.
    pub(super) ended: Option<Outcome>,
    /// It has, or waits for, something that holds between runs.
    pub(super) claims: bool,
    /// How far it is as a server.
    pub(super) serving: Serving,
    /// The command that serves.
    pub(super) serves_by: Option<UnitId>,
    /// It serves, and is not in hand.
    pub(super) is_aside: bool,
    /// It is tried alone.
    pub(super) is_alone: bool,
    /// Tasks that ran at the same time.
    pub(super) beside: BTreeSet<Arc<str>>,
}

impl Row {
    /// What few units have, or as it is of the others.
    pub(super) fn rare(&self) -> &Rare {
        static NONE: Rare = Rare {
            time_left: None,
            cut: None,
            clock: None,
            first_step: 0,
            ended: None,
            claims: false,
            serving: Serving::No,
            serves_by: None,
            is_aside: false,
            is_alone: false,
            beside: BTreeSet::new(),
        };
        self.rare.as_deref().unwrap_or(&NONE)
    }

    /// Memory that a queued command needs at its peak, bytes.
    pub(super) fn need_of_memory(&self) -> u64 {
        match &self.state {
            State::Queued(shown) => shown.memory,
            _ => 0,
        }
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Takes something away that few units have.
    pub(super) fn take<T: Default>(&mut self, field: fn(&mut Rare) -> &mut T) -> T {
        self.rare.as_deref_mut().map(|rare| std::mem::take(field(rare))).unwrap_or_default()
    }

    pub(super) fn clock(&mut self) -> Option<&mut Clock> {
        self.rare.as_deref_mut()?.clock.as_mut()
    }

    pub(super) fn set_clock(&mut self, clock: Option<Clock>) {
        if clock.is_some() || self.rare.is_some() {
            self.rare_mut().clock = clock;
        }
    }
}

#[derive(Debug, Default)]
pub(super) enum State {
    /// Not its turn.
    #[default]
    Waiting,
    /// Its turn, in sequential mode not yet in hand.
    Ready(Ask),
    /// A question about it is open.
    Asked(Ask),
    Deps {
        /// Those that it still waits for.
        left: BTreeSet<UnitId>,
        failed: Option<UnitId>,
    },
    /// It comes after tasks that may not be known yet.
    Held,
    /// Its body waits for room.
    Seeking,
    /// Its body waits for what another run may have.
    Claiming,
    Body(Box<Body>),
    /// An attempt has failed, the next is still to come.
    Delayed,
    /// It failed beside others, and is tried again alone.
    Shelved,
    /// The run: only servers, and what is being stopped, are left.
    Closing,
    Queued(Box<Shown>),
    Running(Box<Process>),
    Done(Outcome),
}

/// How a command that waits for its slot is to be shown, and what it needs.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) echo: Option<Arc<str>>,
    pub(super) interactive: bool,
    pub(super) frame: Frame,
    /// Memory that it needs at its peak, bytes.
    pub(super) memory: u64,
}

/// A question to the driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    Expand,
    Check,
    Render,
    /// What a further attempt consists of.
    Again,
    /// Whether a failure is transient.
    Search,
}

/// A running command, and the calls it made.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) slot: Slot,
    /// So many slots of it others have.
    pub(super) owed: u32,
    /// It does nothing, so they may keep them.
    pub(super) is_idle: bool,
    /// Grafted calls that have not ended, in order.
    pub(super) calls: Vec<UnitId>,
    /// The call that has this command's slot.
    pub(super) passed: Option<UnitId>,
    /// Since when it has.
    pub(super) passed_since: At,
    /// How long calls had the slot: time in which the command only waited.
    pub(super) waited: Duration,
    /// The first call in the background that failed.
    pub(super) failed: Option<UnitId>,
    /// The latest call that failed, with the exit code that its program had.
    pub(super) refuted: Option<(UnitId, i32)>,
    /// Set once the process is gone and only its calls remain.
    pub(super) exit: Option<(Outcome, Option<Usage>, Duration)>,
}

impl Scheduler {
    pub(super) fn row(&mut self, unit: UnitId) -> &mut Row {
        &mut self.rows[unit.index()]
    }

    pub(super) fn add_row(&mut self, unit: UnitId, lender: Option<UnitId>) {
        if self.rows.len() <= unit.index() {
            self.rows.resize_with(unit.index() + 1, Row::default);
        }
        self.rows[unit.index()] = Row { lender, weight: 1, ..Row::default() };
    }
}
