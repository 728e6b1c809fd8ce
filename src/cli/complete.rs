//! `par __complete LINE`: what may stand at the end of a command line, for the scripts of shells.
//!
//! One candidate a line, with a tab before what it is for. Says nothing of what is wrong: who completes
//! wants no messages. Fetches nothing and runs nothing.

use clap::{Arg, Command};

use super::args::Program;
use super::commands::{CompletionShell, Subcommand};
use super::exit::Exit;
use super::flags::{Locate, RunLine};
use super::list::Known;
use super::{grammar, prepare, say};
use crate::host::Host;
use crate::taskfile::model::{Axis, Model};
use crate::template::show;
use clap::FromArgMatches;

/// A candidate and what it is for.
type Candidate = (String, String);

/// Prints the candidates for the last word of `line`, which may be empty.
pub(super) fn run(line: &str, host: &dyn Host) -> Exit {
    let found = candidates(line, host);
    let text = found.iter().map(|(word, what)| match what.lines().next() {
        Some(what) => format!("{word}\t{what}\n"),
        None => format!("{word}\n"),
    });
    say::print(&text.collect::<String>())
}

fn candidates(line: &str, host: &dyn Host) -> Vec<Candidate> {
    let mut words = words(line);
    let last = words.pop().unwrap_or_default();
    let before: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    if before.contains(&"--") {
        return Vec::new();
    }
    let grammar = grammar::lenient(grammar::of::<RunLine>());
    let first = grammar::first_word(&grammar, &before);
    let command = first.and_then(|at| Subcommand::named(before[at].trim_start_matches(':')));
    let table = command.and_then(|command| command.line()).map(grammar::lenient).unwrap_or(grammar);
    if let Some(flag) = before.last().and_then(|word| flag_with_value(&table, word)) {
        return starting(values(flag), &last);
    }
    if last.starts_with('-') {
        return starting(flags(&table), &last);
    }
    let Some(named) = first else {
        let mut found = tasks(&before, &table, host);
        found.extend(commands());
        return starting(found, &last);
    };
    match command {
        None | Some(Subcommand::Watch | Subcommand::Plan | Subcommand::Why) => {
            let mut names: Vec<&str> = before.iter().copied().filter(is_task).collect();
            if command.is_some() || before[named] == "run" {
                names.retain(|name| *name != before[named]);
            }
            let mut found = variables(&names, &before, &table, host);
            if !last.contains('=') {
                found.extend(tasks(&before, &table, host));
            }
            starting(found, &last)
        }
        Some(Subcommand::Help) => starting(commands(), &last),
        Some(Subcommand::Completions) => {
            let shells = CompletionShell::NAMES.map(|name| (name.to_string(), String::new()));
            starting(shells.into(), &last)
        }
        Some(_) => Vec::new(),
    }
}

fn is_task(word: &&str) -> bool {
    !word.starts_with('-') && !word.contains('=')
}

fn starting(mut found: Vec<Candidate>, beginning: &str) -> Vec<Candidate> {
    found.retain(|(word, _)| word.starts_with(beginning));
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// The words of a line as a shell cuts it; the last is what is being typed.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quote, mut letters) = (None, line.chars());
    while let Some(letter) = letters.next() {
        let word = words.last_mut().expect("there is one");
        match (letter, quote) {
            ('\\', None | Some('"')) => word.extend(letters.next()),
            (mark @ ('\'' | '"'), None) => quote = Some(mark),
            (mark, Some(open)) if mark == open => quote = None,
            (space, None) if space.is_whitespace() => words.push(String::new()),
            (letter, _) => word.push(letter),
        }
    }
    let last = words.pop();
    words.retain(|word| !word.is_empty());
    words.extend(last);
    words
}

fn commands() -> Vec<Candidate> {
    let about = |command: &Subcommand| {
        let line = command.line();
        let about = line.as_ref().and_then(Command::get_about).map(ToString::to_string);
        (command.name().to_string(), about.unwrap_or_default())
    };
    let run = ("run".to_string(), "Runs tasks, what is independent at the same time".to_string());
    std::iter::once(run).chain(Subcommand::ALL.iter().map(about)).collect()
}

fn flags(table: &Command) -> Vec<Candidate> {
    let arguments = table.get_arguments().filter(|arg| !arg.is_hide_set());
    let of = |arg: &Arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some((format!("--{}", arg.get_long()?), help))
    };
    arguments.filter_map(of).collect()
}

/// The flag that the next word is the value of.
fn flag_with_value<'c>(table: &'c Command, word: &str) -> Option<&'c Arg> {
    let is_it = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => word.strip_prefix('-').is_some_and(|rest| {
            rest.chars().last() == arg.get_short() && arg.get_short().is_some()
        }),
    };
    let takes = |arg: &&Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    table.get_arguments().filter(takes).find(is_it)
}

/// What a flag may be; nothing where only the user knows, as for files.
fn values(flag: &Arg) -> Vec<Candidate> {
    let plain = |words: &[&str]| words.iter().map(|w| (w.to_string(), String::new())).collect();
    match flag.get_long() {
        Some("output") => {
            plain(&["auto", "interleaved", "group", "prefixed", "keep-order", "errors"])
        }
        Some("fallback") => plain(&["none", "sequential"]),
        Some("jobs") => plain(&["auto", "50%", "1", "2", "4", "8"]),
        Some("sort") => plain(&["default", "alphanumeric", "none"]),
        _ => {
            let known = flag.get_possible_values();
            known.iter().map(|value| (value.get_name().to_string(), String::new())).collect()
        }
    }
}

fn locate(before: &[&str], table: &Command) -> Locate {
    let command = table.clone().ignore_errors(true);
    let matches =
        command.try_get_matches_from(std::iter::once("par").chain(before.iter().copied()));
    matches.ok().and_then(|matches| Locate::from_arg_matches(&matches).ok()).unwrap_or_default()
}

fn tasks(before: &[&str], table: &Command, host: &dyn Host) -> Vec<Candidate> {
    let locate = locate(before, table);
    if locate.taskfile.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        return Vec::new();
    }
    match Known::of(&locate, host) {
        Some(Known::Outline(outline)) => {
            let both = |task| (outline.name(task).to_owned(), outline.desc(task).to_owned());
            outline.tasks().map(both).collect()
        }
        Some(Known::Whole(model)) => of_model(&model),
        None => Vec::new(),
    }
}

/// Names, then aliases.
fn of_model(model: &Model) -> Vec<Candidate> {
    let desc = |task: &crate::taskfile::model::Task| {
        task.desc.as_ref().map_or_else(String::new, |desc| desc.text().value.to_string())
    };
    let open = || model.tasks.values().filter(|task| !task.internal);
    let names = open().map(|task| (task.name.to_string(), desc(task)));
    let aliases = open().flat_map(|task| {
        task.aliases
            .iter()
            .map(move |alias| (alias.to_string(), format!("{}: {}", task.name, desc(task))))
    });
    names.chain(aliases).filter(|(name, _)| !name.contains('*')).collect()
}

/// `NAME=` for what the tasks named require, `NAME=value` where only certain values are allowed.
fn variables(names: &[&str], before: &[&str], table: &Command, host: &dyn Host) -> Vec<Candidate> {
    let given = |name: &str| before.iter().any(|word| word.split('=').next() == Some(name));
    let names: Vec<String> = match names {
        [] => vec!["default".into()],
        names => names.iter().map(ToString::to_string).collect(),
    };
    let Some(model) = prepare::known(&names, Program::Par, &locate(before, table), host) else {
        return Vec::new();
    };
    let mut found: Vec<Candidate> = Vec::new();
    for name in &names {
        let Ok(task) = model.find("", name, None) else { continue };
        for required in
            task.task.requires.iter().filter(|r| !given(&r.name) || r.name.contains('='))
        {
            let what = format!("required by {name}");
            match &required.allowed {
                Some(Axis::List(values)) => found.extend(
                    values
                        .iter()
                        .map(|value| (format!("{}={}", required.name, show(value)), what.clone())),
                ),
                Some(Axis::Reference(_)) | None => {
                    found.push((format!("{}=", required.name), what))
                }
            }
        }
    }
    found
}

/// The script that makes a shell ask.
pub(super) fn script(shell: CompletionShell) -> String {
    let (_, script) = SCRIPTS.iter().find(|(of, _)| *of == shell).expect("each has one");
    script.trim_start().replace("PAR", "par")
}

const SCRIPTS: [(CompletionShell, &str); 5] = [
    (CompletionShell::Bash, BASH),
    (CompletionShell::Zsh, ZSH),
    (CompletionShell::Fish, FISH),
    (CompletionShell::Powershell, POWERSHELL),
    (CompletionShell::Nushell, NUSHELL),
];

const BASH: &str = r#"
# completions of PAR for bash: source <(PAR completions bash)
_par_completions() {
    local line=${COMP_LINE:0:COMP_POINT} word cut candidate
    word=${line##*[[:space:]]}
    # What bash takes for words of their own is not to be given again.
    cut=${word%"${word##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        candidate=${candidate%%$'\t'*}
        COMPREPLY+=("${candidate#"$cut"}")
    done < <("${COMP_WORDS[0]}" __complete "$line" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _par_completions PAR
"#;

const ZSH: &str = r#"
#compdef PAR
# completions of PAR for zsh: source <(PAR completions zsh), or a file `_PAR` in $fpath
_par() {
    local -a described open
    local line word what
    for line in "${(@f)$(command PAR __complete "$LBUFFER" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        word=${line%%$'\t'*} what=${${line#*$'\t'}:-}
        [[ $what == $line ]] && what=
        if [[ $word == *= ]]; then open+=("$word"); else described+=("${word//:/\\:}:$what"); fi
    done
    if (( $#described + $#open == 0 )); then
        _files
    else
        (( $#open )) && compadd -S '' -a open
        (( $#described )) && _describe -V 'PAR' described
    fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _par "$@"; else compdef _par PAR; fi
"#;

const FISH: &str = r#"
# completions of PAR for fish: PAR completions fish > ~/.config/fish/completions/PAR.fish
function __par_completions
    set -l found (command PAR __complete (commandline -cp) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c PAR -f -a '(__par_completions)'
"#;

const POWERSHELL: &str = r#"
# completions of PAR for PowerShell: PAR completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName PAR -ScriptBlock {
    param($word, $ast, $position)
    $length = $position - $ast.Extent.StartOffset
    $line = $ast.ToString().PadRight($length).Substring(0, $length)
    & PAR __complete $line 2>$null | ForEach-Object {
        $value, $what = $_ -split "`t", 2
        if (-not $what) { $what = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $what)
    }
}
"#;

const NUSHELL: &str = r#"
# completions of PAR for nushell: PAR completions nushell | save -f PAR.nu, then `source PAR.nu`
def "nu-complete PAR" [words: list<string>] {
    let quoted = ($words | each {|word| if $word =~ '\s' and $word !~ "['\"]" { $"'($word)'" } else { $word } })
    ^PAR __complete ($quoted | str join " ") | lines | each {|row|
        let parts = ($row | split row "\t")
        {value: ($parts | first), description: ($parts | skip 1 | str join " ")}
    }
}
@complete "nu-complete PAR"
export extern PAR [...words]
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    fn found(line: &str) -> Vec<String> {
        let host = Fake::new().file(
            "Taskfile.yml",
            "
version: '3'
tasks:
  build: {desc: Builds, aliases: [b]}
  'lib:test': {requires: {vars: [WHO, {name: ENV, enum: [dev, prod]}]}}
  hidden: {internal: true}
  'any-*': {}
",
        );
        candidates(line, &host).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn tasks_aliases_and_commands_come_first() {
        assert_eq!(found("par b"), ["build", "b"]);
        assert_eq!(found("par lib:"), ["lib:test"]);
        assert_eq!(found("par pl"), ["plan"]);
        assert_eq!(found("par -s bu"), ["build"]);
        assert_eq!(found("par hid"), [""; 0]);
        assert_eq!(found("par plan bu"), ["build"]);
    }

    #[test]
    fn variables_of_the_tasks_named_and_their_values_are_offered() {
        assert_eq!(found("par lib:test W"), ["WHO="]);
        assert_eq!(found("par run lib:test ENV=p"), ["ENV=prod"]);
        assert_eq!(found("par lib:test ENV=dev EN"), [""; 0]);
        assert_eq!(found("par build EN"), [""; 0]);
    }

    #[test]
    fn flags_and_their_values_are_those_of_the_command() {
        assert_eq!(found("par plan --form"), ["--format"]);
        assert!(found("par plan --format ").contains(&"mermaid".to_string()));
        assert_eq!(found("par -o key"), [""; 0]);
        assert_eq!(found("par -o kee"), ["keep-order"]);
        assert_eq!(found("par build -- --"), [""; 0]);
        assert_eq!(found("par completions nu"), ["nushell"]);
    }

    #[test]
    fn a_line_is_cut_as_a_shell_cuts_it() {
        assert_eq!(words("par 'a b' c\\ d \"e"), ["par", "a b", "c d", "e"]);
        assert_eq!(words("par  x "), ["par", "x", ""]);
    }
}
