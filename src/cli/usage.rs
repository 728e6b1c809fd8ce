//! What is wrong with a command line, in words.
//!
//! Wrong use ends with exit code 2; flags that exclude each other with 1, as in go-task.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, ValueEnum};
use clap_complete::Shell;

use super::args::{Program, RunArgs};
use super::flags::ModeFlags;
use crate::diag::{Diagnostic, Fault};

/// clap's complaint in our words.
pub(super) fn diagnostic(error: &clap::Error, command: &Command) -> Diagnostic {
    let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    let name = argument.split([' ', '[', '=']).next().unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("unknown flag `{argument}`")
        }
        ErrorKind::UnknownArgument => format!("unexpected argument `{argument}`"),
        ErrorKind::InvalidValue if value.is_empty() => format!("flag `{name}` needs a value"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("invalid value `{value}` for `{name}`{}", reason(error))
        }
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing"),
        _ => first_line(error),
    };
    let diagnostic = Diagnostic::error(Fault::Usage, message);
    let diagnostic = match error.kind() {
        ErrorKind::UnknownArgument => suggest(diagnostic, &argument, command),
        _ => diagnostic,
    };
    diagnostic.help(format!("`{} --help` lists the flags", command.get_name()))
}

fn suggest(diagnostic: Diagnostic, argument: &str, command: &Command) -> Diagnostic {
    let Some(long) = argument.strip_prefix("--") else { return diagnostic };
    let long = long.split('=').next().unwrap_or_default();
    let known = command.get_arguments().filter_map(|arg| arg.get_long()).chain(["help"]);
    match crate::diag::closest(long, known) {
        Some(near) => diagnostic.help(format!("did you mean `--{near}`?")),
        None => diagnostic,
    }
}

fn reason(error: &clap::Error) -> String {
    if let Some(ContextValue::Strings(known)) = error.get(ContextKind::ValidValue) {
        return format!(": expected {}", known.join(", "));
    }
    let source = std::error::Error::source(error);
    source.map_or_else(String::new, |reason| format!(": {reason}"))
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).into()
}

/// Refuses flags that make no sense together.
pub(super) fn exclusions(run: &RunArgs, mode: &ModeFlags, json: bool) -> Result<(), Diagnostic> {
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let lists = is(mode.list) || is(mode.list_all);
    let remote = &run.flags.remote;
    let unlimited = run.flags.run.concurrency.is_none_or(|n| n <= 0);
    let explicit = if run.program == Program::Par { run.own.jobs } else { None };
    let rules = [
        (
            is(remote.download) && is(remote.offline),
            "cannot use --download and --offline at the same time",
        ),
        (
            remote.cert.is_some() != remote.cert_key.is_some(),
            "--cert and --cert-key must be given together",
        ),
        (
            is(run.locate.global) && run.locate.dir.is_some(),
            "cannot use --global and --dir at the same time",
        ),
        (is(mode.list) && is(mode.list_all), "cannot use --list and --list-all at the same time"),
        (
            json && !lists && !(is(mode.version) && run.program == Program::Par),
            "--json only applies to --list or --list-all",
        ),
        (
            is(mode.no_status) && !(json && lists),
            "--no-status only applies to --json with --list or --list-all",
        ),
        (
            is(mode.nested) && !(json && lists),
            "--nested only applies to --json with --list or --list-all",
        ),
        (
            is(run.own.sequential) && explicit.is_some(),
            "cannot use --sequential and --jobs at the same time",
        ),
        (explicit.is_some() && !unlimited, "cannot use --jobs and --concurrency at the same time"),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, message)) => Err(Diagnostic::error(Fault::Other, *message)),
        None => Ok(()),
    }
}

/// The shell that `--completion` names.
pub(super) fn shell(name: &str) -> Result<Shell, Diagnostic> {
    Shell::from_str(name, false).map_err(|_| {
        let known = Shell::value_variants().iter().map(Shell::to_string).collect::<Vec<_>>();
        Diagnostic::error(Fault::Other, format!("unknown shell `{name}`"))
            .suggest(name, known.iter().map(String::as_str))
            .help(format!("known are {}", known.join(", ")))
    })
}
