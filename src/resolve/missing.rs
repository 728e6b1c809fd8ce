//! Which variables tasks and their dependencies want that nobody has given, so that somebody can be asked.
//!
//! Looks where names are literal; what else is missing shows when it is reached.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::describe::Describer;
use super::ground::Ground;
use super::requires;
use super::settings::Request;
use super::shared::Site;
use crate::diag::Diagnostic;
use crate::host::Host;
use crate::host::still::Still;
use crate::taskfile::Found;
use crate::taskfile::model::{Axis, Call, Model};
use crate::template::show;

/// A required variable that nobody has given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Its name.
    pub name: Arc<str>,
    /// The values it may have; empty when that is not said, or not known yet.
    pub allowed: Vec<String>,
}

impl Describer {
    /// What the tasks of the command line and their dependencies lack, each name once. Nothing is run for it.
    ///
    /// Errors are those of the Taskfile's own variables.
    pub fn missing(
        &self,
        requests: &[Request],
        host: &dyn Host,
    ) -> Result<Vec<Missing>, Diagnostic> {
        let still = Still(host);
        let site = Site { shared: &self.shared, host: &still };
        let mut search = Search::new(site)?;
        for request in requests {
            if let Ok(found) = search.model.find("", &request.name, None) {
                search.visit(&found, &[]);
            }
        }
        Ok(search.missing)
    }
}

struct Search<'a> {
    model: &'a Model,
    ground: &'a Ground,
    seen: BTreeSet<Arc<str>>,
    missing: Vec<Missing>,
}

impl<'a> Search<'a> {
    fn new(site: Site<'a>) -> Result<Search<'a>, Diagnostic> {
        let (seen, missing) = Default::default();
        Ok(Search { model: &site.shared.model, ground: site.ground()?, seen, missing })
    }

    fn visit(&mut self, found: &Found, given: &[Arc<str>]) {
        for required in requires::lacking(found, given, self.ground) {
            if self.missing.iter().all(|missing| missing.name != required.name) {
                let allowed = match &required.allowed {
                    Some(Axis::List(values)) => values.iter().map(show).collect(),
                    _ => Vec::new(),
                };
                self.missing.push(Missing { name: required.name.clone(), allowed });
            }
        }
        if self.seen.insert(found.full_name().clone()) {
            found.task.deps.iter().for_each(|dep| self.follow(found, dep));
        }
    }

    fn follow(&mut self, by: &Found, dep: &Call) {
        let Some(name) = dep.task.literal().filter(|_| dep.each.is_none()) else { return };
        if let Ok(found) = self.model.find(&by.task.namespace, name, None) {
            let given: Vec<Arc<str>> = dep.vars.iter().map(|var| var.name.clone()).collect();
            self.visit(&found, &given);
        }
    }
}
