//! Who is in the terminal's foreground: stdin, where it is a terminal.

use libc::pid_t;

use super::Guarded;

const TERMINAL: libc::c_int = 0;

/// The group in the foreground; `None` when stdin is no terminal of this session.
fn foreground() -> Option<pid_t> {
    // SAFETY: plain system call.
    let group = unsafe { libc::tcgetpgrp(TERMINAL) };
    (group > 0).then_some(group)
}

/// The group that the shell put `par` in.
fn home(guarded: Guarded) -> pid_t {
    // SAFETY: plain system call.
    unsafe { libc::getpgid(guarded.face()) }
}

/// Whether the terminal is `par`'s to give.
pub(super) fn is_ours(guarded: Guarded) -> bool {
    foreground() == Some(home(guarded))
}

/// Puts `group` in the foreground. `SIGTTOU` is blocked wherever this is called from the background.
pub(super) fn give(group: pid_t) {
    // SAFETY: plain system call.
    unsafe { libc::tcsetpgrp(TERMINAL, group) };
}

/// Puts `par` back in the foreground, if `group` still is there; whether it was.
pub(super) fn take_back(guarded: Guarded, group: pid_t) -> bool {
    let was_there = foreground() == Some(group);
    if was_there {
        give(home(guarded));
    }
    was_there
}

/// Puts `par` back in the foreground after a child that got there came to nothing.
pub(super) fn recover(guarded: Guarded) {
    give(home(guarded));
}

/// Whether stdin is a terminal of this session.
pub(super) fn exists() -> bool {
    foreground().is_some()
}

/// While it lives, this process may read from the terminal and change its modes.
#[derive(Debug)]
pub struct Foreground(Guarded);

impl Foreground {
    /// `None` when there is no terminal or `par` is in the background.
    pub fn take(guarded: Guarded) -> Option<Foreground> {
        is_ours(guarded).then(|| {
            give(own_group());
            Foreground(guarded)
        })
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        take_back(self.0, own_group());
    }
}

fn own_group() -> pid_t {
    // SAFETY: plain system call.
    unsafe { libc::getpgrp() }
}
