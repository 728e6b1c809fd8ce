//! `stages` of a task.

use std::sync::Arc;

use super::{Fields, Lower, keys};
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::model::{Call, Check, Gate, Member, Mention, Stage, Verify};
use crate::taskfile::yaml::{Kind, Node};

impl Lower {
    pub(super) fn stages(&mut self, fields: &Fields) -> Vec<Stage> {
        if let (Some(node), Some(_)) =
            (fields.get("stages"), fields.get("cmds").or(fields.get("cmd")))
        {
            let span = node.span;
            self.error(span, "a task has `stages` or commands, not both", "both are written");
            return Vec::new();
        }
        let mut written: Vec<(Stage, Option<Vec<Mention>>)> =
            self.list(fields, "stages", Lower::stage);
        self.check_names(&written);
        let needs: Vec<Vec<usize>> =
            (0..written.len()).map(|at| self.stage_needs(at, &written)).collect();
        for ((stage, _), needs) in written.iter_mut().zip(needs) {
            stage.needs = needs;
        }
        let stages: Vec<Stage> = written.into_iter().map(|(stage, _)| stage).collect();
        self.check_rounds(&stages);
        stages
    }

    fn check_names(&mut self, stages: &[(Stage, Option<Vec<Mention>>)]) {
        for (at, (stage, _)) in stages.iter().enumerate() {
            let first = stages[..at].iter().find(|(other, _)| other.name.value == stage.name.value);
            if let Some((first, _)) = first {
                let message = format!("there are two stages `{}`", stage.name.value);
                self.diagnostics.push(
                    Diagnostic::error(Fault::Decode, message)
                        .at(stage.name.span, "again here")
                        .at(first.name.span, "first here"),
                );
            }
        }
    }

    /// Positions of the stages that come before one; the stage above, where it does not say.
    fn stage_needs(&mut self, at: usize, all: &[(Stage, Option<Vec<Mention>>)]) -> Vec<usize> {
        let Some(written) = &all[at].1 else { return at.checked_sub(1).into_iter().collect() };
        let names: Vec<Arc<str>> = all.iter().map(|(stage, _)| stage.name.value.clone()).collect();
        let position = |need: &Mention| names.iter().position(|name| *name == need.name);
        let mut needs = Vec::new();
        for need in written {
            match position(need) {
                Some(found) => needs.push(found),
                None => self.diagnostics.push(
                    Diagnostic::error(Fault::Decode, format!("there is no stage `{}`", need.name))
                        .at(need.span, "needed here")
                        .suggest(&need.name, names.iter().map(|name| &**name)),
                ),
            }
        }
        needs
    }

    /// Stages must not wait for each other.
    fn check_rounds(&mut self, stages: &[Stage]) {
        let mut done = vec![false; stages.len()];
        loop {
            let is_next =
                |at: &usize| !done[*at] && stages[*at].needs.iter().all(|&need| done[need]);
            match (0..stages.len()).find(is_next) {
                Some(next) => done[next] = true,
                None => break,
            }
        }
        let left: Vec<&Stage> =
            stages.iter().zip(&done).filter(|(_, done)| !**done).map(|(stage, _)| stage).collect();
        if let Some(first) = left.first() {
            let names: Vec<&str> = left.iter().map(|stage| &*stage.name.value).collect();
            let message = format!("stages that wait for each other: {}", names.join(", "));
            self.error(first.name.span, message, "this one never begins");
        }
    }

    fn stage(&mut self, node: &Node) -> Option<(Stage, Option<Vec<Mention>>)> {
        let fields = self.fields(node, "a stage", &keys::STAGE)?;
        let name = self.filled(&fields, "name");
        if name.is_none() && fields.get("name").is_none_or(|name| name.text().is_some()) {
            self.error(fields.span, "a stage needs a `name`", "has none");
        }
        let needs = fields.get("needs").map(|_| self.mentions(&fields, "needs"));
        let members = self.list(&fields, "tasks", Lower::member);
        if fields.get("tasks").is_none() {
            self.error(fields.span, "a stage needs `tasks`", "has none");
        }
        let stage = Stage {
            name: name?,
            needs: Vec::new(),
            parallel: self.truth(&fields, "parallel").unwrap_or(true),
            max_parallel: self.number_of(&fields, "max_parallel", 1),
            verify: self.verify(&fields, &members),
            gate: self.gate(&fields),
            stops_on_failure: self
                .word(&fields, "on_failure", &[("collect", false), ("stop", true)])
                .unwrap_or(false),
            members,
            span: node.span,
        };
        Some((stage, needs))
    }

    fn member(&mut self, node: &Node) -> Option<Member> {
        if let Some(text) = node.text() {
            let call = self.bare_call(text)?;
            return Some(Member { call, condition: None });
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "a task of a stage", "text or a map");
            return None;
        }
        let fields = self.fields(node, "a task of a stage", &keys::MEMBER)?;
        let (timeout, each) = (self.timeout(&fields), self.each(&fields));
        let condition = self.template_of(&fields, "if");
        if fields.get("task").is_none() {
            self.error(fields.span, "a task of a stage needs `task`", "has none");
        }
        Some(Member { call: Call { timeout, each, ..self.call(&fields)? }, condition })
    }

    /// A list of tasks, or `{tasks, rounds}`.
    fn verify(&mut self, fields: &Fields, members: &[Member]) -> Verify {
        let Some(node) = fields.get("verify") else { return Verify::default() };
        if !matches!(node.kind, Kind::Mapping(_)) {
            return Verify { checks: self.checks(fields, "verify", members), rounds: 0 };
        }
        let Some(inner) = self.fields(node, "`verify`", &keys::VERIFY) else {
            return Verify::default();
        };
        if inner.get("tasks").is_none() {
            self.error(inner.span, "`verify` as a map needs `tasks`", "has none");
        }
        let rounds = self.number_of(&inner, "rounds", 0).unwrap_or(0);
        Verify { checks: self.checks(&inner, "tasks", members), rounds }
    }

    /// What verifies: for each member a task, or tasks alone.
    fn checks(&mut self, fields: &Fields, key: &str, members: &[Member]) -> Vec<Check> {
        let node = fields.get(key);
        if let Some(node @ Node { kind: Kind::Mapping(_), .. }) = node {
            let named = self.named(node, format_args!("`{key}`"));
            return named
                .iter()
                .flat_map(|(name, node)| self.check_of(name, node, members))
                .collect();
        }
        self.several(fields, key, |lower, node| {
            let call = lower.dependency(node)?;
            let member = meant(&call.task.text().value, members);
            Some(Check { call, member })
        })
    }

    /// `member: task`, or several tasks.
    fn check_of(&mut self, name: &Text, node: &Node, members: &[Member]) -> Vec<Check> {
        let names: Vec<Arc<str>> =
            members.iter().map(|member| member.call.task.text().value.clone()).collect();
        let Some(member) = names.iter().position(|known| *known == name.value) else {
            let message = format!("`{}` is no task of this stage", name.value);
            self.diagnostics.push(
                Diagnostic::error(Fault::Decode, message)
                    .at(name.span, "verified here")
                    .suggest(&name.value, names.iter().map(|name| &**name)),
            );
            return Vec::new();
        };
        let calls: Vec<Call> = match &node.kind {
            Kind::Sequence(items) => {
                items.iter().filter_map(|item| self.dependency(item)).collect()
            }
            _ => self.dependency(node).into_iter().collect(),
        };
        calls.into_iter().map(|call| Check { call, member: Some(member) }).collect()
    }

    /// A script, or `{cmd, rounds}`.
    fn gate(&mut self, fields: &Fields) -> Option<Gate> {
        let node = fields.get("gate")?;
        if let Some(text) = node.text() {
            return Some(Gate { script: self.template(text)?, rounds: 0, span: node.span });
        }
        let fields = self.fields(node, "`gate`", &keys::GATE)?;
        let rounds = self.number_of(&fields, "rounds", 0).unwrap_or(0);
        let Some(text) = self.filled(&fields, "cmd") else {
            self.error(node.span, "`gate` needs a `cmd`", "has none");
            return None;
        };
        Some(Gate { script: self.template(&text)?, rounds, span: text.span })
    }
}

/// The member whose name is in the name of what verifies it, if there is one such; the longest wins.
fn meant(check: &str, members: &[Member]) -> Option<usize> {
    let name = |at: usize| &*members[at].call.task.text().value;
    let within = (0..members.len()).filter(|&at| is_part(name(at), check));
    let longest = within.max_by_key(|&at| name(at).len())?;
    let is_only = (0..members.len()).filter(|&at| name(at) == name(longest)).count() == 1;
    is_only.then_some(longest)
}

/// Whether a name stands in another one as words of it: `api` in `build-api`, not in `rapid`.
fn is_part(name: &str, whole: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    whole.match_indices(name).any(|(at, _)| {
        let (before, after) = (&whole[..at], &whole[at + name.len()..]);
        !name.is_empty() && ends(before.chars().next_back()) && ends(after.chars().next())
    })
}
