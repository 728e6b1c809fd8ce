//! go-task's `--summary`.

use crate::harness::Test;

#[test]
fn a_summary_shows_all_that_is_known_without_running_anything() {
    Test::new()
        .taskfile(
            "
            version: '3'
            vars:
              A: static
              LIST: [1, two]
              SCRIPT: {sh: touch ran}
              HIDDEN: {value: x, secret: true}
            env: {E: 7}
            tasks:
              build:
                summary: |
                  Builds {{.A}}

                  and more
                label: build-{{.A}}
                aliases: [b]
                requires: {vars: [A, {name: MODE, enum: [dev, prod]}]}
                vars: {MODE: dev}
                deps: [base]
                cmds:
                  - echo {{.MODE}} {{.HIDDEN}}
                  - task: base
                  - for: [x, y]
                    cmd: echo {{.ITEM}}
                  - defer: echo bye
              base: {desc: The base}
            ",
        )
        .args(["--summary", "build", "base", "A=cli"])
        .stdout(
            "
            task: build-cli

            Builds cli

            and more

            vars:
              A: \"cli\"
              LIST: \"[1 two]\"
              SCRIPT: sh: touch ran
              HIDDEN: *****
              MODE: \"dev\"

            env:
              E: \"7\"

            requires:
              vars:
                - A
                - MODE:
                    enum:
                      - dev
                      - prod

            dependencies:
             - base

            aliases:
             - b

            commands:
             - echo dev *****
             - Task: base
             - echo x
             - echo y
             - echo bye


            task: base

            The base

            vars:
              A: \"cli\"
              LIST: \"[1 two]\"
              SCRIPT: sh: touch ran
              HIDDEN: *****

            env:
              E: \"7\"
            ",
        )
        .run();
}

#[test]
fn a_task_that_is_not_there_has_no_summary() {
    Test::new()
        .taskfile("{version: '3', tasks: {build: {desc: Build it}}}")
        .args(["--summary", "biuld"])
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
