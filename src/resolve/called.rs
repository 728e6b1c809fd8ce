//! A call as it was written: which task, by whom, with what.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thin_vec::ThinVec;

use super::context::Context;
use super::each::Turn;
use super::scope::Argument;
use super::stages::Stage;
use crate::diag::{Diagnostic, Fault};
use crate::id::UnitId;
use crate::source::Span;
use crate::taskfile::Found;
use crate::taskfile::model::{Call, Model};
use crate::template::Template;

/// A call, from when it becomes known. There is one for each, so what few calls have is kept aside.
pub(super) struct Called {
    /// The call it stands in; the run's unit for those of the command line.
    pub(super) parent: UnitId,
    /// The call whose dependencies it shares.
    pub(super) scope: UnitId,
    pub(super) target: Target,
    pub(super) silent: bool,
    /// Whether the command line names it.
    pub(super) direct: bool,
    /// Whether it is surely reached when the body around it is.
    pub(super) certain: bool,
    pub(super) span: Span,
    pub(super) rare: Option<Box<Rare>>,
    /// The call of the same task before it; the run's unit where there is none.
    pub(super) earlier: UnitId,
    /// What it has in common with the call that stands in the same place of another run of the same request.
    pub(super) identity: Option<Identity>,
}

/// A digest, in halves so that it lies as any other number.
#[derive(Clone, Copy)]
pub(super) struct Identity(NonZeroU64, u64);

impl Identity {
    /// Of one in 2^64 digests nobody can say.
    pub(super) fn new(digest: u128) -> Option<Identity> {
        NonZeroU64::new((digest >> 64) as u64).map(|high| Identity(high, digest as u64))
    }

    pub(super) fn digest(self) -> u128 {
        u128::from(self.0.get()) << 64 | u128::from(self.1)
    }
}

/// What few calls have.
#[derive(Default)]
pub(super) struct Rare {
    /// What it is called before it is evaluated, where that is not the name of its task.
    pub(super) name: Option<Arc<str>>,
    /// The `if` of the call.
    pub(super) guard: Option<Guard>,
    pub(super) timeout: Option<Duration>,
    pub(super) outlets: Outlets,
}

impl Rare {
    /// Kept only where there is anything of it.
    pub(super) fn boxed(self) -> Option<Box<Rare>> {
        let Rare { name, guard, timeout, outlets: Outlets { stdout, stderr } } = &self;
        let leads_away = stdout.is_some() || stderr.is_some();
        let is_usual = name.is_none() && guard.is_none() && timeout.is_none() && !leads_away;
        (!is_usual).then(|| Box::new(self))
    }
}

/// Which task is called.
pub(super) enum Target {
    /// This one.
    Known(Aim),
    /// Its name and variables are rendered when it is reached, in a turn of a loop.
    Late(Box<Late>),
    /// A stage of a task, whose parts become known in the run.
    Stage(Stage),
    /// None: the name is wrong, or the call would wait for itself.
    Wrong(Box<Diagnostic>),
}

/// A call that is rendered when it is reached, by a body.
pub(super) struct Late {
    pub(super) by: Arc<Context>,
    pub(super) call: Call,
    pub(super) turn: Turn,
}

/// A task and what it is given.
#[derive(Clone)]
pub(super) struct Aim {
    pub(super) found: Found,
    pub(super) arguments: ThinVec<Argument>,
}

impl Aim {
    /// The task that `written` means in a file of a namespace.
    pub(super) fn new(
        model: &Model,
        (namespace, written): (&str, &str),
        span: Option<Span>,
        arguments: ThinVec<Argument>,
    ) -> Result<Aim, Diagnostic> {
        let found = model.find(namespace, written, span)?;
        Ok(Aim { found, arguments })
    }

    /// Its name, wildcards filled in.
    pub(super) fn name(&self) -> &Arc<str> {
        self.found.full_name()
    }

    /// Whether the two are one and the same call.
    pub(super) fn equals(&self, other: &Aim) -> bool {
        self.found.task.order == other.found.task.order
            && self.name() == other.name()
            && self.arguments == other.arguments
    }
}

/// A script that decides whether something is reached, run where it is written.
pub(super) struct Guard {
    pub(super) script: Arc<str>,
    /// Rendered when it is asked, in a turn of a loop, in place of the script.
    pub(super) late: Option<(Template, Turn)>,
    pub(super) by: Arc<Context>,
}

/// Where output goes instead of where it would.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlets {
    pub(super) stdout: Option<Arc<Sink>>,
    pub(super) stderr: Option<Arc<Sink>>,
}

/// A file that takes the output of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sink {
    /// The call; the file is opened once for it.
    pub unit: UnitId,
    /// The file, absolute.
    pub file: PathBuf,
    /// Whether what is in the file stays.
    pub append: bool,
}

impl Called {
    /// A call in `parent`, with nothing said about it.
    pub(super) fn new(parent: UnitId, scope: UnitId, target: Target, span: Span) -> Called {
        Called {
            parent,
            scope,
            target,
            silent: false,
            direct: false,
            certain: false,
            span,
            rare: None,
            earlier: UnitId::ROOT,
            identity: None,
        }
    }

    /// What it is called before it is evaluated.
    pub(super) fn name(&self) -> Arc<str> {
        match (self.rare.as_ref().and_then(|rare| rare.name.as_ref()), &self.target) {
            (Some(name), _) => name.clone(),
            (None, Target::Known(aim)) => aim.name().clone(),
            (None, Target::Late(_) | Target::Stage(_) | Target::Wrong(_)) => Arc::default(),
        }
    }

    /// Its `if`.
    pub(super) fn guard(&self) -> Option<&Guard> {
        self.rare.as_ref()?.guard.as_ref()
    }

    /// Its longest time.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.rare.as_ref()?.timeout
    }

    /// Where its output goes.
    pub(super) fn outlets(&self) -> &Outlets {
        static USUAL: Outlets = Outlets { stdout: None, stderr: None };
        self.rare.as_ref().map_or(&USUAL, |rare| &rare.outlets)
    }

    /// A call that is refused.
    pub(super) fn wrong(reason: impl Into<String>) -> Called {
        let target = Target::Wrong(Box::new(Diagnostic::error(Fault::Other, reason)));
        Called::new(UnitId::ROOT, UnitId::ROOT, target, Span::NOWHERE)
    }
}
