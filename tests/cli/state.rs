//! What is kept in `.par`: damage to it, who may read it, what others planted there.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use par::event::Kind;
use par::store::Runs;

use crate::harness::{Ran, Test};

const TASKS: &str = "
    version: '3'
    tasks:
      all: {deps: [gen, other]}
      gen: {sources: [in.txt], generates: [out.txt], cmds: [cat in.txt >out.txt]}
      other: echo other
    ";

fn first() -> Ran {
    let test = Test::new().taskfile(TASKS).file("in.txt", "v1\n").args(["-s", "-j2", "all"]);
    test.stdout("other\n").run()
}

/// All that is there, folders first.
fn all(below: &Path) -> Vec<PathBuf> {
    let mut found = vec![below.to_path_buf()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            let inner =
                fs::read_dir(path).expect("a folder").map(|entry| entry.expect("it").path());
            found.extend(inner);
        }
    }
    found
}

type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 7] = [
    ("emptied", |file| fs::write(file, "").expect("written")),
    ("cut in half", |file| {
        let bytes = fs::read(file).expect("bytes");
        fs::write(file, &bytes[..bytes.len() / 2]).expect("written");
    }),
    ("zeros", |file| fs::write(file, [0; 300]).expect("written")),
    ("noise", |file| {
        let noise: Vec<u8> =
            (0..3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fs::write(file, noise).expect("written");
    }),
    ("a long line before it", |file| {
        let bytes = fs::read(file).expect("bytes");
        fs::write(file, [b"9".repeat(300_000), b"\n".to_vec(), bytes].concat()).expect("written");
    }),
    ("a folder", |file| {
        fs::remove_file(file).expect("removed");
        fs::create_dir_all(file.join("inner")).expect("a folder");
    }),
    ("a link", |file| {
        fs::remove_file(file).expect("removed");
        symlink("/etc/hostname", file).expect("a link");
    }),
];

#[test]
fn whatever_is_damaged_the_next_run_is_right_and_mends_it() {
    for (name, damage) in DAMAGES {
        let ran = first();
        for file in all(&ran.path(".par")).into_iter().filter(|path| path.is_file()) {
            damage(&file);
        }
        fs::write(ran.path("in.txt"), "v2\n").expect("written");
        let again = ran.again().args(["-s", "-j2", "all"]).stdout("other\n").stderr_has("").run();
        assert_eq!(again.text("out.txt"), "v2\n", "{name}");
        let third = again.again().args(["gen"]).stderr("par: Task \"gen\" is up to date\n").run();
        assert_eq!(third.text("out.txt"), "v2\n", "{name}");
    }
}

#[test]
fn damage_to_what_is_remembered_is_told() {
    let ran = first();
    let folder = ran.path(".par/fingerprints");
    for file in all(&folder).into_iter().filter(|path| path.is_file()) {
        fs::write(file, "{").expect("written");
    }
    ran.again()
        .args(["-s", "gen"])
        .stderr(
            "par: what is remembered of task `gen` cannot be read: it is damaged, or of another version\n",
        )
        .run();
}

#[test]
fn damage_to_what_tasks_took_is_told_once() {
    let ran = first();
    fs::write(ran.path(".par/durations"), "par durations 2\n12 x\n").expect("written");
    let told = "par: how long tasks took cannot be read, or not all of it: it is damaged, or of another version\n";
    let again = ran.again().args(["-s", "other"]).stdout("other\n").stderr(told).run();
    again.again().args(["-s", "other"]).stdout("other\n").run();
}

#[test]
fn a_state_that_others_could_enter_is_closed_to_them() {
    let test = Test::new().taskfile(TASKS).file("in.txt", "").args(["-s", "other"]);
    fs::create_dir(test.path(".par")).expect("a folder");
    fs::set_permissions(test.path(".par"), fs::Permissions::from_mode(0o777)).expect("a mode");
    let ran = test.stdout("other\n").run();
    let mode = fs::metadata(ran.path(".par")).expect("it").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_state_is_the_users_own_whatever_the_umask() {
    for mask in ["0", "022", "077"] {
        let test = Test::new().taskfile(TASKS).file("in.txt", "").args(["-s", "all"]);
        let ran = test.under(&format!("umask {mask}")).stdout("other\n").run();
        for path in all(&ran.path(".par")) {
            let found = fs::metadata(&path).expect("it");
            let wanted = if found.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(found.permissions().mode() & 0o777, wanted, "{} {mask}", path.display());
        }
    }
}

#[test]
fn planted_links_are_not_followed() {
    for planted in
        [".par", ".par/runs", ".par/fingerprints", ".par/locks", ".par/durations", ".par/lock"]
    {
        let test = Test::new().taskfile(TASKS).file("in.txt", "v1\n").file("away/kept", "precious");
        let test = test.args(["-s", "all"]).stdout("other\n").stderr_has("");
        let (link, away) = (test.path(planted), test.path("away"));
        fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
        let target =
            if planted.ends_with('s') && !planted.ends_with("durations") || planted == ".par" {
                away.clone()
            } else {
                away.join("kept")
            };
        symlink(target, link).expect("a link");
        let ran = test.run();
        assert_eq!(all(&away).len(), 2, "{planted}");
        assert_eq!(ran.text("away/kept"), "precious", "{planted}");
        assert_eq!(ran.text("out.txt"), "v1\n", "{planted}");
    }
}

#[test]
fn an_edit_that_leaves_size_and_time_as_they_were_is_seen() {
    let ran = first();
    let source = ran.path("in.txt");
    let time = fs::metadata(&source).expect("it").modified().expect("a time");
    fs::write(&source, "v2\n").expect("written");
    let file = fs::File::options().write(true).open(&source).expect("it");
    file.set_modified(time).expect("a time");
    let again = ran.again().args(["-s", "gen"]).run();
    assert_eq!(again.text("out.txt"), "v2\n");
}

#[test]
fn the_latest_run_is_the_one_that_was_started_last_although_the_clock_went_back() {
    let ran = first();
    let runs = ran.path(".par/runs");
    let before = fs::read_dir(&runs).expect("runs").next().expect("a run").expect("it").path();
    fs::rename(before, runs.join("20990101-000000-000000")).expect("renamed");
    let again = ran.again().args(["-s", "say"]);
    let again = again.taskfile("{version: '3', tasks: {say: echo later}}").stdout("later\n").run();
    assert_eq!(again.log("say.log"), b"later\n");
    let third = again.again().args([":logs", "say"]).stdout("later\n");
    third.run();
}

#[test]
fn a_clock_that_goes_backwards_hides_no_edit() {
    let ran = first();
    let source = ran.path("in.txt");
    let file = fs::File::options().write(true).open(&source).expect("it");
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::write(&source, "v3\n").expect("written");
    file.set_modified(old).expect("a time");
    let again = ran.again().args(["-s", "gen"]).run();
    assert_eq!(again.text("out.txt"), "v3\n");
}

/// JSON has no way to write its name.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_no_text_keeps_all_events() {
    let test = Test::new().args(["-s"]);
    let folder = test.path("").join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("Taskfile.yml"), "{version: '3', tasks: {default: 'echo hi'}}").unwrap();
    let output = test.command().current_dir(&folder).output().expect("it starts");
    assert!(output.status.success() && output.stdout == b"hi\n", "{output:?}");
    let runs = Runs::new(&folder);
    let mut events = runs.events(&runs.find("latest").unwrap()).unwrap();
    assert!(matches!(events.next().unwrap().unwrap().kind, Kind::RunStarted { .. }));
    assert!(matches!(events.last().unwrap().unwrap().kind, Kind::RunFinished { .. }));
}
