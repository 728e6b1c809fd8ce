//! What makes two calls the same for `run: once` and `run: when_changed`.

use xxhash_rust::xxh3::xxh3_128;

use super::called::Aim;
use super::context::Context;
use super::draft::{Mention, Piece};
use super::scope::text;
use super::shared::Site;
use crate::diag::{Diagnostic, Fault};
use crate::taskfile::model::Run;
use crate::template::Template;

/// A digest of what a later call must have to be the same.
pub(super) type Key = (u64, u64);

/// The key that a later call must have to be the same; `None` when each call runs.
pub(super) fn key(
    aim: &Aim,
    context: &Context,
    deps: &[Mention],
    steps: &[Piece],
    site: Site<'_>,
) -> Result<Option<Key>, Diagnostic> {
    let task = &context.task;
    let run = task.run.as_ref().unwrap_or(&site.shared.model.run);
    if task.watch || *run == Run::Always {
        return Ok(None);
    }
    let mut parts = Parts(format!("{}\0{}", task.taskfile, local_name(aim)));
    match run {
        Run::Unknown(word) => {
            let message = format!("task `{}`: unknown `run: {word}`", context.name());
            let help = "use always, once or when_changed";
            return Err(Diagnostic::error(Fault::Failed, message).at(task.span, "").help(help));
        }
        Run::WhenChanged => parts.add_all(context, deps, steps, site)?,
        Run::Always | Run::Once => {}
    }
    let digest = xxh3_128(parts.0.as_bytes());
    Ok(Some((digest as u64, (digest >> 64) as u64)))
}

/// The name within its own file, wildcards filled in.
fn local_name(aim: &Aim) -> &str {
    let name = aim.name().strip_prefix(&*aim.found.task.namespace).unwrap_or(aim.name());
    name.strip_prefix(':').unwrap_or(name)
}

struct Parts(String);

impl Parts {
    fn add(&mut self, part: &str) {
        self.0.push('\0');
        self.0.push_str(part);
    }

    /// Everything that variables can change in a task. The variables themselves do not count.
    fn add_all(
        &mut self,
        context: &Context,
        deps: &[Mention],
        steps: &[Piece],
        site: Site<'_>,
    ) -> Result<(), Diagnostic> {
        let task = &context.task;
        let mut written: Vec<&Template> = [&task.label, &task.desc, &task.summary, &task.condition]
            .into_iter()
            .flatten()
            .collect();
        written.extend(task.prompts.iter().chain(&task.status).chain(&task.dotenv));
        written.extend(task.sources.iter().chain(&task.generates).map(|glob| &glob.pattern));
        written.extend(task.preconditions.iter().map(|precondition| &precondition.script));
        written.extend(task.preconditions.iter().filter_map(|p| p.message.as_ref()));
        for template in written {
            self.add(&text(template, &context.vars, site)?);
        }
        self.add(&context.dir.to_string_lossy());
        deps.iter().for_each(|dep| self.add(&dep.name));
        steps.iter().for_each(|step| self.add_piece(step));
        Ok(())
    }

    fn add_piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Command(line) => {
                self.add(line.script.texts().0);
                self.add(line.condition().map_or("", |condition| condition));
            }
            Piece::Call(mention, _) => {
                self.add(&mention.name);
                self.add(mention.condition.as_deref().unwrap_or_default());
            }
            Piece::Late(late) => self.add(&late.call.task.text().value),
            Piece::Join => self.add("wait"),
        }
    }
}
