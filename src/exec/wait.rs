//! What the kernel tells of children.

use std::mem::MaybeUninit;

use libc::{c_int, pid_t};

use crate::event::{Status, Usage};

/// What became of a child.
pub(super) enum Change {
    /// It has ended, and is still to be reaped.
    Ended(pid_t),
    /// This signal stopped it.
    Stopped(pid_t, c_int),
}

/// The next child that something became of, if any.
pub(super) fn peek() -> Option<Change> {
    let options = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT;
    let (pid, code, status) = look(libc::P_ALL, 0, options)?;
    if code == libc::CLD_STOPPED {
        look(libc::P_PID, pid, libc::WSTOPPED | libc::WNOHANG);
        return Some(Change::Stopped(pid, status));
    }
    Some(Change::Ended(pid))
}

/// Whether this process has a child, be it one that has ended.
pub(super) fn has_children() -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` is valid for the call.
    unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), options) == 0 }
}

/// Whether this process has a child in `group`, be it one that has ended.
#[cfg(target_os = "linux")]
pub(super) fn has_children_in(group: pid_t) -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` is valid for the call.
    unsafe { libc::waitid(libc::P_PGID, group.unsigned_abs(), info.as_mut_ptr(), options) == 0 }
}

/// Number, `CLD_` code and exit code or signal.
fn look(kind: libc::idtype_t, id: pid_t, options: c_int) -> Option<(pid_t, c_int, c_int)> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: `info` is valid for the call, and all zeroes is a valid value that means no child.
    unsafe {
        if libc::waitid(kind, id.unsigned_abs(), info.as_mut_ptr(), options) != 0 {
            return None;
        }
        let info = info.assume_init();
        (info.si_pid() != 0).then(|| (info.si_pid(), info.si_code, info.si_status()))
    }
}

/// How a child has ended.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) usage: Usage,
    /// Its memory was written to a file.
    pub(super) left_core: bool,
}

/// Takes an ended child out of the kernel's table.
pub(super) fn reap(pid: pid_t) -> Ended {
    let mut status = 0;
    let mut used = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both are valid for the call, and all zeroes is a valid rusage.
    let used = unsafe {
        libc::wait4(pid, &mut status, 0, used.as_mut_ptr());
        used.assume_init()
    };
    let left_core = libc::WIFSIGNALED(status) && libc::WCOREDUMP(status);
    Ended { status: status_of(status), usage: usage_of(&used), left_core }
}

/// The group of a child that is not reaped yet.
pub(super) fn group(pid: pid_t) -> pid_t {
    // SAFETY: plain system call.
    unsafe { libc::getpgid(pid) }
}

/// Counts `more` in.
pub(super) fn add(usage: &mut Usage, more: Usage) {
    usage.user += more.user;
    usage.system += more.system;
    usage.memory = usage.memory.max(more.memory);
    usage.read += more.read;
    usage.written += more.written;
}

fn status_of(status: c_int) -> Status {
    if libc::WIFSIGNALED(status) {
        Status::Signal(libc::WTERMSIG(status))
    } else {
        Status::Code(libc::WEXITSTATUS(status))
    }
}

fn usage_of(used: &libc::rusage) -> Usage {
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    Usage {
        user: micros(used.ru_utime),
        system: micros(used.ru_stime),
        memory: used.ru_maxrss as u64 * if cfg!(target_vendor = "apple") { 1 } else { 1024 },
        read: used.ru_inblock as u64,
        written: used.ru_oublock as u64,
    }
}
