//! The flags, as they are written: what each is called and what it takes.
//!
//! Knows words, not what follows from them: every field is absent until the command line says it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

use crate::taskfile;
use crate::taskfile::model::Jobs;

/// Where the Taskfile is.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "Which Taskfile")]
pub struct Locate {
    /// The Taskfile, or the directory it is in; `-` reads it from stdin
    #[arg(short, long, value_name = "FILE", value_parser = path)]
    pub taskfile: Option<PathBuf>,
    /// Look for the Taskfile from DIR on upwards; with -t, run its tasks in DIR
    #[arg(short, long, value_name = "DIR", value_parser = path)]
    pub dir: Option<PathBuf>,
    /// Use the Taskfile of the home directory
    #[arg(short, long)]
    pub global: Option<bool>,
}

/// go-task's flags about how tasks run.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "How tasks run")]
pub struct RunFlags {
    /// Run even what is up to date
    #[arg(short, long)]
    pub force: Option<bool>,
    /// Like --force, for dependencies and called tasks too
    #[arg(long, hide = true)]
    pub force_all: Option<bool>,
    /// Print what would run, run nothing
    #[arg(short = 'n', long)]
    pub dry: Option<bool>,
    /// Do not print commands before they run
    #[arg(short, long)]
    pub silent: Option<bool>,
    /// Say more
    #[arg(short, long)]
    pub verbose: Option<bool>,
    /// Answer every prompt with yes
    #[arg(short, long)]
    pub yes: Option<bool>,
    /// Exit with the exit code of the command that failed
    #[arg(short = 'x', long)]
    pub exit_code: Option<bool>,
    /// Start the tasks of the command line together
    #[arg(short, long)]
    pub parallel: Option<bool>,
    /// When one task fails, stop those that run beside it
    #[arg(short = 'F', long)]
    pub failfast: Option<bool>,
    /// At most N at a time; 0 is no limit
    #[arg(short = 'C', long, value_name = "N", value_parser = integer)]
    pub concurrency: Option<i64>,
    /// Ask for required variables that are missing
    #[arg(long)]
    pub interactive: Option<bool>,
    /// Do not guess which task was meant
    #[arg(long)]
    pub disable_fuzzy: Option<bool>,
    /// Debounce of --watch, as 500ms
    #[arg(short = 'I', long, value_name = "DURATION", value_parser = duration)]
    pub interval: Option<Duration>,
    /// Directory for checksums and time stamps
    #[arg(long, value_name = "DIR", value_parser = path)]
    pub temp_dir: Option<PathBuf>,
}

/// go-task's flags about what is shown.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "What is shown")]
pub struct OutputFlags {
    /// interleaved, group, prefixed, keep-order, errors or auto
    #[arg(short, long, value_name = "MODE")]
    pub output: Option<String>,
    /// Printed before a group
    #[arg(long, value_name = "TEMPLATE")]
    pub output_group_begin: Option<String>,
    /// Printed after a group
    #[arg(long, value_name = "TEMPLATE")]
    pub output_group_end: Option<String>,
    /// Only groups of commands that failed
    #[arg(long)]
    pub output_group_error_only: Option<bool>,
    /// Colours, even where there is no terminal; =false for none
    #[arg(short, long)]
    pub color: Option<bool>,
}

/// go-task's flags that do something else than running tasks.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "Instead of running")]
pub struct ModeFlags {
    /// List tasks with a description
    #[arg(short, long)]
    pub list: Option<bool>,
    /// List all tasks
    #[arg(short = 'a', long)]
    pub list_all: Option<bool>,
    /// Order of the list: default, alphanumeric or none
    #[arg(long, value_name = "ORDER")]
    pub sort: Option<String>,
    /// The JSON list by namespaces
    #[arg(long)]
    pub nested: Option<bool>,
    /// The JSON list without asking what is up to date
    #[arg(long)]
    pub no_status: Option<bool>,
    /// Exit with 1 when one of the tasks is not up to date
    #[arg(long)]
    pub status: Option<bool>,
    /// Show the summary of the tasks
    #[arg(long)]
    pub summary: Option<bool>,
    /// Run again when sources change
    #[arg(short, long)]
    pub watch: Option<bool>,
    /// Write a new Taskfile
    #[arg(short, long)]
    pub init: Option<bool>,
    /// Print completions for a shell
    #[arg(long, value_name = "SHELL")]
    pub completion: Option<String>,
    /// List the experiments of go-task that are on
    #[arg(long, hide = true)]
    pub experiments: Option<bool>,
    /// Print the version
    #[arg(long)]
    pub version: Option<bool>,
}

/// go-task's flags about Taskfiles from the network.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "Taskfiles from the network")]
pub struct RemoteFlags {
    /// Certificate authorities for HTTPS
    #[arg(long, value_name = "FILE", value_parser = path, hide_short_help = true)]
    pub cacert: Option<PathBuf>,
    /// Client certificate for HTTPS
    #[arg(long, value_name = "FILE", value_parser = path, hide_short_help = true)]
    pub cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", value_parser = path, hide_short_help = true)]
    pub cert_key: Option<PathBuf>,
    /// Remove what was downloaded
    #[arg(long, hide_short_help = true)]
    pub clear_cache: Option<bool>,
    /// Download again
    #[arg(long, hide_short_help = true)]
    pub download: Option<bool>,
    /// How long a download is good for
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub expiry: Option<Duration>,
    /// Allow connections without encryption
    #[arg(long, hide_short_help = true)]
    pub insecure: Option<bool>,
    /// Use only what was downloaded before
    #[arg(long, hide_short_help = true)]
    pub offline: Option<bool>,
    /// Where downloads are kept
    #[arg(long, value_name = "DIR", value_parser = path, hide_short_help = true)]
    pub remote_cache_dir: Option<PathBuf>,
    /// Longest time of a download
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub timeout: Option<Duration>,
    /// Hosts that need no question, separated by commas
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', hide_short_help = true)]
    pub trusted_hosts: Vec<String>,
}

/// `par`'s own flags.
#[derive(Args, Clone, PartialEq, Debug, Default)]
#[command(next_help_heading = "In parallel")]
pub struct ParallelFlags {
    /// Processes at the same time: a number, a share of the CPUs, or auto
    #[arg(short, long, value_name = "N|50%|auto", value_parser = jobs)]
    pub jobs: Option<Jobs>,
    /// One at a time, in the order of the file
    #[arg(long)]
    pub sequential: Option<bool>,
    /// When a task of the command line fails, run the next ones all the same
    #[arg(short, long)]
    pub keep_going: Option<bool>,
    /// From the polite signal to KILL, as 5s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub grace: Option<Duration>,
    /// Stop the whole run when it has taken this long, as 10m
    #[arg(long, value_name = "DURATION", value_parser = limit)]
    pub deadline: Option<Duration>,
    /// Start nothing more while the CPUs are busier than SHARE, as 80%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub load: Option<u32>,
    /// Start nothing more while less than SIZE of memory is available, as 512MiB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// Run what failed again, one at a time: none or sequential
    #[arg(long, value_name = "HOW", value_parser = fallback)]
    pub fallback: Option<Fallback>,
    /// Tell every command of the jobserver, not only make, ninja, cargo and what starts them
    #[arg(long)]
    pub strict_jobs: Option<bool>,
    /// Warnings about the Taskfile are errors
    #[arg(long)]
    pub strict: Option<bool>,
    /// Read settings from FILE instead of the nearest .par.yml
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub config: Option<PathBuf>,
    /// Write what happens as JSON lines
    #[arg(long, value_name = "FILE|fd:N")]
    pub events: Option<String>,
}

/// What a run can be told.
#[derive(Args, Clone, PartialEq, Debug, Default)]
pub struct Flags {
    /// How tasks run.
    #[command(flatten)]
    pub run: RunFlags,
    /// What is shown.
    #[command(flatten)]
    pub output: OutputFlags,
    /// Taskfiles from the network.
    #[command(flatten)]
    pub remote: RemoteFlags,
}

/// `par run …`
#[derive(Parser, Debug)]
#[command(
    name = "par run",
    about = "Runs tasks, what is independent at the same time",
    after_help = RUN_EXAMPLES,
    override_usage = "par [run] [FLAGS] [TASK…] [VAR=value…] [-- ARGS…]"
)]
pub(super) struct RunLine {
    #[command(flatten)]
    pub own: ParallelFlags,
    #[command(flatten)]
    pub flags: Flags,
    #[command(flatten)]
    pub locate: Locate,
    #[command(flatten)]
    pub mode: ModeFlags,
    /// The list as JSON
    #[arg(long, help_heading = "Instead of running")]
    pub json: Option<bool>,
    #[command(flatten)]
    pub words: Words,
}

/// `par watch …`
#[derive(Parser, Debug)]
#[command(
    name = "par watch",
    about = "Runs tasks, and each again whenever one of its sources or the Taskfile changes",
    override_usage = "par watch [FLAGS] [TASK…] [VAR=value…] [-- ARGS…]",
    after_help = "What still runs is ended before it begins again. ^C ends the watch.\n\nExamples:\n  par watch test               test, and again when its sources change\n  par watch build server       two tasks, each when its own sources change\n  par watch -I 500ms build     not before nothing has changed for half a second"
)]
pub(super) struct WatchLine {
    #[command(flatten)]
    pub own: ParallelFlags,
    #[command(flatten)]
    pub flags: Flags,
    #[command(flatten)]
    pub locate: Locate,
    #[command(flatten)]
    pub words: Words,
}

/// `task …`: go-task's command line.
#[derive(Parser, Debug)]
#[command(
    name = "task",
    about = "Runs tasks of a Taskfile; without a name, the task `default`",
    override_usage = "task [FLAGS…] [TASK…] [VAR=value…] [-- ARGS…]"
)]
pub(super) struct TaskLine {
    #[command(flatten)]
    pub flags: Flags,
    #[command(flatten)]
    pub locate: Locate,
    #[command(flatten)]
    pub mode: ModeFlags,
    /// The list as JSON
    #[arg(short, long, help_heading = "Instead of running")]
    pub json: Option<bool>,
    #[command(flatten)]
    pub words: Words,
}

/// What is no flag.
#[derive(Args, Debug)]
pub(super) struct Words {
    /// Tasks; with a `=` it is a variable
    #[arg(value_name = "TASK|VAR=value", hide = true)]
    pub words: Vec<String>,
    /// Arguments for the tasks: {{.CLI_ARGS}}
    #[arg(last = true, value_name = "ARGS", hide = true)]
    pub args: Vec<String>,
}

const RUN_EXAMPLES: &str = "\
Examples:
  par                          the task `default`
  par build test               build, then test
  par -p build test            both at once
  par -j 50% build ENV=prod    on half of the CPUs, with a variable
  par test -- -k login         {{.CLI_ARGS}} is `-k login`
  USE_PARALLEL=false par qa    one at a time, in the order of the file

While it runs, the key `t`, or the signal USR1, tells what runs and for how long.";

/// `4`, `50%` or `auto`.
pub(super) fn jobs(text: &str) -> Result<Jobs, String> {
    taskfile::jobs(text).ok_or_else(|| "expected a number from 1, a share as 50%, or auto".into())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    taskfile::duration(text).ok_or_else(|| "expected a duration as 90s or 1h30m".into())
}

fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        none if none.is_zero() => Err("expected a duration above zero".into()),
        some => Ok(some),
    }
}

fn share(text: &str) -> Result<u32, String> {
    taskfile::percent(text).ok_or_else(|| "expected a share from 1% to 100%".into())
}

fn size(text: &str) -> Result<u64, String> {
    taskfile::size(text).ok_or_else(|| "expected an amount of memory as 512MiB or 3GiB".into())
}

/// What becomes of tasks that failed side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fallback {
    /// Nothing.
    None,
    /// They run again, one at a time.
    Sequential,
}

fn fallback(text: &str) -> Result<Fallback, String> {
    match text {
        "none" => Ok(Fallback::None),
        "sequential" => Ok(Fallback::Sequential),
        _ => Err("expected none or sequential".into()),
    }
}

pub(super) fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected a number".into())
}

fn path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

/// Go's spellings of a truth, which is what flags of go-task take after `=`.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_a_number_a_share_or_auto() {
        assert_eq!(jobs("4"), Ok(Jobs::Count(4)));
        assert_eq!(jobs("50%"), Ok(Jobs::Percent(50)));
        assert_eq!(jobs("auto"), Ok(Jobs::Auto));
        for wrong in ["0", "-1", "", "%", "0%", "4.5", "many"] {
            assert!(jobs(wrong).is_err(), "{wrong}");
        }
    }
}
