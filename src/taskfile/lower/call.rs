//! Calls of other tasks: elements of `deps`, and `task:` in `cmds`.

use super::{Fields, Lower, keys};
use crate::source::Text;
use crate::taskfile::model::Call;
use crate::taskfile::yaml::{Kind, Node};

impl Lower {
    /// An element of `deps`; one that names no task is left out.
    pub(super) fn dependency(&mut self, node: &Node) -> Option<Call> {
        if let Some(text) = node.text() {
            return self.bare_call(text);
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "a dependency", "text or a map");
            return None;
        }
        let fields = self.fields(node, "a dependency", &keys::DEPENDENCY)?;
        let timeout = self.timeout(&fields);
        let each = self.each(&fields);
        Some(Call { timeout, each, ..self.call(&fields)? })
    }

    pub(super) fn bare_call(&mut self, name: &Text) -> Option<Call> {
        if name.value.is_empty() {
            return None;
        }
        let task = self.template(name)?;
        let (vars, silent, timeout, each) = Default::default();
        Some(Call { task, span: name.span, vars, silent, timeout, each })
    }

    /// `{task, vars, silent}`, all of them read even when there is no call.
    pub(super) fn call(&mut self, fields: &Fields) -> Option<Call> {
        let vars = self.vars(fields, "vars").into();
        let silent = self.truth(fields, "silent");
        let name = self.filled(fields, "task")?;
        Some(Call { vars, silent, ..self.bare_call(&name)? })
    }
}
