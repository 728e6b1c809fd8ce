//! What is said to run a failed task again does that when it is pasted into a shell.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::Test;

/// A run that fails, and what its task writes.
fn failing(test: Test, written: &str) -> (String, String) {
    let test = test.env("TASK_SILENT", "true");
    let (folder, template) = (test.path("bin"), test.command());
    let test = test.merged().stdout_has(written).stdout_has("  again: ").status(201);
    let ran = test.run();
    let shown = String::from_utf8(ran.stdout.clone()).expect("text");
    let line = shown.lines().find_map(|line| line.strip_prefix("  again: ")).expect("a line");
    std::fs::create_dir(&folder).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_par"), folder.join("par")).expect("a link");
    let mut shell = Command::new("bash");
    for (name, value) in template.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let path = std::env::var("PATH").expect("a PATH");
    shell.env("PATH", format!("{}:{path}", folder.display())).arg("-c").arg(line);
    let output = shell.current_dir(template.get_current_dir().expect("a place")).output();
    let output = output.expect("bash");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let odd = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(201), "{line}\n{text}{odd}");
    (line.to_string(), text)
}

/// The line is this, and what is pasted writes the same as the run did.
fn again(test: Test, line: &str, written: &str) {
    let (shown, text) = failing(test, written);
    assert_eq!(shown, line);
    assert_eq!(text, written, "{line}");
}

const SAYS: &str = "
    version: '3'
    tasks:
      say: {dir: '{{.USER_WORKING_DIR}}', cmds: ['echo {{.WHO}} {{.CLI_ARGS}}; exit 3']}
    ";

#[test]
fn with_the_taskfile_the_variables_and_the_arguments_that_were_given() {
    let test = |words: &[&str]| Test::new().taskfile(SAYS).args(words.iter().copied());
    again(test(&["say", "WHO=me"]), "par run say WHO=me", "me\n");
    let words = ["WHO=you and me", "say", "-j2", "--", "-x", "$HOME"];
    again(test(&words), "par run say WHO='you and me' -- -x '$HOME'", "you and me -x $HOME\n");
    let other = |words: &[&str]| {
        Test::new().file("my files/a.yml", SAYS).stand_in("my files").args(words.iter().copied())
    };
    again(other(&["-t", "a.yml", "say", "WHO=me"]), "par run -t a.yml say WHO=me", "me\n");
    let test = Test::new().file("my files/Taskfile.yml", SAYS).args(["-d", "my files", "say"]);
    again(test, "par run -d 'my files' say", "\n");
    let test = Test::new().home_file("Taskfile.yml", SAYS).args(["-g", "say", "WHO=me"]);
    again(test, "par run -g say WHO=me", "me\n");
    let test = Test::new().file("par.yml", "jobs: 1\n").taskfile(SAYS);
    again(test.args(["--config", "par.yml", "say"]), "par run --config par.yml say", "\n");
}

#[test]
fn with_what_the_call_was_given() {
    const CALLS: &str = "
        version: '3'
        tasks:
          all: {cmds: [{task: say, vars: {WHO: \"it's me\", N: 3}}]}
          loop: {deps: [{for: [one], task: say, vars: {WHO: '{{.ITEM}}'}}]}
          listed: {cmds: [{task: say, vars: {WHO: [a, b]}}]}
          told: {cmds: [{task: say, vars: {WHO: x, API_TOKEN: t0psecret}}]}
          inner: {cmds: [task: hidden]}
          hidden: {internal: true, cmds: [echo hidden; exit 3]}
          labelled: {label: 'a label', cmds: [echo labelled; exit 3]}
          wild-*: {cmds: ['echo {{index .MATCH 0}}; exit 3']}
          say: {cmds: ['echo \"{{.WHO}}\"{{with .N}} {{.}}{{end}}; exit 3']}
        ";
    let test = |task: &str| Test::new().taskfile(CALLS).args([task, "WHO=of the line"]);
    again(test("all"), r#"par run say WHO="it's me" N=3"#, "it's me 3\n");
    again(test("loop"), "par run say WHO=one", "one\n");
    // What a command line cannot say, or nobody should see, is left to the task around it.
    let line = "par run listed WHO='of the line'";
    again(test("listed"), line, "[a b]\n");
    again(test("told"), "par run told WHO='of the line'", "x\n");
    again(test("inner"), "par run inner WHO='of the line'", "hidden\n");
    again(test("labelled"), "par run labelled WHO='of the line'", "labelled\n");
    again(test("wild-a"), "par run wild-a WHO='of the line'", "a\n");
}

#[test]
fn a_secret_of_the_command_line_is_taken_from_the_environment() {
    let taskfile = "{version: '3', tasks: {use: 'echo ${#API_TOKEN} {{len .API_TOKEN}}; exit 3'}}";
    let test = Test::new().taskfile(taskfile).env("API_TOKEN", "from-there");
    let line = "par run use API_TOKEN=\"${API_TOKEN:?}\"";
    again(test.args(["use", "API_TOKEN=0123456789"]), line, "10 10\n");
}

#[test]
fn nothing_is_said_where_the_taskfile_came_through_a_pipe() {
    Test::new()
        .stdin("{version: '3', tasks: {bad: exit 3}}")
        .args(["-s", "-t", "-", "bad"])
        .stderr("par: task `bad` failed: exit status 3 ([TIME])\n")
        .hide_times()
        .status(201)
        .run();
}
