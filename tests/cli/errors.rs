//! What is said when something is wrong, and with which exit code it ends.

use crate::harness::Test;

#[test]
fn no_taskfile_is_100() {
    Test::new()
        .args(["list", "-t", "none.yml"])
        .stderr("error: `none.yml` does not exist\n")
        .status(100)
        .run();
}

#[test]
fn no_version_is_107() {
    Test::new().taskfile("").args(["list"]).stderr_has("version").status(107).run();
}

#[test]
fn mistakes_show_their_line() {
    Test::new()
        .taskfile("version: '3'\ntasks:\n  build: {cmds: echo}\n")
        .args(["list"])
        .stderr(
            "
            error: `cmds` must be a list
             --> Taskfile.yml:3:17
              |
            3 |   build: {cmds: echo}
              |                 ^^^^ this is text
            ",
        )
        .status(102)
        .run();
    Test::new()
        .taskfile("version: '3'\ntasks: [\n")
        .args(["list"])
        .stderr_has("--> Taskfile.yml:")
        .status(109)
        .run();
}

#[test]
fn unknown_keys_are_warnings_with_a_guess() {
    Test::new()
        .taskfile("version: '3'\ntasks:\n  build: {dsec: x, desc: Build}\n")
        .args(["list"])
        .stdout("par: Available tasks for this project:\n* build:       Build\n")
        .stderr(
            "
            warning: unknown key `dsec` in the task `build`
             --> Taskfile.yml:3:11
              |
            3 |   build: {dsec: x, desc: Build}
              |           ^^^^ has no effect
              |
              = help: did you mean `desc`?
            ",
        )
        .run();
}
