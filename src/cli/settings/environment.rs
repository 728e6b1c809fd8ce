//! What the environment says about settings.

use std::path::PathBuf;
use std::time::Duration;

use super::{NO_COLOR, Origin, Setting};
use crate::cli::flags;
use crate::diag::{Diagnostic, Fault};
use crate::resolve::Precedence;
use crate::taskfile::model::Jobs;
use crate::term::{Colour, Colours, Style};

pub(super) const ENV_PRECEDENCE: &str = "TASK_X_ENV_PRECEDENCE";
pub(super) const GENTLE_FORCE: &str = "TASK_X_GENTLE_FORCE";

/// The variables that we obey, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(super) parallel: Option<Setting<bool>>,
    pub(super) jobs: Option<Setting<Jobs>>,
    pub(super) max_jobs: Option<Setting<Option<u32>>>,
    pub(super) output: Option<Setting<String>>,
    pub(super) group_begin: Option<String>,
    pub(super) group_end: Option<String>,
    pub(super) group_error_only: Option<bool>,
    pub(super) color: Option<Setting<Colours>>,
    pub(super) silent: Option<Setting<bool>>,
    pub(super) verbose: Option<Setting<bool>>,
    pub(super) dry: Option<Setting<bool>>,
    pub(super) yes: Option<Setting<bool>>,
    pub(super) fail_fast: Option<Setting<bool>>,
    pub(super) interactive: Option<Setting<bool>>,
    pub(super) fuzzy: Option<Setting<bool>>,
    pub(super) temp_dir: Option<Setting<Option<PathBuf>>>,
    pub(super) silence: Option<Setting<Duration>>,
    pub(super) precedence: Option<Setting<Precedence>>,
    /// go-task's experiment: `--force` is for the tasks named alone.
    pub(super) gentle_force: bool,
    pub(super) errors: Vec<Diagnostic>,
}

impl Environment {
    /// Reads the variables with `find`; what makes no sense becomes an error of [`super::resolve`].
    pub fn read(find: &dyn Fn(&str) -> Option<String>) -> Environment {
        let mut reader = Reader { find, errors: Vec::new() };
        let parallel = reader.parallel();
        let jobs = reader.read("PAR_JOBS", flags::jobs);
        let jobs = jobs.or_else(|| reader.go_task("TASK_CONCURRENCY", concurrency));
        Environment {
            parallel,
            jobs,
            max_jobs: reader.read("MAX_JOBS", cap),
            output: reader.text("PAR_OUTPUT_MODE").or_else(|| reader.text("TASK_OUTPUT")),
            group_begin: reader.value("TASK_OUTPUT_GROUP_BEGIN"),
            group_end: reader.value("TASK_OUTPUT_GROUP_END"),
            group_error_only: reader.truth("TASK_OUTPUT_GROUP_ERROR_ONLY").map(|on| on.value),
            color: reader.color(),
            silent: reader.truth("TASK_SILENT"),
            verbose: reader.truth("TASK_VERBOSE"),
            dry: reader.truth("TASK_DRY"),
            yes: reader.truth("TASK_ASSUME_YES"),
            fail_fast: reader.truth("TASK_FAILFAST"),
            interactive: reader.truth("TASK_INTERACTIVE"),
            fuzzy: reader.truth("TASK_DISABLE_FUZZY").map(negated),
            temp_dir: reader.go_task("TASK_TEMP_DIR", |text| Ok(Some(text.into()))),
            precedence: reader.go_task(ENV_PRECEDENCE, experiment),
            silence: reader.read("PAR_SILENCE", flags::duration),
            gentle_force: reader.value(GENTLE_FORCE).as_deref() == Some("1"),
            errors: reader.errors,
        }
    }
}

impl Environment {
    /// The experiments of go-task, as its `--experiments` prints them.
    pub fn experiments(&self, style: Style) -> String {
        let line = |name: &str, is_on: bool| {
            let (star, shown) =
                (style.paint(Colour::Yellow, "* "), style.paint(Colour::Green, name));
            let space = " ".repeat(15 - name.len());
            format!("{star}{shown}:{space}{}\n", if is_on { "on (1)" } else { "off" })
        };
        line("GENTLE_FORCE", self.gentle_force) + &line("ENV_PRECEDENCE", self.precedence.is_some())
    }
}

struct Reader<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// An empty variable says nothing.
    fn value(&self, name: &str) -> Option<String> {
        (self.find)(name).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &'static str) -> Option<Setting<String>> {
        Some(Setting { value: self.value(name)?, origin: Origin::Environment(name) })
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        meaning: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Setting<T>> {
        let text = self.value(name)?;
        match meaning(&text) {
            Ok(value) => Some(Setting { value, origin: Origin::Environment(name) }),
            Err(reason) => {
                let message = format!("environment variable {name} is `{text}`: {reason}");
                self.errors.push(Diagnostic::error(Fault::Other, message));
                None
            }
        }
    }

    /// go-task passes over values of its variables that make no sense.
    fn go_task<T>(
        &self,
        name: &'static str,
        meaning: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Setting<T>> {
        let value = meaning(&self.value(name)?).ok()?;
        Some(Setting { value, origin: Origin::Environment(name) })
    }

    fn truth(&self, name: &'static str) -> Option<Setting<bool>> {
        self.go_task(name, flags::truth)
    }

    /// Either of the two switches turns parallel off.
    fn parallel(&mut self) -> Option<Setting<bool>> {
        let both =
            ["USE_PARALLEL", "ENABLE_PARALLEL_EXECUTION"].map(|name| self.read(name, switch));
        both.into_iter().flatten().min_by_key(|switch| switch.value)
    }

    fn color(&mut self) -> Option<Setting<Colours>> {
        if let Some(said) = self.read("PAR_COLOR", color) {
            return Some(said);
        }
        let is_set = |name| self.value(name).is_some();
        let is_on = |name| self.value(name).is_some_and(|text| !is_off(&text));
        let decided = [
            (is_set(NO_COLOR), NO_COLOR, Colours::Never),
            (self.go_task("TASK_COLOR", no).is_some(), "TASK_COLOR", Colours::Never),
            (is_on("CLICOLOR_FORCE"), "CLICOLOR_FORCE", Colours::Always),
            (is_set("FORCE_COLOR"), "FORCE_COLOR", Colours::Always),
            (is_on("CI"), "CI", Colours::Always),
        ];
        let (_, name, value) = decided.into_iter().find(|(applies, ..)| *applies)?;
        Some(Setting { value, origin: Origin::Environment(name) })
    }
}

fn experiment(text: &str) -> Result<Precedence, String> {
    if text == "1" { Ok(Precedence::Taskfile) } else { Err(String::new()) }
}

fn negated(setting: Setting<bool>) -> Setting<bool> {
    Setting { value: !setting.value, ..setting }
}

fn is_off(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off")
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        _ if is_off(text) => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

fn no(text: &str) -> Result<(), String> {
    if flags::truth(text)? { Err(String::new()) } else { Ok(()) }
}

fn color(text: &str) -> Result<Colours, String> {
    match text {
        "auto" => Ok(Colours::Auto),
        "always" => Ok(Colours::Always),
        "never" => Ok(Colours::Never),
        _ => Err("expected auto, always or never".into()),
    }
}

fn cap(text: &str) -> Result<Option<u32>, String> {
    let cap = text.parse().ok().filter(|&cap: &u32| cap > 0);
    cap.map(Some).ok_or_else(|| "expected a number from 1".into())
}

fn concurrency(text: &str) -> Result<Jobs, String> {
    text.parse().ok().and_then(super::limit).ok_or_else(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color_of(variables: &[(&str, &str)]) -> Option<(Colours, Origin)> {
        let find = |key: &str| Some(variables.iter().find(|(name, _)| *name == key)?.1.to_string());
        Environment::read(&find).color.map(|color| (color.value, color.origin))
    }

    #[test]
    fn no_color_beats_everything_but_par_color() {
        let force = ("FORCE_COLOR", "1");
        assert_eq!(color_of(&[force]), Some((Colours::Always, Origin::Environment("FORCE_COLOR"))));
        assert_eq!(
            color_of(&[force, ("NO_COLOR", "1")]),
            Some((Colours::Never, Origin::Environment("NO_COLOR")))
        );
        assert_eq!(
            color_of(&[("PAR_COLOR", "always"), ("NO_COLOR", "1")]),
            Some((Colours::Always, Origin::Environment("PAR_COLOR")))
        );
        assert_eq!(color_of(&[("NO_COLOR", ""), ("CI", "false")]), None);
    }

    #[test]
    fn one_switch_that_is_off_is_enough() {
        let find = |key: &str| match key {
            "USE_PARALLEL" => Some("true".into()),
            "ENABLE_PARALLEL_EXECUTION" => Some("off".into()),
            _ => None,
        };
        let parallel = Environment::read(&find).parallel;
        let origin = Origin::Environment("ENABLE_PARALLEL_EXECUTION");
        assert_eq!(parallel, Some(Setting { value: false, origin }));
    }

    #[test]
    fn nonsense_in_a_variable_of_go_task_is_passed_over() {
        let find = |key: &str| key.starts_with("TASK_").then(|| "maybe".to_string());
        let environment = Environment::read(&find);
        assert_eq!((environment.silent, environment.jobs), (None, None));
        assert!(environment.errors.is_empty());
    }
}
