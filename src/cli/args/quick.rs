//! Command lines that are understood without clap, which takes a fifth of a millisecond.
//!
//! Those that people and scripts mostly write: names of tasks, variables, and the common flags in their plain
//! form. What is written otherwise, or wrong, is clap's; both say the same of all others.

use super::{Program, RunArgs, requested};
use crate::cli::commands::Subcommand;
use crate::cli::flags::{self, ModeFlags, Words};
use crate::cli::list::ListArgs;
use crate::cli::usage;

/// The run that a line asks for.
pub(super) fn run(words: &[&str]) -> Option<RunArgs> {
    let mut run = RunArgs::default();
    let mut said = Words { words: Vec::new(), args: Vec::new() };
    let mut names_something = false;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if word == "--" {
            said.args.extend(words.by_ref().map(String::from));
        } else if word.starts_with('-') {
            flag(&mut run, word, &mut words)?;
        } else if word.is_empty() {
            return None;
        } else if names_something || word.contains('=') {
            said.words.push(word.into());
        } else {
            names_something = true;
            match word {
                "run" => {}
                _ if word.starts_with(':') || Subcommand::named(word).is_some() => return None,
                _ => said.words.push(word.into()),
            }
        }
    }
    let RunArgs { tasks, vars, args, .. } = requested(Program::Par, said);
    let run = RunArgs { tasks, vars, args, ..run };
    usage::exclusions(&run, &ModeFlags::default(), false).ok().map(|()| run)
}

fn flag<'a>(run: &mut RunArgs, word: &str, rest: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    let mut value = || rest.next().filter(|value| !value.is_empty() && !value.starts_with('-'));
    let (own, run, output) = (&mut run.own, &mut run.flags.run, &mut run.flags.output);
    if let Some(jobs) = word.strip_prefix("-j")
        && jobs.starts_with(|first: char| first.is_ascii_digit())
    {
        own.jobs = Some(flags::jobs(jobs).ok()?);
        return Some(());
    }
    match word {
        "-j" | "--jobs" => own.jobs = Some(flags::jobs(value()?).ok()?),
        "--grace" => own.grace = Some(flags::duration(value()?).ok()?),
        "-k" | "--keep-going" => own.keep_going = Some(true),
        "--sequential" => own.sequential = Some(true),
        "-o" | "--output" => output.output = Some(value()?.into()),
        "-C" | "--concurrency" => run.concurrency = Some(flags::integer(value()?).ok()?),
        "-F" | "--failfast" => run.failfast = Some(true),
        "-f" | "--force" => run.force = Some(true),
        "-n" | "--dry" => run.dry = Some(true),
        "-s" | "--silent" => run.silent = Some(true),
        "-v" | "--verbose" => run.verbose = Some(true),
        "-y" | "--yes" => run.yes = Some(true),
        _ => return None,
    }
    Some(())
}

/// The list that a line asks for that begins with `list`, if no task is called that.
pub(super) fn list(words: &[&str]) -> Option<ListArgs> {
    let (&"list", flags) = words.split_first()? else { return None };
    let mut list = ListArgs::default();
    for flag in flags {
        match *flag {
            "-a" | "--all" => list.all = true,
            "--json" => list.json = true,
            "-s" | "--silent" => list.names_only = true,
            _ => return None,
        }
    }
    Some(list)
}
