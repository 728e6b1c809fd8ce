//! Values that scripts print (`sh:`), each script run once.
//!
//! Knows no variables by name; is given a script and remembers what it printed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::settings::Compat;
use super::telling::Telling;
use crate::diag::{Diagnostic, Fault};
use crate::host::{Env, Host, Script};
use crate::source::Span;
use crate::value::Vars;

/// How a script ends that calls a program which is not there.
const NOT_FOUND: &str = "exit status 127";

type Printed = Arc<OnceLock<Result<Arc<str>, String>>>;

/// What the scripts of this run printed.
#[derive(Debug, Default)]
pub(super) struct Printouts(Mutex<HashMap<String, Printed>>);

/// A script whose output becomes a value.
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    pub(super) dir: &'a Path,
    pub(super) span: Span,
    /// The variables the script can see.
    pub(super) vars: &'a Vars,
}

impl Printouts {
    /// What the script prints, without one newline at its end. Two who ask at once share one process.
    pub(super) fn ask(
        &self,
        question: &Question<'_>,
        compat: Compat,
        host: &dyn Host,
        env: impl FnOnce() -> Arc<Env>,
    ) -> Result<Arc<str>, Diagnostic> {
        if question.text.is_empty() {
            return Ok("".into());
        }
        let printed = self.slot(question.key(compat));
        printed.get_or_init(|| question.run(host, env())).clone().map_err(|reason| {
            let shown = Telling::of_vars(question.vars).hide(&question.text.into());
            let message = format!("command `{shown}` failed: {reason}");
            let wrong = Diagnostic::error(Fault::Other, message).at(question.span, "");
            match reason == NOT_FOUND && question.text.contains("task:") {
                true => wrong.help(
                    "`task:NAME` can be called in commands, not where a variable gets its value",
                ),
                false => wrong,
            }
        })
    }

    fn slot(&self, key: String) -> Printed {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key).or_default().clone()
    }
}

impl Question<'_> {
    /// What tells two scripts apart. go-task takes the text alone; a directory and the variables
    /// the text names make a difference that it overlooks.
    fn key(&self, compat: Compat) -> String {
        let mut key = self.text.to_string();
        if compat == Compat::Par {
            key.push('\0');
            key.push_str(&self.dir.to_string_lossy());
            let words = self.text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
            for (word, value) in words.filter_map(|word| Some((word, self.vars.get(word)?))) {
                key.push_str(&format!("\0{word}={}", crate::template::show(value)));
            }
        }
        key
    }

    fn run(&self, host: &dyn Host, env: Arc<Env>) -> Result<Arc<str>, String> {
        let script = Script {
            text: self.text.into(),
            dir: self.dir.into(),
            env,
            set: Vec::new(),
            shopt: Vec::new(),
            shows_stderr: true,
        };
        let output = host.shell(&script).map_err(|e| e.to_string())?;
        if output.code != 0 {
            return Err(format!("exit status {}", output.code));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.strip_suffix("\r\n").unwrap_or(&text);
        Ok(text.strip_suffix('\n').unwrap_or(text).into())
    }
}
