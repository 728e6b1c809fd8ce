use super::*;
use crate::event::{At, Event, Kind, Stream};
use crate::id::UnitId;
use std::os::unix::fs::symlink;

use Stream::{Stderr, Stdout};

const TASK: UnitId = UnitId(1);

fn run(number: u32) -> RunId {
    RunId::new("20260102", &format!("{number:06}"), number)
}

fn started(run: &RunId) -> Event {
    let kind = Kind::RunStarted {
        version: crate::event::VERSION,
        run: run.clone(),
        tasks: vec!["a".into()],
        jobs: 2,
        parallel: true,
        unix_ms: 0,
        root: "/".into(),
    };
    Event { at: At(0), kind }
}

fn text(reader: &LogReader, task: UnitId, offset: u64, length: u64) -> Vec<(Stream, String)> {
    let mut all = Vec::new();
    let mut take = |stream, bytes: &[u8]| {
        all.push((stream, String::from_utf8_lossy(bytes).into_owned()));
        Ok(())
    };
    reader.read(task, 1, offset, length, &mut take).unwrap();
    all
}

fn both(out: &str, err: &str) -> Vec<(Stream, String)> {
    vec![(Stdout, out.into()), (Stderr, err.into())]
}

#[test]
fn nothing_is_made_before_there_is_something_to_keep() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    store.events().flush();
    drop(store.logs());
    store.prune(true);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_log_is_read_live_and_closed_and_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let (mut logs, reader) = (store.logs(), store.reader());
    let first = logs.append(TASK, 1, "qa:all", Stdout, At(0), b"out\n").unwrap();
    let second = logs.append(TASK, 1, "qa:all", Stderr, At(5), b"err\n").unwrap();
    assert_eq!(first, Piece { offset: 0, length: 4, created: Some("logs/qa-all.log".into()) });
    assert_eq!(second, Piece { offset: 4, length: 4, created: None });
    assert_eq!(text(&reader, TASK, 0, 99), both("out\n", "err\n"));
    assert_eq!(text(&reader, TASK, 2, 4), both("t\n", "er"));
    logs.close(TASK, 1);
    assert_eq!(text(&reader, TASK, 0, 99), both("out\n", "err\n"));
    assert_eq!(reader.path(TASK, 1), Some(store.directory().unwrap().join("logs/qa-all.log")));

    let mut events = store.events();
    events.push(&started(&run(1)));
    let path = "logs/qa-all.log".into();
    events.push(&Event { at: At(0), kind: Kind::LogCreated { unit: TASK, attempt: 1, path } });
    events.finish();
    let runs = Runs::new(dir.path());
    let entry = runs.find("latest").unwrap();
    let recorded = runs.reader(&entry).unwrap();
    runs.events(&entry).unwrap().for_each(|event| recorded.learn(&event.unwrap()));
    assert_eq!(text(&recorded, TASK, 0, 99), both("out\n", "err\n"));
    assert_eq!(std::fs::read(dir.path().join(".par/.gitignore")).unwrap(), b"*\n");
    assert_eq!(store.take_warnings(), [""; 0]);
}

#[test]
fn tasks_of_one_name_have_logs_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let mut logs = store.logs();
    let mut created = |unit, attempt, name| {
        logs.append(UnitId(unit), attempt, name, Stdout, At(0), b"x").unwrap().created.unwrap()
    };
    assert_eq!(created(1, 1, "a"), PathBuf::from("logs/a.log"));
    assert_eq!(created(2, 1, "a.2"), PathBuf::from("logs/a.2.log"));
    assert_eq!(created(1, 2, "a"), PathBuf::from("logs/a.3.log"));
    assert_eq!(created(3, 1, "a"), PathBuf::from("logs/a.4.log"));
}

#[test]
fn long_output_is_handed_over_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let mut logs = store.logs();
    let chunk = vec![b'x'; 100_000];
    for _ in 0..10 {
        logs.append(TASK, 1, "a", Stdout, At(0), &chunk).unwrap();
    }
    let (mut total, mut largest) = (0, 0);
    let mut take = |_, bytes: &[u8]| {
        total += bytes.len();
        largest = largest.max(bytes.len());
        Ok(())
    };
    store.reader().read(TASK, 1, 0, u64::MAX, &mut take).unwrap();
    assert_eq!((total, largest), (1_000_000, 256 * 1024));
}

#[test]
fn a_state_directory_that_cannot_be_made_costs_one_warning_and_no_output() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(".par"), "in the way").unwrap();
    let store = Store::new(dir.path(), run(1));
    let mut logs = store.logs();
    let piece = logs.append(TASK, 1, "a", Stdout, At(0), b"out\n").unwrap();
    logs.append(TASK, 1, "a", Stderr, At(0), b"err\n").unwrap();
    logs.close(TASK, 1);
    let mut events = store.events();
    events.push(&started(&run(1)));
    events.finish();
    assert_eq!(piece, Piece { offset: 0, length: 4, created: None });
    assert_eq!(text(&store.reader(), TASK, 0, 99), both("out\n", "err\n"));
    let path = dir.path().join(".par");
    let warning =
        format!("this run is not recorded: {}: Not a directory (os error 20)", path.display());
    assert_eq!(store.take_warnings(), [warning]);
    assert_eq!((store.take_warnings().len(), store.directory()), (0, None));
}

#[test]
fn a_full_disk_costs_a_warning_and_no_output() {
    let store = Store::transient(run(1));
    let mut logs = store.logs();
    logs.append(TASK, 1, "a", Stdout, At(0), b"before ").unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let log = locked(&store.shared.table)[&(TASK, 1)].clone();
    locked(&log.content).parts.push((7, logs::Part::Open(Arc::new(full))));
    logs.append(TASK, 1, "a", Stdout, At(0), b"and after").unwrap();
    let all: String =
        text(&store.reader(), TASK, 0, 99).into_iter().map(|(_, text)| text).collect();
    assert_eq!(all, "before and after");
    assert_eq!(
        store.take_warnings(),
        ["logs are not complete: No space left on device (os error 28)"]
    );
}

#[test]
fn a_planted_link_in_place_of_the_state_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let away = tempfile::tempdir().unwrap();
    symlink(away.path(), dir.path().join(".par")).unwrap();
    let store = Store::new(dir.path(), run(1));
    store.logs().append(TASK, 1, "a", Stdout, At(0), b"x").unwrap();
    assert_eq!(std::fs::read_dir(away.path()).unwrap().count(), 0);
    assert_eq!(store.take_warnings().len(), 1);
}

#[test]
fn a_line_that_was_cut_off_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let mut events = store.events();
    events.push(&started(&run(1)));
    events.finish();
    let path = store.directory().unwrap().join("events.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"at\":5,\"event\":\"beg");
    std::fs::write(&path, text).unwrap();
    let runs = Runs::new(dir.path());
    let all: io::Result<Vec<Event>> = runs.events(&runs.find("2026").unwrap()).unwrap().collect();
    assert_eq!(all.unwrap(), [started(&run(1))]);
}

#[test]
fn events_of_a_newer_version_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let path = store.directory().unwrap().join("events.jsonl");
    std::fs::write(&path, "{\"at\":0,\"event\":\"run_began\",\"version\":7}\n").unwrap();
    let runs = Runs::new(dir.path());
    let first = runs.events(&runs.find("latest").unwrap()).unwrap().next().unwrap();
    assert_eq!(
        first.unwrap_err().to_string(),
        "was recorded by a newer par (events of version 7, this one knows 1)"
    );
    std::fs::write(&path, "nonsense\n").unwrap();
    let first = runs.events(&runs.find("latest").unwrap()).unwrap().next().unwrap();
    assert_eq!(first.unwrap_err().to_string(), "events.jsonl is damaged in line 1: expected ident");
}

#[test]
fn runs_are_found_by_the_beginning_of_their_name() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(dir.path());
    assert_eq!(runs.find("latest"), Err("no run is recorded here".into()));
    let stores: Vec<Store> = (1..=3).map(|n| Store::new(dir.path(), run(n))).collect();
    stores.iter().for_each(|store| assert!(store.directory().is_some()));
    let ids: Vec<RunId> = runs.list().into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [run(3), run(2), run(1)]);
    assert_eq!(runs.find("latest").unwrap().id, run(3));
    assert_eq!(runs.find("20260102-000002").unwrap().id, run(2));
    assert_eq!(runs.find("2026"), Err("\"2026\" is the beginning of 3 runs".into()));
    assert_eq!(runs.find("1999"), Err("no run is called \"1999\"".into()));
}

#[test]
fn a_run_describes_itself_and_is_live_while_its_store_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let meta = Meta {
        version: 1,
        run: run(1),
        tasks: vec!["a".into()],
        arguments: vec!["run".into(), "a".into()],
        program: "par".into(),
        directory: "/w".into(),
        pid: 7,
        socket: None,
        started: 5,
        par: "0.1.0".into(),
        end: None,
    };
    store.write_meta(&meta);
    let runs = Runs::new(dir.path());
    let live = runs.find("latest").unwrap();
    assert_eq!((live.is_live, live.meta), (true, Some(meta)));
    drop(store);
    assert!(!runs.find("latest").unwrap().is_live);
    std::fs::write(live.directory.join("run.json"), "{").unwrap();
    assert_eq!(runs.find("latest").unwrap().meta, None);
}

#[test]
fn a_run_is_removed_only_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    store.logs().append(TASK, 1, "a", Stdout, At(0), b"x").unwrap();
    let runs = Runs::new(dir.path());
    let entry = runs.find("latest").unwrap();
    assert!(!runs.remove(&entry).unwrap());
    drop(store);
    assert!(runs.remove(&entry).unwrap());
    assert_eq!(runs.list(), []);
}

#[test]
fn nobody_waits_for_a_process_that_holds_the_lock_of_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let state = Folder::at(dir.path()).unwrap().ensure(STATE).unwrap();
    let held = state.lock(STATE_LOCK, FlockOperation::LockExclusive).unwrap();
    let store = Store::new(dir.path(), run(1));
    assert!(store.directory().is_some());
    store.prune(true);
    store.events().finish();
    assert_eq!(store.take_warnings(), [""; 0]);
    drop(held);
}

#[test]
fn a_state_directory_that_is_removed_during_the_run_costs_warnings_and_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path(), run(1));
    let mut logs = store.logs();
    logs.append(TASK, 1, "a", Stdout, At(0), b"one").unwrap();
    std::fs::remove_dir_all(dir.path().join(STATE)).unwrap();
    logs.append(TASK, 1, "a", Stdout, At(0), b" two").unwrap();
    for unit in 2..5 {
        logs.append(UnitId(unit), 1, "b", Stdout, At(0), b"three").unwrap();
    }
    assert_eq!(text(&store.reader(), TASK, 0, 99), [(Stdout, "one two".into())]);
    assert_eq!(text(&store.reader(), UnitId(4), 0, 99), [(Stdout, "three".into())]);
    let warning = "logs are not kept: No such file or directory (os error 2)";
    assert_eq!(store.take_warnings(), [warning]);
}

#[test]
fn pruning_keeps_the_latest_and_the_living() {
    let dir = tempfile::tempdir().unwrap();
    let oldest = Store::new(dir.path(), run(1));
    for number in 1..=6 {
        let store = if number == 1 { oldest.clone() } else { Store::new(dir.path(), run(number)) };
        store.logs().append(TASK, 1, "a", Stdout, At(0), &[b'x'; 1000]).unwrap();
    }
    let left = |limits| {
        prune::prune(&oldest.state().unwrap(), Some(run(6).as_str()), limits).unwrap();
        let list = Runs::new(dir.path()).list();
        list.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    let many = prune::Limits { runs: 3, bytes: 1 << 30 };
    assert_eq!(left(many), [run(6), run(5), run(4), run(1)]);
    let large = prune::Limits { runs: 9, bytes: 2500 };
    // What has ended is not measured again.
    let sizes = std::fs::read_to_string(dir.path().join(".par/sizes")).unwrap();
    let known: Vec<_> = sizes.lines().skip(1).map(|line| line.split_once(' ').unwrap()).collect();
    let ids: Vec<_> = known.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids, [run(6), run(5), run(4)].map(|id| id.to_string()));
    assert!(known.iter().all(|(size, _)| (1000..2000).contains(&size.parse().unwrap())));
    let all_small = known.iter().map(|(_, id)| format!("1 {id}\n")).collect::<String>();
    std::fs::write(dir.path().join(".par/sizes"), format!("par sizes 1\n{all_small}")).unwrap();
    assert_eq!(left(large), [run(6), run(5), run(4), run(1)]);
    std::fs::write(dir.path().join(".par/sizes"), "nonsense").unwrap();
    assert_eq!(left(large), [run(6), run(5), run(1)]);
    drop(oldest);
}

#[test]
fn a_run_that_goes_on_is_measured_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let state = || std::fs::read_to_string(dir.path().join(".par/sizes")).unwrap();
    let store = Store::new(dir.path(), run(1));
    store.logs().append(TASK, 1, "a", Stdout, At(0), b"one").unwrap();
    store.prune(false);
    assert_eq!(state(), "par sizes 1\n");
    store.prune(true);
    assert!(state().ends_with(&format!(" {}\n", run(1))), "{}", state());
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 1..=8 {
            let root = dir.path();
            scope.spawn(move || {
                let store = Store::new(root, run(number));
                let mut logs = store.logs();
                logs.append(TASK, 1, "a", Stdout, At(0), number.to_string().as_bytes()).unwrap();
                store.prune(true);
                assert_eq!(text(&store.reader(), TASK, 0, 9), [(Stdout, number.to_string())]);
                assert_eq!(store.take_warnings(), [""; 0]);
            });
        }
    });
    assert_eq!(Runs::new(dir.path()).list().len(), 8);
}
