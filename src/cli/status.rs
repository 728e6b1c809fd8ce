//! `--status`: whether tasks are up to date, without running them.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Program, RunArgs};
use super::exit::Exit;
use super::say::Voice;
use super::settings::Settings;
use super::summary::callable;
use super::world::World;
use super::{planning, unknown};
use crate::diag::{Diagnostic, Fault};
use crate::fingerprint::{Fingerprints, Judgement, Traces};
use crate::host::Host;
use crate::resolve::{Check, Describer, Footprint};

use crate::taskfile::model::Model;

/// Exits with 1 at the first task of the command line that is not up to date.
pub(super) fn run(
    args: &RunArgs,
    settings: &Settings,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    let asked = planning::planning(args, settings, model, host);
    let describer = Describer::new(model.clone(), asked, Arc::new(World));
    let fingerprints = fingerprints(args.program, &settings.temp_dir.value, model, host);
    let ask = |name: &str| {
        let found = callable(model, name)?;
        let check = describer.check(&found, host)?;
        let name = check.name();
        match is_up_to_date(check, &fingerprints, host)? {
            true => Ok(()),
            false => Err(stale(&name)),
        }
    };
    match planning::requests(&args.tasks).iter().try_for_each(|request| ask(&request.name)) {
        Ok(()) => Exit::Success,
        Err(wrong) => {
            unknown::complain(&[wrong], args.program, settings.fuzzy.value, model, voice, host)
        }
    }
}

fn stale(name: &str) -> Diagnostic {
    Diagnostic::error(Fault::Other, format!("Task \"{name}\" is not up-to-date"))
}

/// What is remembered of the tasks, each name of ours in its own way, for asking alone.
pub(super) fn fingerprints(
    program: Program,
    temp_dir: &Option<PathBuf>,
    model: &Model,
    host: &dyn Host,
) -> Fingerprints {
    planning::fingerprints(program, temp_dir, &model.root_dir, Traces::None, host)
}

/// Asks `status` and sources.
pub(super) fn is_up_to_date(
    check: Check,
    fingerprints: &Fingerprints,
    host: &dyn Host,
) -> Result<bool, Diagnostic> {
    let mut judge =
        |footprint: Footprint| matches!(fingerprints.judge(footprint, host), Judgement::UpToDate);
    check.is_up_to_date(host, &mut judge)
}
