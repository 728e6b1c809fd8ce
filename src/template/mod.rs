//! Go's text/template with go-task's functions: parsed once, rendered often.
//!
//! Environment, directory, clock and chance come as [`Facts`] from the caller; of the machine itself only
//! time zones are asked.

mod evaluation;
mod float;
mod functions;
mod lexer;
mod limits;
mod literal;
mod methods;
mod parser;
mod printf;
mod reads;
mod show;
mod syntax;
mod time;

use std::path::PathBuf;
use std::sync::Arc;

use crate::diag::{Diagnostic, Fault};
use crate::source::{Span, Text};
use crate::value::{Dict, Value, Vars};
use evaluation::Evaluation;
use reads::Reads;
use syntax::{At, Tree};

/// What functions may know of the world.
pub trait Facts {
    /// An environment variable (`env`, `expandenv`).
    fn env(&self, key: &str) -> Option<String>;
    /// The directory relative paths are resolved against (`absPath`).
    fn cwd(&self) -> PathBuf;
    /// Nanoseconds since 1970 UTC (`now`).
    fn now(&self) -> i128;
    /// CPUs of the machine (`numCPU`).
    fn cpus(&self) -> usize;
    /// Bits by chance (`uuid`, `randInt`).
    fn chance(&self) -> u128;
    /// Addresses of a host (`getHostByName`).
    fn addresses(&self, host: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        use std::net::ToSocketAddrs;
        Ok((host, 0).to_socket_addrs()?.map(|found| found.ip()).collect())
    }
}

/// A parsed template. Cloning is cheap, and where there may be one and mostly is none, it takes little room.
#[derive(Clone, Debug)]
pub struct Template(Arc<Written>);

#[derive(Debug)]
struct Written {
    text: Text,
    /// Absent for text that is only copied.
    parsed: Option<Box<Parsed>>,
}

#[derive(Debug)]
struct Parsed {
    tree: Tree,
    reads: Reads,
}

impl Template {
    /// Parses; text without `{{` is a literal and cannot fail.
    pub fn parse(text: &Text) -> Result<Template, Diagnostic> {
        if !text.value.contains("{{") {
            return Ok(Template::written(text, None));
        }
        Ok(Template::of(text, parser::template(text)?))
    }

    /// Parses `ref:`'s bare pipeline (`.A.b | default "x"`), for [`Template::evaluate`].
    pub fn parse_expression(text: &Text) -> Result<Template, Diagnostic> {
        Ok(Template::of(text, parser::expression(text)?))
    }

    fn of(text: &Text, tree: Tree) -> Template {
        let reads = Reads::of(&tree);
        Template::written(text, Some(Box::new(Parsed { tree, reads })))
    }

    fn written(text: &Text, parsed: Option<Box<Parsed>>) -> Template {
        Template(Arc::new(Written { text: text.clone(), parsed }))
    }

    /// The text as written.
    pub fn text(&self) -> &Text {
        &self.0.text
    }

    /// The text itself when there is nothing to evaluate.
    pub fn literal(&self) -> Option<&str> {
        match self.0.parsed {
            Some(_) => None,
            None => Some(&self.0.text.value),
        }
    }

    /// Renders with `vars` as the dot. Errors say where in the file.
    pub fn render(&self, vars: &Vars, facts: &dyn Facts) -> Result<String, Diagnostic> {
        match &self.0.parsed {
            Some(parsed) => Evaluation::new(&parsed.tree, &self.0.text, vars, facts).render(),
            None => Ok(self.0.text.value.to_string()),
        }
    }

    /// The value of an expression, its type kept; of a template, its text.
    pub fn evaluate(&self, vars: &Vars, facts: &dyn Facts) -> Result<Value, Diagnostic> {
        match &self.0.parsed {
            Some(parsed) => Evaluation::new(&parsed.tree, &self.0.text, vars, facts).value(),
            None => Ok(Value::Str(self.0.text.value.clone())),
        }
    }

    /// Names of the top-level variables that the template reads (`.X`), each once, sorted.
    pub fn reads(&self) -> Vec<&str> {
        let names = self.0.parsed.iter().flat_map(|parsed| &parsed.reads.names);
        names.map(|name| &**name).collect()
    }

    /// The top-level variables that the template shows as they are, each with its place: `{{.X}}` outside of any
    /// condition or loop, unless a condition asks for it before.
    pub fn shown(&self) -> Vec<(Arc<str>, Span)> {
        let parsed = self.0.parsed.iter();
        let places = parsed.flat_map(|parsed| reads::shown(&parsed.tree));
        places
            .map(|(name, at)| (name, self.0.text.span_of(at.start as usize..at.end as usize)))
            .collect()
    }

    /// Whether the template uses all variables at once, as `{{.}}` and `{{keys .}}` do.
    pub fn reads_everything(&self) -> bool {
        self.0.parsed.as_ref().is_some_and(|parsed| parsed.reads.everything)
    }
}

/// Renders every text inside a value, however deep; keys and all that is no text stay as they are.
pub fn render_value(value: &Value, vars: &Vars, facts: &dyn Facts) -> Result<Value, Diagnostic> {
    Ok(match value {
        Value::Str(text) if text.contains("{{") => {
            let template = Template::parse(&Text::detached(text.clone()))?;
            template.render(vars, facts)?.into()
        }
        Value::List(items) => {
            let items = items.iter().map(|item| render_value(item, vars, facts));
            Value::List(Arc::new(items.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Map(entries) => {
            let rendered = |(key, item): (&Arc<str>, &Value)| {
                Ok((key.clone(), render_value(item, vars, facts)?))
            };
            Value::Map(Arc::new(entries.iter().map(rendered).collect::<Result<Dict, _>>()?))
        }
        other => other.clone(),
    })
}

/// A mistake at a place of a template's text; without a place where the text has none.
fn mistake(text: &Text, at: At, message: String, word: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Fault::Other, message);
    match text.is_detached() {
        true => diagnostic,
        false => diagnostic.at(text.span_of(at.range()), word),
    }
}

/// A value as Go's `fmt.Print` and a template action show it (`Nil` as nothing).
pub fn show(value: &Value) -> String {
    let mut out = String::new();
    if *value != Value::Nil {
        show::write_value(&mut out, value);
    }
    out
}

#[cfg(test)]
mod tests;
