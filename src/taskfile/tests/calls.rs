//! What names of tasks mean, and which calls are certain to fail.

use super::*;

fn nested() -> Model {
    loaded(
        &Fake::new()
            .file("Taskfile.yml", "version: '3'\nincludes: {a: a.yml}\ntasks: {x: , top: }\n")
            .file("a.yml", "version: '3'\nincludes: {b: {taskfile: b.yml}}\ntasks: {x: , w-*: }\n")
            .file("b.yml", "version: '3'\ntasks: {x: , same: {aliases: [other]}}\n"),
    )
}

#[test]
fn names_are_relative_to_the_file_they_stand_in() {
    let model = nested();
    assert_eq!(names(&model), ["x", "top", "a:x", "a:w-*", "a:b:x", "a:b:same"]);
    let cases = [
        ("", "x", "x []"),
        ("", "a:b:x", "a:b:x []"),
        ("a", "b:x", "a:b:x []"),
        ("a:b", "x", "a:b:x []"),
        ("a:b", "other", "a:b:same []"),
        ("a:b", ":x", "a:x []"),
        ("a:b", "::x", "x []"),
        ("a:b", ":top", "top []"),
        ("a", "w-q", "a:w-q [\"q\"]"),
        ("", ":x", "there is no task `:x`; did you mean `x`?"),
        ("a:b", "sme", "there is no task `a:b:sme`; did you mean `same`?"),
        ("a:b", "::topp", "there is no task `topp`; did you mean `:top`?"),
        ("", "nothing", "there is no task `nothing`; "),
    ];
    for (from, written, meant) in cases {
        assert_eq!(called(&model, from, written), meant, "{written} in {from}");
    }
}

#[test]
fn a_star_takes_as_much_as_it_can_and_the_first_definition_wins() {
    let model = one("version: '3'
tasks: {'b-*-*': , 'b-*': {aliases: ['c-*']}, b-x: , 'p.*': }
");
    assert_eq!(called(&model, "", "b-1-2-3"), r#"b-1-2-3 ["1-2", "3"]"#);
    assert_eq!(called(&model, "", "b-1"), r#"b-1 ["1"]"#);
    assert_eq!(called(&model, "", "b-x"), "b-x []");
    assert_eq!(called(&model, "", "p.1"), r#"p.1 ["1"]"#);
    assert_eq!(called(&model, "", "px1"), "there is no task `px1`; ");
    let found = model.find("", "c-9", None).unwrap();
    assert_eq!((&*found.task.name, &*found.called_as), ("b-*", "c-9"));
}

#[test]
fn an_alias_of_two_tasks_means_neither() {
    let model = one("version: '3'\ntasks: {a: {aliases: [x]}, b: {aliases: [x]}}\n");
    let error = model.find("", "x", None).unwrap_err();
    assert_eq!(error.fault, Fault::NameConflict);
    assert_eq!(error.message, "`x` is an alias of `a` and of `b`");
}

#[test]
fn an_unknown_task_is_found_before_anything_runs() {
    let text = "version: '3'
tasks:
  a: {deps: [build], cmds: [task: tset]}
  build: task:b-{{.X}}
  test:
    - {task: unknown, if: 'false'}
    - {task: unknown, vars: {A: 1}}
    - {defer: {task: unknown}}
  lonely: {deps: [unknown]}
";
    assert_eq!(certain(text, "test"), "");
    assert_eq!(
        certain(text, "a"),
        "\
error: there is no task `tset`
 --> Taskfile.yml:3:35
  |
3 |   a: {deps: [build], cmds: [task: tset]}
  |                                   ^^^^ called here
  |
  = help: did you mean `test`?
"
    );
    let model = one(text);
    let wrong = model.check_certain(&["nowhere"], true);
    assert_eq!(wrong[0].message, "there is no task `nowhere`");
}

#[test]
fn a_task_that_waits_for_itself_is_found_before_anything_runs() {
    let text = "version: '3'
tasks:
  top: {deps: [a]}
  a: {deps: [b, c]}
  b: [task: d]
  c:
  d: task:a &
  self: [task: self]
";
    assert_eq!(
        certain(text, "top"),
        "\
error: a cycle of tasks: a → b → d → a
 --> Taskfile.yml:4:14
  |
4 |   a: {deps: [b, c]}
  |              ^ called by `a`
5 |   b: [task: d]
  |             - called by `b`
6 |   c:
7 |   d: task:a &
  |      -------- called by `d`
"
    );
    let model = one(text);
    let selfish = model.check_certain(&["self"], true);
    assert_eq!(selfish[0].message, "a cycle of tasks: self → self");
    assert_eq!(selfish[0].fault, Fault::TooManyCalls);
    assert!(model.check_certain(&["c"], true).is_empty());
}

#[test]
fn ten_thousand_tasks_in_a_row_are_checked_without_recursion() {
    let mut text = String::from("version: '3'\ntasks:\n");
    for n in 0..10_000 {
        text += &format!("  t{n}: {{deps: [t{}]}}\n", (n + 1) % 10_000);
    }
    let wrong = one(&text).check_certain(&["t0"], true);
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].message.ends_with("→ t11 → … 9988 more … → t0"), "{}", wrong[0].message);
}

#[test]
fn a_template_that_does_not_parse_is_an_error_of_the_tasks_that_are_reached() {
    let text = "version: '3'
tasks:
  a: {deps: [b]}
  b:
    cmds:
      - echo fine
      - |
        echo ä

        echo {{.A )}}
  c: echo c
";
    assert_eq!(certain(text, "c"), "");
    assert_eq!(
        certain(text, "a"),
        "\
error: template: :3: unexpected right paren
  --> Taskfile.yml:10:19
   |
10 |         echo {{.A )}}
   |                   ^
"
    );
}

#[test]
fn a_variable_of_the_file_that_does_not_parse_stops_every_task() {
    let text = "version: '3'\nvars: {A: '{{'}\ntasks: {t: }\n";
    assert!(certain(text, "t").contains("Taskfile.yml:2:"));
}

#[test]
fn an_unknown_method_is_an_error_of_the_tasks_it_decides_for() {
    let text = "version: '3'\nmethod: guess\ntasks: {t: , own: {method: none}}\n";
    assert_eq!(certain(text, "own"), "");
    assert_eq!(
        certain(text, "t"),
        "\
error: unknown method `guess`
 --> Taskfile.yml:2:9
  |
2 | method: guess
  |         ^^^^^ not `checksum`, `timestamp` or `none`
"
    );
    let model = two("version: '3'\nincludes: {s: sub}\n", text);
    assert!(model.check_certain(&["s:t"], true).is_empty());
}
