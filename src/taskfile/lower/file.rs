//! The top level of a Taskfile.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::{Fields, Lower, duration, keys};
use crate::diag::{Diagnostic, Fault};
use crate::source::Spanned;
use crate::taskfile::Dialect;
use crate::taskfile::ast::{File, Task};
use crate::taskfile::model::{Agent, Method, Output, Parallel, Run};
use crate::taskfile::yaml::{Kind, Node};

impl Lower {
    pub(super) fn file(&mut self, root: &Node) -> File {
        if root.is_null() {
            return File::default();
        }
        let Some(fields) = self.fields(root, "a Taskfile", &keys::FILE) else {
            return File::default();
        };
        let version = self.text_of(&fields, "version");
        let tasks = self.tasks(&fields);
        let (method, method_error) = self.method(&fields);
        let file = File {
            version: version.map(|text| Spanned::new(text.value, text.span)),
            output: self.output(&fields),
            method,
            method_error,
            run: self.run(&fields),
            includes: self.includes(&fields),
            set: self.words(&fields, "set"),
            shopt: self.words(&fields, "shopt"),
            vars: self.vars(&fields, "vars"),
            env: self.vars(&fields, "env"),
            silent: self.is(&fields, "silent"),
            dotenv: self.templates(&fields, "dotenv"),
            dotenv_span: fields.get("dotenv").map(|node| node.span),
            interval: self.interval(&fields),
            use_gitignore: self.truth(&fields, "use_gitignore"),
            parallel: self.parallel_keys(&fields),
            agents: self.agent_keys(&fields),
            tasks,
        };
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|l| l.span.start));
        file
    }

    /// Unlike other durations it may be below zero, which waits as little as zero does.
    fn interval(&mut self, fields: &Fields) -> Option<Duration> {
        let text = self.text_of(fields, "interval")?;
        let size = text.value.strip_prefix('-').unwrap_or(&text.value);
        match duration::parse(size) {
            Some(_) if text.value.starts_with('-') => Some(Duration::ZERO),
            Some(interval) => Some(interval),
            None => {
                self.error(
                    text.span,
                    "`interval` must be a duration, as `500ms`",
                    "not a duration",
                );
                None
            }
        }
    }

    fn parallel_keys(&mut self, fields: &Fields) -> Parallel {
        match self.dialect {
            Dialect::Par => self.parallel(fields),
            Dialect::GoTask => Default::default(),
        }
    }

    fn agent_keys(&mut self, fields: &Fields) -> IndexMap<Arc<str>, Agent> {
        match self.dialect {
            Dialect::Par => self.agents(fields),
            Dialect::GoTask => IndexMap::new(),
        }
    }

    fn tasks(&mut self, fields: &Fields) -> IndexMap<Arc<str>, Task> {
        let Some(node) = fields.get("tasks") else { return IndexMap::new() };
        let all = self.named(node, "`tasks`");
        all.into_iter().map(|(name, node)| (name.value.clone(), self.task(&name, &node))).collect()
    }

    fn output(&mut self, fields: &Fields) -> Option<Output> {
        let node = fields.get("output")?;
        let Kind::Scalar(text, _) = &node.kind else { return self.output_group(node) };
        match &*text.value {
            "" => None,
            "interleaved" => Some(Output::Interleaved),
            "prefixed" => Some(Output::Prefixed),
            "group" => Some(Output::Group { begin: None, end: None, error_only: false }),
            other => {
                let message = format!("unknown output style `{other}`");
                self.diagnostics.push(
                    Diagnostic::error(Fault::Other, message)
                        .at(text.span, "not `interleaved`, `group` or `prefixed`")
                        .suggest(other, ["interleaved", "group", "prefixed"]),
                );
                None
            }
        }
    }

    fn output_group(&mut self, node: &Node) -> Option<Output> {
        let fields = self.fields(node, "`output`", &keys::OUTPUT)?;
        let Some(group) = fields.get("group") else {
            self.error(node.span, "`output` as a map needs `group`", "has no `group`");
            return None;
        };
        let group = self.fields(group, "`group`", &keys::GROUP)?;
        Some(Output::Group {
            begin: self.template_of(&group, "begin"),
            end: self.template_of(&group, "end"),
            error_only: self.is(&group, "error_only"),
        })
    }

    /// A word that go-task does not know is an error of the tasks that are asked whether they are up to
    /// date.
    pub(super) fn method(&mut self, fields: &Fields) -> (Option<Method>, Option<Diagnostic>) {
        let Some(text) = self.filled(fields, "method") else { return (None, None) };
        let known = ["checksum", "timestamp", "none"];
        match &*text.value {
            "checksum" => (Some(Method::Checksum), None),
            "timestamp" => (Some(Method::Timestamp), None),
            "none" => (Some(Method::None), None),
            other => {
                let message = format!("unknown method `{other}`");
                let error = Diagnostic::error(Fault::Failed, message)
                    .at(text.span, "not `checksum`, `timestamp` or `none`")
                    .suggest(other, known);
                (None, Some(error))
            }
        }
    }

    pub(super) fn run(&mut self, fields: &Fields) -> Option<Run> {
        let text = self.filled(fields, "run")?;
        Some(match &*text.value {
            "always" => Run::Always,
            "once" => Run::Once,
            "when_changed" => Run::WhenChanged,
            _ => Run::Unknown(text.value),
        })
    }
}
