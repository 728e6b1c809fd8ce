//! The books of stages: their parts get ids when it is their turn.

use std::path::PathBuf;
use std::sync::Arc;

use super::adopt::Spot;
use super::{Node, Resolver};
use crate::diag::{Diagnostic, Fault};
use crate::id::UnitId;
use crate::plan::{Fragment, Step};
use crate::resolve::called::{Called, Rare, Target};
use crate::resolve::context::Context;
use crate::resolve::draft::{Content, Draft, Line, Mention};
use crate::resolve::expansion::Expansion;
use crate::resolve::settings::Known;
use crate::resolve::stages::progress::{Move, Progress, Stopped};
use crate::resolve::stages::{Cast, Decision, Stage};

/// A stage under way.
pub(super) struct Course {
    cast: Arc<Cast>,
    progress: Progress,
    /// What runs now.
    parts: Vec<UnitId>,
    /// How often each member has run.
    runs: Vec<u32>,
    /// Why members run again, and the log that shows it.
    reason: (String, Option<PathBuf>),
}

/// How a part of a stage ended.
#[derive(Clone, Debug)]
pub struct PartEnd {
    /// The part.
    pub unit: UnitId,
    /// Whether nothing was wrong.
    pub is_well: bool,
    /// What its process exited with; `None` for what had none.
    pub code: Option<i32>,
    /// The last line that it wrote to stdout.
    pub said: Option<String>,
    /// Its log.
    pub log: Option<PathBuf>,
}

/// What comes next in a stage.
#[derive(Debug)]
pub enum Next {
    /// These parts.
    Parts(Fragment),
    /// Nothing: it is done, or a part of it failed, which is seen by itself.
    Nothing,
    /// Nothing, for its gate says so.
    Refused(Diagnostic),
}

/// What comes next, and what is to be told of it.
#[derive(Debug)]
pub struct Continuation {
    /// What comes next.
    pub next: Next,
    /// What has happened, in words.
    pub told: Vec<Told>,
}

/// Something that happened in a stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The stage.
    pub stage: Arc<str>,
    /// How often it has begun, from 1.
    pub round: u32,
    /// What happened.
    pub what: What,
    /// The same in words.
    pub text: String,
}

/// What can happen in a stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// It begins, with so many of its tasks at once.
    Began {
        /// Its tasks.
        tasks: Vec<Arc<str>>,
        /// At most so many of them at a time.
        at_once: u32,
    },
    /// A task goes back, for what verifies it failed.
    SentBack {
        /// The task.
        task: Arc<str>,
        /// What verifies it.
        by: Arc<str>,
    },
    /// The gate has spoken; `None`: it said nothing that is a decision.
    Decided(Option<Decision>),
}

impl Resolver {
    /// The stages of a task, each a call in its body.
    pub(super) fn stages(&mut self, unit: UnitId, by: &Arc<Context>, fragment: &mut Fragment) {
        let first = self.next().0;
        let written = &by.task.policy.stages;
        for (index, stage) in written.iter().enumerate() {
            let id = self.next();
            let needs = stage.needs.iter().map(|need| UnitId(first + *need as u32)).collect();
            let target = Target::Stage(Stage { by: by.clone(), index, needs });
            let rare = Rare { outlets: by.rare().outlets.clone(), ..Rare::default() };
            let called = Called {
                certain: true,
                rare: rare.boxed(),
                ..Called::new(unit, id, target, stage.name.span)
            };
            let name = format!("{}: {}", by.name(), stage.name.value).into();
            let unit = self.record(id, called, &name, (by.task.order, index as u32), false);
            fragment.units.push((id, unit));
            fragment.steps.push(Step::Background(id));
        }
        for (index, stage) in written.iter().enumerate() {
            for need in &stage.needs {
                let unit = |index: usize| UnitId(first + index as u32);
                self.waits.connect(unit(index), unit(*need));
            }
        }
        fragment.steps.push(Step::Join);
        fragment.max_parallel = (!by.task.parallel).then_some(1);
    }

    /// A stage before its turn; with its parts when they are known ahead of the run.
    pub(super) fn stage(&mut self, unit: UnitId, cast: Option<Arc<Cast>>) -> Fragment {
        let Some(Target::Stage(stage)) = self.called(unit).map(|called| &called.target) else {
            return Fragment::default();
        };
        let by = stage.by.clone();
        let mut fragment = Fragment { deps: stage.needs.clone(), ..self.room_of_stage(unit) };
        let Some(cast) = cast else {
            fragment.steps.push(Step::Next);
            return fragment;
        };
        let everybody: [Vec<Mention>; 2] = [
            cast.members.clone(),
            cast.checks.iter().map(|(mention, _)| mention.clone()).collect(),
        ];
        for group in everybody.into_iter().filter(|group| !group.is_empty()) {
            self.group(unit, &by, group, &mut fragment);
            fragment.steps.push(Step::Join);
        }
        if let Some(gate) = &cast.gate {
            self.gate(unit, gate, &by, &mut fragment);
        }
        fragment
    }

    /// A fragment of nothing, with how many parts of a stage may run at a time, and what a failure does to
    /// the others.
    fn room_of_stage(&self, unit: UnitId) -> Fragment {
        let Some(Target::Stage(stage)) = self.called(unit).map(|called| &called.target) else {
            return Fragment::default();
        };
        Fragment {
            fail_fast: stage.written().stops_on_failure,
            max_parallel: stage.at_once(self.shared.settings.max_parallel),
            ..Fragment::default()
        }
    }

    /// Calls that run beside each other, and share what they depend on.
    fn group(
        &mut self,
        unit: UnitId,
        by: &Arc<Context>,
        calls: Vec<Mention>,
        fragment: &mut Fragment,
    ) -> Vec<UnitId> {
        let scope = Some(self.next());
        let spot = Spot { parent: unit, scope, by, certain: false };
        let ids: Vec<UnitId> =
            calls.into_iter().map(|call| self.mention(&spot, call, fragment)).collect();
        fragment.steps.extend(ids.iter().map(|&id| Step::Background(id)));
        ids
    }

    /// The command that decides, which is known by the name of the stage.
    fn gate(
        &mut self,
        unit: UnitId,
        line: &Arc<Line>,
        by: &Arc<Context>,
        fragment: &mut Fragment,
    ) -> UnitId {
        let id = self.command(unit, line.clone(), None, by, fragment);
        if let Some((_, command)) = fragment.units.last_mut() {
            command.task = self.name(unit);
        }
        fragment.steps.push(Step::Run(id));
        id
    }

    /// What is needed to find out who is in a stage whose turn it is; `None` when that is known.
    pub fn casting(&self, unit: UnitId, known: &Known) -> Option<Expansion> {
        let is_known = self.courses.contains_key(&unit);
        (!is_known).then(|| Expansion { casts: true, ..self.expansion(unit, known) })
    }

    /// Takes in who is in a stage, which begins.
    pub fn begin_stage(&mut self, unit: UnitId, draft: Draft) -> Continuation {
        let Content::Stage(Some(cast)) = draft.0 else {
            return Continuation { next: Next::Nothing, told: Vec::new() };
        };
        let Some(Target::Stage(stage)) = self.called(unit).map(|called| &called.target) else {
            return Continuation { next: Next::Nothing, told: Vec::new() };
        };
        let progress = Progress::new(cast.shape(stage));
        let runs = vec![0; cast.members.len()];
        let (parts, reason) = Default::default();
        self.courses.insert(unit, Course { cast, progress, parts, runs, reason });
        let next = self.course(unit).progress.begin();
        self.follow(unit, next, Vec::new())
    }

    /// The parts of a stage that run now.
    pub fn parts(&self, unit: UnitId) -> &[UnitId] {
        self.courses.get(&unit).map_or(&[], |course| &course.parts)
    }

    /// Whether a command is the gate of a stage, whose words count.
    pub fn is_gate(&self, command: UnitId) -> bool {
        let stage = self.parent(command);
        self.courses.get(&stage).is_some_and(|course| {
            *course.progress.phase() == Move::Gate && course.parts.contains(&command)
        })
    }

    /// What comes next in a stage whose parts have ended.
    pub fn next_in_stage(&mut self, unit: UnitId, ended: &[PartEnd]) -> Continuation {
        let mut told = Vec::new();
        let (stage, round) = (self.stage_name(unit), self.course(unit).progress.round());
        let next = match (self.course(unit).progress.phase().clone(), ended) {
            (Move::Gate, [gate]) => {
                let decision = decision(gate);
                let word = decision.map_or("says nothing that is a decision", past);
                let text = format!("stage {stage}: gate {word}");
                told.push(Told { stage, round, what: What::Decided(decision), text });
                let course = self.course(unit);
                course.reason = ("the gate asked for changes".into(), gate.log.clone());
                course.progress.decided(decision)
            }
            (phase, ended) => {
                let well: Vec<bool> = ended.iter().map(|part| part.is_well).collect();
                let next = self.course(unit).progress.ended(&well);
                if let (Move::Verify(checks), Move::Members(members)) = (&phase, &next) {
                    self.sent_back(unit, checks, members, ended, &mut told);
                }
                next
            }
        };
        self.follow(unit, next, told)
    }

    /// Says which members go back, and remembers why.
    fn sent_back(
        &mut self,
        unit: UnitId,
        checks: &[usize],
        members: &[usize],
        ended: &[PartEnd],
        told: &mut Vec<Told>,
    ) {
        let stage = self.stage_name(unit);
        let cast = self.course(unit).cast.clone();
        let failed = || checks.iter().zip(ended).filter(|(_, part)| !part.is_well);
        for &member in members {
            let task = cast.members[member].name.clone();
            let by: Vec<&str> = failed()
                .filter(|(check, _)| cast.checks[**check].1 == Some(member))
                .map(|(check, _)| &*cast.checks[*check].0.name)
                .collect();
            let by: Arc<str> = by.join(", ").into();
            let round = self.course(unit).progress.attempt(member);
            let text = format!("stage {stage}: {by} failed, {task} is sent back (run {round})");
            let (stage, what) = (stage.clone(), What::SentBack { task, by });
            told.push(Told { stage, round: self.course(unit).progress.round(), what, text });
        }
        let names: Vec<&str> = failed().map(|(check, _)| &*cast.checks[*check].0.name).collect();
        let log = failed().find_map(|(_, part)| part.log.clone());
        self.course(unit).reason = (format!("{} failed", names.join(", ")), log);
    }

    fn follow(&mut self, unit: UnitId, next: Move, mut told: Vec<Told>) -> Continuation {
        let mut fragment = self.room_of_stage(unit);
        fragment.fail_fast &= matches!(next, Move::Members(_));
        let cast = self.course(unit).cast.clone();
        let Some(by) = self.context_of_stage(unit) else {
            return Continuation { next: Next::Nothing, told };
        };
        let parts = match &next {
            Move::Members(members) => {
                let calls: Vec<Mention> =
                    members.iter().map(|&member| cast.members[member].clone()).collect();
                if members.len() == cast.members.len() {
                    told.push(self.begins(unit, &calls));
                }
                let parts = self.group(unit, &by, calls, &mut fragment);
                self.inform(unit, members, &parts);
                parts
            }
            Move::Verify(checks) => {
                let call = |&check: &usize| {
                    let ignore_error = self.course(unit).progress.sends_back(check);
                    Mention { ignore_error, ..cast.checks[check].0.clone() }
                };
                let calls = checks.iter().map(call).collect();
                self.group(unit, &by, calls, &mut fragment)
            }
            Move::Gate => {
                let Some(gate) = &cast.gate else {
                    return Continuation { next: Next::Nothing, told };
                };
                vec![self.gate(unit, gate, &by, &mut fragment)]
            }
            Move::Done | Move::Failed => return Continuation { next: Next::Nothing, told },
            Move::Stopped(why) => {
                let refused = self.stopped(unit, *why);
                return Continuation { next: Next::Refused(refused), told };
            }
        };
        fragment.steps.push(Step::Next);
        self.course(unit).parts = parts;
        Continuation { next: Next::Parts(fragment), told }
    }

    fn begins(&mut self, unit: UnitId, calls: &[Mention]) -> Told {
        let stage = self.stage_name(unit);
        let tasks: Vec<Arc<str>> = calls.iter().map(|call| call.name.clone()).collect();
        let most = match self.called(unit).map(|called| &called.target) {
            Some(Target::Stage(stage)) => stage.at_once(self.shared.settings.max_parallel),
            _ => None,
        };
        let count = tasks.len() as u32;
        let at_once = most.unwrap_or(count).min(count);
        let round = self.course(unit).progress.round();
        let mut text = format!("stage {stage}: {}", amount(count));
        if at_once > 1 && at_once == count {
            text += " at once";
        } else if at_once > 1 {
            text += &format!(", {at_once} at once");
        }
        if round > 1 {
            text += &format!(" (round {round})");
        }
        Told { stage, round, what: What::Began { tasks, at_once }, text }
    }

    /// Tells the commands of members what they are in, and why they run again.
    fn inform(&mut self, unit: UnitId, members: &[usize], parts: &[UnitId]) {
        let stage = self.stage_name(unit).to_string();
        for (&member, &part) in members.iter().zip(parts) {
            let course = self.course(unit);
            course.runs[member] += 1;
            let mut variables = vec![
                ("PAR_STAGE", stage.clone()),
                ("PAR_STAGE_ROUND", course.runs[member].to_string()),
                ("PAR_STAGE_REASON", course.reason.0.clone()),
            ];
            let log = course.reason.1.as_ref().map(|log| log.display().to_string());
            variables.push(("PAR_STAGE_LOG", log.unwrap_or_default()));
            self.surroundings.insert(part, variables);
        }
    }

    /// Variables that a command sees of the stage it stands in.
    pub fn stage_variables(&self, command: UnitId) -> &[(&'static str, String)] {
        if self.surroundings.is_empty() {
            return &[];
        }
        let mut unit = command;
        while unit != UnitId::ROOT {
            if let Some(variables) = self.surroundings.get(&unit) {
                return variables;
            }
            unit = self.parent(unit);
        }
        &[]
    }

    fn stopped(&mut self, unit: UnitId, why: Stopped) -> Diagnostic {
        let stage = self.stage_name(unit);
        let course = self.course(unit);
        let rounds = course.progress.round();
        let span = course.cast.gate.as_ref().map(|gate| gate.span);
        let message = match why {
            Stopped::Escalated => format!("stage {stage} is blocked: its gate escalated"),
            Stopped::Exhausted => {
                format!("stage {stage} is blocked: its gate still asks for changes, round {rounds}")
            }
            Stopped::Undecided => format!("stage {stage} is blocked: its gate did not decide"),
        };
        let error = Diagnostic::error(Fault::Failed, message);
        let error = match why {
            Stopped::Undecided => error.help(
                "a gate exits with 0 (APPROVED), 10 (REQUEST_CHANGES) or 20 (ESCALATE), or its last line is one of these words",
            ),
            Stopped::Escalated | Stopped::Exhausted => error,
        };
        match span {
            Some(span) => error.at(span, "this gate"),
            None => error,
        }
    }

    pub(super) fn stage_name(&self, unit: UnitId) -> Arc<str> {
        match self.called(unit).map(|called| &called.target) {
            Some(Target::Stage(stage)) => stage.written().name.value.clone(),
            _ => self.name(unit),
        }
    }

    fn context_of_stage(&self, unit: UnitId) -> Option<Arc<Context>> {
        match self.nodes.get(unit.index()) {
            Some(Node::Call { called, .. }) => match &called.target {
                Target::Stage(stage) => Some(stage.by.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn course(&mut self, unit: UnitId) -> &mut Course {
        self.courses.get_mut(&unit).expect("a stage is asked about after it has begun")
    }
}

/// What a gate says: by its exit code, or by its last line.
fn decision(gate: &PartEnd) -> Option<Decision> {
    let word = match gate.said.as_deref().map(str::trim) {
        Some("APPROVED") => Some(Decision::Approved),
        Some("REQUEST_CHANGES") => Some(Decision::RequestChanges),
        Some("ESCALATE") => Some(Decision::Escalate),
        _ => None,
    };
    match gate.code? {
        0 => Some(word.unwrap_or(Decision::Approved)),
        10 => Some(Decision::RequestChanges),
        20 => Some(Decision::Escalate),
        // A gate that broke has approved of nothing.
        _ => word.filter(|&word| word != Decision::Approved),
    }
}

fn past(decision: Decision) -> &'static str {
    match decision {
        Decision::Approved => "approved",
        Decision::RequestChanges => "asks for changes",
        Decision::Escalate => "escalates",
    }
}

fn amount(tasks: u32) -> String {
    match tasks {
        1 => "1 task".into(),
        tasks => format!("{tasks} tasks"),
    }
}
