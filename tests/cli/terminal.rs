//! What a user at a terminal sees and types.

use std::fs::File;
use std::io::Write;

use crate::harness::Test;
use crate::pty::{Terminal, lines};

#[test]
fn a_single_task_has_the_terminal() {
    let terminal = Terminal::start(
        Test::new()
            .taskfile(
                "{version: '3', tasks: {all: 'test -t 0 && test -t 1 && test -t 2 && echo yes'}}",
            )
            .args(["-s", "all"]),
    );
    assert_eq!(terminal.end(), ("yes\r\n".into(), 0));
}

#[test]
fn an_interactive_task_asks_and_is_answered() {
    let mut terminal = Terminal::start(
        Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  all: {deps: [ask, other]}
                  ask: {interactive: true, cmds: ['read -p \"name? \" name; echo hello $name']}
                  other: 'read x < go; echo other'
                ",
            )
            .fifo("go")
            .args(["-s", "-j2", "all"]),
    );
    terminal.see("name? ");
    terminal.type_in("you\n");
    terminal.see("hello you");
    let path = terminal.test.path("go");
    let mut go = File::options().read(true).write(true).open(path).expect("a fifo");
    go.write_all(b"\n").expect("room for a line");
    let (shown, status) = terminal.end();
    assert_eq!(status, 0);
    let shown = lines(&shown);
    assert!(shown.iter().any(|line| line == "name? you"), "{shown:?}");
    assert!(shown.iter().any(|line| line == "other"), "{shown:?}");
}

#[test]
fn what_runs_stands_at_the_bottom_and_is_gone_at_the_end() {
    let mut terminal = Terminal::start(
        Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  both: {deps: [first, second]}
                  first: 'echo line of first; read x < go'
                  second: 'echo line of second; read x < go2'
                ",
            )
            .fifo("go")
            .fifo("go2")
            .args(["-s", "-j2", "both"]),
    );
    let fifo = |name| {
        let path = terminal.test.path(name);
        File::options().read(true).write(true).open(path).expect("a fifo")
    };
    let (mut first, mut second) = (fifo("go"), fifo("go2"));
    terminal.see("0/3 done");
    while !["first ", "second "]
        .iter()
        .all(|name| lines(&terminal.shown).iter().any(|line| line.trim_start().starts_with(name)))
    {
        assert!(terminal.more());
    }
    first.write_all(b"\n").expect("room for a line");
    terminal.see("1/3 done");
    second.write_all(b"\n").expect("room for a line");
    let (shown, status) = terminal.end();
    assert_eq!(status, 0);
    assert_eq!(lines(&shown), ["line of first", "line of second"]);
}

#[test]
fn an_interrupt_that_is_typed_ends_all_with_what_was_deferred() {
    for task in ["alone", "both"] {
        let mut terminal = Terminal::start(
            Test::new()
                .taskfile(
                    "
                    version: '3'
                    tasks:
                      both: {deps: [alone, other]}
                      alone: [{defer: echo deferred}, 'echo up alone; sleep 1000 & wait']
                      other: [{defer: echo deferred}, 'echo up other; exec sleep 1000']
                    ",
                )
                .args(["-s", "-j2", task]),
        );
        terminal.see("up alone");
        if task == "both" {
            terminal.see("up other");
        }
        terminal.type_in("\x03");
        let (shown, status) = terminal.end();
        assert_eq!(status, 130, "{shown}");
        let lines = lines(&shown);
        let deferred = lines.iter().filter(|line| line.ends_with("deferred")).count();
        assert_eq!(deferred, if task == "both" { 2 } else { 1 }, "{lines:?}");
        assert!(lines.iter().any(|line| line == "par: cancelled by SIGINT"), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("done,")), "{lines:?}");
    }
}

#[test]
fn what_a_task_does_to_the_terminal_stays_in_its_own_lines() {
    for mode in ["group", "prefixed", "keep-order"] {
        let terminal = Terminal::start(
            Test::new()
                .taskfile(
                    r#"
                    version: '3'
                    tasks:
                      last: {deps: [evil], cmds: [echo last]}
                      evil:
                        deps: [first]
                        cmds: ["printf '\\033[6A\\033[J\\033[?1049h\\033]0;x\\007\\033[31mred\\n'"]
                      first: echo first
                    "#,
                )
                .args(["-s", "-j2", "-o", mode, "last"]),
        );
        let (shown, status) = terminal.end();
        let prefix = |task| if mode == "prefixed" { format!("[{task}] ") } else { String::new() };
        let expected = format!(
            "{}first\r\n{}\x1b[31mred\r\n\x1b[0m{}last\r\n",
            prefix("first"),
            prefix("evil"),
            prefix("last")
        );
        assert_eq!((shown.replace("\x1b[2K", ""), status), (expected, 0), "{mode}");
    }
}
