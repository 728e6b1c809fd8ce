//! Signals of this process: which ones it heeds, blocking them, dying of one.

use std::io;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use libc::{c_int, sigset_t};

/// What a user or a terminal may send to `par` and `par` acts on.
const REQUESTS: [c_int; 7] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGTSTP,
    libc::SIGWINCH,
    libc::SIGUSR1,
];

/// The requests that whoever started `par` did not tell it to ignore (as `nohup` does with `SIGHUP`).
pub(super) fn heeded() -> impl Iterator<Item = c_int> {
    REQUESTS.into_iter().filter(|&signal| !is_ignored(signal))
}

fn is_ignored(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only reads the disposition into `action`, for which all zeroes is a valid value.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Puts `signal` into a set.
pub(super) fn add(set: &mut sigset_t, signal: c_int) {
    // SAFETY: an initialised set; numbers that are no signals are refused.
    unsafe { libc::sigaddset(set, signal) };
}

/// A set of these signals.
pub(super) fn set(signals: impl IntoIterator<Item = c_int>) -> sigset_t {
    let mut set = MaybeUninit::<sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set.
    let mut set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    };
    signals.into_iter().for_each(|signal| add(&mut set, signal));
    set
}

/// Changes this thread's mask as `how` says; the old one.
fn mask(how: c_int, change: &sigset_t) -> sigset_t {
    let mut old = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: both sets are valid for the call; pthread_sigmask fails only for a wrong `how`.
    unsafe {
        libc::pthread_sigmask(how, change, old.as_mut_ptr());
        old.assume_init()
    }
}

/// Blocks `signals` in this thread; the mask before.
pub(super) fn block(signals: &sigset_t) -> sigset_t {
    original();
    mask(libc::SIG_BLOCK, signals)
}

/// Lets `signals` through to this thread.
pub(super) fn unblock(signals: &sigset_t) {
    mask(libc::SIG_UNBLOCK, signals);
}

/// Makes `to` this thread's mask.
pub(super) fn restore(to: &sigset_t) {
    mask(libc::SIG_SETMASK, to);
}

/// The mask that this process was started with, and that its children get.
pub(super) fn original() -> &'static sigset_t {
    static ORIGINAL: OnceLock<sigset_t> = OnceLock::new();
    ORIGINAL.get_or_init(|| mask(libc::SIG_BLOCK, &set([])))
}

/// Gives `signal` its default action, or lets a function handle it.
pub(super) fn handle(signal: c_int, handler: libc::sighandler_t) -> io::Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes is a valid sigaction; callers pass SIG_DFL or an async-signal-safe function.
    let result = unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(signal, action, std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Ends this process by `signal`, without a core dump, as if nothing had been in the way of it.
pub(super) fn die_of(signal: c_int) -> ! {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let only = set([signal]);
    // SAFETY: plain system calls on valid arguments.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        let _ = handle(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
        unblock(&only);
        libc::_exit(128 + signal)
    }
}
