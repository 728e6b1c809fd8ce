//! `par health`: whether the user's runs are alive.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::commands::HealthLine;
use super::exit::Exit;
use super::say::{self, Voice};
use crate::run::control::{self, Entry, Life};
use crate::term;

/// A run's health, for programs.
#[derive(Serialize)]
struct Health {
    run: String,
    project: String,
    health: &'static str,
    /// Since it was heard of.
    silent_ms: Option<u64>,
}

/// Prints a line for each run; fails when one is not healthy.
pub(super) fn run(line: HealthLine, voice: Voice) -> Exit {
    let now = SystemTime::now();
    let with_life = |run: Entry| {
        let life = control::life(&run, now);
        (run, life)
    };
    let all: Vec<(Entry, Life)> = control::runs().into_iter().map(with_life).collect();
    if all.is_empty() && !line.json {
        voice.talk("par: no run of yours goes on\n");
    }
    let printed = match line.json {
        true => {
            let all: Vec<Health> = all.iter().map(|(run, life)| health(run, *life)).collect();
            let text = serde_json::to_string_pretty(&all).unwrap_or_default();
            say::print(&format!("{text}\n"))
        }
        false => say::print(&all.iter().map(|(run, life)| row(run, *life)).collect::<String>()),
    };
    let is_healthy = all.iter().all(|(_, life)| matches!(life, Life::Healthy(_)));
    if is_healthy { printed } else { Exit::No.after(printed) }
}

fn row(run: &Entry, life: Life) -> String {
    let heard = |silence: Duration| format!("last heard of {} ago", term::age(silence));
    let text = match life {
        Life::Healthy(silence) => format!("healthy  {}", heard(silence)),
        Life::Stale(silence) => format!("stale    {}", heard(silence)),
        Life::Dead => "dead     its process is gone".into(),
    };
    format!("{}  {}  {text}\n", run.run, run.project().display())
}

fn health(run: &Entry, life: Life) -> Health {
    let (health, silence) = match life {
        Life::Healthy(silence) => ("healthy", Some(silence)),
        Life::Stale(silence) => ("stale", Some(silence)),
        Life::Dead => ("dead", None),
    };
    Health {
        run: run.run.clone(),
        project: run.project().display().to_string(),
        health,
        silent_ms: silence.map(|silence| silence.as_millis() as u64),
    }
}
