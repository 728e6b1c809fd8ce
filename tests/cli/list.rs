//! `par list` and go-task's `--list`.

use crate::harness::Test;

const TASKFILE: &str = "
    version: '3'
    includes: {docs: {taskfile: docs.yml}}
    vars:
      WHO: world
      RAN: {sh: 'touch ran; echo no'}
    tasks:
      test: {desc: 'Test everything', aliases: [t, check]}
      build:
        desc: |-
          Build
          for {{.WHO}}{{.RAN}}
        summary: 'Builds {{.WHO}}.'
        label: 'build-{{.WHO}}'
      quiet: echo quiet
      hidden: {desc: never shown, internal: true}
    ";

const DOCS: &str = "{version: '3', tasks: {html: {desc: Make pages, aliases: [h]}}}";

fn test() -> Test {
    Test::new().taskfile(TASKFILE).file("docs.yml", DOCS)
}

#[test]
fn tasks_with_a_description_are_listed_in_columns() {
    let list = "
        par: Available tasks for this project:
        * build:           Build for world
        * test:            Test everything      (aliases: t, check)
        * docs:html:       Make pages           (aliases: docs:h)
        ";
    test().args(["list"]).stdout(list).run();
    test().args(["run", "-l"]).stdout(list).run();
    let list = list.replace("par:", "task:");
    test().called("task").args(["--list"]).stdout(&list).run();
}

#[test]
fn all_tasks_are_listed_in_the_order_asked_for() {
    test()
        .args(["list", "--all", "--sort", "none"])
        .stdout_lines(&[
            "par: Available tasks for this project:",
            "* test:            Test everything      (aliases: t, check)",
            "* build:           Build for world",
            "* quiet:           ",
            "* docs:html:       Make pages      (aliases: docs:h)",
        ])
        .run();
    test()
        .args(["-as", "--sort", "alphanumeric"])
        .stdout("build\ndocs:html\ndocs:h\nquiet\ntest\nt\ncheck\n")
        .run();
    test().args(["-as"]).stdout("build\nquiet\ntest\nt\ncheck\ndocs:html\ndocs:h\n").run();
}

#[test]
fn programs_get_json() {
    Test::new()
        .taskfile("{version: '3', tasks: {a: {desc: A, aliases: [x]}, 'n:b': {summary: B}}}")
        .args(["-a", "--json", "--nested", "--no-status"])
        .stdout(
            r#"
            {
              "tasks": [
                {
                  "name": "a",
                  "task": "a",
                  "desc": "A",
                  "summary": "",
                  "aliases": [
                    "x"
                  ],
                  "location": {
                    "line": 1,
                    "column": 24,
                    "taskfile": "[DIR]/Taskfile.yml"
                  }
                }
              ],
              "namespaces": {
                "n": {
                  "tasks": [
                    {
                      "name": "n:b",
                      "task": "n:b",
                      "desc": "",
                      "summary": "B",
                      "aliases": [],
                      "location": {
                        "line": 1,
                        "column": 52,
                        "taskfile": "[DIR]/Taskfile.yml"
                      }
                    }
                  ]
                }
              },
              "location": "[DIR]/Taskfile.yml"
            }
            "#,
        )
        .run();
}

#[test]
fn where_nothing_is_described_all_is_listed_and_a_list_of_nothing_exits_with_1() {
    Test::new()
        .taskfile("{version: '3', tasks: {a: echo}}")
        .args(["list"])
        .stdout("par: Available tasks for this project:\n* a:       \n")
        .run();
    Test::new()
        .taskfile("{version: '3', tasks: {a: {desc: A, cmds: [echo]}, b: {deps: [a]}}}")
        .args(["list"])
        .stdout("par: Available tasks for this project:\n* a:       A\n")
        .run();
    Test::new()
        .taskfile("version: '3'")
        .args(["-a"])
        .stderr("par: this Taskfile has no tasks that can be called\n")
        .status(1)
        .run();
    Test::new()
        .taskfile("{version: '3', tasks: {a: echo}}")
        .called("task")
        .args(["--list"])
        .stdout("task: No tasks with description available. Try --list-all to list all tasks\n")
        .status(1)
        .run();
}

#[test]
fn colours_come_only_when_asked_for() {
    Test::new()
        .taskfile("{version: '3', tasks: {a: {desc: A, aliases: [x]}}}")
        .args(["list", "-c"])
        .stdout(
            "par: Available tasks for this project:\n\
             \x1b[33m* \x1b[0m\x1b[32ma\x1b[0m:       A      \x1b[36m(aliases: x)\x1b[0m\n",
        )
        .run();
}

#[test]
fn a_taskfile_may_come_from_stdin() {
    Test::new()
        .stdin("{version: '3', tasks: {a: {}}}")
        .args(["-t", "-", "-as"])
        .stdout("a\n")
        .run();
}

#[test]
fn a_tree_shows_what_calls_what() {
    Test::new()
        .taskfile(
            "
            version: '3'
            includes: {lib: ./lib.yml}
            tasks:
              default: {desc: Everything, cmds: [{task: test}, task:lint &, wait]}
              test: {desc: Tests, deps: [build], cmds: [{task: 'unit-{{.X}}'}]}
              lint: {deps: [lib:tool]}
              build: {desc: Builds, deps: [lib:tool, gen]}
              gen: {cmds: [{defer: {task: tidy}}]}
              tidy: {cmds: [echo tidy]}
              ping: {desc: Calls pong, cmds: [{task: pong}]}
              pong: {desc: Calls ping, cmds: [{task: ping}]}
            ",
        )
        .file(
            "lib.yml",
            "{version: '3', tasks: {tool: {desc: A tool, cmds: [{task: other}]}, other: echo}}",
        )
        .args(["list", "--tree"])
        .stdout(
            "
            default                Everything
            ├─ test                Tests
            │  ├─ build            Builds
            │  │  ├─ lib:tool      A tool
            │  │  │  └─ lib:other
            │  │  └─ gen
            │  │     └─ tidy
            │  └─ unit-{{.X}}
            └─ lint
               └─ lib:tool …       A tool
            ping                   Calls pong
            └─ pong                Calls ping
               └─ ping …           Calls pong
            ",
        )
        .run();
}
