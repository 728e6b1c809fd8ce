//! Stages: what comes next in one, what its gate said, what is told of it.

use std::collections::BTreeMap;

use super::ask::Answer;
use super::control;
use super::driver::Driver;
use crate::diag::Diagnostic;
use crate::event::{Decision, Event, Failure, Kind, Level, Outcome, Stream};
use crate::id::{UnitId, UnitMap};
use crate::resolve::{self, Continuation, Draft, Next, PartEnd, Told, What};
use crate::schedule::{Expanded, Input};

/// A last line that is longer is no decision.
const LONGEST: usize = 4096;
/// What is told of a gate that did not decide.
const UNDECIDED: &str = "undecided";

/// What is known of stages: the last lines that gates have written to stdout, and how far each has come.
#[derive(Debug, Default)]
pub(super) struct Heard {
    lines: UnitMap<Vec<u8>>,
    begun: BTreeMap<UnitId, Begun>,
}

/// How far a stage has come.
#[derive(Debug, Default)]
struct Begun {
    round: u32,
    decisions: Vec<Option<Decision>>,
}

impl Heard {
    /// Takes in what a gate writes; only the end of it is kept.
    pub(super) fn hear(&mut self, gate: UnitId, bytes: &[u8]) {
        let kept = self.lines.entry(gate).or_default();
        kept.extend_from_slice(&bytes[bytes.len().saturating_sub(2 * LONGEST)..]);
        let excess = kept.len().saturating_sub(2 * LONGEST);
        kept.drain(..excess);
    }

    /// The last line that is not empty.
    fn last_line(&mut self, gate: UnitId) -> Option<String> {
        let bytes = self.lines.remove(&gate)?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(String::from)
    }
}

impl Driver {
    /// What comes next in a stage: who is in it, once that is known; else what follows from how its parts
    /// ended.
    pub(super) fn next_in_stage(&mut self, unit: UnitId) {
        if let Some(casting) = self.resolver.casting(unit, &self.known(unit)) {
            return self.delegate(unit, move |host| Answer::Cast(unit, casting.run(host)));
        }
        let parts = self.resolver.parts(unit).to_vec();
        let ended: Vec<PartEnd> = parts.into_iter().map(|part| self.part_end(unit, part)).collect();
        let continuation = self.resolver.next_in_stage(unit, &ended);
        let next = self.continuation(unit, continuation);
        self.inputs.push_back(Input::Continued { unit, next });
    }

    /// It is known who is in a stage.
    pub(super) fn cast(&mut self, unit: UnitId, draft: Result<Draft, Diagnostic>) -> Expanded {
        match draft {
            _ if !self.scheduler.awaits(unit) => Expanded::Omitted,
            Err(reason) => Expanded::Refused(self.refusal(&reason)),
            Ok(draft) => {
                let continuation = self.resolver.begin_stage(unit, draft);
                self.continuation(unit, continuation)
            }
        }
    }

    fn continuation(&mut self, unit: UnitId, continuation: Continuation) -> Expanded {
        for told in continuation.told {
            self.tell(unit, told);
        }
        match continuation.next {
            Next::Nothing => Expanded::Omitted,
            Next::Refused(reason) => Expanded::Refused(self.refusal(&reason)),
            Next::Parts(mut fragment) => {
                self.estimate(&mut fragment);
                Expanded::Body(fragment)
            }
        }
    }

    fn part_end(&mut self, stage: UnitId, part: UnitId) -> PartEnd {
        self.logs.flush();
        let outcome = self.scheduler.outcome(part);
        let code = match outcome {
            Some(Outcome::Succeeded) => Some(0),
            Some(Outcome::Failed(Failure::Exit(status))) => Some(status.code()),
            _ => None,
        };
        let is_well = outcome.is_some_and(Outcome::is_success);
        let log = [(part, self.attempt(part)), (stage, 1)];
        let log = log.into_iter().find_map(|(task, attempt)| self.logs.path(task, attempt));
        let log = log.and_then(|path| Some(self.store.directory()?.join(path)));
        PartEnd { unit: part, is_well, code, said: self.heard.last_line(part), log }
    }

    fn attempt(&self, call: UnitId) -> u32 {
        self.contexts.attempt(call)
    }

    /// For programs as an event, for people in words.
    fn tell(&mut self, unit: UnitId, told: Told) {
        let Told { stage, round, what, text } = told;
        let begun = self.heard.begun.entry(unit).or_default();
        begun.round = round;
        if let What::Decided(decision) = &what {
            begun.decisions.push(decision.map(published));
        }
        let kind = match what {
            What::Began { tasks, at_once } => {
                Kind::StageBegan { unit, stage, round, tasks, at_once }
            }
            What::SentBack { task, by } => Kind::SentBack { unit, stage, round, task, by },
            What::Decided(decision) => {
                Kind::Decided { unit, stage, round, decision: decision.map(published) }
            }
        };
        self.publish(Event { at: self.now(), kind });
        self.say(Some(unit), Level::Info, text.into());
    }

    /// The stages that have begun, for those who ask from outside.
    pub(super) fn stages_begun(&self) -> Vec<control::Stage> {
        let plan = self.scheduler.plan();
        let stage = |(&unit, begun): (&UnitId, &Begun)| control::Stage {
            stage: plan.unit(unit).task.clone(),
            round: begun.round,
            is_open: self.scheduler.outcome(unit).is_none(),
            decisions: begun.decisions.clone(),
        };
        self.heard.begun.iter().map(stage).collect()
    }

    /// The words of a stage's gate, one for each time that it was asked.
    pub(super) fn decisions(&self, stage: UnitId) -> Vec<&'static str> {
        let begun = self.heard.begun.get(&stage);
        begun.map_or(Vec::new(), |begun| {
            begun.decisions.iter().map(|said| said.map_or(UNDECIDED, Decision::word)).collect()
        })
    }

    /// Listens to a gate.
    pub(super) fn hear(&mut self, command: UnitId, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Stdout && self.resolver.is_gate(command) {
            self.heard.hear(command, bytes);
        }
    }
}

fn published(decision: resolve::Decision) -> Decision {
    match decision {
        resolve::Decision::Approved => Decision::Approved,
        resolve::Decision::RequestChanges => Decision::RequestChanges,
        resolve::Decision::Escalate => Decision::Escalate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_says_something_counts() {
        let mut heard = Heard::default();
        let gate = UnitId(1);
        heard.hear(gate, b"looks\nAPPR");
        heard.hear(gate, b"OVED \n\n");
        assert_eq!(heard.last_line(gate).as_deref(), Some("APPROVED"));
        assert_eq!(heard.last_line(gate), None);
        heard.hear(gate, &[b'x'; 100_000]);
        heard.hear(gate, b"\nESCALATE");
        assert_eq!(heard.last_line(gate).as_deref(), Some("ESCALATE"));
    }
}
