//! Values whose names tell that they are secret: `par` shows none of them and keeps none.

use std::path::Path;

use crate::harness::{Ran, Test};

const SECRET: &str = "s3cr3t-XYZZY-9876";

fn test(taskfile: &str) -> Test {
    Test::new().taskfile(taskfile).env("API_TOKEN", SECRET)
}

/// Files below the state directory that hold the secret.
fn keepers(ran: &Ran) -> Vec<String> {
    let mut folders = vec![ran.path(".par")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if holds(&path) => found.push(path.display().to_string()),
                false => {}
            }
        }
    }
    found
}

fn holds(path: &Path) -> bool {
    let bytes = std::fs::read(path).expect("a file");
    bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

#[test]
fn a_token_of_the_environment_is_not_shown_with_the_command_and_kept_nowhere() {
    let ran = test(
        "
        version: '3'
        tasks:
          good:
            sources: [Taskfile.yml]
            cmds: ['test {{.API_TOKEN}} = $API_TOKEN', {defer: 'true {{.API_TOKEN}}'}]
        ",
    )
    .args(["good"])
    .stderr("par: [good] test ***** = $API_TOKEN\npar: [good] true *****\n")
    .run();
    assert_eq!(keepers(&ran), [""; 0]);
}

#[test]
fn nor_is_it_when_the_command_fails_or_is_shown_only() {
    let taskfile = "
        version: '3'
        tasks:
          bad: 'false {{.API_TOKEN}}'
          unready: {preconditions: ['false {{.API_TOKEN}}'], cmds: ['true']}
          unknown: {vars: {V: {sh: 'false {{.API_TOKEN}}'}}, cmds: ['echo {{.V}}']}
        ";
    let ran = test(taskfile)
        .args(["bad"])
        .status(201)
        .hide_times()
        .stderr(
            "
            par: [bad] false *****
            par: task `bad` failed: exit status 1 ([TIME])
              $ false *****
              again: par run bad
            ",
        )
        .run();
    assert_eq!(keepers(&ran), [""; 0]);
    test(taskfile).args(["--dry", "bad"]).stderr("par: [bad] false *****\n").run();
    test(taskfile).args(["unready"]).status(201).stderr_has("`false *****` failed").run();
    test(taskfile).args(["unknown"]).status(1).stderr_has("command `false *****` failed").run();
}

#[test]
fn nor_is_one_of_the_taskfile_or_of_the_command_line() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all:
                env: {DB_PASSWORD: 'from {{.WHERE}}'}
                cmds: ['test \"from here\" = \"$DB_PASSWORD\"', 'true from here, {{.SIGNING_KEY}}']
            ",
        )
        .args(["all", "WHERE=here", &format!("SIGNING_KEY={SECRET}")])
        .stderr(
            "
            par: [all] test \"*****\" = \"$DB_PASSWORD\"
            par: [all] true *****, *****
            ",
        )
        .run();
    assert_eq!(keepers(&ran), [""; 0]);
}
