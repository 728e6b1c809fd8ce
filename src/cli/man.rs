//! `par man`: the manual page, of the same tables as the help.

use clap::{Arg, Command};

use super::commands::Subcommand;
use super::flags::RunLine;
use super::grammar;

/// The page as roff, for `man -l`.
pub(super) fn page() -> String {
    let mut page = format!(
        ".TH PAR 1 \"\" \"par {}\" \"User commands\"\n.SH NAME\npar \\- {}\n",
        env!("CARGO_PKG_VERSION"),
        "runs the tasks of a Taskfile, what is independent at the same time"
    );
    page += ".SH SYNOPSIS\n.B par\n[run] [FLAGS] [TASK...] [VAR=value...] [\\-\\- ARGS...]\n.br\n.B par\nCOMMAND [FLAGS]\n";
    page += ".SH DESCRIPTION\nA Taskfile that go\\-task 3.54 runs, par runs with the same result. `par NAME` is short for `par run NAME`; where a task is called like a command, the task is meant, and the command is `par :NAME`.\n";
    page += ".SH FLAGS OF RUN\n";
    page += &arguments(&grammar::of::<RunLine>());
    page += ".SH COMMANDS\n";
    for command in Subcommand::ALL {
        let Some(line) = command.line() else { continue };
        let about = line.get_about().map(ToString::to_string).unwrap_or_default();
        page += &format!(".SS par {}\n{}\n", command.name(), escaped(&about));
        page += &arguments(&line);
    }
    page += ".SH EXIT STATUS\n0 when all went well, 201 when a task failed (with \\-x the exit code of its command), 200 when there is no such task, 2 after a mistake on the command line, 130, 143, 129 after INT, TERM, HUP.\n";
    page + ".SH SEE ALSO\n`par help COMMAND`\n"
}

fn arguments(table: &Command) -> String {
    let shown = table.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    shown.map(argument).collect()
}

fn argument(arg: &Arg) -> String {
    let mut names: Vec<String> = Vec::new();
    names.extend(arg.get_short().map(|short| format!("\\-{short}")));
    names.extend(arg.get_long().map(|long| format!("\\-\\-{}", escaped(long))));
    let takes = arg.get_action().takes_values()
        && arg.get_value_parser().type_id() != clap::builder::ValueParser::bool().type_id();
    let value = arg.get_value_names().filter(|_| takes).and_then(|names| names.first());
    let value = value.map_or_else(String::new, |value| format!(" \\fI{}\\fR", escaped(value)));
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    format!(".TP\n\\fB{}\\fR{value}\n{}\n", names.join(", "), escaped(&help))
}

/// Text of which nothing is a request.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
