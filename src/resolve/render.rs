//! From a command to something that can be started.

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
use crate::template::Template;

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
#[derive(Clone, Debug)]
pub struct Launch {
    /// The script.
    pub text: Arc<str>,
    /// Where it runs; it may have to be made first.
    pub dir: Arc<Path>,
    /// Its environment, whole.
    pub env: Arc<Env>,
    /// Options for `set -o`.
    pub set: Arc<[Arc<str>]>,
    /// Options for `shopt -s`.
    pub shopt: Arc<[Arc<str>]>,
    /// What is shown of it, secrets masked; `None` when it is silent.
    pub echo: Option<Arc<str>>,
    /// Whether it needs the terminal.
    pub interactive: bool,
    /// The task's name in prefixed output.
    pub prefix: Arc<str>,
    /// What stands before its output in grouped output; empty for nothing.
    pub begin: Arc<str>,
    /// What stands after.
    pub end: Arc<str>,
    /// The file that takes its stdout.
    pub stdout: Option<Arc<Sink>>,
    /// The file that takes its stderr.
    pub stderr: Option<Arc<Sink>>,
    /// Texts that must not be shown wherever its output passes.
    pub secrets: Arc<[Arc<str>]>,
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
                let message = format!("[{}] if condition not met - skipped", context.name);
                return Rendered::Omit(message.into());
            }
            Ok(_) => {}
        }
        let (script, shown) = match self.texts(&line.script, context, site) {
            Ok(texts) => texts,
            Err(reason) => return Rendered::Refused(reason),
        };
        let launch = launch(line, context, script, shown);
        if self.shared.settings.dry { Rendered::Show(launch) } else { Rendered::Run(launch) }
    }

    fn condition(
        &self,
        line: &Line,
        context: &Context,
        site: Site<'_>,
    ) -> Result<Option<Arc<str>>, Diagnostic> {
        let (Some(template), Script::Late(_, turn)) = (&line.late_condition, &line.script) else {
            return Ok(line.condition.clone());
        };
        let (vars, _) = context.with(&self.known.variables(turn));
        text(template, &vars, site).map(Some)
    }

    /// The script and what is shown of it.
    fn texts(
        &self,
        script: &Script,
        context: &Context,
        site: Site<'_>,
    ) -> Result<(Arc<str>, Arc<str>), Diagnostic> {
        let (template, turn): (&Template, _) = match script {
            Script::Ready(text, shown) => return Ok((text.clone(), shown.clone())),
            Script::Late(template, turn) => (template, turn),
        };
        let (vars, masked) = context.with(&self.known.variables(turn));
        let script = text(template, &vars, site)?;
        let shown = match masked {
            Some(masked) => text(template, &masked, site)?,
            None => script.clone(),
        };
        Ok((script, context.telling.hide(&shown)))
    }
}

fn launch(line: &Line, context: &Context, text: Arc<str>, shown: Arc<str>) -> Launch {
    let (begin, end) = context.frame.clone();
    Launch {
        text,
        dir: context.dir.clone(),
        env: context.env.clone(),
        set: line.set.clone(),
        shopt: line.shopt.clone(),
        echo: (!line.quiet).then_some(shown),
        interactive: context.task.interactive,
        prefix: context.prefix.clone(),
        begin,
        end,
        stdout: context.outlets.stdout.clone(),
        stderr: context.outlets.stderr.clone(),
        secrets: context.secrets.clone(),
    }
}
