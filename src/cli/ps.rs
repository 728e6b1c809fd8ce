//! `par ps`: the user's runs that go on.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use super::commands::PsLine;
use super::exit::Exit;
use super::say;
use crate::run::control::{self, Entry, Life, Status, Task};
use crate::term;

/// Prints how the runs stand.
pub(super) fn run(line: PsLine) -> Exit {
    let live = |run: &Entry| control::life(run, SystemTime::now()) != Life::Dead;
    let runs: Vec<Entry> = control::runs().into_iter().filter(live).collect();
    let asked = runs.into_iter().map(|run| (control::ask(&run).ok(), run));
    if line.json {
        let all: Vec<Status> = asked.filter_map(|(status, _)| status).collect();
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        return say::print(&format!("{text}\n"));
    }
    let text: Vec<String> = asked
        .map(|(status, run)| match status {
            Some(status) => table(&status),
            None => format!("{}  {}  does not answer\n", run.run, run.project().display()),
        })
        .collect();
    say::print(&text.join("\n"))
}

fn table(status: &Status) -> String {
    let Status { run, project, tasks, age_ms, .. } = status;
    let age = term::age(Duration::from_millis(*age_ms));
    let mut text = format!("{run}  {}  {}  {age}\n", project.display(), tasks.join(" "));
    let groups = [
        ("running", &status.running),
        ("queued", &status.queued),
        ("next", &status.next),
        ("blocked", &status.blocked),
    ];
    let width = groups.iter().flat_map(|(_, tasks)| *tasks).map(|task| term::columns(&task.task));
    let width = width.max().unwrap_or(0);
    for (group, tasks) in groups {
        for task in tasks {
            let gap = width - term::columns(&task.task);
            let row =
                format!("  {group:7}  {}{:gap$}  {}", term::strip(&task.task), "", rest(task));
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }
    text
}

fn rest(task: &Task) -> String {
    let age = task.age_ms.map(|age| term::age(Duration::from_millis(age)));
    let attempt = task.attempt.filter(|&attempt| attempt > 1);
    let attempt = attempt.map(|attempt| format!("attempt {attempt}"));
    let after = (!task.after.is_empty()).then(|| format!("after {}", task.after.join(", ")));
    [age, attempt, after].into_iter().flatten().collect::<Vec<_>>().join("  ")
}
