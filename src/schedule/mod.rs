//! Decides what happens next: facts in, intentions out.
//!
//! Pure and synchronous: no clock, process, file or terminal. Time comes in with every input, and one
//! sequence of inputs always gives the same sequence of effects, so the real run and the simulation of a
//! plan are driven by the same code.
//!
//! A *call* passes through `Expanding → Deps → Checking → Body → Done`, a *command* through
//! `Rendering → Queued → Running → Done`. Ready is not queued: only a command that certainly has to run
//! waits for a slot. In sequential mode one thing at a time is in hand and what is ready waits on a stack,
//! which makes the order that of a depth-first walk over the file.

mod attempt;
mod body;
mod command;
mod due;
mod fallback;
mod lend;
mod order;
mod outcome;
mod queue;
mod rank;
mod room;
mod seam;
mod seek;
mod serve;
mod stall;
mod standing;
mod state;
mod stop;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::{At, Kind, Outcome, Role};
use crate::id::UnitId;
use crate::plan::{Fragment, Plan, Work};

pub use seam::{
    Claim, Claimed, Effect, Exit, Expanded, Input, Options, Refusal, Rendered, Stop, Verdict,
};
pub use standing::Standing;

use due::{Due, Dues};
use queue::{Queue, Slot};
use room::Room;
use serve::Serving;
use state::{Ask, Row, State};
use stop::Ending;

/// So long starts are held back for want of facts that are at hand: a plan of some hundred tasks is known by then,
/// and with it the longest path, while in a larger one somebody works already.
const HELD_BACK: Duration = Duration::from_millis(5);

/// The scheduler of one run. See the module's documentation.
#[derive(Debug)]
pub struct Scheduler {
    options: Options,
    plan: Plan,
    rows: Vec<Row>,
    queue: Queue,
    /// Sequential mode: what is ready, the next one last.
    agenda: Vec<UnitId>,
    /// Things in hand: asked and not answered, queued, running. A command whose slot is passed on does not count.
    busy: u32,
    /// Commands of them that wait for a slot.
    in_queue: u32,
    /// More facts are at hand.
    expects_more: bool,
    /// Nothing starts before they are known.
    holds_back: bool,
    /// Since when more facts have been at hand.
    held_since: Option<At>,
    has_priorities: bool,
    dues: Dues,
    /// What bodies hold.
    room: Room,
    /// Bodies that wait for room, in the order in which they came.
    seekers: Vec<UnitId>,
    /// Whether a seeker came, or room became free, since it was last looked at.
    room_changed: bool,
    /// Calls that wait until it is known what they come after.
    held: Vec<UnitId>,
    /// Servers that have become ready and whose waiters do not know yet.
    served: Vec<UnitId>,
    /// Servers that serve.
    aside: u32,
    /// Servers that ended although others relied on them.
    fallen: Vec<UnitId>,
    /// Whether anything was ever stopped, so that one may look for it.
    has_endings: bool,
    /// Whether the time of any attempt is limited.
    has_clocks: bool,
    /// Calls that failed beside others, and are to be tried alone.
    shelf: Vec<UnitId>,
    /// Commands that run, where it matters which run at the same time.
    running: BTreeSet<UnitId>,
    /// Running commands that need memory, bytes.
    memory: BTreeMap<UnitId, u64>,
    /// Commands that do without slots of theirs which others have, the first one first.
    lenders: Vec<UnitId>,
    /// Units that have ended and whose waiters do not know yet.
    ended: Vec<UnitId>,
    cancelled: Option<stop::Cancelled>,
    /// The command that has the terminal.
    on_terminal: Option<UnitId>,
    now: At,
    /// Wall time in which processes worked, added up.
    sequential: Duration,
    effects: Vec<Effect>,
}

impl Scheduler {
    /// A scheduler before [`Input::Begin`].
    pub fn new(mut options: Options) -> Scheduler {
        options.slots = options.slots.max(1);
        options.sequential = options.is_sequential();
        let (queue, room) = (Queue::new(options.slots), Room::new(&options.pools));
        let (plan, rows, agenda, ended) = Default::default();
        let (dues, effects) = Default::default();
        Scheduler {
            options,
            plan,
            rows,
            queue,
            agenda,
            busy: 0,
            in_queue: 0,
            expects_more: false,
            holds_back: false,
            held_since: None,
            has_priorities: false,
            dues,
            room,
            seekers: Vec::new(),
            room_changed: false,
            held: Vec::new(),
            served: Vec::new(),
            aside: 0,
            fallen: Vec::new(),
            has_endings: false,
            has_clocks: false,
            shelf: Vec::new(),
            running: BTreeSet::new(),
            memory: BTreeMap::new(),
            lenders: Vec::new(),
            ended,
            cancelled: None,
            on_terminal: None,
            now: At::default(),
            sequential: Duration::ZERO,
            effects,
        }
    }

    /// Takes a fact and says what follows from it. `now` must not go backwards.
    pub fn step(&mut self, now: At, input: Input) -> Vec<Effect> {
        self.now = self.now.max(now);
        match input {
            Input::Begin(fragment) => self.begin(fragment),
            Input::Expanded { unit, expanded } => self.expanded(unit, expanded),
            Input::Continued { unit, next } => self.continued(unit, next),
            Input::Ready(unit) => self.is_ready(unit),
            Input::Searched { unit, found } => self.searched(unit, found),
            Input::Claimed { unit, claimed } => self.claimed(unit, claimed),
            Input::Checked { unit, verdict } => self.checked(unit, verdict),
            Input::Rendered { unit, rendered } => self.rendered(unit, rendered),
            Input::Exited { unit, exit } => self.exited(unit, exit),
            Input::Grafted { by, call, unit, background } => {
                self.grafted(by, call, unit, background)
            }
            Input::TokensOut(slots) => self.queue.give_away(slots),
            Input::TokensIn(slots) => self.queue.get_back(slots),
            Input::CancelTask(unit) => self.stop(unit, Ending::Cancelled),
            Input::Stalled(command) => self.stalled(command),
            Input::Idle(command) => self.idle(command),
            Input::Busy(command) => self.busy_again(command),
            Input::Gate { is_open } => self.queue.is_gated = !is_open,
            Input::Memory(left) => self.queue.memory = Some(left.into()),
            Input::Abandoned(unit) => self.stop(unit, Ending::Cancelled),
            Input::Deadline => self.deadline(),
            Input::Cancel(why) => self.cancel(why),
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Whether more inputs follow at once. For a moment nothing starts before these are known, where some units
    /// are more urgent than others for as long as it takes: who becomes ready at the same moment starts in the
    /// order of what hangs on it, not in that in which questions were answered. What was held back starts with
    /// the next input of which it is not said, or by [`Scheduler::start_held`].
    pub fn expect_more(&mut self, more: bool) {
        self.expects_more = more;
    }

    /// Nothing more is at hand: what was held back starts.
    pub fn start_held(&mut self, now: At) -> Vec<Effect> {
        self.now = self.now.max(now);
        self.expects_more = false;
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Whether nothing starts before more inputs have come, see [`Scheduler::expect_more`].
    pub fn holds_back(&self) -> bool {
        self.holds_back
    }

    /// When [`Input::Deadline`] is wanted next.
    pub fn next_deadline(&self) -> Option<At> {
        self.dues.next()
    }

    /// Whether every unit has its outcome and nothing is in hand.
    pub fn is_finished(&self) -> bool {
        self.busy == 0 && self.outcome(UnitId::ROOT).is_some()
    }

    /// How a unit ended, once it has.
    pub fn outcome(&self, unit: UnitId) -> Option<&Outcome> {
        match &self.rows.get(unit.index())?.state {
            State::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whether a command has a process that may call tasks.
    pub fn is_running(&self, unit: UnitId) -> bool {
        self.rows.get(unit.index()).is_some_and(
            |row| matches!(&row.state, State::Running(process) if process.exit.is_none()),
        )
    }

    /// Whether the answer to a question about `unit` still matters. Where it does not, the driver answers
    /// with anything, and takes in no fragment.
    pub fn awaits(&self, unit: UnitId) -> bool {
        match &self.rows[unit.index()].state {
            State::Asked(_) | State::Claiming => true,
            State::Body(body) => {
                let row = &self.rows[unit.index()];
                let is_tried = row.rare().serving == Serving::Starting;
                (body.is_asked() || is_tried) && row.ending.is_none()
            }
            _ => false,
        }
    }

    /// The nearest call around `unit` that a command made by starting a program.
    pub fn grafted_call(&self, unit: UnitId) -> Option<UnitId> {
        self.rows[unit.index()].lender
    }

    /// Commands that have to run and wait for a slot.
    pub fn queued(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.plan
            .units()
            .map(|(unit, _)| unit)
            .filter(|unit| matches!(self.rows[unit.index()].state, State::Queued(_)))
    }

    /// How many slots of the run a command has; none when it works in the slot of one that waits for it, or
    /// has lent its own.
    pub fn takes(&self, command: UnitId) -> u32 {
        match &self.rows[command.index()].state {
            State::Running(process) => process.slot.own().saturating_sub(process.owed),
            _ => 0,
        }
    }

    /// Whether a command works in the slot of one that waited, and has gone on before it ended.
    pub fn overstays(&self, command: UnitId) -> bool {
        match &self.rows[command.index()].state {
            State::Running(process) => match process.slot {
                Slot::Lent(call) => !self.queue.is_lent(call),
                Slot::Own(_) | Slot::Nobodys => false,
            },
            _ => false,
        }
    }

    /// Slots of the run that nobody uses; one that is passed on counts as used.
    pub fn free_slots(&self) -> u32 {
        self.queue.free()
    }

    /// Whether a command is queued for nothing but a slot, or waits for the one that it has lent.
    pub fn wants_slot(&self) -> bool {
        self.queue.is_short() || self.is_owed_slots()
    }

    /// Running commands that are known to need memory, and how many bytes at their peak.
    pub fn needs_of_memory(&self) -> impl Iterator<Item = (UnitId, u64)> + '_ {
        self.memory.iter().map(|(&unit, &need)| (unit, need))
    }

    /// The queued command for which there is a slot, but not enough memory beside what is under way.
    pub fn waits_for_memory(&self) -> Option<(UnitId, u64)> {
        self.queue.for_memory.map(|unit| (unit, self.rows[unit.index()].need_of_memory()))
    }

    /// Everything that is planned so far.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Works off what follows from what has ended, starts what can start, and breaks a standstill.
    fn settle(&mut self) {
        loop {
            while let Some(unit) = self.ended.pop() {
                self.notify_waiters(unit);
            }
            for server in std::mem::take(&mut self.served) {
                self.notify_served(server);
            }
            self.end_closing();
            self.grant_room(false);
            // Whoever goes on is known before anything starts beside it.
            if !self.ended.is_empty() || !self.served.is_empty() {
                continue;
            }
            if self.hold_back_starts() {
                return;
            }
            // Who can be told what it comes after goes on, too.
            if self.order_held() {
                continue;
            }
            self.start_queued();
            self.take_up();
            let goes_on = !self.ended.is_empty()
                || self.hand_down_slot()
                || (self.busy == self.in_queue && self.grant_room(true))
                || self.take_from_shelf()
                || self.break_standstill();
            if !goes_on && self.served.is_empty() {
                return;
            }
        }
    }

    fn hold_back_starts(&mut self) -> bool {
        let may_hold = self.expects_more && !self.options.sequential;
        self.held_since = may_hold.then(|| self.held_since.unwrap_or(self.now));
        let is_short = |since: At| self.now.since(since) < HELD_BACK;
        self.holds_back =
            may_hold && (self.has_priorities || self.held_since.is_some_and(is_short));
        self.holds_back
    }

    /// Sequential mode: takes the next ready unit in hand when nothing is that can go on.
    fn take_up(&mut self) {
        while self.busy == self.in_queue && self.ended.is_empty() {
            let Some(unit) = self.agenda.pop() else { return };
            match &self.rows[unit.index()].state {
                State::Ready(ask) => self.ask(unit, *ask),
                State::Body(body) if body.is_to_be_asked() => self.ask_next(unit),
                _ => {}
            }
        }
    }

    fn begin(&mut self, fragment: Fragment) {
        self.plan = Plan::rooted();
        self.add_row(UnitId::ROOT, None);
        if let Some(limit) = self.options.deadline {
            self.dues.set(UnitId::ROOT, At::from(limit), Due::Timeout);
        }
        self.take_fragment(UnitId::ROOT, fragment);
    }

    fn emit(&mut self, kind: Kind) {
        self.effects.push(Effect::Emit(kind));
    }

    fn announce(&mut self, unit: UnitId) {
        let planned = self.plan.unit(unit);
        let role = match planned.work {
            Work::Call => Role::Task,
            Work::Command if self.rows[unit.index()].deferred => Role::Deferred,
            Work::Command => Role::Command,
        };
        let (task, id, words) = (planned.task.clone(), planned.id.clone(), planned.words.clone());
        let parent = self.plan.parent(unit);
        self.emit(Kind::Added { unit, parent, role, task, id, words });
    }

    /// It is a unit's turn. What waits on the agenda since somebody else needs it too comes next.
    fn open(&mut self, unit: UnitId) {
        match self.rows[unit.index()].state {
            State::Waiting => {}
            State::Ready(_) => return self.agenda.push(unit),
            _ => return,
        }
        if self.refuses_new(unit) {
            return self.finish(unit, Outcome::Cancelled);
        }
        if let Some(limit) = self.plan.unit(unit).timeout {
            self.dues.set(unit, self.now + limit, Due::Timeout);
        }
        let ask = match self.plan.unit(unit).work {
            Work::Call => Ask::Expand,
            Work::Command => Ask::Render,
        };
        self.ready(unit, ask);
    }

    fn ready(&mut self, unit: UnitId, ask: Ask) {
        if self.options.sequential {
            self.row(unit).state = State::Ready(ask);
            self.agenda.push(unit);
        } else {
            self.ask(unit, ask);
        }
    }

    fn ask(&mut self, unit: UnitId, ask: Ask) {
        self.row(unit).state = State::Asked(ask);
        self.busy += 1;
        match ask {
            Ask::Expand => self.effects.push(Effect::Expand(unit)),
            Ask::Check => self.effects.push(Effect::Check(unit)),
            Ask::Render => self.effects.push(Effect::Render(unit)),
            Ask::Again => self.effects.push(Effect::Again(unit)),
            Ask::Search => self.search(unit),
        }
    }

    /// Opens several units so that the first is taken up first.
    fn open_all(&mut self, units: &[UnitId]) {
        if self.options.sequential {
            units.iter().rev().for_each(|&unit| self.open(unit));
        } else {
            units.iter().for_each(|&unit| self.open(unit));
        }
    }

    /// Takes the answer to a question; `false` when nobody cares any more.
    fn answered(&mut self, unit: UnitId, ask: Ask) -> bool {
        self.busy -= 1;
        matches!(self.rows[unit.index()].state, State::Asked(asked) if asked == ask)
    }

    fn expanded(&mut self, unit: UnitId, expanded: Expanded) {
        let is_first = self.rows[unit.index()].attempt == 0;
        if !self.answered(unit, if is_first { Ask::Expand } else { Ask::Again }) {
            return;
        }
        match expanded {
            expanded if !is_first => self.take_attempt(unit, expanded),
            Expanded::Omitted => self.finish(unit, Outcome::Omitted),
            Expanded::Refused(refusal) => self.refuse(unit, refusal),
            Expanded::Body(fragment) => self.take_fragment(unit, fragment),
        }
    }

    fn checked(&mut self, unit: UnitId, verdict: Verdict) {
        if !self.answered(unit, Ask::Check) {
            return;
        }
        match verdict {
            // A claim had to be waited for: the rest of its room it has.
            Verdict::Run if self.rows[unit.index()].rare().claims => self.begin_body(unit),
            Verdict::Run => self.seek(unit),
            Verdict::UpToDate => self.finish(unit, Outcome::UpToDate),
            Verdict::Refused(refusal) => self.refuse(unit, refusal),
        }
    }
}
