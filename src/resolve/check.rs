//! Whether a task's body has to run: preconditions, `status`, sources, prompts.
//!
//! Whether what a task reads and makes is as it was, somebody else knows, who is told of it here.

use std::sync::Arc;

use super::context::{Checks, Context};
use super::footprint::Footprint;
use super::shared::{Shared, Site};
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;
use crate::taskfile::model::Output;

/// The questions of one call.
pub struct Check {
    pub(super) shared: Arc<Shared>,
    pub(super) context: Option<Arc<Context>>,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The body runs.
    Run,
    /// There is nothing to do; the message unless the task is silent.
    UpToDate(Option<Arc<str>>),
    /// The body must not run.
    Refused(Diagnostic),
    /// It runs when the user says yes to all of these.
    Ask(Vec<Arc<str>>),
    /// It runs, as the user has said yes to these beforehand.
    Granted(Vec<Arc<str>>),
}

impl Check {
    /// Asks the machine. `is_current` says whether what a task reads and makes is as it left it; it is
    /// asked for every task with sources, also for one that is to run anyway. `tell` hears how `status`
    /// commands ended.
    pub fn run(
        self,
        host: &dyn Host,
        is_current: &mut dyn FnMut(Footprint) -> bool,
        tell: &mut dyn FnMut(Arc<str>),
    ) -> Verdict {
        let Some(context) = &self.context else { return Verdict::Run };
        let site = Site { shared: &self.shared, host };
        let checks = &context.rare().checks;
        if let Some(reason) = unmet(context, site) {
            return Verdict::Refused(reason);
        }
        match up_to_date(context, site, is_current, tell) {
            Err(reason) => return Verdict::Refused(reason),
            Ok(true) => return Verdict::UpToDate(self.message(context)),
            Ok(false) => {}
        }
        match &checks.prompts[..] {
            [] => Verdict::Run,
            prompts if self.shared.settings.yes => Verdict::Granted(prompts.to_vec()),
            prompts => Verdict::Ask(prompts.to_vec()),
        }
    }

    /// Whether no script has to be run for the answer.
    pub fn is_about_files(&self) -> bool {
        let checks = self.context.as_ref().map(|context| &context.rare().checks);
        checks.is_none_or(|checks| checks.preconditions.is_empty() && checks.status.is_empty())
    }

    /// Whether scripts say if there is something to do.
    pub fn has_status(&self) -> bool {
        self.context.as_ref().is_some_and(|context| !context.rare().checks.status.is_empty())
    }

    /// The same question without side effects and whatever else stands in the way of running.
    pub fn is_up_to_date(
        self,
        host: &dyn Host,
        is_current: &mut dyn FnMut(Footprint) -> bool,
    ) -> Result<bool, Diagnostic> {
        let Some(context) = &self.context else { return Ok(false) };
        if let Some(wrong) = context.task.errors.first() {
            return Err(Diagnostic::clone(wrong));
        }
        if let Some(wrong) = &context.rare().checks.method_error {
            return Err(Diagnostic { fault: Fault::Other, ..Diagnostic::clone(wrong) });
        }
        up_to_date(context, Site { shared: &self.shared, host }, is_current, &mut |_| {})
    }

    /// The task as messages name it.
    pub fn name(&self) -> Arc<str> {
        self.context.as_ref().map_or_else(|| "".into(), |context| context.name().clone())
    }

    fn message(&self, context: &Context) -> Option<Arc<str>> {
        let output = self.shared.settings.output.as_ref().or(self.shared.model.output.as_ref());
        let name = match output {
            Some(Output::Prefixed) => context.prefix(),
            _ => context.name(),
        };
        (!context.quiet).then(|| format!("Task \"{name}\" is up to date").into())
    }
}

/// What the first precondition that does not hold says.
fn unmet(context: &Context, site: Site<'_>) -> Option<Diagnostic> {
    let conditions = &context.rare().checks.preconditions;
    let unmet = conditions.iter().find(|c| !site.holds(&c.script, &context.dir, &context.env))?;
    let help = format!("precondition of task `{}` not met", context.name());
    let message = unmet.message.to_string();
    Some(Diagnostic::error(Fault::Failed, message).at(unmet.span, "").help(help))
}

/// Where there are `status` and sources, both must agree; where there is neither, there is always
/// something to do.
fn up_to_date(
    context: &Context,
    site: Site<'_>,
    is_current: &mut dyn FnMut(Footprint) -> bool,
    tell: &mut dyn FnMut(Arc<str>),
) -> Result<bool, Diagnostic> {
    let Checks { status, compares, method_error, .. } = &context.rare().checks;
    if let Some(wrong) = method_error {
        return Err(Diagnostic::clone(wrong));
    }
    let holds = status.iter().all(|script| {
        let code = site.code(script, &context.dir, &context.env);
        let script = context.telling.hide(script);
        tell(match code {
            0 => format!("status command {script} exited zero").into(),
            _ => format!("status command {script} exited non-zero: exit status {code}").into(),
        });
        code == 0
    });
    if *compares {
        return Ok(is_current(Footprint::of(context, holds, site)?));
    }
    Ok(!status.is_empty() && holds && context.task.sources.is_empty())
}
