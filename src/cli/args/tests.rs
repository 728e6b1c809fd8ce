use proptest::prelude::*;

use super::*;
use crate::taskfile::model::Jobs;

fn parsed(line: &str) -> Result<Parsed, Diagnostic> {
    let argv: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    parse(&argv, &|_, name| name == "list")
}

fn run(line: &str) -> RunArgs {
    match parsed(line).map(|parsed| parsed.invocation) {
        Ok(Invocation::Run(run)) => *run,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> (Fault, String, Vec<String>) {
    let error = parsed(line).expect_err(line);
    (error.fault, error.message, error.help)
}

#[test]
fn flags_tasks_and_variables_may_stand_in_any_order() {
    let expected = run("par run -s -C 2 build test X=1 Y=a=b");
    assert_eq!(run("par build X=1 -sC2 test Y=a=b"), expected);
    assert_eq!(run("par -C=2 X=1 build Y=a=b --silent=true test"), expected);
    assert_eq!(expected.tasks, ["build", "test"]);
    let var = |name: &str, value: &str| (name.to_string(), value.to_string());
    assert_eq!(expected.vars, [var("X", "1"), var("Y", "a=b")]);
}

#[test]
fn nothing_after_two_dashes_is_ours() {
    let run = run("par build -- -v --list a=b -- c");
    assert_eq!(run.tasks, ["build"]);
    assert_eq!(run.args, ["-v", "--list", "a=b", "--", "c"]);
}

#[test]
fn truths_are_written_as_go_writes_them() {
    assert_eq!(run("par -s=false").flags.run.silent, Some(false));
    assert_eq!(run("par --silent=0").flags.run.silent, Some(false));
    assert_eq!(run("par -sf").flags.run.force, Some(true));
    assert_eq!(run("par --silent=false --silent").flags.run.silent, Some(true));
    assert_eq!(run("par --silent false").tasks, ["false"]);
}

#[test]
fn a_flag_with_a_value_takes_whatever_follows() {
    assert_eq!(run("par -C -1").flags.run.concurrency, Some(-1));
    assert_eq!(run("par -d -x build").locate.dir, Some("-x".into()));
    assert_eq!(run("par -t - build").tasks, ["build"]);
}

#[test]
fn j_is_jobs_for_par_and_json_for_task() {
    assert_eq!(run("par -j 50% build").own.jobs, Some(Jobs::Percent(50)));
    assert_eq!(run("par -j3").own.jobs, Some(Jobs::Count(3)));
    let Ok(Parsed { invocation: Invocation::List(list), .. }) = parsed("/bin/task -aj") else {
        panic!("not a list")
    };
    assert!(list.all && list.json);
}

#[test]
fn a_task_wins_over_a_subcommand_of_its_name() {
    let found = parsed("par -s list").expect("a task");
    assert_eq!(found.hidden, Some("list"));
    assert_eq!(run("par -s list").tasks, ["list"]);
    let command = parsed("par :list --all").expect("a subcommand");
    assert!(matches!(command.invocation, Invocation::List(ListArgs { all: true, .. })));
    assert_eq!(run("par run list").tasks, ["list"]);
    assert_eq!(run("task list").tasks, ["list"]);
}

#[test]
fn flags_may_stand_before_a_subcommand() {
    let found = parsed("par -t x.yml init").expect_err("init takes no Taskfile");
    assert_eq!(found.message, "unknown flag `-t`");
    let found = parsed("par --json config -d sub").expect("a subcommand");
    let Invocation::Config(config) = found.invocation else { panic!("not config") };
    assert_eq!((config.json, config.locate.dir), (true, Some("sub".into())));
}

#[test]
fn wrong_use_says_what_was_probably_meant() {
    let help = |near: &str, program: &str| {
        vec![format!("did you mean `{near}`?"), format!("`{program} --help` lists the flags")]
    };
    assert_eq!(
        error("par --slient build"),
        (Fault::Usage, "unknown flag `--slient`".into(), help("--silent", "par run"))
    );
    assert_eq!(
        error("par :lits"),
        (
            Fault::Usage,
            "there is no subcommand `lits`".into(),
            vec!["did you mean `list`?".into(), "`par --help` lists the subcommands".into()]
        )
    );
    let message = |line| (error(line).0, error(line).1);
    let usage = |text: &str| (Fault::Usage, text.to_string());
    assert_eq!(
        message("par -j 0"),
        usage("invalid value `0` for `--jobs`: expected a number from 1, a share as 50%, or auto")
    );
    assert_eq!(message("par -sX"), usage("unknown flag `-X`"));
    assert_eq!(message("par build -C"), usage("flag `--concurrency` needs a value"));
    assert_eq!(
        message("par --silent=maybe"),
        usage("invalid value `maybe` for `--silent`: expected true or false")
    );
    assert_eq!(message("task --sequential"), usage("unknown flag `--sequential`"));
    assert_eq!(message("par completions"), usage("<SHELL> is missing"));
}

#[test]
fn flags_that_exclude_each_other_are_no_usage_error() {
    for (line, message) in [
        ("par -l -a", "cannot use --list and --list-all at the same time"),
        ("par --json", "--json only applies to --list or --list-all"),
        ("par -g -d .", "cannot use --global and --dir at the same time"),
        ("par -l --nested", "--nested only applies to --json with --list or --list-all"),
        ("task -l --no-status", "--no-status only applies to --json with --list or --list-all"),
        ("par --cert x", "--cert and --cert-key must be given together"),
        ("par --sequential -j 2", "cannot use --sequential and --jobs at the same time"),
    ] {
        let (fault, found, _) = error(line);
        assert_eq!((fault, &*found), (Fault::Other, message), "{line}");
    }
}

#[test]
fn the_program_form_is_a_call() {
    let argv = ["/x/bin/task:docs:build", "V=1", "-k", "a", "--", "B=2"].map(OsString::from);
    let Ok(Parsed { invocation: Invocation::Call(call), .. }) = parse(&argv, &|_, _| false) else {
        panic!("not a call")
    };
    assert_eq!(call.name, "docs:build");
    assert_eq!(call.vars, [("V".to_string(), "1".to_string())]);
    assert_eq!(call.args, ["-k", "a", "B=2"]);
}

#[test]
fn every_subcommand_has_help() {
    for command in Subcommand::ALL {
        let line = format!("par :{} --help", command.name());
        let Ok(Parsed { invocation: Invocation::Text(text), .. }) = parsed(&line) else {
            panic!("{line}")
        };
        assert!(text.contains("Usage: par"), "{text}");
        assert!(text.contains("Examples:"), "{text}");
    }
}

proptest! {
    #[test]
    fn the_short_way_and_the_long_way_say_the_same(
        words in prop::collection::vec(
            "run|list|[a-c:.*]{0,3}|ü|build|test:all|X=[a=]{0,2}|--|-[jCoFkfnsvyx]|[0-9]|50%|auto|group|2s|--jobs\
             |--grace|--output|--concurrency|--failfast|--force|--dry|--silent|--verbose|--yes|--keep-going\
             |--sequential|--all|--json|-a|-j2|-j0|-j50%|-j2s|--jobs=2",
            0..6,
        )
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_task = |_: &Locate, _: &str| false;
        if let Some(run) = quick::run(&words) {
            let parsed = with_clap(&words, &is_task).map(|parsed| parsed.invocation);
            prop_assert_eq!(parsed, Ok(Invocation::Run(Box::new(run))));
        }
        if let Some(list) = quick::list(&words) {
            let parsed = with_clap(&words, &is_task).map(|parsed| parsed.invocation);
            prop_assert_eq!(parsed, Ok(Invocation::List(list)));
        }
    }
}

#[test]
fn the_common_lines_need_no_clap() {
    for line in [
        "run build -j 2",
        "run build -j8",
        "",
        "a b X=1 -- c -j",
        "-s -o group --failfast --grace 2s all",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(quick::run(&words).is_some(), "{line}");
    }
    for line in ["list", "-j", "-j 0", "-j -1", "-d x", ":run a", "--sequential -j 2", "-sf"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(quick::run(&words).is_none(), "{line}");
    }
    assert!(quick::list(&["list", "--all"]).is_some());
}
