//! From our tables of flags to a parser that reads them as go-task's does.
//!
//! pflag lets a truth be written `-s`, `-s=false`, `--silent=0` or in a cluster `-sf`, takes whatever follows a flag
//! with a value as that value, and lets the last of several count. Help shows the plain form only.

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, Parser};

use super::commands::{Subcommand, overview};
use super::{flags, usage};
use crate::diag::{Diagnostic, Fault};

/// A line that was read.
pub(super) enum Line<T> {
    /// It asks for help; this is it.
    Help(String),
    /// What it says.
    Parsed(T),
}

/// The table of `T`, as declared.
pub(super) fn of<T: Parser>() -> Command {
    T::command()
}

/// Reads `words` by the table of `T`.
pub(super) fn parse<T: Parser>(words: &[&str]) -> Result<Line<T>, Diagnostic> {
    let command = lenient(of::<T>());
    let matches = command.try_get_matches_from(std::iter::once("par").chain(words.iter().copied()));
    match matches.and_then(|matches| T::from_arg_matches(&matches)) {
        Ok(line) => Ok(Line::Parsed(line)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(Line::Help(shown(of::<T>(), words)))
        }
        Err(error) => Err(usage::diagnostic(&error, &of::<T>())),
    }
}

/// The command that reads like pflag.
pub(super) fn lenient(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| match (is_truth(&arg), arg.is_positional()) {
        (true, _) => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(ValueParser::new(flags::truth)),
        (false, false) if takes_value(&arg) => arg.allow_hyphen_values(true),
        _ => arg,
    })
}

fn is_truth(arg: &Arg) -> bool {
    takes_value(arg) && arg.get_value_parser().type_id() == ValueParser::bool().type_id()
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// Position of the first word that is neither flag, value of a flag nor variable.
pub(super) fn first_word(command: &Command, words: &[&str]) -> Option<usize> {
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        match word {
            "--" => return None,
            _ if is_flag(word) => at += usize::from(wants_next(command, word)),
            _ if word.contains('=') => {}
            _ => return Some(at),
        }
        at += 1;
    }
    None
}

fn is_flag(word: &str) -> bool {
    word.starts_with('-') && word != "-"
}

fn wants_next(command: &Command, word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        return command.get_arguments().any(|arg| arg.get_long() == Some(long) && needs_value(arg));
    }
    let mut letters = word[1..].chars();
    while let Some(letter) = letters.next() {
        let is_it = |arg: &&Arg| arg.get_short() == Some(letter);
        match command.get_arguments().find(is_it) {
            Some(arg) if needs_value(arg) => return letters.as_str().is_empty(),
            _ => {}
        }
    }
    false
}

fn needs_value(arg: &Arg) -> bool {
    takes_value(arg) && !arg.is_require_equals_set()
}

/// Whether `-h` or `--help` is among the words before `--`.
pub(super) fn asks_for_help(words: &[&str]) -> bool {
    words.iter().take_while(|&&word| word != "--").any(|word| matches!(*word, "-h" | "--help"))
}

/// `par --help`.
pub(super) fn overview_help() -> String {
    overview().render_help().to_string()
}

/// `par help [COMMAND]`.
pub(super) fn help(words: &[&str]) -> Result<String, Diagnostic> {
    let Some(name) = words.iter().find(|word| !is_flag(word)) else { return Ok(overview_help()) };
    match (*name == "run").then(of::<flags::RunLine>).or_else(|| Subcommand::named(name)?.line()) {
        Some(command) => Ok(shown(command, &["--help"])),
        None => Err(Diagnostic::error(Fault::Usage, format!("there is no subcommand `{name}`"))
            .suggest(name, Subcommand::ALL.map(Subcommand::name))),
    }
}

/// The table as people read it: truths without `=`, everything shown unless `-h` asks for little.
fn shown(command: Command, words: &[&str]) -> String {
    let short = words.contains(&"-h");
    let mut command = command.mut_args(|arg| {
        let arg = if is_truth(&arg) { arg.action(ArgAction::SetTrue) } else { arg };
        if short { arg } else { arg.hide_short_help(false) }
    });
    command.render_help().to_string()
}
