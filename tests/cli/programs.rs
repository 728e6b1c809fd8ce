//! `task:NAME` as a program inside of shell text.

use crate::harness::Test;

fn test(all: &str) -> Test {
    let indented = all.replace('\n', "\n            ");
    Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              all:
                - |
                  {}
              cat: cat
              echo: echo {{{{.X | default \"out\"}}}}; echo error >&2
              fail: echo failing; exit 7
              die: kill -KILL $$
              good: echo good
            ",
            indented.trim_start().replace("\n            ", "\n                  ")
        ))
        .args(["-s", "all"])
}

#[test]
fn stdin_and_stdout_are_the_callers() {
    test("echo hi | task:cat | tr a-z A-Z").stdout("HI\n").run();
    test("x=$(task:echo X=y 2>/dev/null); echo \"got $x\"").stdout("got y\n").run();
    test("task:cat < Taskfile.yml | head -n 1").stdout("version: '3'\n").run();
    test("task:echo 2>&1 | cat -n").stdout("     1\tout\n     2\terror\n").run();
    test("task:echo >out.txt 2>err.txt; cat out.txt; cat err.txt >&2")
        .stdout("out\n")
        .stderr("error\n")
        .run();
}

#[test]
fn exit_codes_are_the_callers_to_handle() {
    test("task:good && task:fail || echo \"code $?\"").stdout("good\nfailing\ncode 7\n").run();
    test("task:die || echo \"code $?\"").stdout("code 137\n").run();
    test("task:fail; echo never")
        .stdout("failing\n")
        .stderr(
            "
            par: 2 tasks, 1 failed, [TIME]
            par: task `fail` failed: exit status 7 ([TIME])
              | failing
              log: .par/runs/[RUN]/logs/fail.log
              again: par run fail
            ",
        )
        .hide_times()
        .status(201)
        .run();
}

#[test]
fn background_jobs_can_be_waited_for_by_number() {
    test("task:good > good.txt 2>&1 &\na=$!\ntask:cat </dev/null &\nwait $a $!\necho \"code $?\"; cat good.txt")
        .stdout("code 0\ngood\n")
        .run();
    test("task:fail > fail.txt &\na=$!\nwait $a || echo \"code $?\"; cat fail.txt")
        .stdout("code 7\nfailing\n")
        .stderr(
            "
            par: 2 tasks, 1 failed, [TIME]
            par: task `fail` failed: exit status 7 ([TIME])
              | failing
              log: .par/runs/[RUN]/logs/fail.log
              again: par run fail
            ",
        )
        .hide_times()
        .status(201)
        .run();
}

#[test]
fn a_failure_in_the_background_fails_the_command_whatever_the_script_says() {
    let failure = "
        par: 3 tasks, 1 failed, [TIME]
        par: task `fail` failed: exit status 7 ([TIME])
          | failing
          log: .par/runs/[RUN]/logs/fail.log
          again: par run fail
        ";
    let weak = ["task:fail & a=$!; task:good & b=$!; wait $a $b", "task:fail & task:good & wait"];
    for script in weak {
        test(&format!("{script}; echo \"code $?\"; exit 0"))
            .args(["-j1"])
            .stdout_lines(&["failing", "good", "code 0"])
            .stderr(failure)
            .hide_times()
            .status(201)
            .run();
    }
}

#[test]
fn a_reader_that_stops_early_ends_the_task() {
    Test::new()
        .taskfile("{version: '3', tasks: {all: 'task:many | head -n 1', many: 'exec yes'}}")
        .args(["-s", "all"])
        .stdout("y\n")
        .run();
}

#[test]
fn other_programs_can_start_it() {
    test("printf 'task:good\\ntask:cat\\n' | xargs -n1 sh -c '$0 < /dev/null'")
        .stdout("good\n")
        .run();
    test("for name in good cat; do task:$name < Taskfile.yml | head -n 1; done")
        .stdout("good\nversion: '3'\n")
        .run();
    test("sh -c 'exec task:good'; bash -c 'task:good & wait'; env task:good")
        .stdout("good\ngood\ngood\n")
        .run();
}

#[test]
fn variables_are_those_of_the_call() {
    test("task:echo X='two words' 2>/dev/null").stdout("two words\n").run();
    test("task:echo oops")
        .stderr_has("error: `task:echo` takes VAR=value only, not `oops`\n")
        .status(201)
        .run();
}

#[test]
fn a_task_that_is_not_there_is_a_failing_program() {
    test("task:goood || echo \"code $?\"")
        .stdout("code 200\n")
        .stderr("error: there is no task `goood`\n |\n = help: did you mean `good`?\n")
        .run();
}

#[test]
fn calls_within_calls_need_no_more_than_one_job() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: 'task:two; echo 1'
              two: 'task:three & wait $!; echo 2'
              three: 'x=$(task:four); echo \"$x\"; echo 3'
              four: {cmds: [task:five &, wait, echo 4], deps: [six]}
              five: echo 5
              six: echo 6
            ",
        )
        .args(["-s", "-j1", "all"])
        .stdout("6\n5\n4\n3\n2\n1\n")
        .run();
}

#[test]
fn calls_in_the_background_keep_to_the_number_of_jobs() {
    let script = "
        for slot in one two; do mkdir $slot 2>/dev/null && break; done || exit 9
        echo {{.N}} >> ran
        if mkdir first 2>/dev/null; then cat gate; else [ -d opened ] || { mkdir opened; echo passed > gate; }; fi
        rmdir $slot
        ";
    let ran = Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              all: 'for n in 1 2 3 4 5 6; do task:job N=$n & done; wait'
              job: |
                {}
            ",
            script.trim().replace("\n        ", "\n                ")
        ))
        .fifo("gate")
        .args(["-s", "-j2", "all"])
        .stdout("passed\n")
        .run();
    let mut numbers: Vec<String> = ran.text("ran").lines().map(String::from).collect();
    numbers.sort();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
}

#[test]
fn a_program_that_is_killed_takes_its_task_with_it() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: |
                task:endless > out.txt &
                cat started
                kill -KILL $!
                wait $! 2>/dev/null || echo \"code $?\"
                cat ended
              endless: {cmds: [{defer: 'echo ended > ended'}, 'echo started > started; exec sleep 1000']}
            ",
        )
        .fifo("started")
        .fifo("ended")
        .args(["-s", "-j2", "all"])
        .stdout("started\ncode 137\nended\n")
        // Some shells tell of jobs that were killed.
        .stderr_has("")
        .run();
}

#[test]
fn a_task_that_runs_par_with_itself_ends_with_the_chain_of_tasks() {
    let par = env!("CARGO_BIN_EXE_par");
    let ran = Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              first: {par} again
              again: 'echo x >> levels; {par} again'
            "
        ))
        .args(["run", "-s", "-o", "interleaved", "first"])
        .status(201)
        .stderr_has(
            "error: `par` stands in itself 32 times: `first` → `again` → `again` → `again` → \
             … 24 more … → `again` → `again` → `again` → `again`\n",
        )
        .run();
    assert_eq!(ran.text("levels").lines().count(), 31);
}

#[test]
fn a_variable_that_runs_par_without_end_ends_as_well() {
    let par = env!("CARGO_BIN_EXE_par");
    Test::new()
        .taskfile(&format!(
            "
            version: '3'
            tasks:
              all:
                vars:
                  SAID: {{sh: '{par} run -s all 2>&1 || :'}}
                cmds: [\"printf '%s\\\\n' '{{{{.SAID}}}}'\"]
            "
        ))
        .args(["run", "-s", "all"])
        .stdout(
            "error: `par` stands in itself 32 times: `all` → `all` → `all` → `all` → … 24 more … → \
             `all` → `all` → `all` → `all`\n",
        )
        .run();
}

#[test]
fn where_a_variable_gets_its_value_no_task_can_be_called() {
    Test::new()
        .taskfile("version: '3'\ntasks: {all: {vars: {A: {sh: 'task:x 2>/dev/null'}}, cmds: [echo]}, x: echo}\n")
        .args(["-s", "all"])
        .stderr_has("command `task:x 2>/dev/null` failed: exit status 127")
        .stderr_has("help: `task:NAME` can be called in commands, not where a variable gets its value")
        .status(1)
        .run();
}
