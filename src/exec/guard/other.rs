//! One process, no outer: this system has no subreapers. Groups are killed by who started them.

use std::io;

use super::Guarded;

pub(super) fn establish() -> io::Result<Guarded> {
    let own = std::process::id() as libc::pid_t;
    Ok(Guarded { outer: own, face: own })
}

/// Never here: nobody but the user ends this process.
pub(in crate::exec) fn is_ending() -> bool {
    false
}

/// Reaps what has ended; what is not a child of this process is out of reach.
pub(in crate::exec) fn sweep() {
    // SAFETY: waitpid with a null status only reaps.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}
