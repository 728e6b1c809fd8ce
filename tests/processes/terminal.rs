//! Jobs in a terminal, below an interactive shell.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Command};
use std::ptr::null_mut;

use crate::harness::{PATIENCE_MS, SCENE, Test, scrub};

pub const TESTS: &[Test] = &[
    ("a_guarded_process_can_ask_the_user", a_guarded_process_can_ask_the_user),
    ("an_interactive_job_reads_the_terminal", an_interactive_job_reads_the_terminal),
    ("an_interrupted_job_interrupts_the_run", an_interrupted_job_interrupts_the_run),
    ("a_stopped_job_goes_on_with_the_terminal", a_stopped_job_goes_on_with_the_terminal),
    (
        "a_captured_job_that_wants_the_terminal_is_told_of",
        a_captured_job_that_wants_the_terminal_is_told_of,
    ),
];

fn open_pair(master: &mut i32, slave: &mut i32) -> i32 {
    // SAFETY: the first two are valid, the others may be null.
    unsafe { libc::openpty(master, slave, null_mut(), null_mut(), null_mut()) }
}

fn a_guarded_process_can_ask_the_user() {
    let mut terminal = Terminal::open();
    terminal.play("prompt", "");
    terminal.expect("asks true");
    terminal.send("word\n");
    terminal.expect("got word");
    terminal.expect_code(0);
    terminal.play("prompt", "");
    terminal.expect("asks true\r\n");
    terminal.send("\x03");
    // The shell is back; before, the dying process may swallow what is typed.
    terminal.expect("\n");
    terminal.expect_code(130);
}

/// What a user sees of a shell.
struct Terminal {
    shell: Child,
    screen: File,
    unread: String,
}

impl Terminal {
    fn open() -> Terminal {
        let (mut master, mut slave) = (0, 0);
        assert_eq!(open_pair(&mut master, &mut slave), 0);
        // SAFETY: both descriptors are new and nobody else's.
        let (screen, line) = unsafe {
            libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC);
            (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
        };
        let mut shell = Command::new("setsid");
        shell.args(["-c", "bash", "--norc", "--noediting", "-i"]);
        scrub(&mut shell);
        shell.env("PS1", "").env("HISTFILE", "");
        shell.env("SELF", std::env::current_exe().unwrap()).stdin(line.try_clone().unwrap());
        let shell = shell.stdout(line.try_clone().unwrap()).stderr(line).spawn().unwrap();
        let mut terminal = Terminal { shell, screen, unread: String::new() };
        terminal.send("stty -echo; echo qu'i'et\n");
        terminal.expect("quiet");
        terminal
    }

    fn send(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    fn play(&mut self, scene: &str, text: &str) {
        self.send(&format!("{SCENE}={scene} $SELF '{text}'\n"));
    }

    /// Reads on until `text` is seen.
    fn expect(&mut self, text: &str) {
        while !self.unread.contains(text) {
            let mut poll =
                libc::pollfd { fd: self.screen.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid pollfd.
            let ready = unsafe { libc::poll(&mut poll, 1, PATIENCE_MS) };
            assert_eq!(ready, 1, "no {text:?} in {:?}", self.unread);
            let mut buffer = [0; 1024];
            let length = self.screen.read(&mut buffer).unwrap();
            self.unread.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        let end = self.unread.find(text).unwrap() + text.len();
        self.unread.drain(..end);
    }

    fn expect_code(&mut self, code: i32) {
        self.send("echo code=$?.\n");
        self.expect(&format!("code={code}."));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.screen.write_all(b"exit\nexit\n");
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn an_interactive_job_reads_the_terminal() {
    let mut terminal = Terminal::open();
    terminal.play("terminal", "echo up; read -s x; echo got $x; exit 3");
    terminal.expect("up");
    terminal.send("word\n");
    terminal.expect("got word");
    terminal.expect_code(3);
}

fn an_interrupted_job_interrupts_the_run() {
    let mut terminal = Terminal::open();
    for scene in ["terminal", "driver"] {
        terminal.play(scene, "echo up; exec sleep 1000");
        terminal.expect("up");
        terminal.send("\x03");
        terminal.expect_code(130);
    }
}

fn a_stopped_job_goes_on_with_the_terminal() {
    let mut terminal = Terminal::open();
    for scene in ["terminal", "driver"] {
        terminal.play(scene, "echo up; read x </dev/tty || exit 9; echo got $x");
        terminal.expect(if scene == "driver" { "stopped by 21" } else { "up" });
        terminal.send("\x1a");
        terminal.expect("Stopped");
        terminal.send("fg\n");
        terminal.expect("continued");
        if scene == "terminal" {
            terminal.send("word\n");
            terminal.expect("got word");
            terminal.expect_code(0);
        }
    }
}

fn a_captured_job_that_wants_the_terminal_is_told_of() {
    let mut terminal = Terminal::open();
    terminal.play("driver", "read x </dev/tty");
    terminal.expect("stopped by 21");
    terminal.send("\x03");
    terminal.expect_code(130);
}
