//! What is missing is found before anything runs, or when its task is reached.

use super::*;

/// What is wrong before anything runs: messages with all that they say of places.
fn unmet(tasks: &str) -> Vec<String> {
    let mut machine = machine(tasks);
    let fake = std::mem::take(&mut machine.fake);
    machine.fake = fake
        .with_env("PATH", "/bin:/usr/bin")
        .with_env("EMPTY", "")
        .serving("127.0.0.1:5432")
        .file("/usr/bin/git", "");
    let mut resolver = resolver(&machine, Settings::default());
    let requests = [Request::new("default")];
    resolver.begin(&requests).expect("no errors");
    let shown = |wrong: &crate::diag::Diagnostic| {
        let labels: Vec<&str> = wrong.labels.iter().map(|label| &*label.text).collect();
        format!("{}: {}", wrong.message, labels.join(", "))
    };
    resolver.unmet(&requests, &machine).iter().map(shown).collect()
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let tasks = "
tasks:
  default: {deps: [a], cmds: [{task: b}], needs: {programs: [git, docker], env: [OS_VAR]}}
  a: {cmd: x, needs: {env: [TOKEN, EMPTY]}}
  b: {stages: [{name: s, tasks: [c]}]}
  c: {cmd: x, needs: {services: ['tcp://127.0.0.1:5432', 'tcp://db:1'], programs: [./tool]}}
";
    assert_eq!(
        unmet(tasks),
        [
            "task `default` needs what is not there: there is no program `docker`",
            "task `a` needs what is not there: the environment variable `TOKEN` has no value, \
             the environment variable `EMPTY` has no value",
            "task `c` needs what is not there: there is no program `./tool`, \
             nothing answers at db:1: connection refused",
        ]
    );
}

#[test]
fn what_is_not_certain_to_run_is_not_looked_at() {
    let tasks = "
tasks:
  default: {cmds: [{task: a, if: exit 1}, {task: b}]}
  a: {cmd: x, needs: {programs: [docker]}}
  b: {cmd: x, if: exit 1, deps: [a]}
";
    assert_eq!(unmet(tasks), [""; 0]);
}

#[test]
fn variables_that_the_files_define_are_there() {
    let tasks = "
env: {A: 1}
tasks: {default: {cmd: x, env: {B: 2}, needs: {env: [A, B]}}}
";
    assert_eq!(unmet(tasks), [""; 0]);
}

#[test]
fn needs_with_templates_are_looked_at_when_the_task_is_reached() {
    let tasks = "
vars: {DB: 'tcp://db:1'}
tasks:
  default: {cmds: [echo first, {task: a}]}
  a: {cmd: x, needs: {services: ['{{.DB}}'], env: ['{{.NAME}}']}}
";
    assert_eq!(unmet(tasks), [""; 0]);
    assert_eq!(
        played(tasks, &["default"]),
        ["default: echo first", "! task `a` needs what is not there"]
    );
}
