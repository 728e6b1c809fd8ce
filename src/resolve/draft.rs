//! What a call consists of before its parts have ids: the answer of an [`Expansion`](super::Expansion).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::called::Aim;
use super::context::Context;
use super::each::Turn;
use super::once;
use super::options::Options;
use super::stages::Cast;
use crate::diag::Diagnostic;
use crate::plan::Policy;
use crate::source::Span;
use crate::taskfile::model::Call;
use crate::template::Template;

/// What a call consists of.
pub struct Draft(pub(super) Content);

pub(super) enum Content {
    /// Nothing: a condition or the platform says no.
    Omitted(Arc<str>),
    /// A body.
    Body(Box<Body>),
    /// A stage, with who is in it once that is known.
    Stage(Option<Arc<Cast>>),
}

pub(super) struct Body {
    pub(super) context: Arc<Context>,
    /// What makes it the same as another call, when it may run only once.
    pub(super) key: Option<once::Key>,
    pub(super) deps: Vec<Mention>,
    pub(super) steps: Vec<Piece>,
    pub(super) policy: Option<Arc<Policy>>,
    /// Conditions that were taken to hold without asking.
    pub(super) assumed: Vec<String>,
}

/// An element of a body.
pub(super) enum Piece {
    Command(Arc<Line>),
    Call(Mention, Manner),
    /// A call whose name and variables are rendered when it is reached.
    Late(Box<Late>),
    Join,
}

/// A call that is rendered when it is reached: a deferred one, or one that reads outputs of others.
pub(super) struct Late {
    pub(super) call: Call,
    pub(super) turn: Turn,
    pub(super) condition: Option<Template>,
    pub(super) ignore_error: bool,
    pub(super) place: u32,
    /// `None`: it is deferred.
    pub(super) manner: Option<Manner>,
}

/// How a call stands in a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    Waited,
    Background,
}

/// A command. There is one for each, so what few commands have is kept aside.
pub(super) struct Line {
    pub(super) script: Script,
    pub(super) place: u32,
    pub(super) quiet: bool,
    pub(super) ignore_error: bool,
    /// Whether the command itself says that its failure does not matter.
    pub(super) forgives: bool,
    pub(super) deferred: bool,
    pub(super) options: Options,
    pub(super) span: Span,
    /// When it runs, and how long.
    pub(super) bounds: Option<Box<Bounds>>,
}

/// When a command runs, and how long.
#[derive(Default)]
pub(super) struct Bounds {
    pub(super) condition: Option<Arc<str>>,
    /// The same when it is to be rendered when the command is reached.
    pub(super) late_condition: Option<Template>,
    pub(super) timeout: Option<Duration>,
}

/// The text of a command.
pub(super) enum Script {
    /// Rendered, and shown as it is.
    Ready(Arc<str>),
    /// As few commands have it.
    Other(Box<Other>),
}

/// The text of a command that is not as it is shown, or not known yet.
pub(super) enum Other {
    /// Rendered; the second text is the one to show.
    Masked(Arc<str>, Arc<str>),
    /// To be rendered when it is reached, in a turn of a loop.
    Late(Template, Turn),
}

impl Line {
    /// Its `if`, as far as that is rendered.
    pub(super) fn condition(&self) -> Option<&Arc<str>> {
        self.bounds.as_ref()?.condition.as_ref()
    }

    /// Its longest time.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.bounds.as_ref()?.timeout
    }
}

impl Bounds {
    /// Kept only where there are any.
    pub(super) fn boxed(self) -> Option<Box<Bounds>> {
        let has_condition = self.condition.is_some() || self.late_condition.is_some();
        (has_condition || self.timeout.is_some()).then(|| Box::new(self))
    }
}

impl Script {
    /// A text that is rendered, and how it is shown.
    pub(super) fn ready(text: Arc<str>, shown: Arc<str>) -> Script {
        match text == shown {
            true => Script::Ready(text),
            false => Script::Other(Box::new(Other::Masked(text, shown))),
        }
    }

    /// A text that is rendered when it is reached, in a turn of a loop.
    pub(super) fn late(text: Template, turn: Turn) -> Script {
        Script::Other(Box::new(Other::Late(text, turn)))
    }

    /// The text, as far as it is rendered, and how it is shown.
    pub(super) fn texts(&self) -> (&Arc<str>, &Arc<str>) {
        match self {
            Script::Ready(text) => (text, text),
            Script::Other(other) => match &**other {
                Other::Masked(text, shown) => (text, shown),
                Other::Late(template, _) => (&template.text().value, &template.text().value),
            },
        }
    }

    /// The template and the turn, where it is to be rendered when it is reached.
    pub(super) fn to_render(&self) -> Option<(&Template, &Turn)> {
        match self {
            Script::Ready(_) => None,
            Script::Other(other) => match &**other {
                Other::Masked(..) => None,
                Other::Late(template, turn) => Some((template, turn)),
            },
        }
    }
}

/// A call of another task, its name and variables rendered.
#[derive(Clone)]
pub(super) struct Mention {
    /// The name as written.
    pub(super) name: Arc<str>,
    pub(super) aim: Result<Aim, Diagnostic>,
    pub(super) silent: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) condition: Option<Arc<str>>,
    pub(super) ignore_error: bool,
    pub(super) looped: bool,
    pub(super) place: u32,
    pub(super) span: Span,
    pub(super) redirect: Option<Redirected>,
}

/// A redirection with its file known.
#[derive(Clone)]
pub(super) struct Redirected {
    pub(super) file: PathBuf,
    pub(super) append: bool,
    pub(super) both: bool,
}

impl Draft {
    /// Why the call is left out, if it is.
    pub fn omission(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Content::Omitted(reason) => Some(reason),
            Content::Body(_) | Content::Stage(_) => None,
        }
    }

    /// Whether what an earlier run did for it may stand for what it would do: files are not compared, which
    /// tells more, and it is no server.
    pub fn may_stand(&self) -> bool {
        match &self.0 {
            Content::Body(body) => {
                let serves = body.policy.as_ref().is_some_and(|policy| policy.server.is_some());
                !body.context.rare().checks.compares && !serves
            }
            Content::Omitted(_) | Content::Stage(_) => false,
        }
    }

    pub(super) fn omitted(reason: String) -> Draft {
        Draft(Content::Omitted(reason.into()))
    }
}
