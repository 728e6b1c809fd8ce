//! From a command to something that can be started.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::called::Sink;
use super::context::Context;
use super::draft::{Line, Script};
use super::scope::text;
use super::settings::Known;
use super::shared::{Shared, Site};
use crate::diag::{Diagnostic, Fault};
use crate::host::{Env, Host};

/// A command that is about to start.
pub struct Rendering {
    pub(super) shared: Arc<Shared>,
    pub(super) command: Option<(Arc<Line>, Arc<Context>)>,
    pub(super) known: Known,
}

/// What becomes of a command.
#[derive(Clone, Debug)]
pub enum Rendered {
    /// It is to run.
    Run(Launch),
    /// It is to be shown only (`--dry`); its directory is made all the same.
    Show(Launch),
    /// Its `if` says no; the message is for those who want to know.
    Omit(Arc<str>),
    /// It cannot be run.
    Refused(Diagnostic),
}

/// All there is to know about a command that starts.
#[derive(Clone)]
pub struct Launch {
    line: Arc<Line>,
    context: Arc<Context>,
    /// The script and what is shown of it, where they were not known before.
    late: Option<Arc<Texts>>,
}

/// A script and what is shown of it.
type Texts = (Arc<str>, Arc<str>);

impl Launch {
    /// The script.
    pub fn text(&self) -> &Arc<str> {
        self.texts().0
    }

    /// What is shown of it, secrets masked; `None` when it is silent.
    pub fn echo(&self) -> Option<&Arc<str>> {
        (!self.line.quiet).then(|| self.texts().1)
    }

    fn texts(&self) -> (&Arc<str>, &Arc<str>) {
        match self.late.as_deref() {
            Some((text, shown)) => (text, shown),
            None => self.line.script.texts(),
        }
    }

    /// Where it runs; it may have to be made first.
    pub fn dir(&self) -> &Arc<Path> {
        &self.context.dir
    }

    /// Its environment, whole.
    pub fn env(&self) -> &Arc<Env> {
        &self.context.env
    }

    /// Options for `set -o`.
    pub fn set(&self) -> &Arc<[Arc<str>]> {
        self.line.options.set()
    }

    /// Options for `shopt -s`.
    pub fn shopt(&self) -> &Arc<[Arc<str>]> {
        self.line.options.shopt()
    }

    /// Whether it needs the terminal.
    pub fn interactive(&self) -> bool {
        self.context.task.interactive
    }

    /// The task's name in prefixed output.
    pub fn prefix(&self) -> &Arc<str> {
        self.context.prefix()
    }

    /// What stands before its output in grouped output; empty for nothing.
    pub fn begin(&self) -> &Arc<str> {
        &self.context.rare().frame.0
    }

    /// What stands after.
    pub fn end(&self) -> &Arc<str> {
        &self.context.rare().frame.1
    }

    /// The file that takes its stdout.
    pub fn stdout(&self) -> Option<&Arc<Sink>> {
        self.context.rare().outlets.stdout.as_ref()
    }

    /// The file that takes its stderr.
    pub fn stderr(&self) -> Option<&Arc<Sink>> {
        self.context.rare().outlets.stderr.as_ref()
    }

    /// Texts that must not be shown wherever its output passes.
    pub fn secrets(&self) -> &Arc<[Arc<str>]> {
        &self.context.rare().secrets
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("text", self.text()).field("dir", self.dir()).finish()
    }
}

impl Rendering {
    /// Asks the command's `if` and renders what is not rendered yet.
    pub fn run(self, host: &dyn Host) -> Rendered {
        let Some((line, context)) = &self.command else {
            let message = "only a command can be rendered";
            return Rendered::Refused(Diagnostic::error(Fault::Other, message));
        };
        let site = Site { shared: &self.shared, host };
        match self.condition(line, context, site) {
            Err(reason) => return Rendered::Refused(reason),
            Ok(Some(condition)) if !site.holds(&condition, &context.dir, &context.env) => {
                let message = format!("[{}] if condition not met - skipped", context.name());
                return Rendered::Omit(message.into());
            }
            Ok(_) => {}
        }
        let late = match self.texts(&line.script, context, site) {
            Ok(texts) => texts.map(Arc::new),
            Err(reason) => return Rendered::Refused(reason),
        };
        let launch = Launch { line: line.clone(), context: context.clone(), late };
        if self.shared.settings.dry { Rendered::Show(launch) } else { Rendered::Run(launch) }
    }

    fn condition(
        &self,
        line: &Line,
        context: &Context,
        site: Site<'_>,
    ) -> Result<Option<Arc<str>>, Diagnostic> {
        let late = line.bounds.as_ref().and_then(|bounds| bounds.late_condition.as_ref());
        let (Some(template), Some((_, turn))) = (late, line.script.to_render()) else {
            return Ok(line.condition().cloned());
        };
        let (vars, _) = context.with(&self.known.variables(turn));
        text(template, &vars, site).map(Some)
    }

    /// The script and what is shown of it, where they are not known already.
    fn texts(
        &self,
        script: &Script,
        context: &Context,
        site: Site<'_>,
    ) -> Result<Option<Texts>, Diagnostic> {
        let Some((template, turn)) = script.to_render() else { return Ok(None) };
        let (vars, masked) = context.with(&self.known.variables(turn));
        let script = text(template, &vars, site)?;
        let shown = match masked {
            Some(masked) => text(template, &masked, site)?,
            None => script.clone(),
        };
        Ok(Some((script, context.telling.hide(&shown))))
    }
}
