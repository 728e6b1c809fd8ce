//! Pipelines, commands, fields and variables.

use std::sync::Arc;

use super::{Evaluated, Evaluation, Slot};
use crate::template::methods;
use crate::template::printf::to_text;
use crate::template::show::type_name;
use crate::template::syntax::{At, Binding, Command, NameId, Pipe, Term, TermKind};
use crate::value::{Dict, Value};

impl<'a> Evaluation<'a> {
    pub(super) fn variable(&self, id: NameId) -> Option<&Slot> {
        self.stack[self.base..].iter().rev().find(|(name, _)| *name == id).map(|(_, slot)| slot)
    }

    pub(super) fn assign(&mut self, id: NameId, value: Value, at: At) -> Evaluated<()> {
        let held = self.stack[self.base..].iter_mut().rev().find(|(name, _)| *name == id);
        match held {
            Some((_, slot)) => *slot = Slot::Held(value),
            None => return self.fail(at, "undefined variable"),
        }
        Ok(())
    }

    pub(super) fn pipe(&mut self, pipe: &'a Pipe) -> Evaluated<Value> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, last)?);
        }
        let value = last.unwrap_or_default();
        for &name in &pipe.names {
            match pipe.binding {
                Binding::Declare => self.stack.push((name, Slot::Held(value.clone()))),
                Binding::Assign => self.assign(name, value.clone(), pipe.at)?,
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &'a Command, last: Option<Value>) -> Evaluated<Value> {
        self.step(1, command.at)?;
        let head = &command.head;
        if let TermKind::Call(function) = head.kind {
            return self.call(function, &command.arguments, last, head.at, command.at);
        }
        if matches!(head.kind, TermKind::Nil) {
            return self.fail(head.at, "nil is not a command");
        }
        if command.arguments.is_empty() && last.is_none() {
            return self.term(head);
        }
        match &head.kind {
            TermKind::Field(names) | TermKind::Variable(_, names) | TermKind::Chain(_, names)
                if !names.is_empty() =>
            {
                self.method(command, names.last().map_or("", |name| name), last)
            }
            _ => {
                let spelled = self.text.value.get(head.at.range()).unwrap_or("");
                self.fail(head.at, format!("can't give argument to non-function {spelled}"))
            }
        }
    }

    /// A field with arguments: a method of the value before it.
    fn method(
        &mut self,
        command: &'a Command,
        name: &str,
        last: Option<Value>,
    ) -> Evaluated<Value> {
        let at = command.head.at;
        let Value::Time(nanos) = self.term_without(&command.head, 1)? else {
            return self.fail(at, format!("{name} is not a method but has arguments"));
        };
        let mut arguments = Vec::new();
        for argument in &command.arguments {
            arguments.push(self.term(argument)?);
        }
        arguments.extend(last);
        match methods::of_time(nanos, name, &arguments) {
            Some(Ok(value)) => Ok(value),
            Some(Err(message)) => self.fail(at, message),
            None => self.fail(at, format!("can't evaluate field {name} in type time.Time")),
        }
    }

    pub(super) fn term(&mut self, term: &'a Term) -> Evaluated<Value> {
        self.term_without(term, 0)
    }

    /// The value of a term but for its last `skipped` fields.
    fn term_without(&mut self, term: &'a Term, skipped: usize) -> Evaluated<Value> {
        let kept = |names: &'a [Arc<str>]| &names[..names.len().saturating_sub(skipped)];
        match &term.kind {
            TermKind::Dot => Ok(match self.dots.last() {
                Some(Slot::Held(value)) => value.clone(),
                _ => self.whole(),
            }),
            TermKind::Nil => Ok(Value::Nil),
            TermKind::Constant(value) => Ok(value.clone()),
            TermKind::Field(names) => match self.dots.last() {
                Some(Slot::Held(value)) => self.fields(value, kept(names), term, 0),
                _ => self.root_fields(kept(names), term, 0),
            },
            TermKind::Variable(id, names) => match self.variable(*id) {
                Some(Slot::Held(value)) => self.fields(value, kept(names), term, 1),
                Some(Slot::Root) if kept(names).is_empty() => Ok(self.whole()),
                Some(Slot::Root) => self.root_fields(kept(names), term, 1),
                None => self.fail(term.at, "undefined variable"),
            },
            TermKind::Chain(head, names) => {
                let value = match &head.kind {
                    TermKind::Call(function) => self.call(function, &[], None, head.at, head.at)?,
                    _ => self.term(head)?,
                };
                self.fields(&value, kept(names), term, 1)
            }
            TermKind::Pipe(pipe) => self.nested(term.at, |evaluation| evaluation.pipe(pipe)),
            TermKind::Call(function) => self.call(function, &[], None, term.at, term.at),
        }
    }

    /// All variables as one map.
    fn whole(&self) -> Value {
        let mut all: Dict = self.vars.flatten();
        all.extend(self.changed.iter().map(|(name, value)| (name.clone(), value.clone())));
        Value::Map(Arc::new(all))
    }

    pub(super) fn root(&self, name: &str) -> &Value {
        let changed = if self.changed.is_empty() { None } else { self.changed.get(name) };
        changed.or_else(|| self.vars.get(name)).unwrap_or(&Value::Nil)
    }

    fn root_fields(&self, names: &[Arc<str>], term: &Term, heads: usize) -> Evaluated<Value> {
        match names.split_first() {
            Some((first, more)) => self.fields(self.root(first), more, term, heads + 1),
            None => Ok(self.whole()),
        }
    }

    /// The value at a path; what is absent is nil all the way down.
    fn fields(
        &self,
        value: &Value,
        names: &[Arc<str>],
        term: &Term,
        heads: usize,
    ) -> Evaluated<Value> {
        let mut value = value;
        for (index, name) in names.iter().enumerate() {
            value = match value {
                Value::Time(nanos) => {
                    return match methods::of_time(*nanos, name, &[]) {
                        Some(Ok(result)) => self.fields(&result, &names[index + 1..], term, heads),
                        Some(Err(message)) => self.fail(term.at, message),
                        None => self.no_field(name, value, term, heads),
                    };
                }
                Value::Uuid(_) if &**name == "String" => {
                    let text = Value::Str(to_text(value));
                    return self.fields(&text, &names[index + 1..], term, heads);
                }
                Value::Map(entries) => entries.get(name).unwrap_or(&Value::Nil),
                Value::Nil => return Ok(Value::Nil),
                _ => return self.no_field(name, value, term, heads),
            };
        }
        Ok(value.clone())
    }

    fn no_field(&self, name: &str, value: &Value, term: &Term, heads: usize) -> Evaluated<Value> {
        let spelled = self.text.value.get(term.at.range()).unwrap_or("");
        let from = usize::from(heads == 0 || spelled.starts_with('.'));
        let second = spelled.get(from..).and_then(|rest| rest.find('.')).map_or(0, |n| n + from);
        let type_name = type_name(value);
        let position = term.at.start as usize + second;
        self.fail_at(position, term.at, format!("can't evaluate field {name} in type {type_name}"))
    }
}
