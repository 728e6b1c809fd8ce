//! A task that was asked for and is not there: what may have been meant, and what there is.

use std::sync::Arc;

use super::args::Program;
use super::commands::Subcommand;
use super::exit::Exit;
use super::list::{self, ListArgs};
use super::say::Voice;
use crate::diag::{Diagnostic, Fault, closest};
use crate::host::Host;
use crate::taskfile::Failure;
use crate::taskfile::model::Model;
use crate::term::columns;

/// Names that are offered at most.
const OFFERED: usize = 3;
/// Columns of the names of a project that are shown where nothing comes near.
const SHOWN: usize = 60;

/// Says why nothing is run. Under the name of go-task, who asks for a task that is not there is shown those that are.
pub(super) fn complain(
    wrong: &[Diagnostic],
    program: Program,
    guesses: bool,
    model: &Arc<Model>,
    voice: Voice,
    host: &dyn Host,
) -> Exit {
    if program == Program::Task && wrong.iter().any(is_typed) {
        let args = ListArgs { program, ..ListArgs::default() };
        list::print(&args, model.clone(), host);
    }
    voice.complain(&match program {
        Program::Par => failure(wrong.to_vec(), guesses, model),
        Program::Task => {
            let diagnostics = wrong.iter().map(|wrong| guessed(wrong, guesses)).collect();
            Failure { diagnostics, sources: model.sources.clone() }
        }
    })
}

/// The mistakes with ways out, under our own name.
pub(super) fn failure(wrong: Vec<Diagnostic>, guesses: bool, model: &Model) -> Failure {
    let explained = wrong.iter().map(|wrong| explained(guessed(wrong, guesses), guesses, model));
    Failure { diagnostics: explained.collect(), sources: model.sources.clone() }
}

/// The mistake, without a guess which task was meant where nobody wants one.
pub(super) fn guessed(mistake: &Diagnostic, guesses: bool) -> Diagnostic {
    let mut mistake = mistake.clone();
    if mistake.fault == Fault::NoTask && !guesses {
        mistake.help.clear();
    }
    mistake
}

/// Whether it is about a name of the command line, which has no place in a file.
fn is_typed(mistake: &Diagnostic) -> bool {
    mistake.fault == Fault::NoTask && mistake.labels.is_empty()
}

/// The mistake with a way out, if it is about a name that was typed.
fn explained(mistake: Diagnostic, guesses: bool, model: &Model) -> Diagnostic {
    let name = mistake.message.split('`').nth(1).filter(|_| is_typed(&mistake));
    let Some(name) = name.map(String::from) else { return mistake };
    let known: Vec<&str> = model.callable().collect();
    let help = match name.as_str() {
        "default" => format!("without a name that one is meant; {}", there_are(&known)),
        name => match meant(name, &known).filter(|_| guesses) {
            Some(meant) => format!("did you mean {meant}?"),
            None => there_are(&known),
        },
    };
    Diagnostic { help: vec![help], ..mistake }
}

/// What somebody may have meant by `name`, in words.
fn meant(name: &str, known: &[&str]) -> Option<String> {
    let command = || {
        let near = closest(name, Subcommand::ALL.map(Subcommand::name));
        near.map(|near| format!("the command `{near}`"))
    };
    let near = slip(name, known).or_else(|| part(name, known));
    near.or_else(command).or_else(|| part_of_part(name, known))
}

/// A slip of the keyboard.
fn slip(name: &str, known: &[&str]) -> Option<String> {
    let folded = folded(name);
    let length = folded.chars().count();
    let limit = if length < 2 { 0 } else { (length / 3).max(1) };
    let distances: Vec<usize> =
        known.iter().map(|known| strsim::osa_distance(&folded, &self::folded(known))).collect();
    let least = distances.iter().copied().filter(|distance| *distance <= limit).min()?;
    let nearest = known.iter().zip(&distances).filter(|(_, distance)| **distance == least);
    offered(nearest.map(|(known, _)| *known).collect())
}

/// A namespace, or a name without it.
fn part(name: &str, known: &[&str]) -> Option<String> {
    let part = format!(":{}:", folded(name));
    having(known, &|known| format!(":{known}:").contains(&part))
}

/// A slip in a name without its namespace, or the beginning of a name.
fn part_of_part(name: &str, known: &[&str]) -> Option<String> {
    let name = folded(name);
    let parts = name.split(':').count();
    let limit = (name.chars().count() / 3).max(1);
    let ends_nearly = |known: &str| {
        let all: Vec<&str> = known.split(':').collect();
        let end = all.len().checked_sub(parts).filter(|begin| *begin > 0);
        end.is_some_and(|begin| strsim::osa_distance(&all[begin..].join(":"), &name) <= limit)
    };
    let long = (name.chars().count() > 1).then_some(known)?;
    having(long, &ends_nearly).or_else(|| having(long, &|known| known.starts_with(&name)))
}

fn having(known: &[&str], is: &dyn Fn(&str) -> bool) -> Option<String> {
    offered(known.iter().copied().filter(|known| is(&folded(known))).collect())
}

/// A name as far as people tell names apart who have not written them.
fn folded(name: &str) -> String {
    let fold = |c: char| if matches!(c, '-' | '_' | '.' | '/' | ' ') { ':' } else { c };
    name.chars().map(fold).flat_map(char::to_lowercase).collect()
}

fn offered(names: Vec<&str>) -> Option<String> {
    let quoted: Vec<String> = names.iter().take(OFFERED).map(|name| format!("`{name}`")).collect();
    match (&quoted[..], names.len().saturating_sub(OFFERED)) {
        ([], _) => None,
        ([one], _) => Some(one.clone()),
        ([first @ .., last], 0) => Some(format!("{} or {last}", first.join(", "))),
        (all, more) => Some(format!("{} or one of {more} more", all.join(", "))),
    }
}

/// The first names, so many as fit into a line.
fn there_are(known: &[&str]) -> String {
    let mut width = 0;
    let fits = |name: &&&str| {
        width += columns(name) + 4;
        width <= SHOWN
    };
    let shown: Vec<String> =
        known.iter().take_while(fits).map(|name| format!("`{name}`")).collect();
    match (shown.len(), known.len()) {
        (_, 0) => "this Taskfile has no tasks".into(),
        (0, _) => "`par list --all` shows what there is".into(),
        (few, all) if few == all => format!("there is {}", shown.join(", ")),
        (_, _) => format!("there is {}, …; `par list --all` shows all", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 9] = [
        "build",
        "compile",
        "test",
        "frontend:build",
        "frontend:lint",
        "api:build",
        "api:check-types",
        "api:serve",
        "e2e_smoke",
    ];

    fn help(name: &str) -> String {
        meant(name, &KNOWN).unwrap_or_default()
    }

    #[test]
    fn slips_of_the_keyboard_are_seen_everywhere_in_a_name() {
        for (typed, meant) in [
            ("biuld", "`build`"),
            ("uild", "`build`"),
            ("BUILD", "`build`"),
            ("tset", "`test`"),
            ("comple", "`compile`"),
            ("frontend:biuld", "`frontend:build`"),
            ("forntend:build", "`frontend:build`"),
            ("frontend-build", "`frontend:build`"),
            ("fronend:lnit", "`frontend:lint`"),
            ("api/check_types", "`api:check-types`"),
            ("E2E-Smoke", "`e2e_smoke`"),
        ] {
            assert_eq!(help(typed), meant, "{typed}");
        }
    }

    #[test]
    fn a_namespace_or_the_end_of_a_name_leads_to_its_tasks() {
        for (typed, meant) in [
            ("lint", "`frontend:lint`"),
            ("serve", "`api:serve`"),
            ("srve", "`api:serve`"),
            ("types", "`api:check-types`"),
            ("check-typse", "`api:check-types`"),
            ("frontend", "`frontend:build` or `frontend:lint`"),
            ("api", "`api:build`, `api:check-types` or `api:serve`"),
            ("comp", "`compile`"),
        ] {
            assert_eq!(help(typed), meant, "{typed}");
        }
        let many = ["a:1", "a:2", "a:3", "a:4", "a:5"];
        assert_eq!(meant("a", &many).unwrap(), "`a:1`, `a:2`, `a:3` or one of 2 more");
    }

    #[test]
    fn commands_are_names_too_and_not_everything_is_near() {
        assert_eq!(help("plna"), "the command `plan`");
        assert_eq!(help("completion"), "the command `completions`");
        for typed in ["deploy", "x", "zzz", ""] {
            assert_eq!(help(typed), "", "{typed}");
        }
    }

    #[test]
    fn what_there_is_fits_into_a_line() {
        assert_eq!(there_are(&[]), "this Taskfile has no tasks");
        assert_eq!(there_are(&["a", "b"]), "there is `a`, `b`");
        let long = "x".repeat(80);
        assert_eq!(there_are(&[&long]), "`par list --all` shows what there is");
        let all =
            "there is `build`, `compile`, `test`, `frontend:build`, …; `par list --all` shows all";
        assert_eq!(there_are(&KNOWN), all);
    }
}
