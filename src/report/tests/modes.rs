use super::super::testing::*;
use super::super::*;
use super::two_at_once;
use crate::event::*;
use crate::id::{RunId, UnitId};
use crate::store::Store;

/// A task that calls another one between two commands of its own.
fn nested() -> Story {
    let mut story = Story::new();
    story.task(1, 0, "outer").begin(1).start(1, 11, "first").out(11, "1\n").ok(11);
    story.task(2, 1, "inner").begin(2).start(2, 21, "second").out(21, "2\n").ok(21).ok(2);
    story.start(1, 12, "third").out(12, "3\n").ok(12).ok(1);
    story
}

#[test]
fn interleaved_output_comes_as_it_is_written() {
    assert_eq!(
        two_at_once().shown(Mode::Interleaved),
        "!par: [a] make a\n!par: [b] make b\na1\nb1\n!a2\nb2a3\n"
    );
}

#[test]
fn auto_shows_each_task_whole_when_it_has_ended() {
    assert_eq!(
        two_at_once().shown(Mode::Auto),
        "!par: [b] make b\nb1\nb2!par: [a] make a\na1\n!a2\na3\n"
    );
}

#[test]
fn what_happens_one_after_the_other_is_shown_in_that_order_in_every_mode() {
    let expected = "!par: [outer] first\n1\n!par: [inner] second\n2\n!par: [outer] third\n3\n";
    for mode in [Mode::Interleaved, Mode::Group { error_only: false }, Mode::Auto, Mode::KeepOrder]
    {
        assert_eq!(nested().shown(mode), expected, "{mode:?}");
    }
}

#[test]
fn auto_shows_what_callers_wrote_before_what_the_called_task_wrote() {
    let mut story = Story::new();
    story.task(1, 0, "top").begin(1).start(1, 11, "").out(11, "top\n").ok(11);
    story.task(2, 1, "middle").task(3, 2, "dep").begin(3).start(3, 31, "").out(31, "dep\n");
    story.task(9, 0, "other").begin(9).start(9, 91, "").out(91, "other\n").ok(91).ok(9);
    story.ok(31).ok(3).begin(2).ok(2).ok(1);
    assert_eq!(story.shown(Mode::Auto), "other\ntop\ndep\n");
}

#[test]
fn auto_shows_a_command_as_it_comes_when_nothing_can_run_beside_it() {
    let memory = Memory::default();
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start_alone(1, 11, "wait").out(11, "now");
    let mut reporter = mode(Mode::Auto, memory.screen(), story.store.reader(), &look(), no_past());
    story.events.iter().for_each(|event| reporter.event(event).unwrap());
    reporter.flush().unwrap();
    assert_eq!(memory.text(), "!par: [a] wait\nnow");
}

#[test]
fn auto_streams_in_a_sequential_run_and_before_a_command_that_has_the_terminal() {
    let transient = || Store::transient(RunId("20260102-030405-000000".into()));
    let shown = |story: &Story| {
        let memory = Memory::default();
        let mut reporter =
            mode(Mode::Auto, memory.screen(), story.store.reader(), &look(), no_past());
        story.events.iter().for_each(|event| reporter.event(event).unwrap());
        reporter.flush().unwrap();
        memory.text()
    };
    let mut sequential = Story::of(transient(), 1);
    sequential.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "now\n");
    assert_eq!(shown(&sequential), "!par: [a] x\nnow\n");
    let mut terminal = Story::new();
    terminal.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "before\n").ok(11);
    terminal.start_on_terminal(1, 12, "vi");
    assert_eq!(shown(&terminal), "!par: [a] x\nbefore\n!par: [a] vi\n");
}

#[test]
fn messages_come_behind_what_their_task_has_written() {
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "done\n").ok(11);
    story.say(Some(1), Level::Info, "a is up to date").say(None, Level::Verbose, "hidden");
    story.say(None, Level::Error, "two\nlines").ok(1);
    assert_eq!(
        story.shown(Mode::Auto),
        "!par: [a] x\ndone\n!par: a is up to date\n!par: two\n!lines\n"
    );
}

#[test]
fn errors_shows_only_failed_tasks() {
    let mut story = Story::new();
    story.task(1, 0, "good").task(2, 0, "bad").task(3, 0, "forgiven").begin(1).begin(2).begin(3);
    for task in [1, 2, 3] {
        story.start(task, task * 10, "run").out(task * 10, "text\n");
    }
    story.ok(10).ok(1).end(20, failed(1)).end(2, below(20));
    story.end(30, failed(1)).end_ignored(3, below(30));
    assert_eq!(story.shown(Mode::Errors), "!par: [bad] run\ntext\n");
}

#[test]
fn groups_stand_between_their_frames_and_are_silent_without_output() {
    let (begin, end) = (Some("<<".into()), Some(">>".into()));
    let frame = Frame { begin, end, ..Frame::default() };
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start_framed(1, 11, frame.clone());
    story.start_framed(1, 12, frame).out(11, "one\n").err(11, "two\n").ok(11).ok(12).ok(1);
    assert_eq!(story.shown(Mode::Group { error_only: false }), "<<\none\ntwo\n>>\n");
    assert_eq!(story.shown(Mode::Group { error_only: true }), "");
}

#[test]
fn groups_of_failed_commands_are_shown_even_if_they_are_ignored() {
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start(1, 11, "").out(11, "good\n").ok(11);
    story.start(1, 12, "").out(12, "bad").end_ignored(12, failed(1)).ok(1);
    assert_eq!(story.shown(Mode::Group { error_only: true }), "bad");
}

#[test]
fn prefixed_lines_are_whole_lines() {
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2).start(1, 11, "x");
    let frame = Frame { prefix: Some("B".into()), ..Frame::default() };
    story.start_framed(2, 21, frame).out(11, "be").out(21, "one\ntwo\nthr");
    story.err(11, "gin\n\nrest").out(21, "ee\n").ok(21).ok(2).ok(11).ok(1);
    assert_eq!(
        story.shown(Mode::Prefixed),
        "!par: [a] x\n[B] one\n[B] two\n[a] begin\n[a] \n[B] three\n[a] rest\n"
    );
}

#[test]
fn keep_order_shows_the_first_as_it_comes_and_the_rest_in_turn() {
    let memory = Memory::default();
    let mut story = two_at_once();
    story.task(3, 0, "c").begin(3).start(3, 31, "").out(31, "c1\n").ok(31).ok(3);
    let mut reporter =
        mode(Mode::KeepOrder, memory.screen(), story.store.reader(), &look(), no_past());
    let is_end_of_b = |event: &Event| matches!(event.kind, Kind::Finished { unit: UnitId(2), .. });
    let middle = story.events.iter().position(is_end_of_b).unwrap();
    story.events[..=middle].iter().for_each(|event| reporter.event(event).unwrap());
    reporter.flush().unwrap();
    assert_eq!(memory.text(), "!par: [a] make a\na1\n!a2\n");
    story.events[middle + 1..].iter().for_each(|event| reporter.event(event).unwrap());
    reporter.finish().unwrap();
    assert_eq!(memory.text(), "!par: [a] make a\na1\n!a2\na3\n!par: [b] make b\nb1\nb2c1\n");
}

#[test]
fn what_a_killed_run_left_is_shown_all_the_same() {
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "half");
    assert_eq!(story.shown(Mode::Auto), "!par: [a] x\nhalf");
    assert_eq!(story.shown(Mode::KeepOrder), "!par: [a] x\nhalf");
    assert_eq!(story.shown(Mode::Group { error_only: false }), "!par: [a] x\nhalf");
    assert_eq!(story.shown(Mode::Prefixed), "!par: [a] x\n[a] half\n");
}

/// Whatever runs side by side, each mode shows all that every command wrote, in order,
/// and those that promise it show it in one piece.
#[test]
fn no_mode_loses_or_reorders_what_a_command_wrote() {
    for seed in 0..50 {
        let story = random_story(seed);
        for mode in [
            Mode::Interleaved,
            Mode::Group { error_only: false },
            Mode::Prefixed,
            Mode::Auto,
            Mode::KeepOrder,
            Mode::Progress,
        ] {
            let text = story.shown(mode);
            for command in 100..116 {
                let mark = format!("<{command}:");
                let numbers = text.split(&mark).skip(1).map(|rest| rest.split_once('>').unwrap().0);
                let numbers: Vec<&str> = numbers.collect();
                assert_eq!(numbers, ["0", "1", "2"], "{mode:?}, seed {seed}, command {command}");
                if matches!(mode, Mode::Auto | Mode::KeepOrder) {
                    let whole = format!("<{command}:0>!<{command}:1>\n<{command}:2>\n");
                    assert!(
                        text.contains(&whole),
                        "{mode:?}, seed {seed}, command {command}: {text}"
                    );
                }
            }
        }
    }
}

/// Eight tasks, each called by the run or by an earlier one, with two commands of three lines.
fn random_story(seed: u64) -> Story {
    let mut state = seed * 2 + 1;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut story = Story::new();
    let mut steps: Vec<Vec<u32>> = Vec::new();
    for task in 1..=8 {
        let parent = random(u64::from(task)) as u32;
        story.task(task, parent, &format!("t{task}")).begin(task);
        steps.push((0..12).rev().collect());
    }
    while let Some(task) = Some(random(8) as u32).filter(|_| steps.iter().any(|s| !s.is_empty())) {
        let Some(step) = steps[task as usize].pop() else { continue };
        let command = 100 + task * 2 + step / 6;
        match step % 6 {
            0 => story.start(task + 1, command, ""),
            1 => story.out(command, &format!("<{command}:0>")),
            2 => story.err(command, &format!("<{command}:1>\n")),
            3 => story.out(command, &format!("<{command}:2>\n")),
            4 => story.ok(command),
            _ if step == 11 => story.ok(task + 1),
            _ => &mut story,
        };
    }
    story
}

#[test]
fn a_command_that_may_be_talked_to_is_shown_as_it_comes() {
    let mut story = Story::new();
    let frame = Frame { prefix: Some("p".into()), open: true, ..Frame::default() };
    story.task(1, 0, "a").begin(1).start_framed(1, 11, frame).out(11, "name? ").err(11, "ok\n");
    story.ok(11).ok(1);
    for mode in [Mode::Group { error_only: true }, Mode::Prefixed] {
        assert_eq!(story.shown(mode), "name? !ok\n", "{mode:?}");
    }
}

#[test]
fn what_was_taken_to_be_answered_is_data() {
    let mut story = Story::new();
    story.task(1, 0, "a").say(Some(1), Level::Answer, "sure? [assuming yes]");
    for mode in [Mode::Interleaved, Mode::Group { error_only: false }, Mode::Auto] {
        assert_eq!(story.shown(mode), "sure? [assuming yes]\n", "{mode:?}");
    }
}

#[test]
fn a_call_is_known_by_the_label_that_its_commands_bring() {
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start_named(1, 11, "label", "x").ok(11).ok(1);
    assert_eq!(story.shown(Mode::Auto), "!par: [label] x\n");
}
