use super::super::testing::*;
use super::super::*;
use super::two_at_once;
use crate::event::*;
use crate::id::UnitId;

/// `build` fails, `deploy` needs it, `test` fails later, `lint` is fine.
fn failures() -> Story {
    let mut story = Story::new();
    story.task(9, 0, "all").task(8, 9, "deploy");
    story.task(1, 8, "build").task(2, 9, "test").task(3, 9, "lint").begin(1).begin(2).begin(3);
    story.start(1, 11, "make -j\n  all").start(2, 21, "pytest").start(3, 31, "lint");
    (1..=30).for_each(|n| {
        story.out(11, &format!("line {n}\n"));
    });
    story.err(21, "\x1b[31mE\x1b[0m 10%\r 99%\n").ok(31).ok(3);
    story.end(11, failed(2)).end(1, below(11)).end(8, Outcome::Skipped(UnitId(1)));
    story.end(21, Outcome::Failed(Failure::Exit(Status::Signal(9)))).end(2, below(21));
    story.end(9, below(8)).over(below(9), 12_300, 21_000);
    story
}

#[test]
fn the_summary_ends_with_the_first_root_cause() {
    let lines: String = (11..=30).map(|n| format!("  | line {n}\n")).collect();
    assert_eq!(
        failures().summary(look()),
        format!(
            "par: skipped because `build` failed: deploy\n\
             par: 5 tasks, 2 failed, 1 skipped, 12.3 s, 21.0 s one after the other (41 % saved)\n\
             par: task `test` failed: killed by SIGKILL (1.5 s)\n  $ pytest\n  |  99%\n  again: par run test\n\
             par: task `build` failed: exit status 2 (1.5 s)\n  $ make -j\n      all\n  | …\n{lines}  again: par run build\n"
        )
    );
}

#[test]
fn the_only_commands_output_is_not_shown_twice_and_one_task_has_no_totals() {
    let mut story = Story::new();
    story.task(1, 0, "a b").begin(1).start(1, 11, "x").out(11, "text\n");
    story.end(11, failed(1)).end(1, below(11)).over(below(1), 10, 10);
    let expected = "par: task `a b` failed: exit status 1 (1.5 s)\n  $ x\n  again: par run 'a b'\n";
    assert_eq!(story.summary(look()), expected);
}

#[test]
fn a_successful_run_says_one_line_when_it_was_parallel() {
    let mut story = two_at_once();
    story.over(Outcome::Succeeded, 1000, 2000);
    let line = "par: 2 tasks, 1.0 s, 2.0 s one after the other (50 % saved)\n";
    assert_eq!(story.summary(look()), line);
    assert_eq!(story.summary(Look { is_silent: true, ..look() }), "");
    let mut one = Story::new();
    one.task(1, 0, "a").begin(1).ok(1).over(Outcome::Succeeded, 5, 5);
    assert_eq!(one.summary(look()), "");
    assert_eq!(one.summary(Look { is_verbose: true, ..look() }), "par: 1 task, 5ms\n");
}

#[test]
fn what_was_ignored_or_tried_again_is_no_failure() {
    let mut story = Story::new();
    story.task(1, 0, "flaky").begin(1).start(1, 11, "x").end(11, failed(1));
    story.begin(1).start(1, 12, "x").ok(12).ok(1);
    story.task(2, 0, "top").task(3, 2, "forgiven").begin(2).begin(3);
    story.start(3, 31, "y").end(31, failed(1)).end_ignored(3, below(31));
    story.start(2, 21, "z").end_ignored(21, failed(1)).ok(2);
    story.over(Outcome::Succeeded, 1000, 1000);
    assert_eq!(story.summary(look()), "par: 3 tasks, 1.0 s\n");
}

#[test]
fn only_the_last_attempt_of_a_task_is_shown_as_its_failure() {
    let mut story = Story::new();
    story.task(1, 0, "flaky").begin(1).start(1, 11, "try").out(11, "one\n").end(11, failed(1));
    story.begin(1).start(1, 12, "try").out(12, "two\n").end(12, failed(1)).end(1, below(12));
    story.over(below(1), 1000, 1000);
    assert_eq!(
        story.summary(look()),
        "par: task `flaky` failed: exit status 1 (1.5 s)\n  $ try\n  | two\n  again: par run flaky\n"
    );
}

#[test]
fn what_a_called_task_did_in_an_earlier_attempt_of_its_caller_is_no_cause() {
    let mut story = Story::new();
    story.task(1, 0, "outer").begin(1).task(2, 1, "inner").begin(2).start(2, 21, "old");
    story.end(21, failed(1)).end(2, below(21));
    story.begin(1).task(3, 1, "inner").begin(3).start(3, 31, "new");
    story.end(31, failed(1)).end(3, below(31)).end(1, below(3)).over(below(1), 1000, 1000);
    assert_eq!(
        story.summary(look()),
        "par: 3 tasks, 1 failed, 1.0 s\n\
         par: task `inner` failed: exit status 1 (1.5 s)\n  $ new\n  again: par run inner\n"
    );
}

#[test]
fn of_many_failures_the_first_are_shown_in_full_and_of_many_skipped_tasks_some_are_named() {
    let mut story = Story::new();
    for task in 1..=12 {
        story.task(task, 0, &format!("t{task}")).begin(task).start(task, task + 100, "");
        story.end(task + 100, failed(1)).end(task, below(task + 100));
    }
    for task in 201..=222 {
        story.task(task, 0, "s").end(task, Outcome::Skipped(UnitId(1)));
    }
    story.over(below(1), 1000, 1000);
    let summary = story.summary(look());
    let skipped = format!("par: skipped because `t1` failed: {} and 2 more", ["s"; 20].join(", "));
    let lines: Vec<&str> = summary.lines().collect();
    assert_eq!(lines[0], skipped);
    assert_eq!(lines[1], "par: 34 tasks, 12 failed, 22 skipped, 1.0 s");
    assert_eq!(lines[2], "par: task `t12` failed: exit status 1 (1.5 s)");
    assert_eq!(lines[3], "par: task `t11` failed: exit status 1 (1.5 s)");
    assert_eq!(
        lines[4..6],
        ["par: task `t10` failed: exit status 1 (1.5 s)", "  again: par run t10"]
    );
    assert_eq!(lines.last(), Some(&"  again: par run t1"));
}

#[test]
fn a_task_that_ran_out_of_time_is_the_cause_and_its_killed_command_is_not() {
    let mut story = Story::new();
    story.task(1, 0, "slow").begin(1).start(1, 10, "a").ok(10).start(1, 11, "sleep 9");
    story.out(11, "zzz\n").end(11, Outcome::Failed(Failure::Exit(Status::Signal(15))));
    story.end(1, Outcome::Failed(Failure::TimedOut)).over(below(1), 1000, 1000);
    assert_eq!(
        story.summary(look()),
        "par: task `slow` timed out (1.5 s)\n  | zzz\n  again: par run slow\n"
    );
}

#[test]
fn a_refusal_is_said_in_its_own_words() {
    let refused =
        Outcome::Failed(Failure::Refused { code: 206, message: "no X\n  --> f:1\n".into() });
    let mut story = Story::new();
    story.task(1, 0, "a").end(1, refused.clone()).over(below(1), 1, 0);
    assert_eq!(story.summary(look()), "par: no X\n  --> f:1\n");
    let mut early = Story::new();
    early.over(refused, 1, 0);
    assert_eq!(early.summary(look()), "par: no X\n  --> f:1\n");
}

#[test]
fn a_cancelled_run_says_by_what_and_a_cut_off_one_says_so() {
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).start(1, 11, "x");
    story.cancel(Why::Signal(2)).end(11, Outcome::Cancelled).end(1, Outcome::Cancelled);
    story.end(2, Outcome::Cancelled);
    assert_eq!(
        story.summary(look()),
        "par: cancelled by SIGINT\npar: the run did not come to its end\n"
    );
    story.over(Outcome::Cancelled, 900, 0);
    assert_eq!(
        story.summary(look()),
        "par: cancelled by SIGINT\npar: 2 tasks, 2 cancelled, 900ms\n"
    );
}

#[test]
fn nothing_a_file_says_can_command_the_terminal() {
    let mut story = Story::new();
    story.task(1, 0, "a\x1b[2Jb").begin(1).start(1, 11, "x\x1b]0;t\x07\ny\x08\n");
    story.end(11, failed(1)).end(1, below(11)).over(below(1), 10, 10);
    assert_eq!(
        story.summary(look()),
        "par: task `ab` failed: exit status 1 (1.5 s)\n  $ x\n    y\n"
    );
}
