//! `for`.

use std::sync::Arc;

use super::{Fields, Lower, keys};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::taskfile::model::{Axis, Each, Over};
use crate::taskfile::yaml::{Kind, Node};
use crate::value::Value;

impl Lower {
    pub(super) fn each(&mut self, fields: &Fields) -> Option<Box<Each>> {
        let node = fields.get("for")?;
        let item: Arc<str> = "ITEM".into();
        match &node.kind {
            Kind::Sequence(items) => {
                let over = Over::List(items.iter().map(Node::value).collect());
                Some(Box::new(Each { over, name: item, span: node.span }))
            }
            Kind::Scalar(text, _) => {
                let over = match &*text.value {
                    "sources" => Over::Sources,
                    "generates" => Over::Generates,
                    _ => Over::Nothing,
                };
                Some(Box::new(Each { over, name: item, span: node.span }))
            }
            _ => self.each_of(node),
        }
    }

    /// `{var}` or `{matrix}`.
    fn each_of(&mut self, node: &Node) -> Option<Box<Each>> {
        let fields = self.fields(node, "`for`", &keys::LOOP)?;
        let name = self.filled(&fields, "as").map_or_else(|| "ITEM".into(), |text| text.value);
        let variable = self.filled(&fields, "var");
        let split = self.filled(&fields, "split").map(|text| text.value);
        let matrix = self.matrix(&fields);
        let over = match (variable, matrix.is_empty()) {
            (Some(text), true) => Over::Variable { name: text.value, split },
            (None, false) => Over::Matrix(matrix),
            (Some(_), false) => return self.refuse(node.span, "`for` has both `var` and `matrix`"),
            (None, true) => return self.refuse(node.span, "`for` needs `var` or `matrix`"),
        };
        Some(Box::new(Each { over, name, span: node.span }))
    }

    fn refuse<T>(&mut self, span: Span, message: &str) -> Option<T> {
        self.error(span, message, "");
        None
    }

    fn matrix(&mut self, fields: &Fields) -> Vec<(Arc<str>, Axis)> {
        let Some(node) = fields.get("matrix") else { return Vec::new() };
        let rows = self.named(node, "`matrix`");
        rows.into_iter()
            .filter_map(|(name, row)| Some((name.value, self.axis(&row, "a row of `matrix`")?)))
            .collect()
    }

    /// A list, or a reference to one.
    pub(super) fn axis(&mut self, node: &Node, what: &str) -> Option<Axis> {
        match &node.kind {
            Kind::Sequence(items) => Some(Axis::List(items.iter().map(Node::value).collect())),
            Kind::Mapping(_) => {
                let fields = self.fields(node, what, &keys::REFERENCE)?;
                let Some(text) = self.filled(&fields, "ref") else {
                    let message = format!("{what} without `ref` has no values");
                    self.warn(Diagnostic::warning(message).at(node.span, "loops zero times"));
                    return Some(Axis::List(Vec::new()));
                };
                // A broken reference is the task's error already; the axis must not seem to be missing.
                let reference = self.expression(&text).map(Axis::Reference);
                Some(reference.unwrap_or(Axis::List(Vec::new())))
            }
            _ => {
                self.wrong_type(node, what, "a list or a map with `ref`");
                None
            }
        }
    }

    /// The values that `enum` allows: texts, or a reference.
    pub(super) fn allowed(&mut self, fields: &Fields) -> Option<Axis> {
        let node = fields.get("enum")?;
        let Kind::Sequence(items) = &node.kind else { return self.allowed_by(node) };
        let texts = items.iter().filter(|item| !item.is_null());
        let texts = texts.filter_map(|item| self.text(item, "a value of `enum`"));
        Some(Axis::List(texts.map(|text| Value::Str(text.value)).collect()))
    }

    fn allowed_by(&mut self, node: &Node) -> Option<Axis> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            self.wrong_type(node, "`enum`", "a list or a map with `ref`");
            return None;
        }
        let fields = self.fields(node, "`enum`", &keys::REFERENCE)?;
        match self.filled(&fields, "ref") {
            Some(text) => self.expression(&text).map(Axis::Reference),
            None => self.refuse(node.span, "`enum` needs a list or `ref`"),
        }
    }
}
