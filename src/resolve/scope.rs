//! Variables in the making: each is rendered with what is known so far and then known itself.
//!
//! Knows how one value comes about; which variables there are, and in which order, is decided above.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::settings::Precedence;
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::host::Env;
use crate::source::{Span, Text};
use crate::taskfile::model::{Var, VarValue};
use crate::template::{Template, show};
use crate::value::{Value, Vars};

/// Variables with their values, and which of them are secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) vars: Vars,
    pub(super) secrets: BTreeSet<Arc<str>>,
}

/// A value that is known, or the script that will print it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Given {
    Value(Value),
    Shell(Arc<str>),
}

/// A variable on its way into a scope; its templates are rendered.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) name: Arc<str>,
    pub(super) given: Given,
    pub(super) secret: bool,
    pub(super) dir: Option<PathBuf>,
    pub(super) span: Span,
}

impl PartialEq for Argument {
    /// Two arguments are the same when the called task cannot tell them apart.
    fn eq(&self, other: &Argument) -> bool {
        (&self.name, &self.given, &self.dir) == (&other.name, &other.given, &other.dir)
    }
}

impl Argument {
    /// A value from outside the files.
    pub(super) fn value(name: Arc<str>, value: Value) -> Argument {
        Argument { name, given: Given::Value(value), secret: false, dir: None, span: Span::NOWHERE }
    }

    /// A written variable, rendered with `vars`.
    pub(super) fn render(var: &Var, vars: &Vars, site: Site<'_>) -> Result<Argument, Diagnostic> {
        let given = match &var.value {
            VarValue::Template(template) => Given::Value(Value::Str(text(template, vars, site)?)),
            VarValue::Static(value) => Given::Value(static_value(value, var.span, vars, site)?),
            VarValue::Shell(template) => Given::Shell(text(template, vars, site)?),
            VarValue::Reference(template) => {
                Given::Value(template.evaluate(vars, &*site.shared.facts)?)
            }
        };
        let (name, secret, dir, span) = (var.name.clone(), var.secret, var.dir.clone(), var.span);
        Ok(Argument { name, given, secret, dir, span })
    }

    /// The same argument with templates that its value brought along rendered by the receiver.
    fn received(&self, vars: &Vars, site: Site<'_>) -> Result<Argument, Diagnostic> {
        let given = match &self.given {
            Given::Value(value) => Given::Value(static_value(value, self.span, vars, site)?),
            Given::Shell(script) => Given::Shell(string(script, self.span, vars, site)?),
        };
        Ok(Argument { given, ..self.clone() })
    }
}

/// A template's text; literals are shared, not copied.
pub(super) fn text(
    template: &Template,
    vars: &Vars,
    site: Site<'_>,
) -> Result<Arc<str>, Diagnostic> {
    match template.literal() {
        Some(_) => Ok(template.text().value.clone()),
        None => Ok(template.render(vars, &*site.shared.facts)?.into()),
    }
}

fn string(raw: &Arc<str>, span: Span, vars: &Vars, site: Site<'_>) -> Result<Arc<str>, Diagnostic> {
    if !raw.contains("{{") {
        return Ok(raw.clone());
    }
    let template = Template::parse(&Text { span, ..Text::detached(raw.clone()) })?;
    text(&template, vars, site)
}

/// A value with the templates in all of its texts rendered.
fn static_value(
    value: &Value,
    span: Span,
    vars: &Vars,
    site: Site<'_>,
) -> Result<Value, Diagnostic> {
    let inner = |value: &Value| static_value(value, span, vars, site);
    Ok(match value {
        Value::Str(raw) => Value::Str(string(raw, span, vars, site)?),
        Value::List(items) => {
            Value::List(Arc::new(items.iter().map(inner).collect::<Result<_, _>>()?))
        }
        Value::Map(entries) => {
            let rendered = entries.iter().map(|(key, value)| Ok((key.clone(), inner(value)?)));
            Value::Map(Arc::new(rendered.collect::<Result<_, Diagnostic>>()?))
        }
        other => other.clone(),
    })
}

/// A scope that grows.
pub(super) struct Growing<'a> {
    pub(super) site: Site<'a>,
    pub(super) machine: &'a Arc<Env>,
    pub(super) scope: Scope,
}

impl Growing<'_> {
    /// Adds a value as it is.
    pub(super) fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.scope.vars.set(name, value.into());
    }

    /// Adds a written variable; a script of it runs in `dir` unless it has a directory of its own.
    pub(super) fn define(&mut self, var: &Var, dir: &Path) -> Result<(), Diagnostic> {
        let argument = Argument::render(var, &self.scope.vars, self.site)?;
        self.accept(argument, dir)
    }

    /// Adds what a caller has handed over.
    pub(super) fn receive(&mut self, argument: &Argument, dir: &Path) -> Result<(), Diagnostic> {
        let argument = argument.received(&self.scope.vars, self.site)?;
        self.accept(argument, dir)
    }

    fn accept(&mut self, argument: Argument, dir: &Path) -> Result<(), Diagnostic> {
        let Argument { name, given, secret, dir: own, span } = argument;
        let value = match given {
            Given::Value(value) => value,
            Given::Shell(script) => {
                let vars = &self.scope.vars;
                let precedence = self.site.shared.settings.precedence;
                let env = || Arc::new(exported(self.machine, vars, precedence));
                let dir = own.as_deref().unwrap_or(dir);
                Value::Str(self.site.ask((&script, span), dir, vars, env)?)
            }
        };
        match secret {
            true => self.scope.secrets.insert(name.clone()),
            false => self.scope.secrets.remove(&name),
        };
        self.scope.vars.set(name, value);
        Ok(())
    }
}

/// The machine's environment with variables added, as scripts of `sh:` see it.
fn exported(machine: &Env, vars: &Vars, precedence: Precedence) -> Env {
    let mut env = machine.clone();
    for (name, value) in vars.flatten() {
        export(&mut env, machine, precedence, name, &value);
    }
    env
}

/// Adds one variable to an environment, unless its type cannot go there or the machine's wins.
pub(super) fn export(
    env: &mut Env,
    machine: &Env,
    precedence: Precedence,
    name: Arc<str>,
    value: &Value,
) {
    let text: Arc<str> = match value {
        Value::Str(text) => text.clone(),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => show(value).into(),
        _ => return,
    };
    if precedence == Precedence::Taskfile || !machine.contains_key(&name) {
        env.insert(name, text);
    }
}

impl Scope {
    /// The variables with every secret hidden, for what is shown; `None` when there is no secret.
    pub(super) fn masked(&self) -> Option<Vars> {
        const MASK: &str = "*****";
        (!self.secrets.is_empty()).then(|| {
            let mut masked = Vars::on(Arc::new(self.vars.clone()));
            self.secrets.iter().for_each(|name| masked.set(name.clone(), MASK.into()));
            masked
        })
    }

    /// The values of the secrets, as they would look in output.
    pub(super) fn secret_values(&self) -> Arc<[Arc<str>]> {
        if self.secrets.is_empty() {
            return Arc::default();
        }
        let values = self.secrets.iter().filter_map(|name| self.vars.get(name));
        values.map(|value| show(value).into()).filter(|text: &Arc<str>| !text.is_empty()).collect()
    }
}
