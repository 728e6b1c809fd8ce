//! What tasks leave for those after them: `$PAR_OUTPUT`, folders of their own, the summary.

use std::path::PathBuf;

use crate::harness::{Ran, Test};

#[test]
fn outputs_reach_the_commands_and_calls_that_come_after() {
    let ran = Test::new()
        .taskfile(
            r#"
            version: '3'
            tasks:
              release:
                deps: [build]
                cmds:
                  - echo "tag {{.OUTPUTS.build.TAG}}"
                  - {task: deploy, vars: {IMAGE: 'app:{{.OUTPUTS.build.TAG}}'}}
                  - task: notes
              build:
                cmds:
                  - echo TAG=old >> $PAR_OUTPUT
                  - echo TAG=v1 >> $PAR_OUTPUT
                  - printf 'NOTES<<END\none\ntwo\nEND\n' >> $PAR_OUTPUT
              deploy: echo "deploy {{.IMAGE}}"
              notes: echo '{{.OUTPUTS.build.NOTES}}'; echo '{{.OUTPUTS.deploy.NONE}}'
            "#,
        )
        .args(["-s", "release"])
        .stdout("tag v1\ndeploy app:v1\none\ntwo\n\n")
        .run();
    assert_eq!(
        summary(&ran),
        "# What the tasks of this run left\n\n## build\n\nSucceeded.\n- `NOTES`: one … (2 lines)\n- `TAG`: v1\n"
    );
}

/// `contexts/summary.md` of the latest run.
fn summary(ran: &Ran) -> String {
    ran.text(contexts(ran).join("summary.md").to_str().expect("a path"))
}

/// `contexts` of the latest run, from the directory of the test.
fn contexts(ran: &Ran) -> PathBuf {
    let runs = par::store::Runs::new(&ran.path(""));
    let latest = runs.find("latest").expect("a run").id.to_string();
    PathBuf::from(".par/runs").join(latest).join("contexts")
}

#[test]
fn what_is_no_output_fails_the_command_and_names_the_line() {
    Test::new()
        .taskfile(
            r#"
            version: '3'
            tasks:
              default: {deps: [build], cmd: echo never}
              build: {cmds: ['echo A=1 >> $PAR_OUTPUT; echo hello >> $PAR_OUTPUT', echo never]}
            "#,
        )
        .args(["-s"])
        .stderr_has("what task `build` wrote to $PAR_OUTPUT cannot be read: [DIR]/.par/runs/[RUN]/contexts/build.")
        .stderr_has(".output:2: `hello` is neither `KEY=value` nor `KEY<<WORD`\n")
        .status(201)
        .run();
}

#[test]
fn a_task_that_failed_leaves_no_outputs() {
    Test::new()
        .taskfile(
            r#"
            version: '3'
            tasks:
              default: {cmds: [{task: a, ignore_error: true}, 'echo "got {{.OUTPUTS.a.K}}"']}
              a: {cmds: ['echo K=v >> $PAR_OUTPUT', exit 3]}
            "#,
        )
        .args(["-s"])
        .stdout("got \n")
        .run();
}

const ISOLATED: &str = r#"
    version: '3'
    tasks:
      default: {deps: [a, b], cmds: ['{{.END}}']}
      a: &a
        isolate: true
        cmds:
          - test -d "$PAR_CONTEXT_DIR" && test "$TMPDIR" = "$PAR_CONTEXT_DIR/tmp"
          - file=$(mktemp) && echo mine > $file && ls $TMPDIR | wc -l
          - echo "$PAR_CONTEXT_DIR" > {{.TASK}}.context
          - touch $PAR_CONTEXT_DIR/left
      b: *a
    "#;

#[test]
fn a_task_may_have_a_folder_of_its_own_which_goes_when_all_is_well() {
    let ran = Test::new()
        .taskfile(ISOLATED)
        .env("PAR_CONTEXT_DIR", "/of/somebody/else")
        .args(["-s", "END=test -z \"$PAR_CONTEXT_DIR\""])
        .stdout("1\n1\n")
        .run();
    let (a, b) = (ran.text("a.context"), ran.text("b.context"));
    assert_ne!(a, b);
    for folder in [a, b] {
        assert!(folder.contains("/contexts/"), "{folder}");
        assert!(!PathBuf::from(folder.trim()).exists(), "{folder}");
    }
}

#[test]
fn folders_of_a_failed_run_stay() {
    let ran = Test::new()
        .taskfile(ISOLATED)
        .args(["-s", "END=false"])
        .stdout("1\n1\n")
        .stderr_has("default")
        .status(201)
        .run();
    for task in ["a", "b"] {
        let folder = ran.text(&format!("{task}.context"));
        assert!(PathBuf::from(folder.trim()).join("left").exists(), "{folder}");
    }
    let summary = summary(&ran);
    assert!(summary.contains("## a\n\nSucceeded.\n- folder: `"), "{summary}");
}

#[test]
fn the_summary_says_of_every_stage_what_it_left_even_if_that_is_nothing() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default:
                stages:
                  - {name: Look, tasks: [look], gate: {cmd: exit 0}}
                  - {name: Build, tasks: [build, {task: docs, if: 'false'}]}
              look: 'true'
              build: echo TAG=v1 >> $PAR_OUTPUT
              docs: 'true'
            ",
        )
        .args(["-s", "-j1"])
        .stderr_has("")
        .run();
    let expected = "# What the tasks of this run left\n
## look\n\nSucceeded.\n- nothing\n
## default: Look\n\nSucceeded.\n- gate: APPROVED\n
## build\n\nSucceeded.\n- `TAG`: v1\n
## default: Build\n\nSucceeded.\n";
    assert_eq!(summary(&ran), expected);
}
