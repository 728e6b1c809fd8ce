//! What is wrong with calls that are certain to be made: unknown names, tasks that wait for themselves.
//!
//! A call is certain when its name is literal and no condition, loop, platform or variable of its own
//! stands between it and the command line.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use petgraph::algo::{astar, kosaraju_scc};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeRef, NodeFiltered};

use super::model::{Action, Call, Model, Task};
use super::names::{Found, unknown};
use crate::diag::{Diagnostic, Fault};
use crate::source::Span;
use crate::template::Template;

/// Each suggestion looks at all names, which is too much for thousands of slips.
const MAX_SUGGESTIONS: usize = 20;
/// Tasks of a circle that are named and shown at most.
const MAX_SHOWN: usize = 12;

/// Tasks as they are called, wildcards filled in, and where the calls stand.
type Calls = DiGraph<Found, Span>;

impl Model {
    /// Checks everything that is certain to be reached from the tasks named, which are full names;
    /// `methods` says whether it matters how their sources are to be compared.
    ///
    /// Empty when nothing is wrong. Takes time in proportion to the calls.
    pub fn check_certain(&self, roots: &[impl AsRef<str>], methods: bool) -> Vec<Diagnostic> {
        let mut walk = self.walk(roots, methods);
        walk.wrong.sort_by_key(first_place);
        walk.wrong.extend(cycles(&walk.calls));
        walk.wrong
    }

    /// Every task that is certain to be reached from the tasks named, in the order of the files.
    pub fn certain_tasks(&self, roots: &[impl AsRef<str>]) -> Vec<Arc<Task>> {
        let walk = self.walk(roots, false);
        let mut tasks: Vec<Arc<Task>> =
            walk.calls.node_weights().map(|found| found.task.clone()).collect();
        tasks.sort_by_key(|task| task.order);
        tasks.dedup_by_key(|task| task.order);
        tasks
    }

    fn walk(&self, roots: &[impl AsRef<str>], methods: bool) -> Walk<'_> {
        let mut walk = Walk {
            model: self,
            calls: Calls::new(),
            known: HashMap::new(),
            wrong: self.errors.clone(),
        };
        let mut next = Vec::new();
        for root in roots {
            next.extend(walk.reach("", root.as_ref(), None).filter(|reached| reached.1));
        }
        while let Some((from, _)) = next.pop() {
            let task = walk.calls[from].task.clone();
            let method_error = task.method_error.as_deref().filter(|_| methods);
            walk.wrong.extend(task.errors.iter().chain(method_error).cloned());
            for call in certain_calls(&task) {
                let Some(name) = plain(&call.task) else { continue };
                let Some((to, new)) = walk.reach(&task.namespace, name, Some(call.span)) else {
                    continue;
                };
                walk.calls.add_edge(from, to, call.span);
                next.extend(new.then_some((to, new)));
            }
        }
        walk
    }
}

impl Task {
    /// Everything that it calls, whatever stands in the way of it, in the order in which it is written.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let commands = self.cmds.iter().filter_map(|command| match &command.action {
            Action::Call(call) | Action::DeferCall(call) => Some(&**call),
            Action::Lifted(lifted) => Some(&lifted.call),
            Action::Shell(_) | Action::Join | Action::DeferShell(_) => None,
        });
        let stages = self.policy.stages.iter().flat_map(|stage| stage.calls());
        self.deps.iter().chain(commands).chain(stages)
    }
}

fn first_place(error: &Diagnostic) -> Option<(u32, u32)> {
    error.labels.first().map(|label| (label.span.file.0, label.span.start))
}

struct Walk<'m> {
    model: &'m Model,
    calls: Calls,
    known: HashMap<Arc<str>, NodeIndex>,
    wrong: Vec<Diagnostic>,
}

impl Walk<'_> {
    /// The node of a called task, and whether it is new; an unknown name is noted.
    fn reach(&mut self, from: &str, name: &str, at: Option<Span>) -> Option<(NodeIndex, bool)> {
        let found = match self.model.find_or_none(from, name, at) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let error = unknown(from, name, at);
                let few = self.wrong.len() < MAX_SUGGESTIONS;
                self.wrong.push(if few { self.model.suggest(from, name, error) } else { error });
                return None;
            }
            Err(error) => {
                self.wrong.push(error);
                return None;
            }
        };
        let full = found.full_name().clone();
        if let Some(&node) = self.known.get(&full) {
            return Some((node, false));
        }
        let node = self.calls.add_node(found);
        self.known.insert(full, node);
        Some((node, true))
    }
}

/// The calls that a task makes whatever happens, as long as nothing fails.
fn certain_calls(task: &Task) -> Vec<&Call> {
    if task.condition.is_some() || !task.platforms.is_empty() {
        return Vec::new();
    }
    let deps = task.deps.iter();
    // What may be up to date may never come to its commands.
    let may_end_early = !task.status.is_empty() || !task.sources.is_empty();
    let commands = if may_end_early { &[][..] } else { &task.cmds[..] };
    let commands = commands
        .iter()
        .filter(|c| c.condition.is_none() && c.each.is_none() && c.platforms.is_empty())
        .filter_map(|command| match &command.action {
            Action::Call(call) => Some(&**call),
            Action::Lifted(lifted) => Some(&lifted.call),
            _ => None,
        });
    let stages = if may_end_early { &[][..] } else { &task.policy.stages[..] };
    let members = stages.iter().flat_map(|stage| {
        let members = stage.members.iter().filter(|member| member.condition.is_none());
        members.map(|member| &member.call)
    });
    deps.chain(commands)
        .chain(members)
        .filter(|call| call.each.is_none() && call.vars.is_empty())
        .collect()
}

fn plain(name: &Template) -> Option<&str> {
    name.literal().or_else(|| Some(&*name.text().value).filter(|text| !text.contains("{{")))
}

/// One error for each knot of tasks that wait for each other.
fn cycles(calls: &Calls) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = kosaraju_scc(calls)
        .into_iter()
        .filter_map(|knot| {
            let first = knot.iter().copied().min_by_key(|&node| calls[node].task.order)?;
            round(calls, &knot, first)
        })
        .collect();
    all.sort_by_key(first_place);
    all
}

/// The shortest way from a task back to itself, as an error; `None` when there is none.
fn round(calls: &Calls, knot: &[NodeIndex], first: NodeIndex) -> Option<Diagnostic> {
    let inside: HashSet<NodeIndex> = knot.iter().copied().collect();
    let knot = NodeFiltered::from_fn(calls, |node| inside.contains(&node));
    let mut ways = calls.edges(first).filter(|edge| inside.contains(&edge.target())).map(|edge| {
        let back = astar(&knot, edge.target(), |node| node == first, |_| 1, |_| 0);
        back.map(|(_, nodes)| nodes)
    });
    let way = ways.by_ref().flatten().next()?;
    let nodes: Vec<NodeIndex> = std::iter::once(first).chain(way).collect();
    let names: Vec<Arc<str>> = nodes.iter().map(|&node| calls[node].full_name().clone()).collect();
    let message = format!("a cycle of tasks: {}", chain(&names));
    let mut error = Diagnostic::error(Fault::TooManyCalls, message);
    for (pair, name) in nodes.windows(2).zip(&names).take(MAX_SHOWN) {
        if let Some(edge) = calls.find_edge(pair[0], pair[1]) {
            error = error.at(calls[edge], format!("called by `{name}`"));
        }
    }
    Some(error)
}

/// `a → b → a`; the middle of a long one is left out.
fn chain(names: &[Arc<str>]) -> String {
    let Some((last, before)) = names.split_last().filter(|_| names.len() > MAX_SHOWN + 1) else {
        return names.join(" → ");
    };
    let hidden = before.len() - MAX_SHOWN;
    format!("{} → … {hidden} more … → {last}", before[..MAX_SHOWN].join(" → "))
}
