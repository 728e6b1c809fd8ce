//! From what planning says of a task to whether it is up to date, and what is remembered of its end.

use std::sync::Arc;
use std::time::SystemTime;

use super::driver::{Driver, Mail};
use crate::event::{Level, Outcome};
use crate::exec::guard;
use crate::fingerprint::{Fingerprints, Judgement, Pending, Reason};
use crate::host::{Host, Os};
use crate::id::UnitId;
use crate::resolve::{Check, Verdict};

/// What was found out about a task.
#[derive(Default)]
pub(super) struct Findings {
    stale: Option<Noted>,
    /// How its `status` commands ended.
    told: Vec<Arc<str>>,
}

/// Why a task runs, and what is to be handed back when it has.
struct Noted {
    reason: Reason,
    pending: Pending,
}

/// Answers a check.
pub(super) fn check(
    check: Check,
    fingerprints: &Fingerprints,
    host: &dyn Host,
) -> (Verdict, Findings) {
    let Findings { mut stale, mut told } = Findings::default();
    let mut is_current = |footprint| match fingerprints.judge(footprint, host) {
        Judgement::UpToDate => true,
        Judgement::Stale { reason, pending } => {
            stale = Some(Noted { reason, pending });
            false
        }
    };
    let verdict = check.run(host, &mut is_current, &mut |text| told.push(text));
    (verdict, Findings { stale, told })
}

impl Driver {
    /// Takes note of why a task runs. go-task does not tell the reason.
    pub(super) fn note(&mut self, unit: UnitId, findings: Findings) {
        for text in findings.told {
            self.say(Some(unit), Level::Verbose, text);
        }
        let Some(Noted { reason, pending }) = findings.stale else { return };
        if !self.scheduler.awaits(unit) {
            return self.fingerprints.failed(pending);
        }
        if !self.resolver.stands_in() {
            let text = format!("task `{}` is not up to date: {reason}", self.resolver.name(unit));
            self.say(Some(unit), Level::Verbose, text.into());
        }
        self.pending.insert(unit, pending);
    }

    /// A unit has its outcome. A failed command makes its task a failed one, also where the task goes
    /// on all the same.
    pub(super) fn remember(&mut self, unit: UnitId, outcome: &Outcome) {
        if let Some(pending) = self.pending.remove(&unit) {
            match outcome {
                Outcome::Succeeded => self.commit(unit, pending),
                _ => self.fingerprints.failed(pending),
            }
        } else if !outcome.is_success()
            && self.resolver.is_forgiven_by_task(unit)
            && let Some(pending) = self.pending.remove(&self.resolver.parent(unit))
        {
            self.fingerprints.failed(pending);
        }
    }

    /// Has a worker remember a success. The run ends after it.
    fn commit(&mut self, unit: UnitId, pending: Pending) {
        let ended = SystemTime::now();
        let (fingerprints, post) = (Arc::clone(&self.fingerprints), self.post.clone());
        fingerprints.expect(&pending);
        self.commits.insert(unit);
        guard::before_thread();
        tokio::task::spawn_blocking(move || {
            fingerprints.succeeded(pending, ended, &Os);
            let _ = post.send(Mail::Remembered(unit));
        });
    }
}
