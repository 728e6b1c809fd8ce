//! One `epoll` with a `signalfd` in it, itself watched by tokio: pipes cost no allocation in the runtime.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;

use super::super::signals;
use super::{Wake, register};

/// Pipes count from 0 and never get here.
const SIGNALS: u64 = u64::MAX;
const SIGNALS_AT_ONCE: usize = 8;

/// See the module.
pub(in crate::exec) struct Watch {
    epoll: AsyncFd<OwnedFd>,
    signals: OwnedFd,
    /// The process whose signals wake it.
    owner: u32,
    came: VecDeque<Wake>,
}

impl Watch {
    /// Watches `signals`, which the caller has blocked, and pipes as they are added.
    pub(in crate::exec) fn new(signals: &[i32]) -> io::Result<Watch> {
        let set = signals::set(signals.iter().copied());
        // SAFETY: plain system calls; the descriptors they make are ours alone.
        let (epoll, signals) = unsafe {
            let epoll = owned(libc::epoll_create1(libc::EPOLL_CLOEXEC))?;
            (epoll, owned(libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?)
        };
        add(epoll.as_raw_fd(), signals.as_raw_fd(), SIGNALS)?;
        let epoll = register(epoll)?;
        Ok(Watch { epoll, signals, owner: std::process::id(), came: VecDeque::new() })
    }

    /// To be called when this process may be a child of the one that made it: who adds a `signalfd` to an `epoll`
    /// is who must get a signal for it to wake.
    pub(in crate::exec) fn belong_to_this_process(&mut self) -> io::Result<()> {
        if self.owner == std::process::id() {
            return Ok(());
        }
        self.owner = std::process::id();
        let (epoll, signals) = (self.epoll.as_raw_fd(), self.signals.as_raw_fd());
        // SAFETY: plain system call; what is removed needs no event.
        match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, signals, std::ptr::null_mut()) }
        {
            0 => add(epoll, signals, SIGNALS),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Watches a pipe until it is closed.
    pub(in crate::exec) fn add(&self, pipe: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        add(self.epoll.as_raw_fd(), pipe.as_raw_fd(), token)
    }

    /// Something that came and was not told yet.
    pub(in crate::exec) fn next(&mut self) -> Option<Wake> {
        self.came.pop_front()
    }

    /// Returns when something has come; forgets nothing when it is dropped before.
    pub(in crate::exec) async fn wait(&mut self) -> io::Result<()> {
        while self.came.is_empty() {
            let mut readable = self.epoll.readable().await?;
            look(self.epoll.as_raw_fd(), self.signals.as_raw_fd(), &mut self.came)?;
            if self.came.is_empty() {
                readable.clear_ready();
            }
        }
        Ok(())
    }
}

fn look(epoll: RawFd, signals: RawFd, came: &mut VecDeque<Wake>) -> io::Result<()> {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
    // SAFETY: the kernel writes at most as many events as there is room for.
    let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), events.len() as i32, 0) };
    let count = match usize::try_from(count) {
        Ok(count) => count,
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => 0,
            error => return Err(error),
        },
    };
    for event in &events[..count] {
        match event.u64 {
            SIGNALS => came.extend(waiting_signals(signals).map(Wake::Signal)),
            token => came.push_back(Wake::Readable(token)),
        }
    }
    Ok(())
}

/// The signals that are there. More than fit are there the next time.
fn waiting_signals(signals: RawFd) -> impl Iterator<Item = i32> {
    let mut infos = [const { MaybeUninit::<libc::signalfd_siginfo>::zeroed() }; SIGNALS_AT_ONCE];
    let one = size_of::<libc::signalfd_siginfo>();
    // SAFETY: the buffer is valid for as many as there is room for.
    let length = unsafe { libc::read(signals, infos.as_mut_ptr().cast(), one * infos.len()) };
    let count = usize::try_from(length).unwrap_or(0) / one;
    // SAFETY: the kernel has written these, and all zeroes is a valid value.
    infos.into_iter().take(count).map(|info| unsafe { info.assume_init() }.ssi_signo as i32)
}

fn add(epoll: RawFd, descriptor: RawFd, token: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
    // SAFETY: `event` is valid for the call.
    match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, descriptor, &mut event) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// # Safety
///
/// `descriptor` is negative, with `errno` set, or new and nobody else's.
unsafe fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
