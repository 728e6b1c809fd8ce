//! The command line itself.

use crate::harness::Test;

#[test]
fn the_version_depends_on_the_name() {
    let version = format!("par {}\n", env!("CARGO_PKG_VERSION"));
    Test::new().args(["--version"]).stdout(&version).run();
    Test::new().called("/usr/bin/task").args(["--version"]).stdout("3.54.0\n").run();
}

#[test]
fn help_names_every_subcommand_with_an_example() {
    let help = Test::new().args(["--help"]);
    let names = ["run", "list", "plan", "logs", "init", "config", "completions"];
    names.iter().fold(help, |test, name| test.stdout_has(&format!("\n  {name} "))).run();
    for name in names {
        Test::new()
            .args(["help", name])
            .stdout_has(&format!("Usage: par {}", if name == "run" { "[run]" } else { name }))
            .stdout_has("Examples:\n")
            .run();
    }
}

#[test]
fn the_name_task_has_no_subcommands_and_no_flags_of_ours() {
    Test::new()
        .called("task")
        .args(["--help"])
        .stdout_has("Usage: task [FLAGS…] [TASK…] [VAR=value…] [-- ARGS…]")
        .stdout_has("-j, --json ")
        .run();
    Test::new()
        .called("task")
        .args(["--keep-going"])
        .stderr(
            "
            error: unknown flag `--keep-going`
             |
             = help: `task --help` lists the flags
            ",
        )
        .status(2)
        .run();
}

#[test]
fn wrong_use_exits_with_2_and_says_what_was_probably_meant() {
    Test::new()
        .args(["--slient", "build"])
        .stderr(
            "
            error: unknown flag `--slient`
             |
             = help: did you mean `--silent`?
             = help: `par run --help` lists the flags
            ",
        )
        .status(2)
        .run();
    Test::new()
        .args([":confg"])
        .stderr(
            "
            error: there is no subcommand `confg`
             |
             = help: did you mean `config`?
             = help: `par --help` lists the subcommands
            ",
        )
        .status(2)
        .run();
}

#[test]
fn flags_that_exclude_each_other_exit_with_1() {
    Test::new()
        .args(["-l", "-a"])
        .stderr("error: cannot use --list and --list-all at the same time\n")
        .status(1)
        .run();
}

#[test]
fn a_task_that_hides_a_subcommand_is_mentioned_and_a_colon_gets_behind_it() {
    let taskfile = "{version: '3', tasks: {config: {desc: mine}, list: {desc: mine too}}}";
    Test::new()
        .taskfile(taskfile)
        .args(["list", "--list"])
        .stdout(
            "
            par: Available tasks for this project:
            * config:       mine
            * list:         mine too
            ",
        )
        .stderr("note: `list` is a task of this Taskfile; the subcommand is `par :list`\n")
        .run();
    Test::new().taskfile(taskfile).args([":list", "-s"]).stdout("config\nlist\n").run();
}

#[test]
fn experiments_of_go_task_are_listed() {
    Test::new()
        .args(["--experiments"])
        .env("TASK_X_GENTLE_FORCE", "1")
        .stdout("* GENTLE_FORCE:   on (1)\n* ENV_PRECEDENCE: off\n")
        .run();
}

#[test]
fn completions_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        Test::new().args(["completions", shell]).stdout_has("completions").run();
        Test::new().args(["--completion", shell]).stdout_has("completions").run();
    }
    Test::new()
        .args(["--completion", "bsh"])
        .stderr(
            "
            error: unknown shell `bsh`
             |
             = help: did you mean `bash`?
             = help: known are bash, elvish, fish, powershell, zsh
            ",
        )
        .status(1)
        .run();
}
