//! Facts about what decides whether a task would do the same again.

use super::*;
use crate::taskfile::Found;

/// What a task looks like to those who compare.
fn footprint(machine: &Machine, settings: Settings, name: &str) -> Footprint {
    let model = Arc::new(taskfile::load(&taskfile::Request::default(), machine).unwrap());
    let found: Found = model.find("", name, None).unwrap();
    let describer = Describer::new(model, settings, Arc::new(Still));
    let check = describer.check(&found, machine).unwrap();
    let mut seen = None;
    let mut note = |footprint| {
        seen = Some(footprint);
        true
    };
    assert!(check.is_up_to_date(machine, &mut note).unwrap());
    seen.expect("sources are compared")
}

fn of(taskfile: &str) -> Footprint {
    footprint(&machine(taskfile), Settings::default(), "default")
}

fn names(all: &std::collections::BTreeMap<Arc<str>, String>) -> Vec<&str> {
    all.keys().map(|name| &**name).collect()
}

#[test]
fn variables_count_that_commands_read_however_indirectly() {
    let found = of("
vars: {A: '{{.B}}', B: '{{.C}}', C: c, UNUSED: u}
tasks:
  default: {sources: [s], vars: {T: t, MINE: '{{.A}}'}, cmds: ['echo {{.MINE}}']}
");
    assert_eq!(names(&found.variables), ["A", "B", "C", "MINE"]);
}

#[test]
fn a_template_that_reads_everything_reads_all_variables() {
    let found = of("
vars: {A: a, B: b}
tasks:
  default: {sources: [s], cmds: ['echo {{len .}} {{.}}']}
");
    let names = names(&found.variables);
    assert!(names.contains(&"A") && names.contains(&"B"), "{names:?}");
}

#[test]
fn scripts_count_by_their_text_unless_the_task_requires_the_value() {
    let text = |script: &str, rest: &str| {
        of(&format!(
            "
vars: {{V: {{sh: '{script}'}}}}
tasks:
  default: {{sources: [s], {rest} cmds: ['echo {{{{.V}}}}']}}
"
        ))
    };
    assert_eq!(text("echo one", "").variables["V"], "\0sh echo one");
    let required = text("echo one", "requires: {vars: [V]},");
    assert_eq!(required.variables["V"], "\0sh echo one\0\"one\"");
}

#[test]
fn variables_of_the_command_line_count_but_not_how_the_run_is_told() {
    let machine = machine(
        "
tasks:
  default: {sources: [s], cmds: ['echo {{.X}} {{.CLI_ARGS}} {{.CLI_VERBOSE}} {{.HOME}}']}
",
    );
    let settings = Settings {
        cli_vars: vec![("X".into(), "x".into())],
        cli_args: vec!["--release".into()],
        ..Settings::default()
    };
    let found = footprint(&machine, settings, "default");
    assert_eq!(names(&found.variables), ["CLI_ARGS", "X"]);
    assert!(found.variables["CLI_ARGS"].contains("--release"));
}

#[test]
fn declared_environment_counts_and_the_machines_value_where_it_wins() {
    let found = of("
env: {GLOBAL: g, OS_VAR: mine}
tasks:
  default: {sources: [s], env: {OWN: o}, cmds: [env]}
");
    assert_eq!(names(&found.environment), ["GLOBAL", "OS_VAR", "OWN"]);
    assert_eq!(found.environment["OS_VAR"], "\0\"mine\"\0machine os");
}

#[test]
fn commands_of_called_tasks_count_too() {
    let taskfile = |inner: &str| {
        format!(
            "
tasks:
  default: {{sources: [s], cmds: [{{task: a, vars: {{X: '1'}}}}]}}
  a: {{cmds: [{{task: b}}, {{task: default}}]}}
  b: {{cmds: ['{inner}']}}
"
        )
    };
    assert_eq!(of(&taskfile("echo 1")).commands, of(&taskfile("echo 1")).commands);
    assert_ne!(of(&taskfile("echo 1")).commands, of(&taskfile("echo 2")).commands);
}

#[test]
fn what_a_loop_goes_over_and_options_of_the_shell_count() {
    let of = |command: &str| {
        let text = format!("\ntasks:\n  default: {{sources: [s], cmds: [{command}]}}\n");
        of(&text).commands
    };
    let first = of("{for: [a, b], cmd: 'echo {{.ITEM}}'}");
    assert_ne!(first, of("{for: [a, c], cmd: 'echo {{.ITEM}}'}"));
    assert_ne!(first, of("{for: {matrix: {X: [a, b]}}, cmd: 'echo {{.ITEM}}'}"));
    assert_ne!(of("{cmd: ls, set: [pipefail]}"), of("{cmd: ls}"));
    assert_ne!(of("{defer: ls}"), of("ls"));
}

#[test]
fn patterns_are_rendered() {
    let found = of("
vars: {D: src}
tasks:
  default: {sources: ['{{.D}}/*.c', {exclude: '{{.D}}/x.c'}], method: timestamp, cmds: [ls]}
");
    let texts: Vec<_> = found.sources.iter().map(|p| (&*p.text, p.exclude)).collect();
    assert_eq!(texts, [("src/*.c", false), ("src/x.c", true)]);
    assert_eq!(found.compare, Compare::Time);
}

#[test]
fn the_checksum_is_there_for_those_who_read_it() {
    let taskfile = "
tasks:
  default: {sources: ['*.txt'], cmds: ['{{.CHECKSUM}}']}
  empty: {cmds: ['[{{.CHECKSUM}}]']}
  none: {sources: ['*.txt'], method: none, cmds: ['[{{.CHECKSUM}}]']}
";
    let said = |task: &str| {
        let machine = machine(taskfile).file("a.txt", "text");
        Driver::new(&machine, Settings::default()).play(&[task]).said
    };
    let sum = crate::host::digest::shown(xxhash_rust::xxh3::xxh3_128(b"a.txttext"));
    assert_eq!(said("default"), [format!("default: {sum}")]);
    assert_eq!(said("empty"), ["empty: []"]);
    assert_eq!(said("none"), ["none: []"]);
}

#[test]
fn the_time_of_the_newest_source_is_there_for_method_timestamp() {
    let machine = machine(
        "
tasks:
  default: {sources: [a.txt], method: timestamp, cmds: ['{{.TIMESTAMP.Unix}}']}
",
    )
    .file("a.txt", "");
    assert_eq!(Driver::new(&machine, Settings::default()).play(&["default"]).said, ["default: 0"]);
}
