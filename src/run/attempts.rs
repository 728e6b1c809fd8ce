//! Further attempts of a task: what one consists of, whether a failure is transient, and what is said of it.

use std::time::Duration;

use regex::bytes::Regex;

use super::ask::Answer;
use super::driver::Driver;
use crate::event::{Failure, Level, Outcome};
use crate::id::UnitId;
use crate::store::LogReader;

/// How much of the end of a log patterns are looked for in, bytes.
const TAIL: u64 = 64 * 1024;

impl Driver {
    pub(super) fn again(&mut self, unit: UnitId) {
        let expansion = self.resolver.expansion(unit, &Default::default());
        self.delegate(unit, move |host| Answer::Again(unit, expansion.run(host)));
    }

    /// Has a worker look for the patterns of `unit` at the end of a log.
    pub(super) fn search(&mut self, unit: UnitId, task: UnitId, attempt: u32) {
        self.logs.flush();
        let policy = self.scheduler.plan().unit(unit).policy.clone();
        let retry = policy.as_ref().and_then(|policy| policy.retry.as_ref());
        let patterns = retry.map(|retry| retry.patterns.clone()).unwrap_or_default();
        let reader = self.store.reader();
        self.delegate(unit, move |_| {
            let tail = tail(&reader, task, attempt);
            let matches =
                |pattern: &str| Regex::new(pattern).is_ok_and(|regex| regex.is_match(&tail));
            Answer::Searched(unit, patterns.iter().any(|pattern| matches(pattern)))
        });
    }

    /// An attempt has failed and another one follows.
    pub(super) fn retrying(&mut self, unit: UnitId, attempt: u32, outcome: &Outcome, delay: u64) {
        self.logs.close(unit, attempt);
        self.stop_trying(unit);
        let planned = self.scheduler.plan().unit(unit);
        let retry = planned.policy.as_ref().and_then(|policy| policy.retry.as_ref());
        let all = retry.map_or(attempt, |retry| retry.attempts);
        let why = self.why(outcome);
        let delay = Duration::from_millis(delay.div_ceil(1000));
        let text =
            format!("task `{}` {why}; attempt {} of {all} in {delay:?}", planned.task, attempt + 1);
        self.say(Some(unit), Level::Warning, text.into());
    }

    /// A task failed beside others and is tried again alone.
    pub(super) fn put_aside(&mut self, unit: UnitId, outcome: &Outcome) {
        self.logs.close(unit, self.scheduler.attempt(unit));
        let task = &self.scheduler.plan().unit(unit).task;
        let why = self.why(outcome);
        let text = format!("task `{task}` {why}; it is tried again alone when all else is done");
        self.say(Some(unit), Level::Warning, text.into());
    }

    /// How an attempt failed, in words.
    fn why(&self, outcome: &Outcome) -> String {
        let failure = match outcome {
            Outcome::Failed(Failure::Below(part)) => self.scheduler.root_cause(*part),
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        };
        match failure {
            Some(Failure::Exit(status)) => format!("failed: {status}"),
            Some(Failure::Spawn(reason)) => format!("could not be started: {reason}"),
            Some(Failure::StoppedServing(status)) => format!("stopped serving: {status}"),
            Some(Failure::TimedOut) => "timed out".into(),
            Some(Failure::Stalled) => "showed no sign of life".into(),
            Some(Failure::NotReady) => "was not ready in time".into(),
            Some(Failure::Refused { .. } | Failure::Below(_)) | None => "failed".into(),
        }
    }
}

fn tail(reader: &LogReader, task: UnitId, attempt: u32) -> Vec<u8> {
    let length = reader.length(task, attempt);
    let from = length.saturating_sub(TAIL);
    let mut tail = Vec::new();
    let read = reader.read(task, attempt, from, length - from, &mut |_, bytes| {
        tail.extend_from_slice(bytes);
        Ok(())
    });
    if let Err(error) = read {
        tracing::warn!(%error, "the end of a log cannot be read");
    }
    tail
}
