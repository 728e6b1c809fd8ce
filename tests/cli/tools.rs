//! What helps to write command lines and Taskfiles: completions, the manual page, `init`, `convert`.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::Test;
use crate::pty::Terminal;

const PAR: &str = env!("CARGO_BIN_EXE_par");

const TASKFILE: &str = "
    version: '3'
    tasks:
      build: {desc: Builds, aliases: [b]}
      'lib:test': {desc: Tests, requires: {vars: [WHO, {name: ENV, enum: [dev, prod]}]}}
    ";

#[test]
fn candidates_have_what_they_are_for() {
    let test = || Test::new().taskfile(TASKFILE);
    test().args(["__complete", "par bui"]).stdout("build\tBuilds\n").run();
    test()
        .args(["__complete", "par lib:test ENV=p"])
        .stdout("ENV=prod\trequired by lib:test\n")
        .run();
    test().args(["__complete", "par -t none.yml bui"]).run();
}

#[test]
fn completing_runs_nothing_and_says_nothing() {
    let taskfile =
        "{version: '3', vars: {X: {sh: touch ran}}, tasks: {a: {desc: '{{.X}}'}, b: {dsec: x}}}";
    let ran =
        Test::new().taskfile(taskfile).args(["__complete", "par a"]).stdout("a\t{{.X}}\n").run();
    assert!(!ran.has("ran") && !ran.has(".par"));
    Test::new().taskfile("{").args(["__complete", "par "]).stdout_has("list\tLists").run();
}

/// What bash makes of a line, by the script.
#[test]
fn bash_completes_words_with_colons_and_values() {
    let directory = Test::new().taskfile(TASKFILE);
    let ask = |line: &str| {
        let script = format!(
            "source <({PAR} completions bash); COMP_WORDS=({PAR}); COMP_CWORD=1; COMP_LINE={line:?}; COMP_POINT=${{#COMP_LINE}}; _par_completions; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output =
            Command::new("bash").arg("-c").arg(script).current_dir(directory.path("")).output();
        String::from_utf8_lossy(&output.expect("bash").stdout).into_owned()
    };
    assert_eq!(ask("par bu"), "build\n");
    assert_eq!(ask("par lib:t"), "test\n");
    assert_eq!(ask("par lib:test W"), "WHO=\n");
    assert_eq!(ask("par lib:test ENV="), "dev\nprod\n");
    assert_eq!(ask("par plan --format j"), "json\n");
}

/// Whether there is such a program; says so when not.
fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        println!("skipped: there is no {program}");
    }
    is_there
}

#[test]
fn fish_completes_tasks_variables_and_their_values() {
    if !is_there("fish") {
        return;
    }
    let test = Test::new().taskfile(TASKFILE);
    std::fs::create_dir(test.path("bin")).expect("a directory");
    symlink(PAR, test.path("bin/par")).expect("a link");
    let own = test.command();
    let ask = |line: &str| {
        let script =
            format!("set -p PATH $PWD/bin; par completions fish | source; complete -C '{line}'");
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &script]).env_clear();
        fish.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = fish.current_dir(test.path("")).output().expect("fish");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(ask("par bu"), "build\tBuilds\n");
    assert_eq!(ask("par lib:t"), "lib:test\tTests\n");
    assert_eq!(ask("par lib:test ENV=p"), "ENV=prod\trequired by lib:test\n");
    assert_eq!(ask("par plan --format j"), "json\n");
}

#[test]
fn zsh_completes_what_is_typed_at_its_prompt() {
    if !is_there("zsh") {
        return;
    }
    let test = Test::new().taskfile(TASKFILE);
    std::fs::create_dir(test.path("bin")).expect("a directory");
    symlink(PAR, test.path("bin/par")).expect("a link");
    let mut shell = Command::new("zsh");
    shell.args(["-f", "-i"]).env_clear().current_dir(test.path(""));
    shell.envs(test.command().get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("TERM", "xterm").env("PS1", "> ").env("HISTFILE", "");
    crate::harness::hear_signals(&mut shell);
    let mut terminal = Terminal::of(test, shell, 80, 24);
    let begin = "PATH=$PWD/bin:$PATH; autoload -Uz compinit; compinit -u -D; source <(par completions zsh); bindkey -e; setopt no_prompt_sp; clear; PS1='go> '\n";
    terminal.type_in(begin);
    terminal.see_screen(|lines| lines.last().is_some_and(|line| line == "go>"));
    for (typed, completed) in [
        ("par bui\t", "par build"),
        ("par lib:t\t", "par lib:test"),
        ("par lib:test ENV=p\t", "par lib:test ENV=prod"),
    ] {
        terminal.type_in(typed);
        let wanted = format!("go> {completed}");
        terminal.see_screen(|lines| lines.iter().any(|line| line.starts_with(&wanted)));
        // A new line, without running anything.
        terminal.type_in("\x15");
        terminal.see_screen(|lines| lines.last().is_some_and(|line| line == "go>"));
    }
    terminal.type_in("exit 3\n");
    assert_eq!(terminal.end().1, 3);
}

#[test]
fn nushell_completes_tasks_flags_variables_and_their_values() {
    let program = std::env::var("NU_BIN").unwrap_or_else(|_| "nu".into());
    if !is_there(&program) {
        return;
    }
    let test = Test::new().taskfile(TASKFILE).file("my files/a.yml", TASKFILE);
    std::fs::create_dir(test.path("bin")).expect("a directory");
    symlink(PAR, test.path("bin/par")).expect("a link");
    let (own, folder) = (test.command(), test.path("bin").display().to_string());
    let path = format!("{folder}:{}", std::env::var("PATH").expect("a PATH"));
    let script = Test::new().args(["completions", "nushell"]).stdout_has("__complete").run();
    let ask = |line: &str| {
        let text = format!("{}\n{line}", String::from_utf8_lossy(&script.stdout));
        std::fs::write(test.path("line.nu"), &text).expect("a file");
        let mut nu = Command::new(&program);
        nu.args(["--no-config-file", "--ide-complete", &text.len().to_string(), "line.nu"]);
        nu.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = nu.env("PATH", &path).current_dir(test.path("")).output().expect("nushell");
        let found = serde_json::from_slice::<serde_json::Value>(&output.stdout);
        let found = found.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let found = found["completions"].as_array().expect("a list").iter();
        found.map(|word| word.as_str().expect("a word").to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ask("par bu"), "build");
    assert_eq!(ask("par lib:t"), "lib:test");
    assert_eq!(ask("par lib:test ENV=p"), "ENV=prod");
    assert_eq!(ask("par plan --format j"), "json");
    assert_eq!(ask("par --seq"), "--sequential");
    assert_eq!(ask("par -t 'my files/a.yml' bu"), "build");
    assert_eq!(ask("cd bin; par wat"), "watch");
}

#[test]
fn scripts_are_read_by_their_shells() {
    for (shell, arguments) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])]
    {
        let ran = Test::new().args(["completions", shell]).stdout_has("__complete").run();
        let file = ran.path("script");
        std::fs::write(&file, &ran.stdout).expect("a file");
        match Command::new(shell).args(arguments).arg(&file).output() {
            Ok(output) => assert!(
                output.status.success(),
                "{shell}: {}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => println!("skipped: there is no {shell}"),
        }
    }
    for shell in ["powershell", "nushell"] {
        Test::new().args(["completions", shell]).stdout_has("__complete").run();
    }
}

#[test]
fn the_manual_page_names_every_flag_and_command() {
    let ran = Test::new().args(["man"]).stdout_has(".TH PAR 1").run();
    let page = String::from_utf8_lossy(&ran.stdout);
    for part in
        ["\\-\\-keep\\-going", ".SS par plan", ".SS par rerun", "\\-\\-resume", ".SH EXIT STATUS"]
    {
        assert!(page.contains(part), "{part}");
    }
    std::fs::write(ran.path("par.1"), &ran.stdout).expect("a file");
    match Command::new("man").args(["--warnings", "-l"]).arg(ran.path("par.1")).output() {
        Ok(output) if output.status.success() => {
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        }
        _ => println!("skipped: there is no man that reads files"),
    }
}

#[test]
fn the_version_is_there_for_programs() {
    let ran = Test::new().args(["--version", "--json"]).stdout_has("\"go_task\": \"3.54.0\"").run();
    let version: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn init_begins_with_what_the_project_has() {
    let package = r#"{"scripts": {"test": "echo the tests", "build": "echo the build"}}"#;
    let ran = Test::new()
        .file("package.json", package)
        .args(["init"])
        .stdout("Taskfile created: Taskfile.yml, from package.json\n")
        .run();
    ran.again()
        .args(["list"])
        .stdout(
            "
            par: Available tasks for this project:
            * build:         echo the build
            * default:       Everything that checks the project, what is independent at the same time
            * test:          echo the tests
            ",
        )
        .run();
}

#[test]
fn a_makefile_is_converted_and_runs() {
    let makefile = "NAME ?= world\nall: hello ## All\nhello: in.txt\n\t@echo hello $(NAME)\n\tcp $< $@\n%.o: %.c\n\tcc $<\n";
    let ran = Test::new()
        .file("Makefile", makefile)
        .file("in.txt", "in\n")
        .args(["convert", "Makefile"])
        .stdout_has("# Not converted: line 6: the pattern rule `%.o: %.c`\n")
        .stderr("Makefile:6: not converted: the pattern rule `%.o: %.c`\n")
        .run();
    std::fs::write(ran.path("Taskfile.yml"), &ran.stdout).expect("a file");
    let ran = ran.again().args(["-s", "all", "NAME=you"]).stdout("hello you\n").run();
    assert_eq!(ran.text("hello"), "in\n");
}

#[test]
fn a_justfile_is_converted_and_runs() {
    let justfile =
        "greet name='world': before\n    @echo hello {{name}}\n\nbefore:\n    @echo before\n";
    let ran = Test::new()
        .file("justfile", justfile)
        .args(["convert", "justfile"])
        .stdout_has("tasks:\n")
        .run();
    std::fs::write(ran.path("Taskfile.yml"), &ran.stdout).expect("a file");
    let ran = ran.again().args(["-s", "-j1", "greet"]).stdout("before\nhello world\n").run();
    ran.again().args(["-s", "-j1", "greet", "name=you"]).stdout("before\nhello you\n").run();
}

#[test]
fn a_file_that_is_not_there_cannot_be_converted() {
    Test::new()
        .args(["convert", "none"])
        .stderr("error: cannot read `none`: No such file or directory (os error 2)\n")
        .status(1)
        .run();
}
