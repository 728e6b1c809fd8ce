//! What GitHub Actions shows beside the log: an annotation for each task that failed, and a summary of the job.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::event::{At, Event, Failure, Kind, Outcome, Stream};
use crate::id::{UnitId, UnitMap};
use crate::store::LogReader;
use crate::term;

use super::ranges::Ranges;
use super::units::Units;
use super::{Reporter, Screen};

/// How often the summary is written while the run goes on.
const RHYTHM: Duration = Duration::from_secs(5);
/// Rows of the table in the summary; a job's summary may have 1 MiB.
const ROWS: usize = 200;
/// Failed tasks that are shown with what they wrote.
const DETAILED: usize = 10;
/// Bytes of it.
const TAIL: u64 = 4096;

/// Annotates and sums up.
pub struct GitHub {
    screen: Screen,
    logs: LogReader,
    annotates: bool,
    summary: Option<Summary>,
    units: Units,
    title: String,
    attempts: UnitMap<u32>,
    /// Commands and tasks that failed.
    failures: UnitMap<Failure>,
    running: BTreeSet<UnitId>,
    tasks: Vec<Ended>,
    total: Option<(Outcome, Duration, Duration)>,
}

/// A part of a file that is written again and again, as long as nobody writes behind it.
struct Summary {
    path: PathBuf,
    begins: u64,
    ends: u64,
}

impl Summary {
    fn of(path: PathBuf) -> Summary {
        let length = std::fs::metadata(&path).map_or(0, |file| file.len());
        Summary { path, begins: length, ends: length }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open(&self.path)?;
        let length = file.metadata()?.len();
        match length == self.ends {
            true => file.set_len(self.begins)?,
            false => self.begins = length,
        }
        file.write_all(text.as_bytes())?;
        self.ends = self.begins + text.len() as u64;
        Ok(())
    }
}

struct Ended {
    unit: UnitId,
    outcome: Outcome,
    ignored: bool,
    wall: Duration,
}

impl GitHub {
    /// Annotations, if wanted, go to `screen`'s stdout; a summary is added to the file `summary` as the run goes on.
    pub fn new(
        screen: Screen,
        logs: LogReader,
        annotates: bool,
        summary: Option<PathBuf>,
    ) -> GitHub {
        let (units, attempts, failures, tasks) = Default::default();
        let (title, total, running) = Default::default();
        let summary = summary.map(Summary::of);
        GitHub {
            screen,
            logs,
            annotates,
            summary,
            units,
            title,
            attempts,
            failures,
            running,
            tasks,
            total,
        }
    }

    /// Tasks that failed by themselves, not because of others.
    fn failed(&self) -> impl Iterator<Item = (&Ended, &Failure)> {
        self.tasks.iter().filter(|task| !task.ignored).filter_map(|task| match &task.outcome {
            Outcome::Failed(Failure::Below(cause)) if !self.units.is_task(*cause) => {
                Some((task, self.failures.get(cause)?))
            }
            Outcome::Failed(Failure::Below(_)) => None,
            Outcome::Failed(failure) => Some((task, failure)),
            _ => None,
        })
    }

    fn name(&self, unit: UnitId) -> String {
        term::strip(self.units.name(unit))
    }

    fn annotations(&self) -> String {
        // What failed and was made good again is no error of the job.
        let is_failure = self.total.as_ref().is_some_and(|(outcome, ..)| !outcome.is_success());
        let line = |(task, failure): (&Ended, &Failure)| {
            let (name, reason) = (self.name(task.unit), reason(failure));
            let last = self.tail(task.unit).lines().last().map(|line| format!("\n{line}"));
            let text = message(&format!("{reason}{}", last.unwrap_or_default()));
            format!("::error title={}::{text}\n", property(&format!("task {name} failed")))
        };
        if is_failure { self.failed().map(line).collect() } else { String::new() }
    }

    /// The end of what the latest attempt of a task wrote, as plain text.
    fn tail(&self, task: UnitId) -> String {
        let attempt = self.attempts.get(&task).copied().unwrap_or(1);
        let length = self.logs.length(task, attempt);
        let mut output = Ranges::new(task, attempt);
        output.push(0, length);
        let mut bytes = Vec::new();
        let read = output.tail(TAIL).read(&self.logs, &mut |_, piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        if read.is_err() || length == 0 {
            return String::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(term::strip).collect();
        let cut = usize::from(length > TAIL && lines.len() > 1);
        lines[cut..].join("\n").trim_end().to_string()
    }

    fn markdown(&self) -> String {
        let (mut text, title) = (String::new(), cell(&self.title));
        let tasks = self.tasks.len();
        let _ = match &self.total {
            None => writeln!(text, "### par: {title} is running\n\ndone: {tasks}\n"),
            Some((outcome, wall, sequential)) => {
                let word = if outcome.is_success() { "passed" } else { "failed" };
                let (wall, sum) = (term::words(*wall), term::words(*sequential));
                let times = format!("{wall}; one after the other {sum}");
                writeln!(text, "### par: {title} {word}\n\ntasks: {tasks}, {times}\n")
            }
        };
        let _ = writeln!(text, "| task | result | time |\n|---|---|--:|");
        // The worst first.
        let mut rows: Vec<&Ended> = self.tasks.iter().collect();
        rows.sort_by_key(|task| task.outcome.is_success() || task.ignored);
        for task in self.running.iter().take(ROWS) {
            let _ = writeln!(text, "| {} | running | |", cell(&self.name(*task)));
        }
        for task in rows.iter().take(ROWS) {
            let (name, result) = (cell(&self.name(task.unit)), cell(&self.result(task)));
            let _ = writeln!(text, "| {name} | {result} | {} |", term::words(task.wall));
        }
        if rows.len() > ROWS {
            let _ = writeln!(text, "\n… and {} more", rows.len() - ROWS);
        }
        for (task, failure) in self.failed().take(DETAILED) {
            let (name, tail) = (self.name(task.unit), self.tail(task.unit));
            let _ = writeln!(text, "\n**{}**: {}", cell(&name), cell(&reason(failure)));
            if !tail.is_empty() {
                let fence = fence(&tail);
                let _ = writeln!(text, "\n{fence}text\n{tail}\n{fence}");
            }
        }
        text.push('\n');
        text
    }

    /// A summary that cannot be written is no reason to fail.
    fn sum_up(&mut self) {
        let text = self.markdown();
        if let Some(summary) = &mut self.summary {
            let _ = summary.write(&text);
        }
    }

    fn result(&self, task: &Ended) -> String {
        match &task.outcome {
            Outcome::Succeeded => "passed".into(),
            Outcome::UpToDate => "up to date".into(),
            Outcome::Omitted => "left out".into(),
            Outcome::Cancelled => "cancelled".into(),
            Outcome::Skipped(cause) => format!("skipped because of {}", self.name(*cause)),
            Outcome::Failed(_) if task.ignored => "failed, ignored".into(),
            Outcome::Failed(Failure::Below(cause)) if self.units.is_task(*cause) => {
                format!("failed because of {}", self.name(*cause))
            }
            Outcome::Failed(_) => "**failed**".into(),
        }
    }
}

impl Reporter for GitHub {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::RunStarted { tasks, .. } => self.title = tasks.join(" "),
            Kind::Began { unit, attempt } => drop(self.attempts.insert(*unit, *attempt)),
            Kind::Started { unit, .. } => drop(self.running.insert(self.units.task(*unit))),
            Kind::Finished { unit, outcome, ignored, wall, .. } => {
                self.running.remove(unit);
                if let Outcome::Failed(failure) = outcome {
                    self.failures.insert(*unit, failure.clone());
                }
                if self.units.is_task(*unit) {
                    let (outcome, wall) = (outcome.clone(), Duration::from_micros(*wall));
                    self.tasks.push(Ended { unit: *unit, outcome, ignored: *ignored, wall });
                }
            }
            Kind::RunFinished { outcome, wall, sequential } => {
                let times = (Duration::from_micros(*wall), Duration::from_micros(*sequential));
                self.total = Some((outcome.clone(), times.0, times.1));
            }
            _ => {}
        }
        Ok(())
    }

    fn tick(&mut self, _: At) -> io::Result<()> {
        self.sum_up();
        Ok(())
    }

    fn rhythm(&self) -> Option<Duration> {
        self.summary.is_some().then_some(RHYTHM)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.running.clear();
        self.sum_up();
        if !self.annotates {
            return Ok(());
        }
        self.screen.end_line()?;
        self.screen.write(Stream::Stdout, self.annotations().as_bytes())?;
        self.screen.flush()
    }
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Exit(status) => status.to_string(),
        Failure::Below(_) => "something below it failed".into(),
        Failure::Spawn(reason) => format!("could not be started: {reason}"),
        Failure::TimedOut => "timed out".into(),
        Failure::Stalled => "showed no sign of life".into(),
        Failure::StoppedServing(status) => format!("stopped serving: {status}"),
        Failure::NotReady => "was not ready in time".into(),
        Failure::Refused { message, .. } => term::strip(message.lines().next().unwrap_or("")),
    }
}

/// Fit for the text of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Fit for a property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Fit for a cell of a table.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for letter in term::strip(&text.replace(['\n', '\r'], " ")).chars() {
        if matches!(letter, '|' | '<' | '`' | '_' | '[' | '\\') {
            cell.push('\\');
        }
        cell.push(letter);
    }
    cell
}

/// Longer than any row of backticks in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::event::Outcome::Succeeded;

    fn told(story: &Story) -> (String, String) {
        let (memory, dir) = (Memory::default(), tempfile::tempdir().unwrap());
        let path = dir.path().join("summary.md");
        std::fs::write(&path, "before\n").unwrap();
        let mut github =
            GitHub::new(memory.screen(), story.store.reader(), true, Some(path.clone()));
        story.events.iter().for_each(|event| github.event(event).unwrap());
        github.finish().unwrap();
        (memory.text(), std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn each_failed_task_is_annotated_and_all_are_summed_up() {
        let mut story = Story::new();
        story.task(1, 0, "all").task(2, 1, "a:b|c").task(3, 1, "good").begin(2).begin(3);
        story.start(2, 21, "x").start(3, 31, "y").out(21, "first\n```\n100 %\n");
        story.end(21, failed(3)).end(2, below(21)).ok(31).ok(3).end(1, below(2));
        story.over(below(2), 1500, 3000);
        let (annotations, summary) = told(&story);
        let text = "::error title=task a%3Ab|c failed::exit status 3%0A100 %25\n";
        assert_eq!(annotations, text);
        assert_eq!(
            summary,
            "before\n### par:  failed\n\ntasks: 3, 1.5 s; one after the other 3.0 s\n\n\
             | task | result | time |\n|---|---|--:|\n| a:b\\|c | **failed** | 1.5 s |\n\
             | all | failed because of a:b\\|c | 1.5 s |\n| good | passed | 1.5 s |\n\n\
             **a:b\\|c**: exit status 3\n\n````text\nfirst\n```\n100 %\n````\n\n"
        );
    }

    #[test]
    fn the_summary_grows_with_the_run_and_leaves_what_others_write() {
        let (memory, dir) = (Memory::default(), tempfile::tempdir().unwrap());
        let path = dir.path().join("summary.md");
        let read = || std::fs::read_to_string(&path).unwrap();
        let mut story = Story::new();
        story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2).start(1, 11, "").start(2, 21, "");
        story.ok(11).ok(1);
        let (screen, logs) = (memory.screen(), story.store.reader());
        let mut github = GitHub::new(screen, logs, false, Some(path.clone()));
        story.events.iter().for_each(|event| github.event(event).unwrap());
        github.tick(At(0)).unwrap();
        github.tick(At(1)).unwrap();
        let running = "### par:  is running\n\ndone: 1\n\n| task | result | time |\n|---|---|--:|\n\
             | b | running | |\n| a | passed | 1.5 s |\n\n";
        assert_eq!(read(), running);
        std::fs::write(&path, running.to_owned() + "of others\n").unwrap();
        story.ok(21).ok(2).over(Succeeded, 1, 1);
        story.events[story.events.len() - 3..].iter().for_each(|e| github.event(e).unwrap());
        github.finish().unwrap();
        let text = read();
        let own = text.strip_prefix(&(running.to_owned() + "of others\n")).unwrap();
        assert!(own.starts_with("### par:  passed\n") && !own.contains("running"), "{own}");
        assert_eq!(memory.text(), "");
    }

    #[test]
    fn what_is_ignored_is_no_error() {
        let mut story = Story::new();
        story.task(1, 0, "a").begin(1).start(1, 11, "x").end(11, failed(3));
        story.end_ignored(1, below(11)).over(Succeeded, 1, 1);
        let (annotations, summary) = told(&story);
        assert_eq!(annotations, "");
        assert!(summary.contains("| a | failed, ignored |"), "{summary}");
    }
}
