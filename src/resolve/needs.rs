//! `needs`: programs, variables and services that must be there before anything starts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::path;
use super::resolver::Resolver;
use super::scope::text;
use super::settings::Request;
use super::shared::Site;
use crate::diag::{Diagnostic, Fault};
use crate::host::{Entry, Host};
use crate::source::Span;
use crate::taskfile::model::{Needs, Task};
use crate::taskfile::service;
use crate::template::Template;

/// How long a service may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

impl Resolver {
    /// What is not there of all that tasks need which are certain to be reached; each task once. What is
    /// written with templates is looked at when its task is reached.
    pub fn unmet(&self, requests: &[Request], host: &dyn Host) -> Vec<Diagnostic> {
        let model = &self.shared.model;
        if self.shared.settings.dry || model.tasks.values().all(|task| task.policy.needs.is_empty())
        {
            return Vec::new();
        }
        let site = Site { shared: &self.shared, host };
        let names: Vec<&str> = requests.iter().map(|request| &*request.name).collect();
        let tasks = model.certain_tasks(&names);
        tasks.iter().filter_map(|task| unmet_ahead(task, site)).collect()
    }
}

/// What is missing, with its place.
struct Missing {
    span: Span,
    why: String,
}

/// What is missing of a task's needs as far as they are written without templates.
fn unmet_ahead(task: &Task, site: Site<'_>) -> Option<Diagnostic> {
    let needs = &task.policy.needs;
    if needs.is_empty() {
        return None;
    }
    let literal = |template: &Template| Ok(template.literal().map(Arc::from));
    // Programs of a path relative to a directory that is not known yet are looked for there later.
    let dir = task.dir.is_none().then_some(&**task.base_dir);
    let env = |name: &str| {
        let written = task.env.iter().any(|var| &*var.name == name) || !task.dotenv.is_empty();
        let known =
            || site.ground().is_ok_and(|ground| ground.env.iter().any(|v| &*v.name == name));
        written || known() || has_value(site.host.env(name).as_deref())
    };
    let search = site.host.env("PATH").unwrap_or_default();
    let missing = missing(needs, &literal, &env, (&search, dir), site.host);
    missing.ok().and_then(|missing| refusal(&task.name, missing))
}

/// Refuses a call whose needs are not met, with all that is missing.
pub(super) fn met(context: &Context, site: Site<'_>) -> Result<(), Diagnostic> {
    let needs = &context.task.policy.needs;
    if needs.is_empty() || site.shared.settings.dry {
        return Ok(());
    }
    let say = |template: &Template| text(template, &context.vars, site).map(Some);
    let env = |name: &str| has_value(context.env.get(name).map(|value| &**value));
    let search = context.env.get("PATH").map_or("", |path| path);
    let missing = missing(needs, &say, &env, (search, Some(&context.dir)), site.host)?;
    refusal(context.name(), missing).map_or(Ok(()), Err)
}

fn has_value(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.is_empty())
}

/// A template's text; `None` when it cannot be known yet.
type Say<'a> = &'a dyn Fn(&Template) -> Result<Option<Arc<str>>, Diagnostic>;

fn missing(
    needs: &Needs,
    say: Say<'_>,
    env: &dyn Fn(&str) -> bool,
    programs: (&str, Option<&Path>),
    host: &dyn Host,
) -> Result<Vec<Missing>, Diagnostic> {
    let mut all = Vec::new();
    let mut look = |written: &[Template], is_there: &dyn Fn(&str) -> Result<(), String>| {
        for template in written {
            let Some(name) = say(template)? else { continue };
            if let Err(why) = is_there(&name) {
                all.push(Missing { span: template.text().span, why });
            }
        }
        Ok(())
    };
    look(&needs.programs, &|name| match has_program(name, programs, host) {
        true => Ok(()),
        false => Err(format!("there is no program `{name}`")),
    })?;
    look(&needs.env, &|name| match env(name) {
        true => Ok(()),
        false => Err(format!("the environment variable `{name}` has no value")),
    })?;
    look(&needs.services, &|url| match service(url) {
        None => Err(format!("`{url}` is not `tcp://host:port`")),
        Some(address) => host
            .connect(&address, PATIENCE)
            .map_err(|error| format!("nothing answers at {address}: {}", plain(&error))),
    })?;
    Ok(all)
}

/// Without the number that the system adds.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Looks where a shell would: along the path, or in a directory when there is a `/` in the name.
fn has_program(name: &str, (search, dir): (&str, Option<&Path>), host: &dyn Host) -> bool {
    if name.contains('/') {
        return dir.is_none_or(|dir| host.is_program(&path::join(dir, name)));
    }
    let mut folders = search.split(':').filter(|folder| !folder.is_empty()).map(Path::new);
    !name.is_empty()
        && folders.any(|folder| {
            let file = folder.join(name);
            host.entry(&file) == Some(Entry::File) && host.is_program(&file)
        })
}

fn refusal(task: &str, missing: Vec<Missing>) -> Option<Diagnostic> {
    let message = format!("task `{task}` needs what is not there");
    let error = Diagnostic::error(Fault::Failed, message);
    let is_any = !missing.is_empty();
    let error = missing.into_iter().fold(error, |error, it| error.at(it.span, it.why));
    is_any.then_some(error)
}
