//! The common part of justfiles: variables, recipes, their parameters and dependencies, aliases.

use super::{Draft, Line, Project};

pub(super) fn read(text: &str) -> Project {
    let mut project = Project::default();
    let (mut comment, mut is_private, mut keeps) = (String::new(), false, false);
    let mut aliases: Vec<(String, String)> = Vec::new();
    // All of a recipe that begins with `#!` is one script.
    let mut is_script = false;
    let mut rest_of_words: Option<String> = None;
    for (at, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if line.starts_with([' ', '\t']) {
            let Some(task) = project.tasks.last_mut().filter(|_| keeps) else { continue };
            let command = line.trim();
            if task.cmds.is_empty() && command.starts_with("#!") {
                is_script = command.ends_with("sh");
                keeps = is_script;
                match is_script {
                    true => task.cmds.push(Line::default()),
                    false => project
                        .left
                        .push((at, format!("the script `{}` of `{command}`", task.name))),
                }
            } else if is_script {
                match (interpolated(line, &rest_of_words), task.cmds.last_mut()) {
                    (Some(text), Some(script)) => {
                        let text =
                            text.strip_prefix("    ").or(text.strip_prefix('\t')).unwrap_or(&text);
                        script.text += &format!("{text}\n");
                    }
                    _ => project.left.push((at, format!("`{command}`"))),
                }
            } else if !command.is_empty() {
                let marks: String = command.chars().take_while(|c| "@-".contains(*c)).collect();
                match interpolated(&command[marks.len()..], &rest_of_words) {
                    Some(text) => task.cmds.push(Line {
                        text,
                        silent: marks.contains('@'),
                        ignore_error: marks.contains('-'),
                    }),
                    None => project.left.push((at, format!("`{command}`"))),
                }
            }
            continue;
        }
        let bare = line.trim();
        if let Some(text) = bare.strip_prefix('#') {
            comment = text.trim().into();
            continue;
        }
        if bare.is_empty() {
            comment.clear();
            continue;
        }
        (keeps, is_script) = (false, false);
        if bare.starts_with('[') {
            is_private |= bare == "[private]";
            if bare != "[private]" {
                project.left.push((at, format!("`{bare}`")));
            }
        } else if let Some((name, target)) =
            bare.strip_prefix("alias ").and_then(|rest| rest.split_once(":="))
        {
            aliases.push((name.trim().into(), target.trim().into()));
        } else if let Some((name, value)) = bare.split_once(":=") {
            let (name, is_exported) = match name.trim().strip_prefix("export ") {
                Some(name) => (name.trim(), true),
                None => (name.trim(), false),
            };
            match value_of(value.trim()) {
                Some(value) if is_name(name) && is_exported => {
                    project.env.push((name.into(), value))
                }
                Some(value) if is_name(name) => project.vars.push((name.into(), value)),
                _ => project.left.push((at, format!("`{bare}`"))),
            }
        } else if let Some(task) = recipe(bare, &mut rest_of_words) {
            keeps = true;
            let desc = std::mem::take(&mut comment);
            let internal = std::mem::take(&mut is_private) || task.name.starts_with('_');
            project.tasks.push(Draft { desc, internal, ..task });
        } else {
            project.left.push((at, format!("`{bare}`")));
        }
    }
    for (alias, target) in aliases {
        if let Some(task) = project.tasks.iter_mut().find(|task| task.name == target) {
            task.aliases.push(alias);
        }
    }
    for task in &mut project.tasks {
        task.cmds.iter_mut().for_each(|line| line.text.truncate(line.text.trim_end().len()));
        if task.cmds.len() == 1 && task.cmds[0].text.contains('\n') {
            task.cmds[0].text.push('\n');
        }
    }
    project
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// `'text'`, `"text"` or `` `script` ``.
fn value_of(text: &str) -> Option<String> {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(script) = inside('`') {
        return Some(format!("sh:{script}"));
    }
    let value = inside('\'').or_else(|| inside('"'))?;
    (!value.contains(['\'', '"', '\\'])).then(|| value.into())
}

/// `name a b='c' *rest: dep dep`. `rest` is told the name of what takes all that is left.
fn recipe(line: &str, rest: &mut Option<String>) -> Option<Draft> {
    let (head, deps) = line.split_once(':')?;
    let mut words = head.split_whitespace();
    let name = words.next()?.trim_start_matches('@');
    if !is_name(name) {
        return None;
    }
    *rest = None;
    let mut task = Draft { name: name.into(), ..Draft::default() };
    for word in words {
        if let Some(name) = word.strip_prefix(['*', '+']) {
            *rest = Some(name.split('=').next().unwrap_or(name).into());
        } else if let Some((name, value)) = word.split_once('=') {
            let value = value_of(value)?;
            task.vars.push((name.into(), format!("{{{{.{name} | default \"{value}\"}}}}")));
        } else {
            task.requires.push(word.trim_start_matches('$').into());
        }
    }
    for dep in deps.split_whitespace() {
        if !is_name(dep) {
            return None;
        }
        task.deps.push(dep.into());
    }
    Some(task)
}

/// `{{x}}` as `{{.x}}`; `None` where there is more to it than a name.
fn interpolated(text: &str, rest_of_words: &Option<String>) -> Option<String> {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("{{") {
        let end = at + rest[at..].find("}}")?;
        let name = rest[at + 2..end].trim();
        if !is_name(name) || name.contains('-') {
            return None;
        }
        let name = if rest_of_words.as_deref() == Some(name) { "CLI_ARGS" } else { name };
        done += &format!("{}{{{{.{name}}}}}", &rest[..at]);
        rest = &rest[end + 2..];
    }
    Some(done + rest)
}
