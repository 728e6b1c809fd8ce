//! `par run`: puts a run together and turns its end into an exit code.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::{self, Program, Purpose, RunArgs};
use super::ask;
use super::exit::Exit;
use super::idle::Question;
use super::planning;
use super::prepare::{self, Asked, Ready};
use super::say::Voice;
use super::settings::Settings;
use super::shown::{End, folds, is_github, is_terminal, look, mode, reporters};
use super::world::Witnessed;
use super::{status, summary, unknown, watch};
use crate::diag::{Diagnostic, Fault};
use crate::event::Status;
use crate::exec::guard;
use crate::fingerprint::Traces;
use crate::host::{Host, Witness};
use crate::id::{RunId, TaskIds};
use crate::report::{Folds, Mode, Past};
use crate::resolve::Resolver;
use crate::run::{self, Cause, Ended, Explain, Gates, Order, Resume};
use crate::schedule::{Options, Refusal};
use crate::store::{Runs, Store};
use crate::taskfile::{self, model::Model};

/// A Taskfile of so many bytes has more tasks than a few.
const LARGE: u64 = 8 * 1024;

/// Runs the tasks of the command line.
pub fn run(args: &RunArgs, voice: Voice, host: &dyn Host) -> Exit {
    let question = Question::of(args, host);
    if let Some(exit) = question.as_ref().and_then(Question::answer) {
        return exit;
    }
    let witness = Arc::new(Witness::new());
    let host: &dyn Host = match &question {
        Some(_) => &*witness,
        None => {
            witness.spoil();
            host
        }
    };
    let asked =
        Asked { program: args.program, locate: &args.locate, own: &args.own, flags: &args.flags };
    let ready = match wanted(args) {
        Some(names) => prepare::ready_for(&names, asked, split_when_large, host),
        None => prepare::ready(asked, host),
    };
    let Ready { model, settings, warnings } = match ready {
        Ok(ready) => ready,
        Err(failure) => return voice.complain(&failure),
    };
    voice.warn(&warnings.diagnostics, &warnings.sources);
    if !warnings.diagnostics.is_empty() {
        witness.spoil();
    }
    let Some(model) = model.map(Arc::new) else { return Exit::Fault(Fault::NoTaskfile) };
    voice.warn(&model.warnings, &model.sources);
    let doubts = doubts(args, &model, host);
    voice.warn(&doubts, &model.sources);
    if !doubts.is_empty() {
        witness.spoil();
    }
    if settings.strict.value && !(model.warnings.is_empty() && doubts.is_empty()) {
        return Exit::Fault(Fault::Decode);
    }
    if args.flags.remote.download == Some(true) {
        return Exit::Success;
    }
    match args.purpose {
        Purpose::Summary => return summary::run(args, &settings, &model, voice, host),
        Purpose::Status => return status::run(args, &settings, &model, voice, host),
        Purpose::Run | Purpose::Watch => {}
    }
    let args = &ask::complete(args, &settings, &model, host);
    let (once, watched) = watch::split(args, &model);
    match watched.is_empty() {
        true => {
            let seen = Seen { witness: Arc::clone(&witness), question };
            run_seen(args, &settings, &model, voice, host, seen)
        }
        false => watch::run(args, (once, watched), &settings, &model, voice, host),
    }
}

/// A run of many tasks takes two processes, and to split this one costs by what it has grown to. Where somebody may
/// be asked before anything runs it waits: the terminal is that process's that was called.
fn split_when_large(taskfile: &Path) {
    let is_large = || taskfile.metadata().is_ok_and(|file| file.len() > LARGE);
    if !io::stdin().is_terminal() && is_large() {
        guard::before_thread();
    }
}

/// What is probably a slip. go-task says nothing of it.
fn doubts(args: &RunArgs, model: &Model, host: &dyn Host) -> Vec<Diagnostic> {
    if args.program == Program::Task {
        return Vec::new();
    }
    let environment = host.environment();
    let given = args.vars.iter().chain(&environment).map(|(name, _)| &**name);
    taskfile::doubts(model, given)
}

/// Runs them once.
pub(super) fn run_now(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    let witness = Arc::new(Witness::new());
    witness.spoil();
    run_seen(args, settings, model, voice, host, Seen { witness, question: None })
}

/// Who looks at a run to know later whether it would be the same.
struct Seen {
    witness: Arc<Witness>,
    question: Option<Question>,
}

fn run_seen(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
    seen: Seen,
) -> Exit {
    let order = order(args, settings, model, host, &seen);
    match run::run(order) {
        Ok(ended) => {
            if let (Ended::Finished(None), Some(question)) = (&ended, &seen.question) {
                question.keep(&seen.witness, settings, model);
            }
            end(ended, args.program, settings, model, voice, host)
        }
        Err(error) => {
            voice.complain(&prepare::failure(Diagnostic::error(Fault::Other, format!("{error:#}"))))
        }
    }
}

/// The names of the only tasks that matter, unless others do too.
fn wanted(args: &RunArgs) -> Option<Vec<String>> {
    let is_strict = args.own.strict.unwrap_or(false);
    match &args.tasks[..] {
        _ if is_strict || args.purpose != Purpose::Run => None,
        [] => Some(vec!["default".into()]),
        names => Some(names.to_vec()),
    }
}

fn order(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    host: &dyn Host,
    seen: &Seen,
) -> Order {
    let requests = planning::requests(&args.tasks);
    let (run, ids) = names(model, &requests[0].name);
    let facts = Arc::new(Witnessed(Arc::clone(&seen.witness)));
    let asked = planning::planning(args, settings, model, host);
    let look = look(args, settings, host);
    let is_terminal = is_terminal();
    let mode = mode(args.program, settings, is_terminal, host);
    let store = match settings.dry.value {
        true => Store::transient(run),
        false => Store::new(&model.root_dir, run),
    };
    // Under the name of go-task they see no more of the terminal than there.
    let is_coloured = args.program == Program::Par && is_terminal && look.style.is_coloured;
    let events = settings.events.value.clone();
    let durations = Store::durations(&model.root_dir);
    store.know(&durations);
    let past: Past = match mode {
        Mode::Progress => {
            let past = durations.clone();
            Arc::new(move |name| past.get(name))
        }
        _ => Arc::new(|_| None),
    };
    let end = match args.program {
        Program::Par => End::Summary {
            silence: Some(settings.silence.value).filter(|long| !is_terminal && !long.is_zero()),
            github: folds(args.program, host) == Some(Folds::GitHub),
            summary: host.env("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()),
            told: seen.question.as_ref().map(Question::told),
        },
        Program::Task => End::StandIn { annotates: is_github(host) },
    };
    Order {
        resolver: Resolver::new(model.clone(), asked, facts, Arc::new(ids)),
        requests,
        arguments: args.repeats.clone().unwrap_or_else(own_words),
        sources: model.sources.clone(),
        explain: explain(look.style.is_coloured, settings.fuzzy.value),
        options: Options {
            slots: settings.slots,
            sequential: !settings.parallel.value,
            lent: settings.lent(),
            grace: settings.grace.value,
            terminal: is_terminal && matches!(mode, Mode::Progress | Mode::Interleaved),
            typical: Duration::from_secs(1),
            deadline: settings.deadline.value,
            stall: settings.stall.value,
            pools: planning::pools(settings, model).into_iter().collect(),
            dry: settings.dry.value,
            fallback: settings.fallback_sequential.value,
            seed: chance(),
        },
        gates: Gates {
            load: settings.load.value.map(|percent| f64::from(percent) / 100.0),
            memory: settings.memory.value,
        },
        shares_jobs: args.program == Program::Par,
        strict_jobs: settings.strict_jobs.value,
        keys: is_terminal && mode == Mode::Progress,
        colours: is_coloured,
        merges: matches!(mode, Mode::Group { .. } | Mode::Prefixed),
        fingerprints: planning::fingerprints(
            args.program,
            &settings.temp_dir.value,
            &model.root_dir,
            if settings.dry.value { Traces::None } else { Traces::Left },
            host,
        ),
        witness: Arc::clone(&seen.witness),
        resume: args.resumes.as_ref().map(|run| resume(run, model)),
        durations,
        store,
        root: model.root_dir.clone(),
        reporters: Box::new(move |logs| reporters(mode, logs, look, past, events.as_deref(), end)),
    }
}

fn own_words() -> Vec<String> {
    std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

/// What that run has done.
fn resume(run: &RunId, model: &Model) -> Resume {
    let runs = Runs::new(&model.root_dir);
    let endings = runs.find(run.as_str()).map(|entry| runs.endings(&entry));
    Resume::new(run.clone(), endings.unwrap_or_default())
}

/// What the run and its tasks are called.
fn names(model: &Model, workflow: &str) -> (RunId, TaskIds) {
    let now = behind(jiff::Timestamp::now(), Runs::new(&model.root_dir).newest());
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    let (date, time) = (now.strftime("%Y%m%d").to_string(), now.strftime("%H%M%S").to_string());
    let chance = chance();
    let project = model.root_dir.file_name().unwrap_or_default().to_string_lossy();
    let ids = TaskIds::new(&project, workflow, &date, &time, (chance >> 32) as u32);
    (RunId::new(&date, &time, tail(now.subsec_nanosecond(), chance as u8)), ids)
}

/// Bits by chance, from what every map is seeded with: one run is to differ from another, no more.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// `now`, or a moment behind the newest run if the clock went back since.
fn behind(now: jiff::Timestamp, newest: Option<String>) -> jiff::Timestamp {
    let began = |id: String| {
        let stamp = id.get(..15)?;
        let civil = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", stamp).ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
    };
    match newest.and_then(began) {
        Some(began) if began > now => {
            began.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now)
        }
        _ => now,
    }
}

/// The part of the second, then chance: the ids of runs sort as the runs began.
fn tail(nanosecond: i32, chance: u8) -> u32 {
    let part = (u64::from(nanosecond.unsigned_abs()) << 16) / 1_000_000_000;
    (part as u32) << 8 | u32::from(chance)
}

fn explain(coloured: bool, guesses: bool) -> Explain {
    Arc::new(move |mistake, sources| Refusal {
        code: Exit::Fault(mistake.fault).code(),
        message: unknown::guessed(mistake, guesses).render(sources, coloured).trim_end().into(),
    })
}

fn end(
    ended: Ended,
    program: Program,
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    match ended {
        Ended::Refused(wrong) => {
            unknown::complain(&wrong, program, settings.fuzzy.value, model, voice, host)
        }
        Ended::Signalled(signal) => Exit::Signal(signal),
        Ended::Unread => Exit::Signal(libc::SIGPIPE),
        Ended::Unwritten(error) => voice.complain(&prepare::failure(Diagnostic::error(
            Fault::Other,
            format!("output cannot be written: {error}"),
        ))),
        Ended::Finished(None) => Exit::Success,
        Ended::Finished(Some(cause)) => match (cause, settings.exit_code.value) {
            (Cause::Command(status), true) => Exit::Command(status),
            (Cause::Command(_), false) => Exit::Fault(Fault::Failed),
            (Cause::TimedOut, true) => Exit::Command(Status::Code(124)),
            (Cause::TimedOut, false) => Exit::TimedOut,
            (Cause::Refused(code), _) => Exit::Refused(code),
        },
    }
}

/// `task:NAME`, called as a program from a command of a run.
pub fn call(call: args::Call, voice: Voice) -> Exit {
    if !call.args.is_empty() {
        let wrong = format!("`task:{}` takes VAR=value only, not `{}`", call.name, call.args[0]);
        return voice.complain(&prepare::failure(Diagnostic::error(Fault::Usage, wrong)));
    }
    let name = call.name.clone();
    match run::call(run::Call { task: call.name, vars: call.vars }) {
        Ok(0) => Exit::Success,
        Ok(code) => Exit::Refused(code),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Signal(libc::SIGPIPE),
        Err(error) => {
            let wrong = Diagnostic::error(Fault::Other, format!("task:{name}: {error}"));
            voice.complain(&prepare::failure(wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_called_later_than_those_before_it_although_the_clock_went_back() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let now = at("2026-01-02T03:04:05.6Z");
        let behind = |newest: &str| behind(now, Some(newest.into()));
        assert_eq!(behind("20260102-030405-abcdef"), now);
        assert_eq!(behind("20260102-030406-abcdef"), at("2026-01-02T03:04:07Z"));
        assert_eq!(behind("not a run"), now);
        assert_eq!(super::behind(now, None), now);
    }

    #[test]
    fn a_later_part_of_a_second_has_a_greater_tail() {
        assert_eq!(tail(0, 0xab), 0xab);
        assert_eq!(tail(500_000_000, 1), 0x80_00_01);
        assert_eq!(tail(999_999_999, 0xff), 0xff_ff_ff);
        assert!(tail(20_000_000, 0) > tail(19_000_000, 0xff));
    }
}
