//! Settings as text, for people and programs.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{Origin, Setting, Settings};
use crate::resolve::{Force, Precedence};
use crate::taskfile::model::Jobs;
use crate::term::Colours;

/// A setting as `par config` shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What counts; null where nothing is said.
    pub value: Value,
    /// Who says so.
    pub origin: Origin,
}

impl Row {
    /// The value for people.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Null => "-".into(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

pub(super) fn of(settings: &Settings) -> Vec<Row> {
    let slots = Some(settings.slots).filter(|&slots| slots < u32::MAX);
    let mut rows = vec![
        row("parallel", &settings.parallel, |on| (*on).into()),
        row("jobs", &settings.jobs, |jobs| jobs.map_or("no limit".into(), jobs_value)),
        row("max_jobs", &settings.max_jobs, |cap| (*cap).into()),
        Row {
            name: "slots",
            value: slots.map_or("no limit".into(), Value::from),
            origin: slots_origin(settings),
        },
        row("grace", &settings.grace, duration),
        row("deadline", &settings.deadline, |limit| limit.as_ref().map(duration).into()),
        row("stall", &settings.stall, |stall| stall.as_ref().map(duration).into()),
        row("silence", &settings.silence, duration),
        row("fallback", &settings.fallback_sequential, |on| {
            if *on { "sequential" } else { "none" }.into()
        }),
        row("load", &settings.load, |load| load.map(|share| format!("{share}%")).into()),
        row("memory", &settings.memory, |memory| memory.map(size).into()),
        row("max_parallel", &settings.max_parallel, |most| (*most).into()),
        row("pools", &settings.pools, |pools| {
            let shown: Vec<String> =
                pools.iter().map(|(name, size)| format!("{name}={size}")).collect();
            Some(shown.join(" ")).filter(|shown| !shown.is_empty()).into()
        }),
        row("output", &settings.output, |mode| mode.name().into()),
        row("color", &settings.color, |color| color_name(*color).into()),
        row("interval", &settings.interval, duration),
        row("temp_dir", &settings.temp_dir, |dir| {
            dir.as_ref().map(|dir| dir.display().to_string()).into()
        }),
        row("force", &settings.force, |force| force_name(*force).into()),
        row("precedence", &settings.precedence, |first| precedence_name(*first).into()),
        row("events", &settings.events, |to| to.clone().into()),
    ];
    let truths = [
        ("silent", &settings.silent),
        ("verbose", &settings.verbose),
        ("dry", &settings.dry),
        ("yes", &settings.yes),
        ("exit_code", &settings.exit_code),
        ("fail_fast", &settings.fail_fast),
        ("keep_going", &settings.keep_going),
        ("together", &settings.together),
        ("interactive", &settings.interactive),
        ("fuzzy", &settings.fuzzy),
        ("strict_jobs", &settings.strict_jobs),
        ("strict", &settings.strict),
    ];
    rows.extend(truths.map(|(name, setting)| row(name, setting, |on| (*on).into())));
    rows
}

fn row<T>(name: &'static str, setting: &Setting<T>, show: impl Fn(&T) -> Value) -> Row {
    Row { name, value: show(&setting.value), origin: setting.origin.clone() }
}

/// Slots are decided by whatever had the last word on them.
fn slots_origin(settings: &Settings) -> Origin {
    let is_capped = settings.jobs.value == Some(Jobs::Auto)
        && settings.max_jobs.value.is_some_and(|cap| cap <= settings.slots);
    match (settings.parallel.value, is_capped) {
        (false, _) => settings.parallel.origin.clone(),
        (true, true) => settings.max_jobs.origin.clone(),
        (true, false) => settings.jobs.origin.clone(),
    }
}

fn jobs_value(jobs: Jobs) -> Value {
    match jobs {
        Jobs::Auto => "auto".into(),
        Jobs::Count(count) => count.into(),
        Jobs::Percent(share) => format!("{share}%").into(),
    }
}

fn color_name(color: Colours) -> &'static str {
    match color {
        Colours::Auto => "auto",
        Colours::Always => "always",
        Colours::Never => "never",
    }
}

fn force_name(force: Force) -> &'static str {
    match force {
        Force::No => "no",
        Force::Named => "named",
        Force::All => "all",
    }
}

fn precedence_name(first: Precedence) -> &'static str {
    match first {
        Precedence::Machine => "environment",
        Precedence::Taskfile => "taskfile",
    }
}

fn duration(duration: &Duration) -> Value {
    format!("{duration:?}").into()
}

/// Bytes in the largest unit that divides them.
fn size(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, bits)| bytes.is_multiple_of(1 << bits));
    match unit {
        Some((unit, bits)) => format!("{}{unit}", bytes >> bits),
        None => format!("{bytes}B"),
    }
}
