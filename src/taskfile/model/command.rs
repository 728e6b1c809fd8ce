//! An element of a body, and what few of them say.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use thin_vec::ThinVec;

use super::{Action, Each, Platform};
use crate::source::Span;
use crate::template::Template;

/// An element of `cmds`. There may be many that say little, so what few say is kept aside, in [`Particulars`],
/// which read as fields of the command.
#[derive(Clone, Debug)]
pub struct Command {
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub span: Span,
    /// Whether it is echoed.
    pub silent: Option<bool>,
    /// Whether its failure ends the task.
    pub ignore_error: bool,
    pub(in crate::taskfile) particulars: Option<Box<Particulars>>,
}

/// What few commands say.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// Only there; empty: everywhere.
    pub platforms: ThinVec<Platform>,
    /// Only when this script exits with 0.
    pub condition: Option<Template>,
    /// Once for each.
    pub each: Option<Box<Each>>,
    /// Longest time.
    pub timeout: Option<Duration>,
    /// `set -o` for it alone.
    pub set: ThinVec<Arc<str>>,
    /// `shopt -s` for it alone.
    pub shopt: ThinVec<Arc<str>>,
}

impl Command {
    /// A command with nothing said beside it.
    pub fn new(action: Action, span: Span) -> Command {
        Command { action, span, silent: None, ignore_error: false, particulars: None }
    }

    /// Takes in what few commands say, if it says anything of it.
    pub fn with(mut self, particulars: Particulars) -> Command {
        self.particulars = (!particulars.is_empty()).then(|| Box::new(particulars));
        self
    }
}

impl Deref for Command {
    type Target = Particulars;

    fn deref(&self) -> &Particulars {
        static NOTHING: LazyLock<Particulars> = LazyLock::new(Particulars::default);
        self.particulars.as_deref().unwrap_or_else(|| &NOTHING)
    }
}

impl Particulars {
    fn is_empty(&self) -> bool {
        let Particulars { platforms, condition: None, each: None, timeout: None, set, shopt } =
            self
        else {
            return false;
        };
        platforms.is_empty() && set.is_empty() && shopt.is_empty()
    }
}
