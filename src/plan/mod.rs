//! What would run: units and what each of them needs, growing while the run goes on.
//!
//! Holds types and questions about the graph; never sees YAML, processes or a clock.

mod ancestry;
mod forecast;
mod policy;

use std::sync::Arc;
use std::time::Duration;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use thin_vec::ThinVec;

use crate::id::{TaskId, UnitId};

pub use ancestry::Ancestry;
pub use forecast::{Forecast, Line};
pub use policy::{
    Class, Lock, Policy, Priority, Probe, Ready, Resources, Retry, Server, StallAction,
};

/// A node of the plan, before and after it runs.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it stands for.
    pub work: Work,
    /// Name of its task, as shown.
    pub task: Arc<str>,
    /// Full name of the task that a call calls, as far as it is known; empty for commands.
    pub name: Arc<str>,
    /// Unique across runs and machines.
    pub id: TaskId,
    /// Whether a failure of it counts for what stands around it.
    pub ignore_error: bool,
    /// How long it probably takes (a command: its process; a call: its body with the calls in it, without
    /// its dependencies). `None`: nobody knows.
    pub estimate: Option<Duration>,
    /// Longest wall time from its start to its end, its queueing not counted; for a call, with all its
    /// attempts. That of one attempt is [`Policy::timeout`].
    pub timeout: Option<Duration>,
    /// What a call asks for beyond its order; `None` as most: nothing. Before the call is expanded, only as
    /// far as it is written without templates.
    pub policy: Option<Arc<Policy>>,
    /// Position in the files: the task's, then the command's.
    pub order: (u32, u32),
    /// The words of a command line that make a call by itself; `None`: its `task` alone. Empty: there are none.
    pub words: Option<Arc<[Arc<str>]>>,
}

/// What a unit stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// A call of a task, to be expanded when it is reached.
    Call,
    /// A command: one process.
    Command,
}

/// A call's answer to "expand": what it consists of.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    /// The units that are new with it.
    pub units: Vec<(UnitId, Unit)>,
    /// Calls that must be done before the body, new or older (shared within the call's scope).
    pub deps: Vec<UnitId>,
    /// Whether the task has to be checked (up to date? preconditions? prompt?) before its body.
    pub check: bool,
    /// The body.
    pub steps: Vec<Step>,
    /// Steps go on after one that failed (`--keep-going` on the command line's tasks).
    pub keep_going: bool,
    /// When one of its dependencies fails, the others are stopped.
    pub fail_fast: bool,
    /// Its dependencies run one at a time although the run is parallel.
    pub one_at_a_time: bool,
    /// At most so many of the parts in the background run at the same time.
    pub max_parallel: Option<u32>,
    /// The name under which no other run of the project has the task's body at the same time.
    pub alone_across_runs: Option<Arc<str>>,
    /// What the call asks for, all texts rendered: from here on it is the unit's own, in place of what the
    /// unit said before.
    pub policy: Option<Arc<Policy>>,
}

/// What a call consists of, once it is expanded: its fragment, and those of further attempts.
#[derive(Debug, Default)]
pub struct Parts {
    /// Calls that must be done before the body.
    pub deps: ThinVec<UnitId>,
    /// The body.
    pub steps: ThinVec<Step>,
    /// As [`Fragment::alone_across_runs`].
    pub alone_across_runs: Option<Arc<str>>,
    /// As [`Fragment::max_parallel`].
    pub max_parallel: Option<u32>,
    /// As [`Fragment::check`].
    pub check: bool,
    /// As [`Fragment::keep_going`].
    pub keep_going: bool,
    /// As [`Fragment::fail_fast`].
    pub fail_fast: bool,
    /// As [`Fragment::one_at_a_time`].
    pub one_at_a_time: bool,
}

/// An element of a body, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Runs and is waited for.
    Run(UnitId),
    /// Starts; the body goes on.
    Background(UnitId),
    /// Waits for all that was started with `Background`; a failure among them shows here.
    Join,
    /// Waits likewise, and asks what comes next. It is reached also when something before it failed; what
    /// the answer appends to the body then takes the place of the failure.
    Next,
    /// Reached: is to run when the body has ended, last first.
    Defer(UnitId),
}

/// Why one unit waits for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A dependency: done before the body begins.
    Dep,
    /// A part of the body, deferred ones included.
    Part,
    /// A task that a running command called as a program.
    Graft,
    /// A task that comes first if it is in the run too.
    After,
}

/// The growing plan: an append-only arena of units. An edge leads from a unit to one that it needs.
#[derive(Debug, Default)]
pub struct Plan {
    graph: DiGraph<Node, Need>,
    /// The node of each unit; the end for one that was never added.
    nodes: Vec<NodeIndex>,
    /// Some unit says something about silence.
    minds_silence: bool,
}

#[derive(Debug)]
struct Node {
    id: UnitId,
    unit: Unit,
    parent: UnitId,
    /// Of a call that is expanded; commands have none.
    parts: Option<Box<Parts>>,
}

impl Plan {
    /// A plan of nothing but the unit that stands for the whole run.
    pub fn rooted() -> Plan {
        let root = Unit {
            work: Work::Call,
            task: Arc::default(),
            name: Arc::default(),
            id: "".into(),
            ignore_error: false,
            estimate: None,
            timeout: None,
            policy: None,
            order: (0, 0),
            words: None,
        };
        let mut plan = Plan::default();
        plan.add(UnitId::ROOT, root, UnitId::ROOT);
        plan
    }

    /// Adds a unit that stands in `parent`.
    pub fn add(&mut self, id: UnitId, unit: Unit, parent: UnitId) {
        self.minds_silence |= unit.policy.as_deref().is_some_and(Policy::minds_silence);
        let node = self.graph.add_node(Node { id, unit, parent, parts: None });
        if self.nodes.len() <= id.index() {
            self.nodes.resize(id.index() + 1, NodeIndex::end());
        }
        self.nodes[id.index()] = node;
    }

    /// Adds what a call consists of: its new units and what it needs.
    pub fn expand(&mut self, call: UnitId, fragment: Fragment) {
        for (id, unit) in fragment.units {
            self.add(id, unit, call);
        }
        for &dep in &fragment.deps {
            self.need(call, dep, Need::Dep);
        }
        for step in &fragment.steps {
            if let Some(part) = step.unit() {
                self.need(call, part, Need::Part);
            }
        }
        let node = self.index(call);
        if let Some(policy) = &fragment.policy {
            self.minds_silence |= policy.minds_silence();
            self.graph[node].unit.policy = Some(policy.clone());
        }
        self.graph[node].parts = Some(Box::new(Parts {
            deps: fragment.deps.as_slice().into(),
            steps: fragment.steps.as_slice().into(),
            alone_across_runs: fragment.alone_across_runs,
            max_parallel: fragment.max_parallel,
            check: fragment.check,
            keep_going: fragment.keep_going,
            fail_fast: fragment.fail_fast,
            one_at_a_time: fragment.one_at_a_time,
        }));
    }

    /// Adds to the body of a call that is expanded: a further attempt, or what a body asked for. Where its
    /// first step is.
    pub fn append(&mut self, call: UnitId, fragment: Fragment) -> usize {
        for (id, unit) in fragment.units {
            self.add(id, unit, call);
        }
        for part in fragment.steps.iter().filter_map(|step| step.unit()) {
            self.need(call, part, Need::Part);
        }
        let node = self.index(call);
        let whole = self.graph[node].parts.get_or_insert_default();
        let first = whole.steps.len();
        whole.steps.extend(fragment.steps);
        (whole.keep_going, whole.fail_fast) = (fragment.keep_going, fragment.fail_fast);
        whole.max_parallel = fragment.max_parallel;
        first
    }

    /// Makes `waiter` wait for `needed`.
    pub fn need(&mut self, waiter: UnitId, needed: UnitId, need: Need) {
        let (from, to) = (self.index(waiter), self.index(needed));
        self.graph.add_edge(from, to, need);
    }

    /// Whether any unit so far says something about silence.
    pub fn minds_silence(&self) -> bool {
        self.minds_silence
    }

    /// Whether a unit of this id was added.
    pub fn contains(&self, unit: UnitId) -> bool {
        self.nodes.get(unit.index()).is_some_and(|&node| node != NodeIndex::end())
    }

    /// A unit; panics when it was never added.
    pub fn unit(&self, unit: UnitId) -> &Unit {
        &self.graph[self.index(unit)].unit
    }

    /// The unit that `unit` stands in; the root stands in itself.
    pub fn parent(&self, unit: UnitId) -> UnitId {
        self.graph[self.index(unit)].parent
    }

    /// What a call consists of, once it is expanded.
    pub fn parts(&self, call: UnitId) -> Option<&Parts> {
        self.graph[self.index(call)].parts.as_deref()
    }

    /// The units that wait for `unit`, each with the reason.
    pub fn waiters(&self, unit: UnitId) -> impl Iterator<Item = (UnitId, Need)> + '_ {
        self.edges(unit, Direction::Incoming)
    }

    /// The units that `unit` waits for, each with the reason.
    pub fn needs(&self, unit: UnitId) -> impl Iterator<Item = (UnitId, Need)> + '_ {
        self.edges(unit, Direction::Outgoing)
    }

    /// All units, in the order they were added.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, &Unit)> {
        self.graph.node_weights().map(|node| (node.id, &node.unit))
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn edges(
        &self,
        unit: UnitId,
        direction: Direction,
    ) -> impl Iterator<Item = (UnitId, Need)> + '_ {
        self.graph.edges_directed(self.index(unit), direction).map(move |edge| {
            let other = match direction {
                Direction::Incoming => edge.source(),
                Direction::Outgoing => edge.target(),
            };
            (self.graph[other].id, *edge.weight())
        })
    }

    fn index(&self, unit: UnitId) -> NodeIndex {
        let node = self.nodes[unit.index()];
        assert!(node != NodeIndex::end(), "a unit is added before it is named");
        node
    }
}

impl Step {
    /// The unit of a step that has one.
    pub fn unit(self) -> Option<UnitId> {
        match self {
            Step::Run(unit) | Step::Background(unit) | Step::Defer(unit) => Some(unit),
            Step::Join | Step::Next => None,
        }
    }
}
