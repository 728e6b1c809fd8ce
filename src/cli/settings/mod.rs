//! How this run is done: flags, environment and files in one value, each part of which knows who decided it.
//!
//! Runs nothing and prints nothing; the number of CPUs comes from the caller.

mod environment;
mod files;
mod output;
mod rows;
mod taskrc;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::args::Program;
use super::flags::{Fallback, Flags, ParallelFlags, RunFlags};
use crate::diag::{Diagnostic, Fault};
use crate::resolve::{Force, Precedence};
use crate::taskfile::model::{Jobs, Model, Parallel};
use crate::term::Colours;

pub use environment::Environment;
pub use files::{Loaded, load};
pub use output::OutputMode;
pub use rows::Row;
pub use taskrc::{remote as remote_taskrc, with_taskrc};

/// A value and who decided it.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting<T> {
    /// What counts.
    pub value: T,
    /// Who says so.
    pub origin: Origin,
}

impl<T> Deref for Setting<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Who decided a setting, the mightiest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This flag.
    Flag(&'static str),
    /// This environment variable.
    Environment(&'static str),
    /// This file of go-task's settings.
    GoTask(PathBuf),
    /// This `.par.yml`.
    Project(PathBuf),
    /// This Taskfile.
    Taskfile(PathBuf),
    /// This file of the user's.
    User(PathBuf),
    /// Nobody.
    Default,
}

/// Everything a run can be told, decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `false`: one at a time, in the order of the file.
    pub parallel: Setting<bool>,
    /// Slots as written; `None` is no limit.
    pub jobs: Setting<Option<Jobs>>,
    /// A cap on `auto`.
    pub max_jobs: Setting<Option<u32>>,
    /// Processes at the same time, from 1: what the three above come to. `u32::MAX` is no limit.
    pub slots: u32,
    /// From the polite signal to KILL.
    pub grace: Setting<Duration>,
    /// The run is stopped when it has taken this long.
    pub deadline: Setting<Option<Duration>>,
    /// Warn when a task shows no sign of life for this long.
    pub stall: Setting<Option<Duration>>,
    /// Without a terminal, say what runs when nothing was shown for this long; zero: never.
    pub silence: Setting<Duration>,
    /// Run what failed again, one at a time.
    pub fallback_sequential: Setting<bool>,
    /// Start nothing more while the CPUs are busier than this, in percent.
    pub load: Setting<Option<u32>>,
    /// Start nothing more while less memory than this is available, in bytes.
    pub memory: Setting<Option<u64>>,
    /// At most so many members of a stage at a time.
    pub max_parallel: Setting<Option<u32>>,
    /// What is limited and how much there is of it; each pool as the mightiest says that names it.
    pub pools: Setting<BTreeMap<Arc<str>, u32>>,
    /// How output is shown.
    pub output: Setting<OutputMode>,
    /// When to use colours.
    pub color: Setting<Colours>,
    /// Whether commands are echoed by nobody.
    pub silent: Setting<bool>,
    /// Whether we say more.
    pub verbose: Setting<bool>,
    /// Whether nothing is really run.
    pub dry: Setting<bool>,
    /// Whether every prompt is answered with yes.
    pub yes: Setting<bool>,
    /// Which tasks run although they are up to date.
    pub force: Setting<Force>,
    /// Whether our exit code is that of the command that failed.
    pub exit_code: Setting<bool>,
    /// Whether one failure stops what runs beside it.
    pub fail_fast: Setting<bool>,
    /// Whether the next tasks of the command line run after one that failed.
    pub keep_going: Setting<bool>,
    /// Whether the tasks of the command line start together.
    pub together: Setting<bool>,
    /// Whether missing variables are asked for.
    pub interactive: Setting<bool>,
    /// Whether a similar name is suggested for one that is not there.
    pub fuzzy: Setting<bool>,
    /// Whether every command is told of the jobserver.
    pub strict_jobs: Setting<bool>,
    /// Whether warnings about the Taskfile are errors.
    pub strict: Setting<bool>,
    /// Debounce of watch mode.
    pub interval: Setting<Duration>,
    /// Where checksums and time stamps are kept; `None` is `.task` beside the root Taskfile.
    pub temp_dir: Setting<Option<PathBuf>>,
    /// Whose value commands see when environment and Taskfile both have one.
    pub precedence: Setting<Precedence>,
    /// Where events go as JSON lines.
    pub events: Setting<Option<String>>,
}

impl Settings {
    /// So many slots of tasks that only wait may others have: none where somebody said a number. A cap on
    /// `auto` is one on all processes.
    pub fn lent(&self) -> u32 {
        match (self.parallel.value && self.jobs.value == Some(Jobs::Auto), self.max_jobs.value) {
            (false, _) => 0,
            (true, Some(cap)) => cap.saturating_sub(self.slots),
            (true, None) => self.slots.max(LENT),
        }
    }

    /// Every setting as text, for people.
    pub fn rows(&self) -> Vec<Row> {
        rows::of(self)
    }
}

/// What the command line says about settings.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Whose defaults count.
    pub program: Program,
    /// Our own flags.
    pub own: &'a ParallelFlags,
    /// go-task's flags.
    pub flags: &'a Flags,
}

/// What files say about settings.
#[derive(Clone, Debug, Default)]
pub struct Files<'a> {
    /// The nearest `.par.yml`.
    pub project: Option<(PathBuf, Parallel)>,
    /// The Taskfiles.
    pub taskfile: Option<&'a Model>,
    /// The user's own file.
    pub user: Option<(PathBuf, Parallel)>,
}

impl Files<'_> {
    fn first<T>(&self, key: impl Fn(&Parallel) -> Option<T>) -> Option<Setting<T>> {
        let project = self.project.iter().map(|(path, file)| (file, Origin::Project(path.clone())));
        let taskfile = self
            .taskfile
            .iter()
            .map(|model| (&model.parallel, Origin::Taskfile(model.entry.clone())));
        let user = self.user.iter().map(|(path, file)| (file, Origin::User(path.clone())));
        let mut files = project.chain(taskfile).chain(user);
        files.find_map(|(file, origin)| Some(Setting { value: key(file)?, origin }))
    }

    /// All pools, each with the size that the mightiest file gives it.
    fn pools(&self) -> Setting<BTreeMap<Arc<str>, u32>> {
        let origin = self.first(|file| (!file.pools.is_empty()).then_some(()));
        let origin = origin.map_or(Origin::Default, |setting| setting.origin);
        let project = self.project.iter().map(|(_, file)| file);
        let taskfile = self.taskfile.iter().map(|model| &model.parallel);
        let user = self.user.iter().map(|(_, file)| file);
        let mut value = BTreeMap::new();
        for file in user.chain(taskfile).chain(project) {
            value.extend(file.pools.iter().map(|(name, size)| (name.clone(), *size)));
        }
        Setting { value, origin }
    }
}

/// Decides everything. `cpus` counts how many this process may use, where that matters.
///
/// Errors name the flag or variable with a value that makes no sense; all are collected.
pub fn resolve(
    said: Said,
    environment: &Environment,
    files: &Files,
    cpus: impl Fn() -> u32,
) -> Result<Settings, Vec<Diagnostic>> {
    let mut errors = environment.errors.clone();
    if said.program == Program::Task
        && said.flags.run.force_all.is_some()
        && !environment.gentle_force
    {
        let unknown = Diagnostic::error(Fault::Usage, "there is no flag `--force-all`");
        errors.push(unknown.help("it belongs to the experiment GENTLE_FORCE, which is off"));
    }
    let output = output::decide_mode(said, environment, files.taskfile);
    let output = output.map_err(|error| errors.push(error)).ok();
    let Some(output) = output.filter(|_| errors.is_empty()) else { return Err(errors) };
    let Said { own, flags: Flags { run, output: shown, .. }, .. } = said;
    let env = environment;
    let parallel = decide(
        [
            flag(own.sequential.map(|one_at_a_time| !one_at_a_time), "--sequential"),
            env.parallel.clone(),
            files.first(|file| file.enabled),
        ],
        true,
    );
    let jobs = jobs(said, env, files);
    let max_jobs = decide([env.max_jobs.clone()], None);
    Ok(Settings {
        slots: slots(*parallel, *jobs, *max_jobs, cpus),
        parallel,
        jobs,
        max_jobs,
        grace: decide([flag(own.grace, "--grace"), files.first(|file| file.grace)], GRACE),
        deadline: decide([flag(own.deadline.map(Some), "--deadline")], None),
        stall: decide([files.first(|file| file.stall).map(some)], None),
        silence: decide([env.silence.clone()], SILENCE),
        fallback_sequential: decide(
            [
                flag(own.fallback.map(|how| how == Fallback::Sequential), "--fallback"),
                files.first(|file| file.fallback_sequential),
            ],
            false,
        ),
        load: optional(flag(own.load, "--load"), files.first(|file| file.load)),
        memory: optional(flag(own.memory, "--memory"), files.first(|file| file.memory)),
        max_parallel: optional(None, files.first(|file| file.max_parallel)),
        pools: files.pools(),
        output,
        color: color(shown.color, said.program, env),
        silent: truth(run.silent, "--silent", &env.silent),
        verbose: truth(run.verbose, "--verbose", &env.verbose),
        dry: truth(run.dry, "--dry", &env.dry),
        yes: truth(run.yes, "--yes", &env.yes),
        force: force(run, env),
        exit_code: truth(run.exit_code, "--exit-code", &None),
        fail_fast: truth(run.failfast, "--failfast", &env.fail_fast),
        keep_going: truth(own.keep_going, "--keep-going", &None),
        together: truth(run.parallel, "--parallel", &None),
        interactive: truth(run.interactive, "--interactive", &env.interactive),
        fuzzy: decide(
            [flag(run.disable_fuzzy.map(|off| !off), "--disable-fuzzy"), env.fuzzy.clone()],
            true,
        ),
        strict_jobs: truth(own.strict_jobs, "--strict-jobs", &None),
        strict: truth(own.strict, "--strict", &None),
        interval: interval(run.interval, files.taskfile),
        temp_dir: decide(
            [flag(run.temp_dir.clone().map(Some), "--temp-dir"), env.temp_dir.clone()],
            None,
        ),
        precedence: decide([env.precedence.clone()], Precedence::Machine),
        events: decide([flag(own.events.clone().map(Some), "--events")], None),
    })
}

/// So many slots at least are lent.
const LENT: u32 = 8;
const GRACE: Duration = Duration::from_secs(5);
/// A CI system may take a job that says nothing for dead, some after a few minutes.
const SILENCE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(100);

/// The first that says something, else the default.
fn decide<T>(said: impl IntoIterator<Item = Option<Setting<T>>>, default: T) -> Setting<T> {
    let decided = said.into_iter().flatten().next();
    decided.unwrap_or(Setting { value: default, origin: Origin::Default })
}

fn flag<T>(value: Option<T>, name: &'static str) -> Option<Setting<T>> {
    Some(Setting { value: value?, origin: Origin::Flag(name) })
}

fn truth(said: Option<bool>, name: &'static str, env: &Option<Setting<bool>>) -> Setting<bool> {
    decide([flag(said, name), env.clone()], false)
}

/// What may be said by nobody.
fn optional<T>(flag: Option<Setting<T>>, file: Option<Setting<T>>) -> Setting<Option<T>> {
    decide([flag.map(some), file.map(some)], None)
}

fn some<T>(setting: Setting<T>) -> Setting<Option<T>> {
    Setting { value: Some(setting.value), origin: setting.origin }
}

/// go-task forces what is called as well, unless its experiment makes it gentle.
fn force(run: &RunFlags, env: &Environment) -> Setting<Force> {
    let on = |flag: Option<bool>| flag.filter(|&on| on);
    let named = if env.gentle_force { Force::Named } else { Force::All };
    let all = flag(on(run.force_all).map(|_| Force::All), "--force-all");
    decide([all, flag(on(run.force).map(|_| named), "--force")], Force::No)
}

/// When to use colours. go-task listens to `NO_COLOR` even where the flag asks for them.
pub fn color(said: Option<bool>, program: Program, env: &Environment) -> Setting<Colours> {
    let is_deaf = program == Program::Task
        && said == Some(true)
        && env.color.as_ref().is_some_and(|color| color.origin == Origin::Environment(NO_COLOR));
    let forced = |on| if on { Colours::Always } else { Colours::Never };
    let said = flag(said.filter(|_| !is_deaf).map(forced), "--color");
    decide([said, env.color.clone()], Colours::Auto)
}

/// The variable that asks for no colours, see no-color.org.
const NO_COLOR: &str = "NO_COLOR";

fn interval(said: Option<Duration>, taskfile: Option<&Model>) -> Setting<Duration> {
    let written = taskfile.and_then(|model| {
        Some(Setting { value: model.interval?, origin: Origin::Taskfile(model.entry.clone()) })
    });
    decide([flag(said, "--interval"), written], INTERVAL)
}

/// Our own ways to say it come first; go-task's `-C 0` says nothing.
fn jobs(said: Said, env: &Environment, files: &Files) -> Setting<Option<Jobs>> {
    let limit = said.flags.run.concurrency.and_then(limit);
    let default = match said.program {
        Program::Par => Some(Jobs::Auto),
        Program::Task => None,
    };
    decide(
        [
            flag(said.own.jobs, "--jobs").map(some),
            flag(limit, "--concurrency").map(some),
            env.jobs.clone().map(some),
            files.first(|file| file.jobs).map(some),
        ],
        default,
    )
}

/// go-task's number of tasks at a time: none below 1.
fn limit(concurrency: i64) -> Option<Jobs> {
    let count = u32::try_from(concurrency).ok().filter(|&count| count > 0)?;
    Some(Jobs::Count(count))
}

fn slots(parallel: bool, jobs: Option<Jobs>, cap: Option<u32>, cpus: impl Fn() -> u32) -> u32 {
    match jobs {
        _ if !parallel => 1,
        None => u32::MAX,
        Some(Jobs::Count(count)) => count.max(1),
        Some(Jobs::Percent(share)) => {
            (u64::from(cpus()) * u64::from(share) / 100).clamp(1, u64::from(u32::MAX)) as u32
        }
        Some(Jobs::Auto) => cpus().min(cap.unwrap_or(u32::MAX)).max(1),
    }
}

#[cfg(test)]
mod tests;
