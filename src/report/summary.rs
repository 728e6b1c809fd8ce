//! What is left to say in the end: what failed and why, the first cause last, and what was saved.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, Failure, Kind, Outcome, Stream, Why, signal_name};
use crate::id::{UnitBits, UnitId, UnitMap};
use crate::store::LogReader;
use crate::term::{self, Colour};

use super::nothing::{Nothing, Told};
use super::ranges::Ranges;
use super::units::Units;
use super::{Look, Reporter, Screen};

/// Failures shown with what there is to know, from the first on; of the others the reason.
const DETAILED: usize = 10;
/// Tasks named that were skipped for one reason.
const NAMED: usize = 20;
/// Lines shown of a failed task's log.
const TAIL_LINES: usize = 20;
/// Bytes read for them.
const TAIL_BYTES: u64 = 64 * 1024;

/// Speaks when all is over.
pub struct Summary {
    screen: Screen,
    logs: LogReader,
    look: Look,
    units: Units,
    is_parallel: bool,
    commands: UnitMap<Command>,
    started: usize,
    attempts: UnitMap<Attempt>,
    /// Events seen so far.
    moment: u32,
    /// Units that ended well, as nearly all do.
    fine: UnitBits,
    /// How the others ended.
    ends: UnitMap<End>,
    failures: Vec<Cause>,
    /// Tasks that passed after so many attempts.
    flaky: Vec<(UnitId, u32)>,
    /// Tasks that passed only alone, and what ran beside them before.
    only_parallel: Vec<(UnitId, Vec<Arc<str>>)>,
    counts: Counts,
    cancelled: Option<Why>,
    total: Option<Total>,
    /// What was said by others, if somebody wants to know.
    nothing: Option<Nothing>,
}

struct Command {
    echo: Option<Arc<str>>,
    captured: bool,
    attempt: u32,
}

/// The latest attempt of a task.
struct Attempt {
    number: u32,
    /// The moment of its beginning.
    began: u32,
}

/// How a unit ended, as far as it matters for what is above and below it.
enum End {
    Fine,
    Ignored,
    Itself,
    Because(UnitId),
    Cancelled,
}

/// Something that failed by itself.
struct Cause {
    unit: UnitId,
    failure: Failure,
    wall: u64,
    moment: u32,
}

#[derive(Default)]
struct Counts {
    tasks: usize,
    up_to_date: usize,
    cancelled: usize,
    skipped: Vec<UnitId>,
}

struct Total {
    outcome: Outcome,
    wall: Duration,
    sequential: Duration,
}

impl Summary {
    /// A summary on `screen`'s stderr, for behind the reporter that shows output there.
    pub fn new(screen: Screen, logs: LogReader, look: Look) -> Summary {
        Summary {
            screen,
            logs,
            look,
            units: Units::default(),
            is_parallel: false,
            commands: UnitMap::default(),
            started: 0,
            attempts: UnitMap::default(),
            moment: 0,
            fine: UnitBits::default(),
            ends: UnitMap::default(),
            failures: Vec::new(),
            flaky: Vec::new(),
            only_parallel: Vec::new(),
            counts: Counts::default(),
            cancelled: None,
            total: None,
            nothing: None,
        }
    }

    /// The same, which tells `told` how to say it again when there was nothing to do.
    pub fn telling(self, told: Told) -> Summary {
        let nothing = Some(Nothing::new(&self.look, told));
        Summary { nothing, ..self }
    }

    fn finished(&mut self, unit: UnitId, outcome: &Outcome, ignored: bool, wall: u64) {
        if self.units.is_task(unit) {
            self.counts.task(unit, outcome);
        }
        let end = match outcome {
            outcome if outcome.is_success() => End::Fine,
            _ if ignored => End::Ignored,
            Outcome::Failed(Failure::Below(cause)) | Outcome::Skipped(cause) => {
                End::Because(*cause)
            }
            Outcome::Failed(failure) => {
                let (failure, moment) = (failure.clone(), self.moment);
                self.failures.push(Cause { unit, failure, wall, moment });
                End::Itself
            }
            _ => End::Cancelled,
        };
        if !matches!(end, End::Itself) {
            self.commands.remove(&unit);
        }
        match end {
            // One of any number there may be in a damaged record.
            End::Fine if self.units.role(unit).is_some() => self.fine.insert(unit),
            end => drop(self.ends.insert(unit, end)),
        }
    }

    /// What failed by itself and made the run fail, in the order of the failures.
    fn causes(&self) -> Vec<&Cause> {
        self.failures.iter().filter(|cause| self.counts_up_to_the_top(cause)).collect()
    }

    /// Whether nothing above a failed unit succeeded all the same, ignored it, failed for a
    /// reason of its own, or began again after it.
    fn counts_up_to_the_top(&self, cause: &Cause) -> bool {
        // What relied on a server may have ended before it fell.
        let reach = match cause.failure {
            Failure::StoppedServing(_) => 1,
            _ => usize::MAX,
        };
        self.units.ancestors(cause.unit).iter().take(reach).all(|above| {
            let end = self.ends.get(above);
            let is_open = matches!(end, None | Some(End::Because(_) | End::Cancelled));
            let is_open = is_open && !self.fine.contains(*above);
            is_open && self.attempts.get(above).is_none_or(|last| last.began < cause.moment)
        })
    }

    /// Follows the causes of a unit's end to the unit that failed by itself.
    fn root_cause(&self, unit: UnitId) -> UnitId {
        let (mut here, mut steps) = (unit, 0);
        while let Some(End::Because(cause)) = self.ends.get(&here)
            && steps <= self.ends.len()
        {
            (here, steps) = (*cause, steps + 1);
        }
        here
    }

    fn text(&self) -> String {
        let causes = self.causes();
        let mut text = self.flaky();
        text.push_str(&self.skipped());
        text.push_str(&self.end(&causes));
        for (number, cause) in causes.iter().enumerate().rev() {
            text.push_str(&self.cause(cause, number < DETAILED));
        }
        text
    }

    /// What passed at last is fine, and still nothing to forget.
    fn flaky(&self) -> String {
        let line = |&(unit, attempts): &(UnitId, u32)| {
            let text = format!("flaky: `{}` passed at attempt {attempts}", self.name(unit));
            self.line(Colour::Yellow, &text)
        };
        let alone = |(unit, beside): &(UnitId, Vec<Arc<str>>)| {
            let beside: Vec<String> = beside.iter().map(|name| term::strip(name)).collect();
            let with = match beside.is_empty() {
                true => String::new(),
                false => format!(", beside {}", beside.join(", ")),
            };
            let text = format!("fails only in parallel: `{}`{with}", self.name(*unit));
            self.line(Colour::Yellow, &text)
        };
        let flaky = self.flaky.iter().map(line);
        flaky.chain(self.only_parallel.iter().map(alone)).collect()
    }

    fn skipped(&self) -> String {
        let mut by_cause: BTreeMap<UnitId, Vec<String>> = BTreeMap::new();
        for unit in &self.counts.skipped {
            let names = by_cause.entry(self.root_cause(*unit)).or_default();
            names.push(self.name(*unit));
        }
        let line = |(cause, names): (UnitId, Vec<String>)| {
            let how = match self.ends.get(&cause) {
                Some(End::Cancelled) => "was cancelled",
                _ => "failed",
            };
            let cause = self.name(cause);
            let mut named = names[..names.len().min(NAMED)].join(", ");
            if names.len() > NAMED {
                named.push_str(&format!(" and {} more", names.len() - NAMED));
            }
            let text = format!("skipped because `{cause}` {how}: {named}");
            self.line(Colour::Yellow, &text)
        };
        by_cause.into_iter().map(line).collect()
    }

    fn cause(&self, cause: &Cause, is_detailed: bool) -> String {
        let name = self.name(cause.unit);
        let how = match &cause.failure {
            Failure::Refused { message, .. } => return self.line(Colour::Red, message),
            Failure::Exit(status) => format!("failed: {status}"),
            Failure::Spawn(reason) => format!("could not be started: {reason}"),
            Failure::TimedOut => "timed out".into(),
            Failure::StoppedServing(status) => format!("stopped serving: {status}"),
            Failure::Stalled => "showed no sign of life".into(),
            Failure::NotReady => "was not ready in time".into(),
            Failure::Below(unit) => format!("failed because of `{}`", self.name(*unit)),
        };
        let wall = term::words(Duration::from_micros(cause.wall));
        let mut text = self.line(Colour::Red, &format!("task `{name}` {how} ({wall})"));
        if is_detailed {
            text.push_str(&self.details(cause.unit));
            text.push_str(&self.again(cause.unit));
        }
        text
    }

    /// A task's name, as far as it is fit to be shown.
    fn name(&self, unit: UnitId) -> String {
        term::strip(self.units.name(unit))
    }

    /// How to run a task again; nothing for words that cannot be typed.
    fn again(&self, unit: UnitId) -> String {
        let line = self.look.again.line(self.units.words(unit));
        line.map_or_else(String::new, |line| format!("  again: {line}\n"))
    }

    fn details(&self, unit: UnitId) -> String {
        let mut text = String::new();
        let command = self.commands.get(&unit);
        if let Some(echo) = command.and_then(|command| command.echo.as_deref()) {
            let lines: Vec<String> = echo.trim_end().lines().map(term::strip).collect();
            text.push_str(&format!("  $ {}\n", lines.join("\n    ")));
        }
        if command.is_some_and(|command| !command.captured) {
            return text;
        }
        let task = self.units.task(unit);
        let attempt = command.map(|command| command.attempt);
        let attempt = attempt.or(self.attempts.get(&task).map(|attempt| attempt.number));
        let output = self.whole_log(task, attempt.unwrap_or(1));
        // The only command's output stands right above.
        if self.started > 1 {
            for line in self.tail(&output) {
                text.push_str(&self.look.style.paint(Colour::Dim, &format!("  | {line}")));
                text.push('\n');
            }
        }
        let path = self.logs.path(output.task, output.attempt);
        if let Some(path) = path.filter(|_| !output.is_empty()) {
            let path = path.strip_prefix(&self.look.directory).unwrap_or(&path);
            text.push_str(&format!("  log: {}\n", path.display()));
        }
        text
    }

    /// Output of all of the attempt's commands: what went before often says why one failed.
    fn whole_log(&self, task: UnitId, attempt: u32) -> Ranges {
        let mut all = Ranges::new(task, attempt);
        match self.logs.length(task, attempt) {
            0 => {}
            length => all.push(0, length),
        }
        all
    }

    fn tail(&self, output: &Ranges) -> Vec<String> {
        let mut bytes = Vec::new();
        let read = output.tail(TAIL_BYTES).read(&self.logs, &mut |_, piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        if read.is_err() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(TAIL_LINES);
        let mut shown: Vec<String> = lines[first..].iter().map(|line| plain(line)).collect();
        if first > 0 || output.length() > TAIL_BYTES {
            shown.insert(0, "…".into());
        }
        shown
    }

    fn end(&self, causes: &[&Cause]) -> String {
        let mut text = String::new();
        match self.cancelled {
            Some(Why::Signal(signal)) => {
                let why = format!("cancelled by {}", signal_name(signal));
                text.push_str(&self.line(Colour::Red, &why));
            }
            Some(Why::Deadline) => {
                text.push_str(&self.line(Colour::Red, "stopped at its deadline"));
            }
            Some(Why::Unread) | None => {}
        }
        let Some(total) = &self.total else {
            return text + &self.line(Colour::Red, "the run did not come to its end");
        };
        if let Outcome::Failed(Failure::Refused { message, .. } | Failure::Spawn(message)) =
            &total.outcome
            && causes.is_empty()
        {
            text.push_str(&self.line(Colour::Red, message));
        }
        if self.is_total_wanted(&total.outcome) {
            let colour = if total.outcome.is_success() { Colour::Green } else { Colour::Red };
            text.push_str(&self.line(colour, &self.totals(total, causes)));
        }
        text
    }

    fn is_total_wanted(&self, outcome: &Outcome) -> bool {
        let is_success = outcome.is_success();
        match self.counts.tasks {
            0 => false,
            _ if self.look.is_verbose => true,
            1 => false,
            _ if is_success => self.is_parallel && !self.look.is_silent,
            _ => true,
        }
    }

    fn totals(&self, total: &Total, causes: &[&Cause]) -> String {
        let failed: BTreeSet<UnitId> =
            causes.iter().map(|cause| self.units.task(cause.unit)).collect();
        let tasks = self.counts.tasks;
        let mut parts = vec![if tasks == 1 { "1 task".into() } else { format!("{tasks} tasks") }];
        let counts = [
            (failed.len(), "failed"),
            (self.counts.skipped.len(), "skipped"),
            (self.counts.cancelled, "cancelled"),
            (self.counts.up_to_date, "up to date"),
        ];
        let counted = counts.iter().filter(|(count, _)| *count > 0);
        parts.extend(counted.map(|(count, what)| format!("{count} {what}")));
        parts.push(term::words(total.wall));
        parts.extend(saved(total));
        parts.join(", ")
    }

    /// Nothing was done, and nothing went wrong.
    fn tell_nothing(&self) {
        let Counts { tasks, up_to_date, .. } = self.counts;
        if let (Some(nothing), Some(total)) = (&self.nothing, &self.total)
            && total.outcome.is_success()
            && (self.started, self.failures.len(), self.counts.cancelled) == (0, 0, 0)
            && self.counts.skipped.is_empty()
            && self.cancelled.is_none()
        {
            nothing.tell(tasks, up_to_date, self.is_total_wanted(&total.outcome));
        }
    }

    fn line(&self, colour: Colour, text: &str) -> String {
        let text = format!("{}: {}", self.look.word, text.trim_end());
        self.look.style.paint(colour, &text) + "\n"
    }
}

impl Counts {
    fn task(&mut self, unit: UnitId, outcome: &Outcome) {
        match outcome {
            Outcome::Omitted => return,
            Outcome::UpToDate => self.up_to_date += 1,
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Skipped(_) => self.skipped.push(unit),
            Outcome::Succeeded | Outcome::Failed(_) => {}
        }
        self.tasks += 1;
    }
}

fn saved(total: &Total) -> Option<String> {
    let (wall, sequential) = (total.wall.as_micros(), total.sequential.as_micros());
    let percent = (sequential.checked_sub(wall)? * 100 + sequential / 2).checked_div(sequential)?;
    (percent > 0).then(|| {
        let sequential = term::words(total.sequential);
        format!("{sequential} one after the other ({percent} % saved)")
    })
}

/// A line as a terminal would have left it, without escape sequences.
fn plain(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    term::strip(line.rsplit('\r').next().unwrap_or(line))
}

impl Reporter for Summary {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        self.moment += 1;
        match &event.kind {
            Kind::RunStarted { jobs, parallel, .. } => self.is_parallel = *parallel && *jobs > 1,
            Kind::Began { unit, attempt } => {
                let (number, began) = (*attempt, self.moment);
                self.attempts.insert(*unit, Attempt { number, began });
            }
            Kind::Started { unit, attempt, echo, captured, .. } => {
                let (echo, captured, attempt) = (echo.clone(), *captured, *attempt);
                self.commands.insert(*unit, Command { echo, captured, attempt });
                self.started += 1;
            }
            Kind::Finished { unit, outcome, ignored, wall, .. } => {
                self.finished(*unit, outcome, *ignored, *wall);
            }
            Kind::OnlyParallel { unit, beside } => self.only_parallel.push((*unit, beside.clone())),
            Kind::Flaky { unit, attempts } => self.flaky.push((*unit, *attempts)),
            Kind::Cancelling { why } => self.cancelled = Some(*why),
            Kind::RunFinished { outcome, wall, sequential } => {
                self.total = Some(Total {
                    outcome: outcome.clone(),
                    wall: Duration::from_micros(*wall),
                    sequential: Duration::from_micros(*sequential),
                });
            }
            Kind::Added { .. }
            | Kind::LogCreated { .. }
            | Kind::StageBegan { .. }
            | Kind::SentBack { .. }
            | Kind::Decided { .. }
            | Kind::Output { .. }
            | Kind::TimedOut { .. }
            | Kind::Stalled { .. }
            | Kind::Retrying { .. }
            | Kind::Heartbeat { .. }
            | Kind::Ready { .. }
            | Kind::PutAside { .. }
            | Kind::Message { .. } => {}
        }
        self.nothing.iter_mut().for_each(|nothing| nothing.event(event));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.tell_nothing();
        self.screen.write(Stream::Stderr, self.text().as_bytes())?;
        self.screen.flush()
    }
}
