//! `.OUTPUTS`: what earlier tasks have written is seen by commands and calls that come after them.

use super::*;

/// What the commands of the first task say when `build` has left `TAG=v1` after its call was evaluated.
fn said(tasks: &str) -> Vec<String> {
    let machine = machine(tasks);
    let mut resolver = resolver(&machine, Settings::default());
    let left = [("TAG".into(), "v1".into())].into();
    let outputs = Arc::new([("build".into(), left)].into());
    let known = Known { outputs, ..Known::default() };
    let root = resolver.begin(&[Request::new("default")]).expect("no errors");
    let mut said = Vec::new();
    let mut open = vec![(root.units[0].0, Known::default())];
    while let Some((unit, at_call)) = open.pop() {
        let draft = resolver.expansion(unit, &at_call).run(&machine).expect("no errors");
        if let Some(reason) = draft.omission() {
            said.push(format!("- {reason}"));
            continue;
        }
        for (id, unit) in resolver.adopt(unit, draft).units {
            match unit.work {
                Work::Call => open.push((id, known.clone())),
                Work::Command => said.push(match resolver.render(id, &known).run(&machine) {
                    Rendered::Run(launch) => launch.text().to_string(),
                    Rendered::Refused(wrong) => format!("! {}", wrong.message),
                    Rendered::Show(_) | Rendered::Omit(_) => "-".into(),
                }),
            }
        }
    }
    said
}

#[test]
fn commands_see_what_tasks_before_them_have_left() {
    let tasks = "
tasks:
  default:
    vars: {NAME: app}
    cmds:
      - 'push {{.NAME}}:{{.OUTPUTS.build.TAG}}'
      - {cmd: 'one {{.ITEM}} {{.OUTPUTS.build.TAG}}', for: [a, b]}
      - {cmd: yes, if: 'exit {{if eq .OUTPUTS.build.TAG \"v1\"}}0{{else}}1{{end}}'}
      - {cmd: no, if: 'exit {{if eq .OUTPUTS.build.TAG \"v1\"}}1{{else}}0{{end}}'}
      - plain
";
    assert_eq!(said(tasks), ["push app:v1", "one a v1", "one b v1", "yes", "-", "plain"]);
}

#[test]
fn calls_hand_on_what_tasks_before_them_have_left() {
    let tasks = "
tasks:
  default:
    cmds:
      - {task: deploy, vars: {IMAGE: 'app:{{.OUTPUTS.build.TAG}}'}}
      - {task: 'to-{{.OUTPUTS.build.TAG}}'}
      - {task: never, if: 'exit {{if .OUTPUTS.build.TAG}}1{{end}}'}
  deploy: 'deploy {{.IMAGE}}'
  'to-*': 'to {{index .MATCH 0}}'
  never: never
";
    let all = said(tasks);
    assert_eq!(all, ["- [default] if condition not met - skipped", "to v1", "deploy app:v1"]);
}

#[test]
fn variables_of_a_task_see_what_was_left_before_its_call() {
    let tasks = "
tasks:
  default: {cmds: [{task: a}]}
  a: {vars: {T: '{{.OUTPUTS.build.TAG}}'}, cmd: 'a {{.T}}'}
";
    assert_eq!(said(tasks), ["a v1"]);
}

#[test]
fn what_nobody_has_left_is_empty() {
    let tasks =
        "tasks: {default: {cmds: ['a {{.OUTPUTS.other.KEY}}', 'b {{.OUTPUTS.build.KEY}}']}}\n";
    assert_eq!(said(tasks), ["a ", "b "]);
}
