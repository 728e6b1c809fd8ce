//! A slip of the keyboard leads to its line, and to what was probably meant.

use crate::harness::Test;

const TASKFILE: &str = "
    version: '3'
    vars: {VERSION: 1.2, OTHER: '{{.VERSION}}'}
    tasks:
      default: {deps: [build], cmds: ['echo {{.VERSION}}']}
      build: {desc: Makes it, cmds: [echo built]}
    ";

fn with(old: &str, new: &str) -> Test {
    assert!(TASKFILE.contains(old));
    Test::new().taskfile(&TASKFILE.replace(old, new)).args(["-s"])
}

#[test]
fn in_a_key() {
    with("desc:", "dsec:")
        .stdout("built\n1.2\n")
        .stderr(
            "
            warning: unknown key `dsec` in the task `build`
             --> Taskfile.yml:5:11
              |
            5 |   build: {dsec: Makes it, cmds: [echo built]}
              |           ^^^^ has no effect
              |
              = help: did you mean `desc`?
            ",
        )
        .run();
}

#[test]
fn in_the_name_of_a_task() {
    with("[build]", "[biuld]")
        .stderr(
            "
            error: there is no task `biuld`
             --> Taskfile.yml:4:20
              |
            4 |   default: {deps: [biuld], cmds: ['echo {{.VERSION}}']}
              |                    ^^^^^ called here
              |
              = help: did you mean `build`?
            ",
        )
        .status(200)
        .run();
}

#[test]
fn in_a_variable() {
    let warning = "
        warning: nothing sets the variable `VERSOIN`
         --> Taskfile.yml:4:43
          |
        4 |   default: {deps: [build], cmds: ['echo {{.VERSOIN}}']}
          |                                           ^^^^^^^^ is empty
          |
          = help: did you mean `VERSION`?
        ";
    let test = || with("'echo {{.VERSION}}'", "'echo {{.VERSOIN}}'");
    test().stdout("built\n\n").stderr(warning).run();
    test().args(["--strict"]).stderr(warning).status(102).run();
    // go-task says nothing.
    test().called("task").stdout("built\n\n").run();
    // Who sets it, or asks for it, means it.
    test().args(["VERSOIN=7"]).stdout("built\n7\n").run();
    test().env("VERSOIN", "8").stdout("built\n8\n").run();
    for text in ["{{.VERSOIN | default \"9\"}}", "{{if .VERSOIN}}x{{end}}9", "{{.VERSIONS}}9"] {
        with("'echo {{.VERSION}}'", &format!("'echo {text}'")).stdout("built\n9\n").run();
    }
}

#[test]
fn in_the_name_of_a_command() {
    Test::new()
        .taskfile(TASKFILE)
        .args(["lits"])
        .stdout_has("* build: ")
        .stderr_has("did you mean the command `list`?\n")
        .status(200)
        .run();
}

#[test]
fn in_the_quotes_around_a_template() {
    let help = "  = help: text with `{{` needs quotes here: 'echo {{.NAME}}'\n";
    with("['echo {{.VERSION}}']", "[echo {{.VERSION}}]").stderr_has(help).status(109).run();
}
