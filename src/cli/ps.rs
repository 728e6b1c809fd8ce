//! `par ps`: the user's runs that go on.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use super::commands::PsLine;
use super::exit::Exit;
use super::say::{self, Voice};
use crate::event::Decision;
use crate::run::control::{self, Entry, Life, Stage, Status, Task};
use crate::term;

/// Prints how the runs stand.
pub(super) fn run(line: PsLine, voice: Voice) -> Exit {
    let live = |run: &Entry| control::life(run, SystemTime::now()) != Life::Dead;
    let runs: Vec<Entry> = control::runs().into_iter().filter(live).collect();
    let asked = runs.into_iter().map(|run| (control::ask(&run).ok(), run));
    if line.json {
        let all: Vec<Status> = asked.filter_map(|(status, _)| status).collect();
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        return say::print(&format!("{text}\n"));
    }
    if asked.len() == 0 {
        voice.talk("par: no run of yours goes on\n");
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
    for stage in &status.stages {
        let _ = writeln!(text, "{}", row(stage));
    }
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

/// How far a stage is, and what its gate has said.
fn row(Stage { stage, round, is_open, decisions }: &Stage) -> String {
    let said = decisions.iter().map(|said| said.map_or("undecided", Decision::word));
    let round = (*round > 1).then(|| format!("round {round}"));
    let open = if *is_open { "goes on" } else { "is over" };
    let words = [Some(open.into()), round].into_iter().flatten().chain(said.map(String::from));
    let words: Vec<String> = words.collect();
    format!("  stage    {}  {}", term::strip(stage), words.join("  "))
}

fn rest(task: &Task) -> String {
    let age = task.age_ms.map(|age| term::age(Duration::from_millis(age)));
    let attempt = task.attempt.filter(|&attempt| attempt > 1);
    let attempt = attempt.map(|attempt| format!("attempt {attempt}"));
    let stage = task.stage.as_ref().filter(|&stage| !task.task.ends_with(&format!(": {stage}")));
    let stage = stage.map(|stage| format!("in {}", term::strip(stage)));
    let after = (!task.after.is_empty()).then(|| format!("after {}", task.after.join(", ")));
    [age, attempt, stage, after].into_iter().flatten().collect::<Vec<_>>().join("  ")
}
