//! `includes`.

use super::{Lower, keys};
use crate::source::{Spanned, Text};
use crate::taskfile::ast::Include;
use crate::taskfile::yaml::{Kind, Node};

impl Lower {
    pub(super) fn includes(&mut self, fields: &super::Fields) -> Vec<Include> {
        let Some(node) = fields.get("includes") else { return Vec::new() };
        let all = self.named(node, "`includes`");
        all.into_iter().filter_map(|(name, node)| self.include(name, &node)).collect()
    }

    fn include(&mut self, name: Text, node: &Node) -> Option<Include> {
        let namespace = Spanned::new(name.value, name.span);
        match &node.kind {
            Kind::Scalar(text, _) => Some(short(namespace, text.clone())),
            Kind::Mapping(_) => self.long_include(namespace, node),
            _ => {
                self.wrong_type(node, "an include", "text or a map");
                None
            }
        }
    }

    fn long_include(
        &mut self,
        namespace: Spanned<std::sync::Arc<str>>,
        node: &Node,
    ) -> Option<Include> {
        let fields = self.fields(node, "an include", &keys::INCLUDE)?;
        let taskfile = self.text_of(&fields, "taskfile").unwrap_or_default();
        let dir = self.text_of(&fields, "dir").unwrap_or_default();
        if taskfile.value.trim().is_empty() && dir.value.trim().is_empty() {
            let message = format!("the include `{}` needs `taskfile` or `dir`", *namespace);
            self.error(namespace.span, message, "has neither");
            return None;
        }
        let checksum = self.filled(&fields, "checksum");
        Some(Include {
            optional: self.is(&fields, "optional"),
            internal: self.is(&fields, "internal"),
            flatten: self.is(&fields, "flatten"),
            aliases: self.words(&fields, "aliases"),
            excludes: self.words(&fields, "excludes"),
            vars: self.vars(&fields, "vars"),
            checksum: checksum.map(|text| Spanned::new(text.value, text.span)),
            is_map: true,
            dir,
            ..short(namespace, taskfile)
        })
    }
}

/// An include that is only a path.
fn short(namespace: Spanned<std::sync::Arc<str>>, taskfile: Text) -> Include {
    let (dir, optional, internal, flatten) = Default::default();
    let (aliases, excludes, vars, is_map, checksum) = Default::default();
    Include {
        namespace,
        taskfile,
        dir,
        optional,
        internal,
        flatten,
        aliases,
        excludes,
        vars,
        is_map,
        checksum,
    }
}
