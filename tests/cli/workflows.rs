//! The examples of agents and streams of work.

use std::path::Path;

use par::event::Kind;

use crate::example::copy;
use crate::harness::Test;

fn example(name: &str) -> Test {
    let test = Test::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &test.path(""));
    test
}

#[test]
fn streams_of_work_block_each_other_as_they_say() {
    let ran = example("work-streams")
        .args(["plan", "all", "--format", "table"])
        .stdout(
            "
            Task  Agent  Can Start  Blocks   Parallel With
            A     coder  now        K        B, C, D, E, F, G, H, I, J
            B     coder  now        -        A, C, D, E, F, G, H, I, J, K, L
            C     coder  now        -        A, B, D, E, F, G, H, I, J, K, L
            D     coder  now        -        A, B, C, E, F, G, H, I, J, K, L
            E     coder  now        F, G, H  A, B, C, D, I, J, K, L
            F     coder  after E    -        A, B, C, D, G, H, I, J, K, L
            G     coder  after E    -        A, B, C, D, F, H, I, J, K, L
            H     coder  after E    -        A, B, C, D, F, G, I, J, K, L
            I     coder  now        J        A, B, C, D, E, F, G, H, K, L
            J     coder  after I    -        A, B, C, D, E, F, G, H, K, L
            K     coder  after A    L        B, C, D, E, F, G, H, I, J
            L     coder  after K    -        B, C, D, E, F, G, H, I, J
            ",
        )
        .run();
    let ran = ran.again().args(["-s", "-j4", "all"]).run();
    let place = |task: &str, ends: bool| {
        let events = ran.events();
        let unit = events.iter().find_map(|event| match &event.kind {
            Kind::Added { unit, task: name, .. } if &**name == task => Some(*unit),
            _ => None,
        });
        let unit = unit.expect("the task");
        let is_it = |kind: &Kind| match kind {
            Kind::Began { unit: began, .. } => !ends && *began == unit,
            Kind::Finished { unit: ended, .. } => ends && *ended == unit,
            _ => false,
        };
        events.iter().position(|event| is_it(&event.kind)).expect("such an event")
    };
    for (first, then) in [("A", "K"), ("E", "F"), ("E", "G"), ("E", "H"), ("I", "J"), ("K", "L")] {
        assert!(place(first, true) < place(then, false), "{first} before {then}");
    }
}

#[test]
fn a_workflow_of_agents_goes_through_its_stages() {
    example("agent-workflow")
        .args(["-s", "-j4", "feature", "TODD=true"])
        .stdout_lines(&[
            "cynthia: Research the requirements",
            "sylvia: Review the research",
            "APPROVED",
            "backend: Implement the backend",
            "frontend: Implement the frontend",
            "backend-tests: Test the backend",
            "frontend-tests: Test the frontend",
            "performance: Test how fast it is",
            "statistics: Analyse the numbers",
            "deploy: Deploy to staging",
            "documentation: Update the documentation",
        ])
        .run();
}

#[test]
fn a_workflow_sends_back_who_broke_the_build_and_asks_for_changes() {
    let ran = example("agent-workflow")
        .file("broken-backend", "")
        .file("critique", "REQUEST_CHANGES\nAPPROVED\n")
        .args(["-j4", "feature"])
        .stdout_has("REQUEST_CHANGES\n")
        .stdout_has("APPROVED\n")
        .stderr_has("par: stage Critique: gate asks for changes\n")
        .stderr_has("par: stage Critique: gate approved\n")
        .stderr_has("par: stage Implementation: 2 tasks at once\n")
        .stderr_has(
            "par: stage Implementation: build-backend failed, backend is sent back (run 2)\n",
        )
        .run();
    let runs = |task: &str| {
        let is_it = |kind: &Kind| matches!(kind, Kind::Added { task: name, role: par::event::Role::Task, .. } if &**name == task);
        ran.events().iter().filter(|event| is_it(&event.kind)).count()
    };
    assert_eq!(["sylvia", "backend", "frontend", "security"].map(runs), [2, 2, 1, 0]);
}

#[test]
fn a_critique_that_escalates_ends_the_workflow() {
    let ran = example("agent-workflow")
        .file("critique", "ESCALATE\n")
        .args(["-s", "feature"])
        .stdout_has("ESCALATE\n")
        .stderr_has("stage Critique is blocked: its gate escalated")
        .status(201)
        .run();
    assert!(!ran.events().iter().any(|event| matches!(&event.kind, Kind::Began { .. })
        && format!("{event:?}").contains("frontend")));
}
