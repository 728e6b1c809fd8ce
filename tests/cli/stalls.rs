//! Tasks that show no sign of life.

use par::event::{Event, Failure, Kind, Outcome};

use crate::harness::Test;

#[test]
fn a_silent_task_is_stopped_with_its_tree_and_what_was_deferred_runs() {
    let ran = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              default:
                stall: 400ms
                stall_action: stop
                cmds:
                  - defer: echo {{.EXIT_CODE}} > deferred
                  - sleep 1000 & sleep 1000
            ",
        )
        .args(["-s"])
        .stderr(
            "
            par: task `default` has printed and computed nothing for [TIME]; it is stopped
            par: task `default` showed no sign of life ([TIME])
              again: par run default
            ",
        )
        .hide_times()
        .status(208)
        .run();
    assert_eq!(ran.text("deferred"), "124\n");
    let failed = |event: &Event| match &event.kind {
        Kind::Finished { outcome: Outcome::Failed(Failure::Stalled), .. } => Some(()),
        _ => None,
    };
    assert_eq!(ran.events().iter().filter_map(failed).count(), 1);
}

#[test]
fn who_computes_or_prints_is_not_reported_while_who_is_silent_is() {
    // All go on until the silent one has been stopped, which is later than the others would be reported.
    Test::new()
        .taskfile(
            "
            version: '3'
            silent: true
            parallel: {stall: 1s}
            tasks:
              default: {deps: [idle, busy, chatty]}
              idle:
                stall: 1500ms
                stall_action: stop
                cmds:
                  - defer: touch over
                  - exec sleep 1000
              busy: while test ! -e over; do :; done
              chatty: exec python3 -u chatty.py
            ",
        )
        .file(
            "chatty.py",
            "import os, time\nprint('still here')\nwhile not os.path.exists('over'):\n  print('still here')\n  time.sleep(0.1)\n",
        )
        .args(["-s", "-j3"])
        .stdout_has("still here\n")
        .stderr(
            "
            par: task `idle` has printed and computed nothing for [TIME]; it is stopped
            par: skipped because `idle` failed: default
            par: 4 tasks, 1 failed, 1 skipped, [TIME]
            par: task `idle` showed no sign of life ([TIME])
              again: par run idle
            ",
        )
        .hide_times()
        .status(208)
        .run();
}

#[test]
fn a_silence_is_reported_once_and_the_task_goes_on() {
    // The silence ends once its report stands in the events.
    Test::new()
        .taskfile(
            "
            version: '3'
            silent: true
            tasks:
              default: {deps: [quiet, listener]}
              quiet: {stall: 300ms, cmd: read x < pipe}
              listener: until grep -q stalled events; do :; done; echo > pipe
            ",
        )
        .fifo("pipe")
        .args(["-s", "-j2", "--events", "events"])
        .stderr("par: task `quiet` has printed and computed nothing for 300ms\n")
        .run();
}
