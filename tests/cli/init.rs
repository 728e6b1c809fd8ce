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
            par: Available tasks for this project:
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

#[test]
fn what_has_no_counterpart_is_told() {
    let ran = Test::new()
        .file("Makefile", "all:\n\techo all\n%.o: %.c\n\tcc $<\n")
        .args(["init"])
        .stdout("Taskfile created: Taskfile.yml, from Makefile\n")
        .stderr("Makefile:3: not converted: the pattern rule `%.o: %.c`\n")
        .run();
    assert!(ran.text("Taskfile.yml").starts_with("# Made of Makefile by `par init`.\n"));
}

#[test]
fn what_is_not_there_is_told_with_a_way_out() {
    let test = || Test::new().args(["build"]).status(100);
    test().stderr_has(" = help: `par init` makes one\n").run();
    let flag = Test::new().args(["run", "--hlep"]).status(2);
    flag.stderr_has(" = help: did you mean `--help`?\n").run();
    let none = "par: no run of yours goes on\n";
    for command in ["ps", "health"] {
        let test = Test::new();
        let own = test.path("").display().to_string();
        let test = test.env("XDG_RUNTIME_DIR", &own).env("TMPDIR", &own);
        test.args([command]).stderr(none).run();
    }
}
