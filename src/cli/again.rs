//! The command line that finds the plan of a run again: which Taskfile, which variables, which arguments.

use std::path::Path;

use super::args::RunArgs;
use super::flags::{Locate, RemoteFlags};
use crate::host::Host;
use crate::report::{Again, typed};
use crate::resolve::is_telling;

/// What a task of this run needs around its name to be the same task once more. How it runs (slots, what is
/// shown) is not part of it.
pub(super) fn of(args: &RunArgs, host: &dyn Host) -> Again {
    let vars = args.vars.iter().map(|(name, value)| (name.clone(), variable(name, value)));
    Again { before: before(args, host), vars: vars.collect(), arguments: args.args.clone() }
}

/// A value that nobody should see is not shown: the shell takes it from its environment, or says that it is not there.
fn variable(name: &str, value: &str) -> String {
    match is_telling(name) {
        true => format!("{name}=\"${{{name}:?}}\""),
        false => quoted(&format!("{name}={value}")),
    }
}

fn before(args: &RunArgs, host: &dyn Host) -> Option<String> {
    // What came through a pipe does not come again.
    if args.locate.taskfile.as_deref() == Some(Path::new("-")) {
        return None;
    }
    let mut line = elsewhere(args, host);
    line.extend([program(), "run".into()]);
    locate(&args.locate, &mut line);
    let run = &args.flags.run;
    let flags = [(run.force, "--force"), (run.force_all, "--force-all"), (run.yes, "--yes")];
    line.extend(
        flags.iter().filter(|(given, _)| *given == Some(true)).map(|(_, flag)| flag.to_string()),
    );
    path(args.own.config.as_deref(), "--config", &mut line);
    path(run.temp_dir.as_deref(), "--temp-dir", &mut line);
    remote(&args.flags.remote, &mut line);
    Some(line.join(" "))
}

/// A run that repeats another one stands where that one was made, which may not be where the user is.
fn elsewhere(args: &RunArgs, host: &dyn Host) -> Vec<String> {
    let here = host.cwd();
    let there = host.env("PWD").and_then(|there| std::fs::canonicalize(there).ok());
    let is_elsewhere = args.repeats.is_some() && there.is_some_and(|there| there != here);
    match is_elsewhere {
        true => vec!["cd".into(), quoted(&here.to_string_lossy()), "&&".into()],
        false => Vec::new(),
    }
}

/// As it was called: by its name, or where it lies if it is not on the PATH.
fn program() -> String {
    let called = std::env::args_os().next().unwrap_or_default().to_string_lossy().into_owned();
    match called.contains('/') {
        true => quoted(&called),
        false => "par".into(),
    }
}

fn locate(locate: &Locate, line: &mut Vec<String>) {
    path(locate.taskfile.as_deref(), "-t", line);
    path(locate.dir.as_deref(), "-d", line);
    if locate.global == Some(true) {
        line.push("-g".into());
    }
}

fn remote(flags: &RemoteFlags, line: &mut Vec<String>) {
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    line.extend(is(flags.insecure).then(|| "--insecure".into()));
    line.extend(is(flags.offline).then(|| "--offline".into()));
    path(flags.cacert.as_deref(), "--cacert", line);
    path(flags.cert.as_deref(), "--cert", line);
    path(flags.cert_key.as_deref(), "--cert-key", line);
    path(flags.remote_cache_dir.as_deref(), "--remote-cache-dir", line);
    if !flags.trusted_hosts.is_empty() {
        line.extend(["--trusted-hosts".into(), quoted(&flags.trusted_hosts.join(","))]);
    }
}

fn path(given: Option<&Path>, flag: &str, line: &mut Vec<String>) {
    if let Some(given) = given {
        line.extend([flag.into(), quoted(&given.to_string_lossy())]);
    }
}

fn quoted(word: &str) -> String {
    // Only zeros cannot be quoted, and no argument of a process has one.
    typed(word).unwrap_or_else(|| word.into())
}
