//! Dependencies and commands of a call: loops unrolled, names, variables and texts rendered.

use std::sync::Arc;

use super::called::Aim;
use super::context::Context;
use super::draft::{Body, Bounds, Late, Line, Manner, Mention, Piece, Redirected, Script};
use super::each::{Turn, turns};
use super::files::of_variable;
use super::scope::{Argument, text};
use super::settings::OUTPUTS;
use super::shared::Site;
use super::{agents, names, once, path, policy};
use crate::diag::Diagnostic;
use crate::taskfile::model::{Action, Call, Command, Each, Lifted, Redirect};
use crate::template::Template;
use crate::value::Vars;

/// The body of a call.
pub(super) fn of(aim: &Aim, context: &Arc<Context>, site: Site<'_>) -> Result<Body, Diagnostic> {
    let task = &context.task;
    let writer = Writer { context, site };
    let mut deps = Vec::new();
    for (place, dep) in task.deps.iter().enumerate() {
        deps.extend(writer.mentions(dep, None, place as u32)?);
    }
    let mut steps = Vec::new();
    for (place, command) in task.cmds.iter().enumerate() {
        writer.command(command, place as u32, &mut steps)?;
    }
    if let Some(command) = agents::only_command(task) {
        writer.command(&command, 0, &mut steps)?;
    }
    let key = once::key(aim, context, &deps, &steps, site)?;
    let policy = policy::of(task, &context.vars, site)?;
    Ok(Body { context: context.clone(), key, deps, steps, policy, assumed: Vec::new() })
}

/// The name of a call as rendered, and what it means.
pub(super) fn called(
    call: &Call,
    context: &Context,
    vars: &Vars,
    site: Site<'_>,
) -> Result<(Arc<str>, Result<Aim, Diagnostic>), Diagnostic> {
    let written = text(&call.task, vars, site)?;
    let arguments = call.vars.iter().map(|var| Argument::render(var, vars, site));
    let arguments = arguments.collect::<Result<_, _>>()?;
    let namespace = &context.task.namespace;
    let aim = Aim::new(&site.shared.model, (namespace, &written), Some(call.span), arguments);
    Ok((written, aim))
}

struct Writer<'a> {
    context: &'a Arc<Context>,
    site: Site<'a>,
}

impl Writer<'_> {
    fn command(
        &self,
        command: &Command,
        place: u32,
        steps: &mut Vec<Piece>,
    ) -> Result<(), Diagnostic> {
        match &command.action {
            Action::Shell(script) => self.lines(command, script, place, steps)?,
            Action::Call(call) if call_reads_outputs(call, command) => {
                self.late(call, command, place, steps)?
            }
            Action::Call(call) => steps.extend(
                self.mentions(call, Some(command), place)?
                    .into_iter()
                    .map(|mention| Piece::Call(mention, Manner::Waited)),
            ),
            Action::Lifted(lifted) => self.lifted(lifted, command, place, steps)?,
            Action::Join => steps.push(Piece::Join),
            Action::DeferShell(script) => {
                let script = Script::late(script.clone(), Turn::new());
                let line = self.line(command, script, (None, None), place);
                steps.push(Piece::Command(Arc::new(Line {
                    deferred: true,
                    ignore_error: true,
                    ..line
                })));
            }
            Action::DeferCall(call) => {
                let mut call = Call::clone(call);
                call.silent = call.silent.or(command.silent);
                call.timeout = call.timeout.or(command.timeout);
                let (turn, condition, ignore_error, manner) = (Turn::new(), None, true, None);
                let late = Late { call, turn, condition, ignore_error, place, manner };
                steps.push(Piece::Late(Box::new(late)));
            }
        }
        Ok(())
    }

    /// One line for each turn; none on other platforms and none where there is no text.
    fn lines(
        &self,
        command: &Command,
        script: &Template,
        place: u32,
        steps: &mut Vec<Piece>,
    ) -> Result<(), Diagnostic> {
        if !names::runs_here(&command.platforms) {
            return Ok(());
        }
        for turn in turns(command.each.as_deref(), self.context, self.site)? {
            let (vars, masked) = self.context.with(&turn);
            if reads_outputs(script) || command.condition.as_ref().is_some_and(reads_outputs) {
                let conditions = (self.written_condition(command), command.condition.clone());
                let script = Script::late(script.clone(), turn);
                let line = self.line(command, script, conditions, place);
                steps.push(Piece::Command(Arc::new(line)));
                continue;
            }
            let ready = text(script, &vars, self.site)?;
            if ready.is_empty() {
                continue;
            }
            let ready = agents::command(&self.context.task, ready, &vars, self.site)?;
            let shown = match &masked {
                Some(masked) => text(script, masked, self.site)
                    .and_then(|text| agents::command(&self.context.task, text, masked, self.site))
                    .unwrap_or_else(|_| script.text().value.clone()),
                None => ready.clone(),
            };
            let condition = self.condition(command, &vars)?;
            let shown = self.context.telling.hide(&shown);
            let script = Script::ready(ready, shown);
            let line = self.line(command, script, (condition, None), place);
            steps.push(Piece::Command(Arc::new(line)));
        }
        Ok(())
    }

    fn line(
        &self,
        command: &Command,
        script: Script,
        (condition, late_condition): (Option<Arc<str>>, Option<Template>),
        place: u32,
    ) -> Line {
        let context = self.context;
        let verbose = self.site.shared.settings.verbose;
        Line {
            script,
            place,
            quiet: context.quiet || (command.silent == Some(true) && !verbose),
            ignore_error: command.ignore_error || context.task.ignore_error,
            forgives: command.ignore_error,
            deferred: false,
            options: context.options.and(&command.set, &command.shopt),
            span: command.span,
            bounds: Bounds { condition, late_condition, timeout: command.timeout }.boxed(),
        }
    }

    /// The condition of a command as it stands in the file.
    fn written_condition(&self, command: &Command) -> Option<Arc<str>> {
        command.condition.as_ref().map(|condition| condition.text().value.clone())
    }

    fn condition(&self, command: &Command, vars: &Vars) -> Result<Option<Arc<str>>, Diagnostic> {
        let Some(condition) = &command.condition else { return Ok(None) };
        let script = text(condition, vars, self.site)?;
        Ok((!script.trim().is_empty()).then_some(script))
    }

    /// One mention for each turn; in `cmds` an empty name calls nothing.
    fn mentions(
        &self,
        call: &Call,
        command: Option<&Command>,
        place: u32,
    ) -> Result<Vec<Mention>, Diagnostic> {
        let each: Option<&Each> = call.each.as_deref().or(command.and_then(|c| c.each.as_deref()));
        let mut mentions = Vec::new();
        for turn in turns(each, self.context, self.site)? {
            let (vars, _) = self.context.with(&turn);
            let (name, aim) = called(call, self.context, &vars, self.site)?;
            if command.is_some() && name.is_empty() {
                continue;
            }
            let condition = match command {
                Some(command) => self.condition(command, &vars)?,
                None => None,
            };
            mentions.push(Mention {
                name,
                aim,
                silent: call.silent.or(command.and_then(|c| c.silent)) == Some(true),
                timeout: call.timeout.or(command.and_then(|c| c.timeout)),
                condition,
                ignore_error: command
                    .is_some_and(|c| c.ignore_error || self.context.task.ignore_error),
                looped: each.is_some(),
                place,
                span: call.span,
                redirect: None,
            });
        }
        Ok(mentions)
    }

    /// Calls that read what others have written are rendered when they are reached.
    fn late(
        &self,
        call: &Call,
        command: &Command,
        place: u32,
        steps: &mut Vec<Piece>,
    ) -> Result<(), Diagnostic> {
        let each: Option<&Each> = call.each.as_deref().or(command.each.as_deref());
        for turn in turns(each, self.context, self.site)? {
            let mut call = call.clone();
            call.silent = call.silent.or(command.silent);
            call.timeout = call.timeout.or(command.timeout);
            steps.push(Piece::Late(Box::new(Late {
                call,
                turn,
                condition: command.condition.clone(),
                ignore_error: command.ignore_error || self.context.task.ignore_error,
                place,
                manner: Some(Manner::Waited),
            })));
        }
        Ok(())
    }

    fn lifted(
        &self,
        lifted: &Lifted,
        command: &Command,
        place: u32,
        steps: &mut Vec<Piece>,
    ) -> Result<(), Diagnostic> {
        let manner = if lifted.background { Manner::Background } else { Manner::Waited };
        for mut mention in self.mentions(&lifted.call, Some(command), place)? {
            mention.redirect =
                lifted.redirect.as_ref().map(|to| self.redirected(to)).transpose()?;
            steps.push(Piece::Call(mention, manner));
        }
        Ok(())
    }

    fn redirected(&self, to: &Redirect) -> Result<Redirected, Diagnostic> {
        let written = text(&to.file, &self.context.vars, self.site)?;
        let expanded =
            path::expand(&written, &|key| self.context.env.get(key).map(|v| v.to_string()));
        let file = path::join(&self.context.dir, &expanded);
        Ok(Redirected { file, append: to.append, both: to.both })
    }
}

fn reads_outputs(template: &Template) -> bool {
    template.reads().contains(&OUTPUTS)
}

fn call_reads_outputs(call: &Call, command: &Command) -> bool {
    reads_outputs(&call.task)
        || call.vars.iter().filter_map(of_variable).any(reads_outputs)
        || command.condition.as_ref().is_some_and(reads_outputs)
}
