//! Task ids: all different, whoever makes them.

use std::collections::HashSet;

use regex::Regex;

use crate::harness::Test;

const PROCESSES: usize = 8;
const IDS: usize = 10_000;

#[test]
fn ids_of_processes_of_one_project_and_second_are_all_different() {
    let axis = |name: &str| format!("{name}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
    let matrix = ["A", "B", "C", "D"].map(axis).join(", ");
    let loops = format!("for: {{matrix: {{{matrix}}}}}, cmd: 'true'");
    let test =
        Test::new().taskfile(&format!("{{version: '3', tasks: {{all: ['exit 1', {{{loops}}}]}}}}"));
    let start = |number: usize| {
        let mut command = test.command();
        command.args(["-s", "--events", &format!("{number}.jsonl"), "all"]);
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts")
    };
    let processes: Vec<_> = (0..PROCESSES).map(start).collect();
    for mut process in processes {
        // The first command fails, so that the others have ids and are not run.
        assert_eq!(process.wait().expect("an end").code(), Some(201));
    }
    let id = Regex::new(r#""id":"([^"]*)""#).expect("a pattern");
    let form = Regex::new(r"^[\w-]+_all_\d{8}_\d{6}_[0-9a-f]{8}_\d{3,}$").expect("a pattern");
    let mut all = HashSet::new();
    for number in 0..PROCESSES {
        let events =
            std::fs::read_to_string(test.path(&format!("{number}.jsonl"))).expect("events");
        for found in id.captures_iter(&events) {
            assert!(all.len() > 100 || form.is_match(&found[1]), "{}", &found[1]);
            assert!(all.insert(found[1].to_owned()), "{} twice", &found[1]);
        }
    }
    // A unit for the task, one for the first command, and the others.
    assert_eq!(all.len(), PROCESSES * (IDS + 2));
}
