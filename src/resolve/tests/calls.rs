//! Facts about calls: which are one, which are many, which never end.

use super::*;

const DIAMOND: &str = "
tasks:
  default: {deps: [a, b], cmds: [x, {task: a}]}
  a: {deps: [c], cmd: x}
  b: {deps: [c, {task: c, vars: {V: 1}}], cmd: x}
  c: x {{.V}}
";

#[test]
fn dependencies_are_shared_within_one_call() {
    let expected = ["c: x ", "a: x", "c: x 1", "b: x", "default: x", "c: x ", "a: x"];
    assert_eq!(played(DIAMOND, &["default"]), expected);
}

#[test]
fn go_task_shares_nothing() {
    let settings = Settings { compat: Compat::GoTask, ..Settings::default() };
    let expected = ["c: x ", "a: x", "c: x ", "c: x 1", "b: x", "default: x", "c: x ", "a: x"];
    assert_eq!(played_with(settings, DIAMOND, &["default"]), expected);
}

#[test]
fn what_is_written_to_run_always_is_not_shared() {
    let tasks = "
tasks:
  default: {deps: [a, b]}
  a: {deps: [c]}
  b: {deps: [c]}
  c: {run: always, cmd: x}
";
    assert_eq!(played(tasks, &["default"]), ["c: x", "c: x"]);
}

#[test]
fn once_is_once_for_the_whole_run() {
    let tasks = "
tasks:
  default: [{task: a}, {task: a, vars: {V: 2}}, {task: b, vars: {V: 1}}, {task: b, vars: {V: 1, U: 1}}, {task: b, vars: {V: 2}}]
  a: {run: once, cmd: 'x {{.V}}'}
  b: {run: when_changed, cmd: 'y {{.V}}'}
";
    assert_eq!(played(tasks, &["default", "a"]), ["a: x ", "b: y 1", "b: y 2"]);
}

#[test]
fn who_comes_later_shares_the_failure_of_what_runs_once() {
    let tasks = "
tasks:
  default: [{task: a, ignore_error: true}, {task: a}, never]
  a: {run: once, cmd: exit 3}
";
    assert_eq!(played(tasks, &["default"]), ["a: exit 3"]);
}

#[test]
fn an_unknown_way_to_run_is_refused() {
    let tasks = "tasks:\n  default: {run: twice, cmd: x}\n";
    assert_eq!(played(tasks, &["default"]), ["! task `default`: unknown `run: twice`"]);
}

#[test]
fn names_are_checked_before_anything_runs() {
    let tasks = "
tasks:
  default: [x, {task: hidden}]
  hidden: {internal: true, cmds: [{task: nope}]}
";
    assert_eq!(played(tasks, &["default"]), ["! there is no task `nope`"]);
    assert_eq!(played(tasks, &["hidden"]), ["! task `hidden` is internal"]);
    let settings = Settings { compat: Compat::GoTask, ..Settings::default() };
    let late = ["default: x", "! there is no task `nope`"];
    assert_eq!(played_with(settings, tasks, &["default"]), late);
}

#[test]
fn included_files_call_their_own_and_the_root_by_a_colon() {
    let included = "version: '3'\ntasks:\n  a: [{task: b}, {task: ':b'}]\n  b: y {{.ALIAS}}\n";
    let machine = machine("includes: {i: inc.yml}\ntasks:\n  b: x\n").file("inc.yml", included);
    let driver = Driver::new(&machine, Settings::default()).play(&["i:a"]);
    assert_eq!(driver.said, ["i:b: y i:b", "b: x"]);
}

#[test]
fn a_call_that_stands_in_itself_names_the_chain() {
    let tasks = "
vars: {B: b}
tasks:
  a: [x, {task: '{{.B}}', vars: {V: 1}}]
  b: [{task: a}]
";
    let expected = ["a: x", "! a cycle of tasks: a → b → a"];
    assert_eq!(played(tasks, &["a"]), expected);
}

#[test]
fn a_call_with_other_variables_is_no_cycle() {
    let tasks = "
tasks:
  default: [{task: r, vars: {N: 2}}]
  r: ['x {{.N}}', {task: r, vars: {N: '{{sub (int .N) 1}}'}, if: '[ {{.N}} = 2 ] ; exit {{sub 2 (int .N)}}'}]
";
    let expected = ["r: x 2", "r: x 1", "- [r] if condition not met - skipped"];
    assert_eq!(played(tasks, &["default"]), expected);
}

#[test]
fn a_call_that_a_condition_may_end_is_no_cycle() {
    let tasks = "
tasks:
  a: {cmds: [x, {task: b}]}
  b: {cmds: [{task: a, if: 'exit 0'}]}
";
    let machine = machine(tasks);
    let mut resolver = resolver(&machine, Settings::default());
    let ahead = plan_ahead(&mut resolver, &[Request::new("a")], &machine).unwrap();
    let last = ahead.uncertain.last().map(|(_, why)| why.as_str());
    assert_eq!(last, Some("task `a` was called 1000 times"));
}

#[test]
fn what_runs_once_cannot_wait_for_itself() {
    let tasks = "
tasks:
  a: {run: once, cmds: [x, {task: b}]}
  b: {cmds: [{task: a, if: 'exit 0'}]}
";
    assert_eq!(played(tasks, &["a"]), ["a: x", "! a cycle of tasks: a → b → a"]);
}

#[test]
fn shared_dependencies_that_wait_for_each_other_are_a_cycle() {
    let tasks = "
vars: {A: a, B: b}
tasks:
  default: {deps: [a, b]}
  a: {deps: ['{{.B}}']}
  b: {deps: ['{{.A}}']}
";
    let said = played(tasks, &["default"]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("a cycle of tasks"), "{said:?}");
}

#[test]
fn calls_without_end_end_after_a_thousand() {
    let tasks = "
tasks:
  a: [{task: a, vars: {N: '{{add (int .N) 1}}'}}]
";
    let machine = machine(tasks);
    let mut resolver = resolver(&machine, Settings::default());
    let ahead = plan_ahead(&mut resolver, &[Request::new("a")], &machine).unwrap();
    assert_eq!(ahead.fragments.len(), 1000);
    assert_eq!(ahead.uncertain[0].1, "task `a` was called 1000 times");
}

#[test]
fn wildcards_are_filled_in() {
    let tasks = "
tasks:
  default: [{task: 'b:x:y'}, {task: c-1}]
  'b:*:*': {desc: d, cmds: ['{{index .MATCH 0}} {{index .MATCH 1}} {{.TASK}}'], label: '{{.ALIAS}}!'}
  'c-*': 'z'
";
    assert_eq!(played(tasks, &["default"]), ["b:x:y!: x y b:*:*", "c-1: z"]);
}

#[test]
fn a_graft_is_a_new_call_in_the_chain_of_its_command() {
    let machine =
        machine("tasks:\n  a: {deps: [c], cmd: x}\n  c: x\n  d: {deps: [c], cmd: 'x {{.V}}'}\n");
    let mut driver = Driver::new(&machine, Settings::default()).play(&["a"]);
    let by = *driver
        .units
        .iter()
        .find(|(id, (work, _))| *work == Work::Command && &*driver.resolver.name(**id) == "a")
        .unwrap()
        .0;
    let request = Request { name: "d".into(), vars: vec![("V".into(), "1".into())] };
    let (unit, made) = driver.resolver.graft(by, request).unwrap();
    driver.units.insert(unit, (made.work, false));
    driver.said.clear();
    driver.unit(unit, &Known::default()).unwrap();
    assert_eq!(driver.said, ["c: x", "d: x 1"]);
    let wrong = driver.resolver.graft(by, Request::new("nope")).unwrap_err();
    assert_eq!(wrong.message, "there is no task `nope`");
    let wrong = driver.resolver.graft(by, Request::new("a")).unwrap_err();
    assert_eq!(wrong.message, "a cycle of tasks: a → a");
}

#[test]
fn what_is_ahead_is_planned_with_conditions_as_doubts() {
    let tasks = "
tasks:
  default: {deps: [a], cmds: [{cmd: x, if: false}, {task: b, if: 'exit 1'}]}
  a: {if: 'exit 1', cmd: x}
  b: {status: ['exit 0'], cmd: x}
";
    let machine = machine(tasks);
    let mut resolver = resolver(&machine, Settings::default());
    let ahead = plan_ahead(&mut resolver, &[Request::new("default")], &machine).unwrap();
    let doubts: Vec<_> =
        ahead.uncertain.iter().map(|(u, why)| format!("{}: {why}", resolver.name(*u))).collect();
    let expected = [
        "default: runs if `false`",
        "a: runs if `exit 1`",
        "b: runs if `exit 1`",
        "b: runs unless it is up to date",
    ];
    assert_eq!(doubts, expected);
    assert_eq!(ahead.fragments.len(), 4);
    assert_eq!(machine.asked(), [""; 0]);
}
