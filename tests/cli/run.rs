//! `par run`: what runs, in which order, and how it ends.

use par::event::Kind;

use crate::harness::Test;

const HALVES: &str = "
    version: '3'
    tasks:
      default: {cmds: ['task:left &', 'task:right &', wait, echo both]}
      left: echo left > left; while ! test -e right; do sleep 0.01; done
      right: echo right > right; while ! test -e left; do sleep 0.01; done
      order: {cmds: ['task:one &', 'task:two &', wait]}
      one: {cmds: [echo one, echo 1]}
      two: {cmds: [echo two, echo 2]}
      process: /bin/echo one
      bad: {deps: [one, fail], cmds: [echo never]}
      fail: {cmds: [echo before, exit 7]}
      args: echo {{.CLI_ARGS}} {{.X}}
    ";

fn test() -> Test {
    Test::new().taskfile(HALVES)
}

#[test]
fn halves_that_wait_for_each_other_run_at_the_same_time() {
    test().args(["-s", "-j", "2"]).stdout("both\n").run();
}

#[test]
fn what_needs_no_process_is_done_by_the_process_that_was_called() {
    let ran_by_itself = |task: &str| {
        let ran = test().under("echo $$ >called").args(["-s", task]).stdout_has("").run();
        let runs = std::fs::read_dir(ran.path(".par/runs")).expect("runs");
        let run = runs.map(|run| run.expect("a run").path()).max().expect("a run");
        let meta = std::fs::read(run.join("run.json")).expect("its own words");
        let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
        meta["pid"].as_i64() == ran.text("called").trim().parse().ok()
    };
    assert!(ran_by_itself("two"));
    assert_eq!(ran_by_itself("process"), !cfg!(target_os = "linux"), "another one outlives it");
}

#[test]
fn one_variable_makes_it_one_after_the_other() {
    test().env("USE_PARALLEL", "false").args(["-s", "order"]).stdout("one\n1\ntwo\n2\n").run();
}

#[test]
fn a_failure_skips_what_depends_on_it_and_is_told_at_the_end() {
    test()
        .args(["-j", "1", "bad"])
        .stdout("one\n1\nbefore\n")
        .stderr_has("skipped because `fail` failed: bad\n")
        .stderr_has("task `fail` failed: exit status 7")
        .stderr_has("again: par run fail\n")
        .status(201)
        .run();
    test().args(["-sx", "fail"]).stdout("before\n").stderr_has("exit status 7").status(7).run();
}

#[test]
fn variables_and_arguments_reach_the_commands() {
    test().args(["-s", "args", "X=1", "--", "a", "b c"]).stdout("a b c 1\n").run();
    test().called("task").args(["-s", "X=1", "args"]).stdout("1\n").run();
}

#[test]
fn output_of_a_run_can_be_read_later() {
    let ran = test()
        .args(["-s", "-j", "1", "one", "fail"])
        .stdout("one\n1\nbefore\n")
        .stderr_has("")
        .status(201)
        .run();
    let ran = ran.again().args(["logs", "--failed"]).stdout("before\n").run();
    let ran = ran.again().args(["logs", "one"]).stdout("one\n1\n").run();
    ran.again().args(["logs", "--runs"]).stdout("[RUN]  failed     one fail\n").run();
}

#[test]
fn a_name_that_is_no_task_runs_nothing() {
    test()
        .args(["one", "tow"])
        .stderr(
            "
            error: there is no task `tow`
             |
             = help: did you mean `two`?
            ",
        )
        .status(200)
        .run();
}

#[test]
fn scripts_of_variables_run_a_few_at_a_time() {
    let mut text = String::from("version: '3'\nsilent: true\ntasks:\n  all:\n    deps: [");
    (0..40).for_each(|n| text.push_str(&format!("t{n}, ")));
    text.push_str("]\n");
    // Each counts those that run with it, in a directory.
    let script = "mkdir -p d; touch d/$$; ls d | wc -l; sleep 0.01; rm d/$$";
    for n in 0..40 {
        text.push_str(&format!(
            "  t{n}: {{vars: {{X: {{sh: '{script} # {n}'}}}}, cmds: ['echo {{{{.X}}}} >> counts']}}\n"
        ));
    }
    let ran = Test::new().taskfile(&text).args(["-s", "-j2", "all"]).run();
    let counts: Vec<u32> =
        ran.text("counts").lines().map(|count| count.trim().parse().expect("a number")).collect();
    assert_eq!(counts.len(), 40);
    let most = counts.iter().max().expect("there are some");
    assert!(*most <= 4, "{most} scripts at a time");
}

/// One that takes longer to be worked out than starts are held back.
#[test]
fn a_large_plan_is_worked_out_while_its_first_tasks_run() {
    let names: Vec<String> = (0..3000).map(|number| format!("t{number}")).collect();
    let tasks = names.iter().map(|name| format!("  {name}: 'true'\n")).collect::<String>();
    let head = format!("version: '3'\ntasks:\n  all: {{deps: [{}]}}\n", names.join(", "));
    let ran = Test::new().taskfile(&(head + &tasks)).args(["-s", "-j2", "all"]).run();
    let events = ran.events();
    let is_started = |kind: &Kind| matches!(kind, Kind::Started { .. });
    let first_start = events.iter().position(|event| is_started(&event.kind)).unwrap();
    let later = events[first_start..].iter();
    assert!(later.filter(|event| matches!(event.kind, Kind::Added { .. })).count() > 1000);
    assert_eq!(events.iter().filter(|event| is_started(&event.kind)).count(), 3000);
}

/// What is known of one makes the next one known, and nobody else wakes the run for it.
#[test]
fn a_long_chain_is_worked_out_without_a_pause() {
    let tasks = (1..1000).map(|number| format!("  t{number}: {{deps: [t{}]}}\n", number - 1));
    let head = "version: '3'\ntasks:\n  t0: 'true'\n";
    let test = Test::new().taskfile(&(head.to_owned() + &tasks.collect::<String>()));
    test.args(["-s", "-j2", "t999"]).run();
}
