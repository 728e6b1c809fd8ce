//! The common part of Makefiles: variables, targets, what they need, recipes.

use std::collections::HashSet;

use super::{Draft, Line, Project};

/// What stands at the beginning of a line and has no counterpart.
const DIRECTIVES: [&str; 12] = [
    "ifdef", "ifndef", "ifeq", "ifneq", "else", "endif", "define", "endef", "include", "-include",
    "vpath", "override",
];

pub(super) fn read(text: &str) -> Project {
    let mut project = Project::default();
    let mut phony: HashSet<String> = HashSet::new();
    let mut rules: Vec<Rule> = Vec::new();
    let mut is_recipe_kept = false;
    for (at, line) in joined(text) {
        if let Some(command) = line.strip_prefix('\t') {
            // A recipe of what is left out is left out with it.
            if let Some(rule) = rules.last_mut().filter(|_| is_recipe_kept) {
                rule.recipe.push((at, command.to_string()));
            }
            continue;
        }
        let bare = line.split(" #").next().unwrap_or(&line).trim();
        if bare.is_empty() || line.starts_with('#') {
            continue;
        }
        is_recipe_kept = false;
        if DIRECTIVES.iter().any(|word| bare.split_whitespace().next() == Some(word)) {
            project.left.push((at, format!("`{bare}`")));
        } else if let Some((name, mark, value, is_exported)) = assignment(bare) {
            match value_of(&name, mark, &value) {
                Some(value) if is_exported => project.env.push((name, value)),
                Some(value) => project.vars.push((name, value)),
                None => project.left.push((at, format!("`{bare}`"))),
            }
        } else if let Some((names, needs)) = bare.split_once(':') {
            let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
            let (names, needs) = (
                words(names),
                words(needs.trim_start_matches(':').split('|').next().unwrap_or("")),
            );
            if names.iter().any(|name| name == ".PHONY") {
                phony.extend(needs);
            } else if names.iter().any(|name| name.starts_with('.') && !name.contains('/')) {
                project.left.push((at, format!("`{bare}`")));
            } else if names.iter().chain(&needs).any(|word| word.contains('%')) {
                project.left.push((at, format!("the pattern rule `{bare}`")));
            } else {
                let desc = line.split_once("##").map_or("", |(_, desc)| desc.trim()).to_string();
                is_recipe_kept = true;
                rules.push(Rule { names, needs, desc, recipe: Vec::new() });
            }
        } else {
            project.left.push((at, format!("`{bare}`")));
        }
    }
    let targets: HashSet<String> = rules.iter().flat_map(|rule| rule.names.clone()).collect();
    for rule in &rules {
        for name in &rule.names {
            let draft = rule.task(name, &targets, &phony, &mut project.left);
            match project.tasks.iter_mut().find(|known| known.name == *name) {
                Some(known) => merge(known, draft),
                None => project.tasks.push(draft),
            }
        }
    }
    project.left.sort();
    project
}

struct Rule {
    names: Vec<String>,
    needs: Vec<String>,
    desc: String,
    recipe: Vec<(usize, String)>,
}

impl Rule {
    fn task(
        &self,
        name: &str,
        targets: &HashSet<String>,
        phony: &HashSet<String>,
        left: &mut Vec<(usize, String)>,
    ) -> Draft {
        let is_target = |need: &&String| targets.contains(*need);
        let deps: Vec<String> =
            self.needs.iter().filter(is_target).map(|need| plain(need)).collect();
        let files: Vec<String> = self
            .needs
            .iter()
            .filter(|need| !targets.contains(*need))
            .map(|need| plain(need))
            .collect();
        // What needs no file would always be up to date.
        let makes = !phony.contains(name) && !files.is_empty() && !self.recipe.is_empty();
        let needs = self.needs.iter().map(|need| plain(need)).collect::<Vec<_>>();
        let automatic = |text: &str| {
            let first = needs.first().map_or("", String::as_str);
            text.replace("$@", name).replace("$<", first).replace("$^", &needs.join(" "))
        };
        let mut cmds = Vec::new();
        for (at, command) in &self.recipe {
            let marks: String = command.chars().take_while(|c| "@-+ ".contains(*c)).collect();
            match expanded(&automatic(&command[marks.len()..])) {
                Some(text) if !text.trim().is_empty() => cmds.push(Line {
                    text,
                    silent: marks.contains('@'),
                    ignore_error: marks.contains('-'),
                }),
                Some(_) => {}
                None => left.push((*at, format!("the command `{}`", command.trim()))),
            }
        }
        Draft {
            name: name.into(),
            desc: self.desc.clone(),
            deps,
            cmds,
            generates: if makes { vec![name.into()] } else { Vec::new() },
            sources: if makes { files } else { Vec::new() },
            ..Draft::default()
        }
    }
}

fn merge(known: &mut Draft, more: Draft) {
    known.deps.extend(more.deps);
    known.sources.extend(more.sources);
    known.cmds.extend(more.cmds);
    if known.desc.is_empty() {
        known.desc = more.desc;
    }
}

fn plain(need: &str) -> String {
    expanded(need).unwrap_or_else(|| need.into())
}

/// Lines with their numbers, those that go on (`\`) as one.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let next = line.trim_end().ends_with('\\');
        match all.last_mut().filter(|_| goes_on) {
            Some((_, whole)) if whole.starts_with('\t') => {
                *whole += &format!("\n{}", line.strip_prefix('\t').unwrap_or(line));
            }
            Some((_, whole)) => {
                let end = whole.trim_end().trim_end_matches('\\').trim_end().to_string();
                *whole = format!("{end} {}", line.trim());
            }
            None => all.push((at + 1, line.to_string())),
        }
        goes_on = next;
    }
    all
}

/// `export NAME := value`: the name, the mark, the value, whether it is exported.
fn assignment(line: &str) -> Option<(String, &'static str, String, bool)> {
    let (line, is_exported) = match line.strip_prefix("export ") {
        Some(rest) => (rest.trim(), true),
        None => (line, false),
    };
    let at = line.find('=')?;
    let (mut name, value) = (&line[..at], line[at + 1..].trim());
    let mut mark = "=";
    for end in ["::", ":", "?", "+", "!"] {
        if let Some(rest) = name.strip_suffix(end) {
            (name, mark) = (rest, end);
            break;
        }
    }
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| (name.into(), mark, value.into(), is_exported))
}

fn value_of(name: &str, mark: &str, value: &str) -> Option<String> {
    if let Some(script) = value.strip_prefix("$(shell ").and_then(|rest| rest.strip_suffix(')')) {
        return Some(format!("sh:{}", expanded(script)?));
    }
    let value = expanded(value)?;
    match mark {
        "?" if !value.contains(['"', '{']) => {
            Some(format!("{{{{.{name} | default \"{value}\"}}}}"))
        }
        "?" | "+" | "!" => None,
        _ => Some(value),
    }
}

/// `$(X)` as `{{.X}}`, `$$` as `$`; `None` where there is more to it, as a function.
fn expanded(text: &str) -> Option<String> {
    // What are braces there would be a template here.
    if text.contains("{{") {
        return None;
    }
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        done += &rest[..at];
        rest = &rest[at + 1..];
        let first = rest.chars().next()?;
        let close = match first {
            '$' => {
                done.push('$');
                rest = &rest[1..];
                continue;
            }
            '(' => ')',
            '{' => '}',
            _ => return None,
        };
        let end = rest.find(close)?;
        let name = &rest[1..end];
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let name = if name == "MAKE" { "TASK_EXE" } else { name };
        done += &format!("{{{{.{name}}}}}");
        rest = &rest[end + 1..];
    }
    Some(done + rest)
}
