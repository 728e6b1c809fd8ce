//! The subcommands: their names and command lines.

use clap::{Command, Parser};

use super::args::Program;
use super::flags::{Flags, Locate, ParallelFlags, RemoteFlags, RunLine, TaskLine, WatchLine};
use super::grammar;
use super::list::{ListArgs, Sort};

/// A subcommand other than `run`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subcommand {
    /// `par list`
    List,
    /// `par watch`
    Watch,
    /// `par plan`
    Plan,
    /// `par why`
    Why,
    /// `par logs`
    Logs,
    /// `par rerun`
    Rerun,
    /// `par ps`
    Ps,
    /// `par cancel`
    Cancel,
    /// `par health`
    Health,
    /// `par init`
    Init,
    /// `par convert`
    Convert,
    /// `par config`
    Config,
    /// `par completions`
    Completions,
    /// `par schema`
    Schema,
    /// `par man`
    Man,
    /// `par help`
    Help,
}

impl Subcommand {
    /// Every subcommand, in the order of the help.
    pub const ALL: [Subcommand; 16] = [
        Subcommand::List,
        Subcommand::Watch,
        Subcommand::Plan,
        Subcommand::Why,
        Subcommand::Logs,
        Subcommand::Rerun,
        Subcommand::Ps,
        Subcommand::Cancel,
        Subcommand::Health,
        Subcommand::Init,
        Subcommand::Convert,
        Subcommand::Config,
        Subcommand::Completions,
        Subcommand::Schema,
        Subcommand::Man,
        Subcommand::Help,
    ];

    /// The word that calls it.
    pub fn name(self) -> &'static str {
        match self {
            Subcommand::List => "list",
            Subcommand::Watch => "watch",
            Subcommand::Plan => "plan",
            Subcommand::Why => "why",
            Subcommand::Logs => "logs",
            Subcommand::Rerun => "rerun",
            Subcommand::Ps => "ps",
            Subcommand::Cancel => "cancel",
            Subcommand::Health => "health",
            Subcommand::Init => "init",
            Subcommand::Convert => "convert",
            Subcommand::Config => "config",
            Subcommand::Completions => "completions",
            Subcommand::Schema => "schema",
            Subcommand::Man => "man",
            Subcommand::Help => "help",
        }
    }

    /// The subcommand of this name.
    pub fn named(name: &str) -> Option<Subcommand> {
        Subcommand::ALL.into_iter().find(|command| command.name() == name)
    }

    /// The table of its flags; `help` has none.
    pub(super) fn line(self) -> Option<Command> {
        Some(match self {
            Subcommand::List => grammar::of::<ListLine>(),
            Subcommand::Watch => grammar::of::<WatchLine>(),
            Subcommand::Plan => grammar::of::<PlanLine>(),
            Subcommand::Why => grammar::of::<WhyLine>(),
            Subcommand::Logs => grammar::of::<LogsLine>(),
            Subcommand::Rerun => grammar::of::<RerunLine>(),
            Subcommand::Ps => grammar::of::<PsLine>(),
            Subcommand::Cancel => grammar::of::<CancelLine>(),
            Subcommand::Health => grammar::of::<HealthLine>(),
            Subcommand::Init => grammar::of::<InitLine>(),
            Subcommand::Convert => grammar::of::<ConvertLine>(),
            Subcommand::Config => grammar::of::<ConfigLine>(),
            Subcommand::Completions => grammar::of::<CompletionsLine>(),
            Subcommand::Schema => grammar::of::<SchemaLine>(),
            Subcommand::Man => grammar::of::<ManLine>(),
            Subcommand::Help => return None,
        })
    }
}

/// The command with all its subcommands, for help and completions.
pub(super) fn overview() -> Command {
    let lines = Subcommand::ALL
        .into_iter()
        .filter_map(|command| Some(command.line()?.name(command.name()).override_usage("")));
    Command::new("par")
        .about("Runs the tasks of a Taskfile, what is independent at the same time")
        .override_usage(
            "par [run] [FLAGS] [TASK…] [VAR=value…] [-- ARGS…]\n       par COMMAND [FLAGS]",
        )
        .after_help(OVERVIEW_EXAMPLES)
        .subcommand(grammar::of::<RunLine>().name("run"))
        .subcommands(lines)
}

/// go-task's command line, for completions.
pub(super) fn go_task() -> Command {
    grammar::of::<TaskLine>()
}

const OVERVIEW_EXAMPLES: &str = "\
`par NAME` is short for `par run NAME`. Where a task is called like a command, the task
is meant, and the command is `par :NAME`.

Examples:
  par                      run the task `default`
  par run build test       run build, then test
  par list --all           what tasks there are
  par plan qa              what would run, and how much time it saves
  par logs --failed        what the failed tasks of the last run wrote
  par help run             all flags of `par run`";

/// `par list …`
#[derive(Parser, Debug)]
#[command(
    name = "par list",
    about = "Lists the tasks and what they are for",
    override_usage = "par list [FLAGS]",
    after_help = "Examples:\n  par list                tasks with a description\n  par list --all --json   all tasks, for programs"
)]
pub(super) struct ListLine {
    /// Also tasks without a description
    #[arg(short, long)]
    all: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The JSON by namespaces
    #[arg(long, requires = "json")]
    nested: bool,
    /// The JSON without asking what is up to date
    #[arg(long, requires = "json")]
    no_status: bool,
    /// As a tree: below each task what it calls
    #[arg(long, conflicts_with_all = ["json", "silent"])]
    tree: bool,
    /// Names only, aliases too
    #[arg(short, long)]
    silent: bool,
    /// Order of the list
    #[arg(long, value_enum, default_value_t = Sort::Default)]
    sort: Sort,
    /// Colours, even where there is no terminal; =false for none
    #[arg(short, long)]
    color: Option<bool>,
    #[command(flatten)]
    locate: Locate,
}

impl From<ListLine> for ListArgs {
    fn from(line: ListLine) -> ListArgs {
        ListArgs {
            all: line.all,
            json: line.json,
            nested: line.nested,
            no_status: line.no_status,
            tree: line.tree,
            names_only: line.silent,
            sort: line.sort,
            color: line.color,
            remote: RemoteFlags::default(),
            yes: false,
            program: Program::Par,
            locate: line.locate,
        }
    }
}

/// `par plan …`
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(
    name = "par plan",
    about = "Shows what would run, in which order, and how much time running in parallel saves",
    override_usage = "par plan [FLAGS] [TASK…] [VAR=value…]",
    after_help = "Examples:\n  par plan qa           levels, critical path, estimated times\n  par plan -j 8 --json  the same for 8 jobs, for programs"
)]
pub struct PlanLine {
    /// As JSON, like --format json
    #[arg(long)]
    pub json: bool,
    /// text; table: can start, blocks, parallel with; json; dot, mermaid or html: as a picture
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    pub format: PlanFormat,
    /// In parallel.
    #[command(flatten)]
    pub own: ParallelFlags,
    /// Which Taskfile.
    #[command(flatten)]
    pub locate: Locate,
    /// Tasks; with a `=` it is a variable
    #[arg(value_name = "TASK|VAR=value")]
    pub words: Vec<String>,
}

/// `par why …`
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(
    name = "par why",
    about = "Says whether tasks would run, and what changed since they last succeeded",
    override_usage = "par why [FLAGS] [TASK…] [VAR=value…]",
    after_help = "It tells of the tasks named and of those that they need.\n\nExamples:\n  par why build          which files, commands, variables, outputs changed\n  par why build --json   the same for programs"
)]
pub struct WhyLine {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Which Taskfile.
    #[command(flatten)]
    pub locate: Locate,
    /// Tasks; with a `=` it is a variable
    #[arg(value_name = "TASK|VAR=value")]
    pub words: Vec<String>,
}

/// How a plan is shown.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlanFormat {
    /// Levels, the critical path, times.
    #[default]
    Text,
    /// For each task, when it can start, what it blocks, what it may run beside.
    Table,
    /// For programs.
    Json,
    /// For Graphviz.
    Dot,
    /// For Markdown that shows Mermaid.
    Mermaid,
    /// A page for a browser.
    Html,
}

/// `par logs …`
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(
    name = "par logs",
    about = "Shows what the tasks of a run wrote",
    override_usage = "par logs [FLAGS] [RUN] [TASK]",
    after_help = LOGS_EXAMPLES
)]
pub struct LogsLine {
    /// The run (its id or how it begins, or `latest`), or a task of the latest run
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// A task of that run
    #[arg(value_name = "TASK")]
    pub task: Option<String>,
    /// Only tasks that failed
    #[arg(long)]
    pub failed: bool,
    /// Go on until the run ends
    #[arg(short, long)]
    pub follow: bool,
    /// List the runs instead
    #[arg(long)]
    pub runs: bool,
    /// Which Taskfile.
    #[command(flatten)]
    pub locate: Locate,
}

const LOGS_EXAMPLES: &str = "\
Examples:
  par logs             everything of the latest run
  par logs build       the task build of the latest run
  par logs --failed    only what failed
  par logs -f          also what is still to come
  par logs --runs      which runs there are";

/// `par rerun …`
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(
    name = "par rerun",
    about = "Runs an earlier run again: all of it, what it did not finish, or what failed in it",
    override_usage = "par rerun [FLAGS] [RUN] [VAR=value…]",
    after_help = "The command line is that of the run; VAR=value is added to it. Without RUN it is the latest.\n\nExamples:\n  par rerun                     the latest run again\n  par rerun --resume            go on where it stopped: what succeeded is not run again\n  par rerun --failed            only the tasks that failed, by their names\n  par rerun 20260102 --resume   that run"
)]
pub struct RerunLine {
    /// Go on where the run stopped: tasks that succeeded in it are not run again
    #[arg(long)]
    pub resume: bool,
    /// Only the tasks that failed, not those that were skipped because of them
    #[arg(long, conflicts_with = "resume")]
    pub failed: bool,
    /// Which Taskfile.
    #[command(flatten)]
    pub locate: Locate,
    /// The run (its id or how it begins, or `latest`); with a `=` it is a variable
    #[arg(value_name = "RUN|VAR=value")]
    pub words: Vec<String>,
}

/// `par ps …`
#[derive(Parser, Clone, Copy, PartialEq, Eq, Debug)]
#[command(
    name = "par ps",
    about = "Shows your runs that go on, in whatever project, and how their tasks stand",
    override_usage = "par ps [FLAGS]",
    after_help = "Examples:\n  par ps          what runs, is queued, comes next, is blocked\n  par ps --json   the same for programs"
)]
pub struct PsLine {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `par cancel …`
#[derive(Parser, Clone, PartialEq, Eq, Debug)]
#[command(
    name = "par cancel",
    about = "Stops a run, or one task of it, and waits until that has ended",
    override_usage = "par cancel RUN [TASK]",
    after_help = "Deferred commands run; what ignores the polite signal is killed after the grace of its run.\n\nExamples:\n  par cancel latest          the run that began last\n  par cancel 20260102 test   the task test of the run whose id begins so"
)]
pub struct CancelLine {
    /// The run: its id or how it begins, or `latest`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// A task of it, by name or task id
    #[arg(value_name = "TASK")]
    pub task: Option<String>,
}

/// `par health …`
#[derive(Parser, Clone, Copy, PartialEq, Eq, Debug)]
#[command(
    name = "par health",
    about = "Tells whether your runs are alive: stale after 90 s without a heartbeat, dead without a process",
    override_usage = "par health [FLAGS]",
    after_help = "The exit code is 0 when all are healthy, 1 when one is not.\n\nExamples:\n  par health          a line for each run\n  par health --json   the same for programs"
)]
pub struct HealthLine {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `par init …`
#[derive(Parser, Clone, PartialEq, Eq, Debug, Default)]
#[command(
    name = "par init",
    about = "Writes a Taskfile to begin with",
    override_usage = "par init [PATH]",
    after_help = "Examples:\n  par init           Taskfile.yml here\n  par init sub       sub/Taskfile.yml, when sub is a directory\n  par init .yaml     Taskfile.yaml\n  par init build.yml that file"
)]
pub struct InitLine {
    /// A file, a directory, or an extension
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Whose Taskfile to begin with.
    #[arg(skip)]
    pub program: Program,
}

/// `par config …`
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(
    name = "par config",
    about = "Shows every setting and where it comes from",
    override_usage = "par config [FLAGS]",
    after_help = "Examples:\n  par config                  what counts here\n  PAR_JOBS=50% par config     what an environment variable changes\n  par config --json -j 4      the same for programs, with a flag"
)]
pub struct ConfigLine {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// In parallel.
    #[command(flatten)]
    pub own: ParallelFlags,
    /// go-task's flags.
    #[command(flatten)]
    pub flags: Flags,
    /// Which Taskfile.
    #[command(flatten)]
    pub locate: Locate,
}

/// `par completions …`
#[derive(Parser, Debug)]
#[command(
    name = "par completions",
    about = "Prints a completion script for a shell",
    override_usage = "par completions SHELL",
    after_help = "Names of tasks, variables that they require and values that these may have come from the Taskfile.\n\nExamples:\n  source <(par completions bash)\n  par completions fish > ~/.config/fish/completions/par.fish"
)]
pub(super) struct CompletionsLine {
    /// bash, zsh, fish, powershell or nushell
    #[arg(value_enum)]
    pub shell: CompletionShell,
}

/// A shell that can be told of our words.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompletionShell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// nushell
    Nushell,
}

impl CompletionShell {
    /// What they are called.
    pub const NAMES: [&str; 5] = ["bash", "zsh", "fish", "powershell", "nushell"];
}

/// `par schema`
#[derive(Parser, Debug)]
#[command(
    name = "par schema",
    about = "Prints the JSON schema of Taskfiles, for editors",
    override_usage = "par schema",
    after_help = "Examples:\n  par schema > taskfile.schema.json\n  # and in the first line of the Taskfile:\n  # yaml-language-server: $schema=taskfile.schema.json"
)]
pub(super) struct SchemaLine {}

/// `par man`
#[derive(Parser, Debug)]
#[command(
    name = "par man",
    about = "Prints the manual page",
    override_usage = "par man",
    after_help = "Examples:\n  par man | man -l -\n  par man > ~/.local/share/man/man1/par.1"
)]
pub(super) struct ManLine {}

/// `par convert …`
#[derive(Parser, Clone, PartialEq, Eq, Debug)]
#[command(
    name = "par convert",
    about = "Makes a Taskfile of a Makefile or a justfile, as far as they have it in common",
    override_usage = "par convert FILE",
    after_help = "What has no counterpart is named, with its line, at the top of the result and on stderr.\n\nExamples:\n  par convert Makefile > Taskfile.yml\n  par convert justfile > Taskfile.yml"
)]
pub struct ConvertLine {
    /// A Makefile, or a file whose name has `just` in it
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
}
