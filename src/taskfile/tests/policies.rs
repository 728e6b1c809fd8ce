//! What the keys of `par` say about a task, and how mistakes in them are shown.

use std::time::Duration;

use super::*;
use crate::taskfile::model::{Class, Policy, Priority, Probe, Retry};

fn policy(keys: &str) -> Policy {
    let model = one(&format!(
        "version: '3'\nparallel: {{pools: {{net: 4}}}}\ntasks: {{t: {{cmd: x, {keys}}}, u: x, v: x}}\n"
    ));
    Policy::clone(&model.tasks["t"].policy)
}

/// Everything that is wrong with a task `t`, without the lines of the file.
fn faults(keys: &str) -> Vec<String> {
    let text = format!("version: '3'\ntasks: {{t: {{cmd: x, {keys}}}, lint: x}}\n");
    let failure = failed(&Fake::new().file("Taskfile.yml", text));
    let help = |fault: &crate::diag::Diagnostic| match &fault.help[..] {
        [] => String::new(),
        help => format!(" ({})", help.join("; ")),
    };
    failure.diagnostics.iter().map(|fault| format!("{}{}", fault.message, help(fault))).collect()
}

#[test]
fn a_number_of_retries_is_that_many_tries_more() {
    let retry = |keys| policy(keys).retry.expect("retries");
    let twice = Retry {
        attempts: 3,
        delay: Duration::from_secs(1),
        factor: 2.0,
        max_delay: Duration::from_secs(30),
        jitter: true,
        on: vec![Class::Any],
        patterns: vec![],
    };
    assert_eq!(retry("retry: 2"), twice);
    assert_eq!(retry("max_retries: 2"), twice);
    assert_eq!(retry("retry: {attempts: 3}"), twice);
    assert_eq!(retry("retry: 0").attempts, 1);
    assert_eq!(
        retry(
            "retry: {attempts: 5, delay: 10ms, factor: 1.5, max_delay: 1m, jitter: false,
             on: [transient, timeout, signal, 75], patterns: ['connection (reset|refused)']}"
        ),
        Retry {
            attempts: 5,
            delay: Duration::from_millis(10),
            factor: 1.5,
            max_delay: Duration::from_secs(60),
            jitter: false,
            on: vec![Class::Transient, Class::Timeout, Class::Signal, Class::Exit(75)],
            patterns: vec!["connection (reset|refused)".into()],
        }
    );
}

#[test]
fn locks_are_exclusive_and_of_the_run_unless_they_say_otherwise() {
    let locks = |keys| {
        let shown = |lock: &crate::taskfile::model::Lock| {
            format!("{} {} {}", lock.name.text().value, lock.shared, lock.across_runs)
        };
        policy(keys).locks.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(
        locks("locks: [db, {name: cache, mode: shared}, {name: 'x-{{.E}}', scope: project}]"),
        ["db false false", "cache true false", "x-{{.E}} false true"]
    );
    assert_eq!(locks("locks: db"), ["db false false"]);
}

#[test]
fn what_a_task_takes_is_read() {
    let policy = policy(
        "timeout: 10m, priority: P1, stall: 2m, stall_action: stop, isolate: true, after: u,
         resources: {cpu: 2, memory: 3GiB, net: 1}",
    );
    assert_eq!(policy.timeout, Some(Duration::from_secs(600)));
    assert_eq!(policy.priority, Some(Priority::High));
    assert_eq!((policy.stall, policy.stops_on_stall), (Some(Duration::from_secs(120)), true));
    assert!(policy.isolate);
    assert_eq!(&*policy.after[0].name, "u");
    let taken = policy.resources;
    assert_eq!((taken.cpu, taken.memory), (Some(2), Some(3 << 30)));
    assert_eq!((&*taken.pools[0].pool, taken.pools[0].amount), ("net", 1));
}

#[test]
fn all_words_for_a_priority_are_known() {
    let priority = |word: &str| policy(&format!("priority: {word}")).priority.expect("a priority");
    for (words, meaning) in [
        (["critical", "P0"], Priority::Critical),
        (["high", "P1"], Priority::High),
        (["normal", "P2"], Priority::Normal),
        (["low", "P3"], Priority::Low),
    ] {
        assert_eq!(words.map(priority), [meaning; 2]);
    }
}

#[test]
fn a_server_may_say_what_shows_that_it_serves() {
    let probe = |ready: &str| {
        let keys = format!("persistent: true, ready: {{{ready}, timeout: 5s}}");
        let ready = policy(&keys).server.expect("a server").ready.expect("a probe");
        assert_eq!(ready.timeout, Duration::from_secs(5));
        match ready.probe {
            Probe::Tcp(it) => format!("tcp {}", it.text().value),
            Probe::Http(it) => format!("http {}", it.text().value),
            Probe::Log(it) => format!("log {}", it.text().value),
            Probe::Exec(it) => format!("exec {}", it.text().value),
        }
    };
    assert_eq!(probe("tcp: 5432"), "tcp 5432");
    assert_eq!(probe("tcp: '{{.HOST}}:1'"), "tcp {{.HOST}}:1");
    assert_eq!(probe("http: 'http://localhost/health'"), "http http://localhost/health");
    assert_eq!(probe("log: '^listening'"), "log ^listening");
    assert_eq!(probe("exec: pg_isready"), "exec pg_isready");
    assert!(policy("persistent: true").server.expect("a server").ready.is_none());
    assert!(policy("persistent: false").server.is_none());
}

#[test]
fn needs_are_lists_or_single_texts() {
    let needs = policy(
        "needs: {programs: docker, env: [TOKEN, '{{.X}}'], services: ['tcp://127.0.0.1:5432']}",
    )
    .needs;
    let texts = |all: &[crate::template::Template]| -> Vec<String> {
        all.iter().map(|text| text.text().value.to_string()).collect()
    };
    assert_eq!(texts(&needs.programs), ["docker"]);
    assert_eq!(texts(&needs.env), ["TOKEN", "{{.X}}"]);
    assert_eq!(texts(&needs.services), ["tcp://127.0.0.1:5432"]);
}

#[test]
fn blocks_is_the_same_edge_as_depends_on() {
    let deps = |model: &Model, task: &str| -> Vec<String> {
        let deps = model.tasks[task].deps.iter();
        deps.map(|call| called(model, "", &call.task.text().value)).collect()
    };
    let written = one(
        "version: '3'\ntasks: {build: x, lint: x, deploy: {cmd: x, depends_on: [build, lint]}}\n",
    );
    let turned = one(
        "version: '3'\ntasks: {build: {cmd: x, blocks: [deploy]}, lint: {cmd: x, blocks: deploy}, deploy: x}\n",
    );
    assert_eq!(deps(&written, "deploy"), ["build []", "lint []"]);
    assert_eq!(deps(&turned, "deploy"), deps(&written, "deploy"));
}

#[test]
fn blocks_in_an_included_file_means_a_task_there() {
    let model = two(
        "version: '3'\nincludes: {s: sub}\ntasks: {deploy: x}\n",
        "version: '3'\ntasks: {a: {cmd: x, blocks: [deploy, ':deploy'], after: [deploy]}, deploy: x}\n",
    );
    let deps = |task: &str| {
        model.tasks[task].deps.iter().map(|call| call.task.text().value.clone()).collect::<Vec<_>>()
    };
    assert_eq!((deps("s:deploy"), deps("deploy")), (vec![":s:a".into()], vec!["s:a".into()]));
    assert_eq!(&*model.tasks["s:a"].policy.after[0].name, "s:deploy");
}

#[test]
fn a_cycle_through_blocks_shows_where_it_is_written() {
    let text = "\
version: '3'
tasks:
  a: {cmd: x, deps: [b]}
  b: {cmd: x, depends_on: [c]}
  c: x
  d: {cmd: x, deps: [a], blocks: [c]}
";
    assert_eq!(
        certain(text, "a"),
        "\
error: a cycle of tasks: a → b → c → d → a
 --> Taskfile.yml:3:22
  |
3 |   a: {cmd: x, deps: [b]}
  |                      ^ called by `a`
4 |   b: {cmd: x, depends_on: [c]}
  |                            - called by `b`
5 |   c: x
6 |   d: {cmd: x, deps: [a], blocks: [c]}
  |                      -            - called by `c`
  |                      |
  |                      called by `d`
"
    );
}

#[test]
fn a_mistake_has_a_place_and_a_word_that_was_meant() {
    assert_eq!(
        wrong("version: '3'\ntasks:\n  t:\n    cmd: x\n    priority: hihg\n"),
        (
            Fault::Decode,
            "\
error: `priority` must be `critical`, `high`, `normal`, `low`, `P0`, `P1`, `P2` or `P3`
 --> Taskfile.yml:5:15
  |
5 |     priority: hihg
  |               ^^^^ is none of these
  |
  = help: did you mean `high`?
"
            .into()
        )
    );
}

#[test]
fn every_wrong_value_is_an_error() {
    let retry = "`retry`, unless it is a map, must be a whole number from 0";
    let memory = "`memory` must be an amount of memory, as `512MiB` or `3GiB`";
    let on = "what is tried again, unless it is an exit code, must be `transient`, `timeout`, `signal` or `any`";
    for (keys, expected) in [
        ("timeout: 0s", "`timeout` must be greater than zero"),
        ("timeout: soon", "`timeout` must be a duration, as `90s` or `1h30m`"),
        ("timeout: -1s", "`timeout` must be a duration, as `90s` or `1h30m`"),
        ("retry: -1", retry),
        ("retry: many", retry),
        ("retry: [2]", retry),
        ("max_retries: 1.5", "`max_retries` must be a whole number from 0"),
        ("retry: 1, max_retries: 1", "a task has `retry` or `max_retries`, not both"),
        ("retry: {attempts: 0}", "`attempts` must be a whole number from 1"),
        ("retry: {delay: x}", "`delay` must be a duration, as `90s` or `1h30m`"),
        ("retry: {factor: 0.5}", "`factor` must be a number from 1"),
        ("retry: {factor: inf}", "`factor` must be a number from 1"),
        ("retry: {jitter: 3}", "`jitter` must be true or false"),
        ("retry: {on: [tiemout]}", &*format!("{on} (did you mean `timeout`?)")),
        ("retry: {on: [0]}", "an exit code in `on` is from 1 to 255"),
        ("retry: {on: [256]}", "an exit code in `on` is from 1 to 255"),
        ("retry: {on: [{}]}", "an element of `on` must be text"),
        ("retry: {patterns: ['(']}", "not a regular expression"),
        ("locks: [{mode: shared}]", "a lock needs a `name`"),
        ("locks: ['']", "a lock needs a name"),
        ("locks: [[a]]", "a lock must be a map"),
        (
            "locks: [{name: a, mode: shraed}]",
            "`mode` must be `exclusive` or `shared` (did you mean `shared`?)",
        ),
        ("locks: [{name: a, scope: world}]", "`scope` must be `run` or `project`"),
        ("resources: {cpu: 0}", "`cpu` must be a whole number from 1"),
        ("resources: {memory: 0}", memory),
        ("resources: {memory: lots}", memory),
        ("resources: {net: 0}", "`net` must be a whole number from 1"),
        ("resources: [cpu]", "`resources` must be a map"),
        ("stall: 0s", "`stall` must be greater than zero"),
        ("stall_action: kill", "`stall_action` must be `warn` or `stop`"),
        ("isolate: perhaps", "`isolate` must be true or false"),
        ("persistent: 3", "`persistent` must be true or false"),
        ("ready: {tcp: 80}", "`ready` needs `persistent: true`"),
        (
            "persistent: true, ready: {timeout: 1s}",
            "`ready` needs one of `tcp`, `http`, `log` and `exec`",
        ),
        (
            "persistent: true, ready: {tcp: 1, log: x}",
            "`ready` needs one of `tcp`, `http`, `log` and `exec`",
        ),
        ("persistent: true, ready: {tcp: db}", "`tcp` must be `host:port`, or a port"),
        ("persistent: true, ready: {http: localhost}", "`http` must begin with `http://`"),
        ("persistent: true, ready: {log: '['}", "not a regular expression"),
        ("persistent: true, ready: {tcp: 1, timeout: 0s}", "`timeout` must be greater than zero"),
        ("needs: docker", "`needs` must be a map"),
        ("needs: {programs: [[a]]}", "an element of `programs` must be text"),
        ("needs: {services: ['127.0.0.1:80']}", "a service is written `tcp://host:port`"),
        ("needs: {services: ['tcp://db']}", "a service is written `tcp://host:port`"),
        ("after: [lnit]", "there is no task `lnit` (did you mean `lint`?)"),
        ("after: [{a: b}]", "an element of `after` must be text"),
        ("after: [t]", "task `t` cannot name itself in `after`"),
        ("blocks: [lnit]", "there is no task `lnit` (did you mean `lint`?)"),
        ("blocks: [t]", "task `t` cannot name itself in `blocks`"),
        ("blocks: ['']", "an element of `blocks` must have a name"),
        ("depends_on: lint", "`depends_on` must be a list"),
        ("agent: builder", "there is no agent `builder`"),
        ("agent: {}", "`agent` must be text"),
    ] {
        assert_eq!(faults(keys), [expected], "{keys}");
    }
}

#[test]
fn unknown_keys_below_the_new_ones_are_warnings() {
    let text = "version: '3'\ntasks: {t: {cmd: x, retry: {attemps: 3}, needs: {program: a}}}\n";
    let messages: Vec<String> =
        one(text).warnings.iter().map(|w| format!("{}; {}", w.message, w.help.join(""))).collect();
    assert_eq!(
        messages,
        [
            "unknown key `attemps` in `retry`; did you mean `attempts`?",
            "unknown key `program` in `needs`; did you mean `programs`?",
        ]
    );
}

#[test]
fn go_task_knows_none_of_these_keys() {
    let text =
        "version: '3'\nagents: 3\nparallel: no\ntasks: {t: {cmd: x, retry: many, stages: 1}}\n";
    let request = Request { dialect: Dialect::GoTask, ..Request::default() };
    let model = load(&request, &Fake::new().file("Taskfile.yml", text)).expect("no errors");
    assert!(model.tasks["t"].policy.retry.is_none() && model.warnings.is_empty());
}

#[test]
fn a_task_that_only_a_pattern_matches_cannot_be_blocked() {
    let (_, shown) =
        wrong("version: '3'\ntasks: {t: {cmd: x, blocks: [deploy-prod]}, 'deploy-*': x}\n");
    assert_eq!(
        shown,
        "\
error: `blocks` must name a task, not what a pattern matches
 --> Taskfile.yml:2:30
  |
2 | tasks: {t: {cmd: x, blocks: [deploy-prod]}, 'deploy-*': x}
  |                              ^^^^^^^^^^^ is matched by `deploy-*`
"
    );
}
