//! Elements of `cmds`.

use super::{Fields, Lower, keys, lifted};
use crate::source::Text;
use crate::taskfile::Dialect;
use crate::taskfile::model::{Action, Command, Particulars};
use crate::taskfile::yaml::{Kind, Node};

impl Lower {
    /// All of a body. `wait` joins only what was started before it.
    pub(super) fn commands(&mut self, items: &[Node]) -> Vec<Command> {
        let items = items.iter().filter(|item| !item.is_null());
        let mut all: Vec<Command> = Vec::with_capacity(items.clone().count());
        let mut started = false;
        for item in items {
            let command = self.command(item, started);
            started |= command.as_ref().is_some_and(|command| is_background(&command.action));
            all.extend(command);
        }
        all
    }

    fn command(&mut self, node: &Node, started: bool) -> Option<Command> {
        match &node.kind {
            Kind::Scalar(text, _) => self.short_command(text, started),
            Kind::Mapping(_) => self.long_command(node),
            _ => {
                self.wrong_type(node, "a command", "text or a map");
                None
            }
        }
    }

    fn short_command(&mut self, text: &Text, started: bool) -> Option<Command> {
        let action = match self.dialect {
            Dialect::Par => self.lifted(text, started),
            Dialect::GoTask => None,
        };
        let action = match action {
            Some(action) => action,
            None => Action::Shell(self.script(text)?),
        };
        Some(Command::new(action, text.span))
    }

    /// A script; an empty one runs nothing.
    fn script(&mut self, text: &Text) -> Option<crate::template::Template> {
        if text.value.is_empty() { None } else { self.template(text) }
    }

    fn lifted(&mut self, text: &Text, started: bool) -> Option<Action> {
        if started && text.value.trim() == "wait" {
            return Some(Action::Join);
        }
        let written = lifted::parse(text)?;
        match written.into_action() {
            Ok(action) => Some(action),
            Err(error) => {
                self.broken.push(error);
                None
            }
        }
    }

    /// All keys are read, also those that have no meaning beside the others.
    fn long_command(&mut self, node: &Node) -> Option<Command> {
        let fields = self.fields(node, "a command", &keys::COMMAND)?;
        let timeout = self.timeout(&fields);
        let call = self.call(&fields);
        let script = self.filled(&fields, "cmd");
        let all = self.particulars(&fields);
        let silent = self.truth(&fields, "silent");
        let ignore_error = self.is(&fields, "ignore_error");
        Some(match (fields.get("defer"), call, script) {
            (Some(defer), ..) => {
                let all = Particulars { timeout, ..Particulars::default() };
                self.deferred(silent, defer)?.with(all)
            }
            // Of the others, go-task lets a call have these.
            (None, Some(call), _) => {
                let Particulars { condition, each, .. } = all;
                let all = Particulars { condition, each, timeout, ..Particulars::default() };
                let command = Command::new(Action::Call(Box::new(call)), node.span).with(all);
                Command { silent, ignore_error, ..command }
            }
            (None, None, Some(text)) => {
                let action = Action::Shell(self.script(&text)?);
                let command = Command::new(action, text.span);
                Command { silent, ignore_error, ..command.with(Particulars { timeout, ..all }) }
            }
            (None, None, None) => self.nothing(&fields)?,
        })
    }

    /// What may stand beside `cmd`, its time left out.
    fn particulars(&mut self, fields: &Fields) -> Particulars {
        Particulars {
            platforms: self.platforms(fields).into(),
            condition: self.template_of(fields, "if"),
            each: self.each(fields),
            timeout: None,
            set: self.words(fields, "set").into(),
            shopt: self.words(fields, "shopt").into(),
        }
    }

    /// An error, unless what is there is wrong already.
    fn nothing(&mut self, fields: &Fields) -> Option<Command> {
        let is_wrong =
            |key| fields.get(key).is_some_and(|n| n.text().is_none_or(|t| !t.value.is_empty()));
        if !is_wrong("task") && !is_wrong("cmd") {
            let message = "a command needs `cmd`, `task` or `defer`";
            self.error(fields.span, message, "has none of them");
        }
        None
    }

    /// `defer:` a script or a call; what stands beside it counts only as far as go-task lets it.
    fn deferred(&mut self, outer: Option<bool>, node: &Node) -> Option<Command> {
        if let Some(text) = node.text() {
            return self.deferred_script(outer, text);
        }
        let fields = self.fields(node, "`defer`", &keys::DEFER)?;
        let call = self.call(&fields);
        if let Some(text) = self.filled(&fields, "timeout") {
            self.error(text.span, "`timeout` must stand next to `defer`, not in it", "");
            return None;
        }
        if let Some(text) = self.filled(&fields, "defer") {
            return self.deferred_script(outer, &text);
        }
        let call = call?;
        let (silent, span) = (call.silent, call.span);
        Some(Command { silent, ..Command::new(Action::DeferCall(Box::new(call)), span) })
    }

    fn deferred_script(&mut self, outer: Option<bool>, text: &Text) -> Option<Command> {
        let script = self.script(text)?;
        Some(Command { silent: outer, ..Command::new(Action::DeferShell(script), text.span) })
    }
}

fn is_background(action: &Action) -> bool {
    matches!(action, Action::Lifted(lifted) if lifted.background)
}
