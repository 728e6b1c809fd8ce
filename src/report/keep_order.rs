//! Output in the order in which things started: the first as it comes, the rest in their turn.
//!
//! A called task's turn is within its caller's, at the place where it started.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::event::{Event, Kind};
use crate::id::{UnitId, UnitMap, UnitSet};
use crate::store::LogReader;

use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Reporter, Screen};

/// Shows output in the order of starts.
pub(super) struct KeepOrder {
    screen: Screen,
    logs: LogReader,
    voice: Voice,
    units: Units,
    nodes: UnitMap<Node>,
    /// Tasks that have ended; what they needed may start all the same.
    ended: UnitSet,
}

/// A unit that started or holds one that did.
#[derive(Default)]
struct Node {
    /// What started in it and was not shown to its end, in that order.
    inner: VecDeque<UnitId>,
    echo: Option<Arc<str>>,
    output: Option<Ranges>,
    is_done: bool,
}

impl KeepOrder {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice) -> KeepOrder {
        let (units, nodes, ended) = (Units::default(), UnitMap::default(), UnitSet::default());
        KeepOrder { screen, logs, voice, units, nodes, ended }
    }

    fn started(&mut self, unit: UnitId, attempt: u32, echo: Option<Arc<str>>) {
        let mut caller = UnitId::ROOT;
        self.nodes.entry(caller).or_default();
        let path = self.units.ancestors(unit).into_iter().rev().chain([unit]);
        for here in path {
            if !self.nodes.contains_key(&here) {
                let is_done = self.ended.contains(&here);
                self.nodes.insert(here, Node { is_done, ..Node::default() });
                self.nodes.entry(caller).or_default().inner.push_back(here);
            }
            caller = here;
        }
        let output = Some(Ranges::new(self.units.task(unit), attempt));
        if let Some(node) = self.nodes.get_mut(&unit) {
            (node.echo, node.output) = (echo, output);
        }
    }

    /// Shows what is due in a unit; whether that was all there will be.
    fn show(&mut self, unit: UnitId) -> io::Result<bool> {
        let Some(node) = self.nodes.get_mut(&unit) else { return Ok(true) };
        if let Some(echo) = node.echo.take() {
            self.voice.echo(self.units.name(unit), &echo)?;
        }
        if let Some(output) = &mut node.output {
            let is_whole = output.show(&self.logs, &self.screen)?;
            output.clear();
            if !is_whole {
                self.voice.lost(self.units.name(unit))?;
            }
        }
        while let Some(inner) = self.nodes.get(&unit).and_then(|node| node.inner.front().copied()) {
            if !self.show(inner)? {
                return Ok(false);
            }
            if let Some(node) = self.nodes.get_mut(&unit) {
                node.inner.pop_front();
            }
        }
        let is_done = self.nodes.get(&unit).is_none_or(|node| node.is_done);
        if is_done {
            self.nodes.remove(&unit);
        }
        Ok(is_done)
    }
}

impl Reporter for KeepOrder {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Started { unit, attempt, echo, .. } => {
                self.started(*unit, *attempt, echo.clone());
            }
            Kind::Output { unit, offset, length, .. } => {
                if let Some(output) = self.nodes.get_mut(unit).and_then(|node| node.output.as_mut())
                {
                    output.push(*offset, *length);
                }
            }
            Kind::Finished { unit, .. } => {
                if self.units.is_task(*unit) {
                    self.ended.insert(*unit);
                }
                if let Some(node) = self.nodes.get_mut(unit) {
                    node.is_done = true;
                }
            }
            Kind::Message { level, text, .. } => return self.voice.message(*level, text),
            _ => return Ok(()),
        }
        self.show(UnitId::ROOT).map(|_| ())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.nodes.values_mut().for_each(|node| node.is_done = true);
        self.show(UnitId::ROOT)?;
        self.screen.flush()
    }
}
