//! A run at a terminal: what is typed, and what then stands on the screen.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::ptr::null_mut;
use std::time::Instant;

use crate::harness::Test;
use crate::live::{LIMIT, becomes_readable, ends, marked, send};

/// A run whose streams are a terminal.
pub struct Terminal {
    pub test: Test,
    child: Child,
    screen: File,
    /// All that was written to it.
    pub shown: String,
    emulator: vt100::Parser,
    fifos: Vec<File>,
}

impl Terminal {
    /// A terminal of 80 columns and 24 lines, without colours.
    pub fn start(test: Test) -> Terminal {
        Terminal::sized(test.env("NO_COLOR", "1"), 80, 24)
    }

    /// A terminal of another size.
    pub fn sized(test: Test, columns: u16, lines: u16) -> Terminal {
        let mut command = test.command();
        if command.get_envs().all(|(name, _)| name != "TERM") {
            command.env("TERM", "xterm");
        }
        Terminal::of(test, command, columns, lines)
    }

    /// Something else than the binary itself, as a shell.
    pub fn of(test: Test, mut command: Command, columns: u16, lines: u16) -> Terminal {
        let (screen, line) = open(columns, lines);
        for stream in [Command::stdin, Command::stdout] {
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
        let emulator = vt100::Parser::new(lines, columns, 10_000);
        Terminal { test, child, screen, shown: String::new(), emulator, fifos: Vec::new() }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Sends a signal to the process that was started, and to no other.
    pub fn signal(&self, signal: i32) {
        send(self.child.id() as i32, signal);
    }

    /// Gives the terminal another size, as its window would. What stood on the screen is gone.
    pub fn resize(&mut self, columns: u16, lines: u16) {
        let size = size(columns, lines);
        // SAFETY: a valid size; the terminal is open.
        unsafe { libc::ioctl(self.screen.as_raw_fd(), libc::TIOCSWINSZ, &size) };
        self.emulator = vt100::Parser::new(lines, columns, 10_000);
    }

    /// Writes so many lines into a fifo of the test's directory, whoever reads them.
    pub fn tell(&mut self, fifo: &str, lines: usize) {
        let path = self.test.path(fifo);
        let mut fifo = File::options().read(true).write(true).open(path).expect("a fifo");
        fifo.write_all("\n".repeat(lines).as_bytes()).expect("room for them");
        self.fifos.push(fifo);
    }

    /// Reads until `text` has been shown.
    pub fn see(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert!(self.more(), "no {text:?} in {:?}", self.shown);
        }
    }

    /// Reads until the screen is as wanted; its lines.
    pub fn see_screen(&mut self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let started = Instant::now();
        loop {
            let lines = self.lines();
            if wanted(&lines) {
                return lines;
            }
            let is_late = started.elapsed() > LIMIT;
            assert!(!is_late && self.more(), "not what is wanted: {lines:#?}");
        }
    }

    /// What stands on the screen, without empty lines at its end.
    pub fn lines(&self) -> Vec<String> {
        let contents = self.emulator.screen().contents();
        let lines: Vec<String> = contents.lines().map(|line| line.trim_end().into()).collect();
        let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        lines[..last].to_vec()
    }

    /// What the cell in the first column of a line looks like.
    pub fn first_cell(&self, line: usize) -> Option<vt100::Cell> {
        self.emulator.screen().cell(line as u16, 0).cloned()
    }

    /// Whether the terminal shows what is typed, and hands it over line by line.
    pub fn is_cooked(&self) -> bool {
        // SAFETY: all zeroes is a valid value, which is filled in.
        let mut modes: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the terminal is open and the place valid.
        unsafe { libc::tcgetattr(self.screen.as_raw_fd(), &mut modes) };
        let cooked = libc::ICANON | libc::ECHO;
        modes.c_lflag & cooked == cooked
    }

    /// Waits until it is so; the terminal's modes change without a word.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Terminal) -> bool) {
        let started = Instant::now();
        while !is_so(self) {
            assert!(started.elapsed() < LIMIT, "still not {what}");
            std::thread::yield_now();
        }
    }

    /// Whether there was more to read.
    pub fn more(&mut self) -> bool {
        assert!(becomes_readable(&self.screen), "longer than {LIMIT:?}: {:?}", self.shown);
        let mut buffer = [0; 4096];
        // A terminal that nobody has open any more is an error.
        let length = self.screen.read(&mut buffer).unwrap_or(0);
        self.emulator.process(&buffer[..length]);
        self.shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }

    /// What stands on the screen in the end, and the exit code.
    pub fn end_screen(mut self) -> (Vec<String>, i32) {
        let status = self.finish();
        (self.lines(), status)
    }

    /// All that was shown, and the exit code.
    pub fn end(mut self) -> (String, i32) {
        let status = self.finish();
        (std::mem::take(&mut self.shown), status)
    }

    /// Closes the window, and waits for the end of all that ran in it.
    pub fn hang_up(mut self) -> i32 {
        self.screen = File::open("/dev/null").expect("it is there");
        assert!(ends(self.child.id() as i32), "it lives on");
        let status = self.child.wait().expect("an exit code");
        for (pid, line) in marked(&self.test.mark()) {
            assert!(ends(pid), "{line} lives on");
        }
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }

    /// Waits for the end; nobody may be left.
    fn finish(&mut self) -> i32 {
        while self.more() {}
        let status = self.child.wait().expect("an exit code");
        let left = marked(&self.test.mark());
        assert!(left.is_empty(), "left running: {left:?}");
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        marked(&self.test.mark()).iter().for_each(|(pid, _)| send(*pid, libc::SIGKILL));
    }
}

fn size(columns: u16, lines: u16) -> libc::winsize {
    libc::winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Both ends of a new terminal.
fn open(columns: u16, lines: u16) -> (File, OwnedFd) {
    let (mut screen, mut line) = (0, 0);
    let mut size = size(columns, lines);
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
pub fn lines(shown: &str) -> Vec<String> {
    let mut emulator = vt100::Parser::new(500, 80, 0);
    emulator.process(shown.as_bytes());
    let contents = emulator.screen().contents();
    let lines = contents.lines().map(|line| line.trim_end().to_string());
    lines.filter(|line| !line.is_empty()).collect()
}
