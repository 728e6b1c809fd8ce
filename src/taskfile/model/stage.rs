//! `stages` of a task, and `agents`.

use std::sync::Arc;

use super::{Call, Mention};
use crate::source::{Span, Text};
use crate::template::Template;

/// An entry of `stages`: a group of calls, what verifies it, and who decides whether it is good.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, unlike that of the other stages of the task.
    pub name: Text,
    /// Positions of the stages that come first.
    pub needs: Vec<usize>,
    /// `tasks`.
    pub members: Vec<Member>,
    /// `parallel`.
    pub parallel: bool,
    /// `max_parallel`.
    pub max_parallel: Option<u32>,
    /// `verify`.
    pub verify: Verify,
    /// `gate`.
    pub gate: Option<Gate>,
    /// `on_failure: stop`.
    pub stops_on_failure: bool,
    /// Where it stands.
    pub span: Span,
}

impl Stage {
    /// Its calls: members, then what verifies them.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let members = self.members.iter().map(|member| &member.call);
        members.chain(self.verify.checks.iter().map(|check| &check.call))
    }
}

/// A member of a stage.
#[derive(Clone, Debug)]
pub struct Member {
    /// The call.
    pub call: Call,
    /// Only when this says yes.
    pub condition: Option<Template>,
}

/// `verify`.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// What verifies, in order.
    pub checks: Vec<Check>,
    /// How often a member is sent back.
    pub rounds: u32,
}

/// A task that verifies a stage or one member of it.
#[derive(Clone, Debug)]
pub struct Check {
    /// The call.
    pub call: Call,
    /// Position of the member that it verifies.
    pub member: Option<usize>,
}

/// `gate`.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The script that decides.
    pub script: Template,
    /// How often the stage is run again.
    pub rounds: u32,
    /// Where it stands.
    pub span: Span,
}

/// An entry of `agents`.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The command, with `{{.PROMPT}}`.
    pub cmd: Template,
    /// What it can do, for those who read the plan.
    pub capabilities: Vec<Arc<str>>,
    /// At most so many at a time.
    pub max: Option<u32>,
    /// Agents that may work at the same time; `None`: all.
    pub compatible: Option<Vec<Mention>>,
    /// Where its name stands.
    pub span: Span,
}
