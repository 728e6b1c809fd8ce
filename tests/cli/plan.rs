//! `par plan`.

use crate::harness::Test;

const HALVES: &str = "
    version: '3'
    tasks:
      qa: {deps: [left, right], cmds: [echo qa], estimate: 1s}
      left: {cmds: [echo l], deps: [base], estimate: 20s}
      right: {cmds: [echo r, echo rr], estimate: 30s}
      base: {cmds: [echo b], estimate: 4s}
    ";

#[test]
fn levels_critical_path_and_speed_up_are_shown() {
    Test::new()
        .taskfile(HALVES)
        .args(["plan", "qa", "-j", "2"])
        .stdout(
            "
            level 1
              right  30.0 s
              base    4.0 s

            level 2
              left   20.0 s  after base

            level 3
              qa      1.0 s  after left, right

            critical path  right → qa
            sequential     55.0 s
            parallel       31.0 s with 2 jobs, at best 31.0 s
            speed-up       1.77×
            times          estimated in the Taskfile
            ",
        )
        .run();
}

#[test]
fn one_at_a_time_saves_nothing() {
    Test::new()
        .taskfile(HALVES)
        .env("USE_PARALLEL", "false")
        .args(["plan", "qa"])
        .stdout_has("parallel       55.0 s with 1 job, at best 31.0 s\nspeed-up       1.00×\n")
        .run();
}

#[test]
fn programs_get_json() {
    Test::new()
        .taskfile("{version: '3', tasks: {a: {cmd: echo, desc: A task, estimate: 2s}}}")
        .args(["plan", "a", "--json", "-j", "2"])
        .stdout(
            r#"
            {
              "critical_path": [
                "a"
              ],
              "estimated_speedup": 1.0,
              "fastest_seconds": 2.0,
              "jobs": 2,
              "levels": [
                [
                  {
                    "description": "A task",
                    "name": "a",
                    "needs": [],
                    "seconds": 2.0,
                    "source": "estimate",
                    "uncertain": []
                  }
                ]
              ],
              "open": [],
              "parallel_seconds": 2.0,
              "sequential_seconds": 2.0,
              "tasks": [
                "a"
              ],
              "times": "seconds"
            }
            "#,
        )
        .run();
}

#[test]
fn what_only_the_run_can_show_is_said() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {cmds: [{task: a}, {cmd: echo, if: 'test -f x'}]}
              a: {cmd: echo, status: ['test -f y']}
            ",
        )
        .args(["plan", "-j", "1"])
        .stdout(
            "
            level 1
              a        1  runs unless it is up to date

            level 2
              default  1  after a; runs if `test -f x`

            critical path  a → default
            sequential     2
            parallel       2 with 1 job, at best 2
            speed-up       1.00×
            times          nothing is known yet: every task counts 1
            ",
        )
        .run();
}

#[test]
fn a_task_that_is_not_there_is_200() {
    Test::new()
        .taskfile("{version: '3', tasks: {build: echo}}")
        .args(["plan", "biuld"])
        .stderr(
            "
            error: there is no task `biuld`
             |
             = help: did you mean `build`?
            ",
        )
        .status(200)
        .run();
}

#[test]
fn a_plan_may_be_a_matrix() {
    Test::new()
        .taskfile(HALVES)
        .args(["plan", "qa", "--format", "table"])
        .stdout(
            "
            Task   Can Start          Blocks  Parallel With
            qa     after left, right  -       -
            left   after base         qa      right
            right  now                qa      left, base
            base   now                left    right
            ",
        )
        .run();
}

#[test]
fn tasks_that_share_a_lock_are_not_parallel() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {deps: [a, b, c, d, e]}
              a: {cmd: echo, locks: [db]}
              b: {cmd: echo, locks: [db]}
              c: {cmd: echo, locks: [{name: db, mode: shared}]}
              d: {cmd: echo, locks: [other]}
              e: {cmd: echo, locks: [{name: db, mode: shared}]}
            ",
        )
        .args(["plan", "--format", "table"])
        .stdout(
            "
            Task  Can Start  Blocks  Parallel With
            a     now        -       d
            b     now        -       d
            c     now        -       d, e
            d     now        -       a, b, c, e
            e     now        -       c, d
            ",
        )
        .run();
}

#[test]
fn agents_and_descriptions_are_in_the_plan_for_programs() {
    Test::new()
        .taskfile(
            "
            version: '3'
            agents: {builder: {cmd: 'work {{.PROMPT}}'}}
            tasks:
              default: {deps: [a, b]}
              a: {desc: Write it, agent: builder, estimate: 2s}
              b: {desc: Test it, agent: builder, estimate: 1s, depends_on: [a]}
            ",
        )
        .args(["plan", "--json", "-j", "2"])
        .stdout_has("\"agent\": \"builder\",\n        \"description\": \"Write it\",\n        \"name\": \"a\",\n        \"needs\": []")
        .stdout_has("\"agent\": \"builder\",\n        \"description\": \"Test it\",\n        \"name\": \"b\",\n        \"needs\": [\n          \"a\"\n        ]")
        .stdout_has("\"estimated_speedup\": 1.0")
        .run();
}

#[test]
fn a_format_that_is_not_there_is_refused() {
    Test::new().args(["plan", "--format", "tabel"]).stderr_has("tabel").status(2).run();
}

#[test]
fn a_plan_is_drawn_for_graphviz_mermaid_and_browsers() {
    let test = || Test::new().taskfile(HALVES);
    test()
        .args(["plan", "qa", "--format", "dot"])
        .stdout(
            r#"
            digraph plan {
              rankdir=LR;
              node [shape=box];
              n3 [label="right\n30.0 s", penwidth=2];
              n5 [label="base\n4.0 s"];
              n2 [label="left\n20.0 s"];
              n1 [label="qa\n1.0 s", penwidth=2];
              n5 -> n2;
              n2 -> n1;
              n3 -> n1 [penwidth=2];
            }
            "#,
        )
        .run();
    test()
        .args(["plan", "qa", "--format", "mermaid"])
        .stdout(
            r#"
            flowchart LR
              n3["right<br>30.0 s"]
              n5["base<br>4.0 s"]
              n2["left<br>20.0 s"]
              n1["qa<br>1.0 s"]
              n5 --> n2
              n2 --> n1
              n3 ==> n1
              classDef critical stroke-width:3px
              class n3,n1 critical
            "#,
        )
        .run();
    test()
        .args(["plan", "qa", "--format", "html"])
        .stdout_has("<title>Plan: qa</title>")
        .stdout_has("<li>critical path: right → qa</li>")
        .stdout_has(
            "<tr><td>3</td><td>qa</td><td></td><td>1.0 s</td><td>left, right</td><td></td></tr>",
        )
        .run();
}

#[test]
fn names_are_no_code_in_pictures() {
    let taskfile = "{version: '3', tasks: {'a<b>\"c\"': {cmd: echo}}}";
    for (format, shown) in [
        ("dot", r#"a<b>\"c\""#),
        ("mermaid", "a&lt;b>&quot;c&quot;"),
        ("html", "a&lt;b&gt;&quot;c&quot;"),
    ] {
        let test = Test::new().taskfile(taskfile);
        test.args(["plan", "a<b>\"c\"", "--format", format]).stdout_has(shown).run();
    }
}
