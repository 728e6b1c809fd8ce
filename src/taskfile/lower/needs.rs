//! `needs`: what must be there before anything starts.

use super::value::address;
use super::{Fields, Lower, keys};
use crate::taskfile::model::Needs;
use crate::taskfile::yaml::Node;
use crate::template::Template;

impl Lower {
    pub(super) fn needs(&mut self, fields: &Fields) -> Needs {
        let Some(node) = fields.get("needs") else { return Needs::default() };
        let Some(fields) = self.fields(node, "`needs`", &keys::NEEDS) else {
            return Needs::default();
        };
        Needs {
            programs: self.some_templates(&fields, "programs"),
            env: self.some_templates(&fields, "env"),
            services: self.several(&fields, "services", Lower::service),
        }
    }

    fn service(&mut self, node: &Node) -> Option<Template> {
        let text = self.text(node, "an element of `services`")?;
        if !text.value.contains("{{") && service(&text.value).is_none() {
            self.error(text.span, "a service is written `tcp://host:port`", "is not");
            return None;
        }
        self.template(&text)
    }
}

/// The `host:port` of a service.
pub fn service(text: &str) -> Option<std::sync::Arc<str>> {
    address(text.strip_prefix("tcp://").filter(|rest| rest.contains(':'))?)
}
