//! Both habits with real files: each reason, and what is remembered when.

mod go_task;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::host::{Ignored, Os, Pattern};

/// A project with a task `build` that reads `in/*` and makes `out/*`.
struct Project {
    dir: tempfile::TempDir,
    footprint: Footprint,
}

fn pattern(text: &str) -> Pattern {
    Pattern { text: text.into(), exclude: false }
}

impl Project {
    fn new() -> Project {
        let dir = tempfile::tempdir().unwrap();
        let footprint = Footprint {
            task: "build".into(),
            name: "build".into(),
            written: "build".into(),
            compare: Compare::Content,
            dir: Arc::from(dir.path()),
            sources: vec![pattern("in/*")],
            generates: vec![pattern("out/*")],
            ignored: Ignored::Kept,
            arguments: BTreeMap::new(),
            commands: vec!["cat in/* > out/all".into()],
            variables: BTreeMap::from([("MODE".into(), "fast".into())]),
            environment: BTreeMap::from([("LANG".into(), "C".into())]),
            forced: false,
            status_holds: true,
        };
        let project = Project { dir, footprint };
        project.write("in/a", "a");
        project.write("in/b", "b");
        project
    }

    /// A project whose task has succeeded.
    fn built() -> Project {
        let project = Project::new();
        assert_eq!(project.build(), Some(Reason::FirstRun));
        assert_eq!(project.ask(), None);
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    fn set_time(&self, path: &str, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = std::fs::File::options().write(true).open(self.path(path)).unwrap();
        file.set_modified(time).unwrap();
    }

    fn safe(&self, traces: Traces) -> Fingerprints {
        Fingerprints::safe(self.dir.path(), traces)
    }

    fn go_task(&self, traces: Traces) -> Fingerprints {
        Fingerprints::go_task(self.path(".task"), traces)
    }

    /// Why it would run.
    fn ask(&self) -> Option<Reason> {
        self.why(&self.safe(Traces::None))
    }

    fn why(&self, fingerprints: &Fingerprints) -> Option<Reason> {
        match fingerprints.judge(self.footprint.clone(), &Os) {
            Judgement::UpToDate => None,
            Judgement::Stale { reason, .. } => Some(reason),
        }
    }

    /// Runs it where that is needed, and says why it was.
    fn build(&self) -> Option<Reason> {
        self.run(&self.safe(Traces::Left), true)
    }

    fn run(&self, fingerprints: &Fingerprints, succeeds: bool) -> Option<Reason> {
        let judged = fingerprints.judge(self.footprint.clone(), &Os);
        let Judgement::Stale { reason, pending } = judged else { return None };
        self.write("out/all", "made");
        match succeeds {
            true => {
                fingerprints.expect(&pending);
                fingerprints.succeeded(pending, SystemTime::now() + Duration::from_secs(9), &Os);
            }
            false => fingerprints.failed(pending),
        }
        assert_eq!(fingerprints.take_warnings(), Vec::<String>::new());
        Some(reason)
    }
}

#[test]
fn a_task_that_succeeded_is_up_to_date() {
    let project = Project::built();
    assert_eq!(project.build(), None);
}

#[test]
fn changed_commands_are_a_reason() {
    let mut project = Project::built();
    project.footprint.commands.push("echo done".into());
    assert_eq!(project.ask(), Some(Reason::CommandsChanged));
}

#[test]
fn changed_variables_and_environment_are_reasons_with_a_name() {
    let mut project = Project::built();
    project.footprint.variables.insert("MODE".into(), "slow".into());
    assert_eq!(project.ask(), Some(Reason::VariableChanged("MODE".into())));
    assert_eq!(project.build(), Some(Reason::VariableChanged("MODE".into())));
    project.footprint.environment.remove("LANG");
    assert_eq!(project.ask(), Some(Reason::EnvironmentChanged("LANG".into())));
    project.footprint.environment.insert("LANG".into(), "C".into());
    assert_eq!(project.ask(), None);
}

#[test]
fn other_generates_or_another_method_are_reasons() {
    let mut project = Project::built();
    project.footprint.generates.push(pattern("out/a*"));
    assert_eq!(project.ask(), Some(Reason::OutputsRedefined));
    project.footprint.generates.pop();
    project.footprint.compare = Compare::Time;
    assert_eq!(project.ask(), Some(Reason::MethodChanged));
}

#[test]
fn a_source_that_changed_came_or_went_is_a_reason() {
    let project = Project::built();
    project.write("in/a", "A");
    assert_eq!(project.build(), Some(Reason::SourceChanged("in/a".into())));
    project.write("in/c", "");
    assert_eq!(project.build(), Some(Reason::SourceAdded("in/c".into())));
    project.remove("in/b");
    assert_eq!(project.build(), Some(Reason::SourceRemoved("in/b".into())));
    assert_eq!(project.ask(), None);
}

#[test]
fn a_source_that_was_renamed_is_a_reason() {
    let project = Project::built();
    std::fs::rename(project.path("in/b"), project.path("in/z")).unwrap();
    assert_eq!(project.ask(), Some(Reason::SourceAdded("in/z".into())));
}

#[test]
fn an_output_that_was_edited_or_removed_is_a_reason() {
    let project = Project::built();
    project.write("out/all", "by hand");
    assert_eq!(project.build(), Some(Reason::OutputChanged("out/all".into())));
    project.remove("out/all");
    assert_eq!(project.build(), Some(Reason::OutputMissing("out/all".into())));
    assert_eq!(project.ask(), None);
}

#[test]
fn what_others_put_beside_the_outputs_is_no_reason() {
    let project = Project::built();
    project.write("out/notes", "mine");
    assert_eq!(project.ask(), None);
}

#[test]
fn a_pattern_of_generates_that_matches_nothing_is_a_reason_each_time() {
    let mut project = Project::new();
    project.footprint.generates.push(pattern("never/*"));
    assert_eq!(project.build(), Some(Reason::FirstRun));
    assert_eq!(project.build(), Some(Reason::NothingGenerated("never/*".into())));
}

#[test]
fn status_and_force_are_reasons_and_success_is_remembered_all_the_same() {
    let mut project = Project::built();
    project.footprint.status_holds = false;
    assert_eq!(project.build(), Some(Reason::StatusFails));
    project.footprint.status_holds = true;
    assert_eq!(project.ask(), None);
    project.footprint.forced = true;
    assert_eq!(project.build(), Some(Reason::Forced));
    project.footprint.forced = false;
    assert_eq!(project.ask(), None);
}

#[test]
fn a_run_that_did_not_succeed_counts_for_nothing() {
    let project = Project::built();
    project.write("in/a", "A");
    let why = project.run(&project.safe(Traces::Left), false);
    assert_eq!(why, Some(Reason::SourceChanged("in/a".into())));
    assert_eq!(project.build(), Some(Reason::Unfinished));
    assert_eq!(project.ask(), None);
}

#[test]
fn a_run_that_never_ended_counts_for_nothing() {
    let mut project = Project::built();
    project.footprint.forced = true;
    drop(project.safe(Traces::Left).judge(project.footprint.clone(), &Os));
    project.footprint.forced = false;
    assert_eq!(project.ask(), Some(Reason::Unfinished));
}

#[test]
fn outputs_that_somebody_wrote_since_the_end_are_not_taken_for_the_tasks() {
    let project = Project::new();
    let fingerprints = project.safe(Traces::Left);
    let judged = fingerprints.judge(project.footprint.clone(), &Os);
    let Judgement::Stale { pending, .. } = judged else { panic!("it never ran") };
    project.write("out/all", "made by somebody else");
    fingerprints.succeeded(pending, SystemTime::now() - Duration::from_secs(60), &Os);
    assert_eq!(project.ask(), Some(Reason::Unfinished));
}

#[test]
fn who_asks_while_a_success_is_being_remembered_waits_for_it() {
    let project = Project::new();
    let fingerprints = project.safe(Traces::Left);
    let judged = fingerprints.judge(project.footprint.clone(), &Os);
    let Judgement::Stale { pending, .. } = judged else { panic!("it never ran") };
    project.write("out/all", "made");
    fingerprints.expect(&pending);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| project.why(&fingerprints));
        fingerprints.succeeded(pending, SystemTime::now() + Duration::from_secs(9), &Os);
        assert_eq!(asked.join().unwrap(), None);
    });
}

#[test]
fn other_arguments_are_another_call() {
    let mut project = Project::built();
    project.footprint.arguments.insert("TARGET".into(), "x86".into());
    assert_eq!(project.build(), Some(Reason::FirstRun));
    project.footprint.arguments.insert("TARGET".into(), "arm".into());
    assert_eq!(project.build(), Some(Reason::FirstRun));
    project.footprint.arguments.insert("TARGET".into(), "x86".into());
    assert_eq!(project.ask(), None);
}

#[test]
fn names_that_differ_in_one_sign_are_different_tasks() {
    let mut project = Project::new();
    project.footprint.task = "a:b".into();
    assert_eq!(project.build(), Some(Reason::FirstRun));
    project.footprint.task = "a-b".into();
    assert_eq!(project.build(), Some(Reason::FirstRun));
}

#[test]
fn with_method_timestamp_the_time_of_a_source_counts_and_its_content_does_not() {
    let mut project = Project::new();
    project.footprint.compare = Compare::Time;
    project.set_time("in/a", 1_000_000);
    assert_eq!(project.build(), Some(Reason::FirstRun));
    project.write("in/a", "A");
    project.set_time("in/a", 1_000_000);
    assert_eq!(project.ask(), None);
    project.set_time("in/a", 900_000);
    assert_eq!(project.ask(), Some(Reason::SourceChanged("in/a".into())));
}

#[test]
fn asking_leaves_no_traces() {
    let project = Project::new();
    assert_eq!(project.ask(), Some(Reason::FirstRun));
    let go_task = project.go_task(Traces::None);
    assert_eq!(project.why(&go_task), Some(Reason::NothingGenerated("out/*".into())));
    let mut names: Vec<_> = std::fs::read_dir(project.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["in"]);
}

/// The only record of a project.
fn record(project: &Project) -> PathBuf {
    let mut records = std::fs::read_dir(project.path(".par/fingerprints")).unwrap();
    let record = records.next().unwrap().unwrap().path();
    assert!(records.next().is_none());
    record
}

#[test]
fn a_record_that_cannot_be_read_counts_as_absent_with_a_warning() {
    let project = Project::built();
    let path = record(&project);
    let text = std::fs::read_to_string(&path).unwrap();
    let other_version = text.replacen("\"version\":1", "\"version\":99", 1);
    assert_ne!(text, other_version);
    for damaged in [&text[..text.len() / 2], "", &other_version] {
        std::fs::write(&path, damaged).unwrap();
        let fingerprints = project.safe(Traces::None);
        assert_eq!(project.why(&fingerprints), Some(Reason::FirstRun));
        assert_eq!(
            fingerprints.take_warnings(),
            [
                "what is remembered of task `build` cannot be read: it is damaged, or of another version"
            ]
        );
    }
}

#[test]
fn a_planted_link_is_neither_read_nor_followed() {
    let project = Project::built();
    let path = record(&project);
    let victim = project.path("victim");
    std::fs::rename(&path, &victim).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    let before = std::fs::read(&victim).unwrap();
    let fingerprints = project.safe(Traces::Left);
    assert_eq!(project.why(&fingerprints), Some(Reason::FirstRun));
    assert_eq!(fingerprints.take_warnings().len(), 1);
    assert_eq!(std::fs::read(&victim).unwrap(), before);
    assert!(!path.symlink_metadata().unwrap().is_symlink());
}

#[test]
fn values_do_not_stand_in_the_record() {
    let mut project = Project::new();
    project.footprint.variables.insert("TOKEN".into(), "hunter2".into());
    project.build();
    assert!(!std::fs::read_to_string(record(&project)).unwrap().contains("hunter2"));
}

#[test]
fn a_checkout_may_move() {
    let mut project = Project::built();
    let new = tempfile::tempdir().unwrap();
    let to = new.path().join("moved");
    std::fs::rename(project.dir.path(), &to).unwrap();
    project.footprint.dir = Arc::from(&*to);
    let fingerprints = Fingerprints::safe(&to, Traces::None);
    assert_eq!(project.why(&fingerprints), None);
}
