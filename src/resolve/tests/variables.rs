//! Facts about variables and environments.

use super::*;

const LEVELS: &str = "
env: {ENV: env, BOTH: env, OS_VAR: env}
vars: {BOTH: file, GLOBAL: file, CALL: file, OWN: file, FILE: '{{.OS_VAR}}-{{.GLOBAL}}'}
includes:
  inc: {taskfile: inc.yml, vars: {GIVEN: include, LATER: include}}
tasks:
  default:
    cmds:
      - task: own
        vars: {CALL: call, OWN: call, OS_VAR: call}
      - task: inc:own
        vars: {GIVEN: call}
  own:
    vars: {OWN: 'task+{{.OWN}}', LATER: '{{.NEXT}}.', NEXT: next}
    cmd: '{{.ENV}} {{.BOTH}} {{.GLOBAL}} {{.CALL}} {{.OWN}} {{.OS_VAR}} {{.LATER}} {{.FILE}}'
";

const INCLUDED: &str = "version: '3'
vars: {LATER: included, GLOBAL: leaks}
tasks:
  own: {cmd: '{{.GIVEN}} {{.LATER}} {{.GLOBAL}} {{.BOTH}}'}
";

fn levels(settings: Settings) -> Vec<String> {
    let machine = machine(LEVELS).file("inc.yml", INCLUDED);
    Driver::new(&machine, settings).play(&["default"]).said
}

#[test]
fn later_levels_beat_earlier_ones() {
    let expected = [
        "own: env file leaks call task+call call . env-leaks",
        "inc:own: call included leaks file",
    ];
    assert_eq!(levels(Settings::default()), expected);
}

#[test]
fn the_command_line_replaces_variables_of_the_taskfile_only() {
    let given = ["GLOBAL", "CALL", "OWN", "GIVEN"].map(|name| (name.into(), "cli".into()));
    let settings = Settings { cli_vars: given.to_vec(), ..Settings::default() };
    let expected =
        ["own: env file cli call task+call call . env-cli", "inc:own: call included leaks file"];
    assert_eq!(levels(settings), expected);
}

#[test]
fn values_keep_their_types() {
    let tasks = "
vars: {N: 3, YES: true, L: [a, 2], M: {map: {k: '{{.N}}'}}, R: {ref: '.L'}, NULL: null}
tasks:
  default: '{{add .N 1}} {{if .YES}}yes{{end}} {{index .R 1}} {{.M.k}} {{.L}} [{{.NULL}}]'
";
    assert_eq!(played(tasks, &["default"]), ["default: 4 yes 2 3 [a 2] []"]);
}

#[test]
fn special_variables_name_task_files_and_wishes() {
    let tasks = "
tasks:
  a-*:
    aliases: [b-*]
    dir: sub
    cmds:
      - '{{.TASK}} {{.ALIAS}} {{.MATCH}} {{.TASK_DIR}} {{.TASKFILE}} {{.TASKFILE_DIR}}'
      - '{{.ROOT_DIR}} {{.ROOT_TASKFILE}} {{.USER_WORKING_DIR}} {{.TASK_VERSION}} {{.TASK_EXE}}'
      - '{{.CLI_ARGS}} {{len .CLI_ARGS_LIST}} {{.CLI_FORCE}} {{.CLI_SILENT}} {{.CLI_ASSUME_YES}}'
";
    let settings = Settings {
        cli_args: vec!["x".into(), "y z".into()],
        task_exe: "par".into(),
        version: "3.54.0".into(),
        yes: true,
        ..Settings::default()
    };
    let expected = [
        "a-1: a-* b-1 [1] /w/sub /w/Taskfile.yml /w",
        "a-1: /w /w/Taskfile.yml /w 3.54.0 par",
        "a-1: x 'y z' 2 false false true",
    ];
    assert_eq!(played_with(settings, tasks, &["b-1"]), expected);
}

#[test]
fn a_taskfile_variable_that_reads_the_task_is_its_own_in_each() {
    let tasks = "
vars: {NAME: 'I am {{.TASK}}', ALL: '{{index . \"TASK\"}}', PLAIN: '{{.OS_VAR}}'}
tasks:
  default: {deps: [a], cmd: '{{.NAME}} {{.ALL}} {{.PLAIN}}'}
  a: '{{.NAME}} {{.ALL}}'
";
    let expected = ["a: I am a a", "default: I am default default os"];
    assert_eq!(played(tasks, &["default"]), expected);
}

#[test]
fn scripts_see_variables_and_run_once() {
    let tasks = "
vars: {A: {sh: 'echo $V'}, V: late}
tasks:
  default: {deps: [a], dir: sub, vars: {B: {sh: 'echo $V; pwd'}, C: {sh: 'echo $B'}}, cmd: '{{.A}}|{{.C}}'}
  a: 'a{{.A}}'
";
    let machine = machine(tasks);
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    assert_eq!(driver.said, ["a: a", "default: |late\n/w/sub"]);
    assert_eq!(machine.asked(), ["echo $V", "echo $V; pwd", "echo $B"]);
}

#[test]
fn the_same_script_with_another_variable_runs_again_except_for_go_task() {
    let tasks = "
tasks:
  default: [{task: a, vars: {X: '1'}}, {task: a, vars: {X: '2'}}]
  a: {vars: {Y: {sh: 'echo $X'}}, cmd: '{{.Y}}'}
";
    assert_eq!(played(tasks, &["default"]), ["a: 1", "a: 2"]);
    let settings = Settings { compat: Compat::GoTask, ..Settings::default() };
    assert_eq!(played_with(settings, tasks, &["default"]), ["a: 1", "a: 1"]);
}

#[test]
fn a_script_that_fails_refuses_the_task() {
    let tasks = "tasks:\n  default: {vars: {X: {sh: 'exit 3'}}, cmds: [a, b]}\n";
    assert_eq!(played(tasks, &["default"]), ["! command `exit 3` failed: exit status 3"]);
}

#[test]
fn call_variables_are_the_callers_values() {
    let tasks = "
tasks:
  default: {vars: {X: mine}, cmds: [{task: a, vars: {Y: '{{.X}}', Z: {ref: .L}, L: {sh: pwd}}}]}
  a: {vars: {X: yours}, dir: sub, cmds: [{task: b}, '{{.X}} {{.Y}} {{.L}}']}
  b: '[{{.Y}}]'
";
    assert_eq!(played(tasks, &["default"]), ["b: []", "a: yours mine /w"]);
}

fn environment(tasks: &str, settings: Settings, names: &[&str]) -> Vec<String> {
    let machine = machine(tasks).file(".env", "A=dot\nD=dot\n").file("sub/.task", "D=task\nE=$D\n");
    let driver = Driver::new(&machine, settings).play(&["default"]);
    let env = driver.launches[0].env();
    names.iter().map(|name| env.get(*name).map_or("-".into(), |v| v.to_string())).collect()
}

const ENVIRONMENT: &str = "
dotenv: ['{{.FILE}}']
vars: {FILE: .env, V: var}
env: {A: file, OS_VAR: file, T: '{{.TASK}}', LIST: [1], N: 1.5}
tasks:
  default:
    dir: sub
    dotenv: [none, .task]
    env: {B: '{{.V}}', T2: {sh: 'echo $A$E'}, E: own}
    cmd: x
";

#[test]
fn commands_see_file_dotenv_and_task_but_the_machine_first() {
    let names = ["A", "D", "E", "B", "T", "T2", "OS_VAR", "LIST", "N", "V", "HOME"];
    let seen = environment(ENVIRONMENT, Settings::default(), &names);
    let expected =
        ["file", "task", "own", "var", "default", "fileown", "os", "-", "1.5", "-", "/home/u"];
    assert_eq!(seen, expected);
}

#[test]
fn the_taskfile_may_go_before_the_machine() {
    let settings = Settings { precedence: Precedence::Taskfile, ..Settings::default() };
    assert_eq!(environment(ENVIRONMENT, settings, &["OS_VAR"]), ["file"]);
}

#[test]
fn tasks_that_add_nothing_share_one_environment() {
    let machine = machine("env: {A: '1'}\ntasks:\n  default: {deps: [a], cmd: x}\n  a: x\n");
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    assert!(Arc::ptr_eq(driver.launches[0].env(), driver.launches[1].env()));
    assert_eq!(driver.launches[0].env().get("A").map(|v| &**v), Some("1"));
}

#[test]
fn required_variables_must_be_there_and_allowed() {
    let tasks = "
vars: {LIST: [a, b]}
tasks:
  default: {requires: {vars: [X, {name: Y, enum: [a, b]}]}, vars: {Z: {sh: false}}, cmd: x}
  allowed: {requires: {vars: [{name: Y, enum: {ref: .LIST}}]}, cmd: 'x {{.Y}}'}
  from-os: {requires: {vars: [OS_VAR]}, cmd: x}
";
    let missing =
        "! task `default` cannot run: it lacks the required variables X, Y (allowed: a, b)";
    assert_eq!(played(tasks, &["default"]), [missing]);
    let with = |value: &str| Settings {
        cli_vars: vec![("Y".into(), value.into())],
        ..Settings::default()
    };
    assert_eq!(played_with(with("b"), tasks, &["allowed"]), ["allowed: x b"]);
    let wrong = "! task `allowed` cannot run: Y is `c`, allowed are a, b";
    assert_eq!(played_with(with("c"), tasks, &["allowed"]), [wrong]);
    assert_eq!(played(tasks, &["from-os"]), ["from-os: x"]);
}

#[test]
fn nothing_is_evaluated_for_a_task_that_lacks_variables() {
    let machine =
        machine("vars: {G: {sh: pwd}}\ntasks:\n  default: {requires: {vars: [X]}, cmd: x}\n");
    let driver = Driver::new(&machine, Settings::default()).play(&["default"]);
    assert_eq!(driver.said.len(), 1);
    assert_eq!(machine.asked(), [""; 0]);
}

#[test]
fn what_is_missing_is_known_before_anything_runs() {
    let tasks = "
vars: {HERE: 1, SH: {sh: 'exit 1'}}
tasks:
  default: {deps: [dep, {task: given, vars: {G: 1}}], requires: {vars: [A, HERE, SH, OS_VAR]}}
  dep: {requires: {vars: [{name: B, enum: [x, y]}, A, OWN]}, vars: {OWN: 1}, deps: [default]}
  given: {requires: {vars: [G]}}
";
    let machine = Machine::new(&format!("version: '3'\n{tasks}"));
    let model = taskfile::load(&taskfile::Request::default(), &machine).unwrap();
    let settings = Settings { cli_vars: vec![], ..Settings::default() };
    let describer = Describer::new(Arc::new(model), settings, Arc::new(Still));
    let missing = describer.missing(&[Request::new("default")], &machine).unwrap();
    let named = |name: &str, allowed: &[&str]| Missing {
        name: name.into(),
        allowed: allowed.iter().map(|word| word.to_string()).collect(),
    };
    assert_eq!(missing, [named("A", &[]), named("B", &["x", "y"])]);
    assert_eq!(machine.asked(), Vec::<String>::new());
}
