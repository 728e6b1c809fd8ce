//! A plan as text and as JSON.

use serde::Serialize;

use crate::term::{columns, words};
use std::time::Duration;

/// Who says how long a task takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// The median of past runs.
    History,
    /// The Taskfile.
    Estimate,
    /// Nobody: the median of the tasks that are known.
    Guess,
    /// Nobody knows anything of any task: each counts one.
    Unit,
}

/// A task with commands of its own.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct TaskLine {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
    /// Its number in the plan.
    #[serde(skip)]
    pub(super) unit: u32,
    /// The numbers of those in `needs`.
    #[serde(skip)]
    pub(super) after: Vec<u32>,
    /// Whether it is on the critical path.
    #[serde(skip)]
    pub(super) is_critical: bool,
    /// Where it stands in the files.
    #[serde(skip)]
    pub(super) order: (u32, u32),
    /// Names of its locks, each with whether it shares it with others.
    #[serde(skip)]
    pub(super) locks: Vec<(String, bool)>,
    /// Of its own commands.
    pub(super) seconds: f64,
    pub(super) source: Source,
    /// Tasks that end before it starts: the nearest only.
    pub(super) needs: Vec<String>,
    /// What only the run will show.
    pub(super) uncertain: Vec<String>,
}

/// What would run, and how long it probably takes; times in seconds.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct View {
    /// What was asked for.
    pub(super) tasks: Vec<String>,
    /// Slots.
    pub(super) jobs: u32,
    /// Tasks of a level may run at the same time.
    pub(super) levels: Vec<Vec<TaskLine>>,
    /// The longest path, first to last.
    pub(super) critical_path: Vec<String>,
    /// Everything one after the other.
    pub(super) sequential: f64,
    /// With the slots there are.
    pub(super) parallel: f64,
    /// With room for everything.
    pub(super) fastest: f64,
    /// Whether times are counts of tasks.
    pub(super) is_unit: bool,
    /// Calls of which nothing can be said before the run, with the reason.
    pub(super) open: Vec<(String, String)>,
}

impl View {
    /// For programs.
    pub(super) fn json(&self) -> String {
        let open: Vec<_> = self
            .open
            .iter()
            .map(|(task, reason)| serde_json::json!({ "task": task, "reason": reason }))
            .collect();
        let jobs = Some(self.jobs).filter(|&jobs| jobs < u32::MAX);
        let plan = serde_json::json!({
            "tasks": self.tasks,
            "jobs": jobs,
            "levels": self.levels,
            "critical_path": self.critical_path,
            "sequential_seconds": self.sequential,
            "parallel_seconds": self.parallel,
            "fastest_seconds": self.fastest,
            "estimated_speedup": self.speed_up(),
            "times": if self.is_unit { "units" } else { "seconds" },
            "open": open,
        });
        serde_json::to_string_pretty(&plan).map(|text| text + "\n").unwrap_or_default()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text =
            self.levels.iter().enumerate().map(|(at, level)| self.level(at, level)).collect();
        if self.levels.is_empty() {
            text = String::from("nothing to run\n");
        }
        for (task, reason) in &self.open {
            text += &format!("known only in the run: {task}: {reason}\n");
        }
        text + &self.sums()
    }

    fn level(&self, at: usize, level: &[TaskLine]) -> String {
        let lines = || self.levels.iter().flatten();
        let name = lines().map(|line| columns(&line.name)).max().unwrap_or(0);
        let time = lines().map(|line| columns(&self.time(line.seconds))).max().unwrap_or(0);
        let mut text = format!("level {}\n", at + 1);
        for line in level {
            let pad = " ".repeat(name - columns(&line.name));
            let row =
                format!("  {}{pad}  {:>time$}{}", line.name, self.time(line.seconds), note(line));
            text += row.trim_end();
            text.push('\n');
        }
        text + "\n"
    }

    fn sums(&self) -> String {
        let jobs = match self.jobs {
            u32::MAX => "any number of jobs".into(),
            1 => "1 job".into(),
            jobs => format!("{jobs} jobs"),
        };
        format!(
            "critical path  {}\nsequential     {}\nparallel       {} with {jobs}, at best {}\nspeed-up       {:.2}×\ntimes          {}\n",
            self.critical_path.join(" → "),
            self.time(self.sequential),
            self.time(self.parallel),
            self.time(self.fastest),
            self.speed_up(),
            self.sources(),
        )
    }

    /// How many times as fast as one after the other.
    pub(super) fn speed_up(&self) -> f64 {
        if self.parallel > 0.0 { self.sequential / self.parallel } else { 1.0 }
    }

    /// A time in words, or in tasks.
    pub(super) fn time(&self, seconds: f64) -> String {
        match self.is_unit {
            true => format!("{}", (seconds * 100.0).round() / 100.0),
            false => words(Duration::try_from_secs_f64(seconds).unwrap_or_default()),
        }
    }

    fn sources(&self) -> String {
        let has = |source| self.levels.iter().flatten().any(|line| line.source == source);
        let words = [
            (Source::History, "from past runs"),
            (Source::Estimate, "estimated in the Taskfile"),
            (Source::Guess, "guessed (~) where nothing is known"),
            (Source::Unit, "nothing is known yet: every task counts 1"),
        ];
        let said: Vec<&str> =
            words.iter().filter(|(source, _)| has(*source)).map(|(_, w)| *w).collect();
        if said.is_empty() { "-".into() } else { said.join(", ") }
    }
}

fn note(line: &TaskLine) -> String {
    let mut notes = Vec::new();
    if !line.needs.is_empty() {
        notes.push(format!("after {}", line.needs.join(", ")));
    }
    notes.extend(line.uncertain.iter().cloned());
    let mark = if line.source == Source::Guess { "~" } else { " " };
    format!("{mark} {}", notes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, seconds: f64, source: Source, needs: &[&str]) -> TaskLine {
        let needs = needs.iter().map(|need| need.to_string()).collect();
        let (description, agent, order, locks, uncertain) = Default::default();
        let name = name.into();
        let (unit, after, is_critical) = Default::default();
        TaskLine {
            name,
            description,
            agent,
            unit,
            after,
            is_critical,
            order,
            locks,
            seconds,
            source,
            needs,
            uncertain,
        }
    }

    fn view() -> View {
        let mut deploy = line("deploy", 60.0, Source::Guess, &["build", "test"]);
        deploy.uncertain.push("runs if `test -n \"$CI\"`".into());
        View {
            tasks: vec!["deploy".into()],
            jobs: 2,
            levels: vec![
                vec![
                    line("build", 90.0, Source::History, &[]),
                    line("test", 30.5, Source::Estimate, &[]),
                ],
                vec![deploy],
            ],
            critical_path: vec!["build".into(), "deploy".into()],
            sequential: 180.5,
            parallel: 150.0,
            fastest: 150.0,
            is_unit: false,
            open: vec![("notify".into(), "`WHO` is not known yet".into())],
        }
    }

    #[test]
    fn people_see_levels_sums_and_where_times_come_from() {
        assert_eq!(
            view().text(),
            "\
level 1
  build   1m 30s
  test    30.5 s

level 2
  deploy  1m 00s~ after build, test; runs if `test -n \"$CI\"`

known only in the run: notify: `WHO` is not known yet
critical path  build → deploy
sequential     3m 01s
parallel       2m 30s with 2 jobs, at best 2m 30s
speed-up       1.20×
times          from past runs, estimated in the Taskfile, guessed (~) where nothing is known
"
        );
    }

    #[test]
    fn an_empty_plan_says_so() {
        let empty = View { levels: vec![], open: vec![], critical_path: vec![], ..view() };
        assert!(empty.text().starts_with("nothing to run\n"));
    }
}
