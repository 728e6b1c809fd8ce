//! `par init`.

use crate::harness::Test;

#[test]
fn a_new_taskfile_can_be_listed_at_once() {
    let ran = Test::new().args(["init"]).stdout("Taskfile created: Taskfile.yml\n").run();
    Test::new()
        .taskfile(&ran.text("Taskfile.yml"))
        .args(["list"])
        .stdout(
            "
            task: Available tasks for this project:
            * default:       Build both halves, then greet
            * halves:        The same with a point where they meet
            * left:          One half
            * right:         The other half
            ",
        )
        .run();
}

#[test]
fn go_tasks_flag_does_the_same() {
    for (path, file) in [(".yaml", "Taskfile.yaml"), ("sub.yml", "sub.yml")] {
        let said = format!("Taskfile created: {file}\n");
        let ran = Test::new().args(["run", "--init", path]).stdout(&said).run();
        assert!(ran.text(file).starts_with("version: '3'\n"));
    }
}

#[test]
fn nothing_is_overwritten() {
    let ran = Test::new()
        .file("taskfile.yaml", "mine")
        .args(["init"])
        .stderr("error: a Taskfile already exists: [DIR]/taskfile.yaml\n")
        .status(101)
        .run();
    assert_eq!(ran.text("taskfile.yaml"), "mine");
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    Test::new()
        .args(["init", "no/x.yml"])
        .stderr("error: cannot write `[DIR]/no/x.yml`: No such file or directory (os error 2)\n")
        .status(1)
        .run();
}
