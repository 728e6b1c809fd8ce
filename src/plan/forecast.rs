//! What a plan says before it runs: levels, the longest path, sums.
//!
//! Works on a plan that was expanded as far as can be known. The unit of the forecast is the *leaf*: a task
//! with commands of its own, which takes the sum of their times.

use std::collections::HashMap;
use std::time::Duration;

use petgraph::Direction;
use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Plan, Step, Work};
use crate::id::UnitId;

/// A task with commands, as the forecast sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Its call.
    pub unit: UnitId,
    /// What its commands take together.
    pub time: Duration,
    /// When it can start at the earliest, with room for everything.
    pub start: Duration,
    /// How many tasks with commands have to end one after the other before it starts.
    pub level: usize,
    /// Tasks with commands that must have ended before: the nearest ones only.
    pub needs: Vec<UnitId>,
}

/// What a plan says before it runs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Forecast {
    /// Every task with commands, needs first.
    pub lines: Vec<Line>,
    /// The longest path through them, first to last.
    pub critical: Vec<UnitId>,
    /// Everything one after the other.
    pub sequential: Duration,
    /// Everything at once as far as the needs allow: the length of the longest path.
    pub fastest: Duration,
}

/// Commands and the ends of calls; an edge leads from what comes first to what comes then.
struct Order<'a> {
    plan: &'a Plan,
    graph: DiGraph<(UnitId, Duration), ()>,
    ends: HashMap<UnitId, NodeIndex>,
}

impl Plan {
    /// The forecast, with `typical` for commands that have no estimate.
    pub fn forecast(&self, typical: Duration) -> Forecast {
        let mut order = Order { plan: self, graph: DiGraph::new(), ends: HashMap::new() };
        order.add_all(typical);
        order.forecast()
    }
}

impl Order<'_> {
    fn add_all(&mut self, typical: Duration) {
        for (unit, planned) in self.plan.units() {
            let time = match planned.work {
                Work::Command => planned.estimate.unwrap_or(typical),
                Work::Call => Duration::ZERO,
            };
            let node = self.graph.add_node((unit, time));
            self.ends.insert(unit, node);
        }
        let mut calls = vec![(UnitId::ROOT, Vec::new())];
        let mut entered = std::collections::HashSet::new();
        while let Some((call, entry)) = calls.pop() {
            if entered.insert(call) {
                self.add_call(call, entry, &mut calls);
            }
        }
    }

    /// Edges of one call whose beginning needs `entry`.
    fn add_call(
        &mut self,
        call: UnitId,
        entry: Vec<NodeIndex>,
        calls: &mut Vec<(UnitId, Vec<NodeIndex>)>,
    ) {
        let end = self.ends[&call];
        let Some(fragment) = self.plan.parts(call) else {
            return entry.iter().for_each(|&first| self.edge(first, end));
        };
        let mut front = entry.clone();
        for &dep in &fragment.deps {
            calls.push((dep, entry.clone()));
            front.push(self.ends[&dep]);
        }
        let mut background = Vec::new();
        let mut deferred = Vec::new();
        for &step in &fragment.steps {
            match step {
                Step::Run(unit) => front = self.add_part(unit, front, calls),
                Step::Background(unit) => {
                    background.extend(self.add_part(unit, front.clone(), calls))
                }
                Step::Join | Step::Next => front.append(&mut background),
                Step::Defer(unit) => deferred.push(unit),
            }
        }
        front.append(&mut background);
        for unit in deferred.into_iter().rev() {
            front = self.add_part(unit, front, calls);
        }
        front.iter().for_each(|&first| self.edge(first, end));
    }

    fn add_part(
        &mut self,
        unit: UnitId,
        front: Vec<NodeIndex>,
        calls: &mut Vec<(UnitId, Vec<NodeIndex>)>,
    ) -> Vec<NodeIndex> {
        let node = self.ends[&unit];
        match self.plan.unit(unit).work {
            Work::Command => front.iter().for_each(|&first| self.edge(first, node)),
            Work::Call => calls.push((unit, front)),
        }
        vec![node]
    }

    fn edge(&mut self, first: NodeIndex, then: NodeIndex) {
        self.graph.add_edge(first, then, ());
    }

    fn forecast(&self) -> Forecast {
        let Ok(sorted) = toposort(&self.graph, None) else { return Forecast::default() };
        let mut walk = Walk::new(self);
        sorted.into_iter().for_each(|node| walk.visit(node));
        walk.into_forecast()
    }

    fn is_command(&self, unit: UnitId) -> bool {
        self.plan.unit(unit).work == Work::Command
    }
}

/// One pass over the ordered nodes, needs first.
struct Walk<'a> {
    order: &'a Order<'a>,
    /// When each node ends, with room for everything.
    ends: Vec<Duration>,
    /// What ended last of what each node needs.
    before: Vec<Option<NodeIndex>>,
    /// The tasks with commands that each node directly follows; for a command, its own.
    leaves: Vec<Vec<UnitId>>,
    /// Where each task with commands is among the lines.
    rows: HashMap<UnitId, usize>,
    found: Forecast,
}

impl<'a> Walk<'a> {
    fn new(order: &'a Order<'a>) -> Walk<'a> {
        let nodes = order.graph.node_count();
        Walk {
            order,
            ends: vec![Duration::ZERO; nodes],
            before: vec![None; nodes],
            leaves: vec![Vec::new(); nodes],
            rows: HashMap::new(),
            found: Forecast::default(),
        }
    }

    fn visit(&mut self, node: NodeIndex) {
        let (unit, time) = self.order.graph[node];
        let first = self.order.graph.neighbors_directed(node, Direction::Incoming);
        let last = first.clone().max_by_key(|first| self.ends[first.index()]);
        let start = last.map_or(Duration::ZERO, |last| self.ends[last.index()]);
        let mut needs: Vec<UnitId> =
            first.flat_map(|first| self.leaves[first.index()].iter().copied()).collect();
        needs.sort();
        needs.dedup();
        self.before[node.index()] = last;
        self.ends[node.index()] = start + time;
        self.leaves[node.index()] = if self.order.is_command(unit) {
            vec![self.add_command(unit, time, start, needs)]
        } else {
            needs
        };
    }

    /// Counts a command for its task, which it names.
    fn add_command(
        &mut self,
        command: UnitId,
        time: Duration,
        start: Duration,
        needs: Vec<UnitId>,
    ) -> UnitId {
        let unit = self.order.plan.parent(command);
        let lines = &mut self.found.lines;
        let row = *self.rows.entry(unit).or_insert_with(|| {
            let needs = needs.into_iter().filter(|&need| need != unit).collect();
            lines.push(Line { unit, time: Duration::ZERO, start, level: 0, needs });
            lines.len() - 1
        });
        lines[row].time += time;
        self.found.sequential += time;
        unit
    }

    fn into_forecast(mut self) -> Forecast {
        self.found.fastest = self.ends.iter().copied().max().unwrap_or_default();
        self.found.critical = self.critical();
        set_levels(&mut self.found.lines, &self.rows);
        self.found
    }

    /// Backwards from what ends last.
    fn critical(&self) -> Vec<UnitId> {
        let mut path: Vec<UnitId> = Vec::new();
        let nodes = self.order.graph.node_indices();
        let mut at = nodes.max_by_key(|node| self.ends[node.index()]);
        while let Some(node) = at {
            let (unit, _) = self.order.graph[node];
            if self.order.is_command(unit) {
                path.push(self.order.plan.parent(unit));
            }
            at = self.before[node.index()];
        }
        path.reverse();
        path.dedup();
        path
    }
}

fn set_levels(lines: &mut [Line], rows: &HashMap<UnitId, usize>) {
    for at in 0..lines.len() {
        let level = lines[at]
            .needs
            .iter()
            .filter_map(|need| rows.get(need))
            .map(|&row| lines[row].level + 1);
        lines[at].level = level.max().unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fragment, Unit};

    /// A plan in the making: tasks are called by letters, commands take so many seconds.
    #[derive(Default)]
    struct Draft {
        plan: Plan,
        next: u32,
    }

    impl Draft {
        fn new() -> Draft {
            let mut draft = Draft::default();
            let root = draft.unit(Work::Call, "", None);
            draft.plan.add(root.0, root.1, UnitId::ROOT);
            draft
        }

        fn unit(&mut self, work: Work, task: &str, seconds: Option<u64>) -> (UnitId, Unit) {
            self.next += 1;
            let unit = Unit {
                work,
                task: task.into(),
                name: "".into(),
                id: "".into(),
                ignore_error: false,
                estimate: seconds.map(Duration::from_secs),
                timeout: None,
                policy: None,
                order: (0, self.next),
                words: None,
            };
            (UnitId(self.next - 1), unit)
        }

        fn call(&mut self, task: &str) -> (UnitId, Unit) {
            self.unit(Work::Call, task, None)
        }

        /// `call` depends on `deps` and has one command of so many seconds.
        fn expand(
            &mut self,
            call: UnitId,
            deps: Vec<(UnitId, Unit)>,
            old: &[UnitId],
            seconds: u64,
        ) {
            let command = self.unit(Work::Command, "", Some(seconds));
            let mut fragment =
                Fragment { steps: vec![Step::Run(command.0)], ..Fragment::default() };
            fragment.deps = deps.iter().map(|(dep, _)| *dep).chain(old.iter().copied()).collect();
            fragment.units = deps;
            fragment.units.push(command);
            self.plan.expand(call, fragment);
        }

        fn forecast(&self) -> Forecast {
            self.plan.forecast(Duration::from_secs(1))
        }
    }

    fn levels(forecast: &Forecast) -> Vec<(u32, usize, u64)> {
        let mut all: Vec<_> = forecast
            .lines
            .iter()
            .map(|line| (line.unit.0, line.level, line.start.as_secs()))
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn a_shared_dependency_is_counted_once_and_the_longer_way_is_critical() {
        let mut draft = Draft::new();
        let (a, b, c) = (draft.call("a"), draft.call("b"), draft.call("c"));
        let (a_id, b_id, c_id) = (a.0, b.0, c.0);
        let root = Fragment { units: vec![a], steps: vec![Step::Run(a_id)], ..Fragment::default() };
        draft.plan.expand(UnitId::ROOT, root);
        draft.expand(a_id, vec![b, c], &[], 1);
        draft.expand(b_id, vec![], &[c_id], 5);
        draft.expand(c_id, vec![], &[], 2);
        let forecast = draft.forecast();
        assert_eq!(levels(&forecast), [(a_id.0, 2, 7), (b_id.0, 1, 2), (c_id.0, 0, 0)]);
        assert_eq!(forecast.critical, [c_id, b_id, a_id]);
        assert_eq!((forecast.sequential.as_secs(), forecast.fastest.as_secs()), (8, 8));
    }

    #[test]
    fn what_is_lifted_runs_beside_what_follows_until_the_join() {
        let mut draft = Draft::new();
        let (x, y) = (draft.call("x"), draft.call("y"));
        let (between, last) =
            (draft.unit(Work::Command, "", Some(1)), draft.unit(Work::Command, "", Some(1)));
        let (x_id, y_id) = (x.0, y.0);
        let steps = vec![
            Step::Background(x_id),
            Step::Background(y_id),
            Step::Run(between.0),
            Step::Join,
            Step::Run(last.0),
        ];
        let root = Fragment { units: vec![x, y, between, last], steps, ..Fragment::default() };
        draft.plan.expand(UnitId::ROOT, root);
        draft.expand(x_id, vec![], &[], 3);
        draft.expand(y_id, vec![], &[], 4);
        let forecast = draft.forecast();
        assert_eq!((forecast.sequential.as_secs(), forecast.fastest.as_secs()), (9, 5));
        assert_eq!(forecast.critical, [y_id, UnitId::ROOT]);
    }

    #[test]
    fn an_empty_plan_takes_no_time() {
        let forecast = Draft::new().forecast();
        assert_eq!((forecast.fastest, forecast.lines.len()), (Duration::ZERO, 0));
    }
}
