//! go-task's own settings: `.taskrc.yml`, and experiments in `.env`.
//!
//! They count where the environment says nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::environment::{ENV_PRECEDENCE, GENTLE_FORCE};
use super::files::start;
use super::{Environment, Origin, Setting};
use crate::cli::flags::Locate;
use crate::diag::{Diagnostic, Fault};
use crate::host::{Entry, Host};
use crate::resolve::Precedence;
use crate::term::Colours;

/// What one file says; unknown keys say nothing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Taskrc {
    verbose: Option<bool>,
    silent: Option<bool>,
    color: Option<bool>,
    disable_fuzzy: Option<bool>,
    concurrency: Option<i64>,
    interactive: Option<bool>,
    failfast: Option<bool>,
    temp_dir: Option<PathBuf>,
    experiments: BTreeMap<String, i64>,
}

/// The environment with what files of go-task's settings say below it.
pub fn with_taskrc(
    mut environment: Environment,
    locate: &Locate,
    host: &dyn Host,
) -> Result<Environment, Diagnostic> {
    let start = start(locate, host);
    experiments(&mut environment, &start.join(".env"), host);
    for path in paths(&start, host) {
        let Ok(text) = host.read(&path) else { continue };
        let file: Option<Taskrc> = serde_yaml::from_str(&text).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            Diagnostic::error(Fault::Decode, message)
        })?;
        file.unwrap_or_default().add_to(&mut environment, &path);
    }
    Ok(environment)
}

/// What is said of Taskfiles from the network.
#[derive(Deserialize, Default, Clone, Debug)]
#[serde(rename_all = "kebab-case", default)]
pub struct RemoteTaskrc {
    /// Connections may be without encryption.
    pub insecure: Option<bool>,
    /// Only copies are used.
    pub offline: Option<bool>,
    /// Longest time of a download.
    pub timeout: Option<String>,
    /// How long a copy is good for.
    pub cache_expiry: Option<String>,
    /// Where copies are kept.
    pub cache_dir: Option<PathBuf>,
    /// Hosts that need no question.
    pub trusted_hosts: Option<Vec<String>>,
    /// Certificate authorities.
    pub cacert: Option<PathBuf>,
    /// Our certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub cert_key: Option<PathBuf>,
}

/// What all files together say of Taskfiles from the network.
pub fn remote(locate: &Locate, host: &dyn Host) -> Result<RemoteTaskrc, Diagnostic> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Outer {
        remote: RemoteTaskrc,
    }
    let mut all = RemoteTaskrc::default();
    for path in paths(&start(locate, host), host) {
        let Ok(text) = host.read(&path) else { continue };
        let file: Option<Outer> = serde_yaml::from_str(&text).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", path.display());
            Diagnostic::error(Fault::Decode, message)
        })?;
        let next = file.unwrap_or_default().remote;
        all = RemoteTaskrc {
            insecure: all.insecure.or(next.insecure),
            offline: all.offline.or(next.offline),
            timeout: all.timeout.or(next.timeout),
            cache_expiry: all.cache_expiry.or(next.cache_expiry),
            cache_dir: all.cache_dir.or(next.cache_dir),
            trusted_hosts: all.trusted_hosts.or(next.trusted_hosts),
            cacert: all.cacert.or(next.cacert),
            cert: all.cert.or(next.cert),
            cert_key: all.cert_key.or(next.cert_key),
        };
    }
    Ok(all)
}

/// All of them, the one that counts most first: upwards, then at home, then the user's settings.
fn paths(start: &Path, host: &dyn Host) -> Vec<PathBuf> {
    let set = |name: &str| host.env(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let (home, config) = (set("HOME"), set("XDG_CONFIG_HOME"));
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    let near = start.ancestors().map(|dir| dir.join(".taskrc"));
    let far = [home.map(|home| home.join(".taskrc")), config.map(|dir| dir.join("task/taskrc"))];
    let stems = near.chain(far.into_iter().flatten());
    let files = stems.filter_map(|stem| {
        let named = |end: &str| PathBuf::from(format!("{}.{end}", stem.display()));
        [named("yml"), named("yaml")].into_iter().find(|p| host.entry(p) == Some(Entry::File))
    });
    files.collect()
}

impl Taskrc {
    fn add_to(self, environment: &mut Environment, path: &Path) {
        let negated = |on: Option<bool>| on.map(|on| !on);
        let is_on = |name: &str| self.experiments.get(name) == Some(&1);
        let short = |name: &'static str| name.trim_start_matches("TASK_X_");
        fill(&mut environment.verbose, self.verbose, path);
        fill(&mut environment.silent, self.silent, path);
        fill(&mut environment.fuzzy, negated(self.disable_fuzzy), path);
        fill(&mut environment.interactive, self.interactive, path);
        fill(&mut environment.fail_fast, self.failfast, path);
        fill(&mut environment.temp_dir, self.temp_dir.map(Some), path);
        fill(&mut environment.jobs, self.concurrency.and_then(super::limit), path);
        let off = self.color.filter(|on| !on).map(|_| Colours::Never);
        fill(&mut environment.color, off, path);
        let first = is_on(short(ENV_PRECEDENCE)).then_some(Precedence::Taskfile);
        fill(&mut environment.precedence, first, path);
        environment.gentle_force |= is_on(short(GENTLE_FORCE));
    }
}

fn experiments(environment: &mut Environment, path: &Path, host: &dyn Host) {
    let text = host.read(path).unwrap_or_default();
    for (name, value) in dotenvy::from_read_iter(text.as_bytes()).flatten() {
        match (name.as_str(), value.as_str()) {
            (ENV_PRECEDENCE, "1") => {
                fill(&mut environment.precedence, Some(Precedence::Taskfile), path);
            }
            (GENTLE_FORCE, "1") => environment.gentle_force = true,
            _ => {}
        }
    }
}

fn fill<T>(slot: &mut Option<Setting<T>>, value: Option<T>, path: &Path) {
    if let (None, Some(value)) = (&slot, value) {
        *slot = Some(Setting { value, origin: Origin::GoTask(path.into()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    fn read(host: &Fake) -> Environment {
        let environment = Environment::read(&|name| host.env(name));
        with_taskrc(environment, &Locate::default(), host).expect("no errors")
    }

    #[test]
    fn the_nearest_file_counts_key_by_key_below_the_environment() {
        let host = Fake::new()
            .stand_in("/w/a")
            .file("/w/a/.taskrc.yaml", "{silent: false, unknown: 1}")
            .file("/w/.taskrc.yml", "{silent: true, verbose: true, concurrency: 3}")
            .file("/h/.taskrc.yml", "{interactive: true, failfast: true}")
            .with_env("HOME", "/h")
            .with_env("TASK_VERBOSE", "false");
        let found = read(&host);
        let from = |path: &str| Origin::GoTask(path.into());
        let said = |value, origin| Some(Setting { value, origin });
        assert_eq!(found.silent, said(false, from("/w/a/.taskrc.yaml")));
        assert_eq!(found.verbose, said(false, Origin::Environment("TASK_VERBOSE")));
        assert_eq!(found.fail_fast, said(true, from("/h/.taskrc.yml")));
    }

    #[test]
    fn experiments_stand_in_taskrc_or_env_files() {
        let experiments = "experiments: {GENTLE_FORCE: 1, ENV_PRECEDENCE: 0}";
        let host = Fake::new().file(".taskrc.yml", experiments);
        let found = read(&host);
        assert_eq!((found.gentle_force, found.precedence), (true, None));
        let host = Fake::new().file(".env", "A=1\nTASK_X_ENV_PRECEDENCE=1\n");
        let first = read(&host).precedence.map(|first| first.value);
        assert_eq!(first, Some(Precedence::Taskfile));
    }

    #[test]
    fn an_empty_file_says_nothing_and_a_wrong_one_is_named() {
        read(&Fake::new().file(".taskrc.yml", ""));
        let host = Fake::new().file(".taskrc.yml", "silent: 7");
        let wrong = with_taskrc(Environment::default(), &Locate::default(), &host).unwrap_err();
        assert!(wrong.message.starts_with("cannot read `/w/.taskrc.yml`: silent: invalid type"));
    }
}
