//! What a call asks for beyond its order, with its texts rendered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::agents;
use super::scope::text;
use super::shared::{Shared, Site};
use crate::diag::{Diagnostic, Fault, closest};
use crate::plan::{
    Class, Lock, Policy, Priority, Probe, Ready, Resources, Retry, Server, StallAction,
};
use crate::taskfile::address;
use crate::taskfile::model::{self, Model, Share, Task};
use crate::template::Template;
use crate::value::Vars;

/// What a call of `task` asks for; `None`: nothing.
pub(super) fn of(
    task: &Task,
    vars: &Vars,
    site: Site<'_>,
) -> Result<Option<Arc<Policy>>, Diagnostic> {
    if let Some(share) = task.policy.resources.pools.iter().find(|share| !fits(share, site.shared))
    {
        return Err(unfit(share, &site.shared.settings.pools));
    }
    assemble(task, site.shared, &|template| text(template, vars, site).map(Some))
}

/// The same as far as it is written without templates, which is known before the call is evaluated.
pub(super) fn written(task: &Task, shared: &Shared) -> Option<Arc<Policy>> {
    let literal = |template: &Template| Ok(template.literal().map(Arc::from));
    assemble(task, shared, &literal).ok().flatten()
}

/// What tasks ask for that there is not, or not that much of.
pub(super) fn unfit_shares(model: &Model, shared: &Shared) -> Vec<Diagnostic> {
    let shares = model.tasks.values().flat_map(|task| &task.policy.resources.pools);
    let unfit = shares.filter(|share| !fits(share, shared));
    unfit.map(|share| self::unfit(share, &shared.settings.pools)).collect()
}

fn fits(share: &Share, shared: &Shared) -> bool {
    shared.settings.pools.get(&share.pool).is_some_and(|&size| share.amount <= size)
}

fn unfit(share: &Share, pools: &BTreeMap<Arc<str>, u32>) -> Diagnostic {
    let Share { pool, amount, span } = share;
    match pools.get(pool) {
        Some(size) => {
            let message =
                format!("the pool `{pool}` has {size}, so nothing can take {amount} of it");
            Diagnostic::error(Fault::Invalid, message).at(*span, "asks for more than there is")
        }
        None => {
            let known = || pools.keys().map(|name| &**name).chain(["cpu", "memory"]);
            let error = Diagnostic::error(Fault::Invalid, format!("there is no pool `{pool}`"))
                .at(*span, "not one of `parallel: {pools: …}`");
            match closest(pool, known()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error
                    .help(format!("say how much there is: `parallel: {{pools: {{{pool}: 1}}}}`")),
            }
        }
    }
}

/// A template's text; `None` leaves out what it stands in.
type Say<'a> = &'a dyn Fn(&Template) -> Result<Option<Arc<str>>, Diagnostic>;

fn assemble(task: &Task, shared: &Shared, say: Say<'_>) -> Result<Option<Arc<Policy>>, Diagnostic> {
    let asked = &task.policy;
    let mut policy = Policy {
        timeout: asked.timeout,
        retry: asked.retry.as_ref().map(retry),
        locks: locks(&asked.locks, say)?,
        resources: resources(&asked.resources),
        priority: asked.priority.map(priority).unwrap_or_default(),
        after: asked.after.iter().map(|task| task.name.clone()).collect(),
        stall: asked.stall,
        stall_action: if asked.stops_on_stall { StallAction::Stop } else { StallAction::Warn },
        server: asked.server.as_ref().map(|server| self::server(server, say)).transpose()?,
    };
    agents::limit(task, &shared.model, &mut policy);
    Ok((policy != Policy::default()).then(|| Arc::new(policy)))
}

fn retry(written: &model::Retry) -> Retry {
    Retry {
        attempts: written.attempts,
        delay: written.delay,
        factor: written.factor,
        max_delay: written.max_delay,
        jitter: written.jitter,
        on: written.on.iter().copied().map(class).collect(),
        patterns: written.patterns.clone(),
    }
}

fn class(class: model::Class) -> Class {
    match class {
        model::Class::Transient => Class::Transient,
        model::Class::Timeout => Class::Timeout,
        model::Class::Signal => Class::Signal,
        model::Class::Exit(code) => Class::Exit(code),
        model::Class::Any => Class::Any,
    }
}

fn priority(priority: model::Priority) -> Priority {
    match priority {
        model::Priority::Critical => Priority::Critical,
        model::Priority::High => Priority::High,
        model::Priority::Normal => Priority::Normal,
        model::Priority::Low => Priority::Low,
    }
}

/// Each name once, exclusive if it is anywhere.
fn locks(written: &[model::Lock], say: Say<'_>) -> Result<Vec<Lock>, Diagnostic> {
    let mut locks: Vec<Lock> = Vec::new();
    for lock in written {
        let Some(name) = say(&lock.name)? else { continue };
        if name.is_empty() {
            let message = "a lock needs a name, and this one comes to nothing";
            return Err(Diagnostic::error(Fault::Invalid, message).at(lock.name.text().span, ""));
        }
        let across_runs = lock.across_runs;
        match locks.iter_mut().find(|known| known.name == name && known.across_runs == across_runs)
        {
            Some(known) => known.shared &= lock.shared,
            None => locks.push(Lock { name, shared: lock.shared, across_runs }),
        }
    }
    Ok(locks)
}

fn resources(written: &model::Resources) -> Resources {
    Resources {
        cpu: written.cpu.unwrap_or(0),
        memory: written.memory,
        pools: written.pools.iter().map(|share| (share.pool.clone(), share.amount)).collect(),
    }
}

fn server(written: &model::Server, say: Say<'_>) -> Result<Server, Diagnostic> {
    let Some(ready) = &written.ready else { return Ok(Server { ready: None }) };
    let probe = probe(&ready.probe, say)?;
    Ok(Server { ready: probe.map(|probe| Ready { probe, timeout: ready.timeout }) })
}

fn probe(written: &model::Probe, say: Say<'_>) -> Result<Option<Probe>, Diagnostic> {
    let wrong = |template: &Template, text: &str, why: &str| {
        let message = format!("`ready` cannot be seen by `{text}`: {why}");
        Diagnostic::error(Fault::Invalid, message).at(template.text().span, "")
    };
    let template = match written {
        model::Probe::Tcp(it) | model::Probe::Http(it) => it,
        model::Probe::Log(it) | model::Probe::Exec(it) => it,
    };
    let Some(text) = say(template)? else { return Ok(None) };
    Ok(Some(match written {
        model::Probe::Tcp(_) => match address(&text) {
            Some(address) => Probe::Tcp(address),
            None => return Err(wrong(template, &text, "not `host:port`, and no port")),
        },
        model::Probe::Http(_) if text.starts_with("http://") => Probe::Http(text),
        model::Probe::Http(_) => return Err(wrong(template, &text, "not an `http://` URL")),
        model::Probe::Log(_) => match regex::Regex::new(&text) {
            Ok(_) => Probe::Log(text),
            Err(_) => return Err(wrong(template, &text, "not a regular expression")),
        },
        model::Probe::Exec(_) => Probe::Exec(text),
    }))
}
