//! Processes that are this program once more, doing a part of the work.

use std::io::{self, Write};

use libc::pid_t;

use super::signals::{Signal, Signals};

/// Those that run.
#[derive(Default)]
pub(super) struct Children {
    running: Vec<(pid_t, usize)>,
    /// They have been told to end.
    are_stopping: bool,
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
                self.are_stopping = false;
                Ok(())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn are_stopping(&self) -> bool {
        self.are_stopping
    }

    /// Those that have ended, with their exit codes; 128 + n after signal n.
    pub(super) fn ended(&mut self) -> Vec<(usize, i32)> {
        let mut ended = Vec::new();
        self.running.retain(|&(pid, part)| match exit_code(pid) {
            Some(code) => {
                ended.push((part, code));
                false
            }
            None => true,
        });
        ended
    }

    /// Tells them to end, once.
    pub(super) fn stop(&mut self) {
        if !std::mem::replace(&mut self.are_stopping, true) {
            self.send(libc::SIGTERM);
        }
    }

    /// Tells them of a signal, unless they have heard it.
    pub(super) fn pass_on(&self, signal: Signal) {
        if !signal.reached_all {
            self.send(signal.number);
        }
    }

    fn send(&self, signal: i32) {
        for (pid, _) in &self.running {
            // SAFETY: plain system call; it is our child and not reaped yet.
            unsafe { libc::kill(*pid, signal) };
        }
    }
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
