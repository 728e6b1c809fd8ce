//! The command line: words in, one [`Invocation`] out.
//!
//! Sees no environment and no files; whether a word is a task of the Taskfile it asks the caller.

mod quick;

use std::ffi::OsString;
use std::path::Path;

use clap::{FromArgMatches, Parser, ValueEnum};
use clap_complete::Shell;

use super::commands::{
    CancelLine, CompletionShell, CompletionsLine, ConfigLine, ConvertLine, HealthLine, InitLine,
    ListLine, LogsLine, ManLine, PlanLine, PsLine, RerunLine, SchemaLine, Subcommand, WhyLine,
};
use super::flags::{Flags, Locate, ModeFlags, ParallelFlags, RunLine, TaskLine, WatchLine, Words};
use super::list::{ListArgs, Sort};
use super::{grammar, usage};
use crate::diag::{Diagnostic, Fault};
use crate::id::RunId;

/// The go-task release whose command line and Taskfiles we follow.
pub const GO_TASK: &str = "3.54.0";

/// By which name we were called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Program {
    /// `par`, with defaults of its own.
    #[default]
    Par,
    /// `task`: go-task's command line and defaults.
    Task,
}

/// What to do with the tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Purpose {
    /// Run them.
    #[default]
    Run,
    /// Run them again whenever their sources change.
    Watch,
    /// Say by the exit code whether all are up to date.
    Status,
    /// Show their summaries.
    Summary,
}

/// A request to run tasks.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RunArgs {
    /// Whose defaults.
    pub program: Program,
    /// What to do.
    pub purpose: Purpose,
    /// Names as written; empty is the task `default`.
    pub tasks: Vec<String>,
    /// `NAME=value`, in order; the last of a name counts.
    pub vars: Vec<(String, String)>,
    /// What stood after `--`.
    pub args: Vec<String>,
    /// Which Taskfile.
    pub locate: Locate,
    /// go-task's flags.
    pub flags: Flags,
    /// Our own flags.
    pub own: ParallelFlags,
    /// The run that this one goes on with.
    pub resumes: Option<RunId>,
    /// The words of an earlier run that this one repeats, in the place of those of this process.
    pub repeats: Option<Vec<String>>,
}

/// `task:NAME …`, called as a program from a shell inside a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// The task.
    pub name: String,
    /// Its variables.
    pub vars: Vec<(String, String)>,
    /// Everything else.
    pub args: Vec<String>,
}

/// What the command line asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Invocation {
    /// Run tasks.
    Run(Box<RunArgs>),
    /// Remove what was downloaded.
    ClearCache(Box<RunArgs>),
    /// List tasks.
    List(ListArgs),
    /// Show what would run.
    Plan(Box<PlanLine>),
    /// Say why tasks would run.
    Why(WhyLine),
    /// Show captured logs.
    Logs(Box<LogsLine>),
    /// Run an earlier run again.
    Rerun(RerunLine),
    /// Show runs that go on.
    Ps(PsLine),
    /// Stop a run or a task.
    Cancel(CancelLine),
    /// Tell whether runs are alive.
    Health(HealthLine),
    /// Write a new Taskfile.
    Init(InitLine),
    /// Show the settings and who decided them.
    Config(Box<ConfigLine>),
    /// Print a completion script.
    Completions(CompletionShell),
    /// Print go-task's completion script.
    GoTaskCompletions(Shell),
    /// Print what may stand at the end of a command line.
    Complete(String),
    /// Print the manual page.
    Man,
    /// Make a Taskfile of another kind of file.
    Convert(ConvertLine),
    /// Run a task inside the run we were started from.
    Call(Call),
    /// Show go-task's experiments.
    Experiments(Locate),
    /// Print this and be done: help, version.
    Text(String),
}

/// A command line that was understood.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed {
    /// What it asks for.
    pub invocation: Invocation,
    /// The subcommand that a task of the same name has hidden.
    pub hidden: Option<&'static str>,
}

/// Whether the Taskfile has a task of this name.
pub type IsTask<'a> = &'a dyn Fn(&Locate, &str) -> bool;

/// Understands a command line; the first word is the name we were called by.
///
/// Errors are wrong use ([`Fault::Usage`]) and flags that exclude each other ([`Fault::Other`]).
pub fn parse(argv: &[OsString], is_task: IsTask) -> Result<Parsed, Diagnostic> {
    let argv = argv.iter().map(|word| readable(word)).collect::<Result<Vec<&str>, _>>()?;
    let (name, words) = argv.split_first().map_or(("par", &[][..]), |(name, rest)| (*name, rest));
    let name = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name);
    let invocation = match name.strip_prefix("task:") {
        Some(task) => Invocation::Call(call(task, words)),
        None if name == "task" => task_line(words)?,
        None => return par(words, is_task),
    };
    Ok(Parsed { invocation, hidden: None })
}

fn readable(word: &OsString) -> Result<&str, Diagnostic> {
    let message = || format!("argument `{}` is not UTF-8", word.to_string_lossy());
    word.to_str().ok_or_else(|| Diagnostic::error(Fault::Usage, message()))
}

fn par(words: &[&str], is_task: IsTask) -> Result<Parsed, Diagnostic> {
    if let ["__complete", line] = words {
        return Ok(Parsed { invocation: Invocation::Complete(line.to_string()), hidden: None });
    }
    if let Some(run) = quick::run(words) {
        return Ok(Parsed { invocation: Invocation::Run(Box::new(run)), hidden: None });
    }
    if let Some(list) = quick::list(words)
        && !is_task(&list.locate, "list")
    {
        return Ok(Parsed { invocation: Invocation::List(list), hidden: None });
    }
    with_clap(words, is_task)
}

fn with_clap(words: &[&str], is_task: IsTask) -> Result<Parsed, Diagnostic> {
    let mut hidden = None;
    let grammar = grammar::lenient(grammar::of::<RunLine>());
    let invocation = match grammar::first_word(&grammar, words) {
        None if grammar::asks_for_help(words) => Invocation::Text(grammar::overview_help()),
        Some(at) => match which(words, at, is_task) {
            Which::Command(command) => subcommand(command, &without(words, at))?,
            Which::Run => run_line(&without(words, at))?,
            Which::Task { hides } => {
                hidden = hides;
                run_line(words)?
            }
            Which::Unknown(name) => return Err(unknown_command(name)),
        },
        None => run_line(words)?,
    };
    Ok(Parsed { invocation, hidden })
}

enum Which<'a> {
    Run,
    Command(Subcommand),
    Task { hides: Option<&'static str> },
    Unknown(&'a str),
}

fn which<'a>(words: &[&'a str], at: usize, is_task: IsTask) -> Which<'a> {
    let word = words[at];
    match (word.strip_prefix(':'), Subcommand::named(word)) {
        (Some("run"), _) => Which::Run,
        (Some(name), _) => Subcommand::named(name).map_or(Which::Unknown(name), Which::Command),
        (None, _) if word == "run" => Which::Run,
        (None, None) => Which::Task { hides: None },
        (None, Some(command)) => match is_task(&locate_of(words), word) {
            true => Which::Task { hides: Some(command.name()) },
            false => Which::Command(command),
        },
    }
}

/// The flags that say which Taskfile; nothing when the line cannot be read, which is said later.
fn locate_of(words: &[&str]) -> Locate {
    let command = grammar::lenient(grammar::of::<RunLine>()).ignore_errors(true);
    let matches = command.try_get_matches_from(std::iter::once("par").chain(words.iter().copied()));
    matches.ok().and_then(|matches| Locate::from_arg_matches(&matches).ok()).unwrap_or_default()
}

fn without<'a>(words: &[&'a str], at: usize) -> Vec<&'a str> {
    [&words[..at], &words[at + 1..]].concat()
}

fn unknown_command(name: &str) -> Diagnostic {
    let names = Subcommand::ALL.map(Subcommand::name);
    Diagnostic::error(Fault::Usage, format!("there is no subcommand `{name}`"))
        .suggest(name, names)
        .help("`par --help` lists the subcommands")
}

fn run_line(words: &[&str]) -> Result<Invocation, Diagnostic> {
    match grammar::parse::<RunLine>(words)? {
        grammar::Line::Help(text) => Ok(Invocation::Text(text)),
        grammar::Line::Parsed(line) => {
            let RunLine { own, flags, locate, mode, json, words } = line;
            let run = RunArgs { own, flags, locate, ..requested(Program::Par, words) };
            understand(run, mode, json.unwrap_or(false))
        }
    }
}

fn watch_line(words: &[&str]) -> Result<Invocation, Diagnostic> {
    match grammar::parse::<WatchLine>(words)? {
        grammar::Line::Help(text) => Ok(Invocation::Text(text)),
        grammar::Line::Parsed(line) => {
            let WatchLine { own, flags, locate, words } = line;
            let run = RunArgs { own, flags, locate, ..requested(Program::Par, words) };
            understand(run, ModeFlags { watch: Some(true), ..ModeFlags::default() }, false)
        }
    }
}

fn task_line(words: &[&str]) -> Result<Invocation, Diagnostic> {
    match grammar::parse::<TaskLine>(words)? {
        grammar::Line::Help(text) => Ok(Invocation::Text(text)),
        grammar::Line::Parsed(line) => {
            let TaskLine { flags, locate, mode, json, words } = line;
            let run = RunArgs { flags, locate, ..requested(Program::Task, words) };
            understand(run, mode, json.unwrap_or(false))
        }
    }
}

fn requested(program: Program, words: Words) -> RunArgs {
    let (tasks, vars) = sort_words(words.words);
    RunArgs { program, tasks, vars, args: words.args, ..RunArgs::default() }
}

/// Tasks and variables: whatever has a `=` is a variable, even an odd one.
pub(super) fn sort_words(words: Vec<String>) -> (Vec<String>, Vec<(String, String)>) {
    let mut sorted = (Vec::new(), Vec::new());
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => sorted.1.push((name.into(), value.into())),
            None => sorted.0.push(word),
        }
    }
    sorted
}

fn understand(run: RunArgs, mode: ModeFlags, json: bool) -> Result<Invocation, Diagnostic> {
    usage::exclusions(&run, &mode, json)?;
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    if is(mode.version) {
        return Ok(Invocation::Text(if json { version_json() } else { version(run.program) }));
    }
    if is(mode.experiments) {
        return Ok(Invocation::Experiments(run.locate));
    }
    if is(mode.init) {
        let RunArgs { program, tasks, .. } = run;
        return Ok(Invocation::Init(InitLine { path: tasks.into_iter().next(), program }));
    }
    if let Some(shell) = mode.completion {
        let program = run.program;
        return match (program, CompletionShell::from_str(&shell, false)) {
            (Program::Par, Ok(shell)) => Ok(Invocation::Completions(shell)),
            _ => usage::shell(&shell).map(Invocation::GoTaskCompletions),
        };
    }
    if is(run.flags.remote.clear_cache) {
        return Ok(Invocation::ClearCache(Box::new(run)));
    }
    if is(mode.list) || is(mode.list_all) {
        return Ok(Invocation::List(listing(run, &mode, json)));
    }
    let purpose = match () {
        () if is(mode.status) => Purpose::Status,
        () if is(mode.summary) => Purpose::Summary,
        () if is(mode.watch) => Purpose::Watch,
        () => Purpose::Run,
    };
    Ok(Invocation::Run(Box::new(RunArgs { purpose, ..run })))
}

fn listing(run: RunArgs, mode: &ModeFlags, json: bool) -> ListArgs {
    ListArgs {
        all: mode.list_all.unwrap_or(false),
        json,
        nested: mode.nested.unwrap_or(false),
        no_status: mode.no_status.unwrap_or(false),
        tree: false,
        names_only: run.flags.run.silent.unwrap_or(false),
        sort: mode.sort.as_deref().map_or(Sort::Default, Sort::named),
        color: run.flags.output.color,
        yes: run.flags.run.yes.unwrap_or(false),
        remote: run.flags.remote,
        program: run.program,
        locate: run.locate,
    }
}

/// What `--version` prints.
pub fn version(program: Program) -> String {
    match program {
        Program::Par => format!("par {}\n", env!("CARGO_PKG_VERSION")),
        Program::Task => format!("{GO_TASK}\n"),
    }
}

/// What `--version --json` prints.
fn version_json() -> String {
    let version = serde_json::json!({
        "name": "par",
        "version": env!("CARGO_PKG_VERSION"),
        "go_task": GO_TASK,
        "events": crate::event::VERSION,
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
    });
    format!("{version:#}\n")
}

fn schema() -> String {
    format!("{:#}\n", crate::taskfile::schema())
}

fn subcommand(command: Subcommand, words: &[&str]) -> Result<Invocation, Diagnostic> {
    match command {
        Subcommand::List => line(words, |line: ListLine| Invocation::List(line.into())),
        Subcommand::Watch => watch_line(words),
        Subcommand::Plan => line(words, |line| Invocation::Plan(Box::new(line))),
        Subcommand::Why => line(words, Invocation::Why),
        Subcommand::Logs => line(words, |line| Invocation::Logs(Box::new(line))),
        Subcommand::Rerun => line(words, Invocation::Rerun),
        Subcommand::Ps => line(words, Invocation::Ps),
        Subcommand::Cancel => line(words, Invocation::Cancel),
        Subcommand::Health => line(words, Invocation::Health),
        Subcommand::Init => line(words, Invocation::Init),
        Subcommand::Config => line(words, |line| Invocation::Config(Box::new(line))),
        Subcommand::Completions => {
            line(words, |line: CompletionsLine| Invocation::Completions(line.shell))
        }
        Subcommand::Schema => line(words, |SchemaLine {}| Invocation::Text(schema())),
        Subcommand::Man => line(words, |ManLine {}| Invocation::Man),
        Subcommand::Convert => line(words, Invocation::Convert),
        Subcommand::Help => grammar::help(words).map(Invocation::Text),
    }
}

fn line<T: Parser>(
    words: &[&str],
    meaning: impl FnOnce(T) -> Invocation,
) -> Result<Invocation, Diagnostic> {
    Ok(match grammar::parse(words)? {
        grammar::Line::Help(text) => Invocation::Text(text),
        grammar::Line::Parsed(line) => meaning(line),
    })
}

/// `task:NAME [VAR=x…] [ARGS…]`; after `--` everything is an argument.
fn call(name: &str, words: &[&str]) -> Call {
    let mut call = Call { name: name.into(), ..Call::default() };
    let mut words = words.iter();
    for &word in words.by_ref().take_while(|&&word| word != "--") {
        match word.split_once('=') {
            Some((name, value)) if !word.starts_with('-') => {
                call.vars.push((name.into(), value.into()))
            }
            _ => call.args.push(word.into()),
        }
    }
    call.args.extend(words.map(|&word| String::from(word)));
    call
}

#[cfg(test)]
mod tests;
