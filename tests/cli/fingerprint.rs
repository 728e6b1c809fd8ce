//! What runs again and what does not, by both names.

use crate::harness::Test;

const BUILD: &str = "
    version: '3'
    tasks:
      build:
        sources: [in.txt]
        generates: [out.txt]
        cmds: ['echo built {{.MODE}}', 'cp in.txt out.txt', 'test ! -e broken']
      again: {cmds: [{task: build}, {task: build}]}
      sum: {sources: [in.txt], cmds: ['echo {{.CHECKSUM}}']}
    ";

const UP_TO_DATE: &str = "Task \"build\" is up to date\n";

fn test() -> Test {
    Test::new().taskfile(BUILD).file("in.txt", "text\n")
}

#[test]
fn what_succeeded_does_not_run_again() {
    let ran = test().args(["-s", "build"]).stdout("built\n").run();
    let ran = ran.again().args(["build"]).stderr_has(UP_TO_DATE).run();
    let ran = ran.again().args(["-sf", "build"]).stdout("built\n").run();
    ran.again().args(["build"]).stderr_has(UP_TO_DATE).run();
}

#[test]
fn a_task_that_is_called_twice_runs_once_when_it_has_sources() {
    test().args(["-s", "again"]).stdout("built\n").run();
}

#[test]
fn a_variable_of_the_command_line_makes_it_run_again() {
    let ran = test().args(["-s", "build", "MODE=a"]).stdout("built a\n").run();
    let ran = ran.again().args(["-s", "build", "MODE=b"]).stdout("built b\n").run();
    ran.again().args(["build", "MODE=b"]).stderr_has(UP_TO_DATE).run();
}

#[test]
fn an_output_edited_by_hand_is_made_again() {
    let ran = test().args(["-s", "build"]).stdout("built\n").run();
    let ran = ran.again().file("out.txt", "by hand").args(["-s", "build"]).stdout("built\n").run();
    ran.again().args(["build"]).stderr_has(UP_TO_DATE).run();
}

#[test]
fn a_failure_is_not_remembered_as_a_success() {
    let ran = test().args(["-s", "build"]).stdout("built\n").run();
    let failing = ran.again().file("in.txt", "new\n").file("broken", "").args(["-s", "build"]);
    let ran = failing.stdout("built\n").stderr_has("build").status(201).run();
    ran.again().args(["-s", "build"]).stdout("built\n").stderr_has("build").status(201).run();
}

#[test]
fn status_tells_by_its_exit_code_and_leaves_no_traces() {
    let stale = "error: Task \"build\" is not up-to-date\n";
    let ran = test().args(["--status", "build"]).stderr_has(stale).status(1).run();
    let ran = ran.again().args(["--status", "build"]).stderr_has(stale).status(1).run();
    let ran = ran.again().args(["-s", "build"]).stdout("built\n").run();
    ran.again().args(["--status", "build"]).run();
}

#[test]
fn by_the_name_of_go_task_its_state_is_used() {
    let ran = test().called("task").args(["-s", "build"]).stdout("built\n").run();
    let ran = ran.again().called("task").args(["build", "MODE=b"]).stderr_has(UP_TO_DATE).run();
    let ran = ran.again().file("out.txt", "by hand").called("task").args(["build"]);
    ran.stderr_has(UP_TO_DATE).run();
}

#[test]
fn lists_for_programs_say_what_is_up_to_date() {
    let ran = test().args(["-s", "build"]).stdout("built\n").run();
    let ran = ran.again().args(["list", "--all", "--json"]).stdout_has("\"up_to_date\": true");
    let ran = ran.run();
    let ran = ran.again().file("in.txt", "new\n").args(["list", "--all", "--json"]);
    ran.stdout_has("\"up_to_date\": false").run();
}
