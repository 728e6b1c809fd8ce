use std::sync::Arc;

use super::super::testing::*;
use super::super::*;
use super::two_at_once;
use crate::event::*;
use crate::id::{RunId, UnitId};
use crate::store::{Runs, Store};

#[test]
fn a_recorded_run_is_shown_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let look = Look { directory: dir.path().into(), ..look() };
    let store = Store::new(dir.path(), RunId::new("20260102", "030405", 7));
    let mut story = Story::of(store, 4);
    story.task(9, 0, "all").task(1, 9, "build").task(2, 9, "test").begin(1).begin(2);
    story.start(1, 11, "make").start(2, 21, "check").out(11, "o1\n").err(21, "e1\n");
    story.err(11, "e2\n").out(21, "o2").ok(21).ok(2).end(11, failed(3)).end(1, below(11));
    story.end(9, below(1)).over(below(9), 1000, 2000);
    let events = story.events.clone();
    let live = story.store.reader();
    for how in [Mode::Interleaved, Mode::Group { error_only: false }, Mode::Prefixed, Mode::Auto] {
        let memory = Memory::default();
        let summary = Summary::new(memory.screen(), live.clone(), look.clone());
        let mut reporters: [Box<dyn Reporter>; 2] =
            [mode(how, memory.screen(), live.clone(), &look, no_past()), Box::new(summary)];
        for event in &events {
            reporters.iter_mut().for_each(|reporter| reporter.event(event).unwrap());
        }
        reporters.iter_mut().for_each(|reporter| reporter.finish().unwrap());
        assert!(memory.text().contains("log: .par/runs/20260102-030405-000007/logs/build.log\n"));
        story_shown_again(dir.path(), how, &look, &memory.text(), &mut story);
    }
}

fn story_shown_again(
    root: &std::path::Path,
    how: Mode,
    look: &Look,
    expected: &str,
    story: &mut Story,
) {
    story.save();
    let runs = Runs::new(root);
    let run = runs.find("latest").unwrap();
    let logs = runs.reader(&run).unwrap();
    let memory = Memory::default();
    let screen = memory.screen();
    let summary = Summary::new(screen.clone(), logs.clone(), look.clone());
    let mut reporters: [Box<dyn Reporter>; 2] =
        [mode(how, screen, logs.clone(), look, no_past()), Box::new(summary)];
    replay(&runs, &run, &logs, &mut reporters).unwrap();
    assert_eq!(memory.text(), expected, "{how:?}");
}

#[test]
fn logs_are_printed_with_a_header_each_when_there_are_several() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), RunId::new("20260102", "030405", 7));
    let mut story = Story::of(store, 4);
    story.task(1, 0, "a").task(2, 0, "b").begin(1).start(1, 11, "").out(11, "one").ok(11);
    story.begin(2).start(2, 21, "").err(21, "two\n").end(21, failed(1)).end(2, below(21));
    story.begin(1).start(1, 12, "").out(12, "again\n").ok(12).ok(1).save();
    let runs = Runs::new(dir.path());
    let run = runs.find("latest").unwrap();
    let shown = |which| {
        let memory = Memory::default();
        let count = logs::print(&runs, &run, &which, &memory.screen()).unwrap();
        (count, memory.text())
    };
    let all = "!==> a <==\none\n!==> b <==\n!two\n!==> a (attempt 2) <==\nagain\n";
    assert_eq!(shown(logs::Which::All), (3, all.into()));
    assert_eq!(shown(logs::Which::Failed), (1, "!two\n".into()));
    let a = "!==> a <==\none\n!==> a (attempt 2) <==\nagain\n";
    assert_eq!(shown(logs::Which::Task("a".into())), (2, a.into()));
    assert_eq!(shown(logs::Which::Task("x".into())), (0, String::new()));
    drop(story);
    let memory = Memory::default();
    assert_eq!(logs::follow(&runs, &run, &logs::Which::All, &memory.screen()).unwrap(), 3);
    assert_eq!(memory.text(), all);
}

#[test]
fn a_living_run_is_followed_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), RunId::new("20260102", "030405", 7));
    let mut story = Story::of(store, 4);
    story.task(1, 0, "a").begin(1).start(1, 11, "").out(11, "one\n").save();
    let runs = Runs::new(dir.path());
    let run = runs.find("latest").unwrap();
    let memory = Memory::default();
    let screen = memory.screen();
    std::thread::scope(|scope| {
        let followed = scope.spawn(|| logs::follow(&runs, &run, &logs::Which::All, &screen));
        story.task(2, 0, "b").begin(2).start(2, 21, "").out(21, "two").out(11, "three\n").save();
        drop(story);
        assert_eq!(followed.join().unwrap().unwrap(), 2);
    });
    let text = memory.text();
    assert!(text.starts_with("!==> a <==\none\n"), "{text}");
    assert!(text.contains("==> b <==\ntwo") && text.contains("three\n"), "{text}");
}

#[test]
fn events_are_written_one_a_line() {
    let memory = Memory::default();
    let mut jsonl = Jsonl::new(memory.writer(Stream::Stdout));
    let kind = Kind::Began { unit: UnitId(1), attempt: 2 };
    jsonl.event(&Event { at: At(5), kind }).unwrap();
    jsonl.flush().unwrap();
    assert_eq!(memory.text(), "{\"at\":5,\"event\":\"began\",\"unit\":1,\"attempt\":2}\n");
}

#[test]
fn a_long_silence_is_broken_by_a_line_about_what_runs() {
    let memory = Memory::default();
    let screen = memory.screen();
    let mut story = Story::new();
    story.task(1, 0, "a").task(2, 0, "b").begin(1).start(1, 11, "").wait(20).begin(2);
    story.start(2, 21, "").wait(5).ok(11);
    let mut silence = Silence::new(screen.clone(), &look(), Some(Duration::from_secs(30)));
    story.events.iter().for_each(|event| silence.event(event).unwrap());
    let mut tick = |seconds: u64| silence.tick(At(seconds * 1_000_000)).unwrap();
    (1..30).for_each(&mut tick);
    assert_eq!(memory.text(), "");
    tick(31);
    screen.flush().unwrap();
    assert_eq!(memory.text(), "!par: still running: b (11s)\n");
    screen.write(Stream::Stdout, b"x\n").unwrap();
    (32..62).for_each(&mut tick);
    tick(62);
    screen.flush().unwrap();
    assert_eq!(memory.text(), "!par: still running: b (11s)\nx\n!par: still running: b (42s)\n");
}

struct Broken;

impl Reporter for Broken {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn finish(&mut self) -> io::Result<()> {
        unreachable!("a reporter that failed is given no more")
    }
}

#[test]
fn a_reporter_that_fails_is_dropped_and_told_of_while_the_others_go_on() {
    let memory = Memory::default();
    let story = two_at_once();
    let good = mode(Mode::Interleaved, memory.screen(), story.store.reader(), &look(), no_past());
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tell = told.clone();
    let on_failure = move |error: &io::Error| tell.lock().unwrap().push(error.kind());
    let handle = handle(vec![Box::new(Broken), good], std::time::Instant::now(), || {}, on_failure);
    story.events.iter().for_each(|event| handle.send(event.clone()));
    handle.flush();
    assert_eq!(memory.text(), story.shown(Mode::Interleaved));
    handle.tell();
    handle.flush();
    assert_eq!(*told.lock().unwrap(), [io::ErrorKind::BrokenPipe]);
    assert_eq!(handle.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

/// Writes down which thread it works in.
struct Where(Arc<std::sync::Mutex<Vec<std::thread::ThreadId>>>);

impl Reporter for Where {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        self.0.lock().unwrap().push(std::thread::current().id());
        Ok(())
    }
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn reporters_have_a_thread_of_their_own_as_soon_as_something_is_shown_before_the_end() {
    let event = two_at_once().events[0].clone();
    let threads = |deliver: bool| {
        let told = Arc::default();
        // Long ago: what is sent now is due at once.
        let began = std::time::Instant::now() - std::time::Duration::from_secs(1);
        let handle = handle(vec![Box::new(Where(Arc::clone(&told)))], began, || {}, |_| {});
        handle.send(event.clone());
        if deliver {
            assert_eq!(handle.deliver_in_time(), None);
        }
        handle.send(event.clone());
        handle.finish().unwrap();
        let own = std::thread::current().id();
        told.lock().unwrap().iter().map(|thread| *thread == own).collect::<Vec<_>>()
    };
    assert_eq!(threads(true), [false, false]);
    assert_eq!(threads(false), [true, true], "a run that is over needs no thread");
}
