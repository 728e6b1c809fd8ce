//! From settings and words to what planning wants to know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{GO_TASK, Program, Purpose, RunArgs};
use super::settings::{OutputMode, Settings};
use crate::fingerprint::{Fingerprints, Traces};
use crate::host::Host;
use crate::resolve::{self, Compat, Request};
use crate::taskfile::model::Model;
use crate::value::Value;

/// What planning wants to know of a request to run tasks.
pub fn planning(
    args: &RunArgs,
    settings: &Settings,
    model: &Model,
    host: &dyn Host,
) -> resolve::Settings {
    let output = match &settings.output.value {
        OutputMode::Style(style) => Some(style.clone()),
        OutputMode::Auto | OutputMode::KeepOrder | OutputMode::Errors => None,
    };
    resolve::Settings {
        force: settings.force.value,
        dry: settings.dry.value,
        silent: settings.silent.value,
        verbose: settings.verbose.value,
        yes: settings.yes.value,
        offline: args.flags.remote.offline.unwrap_or(false),
        parallel: settings.together.value,
        keep_going: settings.keep_going.value,
        fail_fast: settings.fail_fast.value,
        unlimited: args.purpose == Purpose::Watch,
        cli_vars: args.vars.iter().map(|(k, v)| (k.as_str().into(), Value::str(&**v))).collect(),
        cli_args: args.args.iter().map(|arg| arg.as_str().into()).collect(),
        precedence: settings.precedence.value,
        output,
        pools: pools(settings, model),
        max_parallel: settings.max_parallel.value,
        ..bare(args.program, host)
    }
}

/// What is limited in a run: the pools of the settings, and agents.
pub fn pools(settings: &Settings, model: &Model) -> BTreeMap<Arc<str>, u32> {
    let mut pools = settings.pools.value.clone();
    pools.extend(resolve::agent_pools(model));
    pools
}

/// The same when nothing was said.
pub fn bare(program: Program, host: &dyn Host) -> resolve::Settings {
    let (compat, name) = match program {
        Program::Par => (Compat::Par, "par"),
        Program::Task => (Compat::GoTask, "task"),
    };
    let called = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
    resolve::Settings {
        compat,
        task_exe: called.as_deref().unwrap_or(name).into(),
        version: GO_TASK.into(),
        user_working_dir: host.cwd(),
        ..resolve::Settings::default()
    }
}

/// The tasks of the command line; without one, `default`.
pub fn requests(tasks: &[String]) -> Vec<Request> {
    match tasks {
        [] => vec![Request::new("default")],
        tasks => tasks.iter().map(|task| Request::new(Arc::from(task.as_str()))).collect(),
    }
}

/// What is remembered of the tasks of a Taskfile in `root`, each name of ours in its own way.
pub fn fingerprints(
    program: Program,
    temp_dir: &Option<PathBuf>,
    root: &Path,
    traces: Traces,
    host: &dyn Host,
) -> Fingerprints {
    match program {
        Program::Par => Fingerprints::safe(root, traces),
        Program::Task => Fingerprints::go_task(go_task_folder(temp_dir, root, host), traces),
    }
}

/// Where go-task keeps what it remembers of the tasks of a Taskfile in `root`. Several projects may
/// share a folder that is not given relative to the project.
fn go_task_folder(asked: &Option<PathBuf>, root: &Path, host: &dyn Host) -> PathBuf {
    let asked = asked.as_deref().filter(|path| !path.as_os_str().is_empty());
    let asked = asked.unwrap_or(Path::new(".task"));
    let home = |rest: &Path| Path::new(&host.env("HOME").unwrap_or_default()).join(rest);
    let project = root.file_name().unwrap_or_default();
    match asked.strip_prefix("~") {
        Ok(rest) => home(rest).join(project),
        Err(_) if asked.is_absolute() => asked.join(project),
        Err(_) => root.join(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    #[test]
    fn a_shared_folder_has_one_for_each_project() {
        let host = Fake::new().with_env("HOME", "/home/u");
        let folder = |asked: Option<&str>| {
            let asked = asked.map(PathBuf::from);
            go_task_folder(&asked, Path::new("/w/project"), &host).display().to_string()
        };
        assert_eq!(folder(None), "/w/project/.task");
        assert_eq!(folder(Some("")), "/w/project/.task");
        assert_eq!(folder(Some("../state")), "/w/project/../state");
        assert_eq!(folder(Some("/tmp/state")), "/tmp/state/project");
        assert_eq!(folder(Some("~/state")), "/home/u/state/project");
    }
}
