//! From the text of a command to what is executed: a program, or a shell with a script.
//!
//! Commands behave as in go-task: `set -e` always, a new shell each, background jobs waited for. Knows the
//! environment only as it is handed in.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lexer::features;
use super::listing::in_columns;
use super::simple::{Simple, pipeline};
use super::trivial::{self, Trivial};
use super::{Command, Leftovers, Pipeline};

/// The kernel refuses a single argument of 128 KiB.
const LONGEST_ARGUMENT: usize = 120_000;

/// The shell of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shell {
    program: Arc<Path>,
    is_bash: bool,
}

/// What a Taskfile sets for its shells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// For `set -o`: names as `pipefail`, or letters as `x`.
    pub set: Arc<[Arc<str>]>,
    /// For `shopt -s`, as `globstar`.
    pub shopt: Arc<[Arc<str>]>,
}

impl Options {
    /// Whether they change nothing about a command without anything to expand.
    pub(super) fn allow_direct(&self) -> bool {
        let harmless = ["e", "errexit", "pipefail", "u", "nounset", "f", "noglob"];
        self.set.iter().all(|option| harmless.contains(&&**option))
    }
}

impl Shell {
    /// The first bash on `path`, or in the usual places; else the first sh.
    ///
    /// # Errors
    ///
    /// When there is neither.
    pub fn find(path: Option<&OsStr>) -> io::Result<Shell> {
        Shell::find_on(path.unwrap_or_default(), OsStr::new("/bin:/usr/bin:/usr/local/bin"))
    }

    fn find_on(path: &OsStr, usual: &OsStr) -> io::Result<Shell> {
        let search = |name: &str| {
            let root = Path::new("/");
            let folders = std::env::split_paths(path);
            let folders = folders.chain(std::env::split_paths(usual));
            let name = name.to_owned();
            folders.filter_map(move |folder| find_program(&name, folder.as_os_str(), root))
        };
        if let Some(program) = search("bash").find(|program| !is_old_bash(program)) {
            return Ok(Shell { program: program.into(), is_bash: true });
        }
        match search("sh").next() {
            Some(program) => Ok(Shell { program: program.into(), is_bash: false }),
            None => {
                Err(io::Error::new(io::ErrorKind::NotFound, "found neither bash nor sh on PATH"))
            }
        }
    }

    /// Whether scripts may be written for bash.
    pub fn is_bash(&self) -> bool {
        self.is_bash
    }

    /// What is executed for `text`: a command, or a script that planning wants to run.
    ///
    /// `path` is the `PATH` that it will have, `dir` where it will be.
    ///
    /// # Errors
    ///
    /// When the text contains a NUL byte.
    pub fn command(
        &self,
        text: &Arc<str>,
        options: &Options,
        path: &OsStr,
        dir: &Path,
    ) -> io::Result<Command> {
        let script = self.script(text.clone(), options);
        let simple = pipeline(text)
            .filter(|all| all.len() == 1 && options.allow_direct())
            .and_then(|mut all| all.pop());
        match simple.and_then(|simple| Some((program_of(&simple, path, dir)?, simple))) {
            Some((program, simple)) => direct(program, simple, script),
            None => script.command(),
        }
    }

    /// What is executed for `text` when it is a pipeline that needs no shell; otherwise as [`Shell::command`].
    ///
    /// # Errors
    ///
    /// When the text contains a NUL byte.
    pub fn pipeline(
        &self,
        text: &str,
        options: &Options,
        path: &OsStr,
        dir: &Path,
    ) -> io::Result<Option<Pipeline>> {
        // A message names the line, so there is to be only one.
        let is_line = !text.trim_end_matches('\n').contains('\n');
        if !self.is_bash || !is_line || !text.contains('|') || !options.allow_direct() {
            return Ok(None);
        }
        let Some(mut all) = pipeline(text).filter(|all| all.len() > 1) else { return Ok(None) };
        let before = trivial::before(&all[0], options);
        all.drain(..usize::from(before.is_some()));
        let programs: Option<Vec<_>> =
            all.iter().map(|simple| program_of(simple, path, dir)).collect();
        let Some(programs) = programs else { return Ok(None) };
        let texts = all.iter().map(|simple| simple.text.clone()).collect();
        let commands = programs.into_iter().zip(all).map(|(program, simple)| {
            let script = self.script(simple.text.as_str().into(), options);
            direct(program, simple, script)
        });
        Ok(Some(Pipeline {
            before,
            commands: commands.collect::<io::Result<_>>()?,
            texts,
            pipefail: options.set.iter().any(|option| &**option == "pipefail"),
        }))
    }

    /// What `text` does, if neither a shell nor a process is needed for it.
    pub fn trivial(&self, text: &str, options: &Options) -> Option<Trivial> {
        self.is_bash.then(|| trivial::trivial(text, options)).flatten()
    }

    fn script(&self, text: Arc<str>, options: &Options) -> Script {
        Script { shell: self.clone(), text, options: options.clone() }
    }
}

/// A text that a shell executes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    shell: Shell,
    text: Arc<str>,
    options: Options,
}

impl Script {
    /// The shell, and what it is told.
    pub(super) fn command(&self) -> io::Result<Command> {
        let Script { shell, text, options } = self;
        let name = if shell.is_bash { "bash" } else { "sh" };
        let mut argv: Vec<String> = vec![name.into(), "-e".into()];
        if shell.is_bash {
            // Privileged: BASH_ENV, SHELLOPTS, CDPATH and functions of the environment change nothing.
            argv.push("-p".into());
            argv.extend(options.shopt.iter().flat_map(|option| ["-O".into(), option.to_string()]));
        }
        for option in options.set.iter() {
            match option.len() {
                1 => argv.push(format!("-{option}")),
                _ => argv.extend(["-o".into(), option.to_string()]),
            }
        }
        argv.extend(["-c".into(), "--".into()]);
        let listing = if shell.is_bash { in_columns(text) } else { None };
        argv.extend(script_arguments(listing.as_deref().unwrap_or(text), name));
        let has_background = features(text).has_background;
        Ok(Command {
            program: c_string(shell.program.as_os_str().as_bytes())?,
            argv: argv.into_iter().map(c_string).collect::<io::Result<_>>()?,
            redirections: Vec::new(),
            otherwise: None,
            leftovers: if has_background { Leftovers::Wait } else { Leftovers::Stay },
        })
    }
}

/// The program of a command that needs no shell.
fn program_of(simple: &Simple, path: &OsStr, dir: &Path) -> Option<PathBuf> {
    let name = &simple.words[0];
    if is_built_in(name) {
        return None;
    }
    // Whether a path leads to a program is the kernel's to say, and then the shell's.
    if name.contains('/') { Some(name.into()) } else { find_program(name, path, dir) }
}

fn direct(program: PathBuf, simple: Simple, otherwise: Script) -> io::Result<Command> {
    Ok(Command {
        program: c_string(program.into_os_string().into_vec())?,
        argv: simple.words.into_iter().map(c_string).collect::<io::Result<_>>()?,
        redirections: simple.redirections,
        otherwise: Some(otherwise),
        leftovers: Leftovers::Stay,
    })
}

/// The text itself, or, when it is too long for one argument, its parts and a script that joins them.
fn script_arguments(text: &str, name: &str) -> Vec<String> {
    if text.len() < LONGEST_ARGUMENT {
        return vec![text.into()];
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (0..=LONGEST_ARGUMENT.min(rest.len())).rfind(|&end| rest.is_char_boundary(end));
        let (part, more) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(part.to_owned());
        rest = more;
    }
    let all: String = (1..=parts.len()).map(|number| format!("${{{number}}}")).collect();
    let joiner = format!("eval \"shift {};{all}\"", parts.len());
    [joiner, name.into()].into_iter().chain(parts).collect()
}

fn c_string(text: impl Into<Vec<u8>>) -> io::Result<CString> {
    CString::new(text)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the command contains a NUL byte"))
}

/// Whether it is older than release 4 (2009), before arrays had names and globs stars, as Apple's own still is.
/// A system's own elsewhere is not, so nobody waits for its answer.
fn is_old_bash(program: &Path) -> bool {
    let is_systems = ["/bin/bash", "/usr/bin/bash"].iter().any(|path| program == Path::new(path));
    if is_systems {
        return cfg!(target_vendor = "apple");
    }
    let mut question = std::process::Command::new(program);
    question.args(["-p", "-c", "echo ${BASH_VERSINFO[0]}"]).stdin(std::process::Stdio::null());
    let answer = question.output().map(|output| output.stdout).unwrap_or_default();
    let release: Option<u32> = String::from_utf8_lossy(&answer).trim().parse().ok();
    release.is_none_or(|release| release < 4)
}

/// The file that a shell in `dir` would execute for `name`, relative where the shell's would be.
pub fn find_program(name: &str, path: &OsStr, dir: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.contains('/') {
        return is_program(&dir.join(name)).then(|| name.into());
    }
    std::env::split_paths(path)
        .map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder })
        .map(|folder| folder.join(name))
        .find(|program| is_program(&dir.join(program)))
}

fn is_program(path: &Path) -> bool {
    let Ok(path_text) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: the path ends with a zero.
    let is_executable = unsafe { libc::access(path_text.as_ptr(), libc::X_OK) == 0 };
    is_executable && path.is_file()
}

/// Whether bash or sh does it itself, or reads it as grammar.
fn is_built_in(word: &str) -> bool {
    /// Sorted.
    const WORDS: [&str; 83] = [
        "!",
        ".",
        ":",
        "[",
        "[[",
        "]]",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "case",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "coproc",
        "declare",
        "dirs",
        "disown",
        "do",
        "done",
        "echo",
        "elif",
        "else",
        "enable",
        "esac",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "fi",
        "for",
        "function",
        "getopts",
        "hash",
        "help",
        "history",
        "if",
        "in",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "select",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "then",
        "time",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "until",
        "wait",
        "while",
        "{",
        "}",
    ];
    WORDS.binary_search(&word).is_ok()
}

/// The names of `task:NAME` programs that a script may call. One that the script makes up as it goes is
/// given as far as it is written, so possibly empty.
pub fn mentions_task_program(text: &str) -> Vec<String> {
    const PREFIX: &str = "task:";
    if !text.contains(PREFIX) {
        return Vec::new();
    }
    let comments = features(text).comments;
    text.match_indices(PREFIX)
        .filter(|(at, _)| !comments.iter().any(|comment| comment.contains(at)))
        .filter(|(at, _)| begins_word(&text[..*at]))
        .filter_map(|(at, _)| program_name(&text[at + PREFIX.len()..]))
        .collect()
}

/// Whether a word can begin after `before`; `\n` is what `printf` makes a line of.
fn begins_word(before: &str) -> bool {
    let begins = |letter: char| letter.is_whitespace() || "\"'`;&|(){}=<>!".contains(letter);
    let is_escape = ["\\n", "\\t", "\\0"].iter().any(|escape| before.ends_with(escape));
    is_escape || before.chars().next_back().is_none_or(begins)
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || "\"'`;&|()<>\\".contains(letter)
}

/// `None` for `task:` alone, as in `echo "task: done"`.
fn program_name(rest: &str) -> Option<String> {
    let name = &rest[..rest.find(ends_word).unwrap_or(rest.len())];
    let mut after = rest[name.len()..].chars();
    let is_quoted = matches!(after.next(), Some('"' | '\''))
        && after.next().is_some_and(|next| !ends_word(next));
    (!name.is_empty() || is_quoted).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::Before;
    use crate::exec::simple::{Redirection, Target};

    fn shell() -> Shell {
        Shell { program: Path::new("/bin/bash").into(), is_bash: true }
    }

    fn shown(command: &Command) -> Vec<String> {
        let texts = [&command.program].into_iter().chain(&command.argv);
        texts.map(|text| text.to_string_lossy().into_owned()).collect()
    }

    fn command(text: &str) -> Command {
        let path = OsStr::new("/nope:/bin:/usr/bin");
        shell().command(&text.into(), &Options::default(), path, Path::new("/")).unwrap()
    }

    #[test]
    fn a_plain_command_is_executed_directly_and_by_the_shell_when_that_fails() {
        let command = command("cat '/a b'");
        assert_eq!(shown(&command), ["/bin/cat", "cat", "/a b"]);
        let otherwise = command.otherwise.unwrap().command().unwrap();
        assert_eq!(shown(&otherwise), ["/bin/bash", "bash", "-e", "-p", "-c", "--", "cat '/a b'"]);
    }

    #[test]
    fn a_plain_command_keeps_its_redirections() {
        let command = command("cat a 2>&1");
        let to = Target::Same(1);
        assert_eq!(command.redirections, [Redirection { stream: 2, to }]);
        assert_eq!(shown(&command), ["/bin/cat", "cat", "a"]);
        assert_eq!(command.otherwise.unwrap().command().unwrap().redirections, []);
    }

    #[test]
    fn only_bash_is_imitated() {
        let plain = Shell { program: Path::new("/bin/sh").into(), is_bash: false };
        let trivial = |shell: Shell| shell.trivial("true", &Options::default()).is_some();
        assert_eq!([trivial(shell()), trivial(plain)], [true, false]);
    }

    #[test]
    fn built_ins_unknown_programs_and_scripts_go_to_the_shell() {
        for text in ["echo a", "no-such-program-x", "cat a | cat", "cat a && cat", "if", "''"] {
            assert_eq!(shown(&command(text)), ["/bin/bash", "bash", "-e", "-p", "-c", "--", text]);
        }
    }

    #[test]
    fn a_pipeline_of_plain_commands_needs_no_shell() {
        let set = |name: &str| Options { set: [name.into()].into(), ..Options::default() };
        let of = |text: &str, options: &Options| {
            let path = OsStr::new("/bin");
            shell().pipeline(text, options, path, Path::new("/")).unwrap()
        };
        let plain = Options::default();
        let found = of("cat  a|cat -n > 'b c'", &plain).unwrap();
        let programs: Vec<_> = found.commands.iter().map(shown).collect();
        assert_eq!(programs, [vec!["/bin/cat", "cat", "a"], vec!["/bin/cat", "cat", "-n"]]);
        assert_eq!(found.texts, ["cat a", "cat -n > 'b c'"]);
        assert!(found.before.is_none() && !found.pipefail);
        let script = found.commands[1].otherwise.as_ref().unwrap().command().unwrap();
        assert_eq!(script.argv.last().unwrap().as_c_str(), c"cat -n > 'b c'");
        let found = of("echo a | cat", &set("pipefail")).unwrap();
        let before = Before { output: b"a\n".into(), code: 0, text: "echo a".into() };
        assert_eq!((found.before, found.commands.len()), (Some(before), 1));
        assert!(found.pipefail);
        let long = format!("echo {} | cat", "x".repeat(5000));
        for text in ["cat", "echo a | read b", "cat | no-such-program-x", "cat |\ncat", &long] {
            assert_eq!(of(text, &plain), None, "{text}");
        }
        assert_eq!(of("cat | cat", &set("x")), None);
        let sh = Shell { program: Path::new("/bin/sh").into(), is_bash: false };
        let found = sh.pipeline("cat | cat", &plain, OsStr::new("/bin"), Path::new("/"));
        assert_eq!(found.unwrap(), None);
    }

    #[test]
    fn options_reach_the_shell() {
        let (set, shopt) = (["pipefail".into(), "x".into()], ["globstar".into()]);
        let options = Options { set: set.into(), shopt: shopt.into() };
        let path = OsStr::new("/bin");
        let command = shell().command(&"cat".into(), &options, path, Path::new("/")).unwrap();
        let expected = "/bin/bash bash -e -p -O globstar -o pipefail -x -c -- cat";
        assert_eq!(shown(&command).join(" "), expected);
        let plain = Shell { program: Path::new("/bin/sh").into(), is_bash: false };
        let command = plain.command(&"cat".into(), &options, path, Path::new("/")).unwrap();
        assert_eq!(shown(&command).join(" "), "/bin/sh sh -e -o pipefail -x -c -- cat");
    }

    #[test]
    fn background_jobs_are_waited_for() {
        assert_eq!(command("cat & echo").leftovers, Leftovers::Wait);
        assert_eq!(command("cat && echo").leftovers, Leftovers::Stay);
    }

    #[test]
    fn a_text_too_long_for_one_argument_comes_in_parts() {
        let text = "#ä".repeat(100_000);
        let arguments = script_arguments(&text, "bash");
        assert_eq!(arguments[0], "eval \"shift 3;${1}${2}${3}\"");
        assert_eq!(arguments[2..].concat(), text);
        assert!(arguments.iter().all(|argument| argument.len() <= LONGEST_ARGUMENT));
    }

    #[test]
    fn a_nul_byte_is_refused() {
        let error = shell()
            .command(&"a\0".into(), &Options::default(), OsStr::new(""), Path::new("/"))
            .unwrap_err();
        assert_eq!(error.to_string(), "the command contains a NUL byte");
    }

    #[test]
    fn a_bash_that_is_too_old_or_answers_nonsense_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let folder = |name: &str, program: &str, text: &str| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let path = folder.join(program);
            std::fs::write(&path, text).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(path, mode).unwrap();
            folder.to_str().unwrap().to_owned()
        };
        let old = folder("old", "bash", "#!/bin/sh\necho 3\n");
        let odd = folder("odd", "bash", "#!/bin/sh\necho what\n");
        let new = folder("new", "bash", "#!/bin/sh\necho 5\n");
        let plain = folder("plain", "sh", "#!/bin/sh\n");
        let find = |folders: &[&String]| {
            let path = folders.iter().map(|folder| folder.as_str()).collect::<Vec<_>>().join(":");
            Shell::find_on(OsStr::new(&path), OsStr::new("")).map(|shell| shell.program)
        };
        let all = [&old, &odd, &new, &plain];
        assert_eq!(*find(&all).unwrap(), *Path::new(&new).join("bash"));
        let shell = find(&[&old, &odd, &plain]).unwrap();
        assert_eq!(*shell, *Path::new(&plain).join("sh"));
        let error = find(&[&old]).unwrap_err();
        assert_eq!(error.to_string(), "found neither bash nor sh on PATH");
    }

    #[test]
    fn programs_are_named_as_a_shell_would() {
        let find = |name, path| find_program(name, OsStr::new(path), Path::new("/bin"));
        assert_eq!(find("cat", ""), Some("./cat".into()));
        assert_eq!(find("cat", "../bin"), Some("../bin/cat".into()));
        assert_eq!(find("./cat", "/usr"), Some("./cat".into()));
        assert_eq!(find("bin", ".."), None);
    }

    #[test]
    fn task_programs_are_found_in_quotes_but_not_in_comments() {
        let cases: [(&str, &[&str]); 10] = [
            ("task:build A=b & task:ns:test-x>log; wait", &["build", "ns:test-x"]),
            ("xargs -n1 sh -c 'task:lint \"$1\"'", &["lint"]),
            ("parallel task:{} ::: a b", &["{}"]),
            ("printf 'task:%s\\ntask:b\\0' a", &["%s", "b"]),
            ("task:$name && task:\"$name\"", &["$name", ""]),
            ("x=$(task:a) # task:b", &["a"]),
            ("cat <<E | sh\ntask:a # task:b\nE", &["a", "b"]),
            ("echo \"task: done\"", &[]),
            ("echo mytask:x a/task:y", &[]),
            ("echo task", &[]),
        ];
        for (text, names) in cases {
            assert_eq!(mentions_task_program(text), names, "{text}");
        }
    }
}
