use super::*;

fn settings(variables: &[(&str, &str)], own: ParallelFlags, files: &Files) -> Settings {
    let flags = Flags::default();
    let said = Said { program: Program::Par, own: &own, flags: &flags };
    resolve(said, &environment(variables), files, || 8).expect("no errors")
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let find = |key: &str| Some(variables.iter().find(|(name, _)| *name == key)?.1.to_string());
    Environment::read(&find)
}

fn file(name: &str, parallel: Parallel) -> Option<(PathBuf, Parallel)> {
    Some((name.into(), parallel))
}

#[test]
fn a_flag_beats_the_environment_which_beats_files() {
    let jobs = |jobs| Parallel { jobs: Some(jobs), ..Parallel::default() };
    let files = Files {
        project: file(".par.yml", jobs(Jobs::Count(3))),
        taskfile: None,
        user: file("config.yml", jobs(Jobs::Count(5))),
    };
    let said = ParallelFlags { jobs: Some(Jobs::Count(2)), ..ParallelFlags::default() };
    let decided = settings(&[("PAR_JOBS", "4")], said, &files);
    assert_eq!((decided.slots, decided.jobs.origin), (2, Origin::Flag("--jobs")));
    let decided = settings(&[("PAR_JOBS", "4")], ParallelFlags::default(), &files);
    assert_eq!((decided.slots, decided.jobs.origin), (4, Origin::Environment("PAR_JOBS")));
    let decided = settings(&[], ParallelFlags::default(), &files);
    assert_eq!((decided.slots, decided.jobs.origin), (3, Origin::Project(".par.yml".into())));
    let files = Files { project: None, ..files };
    let decided = settings(&[], ParallelFlags::default(), &files);
    assert_eq!((decided.slots, decided.jobs.origin), (5, Origin::User("config.yml".into())));
}

#[test]
fn max_jobs_lowers_auto_and_nothing_else() {
    let none = Files::default();
    let slots =
        |variables: &[(&str, &str)]| settings(variables, ParallelFlags::default(), &none).slots;
    assert_eq!(slots(&[]), 8);
    assert_eq!(slots(&[("MAX_JOBS", "3")]), 3);
    assert_eq!(slots(&[("MAX_JOBS", "30")]), 8);
    assert_eq!(slots(&[("MAX_JOBS", "3"), ("PAR_JOBS", "6")]), 6);
    assert_eq!(slots(&[("PAR_JOBS", "50%")]), 4);
    assert_eq!(slots(&[("PAR_JOBS", "1%")]), 1);
}

#[test]
fn one_variable_turns_parallel_off() {
    for name in ["USE_PARALLEL", "ENABLE_PARALLEL_EXECUTION"] {
        for off in ["false", "0", "no", "off", "FALSE"] {
            let decided = settings(&[(name, off)], ParallelFlags::default(), &Files::default());
            assert_eq!((*decided.parallel, decided.slots), (false, 1), "{name}={off}");
            assert_eq!(decided.lent(), 0);
        }
    }
}

#[test]
fn slots_are_lent_where_nobody_said_a_number_and_never_beyond_a_cap() {
    let none = Files::default();
    let lent = |variables: &[(&str, &str)]| {
        let decided = settings(variables, ParallelFlags::default(), &none);
        (decided.slots, decided.lent())
    };
    assert_eq!(lent(&[]), (8, 8));
    assert_eq!(lent(&[("PAR_JOBS", "auto")]), (8, 8));
    assert_eq!(lent(&[("PAR_JOBS", "6")]), (6, 0));
    assert_eq!(lent(&[("PAR_JOBS", "50%")]), (4, 0));
    assert_eq!(lent(&[("MAX_JOBS", "3")]), (3, 0));
    assert_eq!(lent(&[("MAX_JOBS", "12")]), (8, 4));
}

#[test]
fn go_tasks_name_has_no_limit_but_what_it_is_told() {
    let none = Files::default();
    let own = ParallelFlags::default();
    let slots = |concurrency| {
        let mut flags = Flags::default();
        flags.run.concurrency = concurrency;
        let said = Said { program: Program::Task, own: &own, flags: &flags };
        resolve(said, &environment(&[]), &none, || 8).expect("no errors").slots
    };
    assert_eq!([slots(None), slots(Some(0)), slots(Some(-1))], [u32::MAX; 3]);
    assert_eq!(slots(Some(3)), 3);
}

#[test]
fn bad_values_name_their_variable_and_come_together() {
    let (own, flags) = (ParallelFlags::default(), Flags::default());
    let said = Said { program: Program::Par, own: &own, flags: &flags };
    let variables =
        [("PAR_JOBS", "x"), ("MAX_JOBS", "-1"), ("USE_PARALLEL", "perhaps"), ("PAR_COLOR", "red")];
    let errors = resolve(said, &environment(&variables), &Files::default(), || 8).unwrap_err();
    let messages: Vec<&str> = errors.iter().map(|error| &*error.message).collect();
    assert_eq!(
        messages,
        [
            "environment variable USE_PARALLEL is `perhaps`: expected true or false",
            "environment variable PAR_JOBS is `x`: expected a number from 1, a share as 50%, or auto",
            "environment variable MAX_JOBS is `-1`: expected a number from 1",
            "environment variable PAR_COLOR is `red`: expected auto, always or never",
        ]
    );
}
