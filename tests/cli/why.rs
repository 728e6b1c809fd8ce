//! `par why`.

use crate::harness::Test;

const TASKFILE: &str = "
    version: '3'
    vars: {MODE: fast}
    tasks:
      all: {deps: [build, note], cmds: [echo all]}
      build:
        sources: [src/*.txt]
        generates: [out.txt]
        cmds: ['cat src/*.txt > out.txt; echo {{.MODE}}']
      note: {status: ['test -f note'], cmds: [touch note]}
    ";

fn built() -> crate::harness::Ran {
    let test = Test::new().taskfile(TASKFILE).file("src/a.txt", "a\n").file("src/b.txt", "b\n");
    test.args(["-s", "-j1", "all"]).stdout("fast\nall\n").run()
}

#[test]
fn what_never_ran_runs() {
    Test::new()
        .taskfile(TASKFILE)
        .file("src/a.txt", "a\n")
        .args(["why", "all"])
        .stdout(
            "
            all    runs: it has neither sources nor status
            build  runs: it never ran before
            note   runs: a `status` command failed
            ",
        )
        .run();
}

#[test]
fn what_is_up_to_date_says_so_and_stays_so() {
    let ran = built().again().args(["why", "build", "note"]).stdout(UP_TO_DATE).run();
    ran.again().args(["why", "build", "note"]).stdout(UP_TO_DATE).run();
}

const UP_TO_DATE: &str = "build  is up to date\nnote   is up to date\n";

#[test]
fn everything_that_changed_is_told() {
    let ran = built();
    std::fs::write(ran.path("src/a.txt"), "changed\n").expect("a file");
    std::fs::remove_file(ran.path("src/b.txt")).expect("a file");
    std::fs::write(ran.path("src/c.txt"), "c\n").expect("a file");
    std::fs::write(ran.path("out.txt"), "mine\n").expect("a file");
    let changed =
        ran.text("Taskfile.yml").replace("MODE: fast", "MODE: slow").replace("cat src", "cat  src");
    std::fs::write(ran.path("Taskfile.yml"), changed).expect("a file");
    let ran = ran
        .again()
        .args(["why", "build"])
        .stdout(
            "
            build  runs: its commands changed
                   runs: variable MODE changed
                   runs: source src/a.txt changed
                   runs: source src/c.txt is new
                   runs: source src/b.txt is gone
                   runs: output out.txt changed
            ",
        )
        .run();
    std::fs::remove_file(ran.path("out.txt")).expect("a file");
    let ran = ran.again().args(["why", "build"]).stdout_has("runs: output out.txt is gone\n").run();
    ran.again()
        .args(["-s", "build"])
        .stdout("slow\n")
        .run()
        .again()
        .args(["why", "build"])
        .stdout("build  is up to date\n")
        .run();
}

#[test]
fn programs_get_json() {
    let ran = built();
    std::fs::write(ran.path("src/a.txt"), "changed\n").expect("a file");
    ran.again()
        .args(["why", "build", "--json"])
        .stdout(
            r#"
            {
              "tasks": [
                {
                  "because": [
                    {
                      "kind": "source_changed",
                      "subject": "src/a.txt",
                      "text": "source src/a.txt changed"
                    }
                  ],
                  "runs": true,
                  "task": "build"
                }
              ]
            }
            "#,
        )
        .run();
}

#[test]
fn a_call_is_asked_about_with_what_it_is_given() {
    let taskfile = "
        version: '3'
        tasks:
          both: {cmds: [{task: one, vars: {X: a}}, {task: one, vars: {X: b}}]}
          one: {label: 'one {{.X}}', sources: ['{{.X}}'], cmds: ['cat {{.X}}']}
        ";
    let test = Test::new().taskfile(taskfile).file("a", "1\n").file("b", "2\n");
    let ran = test.args(["-s", "-j1", "both"]).stdout("1\n2\n").run();
    std::fs::write(ran.path("b"), "3\n").expect("a file");
    ran.again()
        .args(["why", "both"])
        .stdout("one a  is up to date\none b  runs: source b changed\n")
        .run();
}

#[test]
fn a_task_that_is_not_there_is_an_error() {
    Test::new()
        .taskfile(TASKFILE)
        .args(["why", "biuld"])
        .stderr("error: there is no task `biuld`\n |\n = help: did you mean `build`?\n")
        .status(200)
        .run();
}
