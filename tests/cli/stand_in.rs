//! The program under the name `task`: go-task's words in go-task's places.

use crate::harness::Test;

const TASKS: &str = "
    version: '3'
    tasks:
      default: {cmds: [{task: fail}]}
      fail: {cmds: [echo before, exit 7]}
      asks: {prompt: ['sure?', 'really?'], cmds: [echo done]}
      talks: {interactive: true, cmds: [echo x]}
      needs: {requires: {vars: [A]}}
      wrong: {cmds: [{task: broken}]}
      broken: {vars: {A: {sh: exit 5}}, cmds: ['echo {{.A}}']}
      skips: {cmds: [{cmd: echo a, if: 'false'}, echo b]}
    ";

fn test() -> Test {
    Test::new().taskfile(TASKS).called("task")
}

#[test]
fn a_failure_is_told_in_one_line() {
    let line =
        "task: Failed to run task \"default\": task: Failed to run task \"fail\": exit status 7";
    test().args(["-s"]).stdout("before\n").stderr(&format!("{line}\n")).status(201).run();
    test().args(["-sx"]).stdout("before\n").stderr(&format!("{line}\n")).status(7).run();
}

#[test]
fn a_mistake_in_a_called_task_is_a_failed_task() {
    test().args(["broken"]).stderr_has("command `exit 5` failed: exit status 5").status(1).run();
    test().args(["wrong"]).stderr_has("Failed to run task \"wrong\"").status(201).run();
}

#[test]
fn prompts_are_shown_where_they_are_taken_to_be_answered() {
    test()
        .args(["-s", "-y", "asks"])
        .stdout("sure? [assuming yes]\nreally? [assuming yes]\ndone\n")
        .run();
    test().args(["-s", "-n", "-y", "asks"]).run();
    test()
        .args(["asks"])
        .stderr_has("Task \"asks\" cancelled because it has a prompt and the environment is not a terminal.")
        .status(205)
        .run();
}

#[test]
fn an_interactive_task_is_shown_as_it_comes_in_every_style() {
    for style in ["prefixed", "group"] {
        test().args(["-s", "-o", style, "talks"]).stdout("x\n").run();
    }
}

#[test]
fn what_only_verbose_tells_about_conditions_is_on_stdout() {
    test()
        .args(["-v", "skips"])
        .stdout("task: [skips] if condition not met - skipped\nb\n")
        .stderr("task: \"skips\" started\ntask: [skips] echo b\ntask: \"skips\" finished\n")
        .run();
}

#[test]
fn github_is_told_of_failures() {
    test()
        .env("GITHUB_ACTIONS", "true")
        .args(["-s", "fail"])
        .stdout("before\n::error title=Task 'fail' failed::exit status 7\n")
        .stderr_has("exit status 7")
        .status(201)
        .run();
    test()
        .env("GITHUB_ACTIONS", "true")
        .args(["needs"])
        .stdout_has("::error title=Task failed::")
        .stderr_has("needs")
        .status(206)
        .run();
}

#[test]
fn init_begins_with_a_greeting() {
    let ran =
        Test::new().called("task").args(["-i"]).stdout("Taskfile created: Taskfile.yml\n").run();
    ran.again().called("task").stdout("Hello, world!\n").run();
}
