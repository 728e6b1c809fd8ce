//! Outer and inner process.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use libc::{c_int, pid_t, sigset_t};

use super::{Guarded, VARIABLE, jobserver, signals};

pub(in crate::exec) use super::sweep::sweep;

/// What the inner process is called, so that killing by the name of `par` leaves one to clean up.
const INNER_NAME: &std::ffi::CStr = c"task runner";

static PARENT: AtomicI32 = AtomicI32::new(0);
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the outer process is gone and everything is being killed: nothing may start any more.
pub(in crate::exec) fn is_ending() -> bool {
    ENDING.load(Ordering::Acquire)
}

pub(super) fn establish() -> io::Result<Guarded> {
    let own = std::process::id() as pid_t;
    if let Some(outer) = enclosing() {
        become_subreaper()?;
        return Ok(Guarded { outer, face: own });
    }
    refuse_threads()?;
    let _ = (io::stdout().flush(), io::stderr().flush());
    become_subreaper()?;
    let awaited = signals::set(signals::heeded().chain([libc::SIGCHLD, libc::SIGCONT]));
    let before = signals::block(&awaited);
    // SAFETY: this is the only thread, so the child finds no lock held and nothing half done.
    match unsafe { libc::fork() } {
        -1 => {
            let error = io::Error::last_os_error();
            signals::restore(&before);
            Err(error)
        }
        0 => become_inner(own, &before),
        inner => stay_outer(inner, &awaited),
    }
}

fn become_subreaper() -> io::Result<()> {
    // SAFETY: plain system call.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn refuse_threads() -> io::Result<()> {
    // Does nothing, and is refused to a process with several threads.
    // SAFETY: plain system call.
    if unsafe { libc::unshare(libc::CLONE_THREAD) } == 0 {
        return Ok(());
    }
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Ok(()) };
    match tasks.count() {
        1 => Ok(()),
        count => Err(io::Error::other(format!(
            "cannot start processes: {count} threads exist already, and all but one would be lost"
        ))),
    }
}

/// The outer process of the `par` that started this one, if it really is above us.
fn enclosing() -> Option<pid_t> {
    let outer: pid_t = std::env::var(VARIABLE).ok()?.parse().ok().filter(|&pid| pid > 1)?;
    // SAFETY: plain system call.
    let mut ancestor = unsafe { libc::getppid() };
    while ancestor > 1 && ancestor != outer {
        ancestor = parent_of(ancestor)?;
    }
    (ancestor == outer).then_some(outer)
}

fn parent_of(pid: pid_t) -> Option<pid_t> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

fn become_inner(outer: pid_t, before: &sigset_t) -> io::Result<Guarded> {
    PARENT.store(outer, Ordering::Release);
    let handler = when_outer_may_be_dead as extern "C" fn(c_int);
    signals::handle(libc::SIGCONT, handler as libc::sighandler_t)?;
    become_subreaper()?;
    // SAFETY: plain system calls on valid arguments.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGCONT, 0, 0, 0);
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_NAME, INNER_NAME.as_ptr(), 0, 0, 0);
    }
    when_outer_may_be_dead(0);
    signals::restore(before);
    signals::unblock(&signals::set([libc::SIGCONT]));
    Ok(Guarded { outer, face: outer })
}

/// The kernel sends `SIGCONT` when the outer dies, the one signal that is heard even when we are stopped;
/// a `SIGCONT` from anybody else has done its work already.
///
/// Runs as a signal handler on any thread, even when the loop hangs, so it must not allocate or lock.
extern "C" fn when_outer_may_be_dead(_: c_int) {
    // SAFETY: plain system calls.
    unsafe {
        if libc::getppid() != PARENT.load(Ordering::Acquire) {
            ENDING.store(true, Ordering::Release);
            sweep();
            jobserver::give_back_all();
            libc::_exit(128 + libc::SIGKILL);
        }
    }
}

/// Nothing that was made before the fork may be dropped here: it belongs to the inner.
fn stay_outer(inner: pid_t, awaited: &sigset_t) -> ! {
    let close = |first: c_int, last: c_int| {
        // SAFETY: plain system call; nothing in this process uses these descriptors again.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    };
    let kept = jobserver::kept_by_outer().unwrap_or(2);
    if kept > 3 {
        close(3, kept - 1);
    }
    close(kept + 1, c_int::MAX);
    loop {
        // SAFETY: `awaited` is a valid set, and all of it is blocked.
        match unsafe { libc::sigwaitinfo(awaited, std::ptr::null_mut()) } {
            libc::SIGCHLD => attend_children(inner),
            // SAFETY: the inner is an unreaped child, so the number is its.
            signal if signal > 0 => drop(unsafe { libc::kill(inner, signal) }),
            _ => {}
        }
    }
}

fn attend_children(inner: pid_t) {
    loop {
        let mut status = 0;
        let options = libc::WNOHANG | libc::WUNTRACED | libc::__WALL;
        // SAFETY: `status` is valid for the call.
        match unsafe { libc::waitpid(-1, &mut status, options) } {
            pid if pid == inner && libc::WIFSTOPPED(status) => stop_like(inner),
            pid if pid == inner => end_like(status),
            pid if pid > 0 => {}
            _ => return,
        }
    }
}

/// Shows the shell a stopped job, and goes on with the inner when the shell does.
///
/// `SIGTSTP` rather than `SIGSTOP`: where no shell would continue the group, the kernel drops it.
fn stop_like(inner: pid_t) {
    let stop = signals::set([libc::SIGTSTP]);
    // SAFETY: plain system calls; the inner is an unreaped child.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGTSTP);
        signals::unblock(&stop);
        signals::block(&stop);
        libc::kill(inner, libc::SIGCONT);
    }
}

fn end_like(status: c_int) -> ! {
    sweep();
    jobserver::give_back_all();
    if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) != libc::SIGKILL {
        signals::die_of(libc::WTERMSIG(status));
    }
    let code =
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::SIGKILL };
    // SAFETY: ends the process; destructors belong to the inner.
    unsafe { libc::_exit(code) }
}
