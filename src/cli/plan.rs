//! `par plan`: what would run, in which order, how long it probably takes.
//!
//! Runs no command of a task; what only the run can show is said to be uncertain.

mod matrix;
mod page;
mod picture;
mod pretend;
mod times;
mod view;

use std::sync::Arc;
use std::time::Duration;

use super::args::{Program, RunArgs, sort_words};
use super::commands::{PlanFormat, PlanLine};
use super::exit::Exit;
use super::flags::Flags;
use super::planning::{planning, requests};
use super::prepare::{self, Asked};
use super::say::{self, Voice};
use super::settings::Settings;
use super::unknown;
use super::world::World;
use crate::host::Host;
use crate::id::{TaskIds, UnitId};
use crate::plan::{Fragment, Plan, Work};
use crate::resolve::{Ahead, Resolver, plan_ahead};
use crate::store::Store;
use crate::taskfile::Failure;
use crate::taskfile::model::Model;
use times::Times;
use view::{Source, TaskLine, View};

/// Prints the plan of the tasks named.
pub(super) fn run(line: &PlanLine, voice: Voice, host: &dyn Host) -> Exit {
    let flags = Flags::default();
    let asked =
        Asked { program: Program::Par, locate: &line.locate, own: &line.own, flags: &flags };
    let view = prepare::ready(asked, host).and_then(|ready| {
        voice.warn(&ready.warnings.diagnostics, &ready.warnings.sources);
        let model = Arc::new(ready.model.unwrap_or_default());
        voice.warn(&model.warnings, &model.sources);
        view(line, model, &ready.settings, host)
    });
    match view {
        Ok(view) => say::print(&match line.format {
            _ if line.json => view.json(),
            PlanFormat::Json => view.json(),
            PlanFormat::Table => matrix::text(&view),
            PlanFormat::Dot => picture::dot(&view),
            PlanFormat::Mermaid => picture::mermaid(&view),
            PlanFormat::Html => page::html(&view),
            PlanFormat::Text => view.text(),
        }),
        Err(failure) => voice.complain(&failure),
    }
}

fn view(
    line: &PlanLine,
    model: Arc<Model>,
    settings: &Settings,
    host: &dyn Host,
) -> Result<View, Failure> {
    let (tasks, vars) = sort_words(line.words.clone());
    let args = RunArgs { tasks, vars, ..RunArgs::default() };
    let wishes = planning(&args, settings, &model, host);
    let ids = Arc::new(TaskIds::new("par", "plan", "0", "0", 0));
    let mut resolver = Resolver::new(model.clone(), wishes, Arc::new(World), ids);
    let requests = requests(&args.tasks);
    let mut ahead = plan_ahead(&mut resolver, &requests, host)
        .map_err(|wrong| unknown::failure(wrong, settings.fuzzy.value, &model))?;
    let history = Store::durations(&model.root_dir);
    let times = Times::set(&mut ahead.fragments, &history);
    let tasks = requests.iter().map(|request| request.name.to_string()).collect();
    Ok(put_together(tasks, &ahead, &times, settings, &resolver))
}

fn put_together(
    tasks: Vec<String>,
    ahead: &Ahead,
    times: &Times,
    settings: &Settings,
    resolver: &Resolver,
) -> View {
    let plan = grown(&ahead.fragments);
    let mut forecast = plan.forecast(times.typical);
    // Within a level as in the files, which is the order in which units are made.
    forecast.lines.sort_by_key(|line| line.unit);
    let parallel = pretend::wall(&ahead.fragments, settings, times.typical);
    let name = |unit: UnitId| plan.unit(unit).task.to_string();
    let mut levels: Vec<Vec<TaskLine>> = Vec::new();
    for line in &forecast.lines {
        levels.resize_with(levels.len().max(line.level + 1), Vec::new);
        levels[line.level].push(TaskLine {
            name: name(line.unit),
            description: description(resolver, line.unit),
            agent: agent(resolver, line.unit),
            order: order(&plan, resolver, line.unit),
            locks: locks(&plan, line.unit),
            seconds: line.time.as_secs_f64(),
            source: times.source(line.unit),
            unit: line.unit.0,
            after: line.needs.iter().map(|need| need.0).collect(),
            is_critical: forecast.critical.contains(&line.unit),
            needs: line.needs.iter().copied().map(name).collect(),
            uncertain: Vec::new(),
        });
    }
    let places: Vec<(UnitId, (usize, usize))> = places(&forecast.lines);
    let mut open = Vec::new();
    for (unit, reason) in &ahead.uncertain {
        let call = if plan.unit(*unit).work == Work::Call { *unit } else { plan.parent(*unit) };
        match places.iter().find(|(planned, _)| *planned == call) {
            Some(&(_, (level, at))) => levels[level][at].uncertain.push(reason.clone()),
            None => open.push((name(call), reason.clone())),
        }
    }
    let seconds = |time: Duration| time.as_secs_f64();
    View {
        tasks,
        jobs: settings.slots,
        levels,
        critical_path: forecast.critical.iter().copied().map(name).collect(),
        sequential: seconds(forecast.sequential),
        parallel: seconds(parallel),
        fastest: seconds(forecast.fastest),
        is_unit: times.are_units(),
        open,
    }
}

/// Where in the levels each line is.
fn places(lines: &[crate::plan::Line]) -> Vec<(UnitId, (usize, usize))> {
    let mut filled: Vec<usize> = Vec::new();
    let place = |line: &crate::plan::Line| {
        filled.resize(filled.len().max(line.level + 1), 0);
        filled[line.level] += 1;
        (line.unit, (line.level, filled[line.level] - 1))
    };
    lines.iter().map(place).collect()
}

/// The plan with all its fragments.
fn grown(fragments: &[(UnitId, Fragment)]) -> Plan {
    let mut plan = Plan::rooted();
    for (call, fragment) in fragments {
        plan.expand(*call, fragment.clone());
    }
    plan
}

fn description(resolver: &Resolver, unit: UnitId) -> String {
    let task = resolver.task(unit);
    let desc = task.and_then(|task| task.desc.as_ref());
    desc.map_or_else(String::new, |desc| desc.text().value.to_string())
}

fn agent(resolver: &Resolver, unit: UnitId) -> Option<String> {
    let agent = resolver.task(unit)?.policy.agent.as_ref()?;
    Some(agent.value.to_string())
}

/// The locks of a task, those of calls around it included, each with whether it is shared.
fn locks(plan: &Plan, mut unit: UnitId) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    while unit != UnitId::ROOT {
        let policy = plan.unit(unit).policy.as_ref();
        let locks = policy.iter().flat_map(|policy| &policy.locks);
        all.extend(locks.map(|lock| (lock.name.to_string(), lock.shared)));
        unit = plan.parent(unit);
    }
    all
}

/// Where a task stands in the files.
fn order(plan: &Plan, resolver: &Resolver, unit: UnitId) -> (u32, u32) {
    resolver.task(unit).map_or(plan.unit(unit).order, |task| (task.order, 0))
}
