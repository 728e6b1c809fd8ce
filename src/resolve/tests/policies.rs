//! What calls ask for: texts rendered, names full, agents kept apart.

use std::time::Duration;

use super::*;
use crate::plan::{Lock, Policy, Priority, Probe, Unit};

const POOLS: [(&str, u32); 2] = [("db", 1), ("net", 4)];

fn limited() -> Settings {
    let pools = POOLS.map(|(name, size)| (name.into(), size)).into();
    Settings { pools, ..Settings::default() }
}

/// What the first task of the run asks for, before and after it is evaluated.
fn policies(tasks: &str) -> (Option<Policy>, Option<Policy>) {
    let machine = machine(tasks);
    let mut resolver = resolver(&machine, limited());
    let root = resolver.begin(&[Request::new("t")]).expect("no errors");
    let (id, unit): &(UnitId, Unit) = &root.units[0];
    let draft = resolver.expansion(*id, &Known::default()).run(&machine).expect("no errors");
    let after = resolver.adopt(*id, draft).policy;
    (unit.policy.as_deref().cloned(), after.as_deref().cloned())
}

fn policy(tasks: &str) -> Policy {
    policies(tasks).1.expect("a policy")
}

fn lock(name: &str, shared: bool) -> Lock {
    Lock { name: name.into(), shared, across_runs: false }
}

#[test]
fn a_task_that_asks_for_nothing_has_no_policy() {
    assert_eq!(policies("tasks: {t: x}"), (None, None));
}

#[test]
fn what_has_no_templates_is_known_before_the_call_is_evaluated() {
    let (before, after) = policies(
        "tasks: {t: {cmd: x, timeout: 1s, priority: low, resources: {net: 2}, after: [u]}, u: x}",
    );
    assert_eq!(before, after);
    let policy = after.expect("a policy");
    assert_eq!(policy.timeout, Some(Duration::from_secs(1)));
    assert_eq!(policy.priority, Priority::Low);
    assert_eq!(policy.resources.pools, [("net".into(), 2)]);
    assert_eq!(policy.after, ["u".into()]);
}

#[test]
fn names_of_locks_see_the_variables_of_the_call() {
    let tasks = "
vars: {ENV: prod}
tasks: {t: {cmd: x, locks: ['db-{{.ENV}}', {name: cache, mode: shared}, cache]}}
";
    let (before, after) = policies(tasks);
    assert_eq!(before.expect("a policy").locks, [lock("cache", false)]);
    let locks = after.expect("a policy").locks;
    assert_eq!(locks, [lock("db-prod", false), lock("cache", false)]);
}

#[test]
fn probes_are_rendered_and_looked_at_again() {
    let probe = |ready: &str| {
        let tasks = format!(
            "vars: {{P: '80', X: '['}}\ntasks: {{t: {{cmd: x, persistent: true, ready: {{{ready}}}}}}}"
        );
        let machine = machine(&tasks);
        let mut resolver = resolver(&machine, limited());
        let root = resolver.begin(&[Request::new("t")]).expect("no errors");
        let id = root.units[0].0;
        match resolver.expansion(id, &Known::default()).run(&machine) {
            Err(wrong) => Err(wrong.message),
            Ok(draft) => {
                let policy = resolver.adopt(id, draft).policy.expect("a policy");
                let server = policy.server.as_ref().expect("a server");
                Ok(server.ready.as_ref().expect("a probe").probe.clone())
            }
        }
    };
    assert_eq!(probe("tcp: '{{.P}}'"), Ok(Probe::Tcp("127.0.0.1:80".into())));
    assert_eq!(probe("log: 'port {{.P}}'"), Ok(Probe::Log("port 80".into())));
    assert_eq!(probe("exec: 'test {{.P}}'"), Ok(Probe::Exec("test 80".into())));
    for (ready, why) in [
        ("tcp: 'db{{.P}}'", "`ready` cannot be seen by `db80`: not `host:port`, and no port"),
        ("http: '{{.P}}'", "`ready` cannot be seen by `80`: not an `http://` URL"),
        ("log: '{{.X}}'", "`ready` cannot be seen by `[`: not a regular expression"),
    ] {
        assert_eq!(probe(ready), Err(why.into()));
    }
}

#[test]
fn a_lock_without_a_name_is_refused_when_the_call_is_evaluated() {
    assert_eq!(
        played("tasks: {t: {cmd: x, locks: ['{{.NONE}}']}}", &["t"]),
        ["! a lock needs a name, and this one comes to nothing"]
    );
}

#[test]
fn a_pool_that_is_not_there_or_too_small_is_found_before_anything_runs() {
    let said = |resources: &str| {
        let tasks = format!("tasks: {{t: {{cmd: x}}, u: {{cmd: x, resources: {{{resources}}}}}}}");
        played_with(limited(), &tasks, &["t"])
    };
    assert_eq!(said("net: 4"), ["t: x"]);
    assert_eq!(said("net: 5"), ["! the pool `net` has 4, so nothing can take 5 of it"]);
    assert_eq!(said("nte: 1, dbb: 1"), ["! there is no pool `nte`", "! there is no pool `dbb`"]);
}

#[test]
fn an_agent_takes_a_share_of_its_own_pool() {
    let tasks = "
agents: {builder: {cmd: b, max: 2}, tester: {cmd: t}}
tasks: {t: {cmd: x, agent: builder}}
";
    let policy = policy(tasks);
    assert_eq!((policy.resources.pools, policy.locks), (vec![("agent builder".into(), 1)], vec![]));
    let loaded = taskfile::load(&taskfile::Request::default(), &machine(tasks)).expect("a model");
    assert_eq!(agent_pools(&loaded), [("agent builder".into(), 2)].into());
}

#[test]
fn agents_that_are_not_compatible_share_a_lock() {
    let locks = |agent: &str| {
        let tasks = format!(
            "
agents:
  builder: {{cmd: b, max: 2, compatible: [janitor]}}
  janitor: {{cmd: j}}
  tester: {{cmd: t, max: 1}}
tasks: {{t: {{cmd: x, agent: {agent}}}}}
"
        );
        policies(&tasks).1.map(|policy| policy.locks).unwrap_or_default()
    };
    // There is one tester at a time, which holds it alone; builders beside each other hold it together.
    assert_eq!(locks("builder"), [lock("agents builder tester", true)]);
    assert_eq!(locks("tester"), [lock("agents builder tester", false)]);
    assert_eq!(locks("janitor"), []);
}
