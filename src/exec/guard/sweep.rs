//! Kills and reaps everything below this process.
//!
//! Runs in signal handlers too: no allocation, no lock, no panic. Only children are killed, never their
//! children: a child's number cannot have passed to a stranger while it is unreaped, and orphans come up to
//! us, who are a subreaper, so every round reaches one level deeper until the kernel says that no child is left.

use std::ffi::CStr;
use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use libc::{c_int, pid_t};

use super::signals;

/// How long a sweep goes on without any process ending.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a sweep goes on at all.
const LIMIT: Duration = Duration::from_secs(10);

/// Kills and reaps until nothing is left, or names on stderr what cannot be killed.
pub(in crate::exec) fn sweep() {
    let ended = signals::set([libc::SIGCHLD]);
    signals::block(&ended);
    let began = Instant::now();
    let mut progress = began;
    loop {
        // Mostly there is nobody, and nothing to be looked through.
        match reap() {
            Reaped::All => return,
            Reaped::Some => progress = Instant::now(),
            Reaped::None => {}
        }
        each_child(kill);
        if progress.elapsed() > PATIENCE || began.elapsed() > LIMIT {
            return each_child(report);
        }
        let moment = libc::timespec { tv_sec: 0, tv_nsec: 500_000 };
        // SAFETY: both arguments are valid; the signal is blocked.
        unsafe { libc::sigtimedwait(&ended, std::ptr::null_mut(), &moment) };
    }
}

enum Reaped {
    All,
    Some,
    None,
}

fn reap() -> Reaped {
    let mut result = Reaped::None;
    loop {
        // SAFETY: waitpid with a null status only reaps.
        match unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG | libc::__WALL) } {
            0 => return result,
            -1 => return Reaped::All,
            _ => result = Reaped::Some,
        }
    }
}

fn kill(child: pid_t) {
    // SAFETY: plain system call on an unreaped child.
    unsafe { libc::kill(child, libc::SIGKILL) };
}

fn report(child: pid_t) {
    let mut name = [0; 64];
    let length = Path::new(format_args!("/proc/{child}/comm")).read(&mut name);
    let name = std::str::from_utf8(&name[..length]).unwrap_or("").trim_end();
    let mut line = Path::default();
    let _ = writeln!(line, "par: cannot end process {child} ({name})");
    // SAFETY: the buffer is valid for its length.
    unsafe { libc::write(2, line.buffer.as_ptr().cast(), line.length) };
}

fn each_child(mut act: impl FnMut(pid_t)) {
    let mut listed = false;
    each_number_in(c"/proc/self/task", |thread| {
        listed |= each_child_of_thread(thread, &mut act);
    });
    if !listed {
        each_child_by_scan(act);
    }
}

/// `false` when the kernel keeps no such list (`CONFIG_PROC_CHILDREN`).
fn each_child_of_thread(thread: pid_t, mut act: impl FnMut(pid_t)) -> bool {
    let Some(list) = Path::new(format_args!("/proc/self/task/{thread}/children")).open() else {
        return false;
    };
    let (mut buffer, mut child) = ([0; 1024], 0);
    loop {
        let length = list.read(&mut buffer);
        for &byte in &buffer[..length] {
            match byte {
                b'0'..=b'9' => child = child * 10 + pid_t::from(byte - b'0'),
                _ => act(std::mem::take(&mut child)),
            }
        }
        if length == 0 {
            return true;
        }
    }
}

fn each_child_by_scan(mut act: impl FnMut(pid_t)) {
    let own = std::process::id() as pid_t;
    each_number_in(c"/proc", |pid| {
        let mut stat = [0; 512];
        let length = Path::new(format_args!("/proc/{pid}/stat")).read(&mut stat);
        if parent_in(&stat[..length]) == Some(own) {
            act(pid);
        }
    });
}

fn parent_in(stat: &[u8]) -> Option<pid_t> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let after_name = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Calls `act` with every entry of `directory` that is a number.
fn each_number_in(directory: &CStr, mut act: impl FnMut(pid_t)) {
    let Some(directory) = File::open(directory) else { return };
    let mut buffer = [0u8; 1024];
    loop {
        // SAFETY: the buffer is valid for its length.
        let length = unsafe {
            libc::syscall(libc::SYS_getdents64, directory.0, buffer.as_mut_ptr(), buffer.len())
        };
        if length <= 0 {
            return;
        }
        let mut entries = &buffer[..length as usize];
        while let Some((name, rest)) = first_entry(entries) {
            if let Some(number) = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok())
            {
                act(number);
            }
            entries = rest;
        }
    }
}

/// Name of the first `linux_dirent64`, and what follows it.
fn first_entry(entries: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_ne_bytes([*entries.get(16)?, *entries.get(17)?]));
    let name = entries.get(19..length)?;
    let end = name.iter().position(|&byte| byte == 0)?;
    Some((&name[..end], &entries[length..]))
}

/// A file that closes itself, without `std`'s errors.
struct File(c_int);

impl File {
    fn open(path: &CStr) -> Option<File> {
        // SAFETY: the path ends with a zero.
        let descriptor = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (descriptor >= 0).then_some(File(descriptor))
    }

    fn read(&self, buffer: &mut [u8]) -> usize {
        // SAFETY: the buffer is valid for its length.
        let length = unsafe { libc::read(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(length).unwrap_or(0)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { libc::close(self.0) };
    }
}

/// Short text on the stack, ended with a zero.
struct Path {
    buffer: [u8; 128],
    length: usize,
}

impl Default for Path {
    fn default() -> Path {
        Path { buffer: [0; 128], length: 0 }
    }
}

impl Path {
    fn new(text: fmt::Arguments<'_>) -> Path {
        let mut path = Path::default();
        let _ = path.write_fmt(text);
        path
    }

    fn open(&self) -> Option<File> {
        File::open(CStr::from_bytes_until_nul(&self.buffer).ok()?)
    }

    fn read(&self, buffer: &mut [u8]) -> usize {
        self.open().map_or(0, |file| file.read(buffer))
    }
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let space = &mut self.buffer[self.length..127];
        let length = text.len().min(space.len());
        space[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_found_after_a_name_with_parentheses() {
        assert_eq!(parent_in(b"42 (a) (b) S 7 42 42 0"), Some(7));
        assert_eq!(parent_in(b""), None);
    }

    #[test]
    fn own_thread_is_among_the_numbers_of_the_task_directory() {
        let mut threads = Vec::new();
        each_number_in(c"/proc/self/task", |thread| threads.push(thread));
        // SAFETY: plain system call.
        assert!(threads.contains(&unsafe { libc::gettid() }));
    }
}
