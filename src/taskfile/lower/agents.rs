//! `agents`: programs that do the work of tasks.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Fields, Lower, keys};
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::model::Agent;
use crate::taskfile::yaml::Node;

impl Lower {
    pub(super) fn agents(&mut self, file: &Fields) -> IndexMap<Arc<str>, Agent> {
        let Some(node) = file.get("agents") else { return IndexMap::new() };
        let named = self.named(node, "`agents`");
        let all: IndexMap<Arc<str>, Agent> = named
            .into_iter()
            .filter_map(|(name, node)| Some((name.value.clone(), self.agent(&name, &node)?)))
            .collect();
        for mention in all.values().filter_map(|agent| agent.compatible.as_ref()).flatten() {
            if !all.contains_key(&mention.name) {
                let message = format!("there is no agent `{}`", mention.name);
                self.diagnostics.push(
                    Diagnostic::error(Fault::Decode, message)
                        .at(mention.span, "named here")
                        .suggest(&mention.name, all.keys().map(|name| &**name)),
                );
            }
        }
        all
    }

    fn agent(&mut self, name: &Text, node: &Node) -> Option<Agent> {
        let what = format_args!("the agent `{}`", name.value);
        let fields = self.fields(node, what, &keys::AGENT)?;
        let max = self.number_of(&fields, "max", 1);
        let capabilities = self.several(&fields, "capabilities", |lower, node| {
            Some(lower.text(node, "an element of `capabilities`")?.value)
        });
        let compatible = fields.get("compatible").map(|_| self.mentions(&fields, "compatible"));
        let Some(cmd) = self.filled(&fields, "cmd") else {
            self.error(name.span, format!("{what} needs a `cmd`"), "has none");
            return None;
        };
        Some(Agent { cmd: self.template(&cmd)?, capabilities, max, compatible, span: name.span })
    }
}
