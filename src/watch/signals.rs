//! Signals, heard only while this process waits: those that end it, and that a child has ended.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use libc::{c_int, c_void, siginfo_t, sigset_t};

const ENDS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Where nothing tells of changes, how long one waits before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

static NUMBER: AtomicI32 = AtomicI32::new(0);
static SENDER: AtomicI32 = AtomicI32::new(0);

/// A signal that wants us to end.
#[derive(Clone, Copy)]
pub(super) struct Signal {
    pub(super) number: c_int,
    /// Whether the terminal has sent it to all of its foreground group.
    pub(super) reached_all: bool,
}

/// Signals are caught while this lives.
pub(super) struct Signals {
    before: sigset_t,
    caught: Vec<(c_int, libc::sigaction)>,
}

extern "C" fn note(number: c_int, info: *mut siginfo_t, _: *mut c_void) {
    if number != libc::SIGCHLD {
        // SAFETY: the kernel gives a valid pointer to whoever asks for it.
        SENDER.store(unsafe { (*info).si_code }, Ordering::Relaxed);
        NUMBER.store(number, Ordering::Release);
    }
}

impl Signals {
    pub(super) fn catch() -> io::Result<Signals> {
        let mut signals = Signals { before: empty(), caught: Vec::new() };
        let mut blocked = empty();
        // SAFETY: valid sets and actions; the handler only stores into atomics.
        unsafe {
            for number in ENDS.into_iter().chain([libc::SIGCHLD]) {
                let mut old = MaybeUninit::<libc::sigaction>::zeroed();
                check(libc::sigaction(number, ptr::null(), old.as_mut_ptr()))?;
                let old = old.assume_init();
                if number != libc::SIGCHLD && old.sa_sigaction == libc::SIG_IGN {
                    continue;
                }
                let mut action = old;
                action.sa_sigaction = note as extern "C" fn(_, _, _) as libc::sighandler_t;
                action.sa_flags = libc::SA_SIGINFO;
                check(libc::sigaction(number, &action, ptr::null_mut()))?;
                signals.caught.push((number, old));
                libc::sigaddset(&mut blocked, number);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &blocked, &mut signals.before);
        }
        Ok(signals)
    }

    /// Waits for a signal, for the descriptor to become readable, or as long as `patience` says.
    pub(super) fn wait(
        &self,
        descriptor: Option<RawFd>,
        patience: Option<Duration>,
    ) -> io::Result<()> {
        let mut patience = patience.unwrap_or(Duration::from_secs(3600));
        if descriptor.is_none() && patience > LOOK_AGAIN {
            patience = LOOK_AGAIN;
        }
        let time = libc::timespec {
            tv_sec: patience.as_secs() as libc::time_t,
            tv_nsec: patience.subsec_nanos() as _,
        };
        let mut readable = MaybeUninit::<libc::fd_set>::zeroed();
        // SAFETY: all zeroes is an empty set; the descriptor is one of the first few of this process.
        let result = unsafe {
            descriptor.into_iter().for_each(|fd| libc::FD_SET(fd, readable.as_mut_ptr()));
            let (none, most) = (ptr::null_mut(), descriptor.map_or(0, |fd| fd + 1));
            libc::pselect(most, readable.as_mut_ptr(), none, none, &time, &self.before)
        };
        match check(result) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// The signal that wants us to end.
    pub(super) fn take(&self) -> Option<Signal> {
        let number = NUMBER.swap(0, Ordering::Acquire);
        let sender = SENDER.load(Ordering::Relaxed);
        #[cfg(target_os = "linux")]
        let reached_all = sender == libc::SI_KERNEL;
        #[cfg(not(target_os = "linux"))]
        let reached_all = sender != libc::SI_USER;
        (number != 0).then_some(Signal { number, reached_all })
    }

    /// Makes everything as it was before.
    pub(super) fn restore(&self) {
        // SAFETY: what is restored is what the kernel gave.
        unsafe {
            for (number, old) in &self.caught {
                libc::sigaction(*number, old, ptr::null_mut());
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, ptr::null_mut());
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.restore();
    }
}

fn empty() -> sigset_t {
    let mut set = MaybeUninit::<sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
