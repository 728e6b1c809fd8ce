//! `par config`: who decides what.

use crate::harness::Test;

#[test]
fn every_setting_names_who_decided_it() {
    Test::new()
        .taskfile("{version: '3', parallel: {jobs: 7, grace: 9s, stall: 1m, load: 80%, pools: {db: 1, net: 4}}, tasks: {}}")
        .file(".par.yml", "parallel_execution: {max_agents: 3, stall_threshold: 60, pools: {db: 2}}")
        .home_file(".config/par/config.yml", "{grace: 1s, fallback: sequential, max_parallel: 3}")
        .env("PAR_OUTPUT_MODE", "prefixed")
        .env("MAX_JOBS", "2")
        .args(["config", "--sequential", "-v", "--memory", "512MiB", "--deadline", "1h"])
        .stdout(
            "
            parallel      false        flag --sequential
            jobs          3            .par.yml
            max_jobs      2            environment variable MAX_JOBS
            slots         1            flag --sequential
            grace         9s           Taskfile.yml
            deadline      3600s        flag --deadline
            stall         60s          .par.yml
            silence       30s          default
            fallback      sequential   [HOME]/.config/par/config.yml
            load          80%          Taskfile.yml
            memory        512MiB       flag --memory
            max_parallel  3            [HOME]/.config/par/config.yml
            pools         db=2 net=4   .par.yml
            output        prefixed     environment variable PAR_OUTPUT_MODE
            color         auto         default
            interval      100ms        default
            temp_dir      -            default
            force         no           default
            precedence    environment  default
            events        -            default
            silent        false        default
            verbose       true         flag --verbose
            dry           false        default
            yes           false        default
            exit_code     false        default
            fail_fast     false        default
            keep_going    false        default
            together      false        default
            interactive   false        default
            fuzzy         true         default
            strict_jobs   false        default
            strict        false        default
            ",
        )
        .run();
}

#[test]
fn one_variable_makes_it_sequential() {
    for (name, value) in [("USE_PARALLEL", "false"), ("ENABLE_PARALLEL_EXECUTION", "0")] {
        Test::new()
            .env(name, value)
            .args(["config"])
            .stdout_has(&format!("\nslots         1            environment variable {name}\n"))
            .run();
    }
}

#[test]
fn programs_get_json() {
    Test::new()
        .args(["config", "--json", "-j", "3"])
        .stdout_has("\"slots\": {\n    \"origin\": {\n      \"flag\": \"--jobs\"\n    },\n    \"value\": 3\n  }")
        .run();
}

#[test]
fn a_wrong_variable_is_named() {
    Test::new()
        .env("PAR_JOBS", "many")
        .env("MAX_JOBS", "0")
        .args(["config"])
        .stderr(
            "
            error: environment variable PAR_JOBS is `many`: expected a number from 1, a share as 50%, or auto
            error: environment variable MAX_JOBS is `0`: expected a number from 1
            ",
        )
        .status(1)
        .run();
}

#[test]
fn a_wrong_settings_file_shows_its_line() {
    Test::new()
        .file(".par.yml", "jobs: 2\nstall: soon\n")
        .stand_in("below")
        .args(["config"])
        .stderr(
            "
            error: `stall` must be a duration, as `90s` or `1h30m`
             --> [DIR]/.par.yml:2:8
              |
            2 | stall: soon
              |        ^^^^ not a duration
            ",
        )
        .status(102)
        .run();
    Test::new()
        .args(["config", "--config", "none.yml"])
        .stderr("error: settings file `[DIR]/none.yml` does not exist\n")
        .status(1)
        .run();
}

/// Under its own name it is an error, under go-task's a warning: there it is none.
#[test]
fn broken_settings_of_go_task_are_told() {
    let broken = || {
        let tasks = "{version: '3', silent: true, tasks: {a: echo ran}}";
        Test::new().taskfile(tasks).file(".taskrc.yml", "silent: [x").args(["a"])
    };
    let told = "cannot read `[DIR]/.taskrc.yml`: ";
    broken().stderr_has(&format!("error: {told}")).status(102).run();
    broken().called("task").stdout("ran\n").stderr_has(&format!("warning: {told}")).run();
}

#[test]
fn go_tasks_own_settings_count_below_the_environment() {
    Test::new()
        .file(".taskrc.yml", "{silent: true, verbose: true}")
        .home_file(".taskrc.yml", "failfast: true")
        .env("TASK_VERBOSE", "false")
        .args(["config"])
        .stdout_has("\nsilent        true         .taskrc.yml\n")
        .stdout_has("\nverbose       false        environment variable TASK_VERBOSE\n")
        .stdout_has("\nfail_fast     true         [HOME]/.taskrc.yml\n")
        .run();
}
