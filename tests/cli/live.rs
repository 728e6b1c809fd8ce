//! A binary that runs while the test goes on: waits for what it writes, sends signals, looks for what it left.

use std::fs::{self, File};
use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::harness::{MARK, Ran, Test};

/// No test takes this long unless something hangs.
pub const LIMIT: Duration = Duration::from_secs(90);

/// A run that was started.
pub struct Live {
    test: Test,
    child: Child,
    stdout: Stream,
    stderr: Stream,
    fifos: Vec<File>,
}

impl Live {
    /// Starts `command` and gives it `stdin`.
    pub fn start(test: Test, mut command: Command, stdin: String, merges: bool) -> Live {
        let pipe = || std::io::pipe().expect("a pipe");
        let ((out, for_out), (err, for_err)) = (pipe(), pipe());
        match merges {
            true => command.stderr(for_out.try_clone().expect("a copy")),
            false => command.stderr(for_err),
        };
        // A group of its own, as a shell would make: no signal of a test reaches the others.
        command.process_group(0).stdin(Stdio::piped()).stdout(for_out);
        let mut child = command.spawn().expect("it starts");
        // The command holds the writing ends, too.
        drop(command);
        feed(child.stdin.take().expect("a pipe"), stdin);
        Live { test, child, stdout: Stream::of(out), stderr: Stream::of(err), fifos: Vec::new() }
    }

    /// Writes a line into a fifo of the test's directory, whoever reads it, and keeps it open.
    pub fn tell(&mut self, fifo: &str) {
        let path = self.test.path(fifo);
        let fifo = File::options().read(true).write(true).open(path);
        let mut fifo = fifo.expect("a fifo");
        fifo.write_all(b"\n").expect("room for a line");
        self.fifos.push(fifo);
    }

    /// The path of a file of the test's directory.
    pub fn path(&self, path: &str) -> std::path::PathBuf {
        self.test.path(path)
    }

    /// Waits until `part` has been written to stdout.
    pub fn see(&self, part: &str) {
        self.stdout.wait(part);
    }

    /// Waits until `part` has been written to stderr.
    pub fn see_stderr(&self, part: &str) {
        self.stderr.wait(part);
    }

    /// Sends a signal to the process that was started, and to no other.
    pub fn signal(&self, signal: i32) {
        send(self.child.id() as i32, signal);
    }

    /// Waits until the process that was started is stopped.
    pub fn wait_until_stopped(&self) {
        wait_until_stopped(self.child.id() as i32);
    }

    /// Processes of this test that live, as number and command line.
    pub fn processes(&self) -> Vec<(i32, String)> {
        marked(&self.test.mark())
    }

    /// Waits for the end of all processes of this test.
    pub fn wait_for_all(&self) {
        for (pid, line) in self.processes() {
            assert!(ends(pid), "{line} lives on");
        }
    }

    /// Waits for the end of all processes of this test whose command line begins so.
    pub fn wait_for(&self, program: &str) {
        for (pid, line) in self.processes() {
            assert!(!line.starts_with(program) || ends(pid), "{line} lives on");
        }
    }

    /// Stops to read, as a pager that is closed.
    pub fn close_stdout(&mut self) {
        self.stdout.close();
    }

    /// Waits for the end, and panics with everything that is not as expected, be it a process that is left.
    pub fn end(mut self) -> Ran {
        let (out, err) = match (self.stdout.end(), self.stderr.end()) {
            (Some(out), Some(err)) => (out, err),
            _ => self.hangs(),
        };
        let status = self.child.wait().expect("an exit code");
        let left = self.processes();
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        let ran = self.test.check(out, err, code);
        assert!(left.is_empty(), "left running: {left:?}");
        ran
    }

    fn hangs(&mut self) -> ! {
        let left = self.processes();
        left.iter().for_each(|(pid, _)| send(*pid, libc::SIGKILL));
        let out = String::from_utf8_lossy(&self.stdout.so_far()).into_owned();
        let err = String::from_utf8_lossy(&self.stderr.so_far()).into_owned();
        panic!("longer than {LIMIT:?}\n--- stdout\n{out}--- stderr\n{err}--- left {left:#?}");
    }
}

fn feed(mut stdin: ChildStdin, text: String) {
    // A child that reads nothing closes its end early; that is its business.
    thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
}

/// Sends a signal; who has gone does not mind.
pub fn send(pid: i32, signal: i32) {
    // SAFETY: plain system call.
    unsafe { libc::kill(pid, signal) };
}

/// Waits until a process that was sent a signal to stop has done so.
pub fn wait_until_stopped(pid: i32) {
    let state = || fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    while !state().rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")) {
        thread::yield_now();
    }
}

/// Processes that live and have `mark` in their environment.
pub fn marked(mark: &str) -> Vec<(i32, String)> {
    let wanted = format!("{MARK}={mark}");
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_marked = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == wanted.as_bytes())
    };
    let line = |pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    numbers.filter(is_marked).map(|pid| (pid, line(pid).replace('\0', " "))).collect()
}

/// Waits for the end of a process.
pub fn ends(pid: i32) -> bool {
    // SAFETY: plain system call.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
    if handle < 0 {
        return true;
    }
    // SAFETY: a new descriptor of nobody else's.
    let handle = unsafe { OwnedFd::from_raw_fd(handle) };
    becomes_readable(&handle)
}

/// Waits until there is something to read, or nothing more to come.
pub fn becomes_readable(file: &impl AsRawFd) -> bool {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&mut poll, 1, LIMIT.as_millis() as i32) == 1 }
}

/// What is read from a pipe, as it comes.
struct Stream {
    read: Arc<(Mutex<Heard>, Condvar)>,
}

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    ended: bool,
    unwanted: bool,
}

impl Stream {
    fn of(mut pipe: PipeReader) -> Stream {
        let read = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let shared = read.clone();
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            loop {
                let length = pipe.read(&mut buffer).expect("a pipe can be read");
                let mut state = shared.0.lock().expect("no panic");
                state.bytes.extend_from_slice(&buffer[..length]);
                state.ended = length == 0 || state.unwanted;
                shared.1.notify_all();
                if state.ended {
                    return;
                }
            }
        });
        Stream { read }
    }

    fn until(&self, is_enough: impl Fn(&Heard) -> bool) -> bool {
        let state = self.read.0.lock().expect("no panic");
        let waited = self.read.1.wait_timeout_while(state, LIMIT, |state| !is_enough(state));
        !waited.expect("no panic").1.timed_out()
    }

    fn wait(&self, part: &str) {
        let has =
            |state: &Heard| state.bytes.windows(part.len()).any(|window| window == part.as_bytes());
        let seen = self.until(|state| state.ended || has(state));
        let all = self.so_far();
        let text = String::from_utf8_lossy(&all);
        assert!(seen && text.contains(part), "no {part:?} in {text}");
    }

    fn end(&self) -> Option<Vec<u8>> {
        self.until(|state| state.ended).then(|| self.so_far())
    }

    fn so_far(&self) -> Vec<u8> {
        self.read.0.lock().expect("no panic").bytes.clone()
    }

    fn close(&self) {
        self.read.0.lock().expect("no panic").unwanted = true;
    }
}
