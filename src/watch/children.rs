//! Processes that are this program once more, doing a part of the work.

use std::collections::BTreeSet;
use std::io::{self, Write};

use libc::pid_t;

use super::signals::{Signal, Signals};

/// Those that run.
#[derive(Default)]
pub(super) struct Children {
    running: Vec<(pid_t, usize)>,
    /// Parts that have been told to end.
    stopping: BTreeSet<usize>,
}

impl Children {
    /// Has a part done by a process of its own, in which `run` is called and should not return.
    pub(super) fn start(
        &mut self,
        part: usize,
        signals: &Signals,
        run: &mut dyn FnMut(),
    ) -> io::Result<()> {
        let _ = (io::stdout().flush(), io::stderr().flush());
        let own = std::process::id() as pid_t;
        // SAFETY: this is the only thread, so the child finds no lock held and nothing half done.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                signals.restore();
                die_with(own);
                run();
                std::process::exit(1)
            }
            pid => {
                self.running.push((pid, part));
                Ok(())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Whether a part is being done.
    pub(super) fn is_running(&self, part: usize) -> bool {
        self.running.iter().any(|(_, running)| *running == part)
    }

    /// Whether a part has been told to end and has not ended.
    pub(super) fn is_stopping(&self, part: usize) -> bool {
        self.stopping.contains(&part)
    }

    /// Parts that have ended, with their exit codes, 128 + n after signal n; `None` for one that was told to.
    pub(super) fn ended(&mut self) -> Vec<(usize, Option<i32>)> {
        let mut ended = Vec::new();
        self.running.retain(|&(pid, part)| match exit_code(pid) {
            Some(code) => {
                ended.push((part, (!self.stopping.remove(&part)).then_some(code)));
                false
            }
            None => true,
        });
        ended
    }

    /// Tells a part to end, once.
    pub(super) fn stop(&mut self, part: usize) {
        let running = self.running.iter().find(|(_, running)| *running == part);
        if let Some((pid, _)) = running
            && self.stopping.insert(part)
        {
            send(*pid, libc::SIGTERM);
        }
    }

    /// Tells them of a signal, unless they have heard it.
    pub(super) fn pass_on(&self, signal: Signal) {
        if !signal.reached_all {
            self.running.iter().for_each(|(pid, _)| send(*pid, signal.number));
        }
    }
}

/// Sends a signal to a child that is not reaped yet.
fn send(child: pid_t, signal: i32) {
    // SAFETY: plain system call.
    unsafe { libc::kill(child, signal) };
}

/// How a child has ended; `None` while it has not.
fn exit_code(pid: pid_t) -> Option<i32> {
    let mut status = 0;
    // SAFETY: plain system call with a valid pointer.
    match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } {
        0 => None,
        -1 => Some(1),
        _ if libc::WIFSIGNALED(status) => Some(128 + libc::WTERMSIG(status)),
        _ => Some(libc::WEXITSTATUS(status)),
    }
}

/// The child ends when its parent is killed.
#[cfg(target_os = "linux")]
fn die_with(parent: pid_t) {
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM, 0, 0, 0);
        if libc::getppid() != parent {
            libc::_exit(1);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: pid_t) {}
