//! Servers: what needs them starts when they are ready, and they are stopped in the end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::harness::Test;

/// Says that it serves once a file is there, and what it was told when it is stopped.
const SERVER: &str =
    "trap 'echo bye > stopped; exit 0' TERM; touch serving; echo up; while :; do sleep 0.05; done";

#[test]
fn a_server_and_its_client_work_in_one_slot() {
    let text = format!(
        "
        version: '3'
        tasks:
          default: {{deps: [client], cmds: [echo last]}}
          client: {{deps: [server], cmds: [test -e serving && echo client]}}
          server:
            persistent: true
            ready: {{exec: test -e serving}}
            cmds:
              - defer: echo deferred > deferred
              - {SERVER}
        "
    );
    let ran = Test::new().taskfile(&text).args(["-s", "-j1", "-o", "errors"]).stderr_has("").run();
    assert_eq!(ran.text("stopped"), "bye\n");
    assert_eq!(ran.text("deferred"), "deferred\n");
    assert_eq!(ran.log("client.log"), b"client\n");
}

#[test]
fn a_line_of_its_output_tells_that_a_server_is_ready() {
    let text = format!(
        "
        version: '3'
        tasks:
          default: {{deps: [server], cmds: ['false']}}
          server: {{persistent: true, ready: {{log: '^up$'}}, cmds: [\"{SERVER}\"]}}
        "
    );
    // It is stopped after a failure, too.
    let ran = Test::new()
        .taskfile(&text)
        .args(["-s", "-o", "errors"])
        .stderr_has("task `default` failed: exit status 1")
        .status(201)
        .run();
    assert_eq!(ran.text("stopped"), "bye\n");
}

/// Answers each request at a port of its own with the next of these lines, the last one again and again.
fn answering(lines: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut lines = lines.iter().copied().peekable();
        for stream in listener.incoming().flatten() {
            let line = lines.peek().copied().unwrap_or_default();
            if lines.len() > 1 {
                lines.next();
            }
            answer(stream, line);
        }
    });
    port
}

fn answer(mut stream: TcpStream, line: &str) {
    let mut request = [0; 1024];
    // One that only looks whether somebody listens has gone already.
    let _ = stream.read(&mut request).and_then(|_| stream.write_all(line.as_bytes()));
}

#[test]
fn a_server_answers_at_its_port() {
    let port = answering(&["HTTP/1.1 503 Not Yet\r\n\r\n", "HTTP/1.1 204 Fine\r\n\r\n"]);
    let probes =
        [format!("tcp: '127.0.0.1:{port}'"), format!("http: 'http://127.0.0.1:{port}/up'")];
    for probe in probes {
        let text = format!(
            "
            version: '3'
            tasks:
              default: {{deps: [server], cmds: [echo served]}}
              server: {{persistent: true, ready: {{{probe}, timeout: 60s}}, cmds: [exec sleep 1000]}}
            "
        );
        Test::new()
            .taskfile(&text)
            .args(["-s", "-j1", "-o", "interleaved"])
            .stdout("served\n")
            .stderr_has("")
            .run();
    }
}

#[test]
fn a_server_that_ends_before_it_is_ready_has_failed() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {deps: [server], cmds: [echo never]}
              server: {persistent: true, ready: {exec: test -e never}, cmds: [echo oh no]}
            ",
        )
        .args(["-s", "-o", "errors"])
        .stdout_has("")
        .stderr_has("task `server` stopped serving: exit status 0")
        .stderr_has("skipped because `server` failed: default")
        .status(201)
        .run();
}

#[test]
fn a_server_that_is_not_ready_in_time_has_failed() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default: {deps: [server], cmds: [echo never]}
              server: {persistent: true, ready: {exec: test -e never, timeout: 200ms}, cmds: [exec sleep 1000]}
            ",
        )
        .args(["-s"])
        .stderr_has("task `server` was not ready in time")
        .status(208)
        .run();
}

#[test]
fn what_fails_only_beside_others_passes_alone_and_is_named() {
    // The first attempt of `one` runs beside `two` for certain.
    let text = "
        version: '3'
        parallel: {fallback: sequential}
        tasks:
          default: {deps: [one, two], cmds: [echo both]}
          one: {cmds: ['test $PAR_ATTEMPT = 2 || { read x < up; echo 1 > seen; exit 1; }']}
          two: {cmds: [echo 1 > up; read x < seen]}
        ";
    Test::new()
        .taskfile(text)
        .fifo("up")
        .fifo("seen")
        .args(["-s", "-j2", "-o", "errors"])
        .stdout_has("")
        .stderr_has(
            "task `one` failed: exit status 1; it is tried again alone when all else is done",
        )
        .stderr_has("fails only in parallel: `one`, beside two")
        .run();
}

#[test]
fn after_orders_what_runs_anyway() {
    let text = "
        version: '3'
        tasks:
          default: {deps: [test, lint]}
          test: {after: [lint, absent], cmds: [echo test]}
          lint: {cmds: [echo lint]}
          absent: {cmds: [echo absent]}
        ";
    for jobs in ["-j1", "-j4"] {
        Test::new()
            .taskfile(text)
            .args(["-s", jobs, "-o", "interleaved"])
            .stdout("lint\ntest\n")
            .stderr_has("")
            .run();
    }
}

#[test]
fn a_server_that_a_failed_attempt_called_has_ended_before_the_next_one_calls_it() {
    // It does not begin where another one is.
    let text = "
        version: '3'
        tasks:
          default:
            retry: {attempts: 2, delay: 1ms}
            cmds: [task: server, 'test $PAR_ATTEMPT = 2']
          server:
            persistent: true
            ready: {exec: test -e serving}
            cmds: [{defer: rmdir serving}, mkdir serving && exec sleep 1000]
        ";
    let ran = Test::new().taskfile(text).args(["-s"]).stderr_has("flaky: `default`").run();
    assert!(!ran.has("serving"));
}
