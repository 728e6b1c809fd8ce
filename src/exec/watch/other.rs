//! One `kqueue` for pipes and signals, itself watched by tokio.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;

use super::{Wake, register};

/// See the module.
pub(in crate::exec) struct Watch {
    queue: AsyncFd<OwnedFd>,
    came: VecDeque<Wake>,
}

impl Watch {
    /// Watches `signals`, which the caller has blocked, and pipes as they are added.
    pub(in crate::exec) fn new(signals: &[i32]) -> io::Result<Watch> {
        // SAFETY: plain system call.
        let queue = unsafe { libc::kqueue() };
        if queue < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        let queue = unsafe { OwnedFd::from_raw_fd(queue) };
        for &signal in signals {
            add(queue.as_raw_fd(), signal as usize, libc::EVFILT_SIGNAL, 0)?;
        }
        let queue = register(queue)?;
        Ok(Watch { queue, came: VecDeque::new() })
    }

    /// There is one process only.
    pub(in crate::exec) fn belong_to_this_process(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Watches a pipe until it is closed.
    pub(in crate::exec) fn add(&self, pipe: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        add(self.queue.as_raw_fd(), pipe.as_raw_fd() as usize, libc::EVFILT_READ, token)
    }

    /// Something that came and was not told yet.
    pub(in crate::exec) fn next(&mut self) -> Option<Wake> {
        self.came.pop_front()
    }

    /// Returns when something has come; forgets nothing when it is dropped before.
    pub(in crate::exec) async fn wait(&mut self) -> io::Result<()> {
        while self.came.is_empty() {
            let mut readable = self.queue.readable().await?;
            look(self.queue.as_raw_fd(), &mut self.came)?;
            if self.came.is_empty() {
                readable.clear_ready();
            }
        }
        Ok(())
    }
}

fn look(queue: RawFd, came: &mut VecDeque<Wake>) -> io::Result<()> {
    // SAFETY: all zeroes is a valid kevent; the kernel writes at most as many as there is room for.
    let (events, count) = unsafe {
        let mut events: [libc::kevent; 64] = std::mem::zeroed();
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let count = libc::kevent(queue, std::ptr::null(), 0, events.as_mut_ptr(), 64, &now);
        (events, count)
    };
    let count = match usize::try_from(count) {
        Ok(count) => count,
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => 0,
            error => return Err(error),
        },
    };
    came.extend(events[..count].iter().map(|event| match event.filter {
        libc::EVFILT_SIGNAL => Wake::Signal(event.ident as i32),
        _ => Wake::Readable(event.udata as u64),
    }));
    Ok(())
}

fn add(queue: RawFd, what: usize, filter: i16, token: u64) -> io::Result<()> {
    // SAFETY: all zeroes is a valid kevent, and `change` is valid for the call.
    let result = unsafe {
        let mut change: libc::kevent = std::mem::zeroed();
        change.ident = what;
        change.filter = filter;
        change.flags = libc::EV_ADD;
        change.udata = token as *mut libc::c_void;
        libc::kevent(queue, &change, 1, std::ptr::null_mut(), 0, std::ptr::null())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
