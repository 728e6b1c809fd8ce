//! Makes sure that nothing outlives `par`, however `par` ends.
//!
//! On Linux the process that the shell started becomes the *outer*: it forwards signals to the *inner*, its
//! child, which does all the work, and kills what is left when the inner has ended. The inner does the same
//! when the outer is killed. Both are subreapers, so no orphan gets past them. Elsewhere there is one process,
//! and only process groups protect from orphans.
//!
//! Knows nothing of jobs.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::pid_t;

use super::{jobserver, signals};

#[cfg(target_os = "linux")]
mod sweep;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod system;

pub(super) use system::{is_ending, sweep};

/// Names the outer process of the `par` that a process runs under, so that a `par` inside it needs none.
pub(super) const VARIABLE: &str = "PAR_GUARD";

/// Hardly ever in the terminal's foreground, the inner must be able to write there all the same.
pub(super) const HELD_BACK: libc::c_int = libc::SIGTTOU;

/// The process that was guarded: what was forked from it was not.
static OWN: AtomicI32 = AtomicI32::new(0);
static OUTER: AtomicI32 = AtomicI32::new(0);
static FACE: AtomicI32 = AtomicI32::new(0);

/// Proof that this process may have children: whatever happens to it, they will not stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guarded {
    outer: pid_t,
    face: pid_t,
}

impl Guarded {
    /// The process that the others are told to look for among their ancestors.
    pub(super) fn outer(self) -> pid_t {
        self.outer
    }

    /// The process that the shell knows.
    pub(super) fn face(self) -> pid_t {
        self.face
    }
}

/// Splits this process in outer and inner, and returns in the inner; the outer never returns.
///
/// Call it before the first child is started and before any thread is. A second call does nothing.
///
/// # Errors
///
/// When another thread exists (it would vanish in the inner), or the kernel has no process to spare.
pub fn ensure() -> io::Result<Guarded> {
    if !is_established() {
        signals::handle(libc::SIGCHLD, libc::SIG_DFL)?;
        // What cannot be reached is the run's business; what can must be known to both processes.
        if let Err(error) = jobserver::prepare() {
            tracing::debug!(%error, "no jobserver");
        }
        let guarded = system::establish()?;
        signals::block(&signals::set([HELD_BACK]));
        FACE.store(guarded.face, Ordering::Release);
        OUTER.store(guarded.outer, Ordering::Release);
        OWN.store(std::process::id() as pid_t, Ordering::Release);
    }
    Ok(Guarded { outer: OUTER.load(Ordering::Acquire), face: FACE.load(Ordering::Acquire) })
}

/// As [`ensure`], before a thread is started: after that it would be too late. The error is that of whatever is
/// started next.
pub fn before_thread() {
    let _ = ensure();
}

/// Whether this process has called it, from wherever.
pub(super) fn is_established() -> bool {
    OWN.load(Ordering::Acquire) == std::process::id() as pid_t
}

/// Ends this process by `signal`, as a shell expects of a program that was interrupted.
pub fn end_by(signal: i32) -> ! {
    signals::die_of(signal)
}
