//! Which call waits for which, so that no two ever wait for each other.

use petgraph::acyclic::Acyclic;
use petgraph::data::Build;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::id::UnitId;

/// A graph of calls that never has a cycle.
#[derive(Default)]
pub(super) struct Waits {
    graph: Acyclic<DiGraph<UnitId, ()>>,
    /// The node of each unit; none at all, the end, for commands, which wait for nothing.
    nodes: Vec<NodeIndex>,
}

impl Waits {
    /// Adds the next unit, which `parent` waits for.
    pub(super) fn add(&mut self, unit: UnitId, parent: Option<UnitId>) {
        let node = self.graph.add_node(unit);
        self.nodes.push(node);
        if let Some(parent) = parent.and_then(|parent| self.node(parent)) {
            // A new node has no edges: none to look for among the parent's, which may be many, and no cycle.
            let _ = self.graph.try_add_edge(parent, node, ());
        }
    }

    /// Leaves the next unit out.
    pub(super) fn skip(&mut self) {
        self.nodes.push(NodeIndex::end());
    }

    /// Notes that one call waits for another; `false` when that would make a cycle.
    pub(super) fn connect(&mut self, waiting: UnitId, awaited: UnitId) -> bool {
        match (self.node(waiting), self.node(awaited)) {
            (Some(waiting), Some(awaited)) => {
                self.graph.try_update_edge(waiting, awaited, ()).is_ok()
            }
            _ => true,
        }
    }

    /// How `from` comes to wait for `to`; both included.
    pub(super) fn way(&self, from: UnitId, to: UnitId) -> Vec<UnitId> {
        let (Some(start), Some(goal)) = (self.node(from), self.node(to)) else { return Vec::new() };
        let graph = self.graph.inner();
        let found = petgraph::algo::astar(graph, start, |node| node == goal, |_| 1, |_| 0);
        found.map_or_else(Vec::new, |(_, way)| way.into_iter().map(|node| graph[node]).collect())
    }

    fn node(&self, unit: UnitId) -> Option<NodeIndex> {
        self.nodes.get(unit.index()).copied().filter(|&node| node != NodeIndex::end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_closes_a_cycle_is_refused_with_the_way() {
        let [a, b, c, d] = [0, 1, 2, 3].map(UnitId);
        let mut waits = Waits::default();
        waits.add(a, None);
        waits.add(b, Some(a));
        waits.skip();
        waits.add(d, Some(b));
        assert!(waits.connect(a, d));
        assert!(!waits.connect(d, a));
        assert!(!waits.connect(d, d));
        assert!(waits.connect(c, a), "a command waits for nothing");
        assert_eq!(waits.way(a, d), [a, d]);
    }
}
