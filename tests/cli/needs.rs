//! `needs`: what must be there before anything starts.

use std::net::TcpListener;

use crate::harness::Test;

#[test]
fn all_that_is_missing_is_told_before_anything_starts() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              release: {deps: [build], cmds: [echo never]}
              build:
                needs:
                  programs: [sh, no-such-compiler]
                  env: [HOME, NO_SUCH_TOKEN]
                  services: ['tcp://127.0.0.1:1']
                cmds: [touch ran]
            ",
        )
        .args(["release"])
        .stderr(
            "
            error: task `build` needs what is not there
             --> Taskfile.yml:6:22
              |
            6 |       programs: [sh, no-such-compiler]
              |                      ^^^^^^^^^^^^^^^^ there is no program `no-such-compiler`
            7 |       env: [HOME, NO_SUCH_TOKEN]
              |                   ------------- the environment variable `NO_SUCH_TOKEN` has no value
            8 |       services: ['tcp://127.0.0.1:1']
              |                  ------------------- nothing answers at 127.0.0.1:1: connection refused
            ",
        )
        .status(201)
        .run();
}

#[test]
fn what_is_there_does_not_stand_in_the_way() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    Test::new()
        .taskfile(&format!(
            "
            version: '3'
            vars: {{PORT: '{port}'}}
            tasks:
              default:
                dir: sub
                needs:
                  programs: [sh, ../tool]
                  env: HOME
                  services: ['tcp://127.0.0.1:{port}', 'tcp://127.0.0.1:{{{{.PORT}}}}']
                cmds: [echo ran]
            "
        ))
        .file("sub/file", "")
        .file("tool", "")
        .args(["-s"])
        .stderr_has("there is no program `../tool`")
        .status(201)
        .run()
        .again()
        .taskfile("{version: '3', tasks: {default: {needs: {programs: [./tool]}, cmd: echo ran}}}")
        .executable("tool", "#!/bin/sh\n")
        .args(["-s"])
        .stdout("ran\n")
        .run();
}

#[test]
fn needs_of_a_task_that_may_not_run_are_looked_at_when_it_does() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {cmds: [echo first, {task: maybe, if: 'true'}]}
              maybe: {needs: {programs: [no-such-program]}, cmd: echo never}
            ",
        )
        .args(["-s"])
        .stdout("first\n")
        .stderr_has("there is no program `no-such-program`")
        .status(201)
        .run();
}

#[test]
fn nothing_is_needed_to_show_what_would_run() {
    Test::new()
        .taskfile("{version: '3', tasks: {default: {needs: {programs: [no-such]}, cmd: echo hi}}}")
        .args(["--dry"])
        .stderr_has("[default] echo hi")
        .run();
}
