//! What `stages` and `agents` say, and how mistakes in them are shown.

use super::*;
use crate::taskfile::model::Stage;

fn stages(text: &str) -> Vec<Stage> {
    let model = one(&format!(
        "version: '3'\ntasks: {{t: {{stages: [{text}]}}, a: x, b: x, build-a: x, build-b: x}}\n"
    ));
    model.tasks["t"].policy.stages.clone()
}

/// Everything that is wrong with the stages of a task.
fn faults(text: &str) -> Vec<String> {
    let text = format!("version: '3'\ntasks: {{t: {{stages: [{text}]}}, a: x, b: x}}\n");
    let failure = failed(&Fake::new().file("Taskfile.yml", text));
    let help = |fault: &crate::diag::Diagnostic| match &fault.help[..] {
        [] => String::new(),
        help => format!(" ({})", help.join("; ")),
    };
    failure.diagnostics.iter().map(|fault| format!("{}{}", fault.message, help(fault))).collect()
}

#[test]
fn a_stage_needs_the_one_before_unless_it_says_otherwise() {
    let all = stages(
        "{name: one, tasks: [a]}, {name: two, tasks: [b]}, {name: three, needs: [one], tasks: [a]},
         {name: four, needs: [], tasks: [b]}, {name: five, needs: [three, two], tasks: [a]}",
    );
    let needs: Vec<&[usize]> = all.iter().map(|stage| &stage.needs[..]).collect();
    assert_eq!(needs, [&[][..], &[0], &[0], &[], &[2, 1]]);
}

#[test]
fn all_of_a_stage_is_read() {
    let all = stages(
        "{name: s, tasks: [a, {task: b, vars: {X: 1}, if: '{{.UI}}'}], parallel: true,
          max_parallel: 2, verify: {tasks: {b: [build-b], a: build-a}, rounds: 2},
          gate: {cmd: ./review.sh, rounds: 3}, on_failure: stop}",
    );
    let stage = &all[0];
    assert_eq!(&*stage.name.value, "s");
    assert_eq!((stage.parallel, stage.max_parallel, stage.stops_on_failure), (true, Some(2), true));
    let member = |at: usize| {
        let member = &stage.members[at];
        let condition = member.condition.as_ref().map(|it| it.text().value.to_string());
        (member.call.task.text().value.to_string(), vars(&member.call.vars), condition)
    };
    assert_eq!(member(0), ("a".into(), vec![], None));
    assert_eq!(member(1), ("b".into(), vec!["X=Int(1)".into()], Some("{{.UI}}".into())));
    let checks: Vec<_> = stage
        .verify
        .checks
        .iter()
        .map(|check| (check.call.task.text().value.to_string(), check.member))
        .collect();
    assert_eq!(checks, [("build-b".into(), Some(1)), ("build-a".into(), Some(0))]);
    assert_eq!(stage.verify.rounds, 2);
    let gate = stage.gate.as_ref().expect("a gate");
    assert_eq!((&*gate.script.text().value, gate.rounds), ("./review.sh", 3));
}

#[test]
fn what_verifies_belongs_to_the_member_in_its_name() {
    let member = |tasks: &str, verify: &str| {
        let all = stages(&format!("{{name: s, tasks: [{tasks}], verify: [{verify}]}}"));
        all[0].verify.checks[0].member
    };
    assert_eq!(member("a, b", "build-b"), Some(1));
    assert_eq!(member("b, build-a", "build-a"), Some(1));
    assert_eq!(member("b", "a"), None);
    assert_eq!(member("a, b", "build-b"), Some(1), "`a` is no word of it");
    assert_eq!(member("b, b", "build-b"), None);
}

#[test]
fn agents_are_read_and_the_root_has_the_last_word() {
    let model = two(
        "version: '3'
includes: {s: sub}
agents:
  builder: {cmd: 'work {{.PROMPT}}', capabilities: [code], max: 2, compatible: [janitor]}
  janitor: {cmd: tidy}
tasks: {t: {agent: builder}}
",
        "version: '3'
agents: {builder: {cmd: other}, tester: {cmd: test}}
tasks: {u: {agent: tester}}
",
    );
    let names: Vec<&str> = model.agents.keys().map(|name| &**name).collect();
    assert_eq!(names, ["builder", "janitor", "tester"]);
    let builder = &model.agents["builder"];
    assert_eq!(&*builder.cmd.text().value, "work {{.PROMPT}}");
    assert_eq!((builder.max, &builder.capabilities[..]), (Some(2), &["code".into()][..]));
    assert_eq!(&*builder.compatible.as_ref().expect("some")[0].name, "janitor");
    assert!(model.agents["janitor"].compatible.is_none());
}

#[test]
fn every_wrong_value_of_a_stage_is_an_error() {
    for (stage, expected) in [
        ("{tasks: [a]}", "a stage needs a `name`"),
        ("{name: s}", "a stage needs `tasks`"),
        ("s", "a stage must be a map"),
        ("{name: s, tasks: a}", "`tasks` must be a list"),
        ("{name: s, tasks: [[a]]}", "a task of a stage must be text or a map"),
        ("{name: s, tasks: [{if: x}]}", "a task of a stage needs `task`"),
        ("{name: s, tasks: [a], needs: [r]}", "there is no stage `r` (did you mean `s`?)"),
        ("{name: s, tasks: [a], max_parallel: 0}", "`max_parallel` must be a whole number from 1"),
        ("{name: s, tasks: [a], parallel: 2}", "`parallel` must be true or false"),
        (
            "{name: s, tasks: [a], on_failure: stpo}",
            "`on_failure` must be `collect` or `stop` (did you mean `stop`?)",
        ),
        ("{name: s, tasks: [a], gate: {rounds: 1}}", "`gate` needs a `cmd`"),
        (
            "{name: s, tasks: [a], gate: {cmd: x, rounds: -1}}",
            "`rounds` must be a whole number from 0",
        ),
        ("{name: s, tasks: [a], gate: [x]}", "`gate` must be a map"),
        ("{name: s, tasks: [a], verify: {rounds: 1}}", "`verify` as a map needs `tasks`"),
        (
            "{name: s, tasks: [a], verify: {tasks: {c: b}}}",
            "`c` is no task of this stage (did you mean `a`?)",
        ),
        ("{name: s, tasks: [a], verify: [bb]}", "there is no task `bb` (did you mean `b`?)"),
        ("{name: s, tasks: [a, aa]}", "there is no task `aa` (did you mean `a`?)"),
        ("{name: s, tasks: [a]}, {name: s, tasks: [b]}", "there are two stages `s`"),
        (
            "{name: r, tasks: [a], needs: [s]}, {name: s, tasks: [b]}",
            "stages that wait for each other: r, s",
        ),
    ] {
        assert_eq!(faults(stage), [expected], "{stage}");
    }
}

#[test]
fn stages_stand_in_the_place_of_commands() {
    let text = "version: '3'\ntasks: {a: x, t: {cmd: x, stages: [{name: s, tasks: [a]}]}}\n";
    assert_eq!(
        wrong(text).1,
        "\
error: a task has `stages` or commands, not both
 --> Taskfile.yml:2:35
  |
2 | tasks: {a: x, t: {cmd: x, stages: [{name: s, tasks: [a]}]}}
  |                                   ^^^^^^^^^^^^^^^^^^^^^^^ both are written
"
    );
}

#[test]
fn every_wrong_value_of_an_agent_is_an_error() {
    let faults = |agents: &str| {
        let text = format!("version: '3'\nagents: {agents}\ntasks: {{a: x}}\n");
        let failure = failed(&Fake::new().file("Taskfile.yml", text));
        failure.diagnostics.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>()
    };
    for (agents, expected) in [
        ("[a]", "`agents` must be a map"),
        ("{a: x}", "the agent `a` must be a map"),
        ("{a: {max: 1}}", "the agent `a` needs a `cmd`"),
        ("{a: {cmd: x, max: 0}}", "`max` must be a whole number from 1"),
        ("{a: {cmd: x, compatible: [b]}}", "there is no agent `b`"),
        ("{a: {cmd: x, capabilities: [[]]}}", "an element of `capabilities` must be text"),
    ] {
        assert_eq!(faults(agents), [expected], "{agents}");
    }
}

#[test]
fn every_wrong_value_of_the_settings_is_an_error() {
    let faults = |keys: &str| {
        let text = format!("version: '3'\nparallel: {{{keys}}}\ntasks: {{a: x}}\n");
        let failure = failed(&Fake::new().file("Taskfile.yml", text));
        failure.diagnostics.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>()
    };
    for (keys, expected) in [
        ("load: 0%", "`load` must be a share from `1%` to `100%`"),
        ("load: [1]", "`load` must be a share from `1%` to `100%`"),
        ("memory: much", "`memory` must be an amount of memory, as `512MiB` or `3GiB`"),
        ("max_parallel: 0", "`max_parallel` must be a whole number from 1"),
        ("pools: [db]", "`pools` must be a map"),
        ("pools: {db: 0}", "the pool `db` must be a whole number from 1"),
        ("pools: {cpu: 2}", "`cpu` cannot be the name of a pool"),
        ("fallback: perhaps", "`fallback` must be `none` or `sequential`"),
    ] {
        assert_eq!(faults(keys), [expected], "{keys}");
    }
    let model = one(
        "version: '3'\nparallel: {load: 80%, memory: 512MiB, max_parallel: 4, pools: {db: 1}}\ntasks: {}\n",
    );
    let parallel = model.parallel;
    assert_eq!((parallel.load, parallel.memory), (Some(80), Some(512 << 20)));
    assert_eq!((parallel.max_parallel, parallel.pools.get("db")), (Some(4), Some(&1)));
}
