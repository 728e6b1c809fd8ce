//! `parallel:` at the top of a Taskfile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Fields, Lower, Node, duration, keys};
use crate::diag::Diagnostic;
use crate::source::FileId;
use crate::taskfile::model::{Jobs, Parallel};
use crate::taskfile::{Dialect, yaml};

/// Reads a settings file: the keys of `parallel`, below that name or at the top.
///
/// What is odd or wrong comes along, in the order of the file.
pub fn settings(text: &str, file: FileId) -> (Parallel, Vec<Diagnostic>) {
    let node = match yaml::parse(text, file) {
        Ok(node) if node.is_null() => return Default::default(),
        Ok(node) => node,
        Err(error) => return (Parallel::default(), vec![error]),
    };
    let mut lower = Lower { dialect: Dialect::Par, ..Lower::default() };
    let is_wrapped =
        yaml::entries(&node).iter().any(|entry| keys::SETTINGS.has(&entry.name(), Dialect::Par));
    let parallel = match is_wrapped {
        true => lower.fields(&node, "the settings", &keys::SETTINGS).map(|f| lower.parallel(&f)),
        false => Some(lower.parallel_of(&node)),
    };
    (parallel.unwrap_or_default(), lower.diagnostics)
}

impl Lower {
    /// The `parallel` keys, also under the name `parallel_execution`.
    pub(super) fn parallel(&mut self, file: &Fields) -> Parallel {
        let node = file.get("parallel").or_else(|| file.get("parallel_execution"));
        node.map(|node| self.parallel_of(node)).unwrap_or_default()
    }

    fn parallel_of(&mut self, node: &Node) -> Parallel {
        let Some(fields) = self.fields(node, "`parallel`", &keys::PARALLEL) else {
            return Parallel::default();
        };
        Parallel {
            enabled: self.truth(&fields, "enabled"),
            jobs: self.jobs(&fields, "jobs").or_else(|| self.jobs(&fields, "max_agents")),
            grace: self.duration(&fields, "grace"),
            stall: self.duration(&fields, "stall").or_else(|| self.seconds(&fields)),
            fallback_sequential: self.fallback(&fields),
            load: self.percent_of(&fields, "load"),
            memory: self.size_of(&fields, "memory"),
            max_parallel: self.number_of(&fields, "max_parallel", 1),
            pools: self.pools(&fields),
        }
    }

    fn pools(&mut self, fields: &Fields) -> BTreeMap<Arc<str>, u32> {
        let Some(node) = fields.get("pools") else { return BTreeMap::new() };
        let mut pools = BTreeMap::new();
        for (name, node) in self.named(node, "`pools`") {
            if ["cpu", "memory"].contains(&&*name.value) {
                let message = format!("`{}` cannot be the name of a pool", name.value);
                self.error(name.span, message, "is a resource of the machine");
                continue;
            }
            let size = self.number(&node, format_args!("the pool `{}`", name.value), 1);
            pools.extend(size.map(|size| (name.value.clone(), size)));
        }
        pools
    }

    fn jobs(&mut self, fields: &Fields, key: &str) -> Option<Jobs> {
        let text = self.filled(fields, key)?;
        let jobs = jobs(&text.value);
        if jobs.is_none() {
            let message = format!("`{key}` must be `auto`, a number or a share as `50%`");
            self.error(text.span, message, "none of these");
        }
        jobs
    }

    /// `stall_threshold`: plain seconds, or a duration.
    fn seconds(&mut self, fields: &Fields) -> Option<Duration> {
        let text = self.filled(fields, "stall_threshold")?;
        let seconds = text.value.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
        let stall = seconds.or_else(|| duration::parse(&text.value));
        if stall.is_none() {
            self.error(text.span, "`stall_threshold` must be a number of seconds", "is none");
        }
        stall
    }

    fn fallback(&mut self, fields: &Fields) -> Option<bool> {
        self.word(fields, "fallback", &[("none", false), ("sequential", true)])
    }
}

/// `auto`, `N` above zero, or `P%`.
pub fn jobs(text: &str) -> Option<Jobs> {
    if text == "auto" {
        return Some(Jobs::Auto);
    }
    let (number, percent) = match text.strip_suffix('%') {
        Some(number) => (number, true),
        None => (text, false),
    };
    let number = number.trim().parse().ok().filter(|&n: &u32| n > 0)?;
    Some(if percent { Jobs::Percent(number) } else { Jobs::Count(number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn read(text: &str) -> (Parallel, String) {
        let mut sources = SourceMap::default();
        let file = sources.add(".par.yml", text.to_owned());
        let (parallel, found) = settings(text, file);
        (parallel, found.iter().map(|odd| odd.render(&sources, false)).collect())
    }

    #[test]
    fn settings_stand_at_the_top_or_below_either_name() {
        let expected = Parallel {
            enabled: Some(false),
            jobs: Some(Jobs::Count(3)),
            stall: Some(Duration::from_secs(60)),
            ..Parallel::default()
        };
        for text in [
            "{enabled: false, jobs: 3, stall: 60s}",
            "parallel: {enabled: no, jobs: 3, stall: 1m}",
            "parallel_execution: {enabled: false, max_agents: 3, stall_threshold: 60}",
        ] {
            assert_eq!(read(text), (expected.clone(), String::new()), "{text}");
        }
        assert_eq!(read(""), Default::default());
    }

    #[test]
    fn mistakes_in_settings_have_places() {
        assert_eq!(
            read("jbos: 3\njobs: many\n").1,
            "\
warning: unknown key `jbos` in `parallel`
 --> .par.yml:1:1
  |
1 | jbos: 3
  | ^^^^ has no effect
  |
  = help: did you mean `jobs`?
error: `jobs` must be `auto`, a number or a share as `50%`
 --> .par.yml:2:7
  |
2 | jobs: many
  |       ^^^^ none of these
"
        );
    }
}
