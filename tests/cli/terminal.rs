//! What a user at a terminal sees and types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Child;
use std::ptr::null_mut;

use crate::harness::Test;
use crate::live::{LIMIT, becomes_readable, marked, send};

/// A run whose streams are a terminal of 80 columns.
struct Terminal {
    test: Test,
    child: Child,
    screen: File,
    shown: String,
}

impl Terminal {
    fn start(test: Test) -> Terminal {
        let (screen, line) = open();
        let mut command = test.command();
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        for stream in [std::process::Command::stdin, std::process::Command::stdout] {
            stream(&mut command, line.try_clone().expect("a copy"));
        }
        command.stderr(line);
        // SAFETY: both calls may be made between fork and exec.
        unsafe {
            command.pre_exec(|| match (libc::setsid(), libc::ioctl(0, libc::TIOCSCTTY, 0)) {
                (-1, _) | (_, -1) => Err(std::io::Error::last_os_error()),
                _ => Ok(()),
            })
        };
        let child = command.spawn().expect("it starts");
        Terminal { test, child, screen, shown: String::new() }
    }

    fn type_in(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Reads until `text` has been shown.
    fn see(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert!(self.more(), "no {text:?} in {:?}", self.shown);
        }
    }

    /// Whether there was more to read.
    fn more(&mut self) -> bool {
        assert!(becomes_readable(&self.screen), "longer than {LIMIT:?}: {:?}", self.shown);
        let mut buffer = [0; 4096];
        // A terminal that nobody has open any more is an error.
        let length = self.screen.read(&mut buffer).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }

    /// All that was shown, and the exit code; nobody may be left.
    fn end(mut self) -> (String, i32) {
        while self.more() {}
        let status = self.child.wait().expect("an exit code");
        let left = marked(&self.test.mark());
        assert!(left.is_empty(), "left running: {left:?}");
        (self.shown.clone(), status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        marked(&self.test.mark()).iter().for_each(|(pid, _)| send(*pid, libc::SIGKILL));
    }
}

/// Both ends of a new terminal.
fn open() -> (File, OwnedFd) {
    let (mut screen, mut line) = (0, 0);
    let mut size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    // Constant here, mutable on a Mac.
    let wanted = std::ptr::from_mut(&mut size).cast();
    // SAFETY: all pointers are valid or may be null; both descriptors are new and nobody else's.
    unsafe {
        let opened = libc::openpty(&mut screen, &mut line, null_mut(), null_mut(), wanted);
        assert_eq!(opened, 0, "no terminal");
        libc::fcntl(screen, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(line, libc::F_SETFD, libc::FD_CLOEXEC);
        (File::from_raw_fd(screen), OwnedFd::from_raw_fd(line))
    }
}

/// What stands on a screen of 80 columns after all that was written to it, without empty lines.
fn lines(shown: &str) -> Vec<String> {
    let mut screen: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = shown.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                assert_eq!(rest.next(), Some('['), "an escape sequence of another kind");
                let mut number = String::new();
                while let Some(digit) = rest.next_if(|c| c.is_ascii_digit() || "?;".contains(*c)) {
                    number.push(digit);
                }
                let count = number.parse().unwrap_or(1);
                match rest.next() {
                    Some('A') => row -= count,
                    Some('B') => row += count,
                    Some('K') => screen[row].clear(),
                    Some('m' | 'h' | 'l') => {}
                    other => panic!("an unknown escape sequence {number}{other:?}"),
                }
            }
            letter => {
                if column == 80 {
                    (row, column) = (row + 1, 0);
                }
                screen.resize(screen.len().max(row + 1), Vec::new());
                let width = screen[row].len().max(column + 1);
                screen[row].resize(width, ' ');
                screen[row][column] = letter;
                column += 1;
            }
        }
        screen.resize(screen.len().max(row + 1), Vec::new());
    }
    let lines = screen.iter().map(|line| line.iter().collect::<String>().trim_end().to_string());
    lines.filter(|line| !line.is_empty()).collect()
}

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
