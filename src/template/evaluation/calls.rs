//! Calls of functions: arguments of the right types, results of bounded size, maps as references.

use std::sync::Arc;

use super::{Evaluated, Evaluation, Slot};
use crate::template::functions::{Args, Calls, Function, Kind};
use crate::template::limits::{MAX_BYTES, MAX_ITEMS, MAX_VALUE_DEPTH};
use crate::template::syntax::{At, Term, TermKind};
use crate::value::{Dict, Value};

impl<'a> Evaluation<'a> {
    pub(super) fn call(
        &mut self,
        function: &'static Function,
        terms: &'a [Term],
        last: Option<Value>,
        head: At,
        whole: At,
    ) -> Evaluated<Value> {
        let count = terms.len() + usize::from(last.is_some());
        if let Err(message) = function.check_count(count) {
            return self.fail(head, message);
        }
        let run = match function.calls {
            Calls::And => return self.short_circuit(terms, last, false),
            Calls::Or => return self.short_circuit(terms, last, true),
            Calls::Eager(run) | Calls::Mutates(run) => run,
        };
        let mut values = Vec::with_capacity(count);
        for (index, term) in terms.iter().enumerate() {
            values.push(self.argument(term, function.kind(index))?);
        }
        if let Some(value) = last {
            let accepted = function.kind(terms.len()).accept(value);
            values.push(accepted.or_else(|message| self.fail(head, message))?);
        }
        let before = match (function.calls, values.first()) {
            (Calls::Mutates(_), Some(Value::Map(entries))) => Some(entries.clone()),
            _ => None,
        };
        let mut args = Args { values, facts: self.facts, regexes: &mut self.regexes };
        let value = match run(&mut args) {
            Ok(value) => value,
            Err(message) => {
                let name = function.name;
                return self.fail(whole, format!("error calling {name}: {message}"));
            }
        };
        self.weigh(&value, whole)?;
        if let Some(before) = before {
            self.replace_map(&before, &value, terms.first(), whole)?;
        }
        Ok(value)
    }

    fn short_circuit(
        &mut self,
        terms: &'a [Term],
        last: Option<Value>,
        stops_at: bool,
    ) -> Evaluated<Value> {
        let mut value = Value::Nil;
        for term in terms {
            value = self.argument(term, Kind::Any)?;
            if value.is_true() == stops_at {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn argument(&mut self, term: &'a Term, kind: Kind) -> Evaluated<Value> {
        let value = match (&term.kind, kind) {
            // An untyped constant such as `2.0` is an integer where one is wanted.
            (TermKind::Constant(Value::Float(n)), Kind::Int) if n.fract() == 0.0 => {
                Value::Int(*n as i64)
            }
            _ => self.term(term)?,
        };
        let spelled = || self.text.value.get(term.at.range()).unwrap_or("");
        match (&term.kind, kind.accept(value)) {
            (_, Ok(value)) => Ok(value),
            (TermKind::Nil, Err(_)) => {
                self.fail(term.at, format!("cannot assign nil to {}", kind.go_name()))
            }
            (TermKind::Constant(_), Err(_)) => {
                let expected = match kind {
                    Kind::Int => "integer",
                    Kind::Float => "float",
                    Kind::Map | Kind::Time => {
                        let name = kind.go_name();
                        let message = format!("can't handle {} for arg of type {name}", spelled());
                        return self.fail(term.at, message);
                    }
                    kind => kind.go_name(),
                };
                self.fail(term.at, format!("expected {expected}; found {}", spelled()))
            }
            (_, Err(message)) => self.fail(term.at, message),
        }
    }

    /// Charges a function's result to the limits: what it would print, how much it holds.
    fn weigh(&mut self, value: &Value, at: At) -> Evaluated<()> {
        let mut weight = Weight { items: 0, bytes: 0 };
        let fits = weight.add(value, 0);
        self.step(weight.items / 8 + weight.bytes / 64, at)?;
        match fits {
            true => Ok(()),
            false => self.fail(at, "the value is too large or nests too deep"),
        }
    }

    /// Lets all that holds the map `before` hold `after`, as Go's maps are references.
    fn replace_map(
        &mut self,
        before: &Arc<Dict>,
        after: &Value,
        first: Option<&Term>,
        at: At,
    ) -> Evaluated<()> {
        let mut touched = 0;
        let slots = self.stack.iter_mut().map(|(_, slot)| slot).chain(&mut self.dots);
        for slot in slots {
            if let Slot::Held(value) = slot {
                replace(value, before, after, &mut touched);
            }
        }
        if let Some(name) = first.and_then(|term| self.root_name(term)) {
            let mut value = self.root(name).clone();
            if replace(&mut value, before, after, &mut touched) {
                self.changed.insert(name.clone(), value);
            }
        }
        self.step(touched, at)
    }

    /// The top-level variable that a term reads from.
    fn root_name<'t>(&self, term: &'t Term) -> Option<&'t Arc<str>> {
        let (slot, names) = match &term.kind {
            TermKind::Field(names) => (self.dots.last(), names),
            TermKind::Variable(id, names) => (self.variable(*id), names),
            _ => return None,
        };
        names.first().filter(|_| matches!(slot, Some(Slot::Root)))
    }
}

fn replace(value: &mut Value, before: &Arc<Dict>, after: &Value, touched: &mut usize) -> bool {
    *touched += 1;
    match value {
        Value::Map(entries) if Arc::ptr_eq(entries, before) => {
            *value = after.clone();
            true
        }
        Value::Map(entries) if entries.values().any(|item| holds(item, before, touched)) => {
            let items = Arc::make_mut(entries).values_mut();
            items.fold(false, |any, item| replace(item, before, after, touched) | any)
        }
        Value::List(items) if items.iter().any(|item| holds(item, before, touched)) => {
            let items = Arc::make_mut(items).iter_mut();
            items.fold(false, |any, item| replace(item, before, after, touched) | any)
        }
        _ => false,
    }
}

fn holds(value: &Value, map: &Arc<Dict>, touched: &mut usize) -> bool {
    *touched += 1;
    match value {
        Value::Map(entries) => {
            Arc::ptr_eq(entries, map) || entries.values().any(|item| holds(item, map, touched))
        }
        Value::List(items) => items.iter().any(|item| holds(item, map, touched)),
        _ => false,
    }
}

/// What a value amounts to with all that is shared in it counted each time.
struct Weight {
    items: usize,
    bytes: usize,
}

impl Weight {
    fn add(&mut self, value: &Value, depth: usize) -> bool {
        self.items += 1;
        if depth > MAX_VALUE_DEPTH || self.items > MAX_ITEMS || self.bytes > MAX_BYTES {
            return false;
        }
        match value {
            Value::Str(text) => {
                self.bytes += text.len();
                self.bytes <= MAX_BYTES
            }
            Value::List(items) => items.iter().all(|item| self.add(item, depth + 1)),
            Value::Map(entries) => entries.iter().all(|(key, item)| {
                self.bytes += key.len();
                self.add(item, depth + 1)
            }),
            _ => true,
        }
    }
}
