//! Agents: how many of them work at a time, and which of them together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::text;
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::plan::{Lock, Policy};
use crate::source::Text;
use crate::taskfile::model::{Action, Agent, Command, Model, Task};
use crate::template::Template;
use crate::value::{Value, Vars};

/// The command of an agent that is to do `prompt`; without an agent, that itself.
pub(super) fn command(
    task: &Task,
    prompt: Arc<str>,
    vars: &Arc<Vars>,
    site: Site<'_>,
) -> Result<Arc<str>, Diagnostic> {
    let named = task.policy.agent.as_ref();
    let Some(agent) = named.and_then(|name| site.shared.model.agents.get(&name.value)) else {
        return Ok(prompt);
    };
    let mut vars = Vars::on(vars.clone());
    vars.set("PROMPT", Value::Str(prompt));
    text(&agent.cmd, &vars, site)
}

/// The only command of a task that has an agent and says what is to be done, but not how: its summary, its
/// description or its name is the prompt.
pub(super) fn only_command(task: &Task) -> Option<Command> {
    let agent = task.policy.agent.as_ref()?;
    if !task.cmds.is_empty() || !task.policy.stages.is_empty() {
        return None;
    }
    let written = task.summary.as_ref().or(task.desc.as_ref()).cloned();
    let prompt = match written {
        Some(written) => written,
        None => {
            Template::parse(&Text { span: agent.span, ..Text::detached(task.name.clone()) }).ok()?
        }
    };
    Some(Command::new(Action::Shell(prompt), agent.span))
}

/// The pools that keep agents to their `max`.
pub fn pools(model: &Model) -> BTreeMap<Arc<str>, u32> {
    let limited = model.agents.iter().filter_map(|(name, agent)| Some((pool(name), agent.max?)));
    limited.collect()
}

fn pool(agent: &str) -> Arc<str> {
    format!("agent {agent}").into()
}

/// Adds what keeps a task's agent to its `max`, and apart from those that it is not compatible with.
pub(super) fn limit(task: &Task, model: &Model, policy: &mut Policy) {
    let Some(name) = &task.policy.agent else { return };
    let Some(own) = model.agents.get(&name.value) else { return };
    if own.max.is_some() {
        policy.resources.pools.push((pool(&name.value), 1));
    }
    for (other_name, other) in &model.agents {
        if *other_name != name.value && !are_compatible((&name.value, own), (other_name, other)) {
            policy.locks.push(apart((&name.value, own), (other_name, other)));
        }
    }
}

/// Both must want it, where they say anything.
fn are_compatible(one: (&str, &Agent), other: (&str, &Agent)) -> bool {
    let accepts = |agent: &Agent, name: &str| {
        agent.compatible.as_ref().is_none_or(|all| all.iter().any(|known| &*known.name == name))
    };
    accepts(one.1, other.0) && accepts(other.1, one.0)
}

/// One lock for the pair: the one of whom there are fewer holds it alone, so that the others of the other
/// kind still work side by side.
fn apart(own: (&str, &Agent), other: (&str, &Agent)) -> Lock {
    let rank = |(name, agent): (&str, &Agent)| (agent.max.unwrap_or(u32::MAX), name.to_string());
    let mut names = [own.0, other.0];
    names.sort();
    Lock {
        name: format!("agents {} {}", names[0], names[1]).into(),
        shared: rank(own) > rank(other),
        across_runs: false,
    }
}
