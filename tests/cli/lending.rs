//! Slots: who waits for others lends its own, unless somebody said how many there are.

use std::fmt::Write;

use crate::harness::Test;

/// As many tasks that wait to be told as there are processors, one more, and the one that tells them.
fn waiting_for_the_last() -> (usize, String) {
    let count = std::thread::available_parallelism().map_or(1, usize::from) + 1;
    let names: Vec<String> = (0..count).map(|number| format!("server{number}")).collect();
    let mut text =
        format!("version: '3'\ntasks:\n  default: {{deps: [{}, client]}}\n", names.join(", "));
    for name in &names {
        let _ = writeln!(text, "  {name}: read x < {name}");
    }
    // Each of these lines waits until the other end is there.
    let tell: Vec<String> = names.iter().map(|name| format!("echo > {name}")).collect();
    let _ = writeln!(text, "  client: {}", tell.join("; "));
    (count, text)
}

#[test]
fn tasks_that_wait_for_one_that_has_no_slot_lend_it_theirs() {
    let (count, text) = waiting_for_the_last();
    let mut test = Test::new().taskfile(&text).args(["-s"]).stderr_has("");
    for number in 0..count {
        test = test.fifo(&format!("server{number}"));
    }
    test.run();
}

#[test]
fn servers_their_database_and_their_client_start_on_one_processor() {
    let text = "
        version: '3'
        tasks:
          default: {deps: [server, client, db]}
          server: {cmds: ['read x < serve; read x < stop']}
          db: {cmds: ['read x < store; echo > stop']}
          client: {cmds: ['echo > serve; echo > store']}
        ";
    let mut test = Test::new().taskfile(text).args(["-s"]).stderr_has("");
    for fifo in ["serve", "store", "stop"] {
        test = test.fifo(fifo);
    }
    test.under("taskset -cp $(taskset -cp $$ | grep -o '[0-9]*$') $$ > /dev/null").run();
}

#[test]
fn a_number_of_jobs_is_never_exceeded() {
    // Who finds the folder of another is not alone; both do nothing for longer than would count as idle.
    let alone = "mkdir alone && sleep 3 && rmdir alone";
    let text = format!(
        "{{version: '3', tasks: {{default: {{deps: [a, b]}}, a: \"{alone}\", b: \"{alone}\"}}}}"
    );
    Test::new().taskfile(&text).args(["-s", "-j1"]).stderr_has("").run();
}
