//! What is wrong is said before anything runs, and then nothing runs and nothing is left.

use crate::harness::Test;

/// `taskfile` is refused with this code and text.
fn refused(taskfile: &str, status: i32, stderr: &str) {
    let test = Test::new().taskfile(taskfile).args(["run", "all"]).stderr(stderr).status(status);
    let ran = test.run();
    assert!(!ran.has("marker") && !ran.has(".par"), "something ran");
}

#[test]
fn a_task_that_is_not_there_has_a_place_and_a_guess() {
    refused(
        "{version: '3', tasks: {al: touch marker}}",
        200,
        "
        error: there is no task `all`
         |
         = help: did you mean `al`?
        ",
    );
    refused(
        "version: '3'\ntasks:\n  all: {deps: [biuld], cmds: [touch marker]}\n  build: touch marker\n",
        200,
        "
        error: there is no task `biuld`
         --> Taskfile.yml:3:16
          |
        3 |   all: {deps: [biuld], cmds: [touch marker]}
          |                ^^^^^ called here
          |
          = help: did you mean `build`?
        ",
    );
    refused(
        "version: '3'\ntasks:\n  all: [touch marker, 'task:biuld &', wait]\n  build: touch marker\n",
        200,
        "
        error: there is no task `biuld`
         --> Taskfile.yml:3:23
          |
        3 |   all: [touch marker, 'task:biuld &', wait]
          |                       ^^^^^^^^^^^^^^ called here
          |
          = help: did you mean `build`?
        ",
    );
}

#[test]
fn a_cycle_names_its_tasks_and_shows_its_calls() {
    refused(
        "version: '3'\ntasks:\n  all: {deps: [b], cmds: [touch marker]}\n  b:\n    - touch marker\n    - task: c\n  c: {deps: [all]}\n",
        204,
        "
        error: a cycle of tasks: all → b → c → all
         --> Taskfile.yml:3:16
          |
        3 |   all: {deps: [b], cmds: [touch marker]}
          |                ^ called by `all`
        ...
        6 |     - task: c
          |             - called by `b`
        7 |   c: {deps: [all]}
          |              --- called by `c`
        ",
    );
}

#[test]
fn all_values_of_a_wrong_type_are_shown() {
    refused(
        "version: '3'\ntasks:\n  all: {cmds: [touch marker], deps: 3}\n  b: {cmds: 3}\n",
        102,
        "
        error: `deps` must be a list
         --> Taskfile.yml:3:37
          |
        3 |   all: {cmds: [touch marker], deps: 3}
          |                                     ^ this is a number
        error: `cmds` must be a list
         --> Taskfile.yml:4:13
          |
        4 |   b: {cmds: 3}
          |             ^ this is a number
        ",
    );
}

#[test]
fn a_tab_is_shown_as_what_it_is() {
    refused(
        "version: '3'\ntasks:\n\tall: touch marker\n",
        109,
        "
        error: a tab in the indentation
         --> Taskfile.yml:3:1
          |
        3 |     all: touch marker
          | ^^^^ yaml takes only spaces here
          |
          = help: put spaces in the place of the tab
        ",
    );
}

#[test]
fn an_include_that_is_missing_is_shown() {
    refused(
        "version: '3'\nincludes:\n  docs: docs/none.yml\ntasks:\n  all: touch marker\n",
        100,
        "
        error: the include `docs` does not exist
         --> Taskfile.yml:3:9
          |
        3 |   docs: docs/none.yml
          |         ^^^^^^^^^^^^^ there is no `docs/none.yml`
          |
          = help: `optional: true` lets an include be missing
        ",
    );
}

#[test]
fn a_template_that_is_not_closed_is_shown() {
    let ran = Test::new()
        .taskfile("version: '3'\ntasks:\n  all: [touch marker, 'echo {{.X']\n")
        .args(["all"])
        .stderr_has("unclosed action\n --> Taskfile.yml:3:29\n")
        .status(1)
        .run();
    assert!(!ran.has("marker") && !ran.has(".par"));
}
