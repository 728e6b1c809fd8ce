//! How output is shown: the mode and what belongs to it.

use super::{Environment, Origin, Said, Setting, decide, flag};
use crate::cli::args::Program;
use crate::diag::{Diagnostic, Fault};
use crate::source::Text;
use crate::taskfile::model::{Model, Output};
use crate::template::Template;

/// How output is shown.
#[derive(Clone, Debug)]
pub enum OutputMode {
    /// As fits: interleaved for one task, progress on a terminal, whole tasks in a pipe.
    Auto,
    /// As it comes, whole commands, or line by line with a name.
    Style(Output),
    /// The first task streams, the others follow in their order.
    KeepOrder,
    /// Only of tasks that failed.
    Errors,
}

impl OutputMode {
    /// The word that asks for it.
    pub fn name(&self) -> &'static str {
        match self {
            OutputMode::Auto => "auto",
            OutputMode::Style(Output::Interleaved) => "interleaved",
            OutputMode::Style(Output::Group { .. }) => "group",
            OutputMode::Style(Output::Prefixed) => "prefixed",
            OutputMode::KeepOrder => "keep-order",
            OutputMode::Errors => "errors",
        }
    }
}

const MODES: [&str; 6] = ["interleaved", "group", "prefixed", "keep-order", "errors", "auto"];

pub(super) fn decide_mode(
    said: Said,
    env: &Environment,
    taskfile: Option<&Model>,
) -> Result<Setting<OutputMode>, Diagnostic> {
    let flags = &said.flags.output;
    let named = [flag(flags.output.clone(), "--output"), env.output.clone()];
    let Some(named) = named.into_iter().flatten().find(|name| !name.value.is_empty()) else {
        only_with_group(said)?;
        return Ok(written(said.program, taskfile));
    };
    if named.value != "group" {
        only_with_group(said)?;
    }
    let value = match named.value.as_str() {
        "interleaved" => OutputMode::Style(Output::Interleaved),
        "prefixed" => OutputMode::Style(Output::Prefixed),
        "group" => OutputMode::Style(group(said, env)?),
        "keep-order" => OutputMode::KeepOrder,
        "errors" => OutputMode::Errors,
        "auto" => OutputMode::Auto,
        other => return Err(unknown(other, &named.origin)),
    };
    Ok(Setting { value, origin: named.origin })
}

fn written(program: Program, taskfile: Option<&Model>) -> Setting<OutputMode> {
    let written = taskfile.and_then(|model| {
        let value = OutputMode::Style(model.output.clone()?);
        Some(Setting { value, origin: Origin::Taskfile(model.entry.clone()) })
    });
    let default = match program {
        Program::Par => OutputMode::Auto,
        Program::Task => OutputMode::Style(Output::Interleaved),
    };
    decide([written], default)
}

/// As in go-task: the flags of a group count only beside `-o group`, whatever the Taskfile says.
fn only_with_group(said: Said) -> Result<(), Diagnostic> {
    let flags = &said.flags.output;
    let lonely = [
        (flags.output_group_begin.is_some(), "--output-group-begin"),
        (flags.output_group_end.is_some(), "--output-group-end"),
        (flags.output_group_error_only == Some(true), "--output-group-error-only"),
    ];
    match lonely.iter().find(|(given, _)| *given) {
        Some((_, name)) => {
            let message = format!("cannot use {name} without --output=group");
            Err(Diagnostic::error(Fault::Other, message))
        }
        None => Ok(()),
    }
}

fn group(said: Said, env: &Environment) -> Result<Output, Diagnostic> {
    let flags = &said.flags.output;
    let template = |flag: &Option<String>, variable: &Option<String>| {
        let text = flag.as_deref().or(variable.as_deref());
        text.map(|text| Template::parse(&Text::detached(text))).transpose()
    };
    Ok(Output::Group {
        begin: template(&flags.output_group_begin, &env.group_begin)?,
        end: template(&flags.output_group_end, &env.group_end)?,
        error_only: flags.output_group_error_only.or(env.group_error_only).unwrap_or(false),
    })
}

fn unknown(name: &str, origin: &Origin) -> Diagnostic {
    let place = match origin {
        Origin::Environment(variable) => format!("environment variable {variable}: "),
        _ => String::new(),
    };
    Diagnostic::error(Fault::Other, format!("{place}there is no output mode `{name}`"))
        .suggest(name, MODES)
        .help(format!("known are {}", MODES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::{Flags, ParallelFlags};

    fn decided(
        variables: &[(&str, &str)],
        edit: impl Fn(&mut Flags),
    ) -> Result<&'static str, String> {
        let find = |key: &str| Some(variables.iter().find(|(name, _)| *name == key)?.1.to_string());
        let (own, mut flags) = (ParallelFlags::default(), Flags::default());
        edit(&mut flags);
        let said = Said { program: Program::Par, own: &own, flags: &flags };
        let mode = decide_mode(said, &Environment::read(&find), None);
        mode.map(|mode| mode.value.name()).map_err(|error| error.message)
    }

    #[test]
    fn our_variable_beats_go_tasks_and_an_empty_flag_says_nothing() {
        let both = [("PAR_OUTPUT_MODE", "errors"), ("TASK_OUTPUT", "prefixed")];
        assert_eq!(decided(&both, |_| ()), Ok("errors"));
        assert_eq!(decided(&both[1..], |_| ()), Ok("prefixed"));
        assert_eq!(decided(&[], |flags| flags.output.output = Some(String::new())), Ok("auto"));
    }

    #[test]
    fn flags_of_a_group_need_the_group() {
        let begin = |flags: &mut Flags| flags.output.output_group_begin = Some("x".into());
        let message = "cannot use --output-group-begin without --output=group";
        assert_eq!(decided(&[], begin), Err(message.into()));
        assert_eq!(decided(&[("TASK_OUTPUT", "group")], begin), Ok("group"));
    }

    #[test]
    fn an_unknown_mode_names_its_variable() {
        assert_eq!(
            decided(&[("PAR_OUTPUT_MODE", "gruop")], |_| ()),
            Err("environment variable PAR_OUTPUT_MODE: there is no output mode `gruop`".into())
        );
    }
}
