//! What CI systems make of the output: folds, annotations, a summary, and signs of life.

use crate::harness::Test;

const TASKS: &str = "
    version: '3'
    tasks:
      good: {deps: [left, right]}
      left: 'echo ::warning::left; printf open'
      right: 'echo right'
      bad: {deps: [left, fails]}
      fails: 'echo before; echo broken >&2; exit 3'
      alone: echo alone
    ";

fn test(args: &[&str]) -> Test {
    Test::new().taskfile(TASKS).args(args.iter().copied())
}

#[test]
fn github_folds_what_went_well_and_is_told_of_it_in_one_stream() {
    let left = "::group::left ([TIME])\npar: [left] echo ::warning::left; printf open\n";
    let right = "::group::right ([TIME])\npar: [right] echo right\nright\n::endgroup::\n";
    let ran = test(&["-j2", "good"])
        .env("GITHUB_ACTIONS", "true")
        .env("PAR_COLOR", "never")
        .hide_times()
        .stdout_has(left)
        .stdout_has(right)
        .stdout_has("open\n::endgroup::\n")
        .stdout_has("\n::warning::left\n")
        .stdout_has("par: 3 tasks, [TIME]")
        .run();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!((text.matches("::group::").count(), text.matches("::endgroup::").count()), (2, 2));
}

#[test]
fn a_failure_is_never_folded_stands_last_and_is_annotated_once() {
    let ran = test(&["-j1", "bad"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .env("PAR_COLOR", "never")
        .hide_times()
        .stdout_has("::error title=task fails failed::exit status 3%0Abroken\n")
        .stderr_has("")
        .status(201)
        .run();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let mut depth = 0;
    for line in text.lines() {
        depth += i32::from(line.starts_with("::group::")) - i32::from(line == "::endgroup::");
        assert!(depth == 0 || !line.contains("broken"), "folded: {text}");
    }
    assert_eq!(text.matches("::error ").count(), 1, "{text}");
    let summary = ran.text("summary.md");
    for part in [
        "### par: bad failed\n",
        "| fails | **failed** |",
        "| bad | skipped because of fails |",
        "| left | passed |",
        "**fails**: exit status 3\n\n```text\nbefore\nbroken\n```\n",
    ] {
        assert!(summary.contains(part), "no {part:?} in {summary}");
    }
}

#[test]
fn data_and_other_modes_are_left_alone() {
    let github = |args: &[&str]| test(args).env("GITHUB_ACTIONS", "true").env("PAR_COLOR", "never");
    github(&["-s", "-j2", "good"]).stdout_has("right\n").run();
    github(&["alone"]).stdout("alone\n").stderr("par: [alone] echo alone\n").run();
    let ran = github(&["-o", "group", "good"]).stdout_has("right\n").stderr_has("").run();
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("::group::"));
}

#[test]
fn gitlab_gets_sections() {
    let ran = test(&["-j2", "good"])
        .env("GITLAB_CI", "true")
        .env("PAR_COLOR", "never")
        .stdout_has("\r\x1b[0Kright (")
        .run();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let pattern =
        "\x1b\\[0Ksection_start:(\\d+):(par_\\w+)\\[collapsed=true\\]\r\x1b\\[0K(left|right) \\(";
    let starts = regex::Regex::new(pattern).expect("a pattern");
    let found: Vec<_> = starts.captures_iter(&text).collect();
    assert_eq!(found.len(), 2, "{text:?}");
    for start in found {
        let end = format!("\x1b\\[0Ksection_end:(\\d+):{}\r\x1b\\[0K\n", &start[2]);
        let end = regex::Regex::new(&end).expect("a pattern");
        let ended: u64 = end.captures(&text).expect("its end")[1].parse().expect("a number");
        let began: u64 = start[1].parse().expect("a number");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("after 1970").as_secs();
        assert!(began <= ended && ended <= now && now < began + 600, "{began} {ended} {now}");
    }
}

#[test]
fn a_summary_of_the_job_needs_no_more_than_its_file() {
    let taskfile = "{version: '3', tasks: {all: {deps: [made]}, made: {sources: [in], generates: [out], cmds: [cp in out]}}}";
    let test = Test::new().taskfile(taskfile).file("in", "").file("summary.md", "before\n");
    let ran = test.args(["-s", "all"]).env("GITHUB_STEP_SUMMARY", "summary.md").run();
    let summary = ran.text("summary.md");
    assert!(summary.starts_with("before\n### par: all passed\n\ntasks: 2, "), "{summary}");
    assert!(summary.contains("| made | passed | "), "{summary}");
    let ran = ran.again().args(["-s", "all"]).env("GITHUB_STEP_SUMMARY", "summary.md").run();
    let summary = ran.text("summary.md");
    assert!(
        summary.contains("| made | passed | ") && summary.contains("| made | up to date | "),
        "{summary}"
    );
}

#[test]
fn a_line_says_what_runs_when_nothing_was_shown_for_a_while() {
    let taskfile = "{version: '3', tasks: {waits: 'read l < one; echo seen; read l < two'}}";
    let test = || Test::new().taskfile(taskfile).fifo("one").fifo("two").args(["waits"]);
    let mut live = test().env("PAR_SILENCE", "40ms").stdout_has("seen").stderr_has("").start();
    live.see_stderr("par: still running: waits (");
    // And again.
    live.see_stderr("s)\npar: still running: waits (");
    live.tell("one");
    live.see("seen\n");
    live.tell("two");
    live.end();
    let wrong =
        "error: environment variable PAR_SILENCE is `long`: expected a duration as 90s or 1h30m\n";
    test().env("PAR_SILENCE", "long").stderr(wrong).status(1).run();
}
