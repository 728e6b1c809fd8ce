//! Walks a tree: renders bodies, keeps variables and dots, and minds the limits.

mod calls;
mod expressions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::Regex;

use super::Facts;
use super::limits::{MAX_BYTES, MAX_DEPTH, MAX_STEPS};
use super::show::write_value;
use super::syntax::{At, Branch, Command, NameId, Node, Pipe, ROOT, TermKind, Tree};
use crate::diag::Diagnostic;
use crate::source::Text;
use crate::value::{Value, Vars};

/// What `.` or a variable stands for: the variables themselves are not made a map until needed.
#[derive(Clone)]
enum Slot {
    Root,
    Held(Value),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Evaluated<T> = Result<T, Box<Diagnostic>>;

/// One render of a tree.
pub struct Evaluation<'a> {
    tree: &'a Tree,
    text: &'a Text,
    vars: &'a Vars,
    facts: &'a dyn Facts,
    /// The template that runs, for messages.
    name: &'a str,
    out: String,
    /// Variables; those of the template that runs begin at `base`.
    stack: Vec<(NameId, Slot)>,
    base: usize,
    /// The dots of all bodies that are open; the last is `.`.
    dots: Vec<Slot>,
    /// Top-level variables whose map was changed by `set` or `unset`.
    changed: BTreeMap<Arc<str>, Value>,
    regexes: HashMap<Arc<str>, Regex>,
    depth: usize,
    steps: usize,
}

impl<'a> Evaluation<'a> {
    /// A render of `tree`, parsed from `text`.
    pub fn new(tree: &'a Tree, text: &'a Text, vars: &'a Vars, facts: &'a dyn Facts) -> Self {
        Evaluation {
            tree,
            text,
            vars,
            facts,
            name: "",
            out: String::with_capacity(text.value.len()),
            stack: vec![(ROOT, Slot::Root)],
            base: 0,
            dots: vec![Slot::Root],
            changed: BTreeMap::new(),
            regexes: HashMap::new(),
            depth: 0,
            steps: 0,
        }
    }

    /// The text of the whole template.
    pub fn render(mut self) -> Result<String, Diagnostic> {
        let tree = self.tree;
        match self.walk(&tree.body) {
            Ok(_) if self.out.contains("<no value>") => Ok(self.out.replace("<no value>", "")),
            Ok(_) => Ok(self.out),
            Err(diagnostic) => Err(*diagnostic),
        }
    }

    /// The value of a tree that is one pipeline.
    pub fn value(mut self) -> Result<Value, Diagnostic> {
        let tree = self.tree;
        match tree.body.first() {
            Some(Node::Action(pipe)) => self.pipe(pipe).map_err(|diagnostic| *diagnostic),
            _ => self.render().map(Value::from),
        }
    }

    fn fail<T>(&self, at: At, message: impl std::fmt::Display) -> Evaluated<T> {
        self.fail_at(at.start as usize, at, message)
    }

    fn fail_at<T>(&self, position: usize, at: At, message: impl std::fmt::Display) -> Evaluated<T> {
        let before = self.text.value.get(..position).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |n| n + 1);
        let (name, context) = (self.name, self.text.value.get(at.range()).unwrap_or(""));
        let message =
            format!("template: :{line}:{column}: executing {name:?} at <{context}>: {message}");
        Err(Box::new(super::mistake(self.text, at, message, "")))
    }

    fn step(&mut self, count: usize, at: At) -> Evaluated<()> {
        self.steps += count;
        match self.steps > MAX_STEPS {
            true => self.fail(at, "the template does not come to an end"),
            false => Ok(()),
        }
    }

    fn nested<T>(&mut self, at: At, run: impl FnOnce(&mut Self) -> Evaluated<T>) -> Evaluated<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail(at, format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    fn walk(&mut self, nodes: &'a [Node]) -> Evaluated<Flow> {
        for node in nodes {
            let flow = match node {
                Node::Text(at) => {
                    self.out.push_str(self.text.value.get(at.range()).unwrap_or(""));
                    self.check_output(*at)?
                }
                Node::Action(pipe) => self.action(pipe)?,
                Node::If(branch) => self.condition(branch)?,
                Node::With(branch) => self.with(branch)?,
                Node::Range(branch) => self.range(branch)?,
                Node::Template { name, pipe, at } => {
                    self.call_template(name, pipe.as_ref(), *at)?
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn check_output(&mut self, at: At) -> Evaluated<Flow> {
        self.step(1, at)?;
        match self.out.len() > MAX_BYTES {
            true => self.fail(at, format!("the output is larger than {} MiB", MAX_BYTES >> 20)),
            false => Ok(Flow::Next),
        }
    }

    fn action(&mut self, pipe: &'a Pipe) -> Evaluated<Flow> {
        let value = self.pipe(pipe)?;
        if pipe.names.is_empty() {
            match &value {
                Value::Nil => {}
                Value::Str(text) => self.out.push_str(text),
                value => write_value(&mut self.out, value),
            }
        }
        self.check_output(pipe.at)
    }

    /// Runs a body with its own variables and, when given, its own dot.
    fn body(&mut self, nodes: &'a [Node], dot: Option<Slot>, at: At) -> Evaluated<Flow> {
        let (variables, dots) = (self.stack.len(), self.dots.len());
        self.dots.extend(dot);
        let flow = self.nested(at, |evaluation| evaluation.walk(nodes));
        self.stack.truncate(variables);
        self.dots.truncate(dots);
        flow
    }

    fn condition(&mut self, branch: &'a Branch) -> Evaluated<Flow> {
        let variables = self.stack.len();
        let is_true = self.pipe(&branch.pipe)?.is_true();
        let nodes = if is_true { &branch.body } else { &branch.otherwise };
        let flow = self.body(nodes, None, branch.pipe.at);
        self.stack.truncate(variables);
        flow
    }

    fn with(&mut self, branch: &'a Branch) -> Evaluated<Flow> {
        let variables = self.stack.len();
        let slot = self.slot(&branch.pipe)?;
        let is_true = match &slot {
            Slot::Root => true,
            Slot::Held(value) => value.is_true(),
        };
        let flow = match is_true {
            true => self.body(&branch.body, Some(slot), branch.pipe.at),
            false => self.body(&branch.otherwise, None, branch.pipe.at),
        };
        self.stack.truncate(variables);
        flow
    }

    /// The value of a pipeline, kept as the root where it is just `.` or `$`.
    fn slot(&mut self, pipe: &'a Pipe) -> Evaluated<Slot> {
        let root = match &pipe.commands[..] {
            [Command { head, arguments, .. }] if arguments.is_empty() && pipe.names.is_empty() => {
                match &head.kind {
                    TermKind::Dot => self.dots.last(),
                    TermKind::Variable(id, fields) if fields.is_empty() => self.variable(*id),
                    _ => None,
                }
            }
            _ => None,
        };
        match root {
            Some(Slot::Root) => Ok(Slot::Root),
            _ => self.pipe(pipe).map(Slot::Held),
        }
    }

    fn range(&mut self, branch: &'a Branch) -> Evaluated<Flow> {
        let variables = self.stack.len();
        let value = self.pipe(&branch.pipe)?;
        let flow = match self.iterate(branch, &value)? {
            Some(flow) => flow,
            None => self.body(&branch.otherwise, None, branch.pipe.at)?,
        };
        self.stack.truncate(variables);
        Ok(flow)
    }

    /// Runs the body per element; `None` when there is none.
    fn iterate(&mut self, branch: &'a Branch, value: &Value) -> Evaluated<Option<Flow>> {
        let at = branch.pipe.at;
        if let Some(bytes) = value.bytes() {
            return self.iterate(branch, &Value::list(bytes));
        }
        match value {
            Value::Nil => return Ok(None),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let flow = self.pass(branch, Value::Int(index as i64), item.clone())?;
                    if let Some(left) = left(flow) {
                        return Ok(Some(left));
                    }
                }
                return Ok((!items.is_empty()).then_some(Flow::Next));
            }
            Value::Map(entries) => {
                for (key, item) in entries.iter() {
                    let flow = self.pass(branch, Value::Str(key.clone()), item.clone())?;
                    if let Some(left) = left(flow) {
                        return Ok(Some(left));
                    }
                }
                return Ok((!entries.is_empty()).then_some(Flow::Next));
            }
            Value::Int(_) | Value::Uint(_) if branch.pipe.names.len() > 1 => {}
            Value::Int(count) => return self.count(branch, *count),
            Value::Uint(count) => {
                return self.count(branch, i64::try_from(*count).unwrap_or(i64::MAX));
            }
            _ => {}
        }
        let mut shown = String::new();
        write_value(&mut shown, value);
        match value {
            Value::Int(_) | Value::Uint(_) => {
                self.fail(at, format!("can't use {shown} to iterate over more than one variable"))
            }
            _ => self.fail(at, format!("range can't iterate over {shown}")),
        }
    }

    fn count(&mut self, branch: &'a Branch, count: i64) -> Evaluated<Option<Flow>> {
        for n in 0..count {
            let flow = self.pass(branch, Value::Int(n), Value::Int(n))?;
            if let Some(left) = left(flow) {
                return Ok(Some(left));
            }
        }
        Ok((count > 0).then_some(Flow::Next))
    }

    /// One pass of a `range` body.
    fn pass(&mut self, branch: &'a Branch, index: Value, item: Value) -> Evaluated<Flow> {
        self.step(1, branch.pipe.at)?;
        let values = match branch.pipe.names.len() {
            0 => [None, None],
            1 => [Some(item.clone()), None],
            _ => [Some(index), Some(item.clone())],
        };
        for (&name, value) in branch.pipe.names.iter().zip(values.into_iter().flatten()) {
            self.assign(name, value, branch.pipe.at)?;
        }
        self.body(&branch.body, Some(Slot::Held(item)), branch.pipe.at)
    }

    fn call_template(&mut self, name: &str, pipe: Option<&'a Pipe>, at: At) -> Evaluated<Flow> {
        let tree = self.tree;
        let Some((name, body)) = tree.defined.get_key_value(name) else {
            let diagnostic = match self.fail::<()>(at, format!("template {name:?} not defined")) {
                Err(diagnostic) => *diagnostic,
                Ok(()) => return Ok(Flow::Next),
            };
            let known = tree.defined.keys().map(|name| &**name);
            return Err(Box::new(diagnostic.suggest(name, known)));
        };
        let dot = pipe.map_or(Ok(Slot::Held(Value::Nil)), |pipe| self.slot(pipe))?;
        let variables = self.stack.len();
        self.stack.push((ROOT, dot.clone()));
        let base = std::mem::replace(&mut self.base, variables);
        let caller = std::mem::replace(&mut self.name, name);
        let flow = self.body(body, Some(dot), at);
        (self.base, self.name) = (base, caller);
        self.stack.truncate(variables);
        flow.map(|_| Flow::Next)
    }
}

/// How a `range` goes on after a pass: `None` to the next one.
fn left(flow: Flow) -> Option<Flow> {
    (flow == Flow::Break).then_some(Flow::Next)
}
