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
        .stderr_has("did you mean the command `list`?\n")
        .status(200)
        .run();
}

#[test]
fn in_a_name_that_was_typed() {
    const NAMES: &str = "
        version: '3'
        includes: {frontend: frontend.yml, api: {taskfile: frontend.yml, aliases: [a]}}
        tasks:
          test: {aliases: [check], cmds: [echo tested]}
          deploy: {deps: [test], cmds: [echo deployed]}
        ";
    let told = |words: &[&str], help: &str| {
        let test = Test::new().taskfile(NAMES);
        let included = "{version: '3', tasks: {build: echo built, lint: echo clean}}";
        let typed = words.last().expect("a name");
        let error = format!("error: there is no task `{typed}`\n |\n = help: {help}\n");
        let test = test.file("frontend.yml", included).args(words.iter().copied());
        let ran = test.stderr(&error).status(200).run();
        assert!(!ran.has(".par"), "something ran");
    };
    told(&["tset"], "did you mean `test`?");
    told(&["run", "tset"], "did you mean `test`?");
    told(&["plan", "tset"], "did you mean `test`?");
    told(&["why", "tset"], "did you mean `test`?");
    told(&["watch", "tset"], "did you mean `test`?");
    told(&["--status", "tset"], "did you mean `test`?");
    told(&["--summary", "tset"], "did you mean `test`?");
    told(&["-n", "chekc"], "did you mean `check`?");
    told(&["frontend:biuld"], "did you mean `frontend:build`?");
    told(&["a:lnit"], "did you mean `a:lint`?");
    told(&["lint"], "did you mean `frontend:lint`, `api:lint` or `a:lint`?");
    told(&["frontend"], "did you mean `frontend:build` or `frontend:lint`?");
    told(&["lits"], "did you mean the command `list`?");
    let all = "`test`, `check`, `deploy`, `frontend:build`, …; `par list --all` shows all";
    told(&["zzz"], &format!("there is {all}"));
    told(&["--disable-fuzzy", "tset"], &format!("there is {all}"));
    let nothing = "error: there is no task `default`\n |\n = help: without a name that one is meant; there is";
    let test = Test::new().taskfile(NAMES).file("frontend.yml", "{version: '3', tasks: {}}");
    test.stderr_has(nothing).status(200).run();
    // Under the name of go-task, what there is comes first, on stdout.
    Test::new()
        .taskfile("{version: '3', tasks: {build: {desc: Makes it, cmds: [echo built]}}}")
        .called("task")
        .args(["biuld"])
        .stdout("task: Available tasks for this project:\n* build:       Makes it\n")
        .stderr("error: there is no task `biuld`\n |\n = help: did you mean `build`?\n")
        .status(200)
        .run();
}

#[test]
fn in_the_quotes_around_a_template() {
    let help = "  = help: text with `{{` needs quotes here: 'echo {{.NAME}}'\n";
    with("['echo {{.VERSION}}']", "[echo {{.VERSION}}]").stderr_has(help).status(109).run();
}
