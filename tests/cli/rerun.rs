//! `par rerun`: what an earlier run did not finish.

use crate::harness::{Ran, Test};

const TASKFILE: &str = "
    version: '3'
    tasks:
      all: {deps: [left, right], cmds: [echo all]}
      left: {deps: [base], cmds: [echo left]}
      right: {deps: [base], cmds: [echo right; test -f fixed]}
      base: echo base
    ";

fn broken() -> Ran {
    let test = Test::new().taskfile(TASKFILE).args(["-s", "-j1", "all"]);
    test.stdout("base\nleft\nright\n").stderr_has("`right` failed").status(201).run()
}

fn fix(ran: &Ran) {
    std::fs::write(ran.path("fixed"), "").expect("a file");
}

#[test]
fn a_run_goes_on_where_it_stopped() {
    let ran = broken();
    fix(&ran);
    let resumed = ran.again().args(["rerun", "--resume"]).stdout("right\nall\n").stderr("").run();
    let done = resumed.again().args(["rerun", "--resume"]);
    done.stderr("error: nothing is left to do in run [RUN]\n").status(1).run();
}

#[test]
fn what_was_resumed_and_failed_again_is_resumed_again() {
    let again = broken().again().args(["rerun", "--resume"]);
    let ran = again.stdout("right\n").stderr_has("`right` failed").status(201).run();
    fix(&ran);
    ran.again().args(["rerun", "--resume"]).stdout("right\nall\n").run();
}

#[test]
fn only_what_failed_runs() {
    let ran = broken();
    fix(&ran);
    ran.again().args(["rerun", "--failed"]).stdout("base\nright\n").run();
}

#[test]
fn without_a_flag_all_of_it_runs_again() {
    let ran = broken();
    fix(&ran);
    ran.again().args(["rerun"]).stdout("base\nleft\nright\nall\n").run();
}

#[test]
fn a_run_that_was_killed_is_resumed() {
    let taskfile = "
        version: '3'
        tasks:
          all: {cmds: [{task: step, vars: {N: 1}}, {task: step, vars: {N: 2}}, {task: last}]}
          step: ['echo step {{.N}}']
          last: ['echo last; test -f go || exec sleep 1000']
        ";
    let live =
        Test::new().taskfile(taskfile).args(["-s", "all"]).stdout_has("last\n").status(137).start();
    live.see("last\n");
    // What has ended is on disk soon after.
    wait_until(|| recorded(&live.path("")).contains("\"task\":\"step\""));
    wait_until(|| recorded(&live.path("")).matches("\"task\":\"step\"").count() == 2);
    live.signal(libc::SIGKILL);
    live.wait_for_all();
    let ran = live.end();
    std::fs::write(ran.path("go"), "").expect("a file");
    ran.again().args(["rerun", "latest", "--resume"]).stdout("last\n").run();
}

/// What the latest run says of what has ended in it.
fn recorded(root: &std::path::Path) -> String {
    let runs = std::fs::read_dir(root.join(".par/runs")).into_iter().flatten().flatten();
    runs.filter_map(|run| std::fs::read_to_string(run.path().join("ended.jsonl")).ok()).collect()
}

fn wait_until(is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < crate::live::LIMIT, "it never was so");
        std::thread::yield_now();
    }
}

#[test]
fn outputs_of_what_is_not_run_again_are_known() {
    let taskfile = "
        version: '3'
        tasks:
          all: {deps: [build], cmds: ['echo push {{.OUTPUTS.build.TAG}}; test -f fixed']}
          build: echo building; echo TAG=v1 >> $PAR_OUTPUT
        ";
    let test = Test::new().taskfile(taskfile).args(["-s", "-j1", "all"]);
    let ran = test.stdout("building\npush v1\n").stderr_has("failed").status(201).run();
    fix(&ran);
    ran.again().args(["rerun", "--resume"]).stdout("push v1\n").run();
}

#[test]
fn turns_of_a_loop_and_programs_are_told_apart() {
    let taskfile = "
        version: '3'
        tasks:
          all:
            - for: [1, 2, 3]
              task: step
              vars: {N: '{{.ITEM}}'}
            - task:step N=4; task:last
          step: ['echo step {{.N}}']
          last: ['echo last; test -f fixed']
        ";
    let test = Test::new().taskfile(taskfile).args(["-s", "-j1", "all"]);
    let ran = test
        .stdout("step 1\nstep 2\nstep 3\nstep 4\nlast\n")
        .stderr_has("failed")
        .status(201)
        .run();
    fix(&ran);
    ran.again().args(["rerun", "--resume"]).stdout("last\n").run();
}

#[test]
fn sources_that_changed_since_count() {
    let taskfile = "
        version: '3'
        tasks:
          all: {deps: [copy], cmds: ['test -f fixed']}
          copy: {sources: [a], cmds: ['cat a']}
        ";
    let test = Test::new().taskfile(taskfile).file("a", "one\n").args(["-s", "-j1", "all"]);
    let ran = test.stdout("one\n").stderr_has("failed").status(201).run();
    fix(&ran);
    std::fs::write(ran.path("a"), "two\n").expect("a file");
    ran.again().args(["rerun", "--resume"]).stdout("two\n").run();
}

#[test]
fn a_task_that_failed_with_variables_of_its_own_is_named() {
    let taskfile = "
        version: '3'
        tasks:
          all: {cmds: [{task: step, vars: {N: 1}}]}
          step: ['exit {{.N}}']
        ";
    let test = Test::new().taskfile(taskfile).args(["-s", "all"]);
    let ran = test.stderr_has("failed").status(201).run();
    ran.again()
        .args(["rerun", "--failed"])
        .stderr("par: task `step` was called with N, so it is left out; `par rerun --resume` runs it as it was called\nerror: nothing failed that can be called by its name in run [RUN]\n")
        .status(1)
        .run();
}

#[test]
fn a_secret_of_the_command_line_is_asked_for_again() {
    let taskfile = "{version: '3', tasks: {a: 'test \"{{.API_TOKEN}}\" = right'}}";
    let test = Test::new().taskfile(taskfile).args(["-s", "a", "API_TOKEN=wrong"]);
    let ran = test.stderr_has("failed").status(201).run();
    let ran = ran
        .again()
        .args(["rerun"])
        .stderr("error: the value of API_TOKEN was not recorded, as its name tells that it is secret\n |\n = help: give it again: `par rerun API_TOKEN=…`\n")
        .status(1)
        .run();
    ran.again().args(["rerun", "API_TOKEN=right"]).run();
}

#[test]
fn a_run_is_made_again_where_it_was_made() {
    let test = Test::new().file("sub/Taskfile.yml", "{version: '3', tasks: {a: pwd}}");
    let ran = test.stand_in("sub").args(["-s", "a"]).stdout("[DIR]/sub\n").run();
    ran.again().args(["rerun", "-d", "sub"]).stdout("[DIR]/sub\n").run();
}

#[test]
fn without_a_run_there_is_nothing_to_run_again() {
    let test = Test::new().taskfile(TASKFILE).args(["rerun"]);
    test.stderr("error: no run is recorded here\n").status(1).run();
}

#[test]
fn servers_are_started_again() {
    let taskfile = "
        version: '3'
        tasks:
          all: {deps: [server], cmds: ['test -f fixed']}
          server: {persistent: true, ready: {exec: test -e up, timeout: 30s}, cmds: ['touch up; exec sleep 1000']}
        ";
    let test = Test::new().taskfile(taskfile).args(["-s", "all"]);
    let ran = test.stderr_has("failed").status(201).run();
    std::fs::remove_file(ran.path("up")).expect("a file");
    fix(&ran);
    let ran = ran.again().args(["rerun", "--resume"]).run();
    assert!(ran.has("up"));
}
