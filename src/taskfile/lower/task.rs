//! One task.

use super::{Fields, Lower, keys};
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::Dialect;
use crate::taskfile::ast;
use crate::taskfile::model::{Call, Command, Details, Glob, Precondition, Required, Task};
use crate::taskfile::yaml::{Kind, Node};
use crate::template::Template;

impl Lower {
    /// A task in any of its forms. Templates in it that do not parse become its own errors.
    pub(super) fn task(&mut self, name: &Text, node: &Node) -> ast::Task {
        let outer = std::mem::take(&mut self.broken);
        let mut task = match &node.kind {
            Kind::Null => empty(name),
            Kind::Scalar(..) => self.task_of(name, std::slice::from_ref(node)),
            Kind::Sequence(items) => self.task_of(name, items),
            Kind::Mapping(_) => self.long_task(name, node),
        };
        let broken = std::mem::replace(&mut self.broken, outer);
        if !broken.is_empty() {
            task.body.errors = broken.into();
        }
        task
    }

    /// A task that is only its commands.
    fn task_of(&mut self, name: &Text, commands: &[Node]) -> ast::Task {
        let mut task = empty(name);
        task.body.cmds = self.commands(commands);
        task
    }

    fn long_task(&mut self, name: &Text, node: &Node) -> ast::Task {
        let what = format_args!("the task `{}`", name.value);
        let Some(fields) = self.fields(node, what, &keys::TASK) else { return empty(name) };
        let mut task = empty(name);
        task.use_gitignore = self.truth(&fields, "use_gitignore");
        task.body.desc = self.template_of(&fields, "desc");
        let mut details = Details::default();
        self.describe(&fields, &mut details);
        self.decide(&fields, &mut task.body, &mut details);
        self.check(&fields, &mut details);
        task.body.cmds = self.body(&fields);
        task.body.deps = self.list(&fields, "deps", Lower::dependency).into();
        if self.dialect == Dialect::Par {
            self.extend(&fields, &mut task.body, &mut details);
        }
        task.body.detail(details);
        task
    }

    fn body(&mut self, fields: &Fields) -> Vec<Command> {
        match (fields.get("cmd"), fields.get("cmds")) {
            (Some(_), Some(cmds)) => {
                let span = cmds.span;
                self.error(span, "a task has `cmd` or `cmds`, not both", "both are written");
                Vec::new()
            }
            (Some(cmd), None) if matches!(cmd.kind, Kind::Sequence(_)) => {
                let message = "`cmd` must be text or a map";
                let error =
                    Diagnostic::error(Fault::Decode, message).at(cmd.span, "this is a list");
                self.diagnostics.push(error.help("did you mean `cmds`?"));
                Vec::new()
            }
            (Some(cmd), None) => self.commands(std::slice::from_ref(cmd)),
            (None, Some(cmds)) => match &cmds.kind {
                Kind::Sequence(items) => self.commands(items),
                _ => {
                    self.wrong_type(cmds, "`cmds`", "a list");
                    Vec::new()
                }
            },
            (None, None) => Vec::new(),
        }
    }

    /// Keys that say what it is called and what it needs.
    fn describe(&mut self, fields: &Fields, task: &mut Details) {
        task.summary = self.template_of(fields, "summary");
        task.label = self.template_of(fields, "label");
        task.prefix = self.template_of(fields, "prefix");
        task.aliases = self.words(fields, "aliases").into();
        task.dir = self.template_of(fields, "dir");
        task.vars = self.vars(fields, "vars").into();
        task.env = self.vars(fields, "env").into();
        task.dotenv = self.templates(fields, "dotenv").into();
        task.requires = self.requires(fields).into();
        task.prompts = self.prompts(fields).into();
    }

    /// Keys that say how it runs.
    fn decide(&mut self, fields: &Fields, task: &mut Task, details: &mut Details) {
        details.set = self.words(fields, "set").into();
        details.shopt = self.words(fields, "shopt").into();
        let (method, error) = self.method(fields);
        (task.method, details.method_error) = (method, error.map(Box::new));
        task.run = self.run(fields);
        task.silent = self.truth(fields, "silent");
        task.interactive = self.is(fields, "interactive");
        task.internal = self.is(fields, "internal");
        task.ignore_error = self.is(fields, "ignore_error");
        task.failfast = self.is(fields, "failfast");
        task.watch = self.is(fields, "watch");
    }

    /// Keys that say whether it runs.
    fn check(&mut self, fields: &Fields, task: &mut Details) {
        task.platforms = self.platforms(fields).into();
        task.condition = self.template_of(fields, "if");
        task.preconditions = self.list(fields, "preconditions", Lower::precondition).into();
        task.status = self.templates(fields, "status").into();
        task.sources = self.list(fields, "sources", Lower::glob).into();
        task.generates = self.list(fields, "generates", Lower::glob).into();
    }

    /// Keys that go-task does not have.
    fn extend(&mut self, fields: &Fields, task: &mut Task, details: &mut Details) {
        details.estimate = self.duration(fields, "estimate");
        task.parallel = self.truth(fields, "parallel").unwrap_or(true);
        let more: Vec<Call> = self.list(fields, "depends_on", Lower::dependency);
        task.deps.extend(more);
        details.policy = self.policy(fields).into();
    }

    fn precondition(&mut self, node: &Node) -> Option<Precondition> {
        if let Some(text) = node.text() {
            let script = self.template(text)?;
            return Some(Precondition { script, message: None, span: node.span });
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "a precondition", "text or a map");
            return None;
        }
        let fields = self.fields(node, "a precondition", &keys::PRECONDITION)?;
        let script = self.text_of(&fields, "sh").unwrap_or_default();
        let script = self.template(&script)?;
        let message = self.template_of(&fields, "msg");
        Some(Precondition { script, message, span: node.span })
    }

    fn glob(&mut self, node: &Node) -> Option<Glob> {
        if let Some(text) = node.text() {
            return Some(Glob { pattern: self.template(text)?, exclude: false });
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "a glob", "text or a map with `exclude`");
            return None;
        }
        let fields = self.fields(node, "a glob", &keys::GLOB)?;
        let text = self.text_of(&fields, "exclude").unwrap_or_default();
        Some(Glob { pattern: self.template(&text)?, exclude: true })
    }

    fn requires(&mut self, fields: &Fields) -> Vec<Required> {
        let Some(node) = fields.get("requires") else { return Vec::new() };
        let Some(fields) = self.fields(node, "`requires`", &keys::REQUIRES) else {
            return Vec::new();
        };
        self.list(&fields, "vars", Lower::required)
    }

    fn required(&mut self, node: &Node) -> Option<Required> {
        if let Some(text) = node.text() {
            let name = text.value.clone();
            return Some(Required { name, allowed: None, span: node.span });
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "a required variable", "text or a map");
            return None;
        }
        let fields = self.fields(node, "a required variable", &keys::REQUIRED)?;
        let name = self.text_of(&fields, "name").unwrap_or_default().value;
        Some(Required { name, allowed: self.allowed(&fields), span: node.span })
    }

    /// One question, or several.
    fn prompts(&mut self, fields: &Fields) -> Vec<Template> {
        match fields.get("prompt").map(|node| &node.kind) {
            Some(Kind::Scalar(text, _)) => {
                let text = text.clone();
                self.template(&text).into_iter().collect()
            }
            _ => self.templates(fields, "prompt"),
        }
    }
}

/// A task about which nothing is said but its name.
fn empty(name: &Text) -> ast::Task {
    let body = Box::new(Task::new(name.value.clone(), name.span));
    let (use_gitignore, include_vars, file_vars) = Default::default();
    ast::Task { body, use_gitignore, include_vars, file_vars }
}
