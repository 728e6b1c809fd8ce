//! Load and memory: a machine without room gets one command at a time.

use crate::harness::Test;

#[test]
fn without_memory_one_command_runs_at_a_time() {
    // Who finds the folder of another is not alone.
    let alone = "mkdir alone && python3 -c '' && rmdir alone";
    Test::new()
        .taskfile(&format!(
            "{{version: '3', silent: true, tasks: {{default: {{deps: [a, b, c]}}, \
             a: [\"{alone}\", \"{alone}\"], b: \"{alone}\", c: \"{alone}\"}}}}"
        ))
        .args(["-s", "-j4", "--memory", "1048576GiB"])
        .run();
}

#[test]
fn with_memory_commands_run_side_by_side() {
    Test::new()
        .fifo("meet")
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [a, b]}
              a: echo > meet
              b: read x < meet
            ",
        )
        .args(["-s", "-j2", "--memory", "1KiB", "--load", "100%"])
        .run();
}
