//! Facts about commands, loops, conditions and checks.

use super::*;

#[test]
fn loops_unroll_over_lists_variables_files_and_matrices() {
    let tasks = "
vars: {TEXT: 'a b', CSV: 'a,b,', MAP: {map: {k: v, j: w}}, LIST: [1, x]}
tasks:
  default:
    sources: ['*.go']
    dir: sub
    cmds:
      - {for: [a, 2, '{{.TEXT}}'], cmd: '1 {{.ITEM}}'}
      - {for: {var: TEXT}, cmd: '2 {{.ITEM}}'}
      - {for: {var: CSV, split: ','}, cmd: '3 {{.ITEM}}'}
      - {for: {var: MAP, as: V}, cmd: '4 {{.KEY}}={{.V}}'}
      - {for: {var: LIST}, task: a, vars: {X: '{{.ITEM}}'}}
      - {for: {var: NONE}, cmd: never}
      - {for: sources, cmd: '5 {{.ITEM}}'}
      - {for: {matrix: {A: [1, 2], B: {ref: .LIST}}}, cmd: '6 {{.ITEM.A}}{{.ITEM.B}}'}
  a: {deps: [{for: [p, q], task: b, vars: {Y: '{{.ITEM}}{{.X}}'}}]}
  b: '{{.Y}}'
";
    let machine = machine(tasks).file("sub/b.go", "").file("sub/a.go", "").file("c.go", "");
    let said = Driver::new(&machine, Settings::default()).play(&["default"]).said;
    let all = "1 a,1 2,1 {{.TEXT}},2 a,2 b,3 a,3 b,3 ,4 j=w,4 k=v,p1,q1,px,qx,5 a.go,5 b.go,\
               6 11,6 1x,6 21,6 2x";
    let texts: Vec<&str> = said.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(texts.join(","), all);
}

#[test]
fn a_loop_over_a_number_is_refused() {
    let tasks = "vars: {N: 1}\ntasks:\n  default: {cmds: [{for: {var: N}, cmd: x}]}\n";
    let wrong = "! loop var must be a delimiter-separated string, list or a map";
    assert_eq!(played(tasks, &["default"]), [wrong]);
}

#[test]
fn conditions_leave_out_commands_calls_and_tasks() {
    let tasks = "
tasks:
  default:
    deps: [never]
    cmds: [{cmd: a, if: 'exit 1'}, {cmd: b, if: 'exit {{.NONE}}0'}, {task: x, if: 'exit 1'}, c]
  never: {if: 'exit 1', deps: [x], cmd: x}
  x: x
";
    let expected = [
        "- if condition not met - skipped: \"never\"",
        "- [default] if condition not met - skipped",
        "default: b",
        "- [default] if condition not met - skipped",
        "default: c",
    ];
    assert_eq!(played(tasks, &["default"]), expected);
}

#[test]
fn other_platforms_are_left_out_with_their_deps() {
    let tasks = "
tasks:
  default: {cmds: [{cmd: a, platforms: [plan9]}, {cmd: b, platforms: [linux, darwin]}, {task: p}]}
  p: {platforms: [plan9], deps: [default], vars: {X: {sh: exit 1}}}
";
    let expected = ["default: b", "- \"p\" not for current platform - ignored"];
    assert_eq!(played(tasks, &["default"]), expected);
}

#[test]
fn deferred_commands_know_the_exit_code() {
    let tasks = "
tasks:
  default: {cmds: [{defer: 'one {{.EXIT_CODE}}'}, {defer: {task: t, vars: {C: '{{.EXIT_CODE}}'}}}, exit 3, {defer: never}]}
  fine: [{defer: 'one [{{.EXIT_CODE}}]'}, x]
  t: 'two {{.C}}'
";
    let expected = ["default: exit 3", "t: two 3", "default: one 3"];
    assert_eq!(played(tasks, &["default"]), expected);
    assert_eq!(played(tasks, &["fine"]), ["fine: x", "fine: one []"]);
}

#[test]
fn preconditions_status_and_prompts_are_asked_in_this_order() {
    let tasks = "
tasks:
  default: [{task: met}, {task: up}, {task: not}]
  met: {deps: [dep], preconditions: ['exit 0'], status: ['exit 1'], prompt: ['sure {{.TASK}}?'], cmd: x}
  up: {preconditions: ['exit 0'], status: ['exit 0', 'exit 0'], prompt: no, label: 'l-{{.TASK}}', cmd: x}
  not: {preconditions: [{sh: 'exit 1', msg: 'not {{.TASK}}'}], status: ['exit 0'], cmd: x}
  dep: x
";
    let expected =
        ["dep: x", "? sure met?", "met: x", "= Task \"l-up\" is up to date", "! not not"];
    assert_eq!(played(tasks, &["default"]), expected);
    let forced = Settings { force: Force::All, yes: true, ..Settings::default() };
    let expected = ["dep: x", "y sure met?", "met: x", "y no", "l-up: x", "not: x"];
    assert_eq!(played_with(forced, tasks, &["default"]), expected);
    let named = Settings { force: Force::Named, ..Settings::default() };
    assert_eq!(played_with(named, tasks, &["not"]), ["not: x"]);
}

#[test]
fn a_dry_run_shows_and_asks_scripts_all_the_same() {
    let tasks = "
tasks:
  default: {vars: {X: {sh: 'echo 1'}}, prompt: sure, cmds: [{defer: d}, 'exit {{.X}}', {cmd: b, if: 'exit 1'}]}
";
    let settings = Settings { dry: true, ..Settings::default() };
    let expected = ["(exit 1)", "- [default] if condition not met - skipped", "(d)"];
    assert_eq!(played_with(settings, tasks, &["default"]), expected);
}

fn echoed(settings: Settings, tasks: &str) -> String {
    let machine = machine(tasks);
    let driver = Driver::new(&machine, settings).play(&["default"]);
    let launches = driver.launches.iter().filter_map(|launch| launch.echo().map(|echo| &**echo));
    launches.collect::<Vec<_>>().join(" ")
}

#[test]
fn any_silence_counts_but_verbose_beats_all() {
    let tasks = "
tasks:
  default: {cmds: [a, {cmd: b, silent: true}, {task: c, silent: true}, {task: d}]}
  c: {cmds: [c, {task: e}]}
  d: {silent: true, cmds: [d]}
  e: {cmds: [{cmd: e, silent: false}]}
";
    assert_eq!(echoed(Settings::default(), tasks), "a e");
    assert_eq!(echoed(Settings { silent: true, ..Settings::default() }, tasks), "");
    assert_eq!(echoed(Settings { verbose: true, ..Settings::default() }, tasks), "a b c e d");
    assert_eq!(echoed(Settings::default(), &format!("silent: true\n{tasks}")), "");
}

#[test]
fn secrets_are_masked_where_commands_are_shown() {
    let tasks = "
vars: {S: {value: hush, secret: true}}
tasks:
  default: [{for: [1], cmd: 'use {{.S}} {{.ITEM}}'}, {defer: 'again {{.S}}'}]
";
    assert_eq!(echoed(Settings::default(), tasks), "use ***** 1 again *****");
    let machine = machine(tasks);
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    assert_eq!(driver.said, ["default: use hush 1", "default: again hush"]);
    assert_eq!(&**driver.launches[0].secrets(), ["hush".into()]);
}

#[test]
fn label_prefix_directory_and_options_reach_the_command() {
    let tasks = "
set: [pipefail]
shopt: [globstar]
output: {group: {begin: 'B {{.TASK}}', end: E}}
vars: {D: down}
tasks:
  default:
    dir: '{{.D}}/$OS_VAR'
    label: 'L {{.D}}'
    prefix: 'P {{.D}}'
    set: [u]
    interactive: true
    cmds: [{cmd: x, set: [x, pipefail], shopt: [nullglob]}, {task: home}]
  home: {dir: '~/x', cmd: x}
";
    let machine = machine(tasks);
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    let [first, second] = &driver.launches[..] else { panic!("two commands") };
    assert_eq!(driver.said, ["L down: x", "home: x"]);
    assert_eq!((&**first.prefix(), &**second.prefix()), ("P down", "home"));
    assert_eq!(
        (&**first.dir(), &**second.dir()),
        (Path::new("/w/down/os"), Path::new("/home/u/x"))
    );
    assert_eq!(first.set().join(" "), "pipefail u x");
    assert_eq!(first.shopt().join(" "), "globstar nullglob");
    assert_eq!((&**first.begin(), &**first.end()), ("B default", "E"));
    assert!(first.interactive() && !second.interactive());
}

#[test]
fn a_lifted_call_takes_the_output_of_all_below_it() {
    let tasks = "
tasks:
  default: ['task:a V=1 > out.txt 2>&1 &', wait, x]
  a: {deps: [b], cmds: ['x {{.V}}', 'task:b > inner.txt']}
  b: x
";
    let machine = machine(tasks);
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    assert_eq!(driver.said, ["&", "b: x", "a: x 1", "b: x", "wait", "default: x"]);
    let file =
        |sink: Option<&Arc<Sink>>| sink.map_or("-".into(), |sink| sink.file.display().to_string());
    let sinks: Vec<_> = driver
        .launches
        .iter()
        .map(|l| format!("{} {}", file(l.stdout()), file(l.stderr())))
        .collect();
    let both = "/w/out.txt /w/out.txt";
    assert_eq!(sinks, [both, both, "/w/inner.txt /w/out.txt", "- -"]);
}

#[test]
fn a_template_that_fails_refuses_the_task_before_its_first_command() {
    let tasks = "tasks:\n  default: [x, '{{fail \"no\"}}']\n";
    let said = played(tasks, &["default"]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("! "), "{said:?}");
}

#[test]
fn an_estimate_is_shared_among_the_commands() {
    let machine = machine("tasks:\n  default: {estimate: 6s, cmds: [a, b, {task: c}]}\n  c: x\n");
    let mut resolver = resolver(&machine, Settings::default());
    let ahead = plan_ahead(&mut resolver, &[Request::new("default")], &machine).unwrap();
    let seconds = |unit: &crate::plan::Unit| unit.estimate.map(|e| e.as_secs());
    let units = |at: usize| ahead.fragments[at].1.units.iter().map(|(_, u)| seconds(u));
    assert_eq!(units(0).collect::<Vec<_>>(), [Some(6)]);
    assert_eq!(units(1).collect::<Vec<_>>(), [Some(3), Some(3), None]);
}
