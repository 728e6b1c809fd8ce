//! go-task's habit with real files.

use super::*;

fn read(project: &Project, path: &str) -> Option<String> {
    std::fs::read_to_string(project.path(path)).ok()
}

fn run(project: &Project, succeeds: bool) -> Option<Reason> {
    project.run(&project.go_task(Traces::Left), succeeds)
}

#[test]
fn only_sources_count() {
    let mut project = Project::new();
    assert_eq!(run(&project, true), Some(Reason::NothingGenerated("out/*".into())));
    project.footprint.commands.clear();
    project.footprint.variables.clear();
    project.write("out/all", "by hand");
    assert_eq!(run(&project, true), None);
    project.write("in/a", "A");
    assert_eq!(run(&project, true), Some(Reason::SourcesChanged));
}

#[test]
fn the_checksum_is_written_before_and_removed_after_a_failure() {
    let mut project = Project::new();
    project.footprint.name = "a:b c".into();
    run(&project, true);
    let sum = crate::host::digest::shown(
        Os.checksum(&[project.path("in/a"), project.path("in/b")]).unwrap(),
    );
    assert_eq!(read(&project, ".task/checksum/a-b-c"), Some(format!("{sum}\n")));
    project.write("in/a", "A");
    run(&project, false);
    assert_eq!(read(&project, ".task/checksum/a-b-c"), None);
}

#[test]
fn forced_tasks_write_nothing() {
    let mut project = Project::new();
    project.footprint.forced = true;
    assert_eq!(run(&project, true), Some(Reason::Forced));
    assert_eq!(read(&project, ".task/checksum/build"), None);
}

#[test]
fn a_forced_task_that_fails_forgets_the_checksum() {
    let mut project = Project::new();
    run(&project, true);
    project.footprint.forced = true;
    run(&project, false);
    assert_eq!(read(&project, ".task/checksum/build"), None);
}

#[test]
fn status_may_say_that_there_is_something_to_do() {
    let mut project = Project::new();
    run(&project, true);
    project.footprint.status_holds = false;
    assert_eq!(run(&project, true), Some(Reason::StatusFails));
}

#[test]
fn a_stamp_is_compared_with_the_times_of_sources() {
    let mut project = Project::new();
    project.footprint.compare = Compare::Time;
    project.footprint.generates.clear();
    project.set_time("in/a", 1_000_000);
    project.set_time("in/b", 1_000_000);
    assert_eq!(run(&project, true), Some(Reason::FirstRun));
    assert_eq!(read(&project, ".task/timestamp/build"), Some(String::new()));
    assert_eq!(run(&project, true), None);
    project.set_time("in/b", 9_000_000_000);
    let newer = Reason::SourceNewer(project.path("in/b"));
    assert_eq!(run(&project, false), Some(newer.clone()));
    assert_eq!(run(&project, true), Some(newer));
}

#[test]
fn the_stamp_has_the_name_as_written() {
    let mut project = Project::new();
    project.footprint.compare = Compare::Time;
    project.footprint.generates.clear();
    project.footprint.written = "build-*".into();
    project.footprint.name = "label".into();
    run(&project, true);
    assert!(Path::exists(&project.path(".task/timestamp/build--")));
}
