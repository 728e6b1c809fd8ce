//! `stages`: groups of tasks, what verifies them, gates; and `agents`.

use par::event::{Decision, Event, Kind, Outcome};

use crate::harness::Test;

/// The stages of `t` in a Taskfile with tasks that note when they run.
fn stages(stages: &str) -> Test {
    let stages = stages.trim_matches('\n');
    Test::new().taskfile(&format!(
        "version: '3'
tasks:
  t:
    stages:
{stages}
  a: {{cmd: 'echo a $PAR_STAGE $PAR_STAGE_ROUND >> order; echo \"$PAR_STAGE_REASON\" >> reasons'}}
  b: {{cmd: 'echo b $PAR_STAGE $PAR_STAGE_ROUND >> order'}}
  c: {{cmd: 'echo c >> order'}}
  bad: {{cmd: 'echo bad >> order; exit 3'}}
  worse: {{cmd: 'echo worse >> order; exit 4'}}
  check-a: {{cmd: 'echo check-a >> order; test ! -s broken || {{ sed -i 1d broken; exit 1; }}'}}
  check-b: {{cmd: 'echo check-b >> order'}}
"
    ))
}

fn decisions(events: &[Event]) -> Vec<Option<Decision>> {
    let decided = events.iter().filter_map(|event| match &event.kind {
        Kind::Decided { decision, .. } => Some(*decision),
        _ => None,
    });
    decided.collect()
}

#[test]
fn stages_run_one_after_the_other_and_their_tasks_together() {
    let ran = stages(
        "
      - {name: One, tasks: [a, b]}
      - {name: Two, tasks: [c]}
",
    )
    .args(["-j2", "t"])
    .stderr_has("par: stage One: 2 tasks at once\n")
    .stderr_has("par: stage Two: 1 task\n")
    .run();
    let order = ran.text("order");
    let mut lines: Vec<&str> = order.lines().collect();
    assert_eq!(lines.pop(), Some("c"));
    lines.sort_unstable();
    assert_eq!(lines, ["a One 1", "b One 1"]);
}

#[test]
fn tasks_of_a_stage_really_run_at_the_same_time() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              t: {stages: [{name: Both, tasks: [left, right]}]}
              left: {cmds: ['echo from left > right.in', 'cat left.in']}
              right: {cmds: ['cat right.in', 'echo from right > left.in']}
            ",
        )
        .fifo("left.in")
        .fifo("right.in")
        .args(["-sj2", "t"])
        .stdout_lines(&["from left", "from right"])
        .run();
}

#[test]
fn no_more_tasks_of_a_stage_run_at_a_time_than_it_says() {
    for (stage, settings) in [
        ("max_parallel: 1", "{}"),
        ("parallel: false", "{}"),
        ("on_failure: collect", "{max_parallel: 1}"),
    ] {
        Test::new()
            .taskfile(&format!(
                "version: '3'
parallel: {settings}
tasks:
  t: {{stages: [{{name: One, tasks: [a, a, a], {stage}}}]}}
  a: {{cmd: 'mkdir alone && echo ok && rmdir alone'}}
"
            ))
            .args(["-sj3", "t"])
            .stdout("ok\nok\nok\n")
            .run();
    }
}

#[test]
fn members_whose_condition_says_no_are_left_out() {
    let ran = stages(
        "
      - name: One
        tasks: [{task: a, if: '{{.A}}'}, {task: b, if: '{{.B}}'}, {task: c, if: 'test -e no'}]
        verify: [check-a, check-b]
      - {name: Two, tasks: [{task: c, if: '{{.NONE}}'}], gate: exit 20}
",
    )
    .args(["-s", "t", "A=false", "B=true"])
    .run();
    assert_eq!(ran.text("order"), "b One 1\ncheck-b\n");
}

#[test]
fn all_failures_of_a_group_are_told_and_what_follows_does_not_run() {
    let ran = stages(
        "
      - {name: One, tasks: [bad, b, worse]}
      - {name: Two, tasks: [a]}
",
    )
    .args(["-sj1", "t"])
    .stderr_has("task `bad` failed: exit status 3")
    .stderr_has("task `worse` failed: exit status 4")
    .status(201)
    .run();
    assert_eq!(ran.text("order"), "bad\nb One 1\nworse\n");
}

#[test]
fn a_stage_may_stop_at_its_first_failure() {
    let ran = stages("      - {name: One, tasks: [bad, b, a], max_parallel: 1, on_failure: stop}")
        .args(["-sj2", "t"])
        .stderr_has("task `bad` failed: exit status 3")
        .status(201)
        .run();
    assert_eq!(ran.text("order"), "bad\n");
}

#[test]
fn stages_may_need_others_than_the_one_before() {
    let ran = stages(
        "
      - {name: One, tasks: [a], needs: [Three]}
      - {name: Two, tasks: [b], needs: [One]}
      - {name: Three, tasks: [c], needs: []}
",
    )
    .args(["-s", "t"])
    .run();
    assert_eq!(ran.text("order"), "c\na One 1\nb Two 1\n");
}

#[test]
fn who_broke_it_is_sent_back_with_the_reason() {
    let ran = stages(
        "
      - name: One
        tasks: [a, b]
        verify: {tasks: {a: check-a, b: check-b}, rounds: 2}
      - {name: Two, tasks: [c]}
",
    )
    .file("broken", "once\ntwice\n")
    .args(["-j1", "t"])
    .stderr_has("par: stage One: check-a failed, a is sent back (run 2)\n")
    .stderr_has("par: stage One: check-a failed, a is sent back (run 3)\n")
    .run();
    assert_eq!(
        ran.text("order"),
        "a One 1\nb One 1\ncheck-a\ncheck-b\na One 2\ncheck-a\na One 3\ncheck-a\nc\n"
    );
    assert_eq!(ran.text("reasons"), "\ncheck-a failed\ncheck-a failed\n");
    let sent = |event: &&Event| matches!(&event.kind, Kind::SentBack { task, by, .. } if &**task == "a" && &**by == "check-a");
    assert_eq!(ran.events().iter().filter(sent).count(), 2);
}

#[test]
fn a_build_that_stays_broken_blocks() {
    let ran = stages(
        "
      - {name: One, tasks: [a], verify: {tasks: [check-a], rounds: 1}}
      - {name: Two, tasks: [c]}
",
    )
    .file("broken", "once\ntwice\nthrice\n")
    .args(["-sj1", "t"])
    .stderr_has("task `check-a` failed: exit status 1")
    .status(201)
    .run();
    assert_eq!(ran.text("order"), "a One 1\ncheck-a\na One 2\ncheck-a\n");
}

#[test]
fn a_gate_may_ask_for_changes_until_it_approves() {
    for gate in ["exit $(head -n 1 says; sed -i 1d says)", "head -n 1 says; sed -i 1d says"] {
        let says = if gate.starts_with("exit") {
            "10\n10\n0\n"
        } else {
            "REQUEST_CHANGES\nREQUEST_CHANGES\nAPPROVED\n"
        };
        let ran = stages(&format!(
            "
      - {{name: One, tasks: [a], gate: {{cmd: '{gate}', rounds: 2}}}}
      - {{name: Two, tasks: [c]}}
"
        ))
        .file("says", says)
        .args(["-j1", "t"])
        .stdout(if gate.starts_with("exit") { "" } else { says })
        .stderr_has("par: stage One: gate asks for changes\n")
        .stderr_has("par: stage One: 1 task (round 2)\n")
        .stderr_has("par: stage One: gate approved\n")
        .run();
        assert_eq!(ran.text("order"), "a One 1\na One 2\na One 3\nc\n");
        let reason = "the gate asked for changes\n";
        assert_eq!(ran.text("reasons"), format!("\n{reason}{reason}"));
        let changes = Some(Decision::RequestChanges);
        assert_eq!(decisions(&ran.events()), [changes, changes, Some(Decision::Approved)]);
    }
}

#[test]
fn a_gate_blocks_when_it_escalates_asks_too_often_or_breaks() {
    for (gate, said, why) in [
        ("exit 20", "", "stage One is blocked: its gate escalated"),
        ("echo ESCALATE", "ESCALATE\n", "stage One is blocked: its gate escalated"),
        ("exit 10", "", "stage One is blocked: its gate still asks for changes, round 2"),
        ("exit 1", "", "stage One is blocked: its gate did not decide"),
        ("echo APPROVED; exit 1", "APPROVED\n", "stage One is blocked: its gate did not decide"),
    ] {
        let ran = stages(&format!(
            "
      - {{name: One, tasks: [b], gate: {{cmd: '{gate}', rounds: 1}}}}
      - {{name: Two, tasks: [c]}}
"
        ))
        .args(["-s", "t"])
        .stdout(said)
        .stderr_has(why)
        .status(201)
        .run();
        assert!(!ran.text("order").contains('c'), "{gate}");
        let events = ran.events();
        let failed = |event: &Event| {
            matches!(&event.kind, Kind::RunFinished { outcome: Outcome::Failed(_), .. })
        };
        assert!(events.iter().any(failed), "{gate}");
    }
}

#[test]
fn stages_are_planned_with_what_verifies_them() {
    stages(
        "
      - {name: One, tasks: [a, {task: b, if: '{{.B}}'}], verify: [check-a], gate: exit 0}
      - {name: Two, tasks: [c]}
",
    )
    .args(["plan", "t", "--format", "table"])
    .stdout(
        "
        Task     Can Start      Blocks   Parallel With
        t: One   after check-a  c        -
        a        now            check-a  b
        b        now            check-a  a
        c        after t: One   -        -
        check-a  after a, b     t: One   -
        ",
    )
    .run();
}

#[test]
fn an_agent_runs_what_its_task_says() {
    Test::new()
        .taskfile(
            "
            version: '3'
            agents: {builder: {cmd: 'echo \"{{.TASK}}: {{.PROMPT}}\"', max: 1}}
            tasks:
              default: {cmds: [{task: a}, {task: b}, {task: c}]}
              a: {agent: builder, desc: Write the code}
              b: {agent: builder, desc: Short, summary: In long}
              c: {agent: builder, cmds: ['one {{.TASK}}', 'two']}
            ",
        )
        .args(["-s"])
        .stdout("a: Write the code\nb: In long\nc: one c\nc: two\n")
        .run();
}

#[test]
fn agents_that_are_not_compatible_never_overlap() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            agents:
              builder: {cmd: '{{.PROMPT}}', max: 1, compatible: []}
              tester: {cmd: '{{.PROMPT}}'}
            tasks:
              default: {deps: [a, b, c]}
              a: {agent: builder, cmd: &alone 'mkdir alone && echo ok && rmdir alone'}
              b: {agent: tester, cmd: *alone}
              c: {agent: builder, cmd: *alone}
            ",
        )
        .args(["-sj3"])
        .stdout("ok\nok\nok\n")
        .run();
    assert!(!ran.has("alone"));
}
