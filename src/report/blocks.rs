//! The output of each task whole when it has ended, never mixed with that of another.
//!
//! What a task wrote before it called another one comes before what the called one wrote, so a
//! run in which one thing happens after the other reads as it happened. A command that nothing
//! can run beside is shown as it comes.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::event::{At, Event, Kind, Outcome, Stream};
use crate::id::{UnitId, UnitSet};
use crate::store::LogReader;
use crate::term;

use super::folds::{Fold, Folds};
use super::ranges::Ranges;
use super::units::Units;
use super::voice::Voice;
use super::{Reporter, Screen};

/// Whose output is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// Everybody's.
    All,
    /// That of failed tasks.
    Failed,
}

/// Shows each task's output when it has ended.
pub(super) struct Blocks {
    screen: Screen,
    logs: LogReader,
    voice: Voice,
    policy: Policy,
    units: Units,
    folds: Option<Folds>,
    /// When the run began, milliseconds since 1970.
    began: u64,
    closes_lines: bool,
    /// Nothing ever runs beside something else.
    is_sequential: bool,
    waiting: BTreeMap<UnitId, Block>,
    /// Commands that are shown as they come.
    direct: UnitSet,
}

/// What a task wrote and nobody saw yet.
#[derive(Default)]
struct Block {
    parts: Vec<Part>,
    /// Parts that no running command adds to.
    settled: usize,
    running: u32,
}

enum Part {
    Echo(Arc<str>),
    Output(Ranges),
}

impl Blocks {
    pub(super) fn new(screen: Screen, logs: LogReader, voice: Voice, policy: Policy) -> Blocks {
        Blocks {
            screen,
            logs,
            voice,
            policy,
            units: match policy {
                Policy::All => Units::with_ancestry(),
                _ => Units::default(),
            },
            folds: None,
            began: 0,
            closes_lines: false,
            is_sequential: false,
            waiting: BTreeMap::new(),
            direct: UnitSet::default(),
        }
    }

    /// What a task wrote always ends with a line's end, so that the next can begin below it.
    pub(super) fn closing_lines(self) -> Blocks {
        Blocks { closes_lines: true, ..self }
    }

    /// Output of what went well is marked so that it can be folded away.
    pub(super) fn folding(self, folds: Folds) -> Blocks {
        Blocks { folds: Some(folds), closes_lines: true, ..self }
    }

    fn started(
        &mut self,
        unit: UnitId,
        echo: Option<&Arc<str>>,
        is_direct: bool,
    ) -> io::Result<()> {
        let task = self.units.task(unit);
        if is_direct {
            self.direct.insert(unit);
            self.show_with_callers(task)?;
            return echo.map_or(Ok(()), |echo| self.voice.echo(self.units.name(task), echo));
        }
        let block = self.waiting.entry(task).or_default();
        block.running += 1;
        block.parts.extend(echo.cloned().map(Part::Echo));
        Ok(())
    }

    fn output(&mut self, unit: UnitId, output: Ranges, offset: u64, length: u64) -> io::Result<()> {
        if self.direct.contains(&unit) {
            return self.copy(&output);
        }
        let block = self.waiting.entry(output.task).or_default();
        match block.parts[block.settled..].last_mut() {
            Some(Part::Output(last)) if last.attempt == output.attempt => last.push(offset, length),
            _ => block.parts.push(Part::Output(output)),
        }
        Ok(())
    }

    fn ended(
        &mut self,
        unit: UnitId,
        outcome: &Outcome,
        ignored: bool,
        (ended, wall): (At, u64),
    ) -> io::Result<()> {
        if !self.units.is_task(unit) {
            let task = self.units.task(unit);
            if !self.direct.remove(&unit)
                && let Some(block) = self.waiting.get_mut(&task)
            {
                block.ended_command();
            }
            return Ok(());
        }
        let is_failure = matches!(outcome, Outcome::Failed(_)) && !ignored;
        if self.policy == Policy::Failed && !is_failure {
            self.waiting.remove(&unit);
            return Ok(());
        }
        if let Some(block) = self.waiting.get_mut(&unit) {
            block.settled = block.parts.len();
            match self.folds.filter(|_| outcome.is_success()) {
                Some(folds) => self.fold(folds, unit, ended, wall)?,
                None => self.show_with_callers(unit)?,
            }
            self.waiting.remove(&unit);
        }
        if self.closes_lines { self.screen.end_line() } else { Ok(()) }
    }

    /// Shows a task that went well between the marks of a fold.
    fn fold(&mut self, folds: Folds, task: UnitId, ended: At, wall: u64) -> io::Result<()> {
        self.show_callers(task)?;
        if self.waiting.get(&task).is_none_or(|block| block.parts.is_empty()) {
            return Ok(());
        }
        let (name, began) = (term::strip(self.units.name(task)), self.began);
        let (begin, end) = folds.marks(&Fold { unit: task, name: &name, wall, ended, began });
        self.screen.end_line()?;
        self.screen.merge();
        self.screen.write(Stream::Stdout, begin.as_bytes())?;
        self.show(task)?;
        self.screen.end_line()?;
        self.screen.write(Stream::Stdout, end.as_bytes())
    }

    /// Shows what a task's callers, then the task, have finished writing.
    fn show_with_callers(&mut self, task: UnitId) -> io::Result<()> {
        self.show_callers(task)?;
        self.show(task)
    }

    fn show_callers(&mut self, task: UnitId) -> io::Result<()> {
        if self.policy == Policy::All {
            let waiting = self.waiting.keys().copied();
            for caller in self.units.among_ancestors(task, waiting) {
                self.show(caller)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, task: UnitId) -> io::Result<()> {
        let Some(block) = self.waiting.get_mut(&task).filter(|block| block.settled > 0) else {
            return Ok(());
        };
        let settled: Vec<Part> = block.parts.drain(..block.settled).collect();
        block.settled = 0;
        for part in settled {
            match part {
                Part::Echo(echo) => self.voice.echo(self.units.name(task), &echo)?,
                Part::Output(output) => self.copy(&output)?,
            }
        }
        Ok(())
    }

    fn copy(&self, output: &Ranges) -> io::Result<()> {
        match output.show(&self.logs, &self.screen)? {
            true => Ok(()),
            false => self.voice.lost(self.units.name(output.task)),
        }
    }
}

impl Block {
    fn ended_command(&mut self) {
        self.running = self.running.saturating_sub(1);
        if self.running == 0 {
            self.settled = self.parts.len();
        }
    }
}

impl Reporter for Blocks {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::RunStarted { jobs, parallel, unix_ms, .. } => {
                self.began = *unix_ms;
                self.is_sequential = (*jobs == 1 || !parallel) && self.policy == Policy::All;
                Ok(())
            }
            Kind::Started { unit, echo, captured, alone, .. } => {
                let is_alone = *alone && self.policy == Policy::All;
                self.started(*unit, echo.as_ref(), self.is_sequential || is_alone || !captured)
            }
            Kind::Output { unit, task, attempt, offset, length, .. } => {
                let mut output = Ranges::new(*task, *attempt);
                output.push(*offset, *length);
                self.output(*unit, output, *offset, *length)
            }
            Kind::Finished { unit, outcome, ignored, wall, .. } => {
                self.ended(*unit, outcome, *ignored, (event.at, *wall))
            }
            Kind::Message { unit, level, text } => {
                if let Some(unit) = unit.filter(|_| self.voice.is_wanted(*level)) {
                    self.show_with_callers(self.units.task(unit))?;
                }
                self.voice.message(*level, text)
            }
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        for (task, mut block) in std::mem::take(&mut self.waiting) {
            block.settled = block.parts.len();
            self.waiting.insert(task, block);
            self.show(task)?;
        }
        self.screen.flush()
    }
}
