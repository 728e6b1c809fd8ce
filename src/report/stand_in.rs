//! What go-task says of a run beside its output, for where the program stands in for it: one line for what
//! failed and, with `--verbose`, how tasks begin and end.

use std::io;

use crate::event::{Event, Failure, Kind, Outcome, Role, Stream, Why, signal_name};
use crate::id::{UnitId, UnitMap, UnitSet};
use crate::term::Colour;

use super::units::Units;
use super::{Look, Reporter, Screen};

/// go-task's exit codes for refusals that it calls a failure of the task: an unmet precondition, a prompt.
const FAILURES: [i32; 2] = [201, 205];

/// Speaks as go-task does.
pub struct StandIn {
    screen: Screen,
    look: Look,
    /// Whether failures are told to GitHub Actions as well.
    annotates: bool,
    units: Units,
    started: UnitSet,
    ends: UnitMap<Outcome>,
    cancelled: Option<Why>,
    outcome: Option<Outcome>,
}

impl StandIn {
    /// Speaks on `screen`'s stderr, for behind the reporter that shows output there.
    pub fn new(screen: Screen, look: Look, annotates: bool) -> StandIn {
        let (units, started, ends) = Default::default();
        let (cancelled, outcome) = (None, None);
        StandIn { screen, look, annotates, units, started, ends, cancelled, outcome }
    }

    fn starts(&mut self, unit: UnitId) -> io::Result<()> {
        if !self.look.is_verbose || !self.units.is_task(unit) || !self.started.insert(unit) {
            return Ok(());
        }
        self.say(Colour::Magenta, &format!("\"{}\" started", self.units.called(unit)))
    }

    fn ended(&mut self, unit: UnitId, outcome: &Outcome, ignored: bool) -> io::Result<()> {
        self.ends.insert(unit, outcome.clone());
        if !self.look.is_verbose {
            return Ok(());
        }
        let name = self.units.called(unit);
        let (colour, text) = match (outcome, self.units.role(unit)) {
            (Outcome::Succeeded, Some(Role::Task)) if self.started.contains(&unit) => {
                (Colour::Magenta, format!("\"{name}\" finished"))
            }
            (Outcome::Failed(_) | Outcome::Skipped(_), Some(Role::Task)) => {
                (Colour::Red, format!("\"{name}\" failed: {}", self.inner(unit)))
            }
            (Outcome::Failed(_), Some(Role::Deferred)) => {
                (Colour::Yellow, format!("ignored error in deferred cmd: {}", self.reason(unit)))
            }
            (Outcome::Failed(_), Some(Role::Command)) if ignored => {
                let (name, reason) = (self.units.name(unit), self.reason(unit));
                (Colour::Yellow, format!("[{name}] command error ignored: {reason}"))
            }
            _ => return Ok(()),
        };
        self.say(colour, &text)
    }

    /// Why a unit did not succeed, with the tasks on the way to the reason.
    fn reason(&self, unit: UnitId) -> String {
        match self.ends.get(&unit) {
            Some(Outcome::Failed(Failure::Exit(status))) => {
                format!("exit status {}", status.code())
            }
            Some(Outcome::Failed(Failure::Spawn(reason))) => reason.clone(),
            Some(Outcome::Failed(Failure::TimedOut)) => {
                format!("task: [{}] command timeout exceeded", self.units.name(unit))
            }
            Some(Outcome::Failed(Failure::StoppedServing(status))) => {
                format!("stopped serving: exit status {}", status.code())
            }
            Some(Outcome::Failed(Failure::Stalled)) => "showed no sign of life".into(),
            Some(Outcome::Failed(Failure::NotReady)) => "not ready in time".into(),
            Some(Outcome::Failed(Failure::Refused { code, message }))
                if !FAILURES.contains(code) =>
            {
                message.trim_end().into()
            }
            Some(Outcome::Failed(_) | Outcome::Skipped(_)) => {
                let name = self.units.called(unit);
                format!("task: Failed to run task \"{name}\": {}", self.inner(unit))
            }
            _ => "context canceled".into(),
        }
    }

    /// The reason without the task's own part in it.
    fn inner(&self, unit: UnitId) -> String {
        match self.ends.get(&unit) {
            Some(Outcome::Failed(Failure::Below(cause)) | Outcome::Skipped(cause))
                if *cause != unit =>
            {
                self.reason(*cause)
            }
            Some(Outcome::Failed(Failure::Refused { message, .. })) => {
                format!("task: {}", message.trim_end())
            }
            _ => self.reason(unit),
        }
    }

    /// The task of the command line that made the run fail, where one did.
    fn culprit(&self) -> Option<UnitId> {
        match self.outcome.as_ref()? {
            Outcome::Failed(Failure::Below(unit)) | Outcome::Skipped(unit) => Some(*unit),
            _ => None,
        }
    }

    fn last_words(&self) -> io::Result<()> {
        if let Some(Why::Signal(signal)) = self.cancelled {
            self.say(Colour::Red, &format!("cancelled by {}", signal_name(signal)))?;
        }
        let text = match (&self.outcome, self.culprit()) {
            (_, Some(unit)) => self.reason(unit),
            (Some(Outcome::Failed(Failure::Refused { message, .. })), None) => message.clone(),
            _ => return Ok(()),
        };
        if self.annotates {
            self.annotate(&text)?;
        }
        self.say(Colour::Red, text.strip_prefix("task: ").unwrap_or(&text))
    }

    fn annotate(&self, text: &str) -> io::Result<()> {
        let failed = self.culprit().filter(|_| text.starts_with("task: Failed to run task"));
        let (title, text) = match failed {
            Some(unit) => (format!("Task '{}' failed", self.units.called(unit)), self.inner(unit)),
            None => ("Task failed".into(), text.into()),
        };
        // A line's end would end the annotation.
        let text = text.trim_end().replace('%', "%25").replace('\n', "%0A");
        self.screen.write(Stream::Stdout, format!("::error title={title}::{text}\n").as_bytes())
    }

    fn say(&self, colour: Colour, text: &str) -> io::Result<()> {
        let text = format!("{}: {}", self.look.word, text.trim_end());
        let text = self.look.style.paint(colour, &text) + "\n";
        self.screen.write(Stream::Stderr, text.as_bytes())
    }
}

impl Reporter for StandIn {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.units.event(event);
        match &event.kind {
            Kind::Added { parent, .. } => self.starts(*parent),
            Kind::Began { unit, .. } => self.starts(*unit),
            Kind::Finished { unit, outcome, ignored, .. } => self.ended(*unit, outcome, *ignored),
            Kind::Cancelling { why } => {
                self.cancelled = Some(*why);
                Ok(())
            }
            Kind::RunFinished { outcome, .. } => {
                self.outcome = Some(outcome.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.last_words()?;
        self.screen.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::event::Status;

    fn said(story: &Story, is_verbose: bool, annotates: bool) -> String {
        let memory = Memory::default();
        let look = Look { word: "task", is_verbose, ..look() };
        let mut stand_in = StandIn::new(memory.screen(), look, annotates);
        story.events.iter().for_each(|event| stand_in.event(event).unwrap());
        stand_in.finish().unwrap();
        memory.text()
    }

    fn failing() -> Story {
        let mut story = Story::new();
        story.task(1, 0, "all").task(2, 1, "dep").begin(2).start(2, 21, "x");
        story.end(21, Outcome::Failed(Failure::Exit(Status::Signal(9)))).end(2, below(21));
        story.end(1, Outcome::Skipped(UnitId(2))).over(below(1), 1, 1);
        story
    }

    #[test]
    fn a_failure_names_the_tasks_on_the_way_to_it() {
        assert_eq!(
            said(&failing(), false, false),
            "!task: Failed to run task \"all\": task: Failed to run task \"dep\": exit status 137\n"
        );
    }

    #[test]
    fn github_is_told_the_first_task_and_the_rest() {
        let told = said(&failing(), false, true);
        let first = told.lines().next();
        let expected =
            "::error title=Task 'all' failed::task: Failed to run task \"dep\": exit status 137";
        assert_eq!(first, Some(expected));
        let mut story = Story::new();
        let message = "error: 100 %\nreally".into();
        story.task(1, 0, "a").end(1, Outcome::Failed(Failure::Refused { code: 206, message }));
        story.over(below(1), 1, 1);
        assert_eq!(
            said(&story, false, true),
            "::error title=Task failed::error: 100 %25%0Areally\n!task: error: 100 %\n!really\n"
        );
    }

    #[test]
    fn a_refused_prompt_is_a_failure_of_its_task() {
        let mut story = Story::new();
        let message = "Task \"a\" cancelled by user".into();
        story.task(1, 0, "a").end(1, Outcome::Failed(Failure::Refused { code: 205, message }));
        story.over(below(1), 1, 1);
        assert_eq!(
            said(&story, false, false),
            "!task: Failed to run task \"a\": task: Task \"a\" cancelled by user\n"
        );
    }

    #[test]
    fn who_wants_to_know_is_told_how_tasks_begin_and_end() {
        let mut story = Story::new();
        story.task(1, 0, "a").begin(1).start(1, 11, "x").end_ignored(11, failed(4));
        story.task(2, 0, "idle").end(2, Outcome::UpToDate).ok(1).over(Outcome::Succeeded, 1, 1);
        assert_eq!(
            said(&story, true, false),
            "!task: \"a\" started\n!task: [a] command error ignored: exit status 4\n!task: \"a\" finished\n"
        );
        assert_eq!(said(&story, false, false), "");
    }
}
