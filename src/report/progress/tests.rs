use super::*;
use crate::event::{Level, Outcome::Succeeded};
use crate::report::testing::*;
use std::sync::atomic::{AtomicUsize, Ordering};

fn progress(story: &Story, memory: &Memory, columns: usize) -> Progress {
    sized(story, memory, Size { columns, lines: 24 })
}

fn sized(story: &Story, memory: &Memory, size: Size) -> Progress {
    let (size, logs) = (Arc::new(move || size), story.store.reader());
    Progress::with_size(memory.screen(), logs, &look(), no_past(), size)
}

/// What stands on the terminal after all events so far and a look at the clock.
fn seen(story: &Story, seconds: u64, width: usize) -> String {
    let memory = Memory::default();
    let mut progress = progress(story, &memory, width);
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(seconds * 1_000_000)).unwrap();
    progress.flush().unwrap();
    memory.terminal(width)
}

#[test]
fn what_runs_stands_below_with_its_age_and_its_last_line() {
    let mut story = Story::new();
    story.task(1, 0, "build").task(2, 0, "日本").task(3, 0, "later").begin(1);
    story.start(1, 11, "make").wait(4).begin(2).start(2, 21, "x");
    story.out(11, "first\n\x1b[2Jsecond \x1b]0;title\x07line\n\n").out(21, "10%\r50%");
    assert_eq!(
        seen(&story, 65, 40),
        "par: 0/3 done, 1m 05s\n  build  1m 05s  second line\n  日本   1m 01s  50%"
    );
    assert_eq!(
        seen(&story, 5, 26),
        "par: 0/3 done, 5s\n  build      5s  second …\n  日本       1s  50%"
    );
}

#[test]
fn a_line_that_comes_in_pieces_is_one_line() {
    let mut story = Story::new();
    story.task(1, 0, "a").begin(1).start(1, 11, "x").out(11, "first\nhalf ").out(11, "a line");
    assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s  half a line");
    story.out(11, "\x1b[1;2");
    assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s  half a line");
    story.out(11, &"\n".repeat(2 * GLANCE as usize));
    assert_eq!(seen(&story, 1, 40), "par: 0/1 done, 1s\n  a      1s");
}

#[test]
fn never_more_than_eight_lines_stand_below() {
    let mut story = Story::new();
    for task in 1..=9 {
        story.task(task, 0, &format!("t{task}")).begin(task).start(task, task * 10, "");
    }
    let text = seen(&story, 1, 40);
    assert_eq!(text.lines().count(), 8);
    assert!(text.ends_with("  t6      1s\n  … and 3 more"), "{text}");
}

#[test]
fn a_low_terminal_is_not_filled() {
    let mut story = Story::new();
    for task in 1..=9 {
        story.task(task, 0, &format!("t{task}")).begin(task).start(task, task * 10, "");
    }
    let seen = |lines| {
        let memory = Memory::default();
        let mut progress = sized(&story, &memory, Size { columns: 40, lines });
        story.events.iter().for_each(|event| progress.event(event).unwrap());
        progress.tick(At(0)).unwrap();
        progress.flush().unwrap();
        memory.terminal(40)
    };
    assert_eq!(seen(4), "par: 0/9 done, 0s\n  t1      0s\n  … and 8 more");
    assert_eq!(seen(3), "par: 0/9 done, 0s\n  … and 9 more");
    assert_eq!(seen(2), "par: 0/9 done, 0s");
    assert_eq!(seen(1), "par: 0/9 done, 0s");
}

#[test]
fn a_narrow_terminal_shows_what_matters_most() {
    let mut story = Story::new();
    story.task(1, 0, "integration").begin(1).start(1, 11, "x").out(11, "said\n");
    assert_eq!(seen(&story, 75, 20), "par: 0/1 done\n  integrat…  1m 15s");
    assert_eq!(seen(&story, 5, 12), "par: 0/1 d…\n  …      5s");
}

#[test]
fn what_earlier_runs_took_says_how_long_it_will_take() {
    let memory = Memory::default();
    let mut story = Story::new();
    story.task(1, 0, "build").begin(1).start(1, 11, "x");
    let (size, logs) = (|| Size { columns: 40, lines: 24 }, story.store.reader());
    let past = |_: &str| Some(Duration::from_secs(90));
    let screen = memory.screen();
    let mut progress = Progress::with_size(screen, logs, &look(), Arc::new(past), Arc::new(size));
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(10_000_000)).unwrap();
    progress.flush().unwrap();
    let shown = "par: 0/1 done, 10s, about 1m 20s left\n  build     10s";
    assert_eq!(memory.terminal(40), shown);
}

#[test]
fn what_stands_there_is_drawn_over_from_its_first_line_whatever_became_of_it() {
    let (memory, columns) = (Memory::default(), Arc::new(AtomicUsize::new(40)));
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2);
    story.start(1, 11, "").start(2, 21, "").out(11, "a line that fills the terminal\n");
    let size = {
        let columns = columns.clone();
        move || Size { columns: columns.load(Ordering::Relaxed), lines: 24 }
    };
    let logs = story.store.reader();
    let mut progress =
        Progress::with_size(memory.screen(), logs, &look(), no_past(), Arc::new(size));
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(0)).unwrap();
    columns.store(15, Ordering::Relaxed);
    progress.tick(At(0)).unwrap();
    // Nothing is new.
    progress.tick(At(0)).unwrap();
    progress.finish().unwrap();
    let drawn = |first: &str, a: &str, b: &str| {
        format!("\x1b[?7l\r\x1b[2K{first}\r\x0b\x1b[2K{a}\r\x0b\x1b[2K{b}\x1b[J\r\x1b[2A\x1b[?7h")
    };
    let wide = drawn("par: 0/2 done, 0s", "  a      0s  a line that fills the ter…", "  b      0s");
    let narrow = drawn("par: 0/2 done", "  a      0s", "  b      0s");
    let taken_away = "\r\x1b[2K\x1b[C\x1b[J\r";
    assert_eq!(memory.only(Stream::Stderr), format!("{wide}{narrow}{taken_away}"));
}

#[test]
fn finished_output_scrolls_above() {
    let memory = Memory::default();
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).begin(2).start(1, 11, "make a");
    story.start(2, 21, "make b").out(11, "one").out(21, "two\n");
    let mut progress = progress(&story, &memory, 40);
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(1_000_000)).unwrap();
    let known = story.events.len();
    story.end(11, failed(1)).end(1, below(11)).say(None, Level::Info, "word");
    story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
    progress.flush().unwrap();
    let above = "par: [a] make a\none\npar: word";
    assert_eq!(memory.terminal(40), above);
    progress.tick(At(2_000_000)).unwrap();
    progress.flush().unwrap();
    let below = "par: 1/2 done, 1 failed, 2s\n  b      2s  two";
    assert_eq!(memory.terminal(40), format!("{above}\n{below}"));
    let known = story.events.len();
    story.ok(21).end(2, Succeeded);
    story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
    progress.finish().unwrap();
    assert_eq!(memory.terminal(40), format!("{above}\npar: [b] make b\ntwo"));
}

#[test]
fn no_task_reaches_into_the_bottom_lines_or_what_others_wrote() {
    let memory = Memory::default();
    let mut story = Story::new();
    story.task(1, 0, "good").task(2, 0, "evil").task(3, 0, "long").begin(1).begin(2).begin(3);
    story.start(1, 11, "").start(2, 21, "").start(3, 31, "").out(11, "good\n").ok(11).ok(1);
    story.out(21, "\x1b[9A\x1b[J\x1b[?1049h\x1b(0evil\n").ok(21).ok(2);
    let mut progress = progress(&story, &memory, 40);
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(1_000_000)).unwrap();
    progress.flush().unwrap();
    assert_eq!(memory.terminal(40), "good\nevil\npar: 2/3 done, 1s\n  long      1s");
}

#[test]
fn nothing_is_drawn_while_a_task_has_the_terminal_or_it_was_lent() {
    let memory = Memory::default();
    let mut story = Story::new();
    story.task(1, 0, "edit").task(2, 0, "b").begin(2).start(2, 21, "").begin(1);
    let mut progress = progress(&story, &memory, 40);
    story.events.iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(1)).unwrap();
    assert_eq!(memory.terminal(40), "par: 0/2 done, 0s\n  b      0s");
    progress.pause().unwrap();
    progress.tick(At(2)).unwrap();
    assert_eq!(memory.terminal(40), "");
    progress.resume().unwrap();
    let known = story.events.len();
    story.start_on_terminal(1, 11, "vi");
    story.events[known..].iter().for_each(|event| progress.event(event).unwrap());
    progress.tick(At(3)).unwrap();
    progress.flush().unwrap();
    assert_eq!(memory.terminal(40), "par: [edit] vi");
}
