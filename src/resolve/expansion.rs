//! From a call to what it consists of: variables, conditions, loops, names. Steps and order are go-task's.
//!
//! Owned and free of the resolver, so that it can run on a thread of its own.

use std::sync::Arc;

use super::body;
use super::called::{Aim, Called, Guard, Late, Target};
use super::context::{Circumstances, Context};
use super::draft::{Content, Draft};
use super::settings::{Force, Known};
use super::shared::{Shared, Site};
use super::stages::Cast;
use super::{names, needs, requires};
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;

/// A call that is to be evaluated.
pub struct Expansion {
    pub(super) shared: Arc<Shared>,
    pub(super) called: Arc<Called>,
    pub(super) known: Known,
    /// Whether conditions are taken to hold, because what they ask about is still to come.
    pub(super) ahead: bool,
    /// Whether it is to be found out who is in a stage.
    pub(super) casts: bool,
}

impl Expansion {
    /// Evaluates. An error refuses the call.
    pub fn run(self, host: &dyn Host) -> Result<Draft, Diagnostic> {
        let site = Site { shared: &self.shared, host };
        if let Target::Stage(stage) = &self.called.target {
            let is_wanted = self.ahead || self.casts;
            let cast = is_wanted.then(|| Cast::find(stage, &self.known, self.ahead, site));
            return Ok(Draft(Content::Stage(cast.transpose()?.map(Arc::new))));
        }
        let mut assumed = Vec::new();
        if let Some(guard) = self.called.guard() {
            let script = self.script(guard, site)?;
            if self.ahead {
                assumed.push(format!("runs if `{script}`"));
            } else if !site.holds(&script, &guard.by.dir, &guard.by.env) {
                let name = guard.by.name();
                return Ok(Draft::omitted(format!("[{name}] if condition not met - skipped")));
            }
        }
        let aim = self.aim(site)?;
        let task = &aim.found.task;
        if !names::runs_here(&task.platforms) {
            let reason = format!("\"{}\" not for current platform - ignored", aim.found.called_as);
            return Ok(Draft::omitted(reason));
        }
        requires::present(&aim, site)?;
        if let Some(wrong) = task.errors.first() {
            return Err(wrong.clone());
        }
        let context = Arc::new(self.context(&aim, site)?);
        if !self.ahead {
            needs::met(&context, site)?;
        }
        let mut body = body::of(&aim, &context, site)?;
        if let Some(reason) = self.refusal(&aim, &context, site, &mut assumed)? {
            return Ok(Draft::omitted(reason));
        }
        requires::allowed(&context, site)?;
        self.shared.count(task)?;
        body.assumed = assumed;
        Ok(Draft(Content::Body(Box::new(body))))
    }

    /// The script that decides whether the call is reached.
    fn script(&self, guard: &Guard, site: Site<'_>) -> Result<Arc<str>, Diagnostic> {
        let Some((template, turn)) = &guard.late else { return Ok(guard.script.clone()) };
        let (vars, _) = guard.by.with(&self.known.variables(turn));
        super::scope::text(template, &vars, site)
    }

    /// Which task it is.
    fn aim(&self, site: Site<'_>) -> Result<Aim, Diagnostic> {
        match &self.called.target {
            Target::Known(aim) => Ok(aim.clone()),
            Target::Wrong(reason) => Err(Diagnostic::clone(reason)),
            Target::Stage(_) => Err(Diagnostic::error(Fault::Other, "a stage is no task")),
            Target::Late(late) => {
                let Late { by, call, turn } = &**late;
                let (vars, _) = by.with(&self.known.variables(turn));
                body::called(call, by, &vars, site)?.1
            }
        }
    }

    fn context(&self, aim: &Aim, site: Site<'_>) -> Result<Context, Diagnostic> {
        let forced = match site.shared.settings.force {
            Force::No => false,
            Force::Named => self.called.direct,
            Force::All => true,
        };
        let circumstances = Circumstances {
            found: &aim.found,
            arguments: &aim.arguments,
            silent: self.called.silent,
            forced,
            outlets: self.called.outlets(),
            outputs: self.known.outputs(),
        };
        Context::new(&circumstances, site)
    }

    /// Why the task's own `if` leaves it out.
    fn refusal(
        &self,
        aim: &Aim,
        context: &Context,
        site: Site<'_>,
        assumed: &mut Vec<String>,
    ) -> Result<Option<String>, Diagnostic> {
        let Some(condition) = &context.task.condition else { return Ok(None) };
        let script = super::scope::text(condition, &context.vars, site)?;
        if script.trim().is_empty() {
            return Ok(None);
        }
        if self.ahead {
            assumed.push(format!("runs if `{script}`"));
            return Ok(None);
        }
        let holds = site.holds(&script, &context.dir, &context.env);
        Ok((!holds).then(|| format!("if condition not met - skipped: \"{}\"", aim.found.called_as)))
    }
}
