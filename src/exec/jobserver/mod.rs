//! GNU make's jobserver: a pipe with a byte, a *token*, for each process that may be started more.
//!
//! Who runs under a jobserver may run one process for nothing, and one more for each token that it has read
//! and not yet written back. As server we own the tokens; as client, below a make or another `par`, we take
//! them and give them back, also when we are killed.

mod client;
mod flags;
mod ledger;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, OFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use flags::Auth;

pub use client::{Client, Form, Make, client};

pub(super) use ledger::give_back_all;

/// More tokens than this do not fit in every pipe.
pub const MOST: u32 = 4000;

const TOKEN: u8 = b'+';

/// A jobserver that we serve or use.
#[derive(Debug)]
pub struct Jobserver {
    read: AsyncFd<File>,
    role: Role,
}

#[derive(Debug)]
enum Role {
    Server(Served),
    /// The tokens are in the ledger.
    Client,
}

#[derive(Debug)]
struct Served {
    path: PathBuf,
    /// What clients of the pipe form inherit.
    ends: [Arc<OwnedFd>; 2],
    slots: u32,
    /// Tokens that are not in the pipe or with clients.
    held: u32,
}

/// How a command is told of a jobserver.
#[derive(Debug)]
pub struct Offer {
    /// Its `MAKEFLAGS`.
    pub flags: String,
    /// Descriptors that it must have, under the same numbers.
    pub kept: Vec<Arc<OwnedFd>>,
}

impl Jobserver {
    /// Makes a jobserver with all of `slots` tokens still in our hand. Its fifo, in `folder`, is the caller's
    /// to remove.
    pub fn serve(folder: &Path, slots: u32) -> io::Result<Jobserver> {
        let path = folder.join("jobs");
        let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
        // SAFETY: the name ends with a zero.
        if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let open = |options: &mut std::fs::OpenOptions, flags: OFlags| {
            options.custom_flags(flags.bits() as i32).open(&path)
        };
        // Reading and writing, so that there is always somebody at the other end. What clients inherit is
        // opened apart: make changes the mode of its end, and not only for itself.
        let own = open(File::options().read(true).write(true), OFlags::NONBLOCK)?;
        let read = open(File::options().read(true), OFlags::NONBLOCK)?;
        rustix::io::ioctl_fionbio(&read, false)?;
        let write = open(File::options().write(true), OFlags::empty())?;
        let ends = [Arc::new(read.into()), Arc::new(write.into())];
        let served = Served { path, ends, slots, held: slots };
        Ok(Jobserver { read: watched(own)?, role: Role::Server(served) })
    }

    /// The jobserver that the environment names, if any; an error when it cannot be reached, as in a make's
    /// recipe without `+`.
    pub fn inherited() -> Option<io::Result<Jobserver>> {
        let auth = flags::auth(&environment()?)?;
        let read = prepare().and_then(|()| read_end(&auth)).and_then(watched);
        Some(read.map(|read| Jobserver { read, role: Role::Client }))
    }

    /// Tokens that we have: those of the run's slots that clients cannot use.
    pub fn held(&self) -> u32 {
        match &self.role {
            Role::Server(served) => served.held,
            Role::Client => ledger::held(),
        }
    }

    /// Whether the tokens are ours.
    pub fn is_server(&self) -> bool {
        matches!(self.role, Role::Server(_))
    }

    /// Takes a token if there is one; does not wait.
    pub fn take(&mut self) -> bool {
        let took = match &mut self.role {
            Role::Server(served) => self
                .read
                .try_io(Interest::READABLE, |mut pipe| pipe.read_exact(&mut [0]))
                .inspect(|()| served.held += 1),
            Role::Client => {
                self.read.try_io(Interest::READABLE, |pipe| ledger::take(pipe.as_raw_fd()))
            }
        };
        took.is_ok()
    }

    /// Lets clients have `count` of our tokens.
    pub fn give(&mut self, count: u32) {
        match &mut self.role {
            Role::Server(served) => {
                let count = count.min(served.held);
                let tokens = vec![TOKEN; count as usize];
                match self.read.get_ref().write_all(&tokens) {
                    Ok(()) => served.held -= count,
                    Err(error) => tracing::warn!(%error, "tokens are not given"),
                }
            }
            Role::Client => ledger::give_back(count as usize),
        }
    }

    /// Has all tokens again, now that no client lives: what is in the pipe, and what clients took with them
    /// when they died. How many came back.
    pub fn reclaim(&mut self) -> u32 {
        let Role::Server(served) = &mut self.role else { return 0 };
        let mut rest = [0; 512];
        while self.read.get_ref().read(&mut rest).is_ok_and(|length| length > 0) {}
        let out = served.slots - served.held;
        served.held = served.slots;
        out
    }

    /// Returns when there may be a token.
    pub async fn readable(&self) {
        if self.read.readable().await.is_err() {
            // The runtime is ending.
            std::future::pending().await
        }
    }

    /// What a command is told that knows `form`; `flags` is its `MAKEFLAGS` without us. `None` when it knows
    /// already, for then we are no server.
    pub fn offer(&self, form: Form, flags: &str) -> Option<Offer> {
        let Role::Server(served) = &self.role else { return None };
        let numbers = || {
            let [read, write] = &served.ends;
            format!("{},{}", read.as_raw_fd(), write.as_raw_fd())
        };
        let jobserver = match form {
            Form::Fifo => format!("--jobserver-auth=fifo:{}", served.path.display()),
            Form::Pipe => format!("--jobserver-auth={}", numbers()),
            Form::OldPipe => format!("--jobserver-fds={}", numbers()),
        };
        let flags = flags::with(flags, served.slots, &jobserver);
        let kept = if form == Form::Fifo { Vec::new() } else { served.ends.to_vec() };
        Some(Offer { flags, kept })
    }
}

impl Drop for Jobserver {
    fn drop(&mut self) {
        if !self.is_server() {
            give_back_all();
        }
    }
}

/// Looks for a jobserver around this process. Call it before the process splits, so that both parts keep
/// the books of its tokens.
///
/// # Errors
///
/// When one is named that cannot be reached.
pub(super) fn prepare() -> io::Result<()> {
    let auth = environment().and_then(|flags| flags::auth(&flags));
    let Some(auth) = auth.filter(|_| ledger::write_end().is_none()) else { return Ok(()) };
    read_end(&auth)?;
    let write = write_end(&auth)?;
    ledger::open(write.as_raw_fd())?;
    // It is closed with the process.
    std::mem::forget(write);
    Ok(())
}

/// The descriptor that the outer process must keep.
pub(super) fn kept_by_outer() -> Option<RawFd> {
    ledger::write_end()
}

fn environment() -> Option<String> {
    std::env::var("MAKEFLAGS").ok()
}

fn watched(pipe: File) -> io::Result<AsyncFd<File>> {
    // SAFETY: a `File` is open, and always the same descriptor, until it is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(pipe, Interest::READABLE) }?)
}

/// An end of our own to read from, which does not block.
fn read_end(auth: &Auth) -> io::Result<File> {
    let options = |path: &Path| {
        let flags = OFlags::NONBLOCK.bits() as i32;
        fifo(File::options().read(true).custom_flags(flags).open(path)?)
    };
    match auth {
        Auth::Fifo(path) => options(path),
        Auth::Pipe(read, _) => {
            let inherited = inherited(*read, OFlags::WRONLY)?;
            options(&PathBuf::from(format!("/dev/fd/{read}"))).or_else(|_| {
                rustix::io::ioctl_fionbio(inherited, true)?;
                Ok(inherited.try_clone_to_owned()?.into())
            })
        }
    }
}

/// An end of our own to write to.
fn write_end(auth: &Auth) -> io::Result<File> {
    match auth {
        Auth::Fifo(path) => {
            let flags = OFlags::NONBLOCK.bits() as i32;
            fifo(File::options().write(true).custom_flags(flags).open(path)?)
        }
        Auth::Pipe(_, write) => Ok(inherited(*write, OFlags::RDONLY)?.try_clone_to_owned()?.into()),
    }
}

/// A descriptor that we were started with, if it is a pipe's and not only for `other` use.
fn inherited<'a>(number: RawFd, other: OFlags) -> io::Result<BorrowedFd<'a>> {
    // SAFETY: only asks.
    if number < 3 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is open, and nothing in this process closes what it was started with.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    if rustix::fs::fcntl_getfl(descriptor)? & OFlags::ACCMODE == other {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    fifo(descriptor)
}

fn fifo<T: AsFd>(descriptor: T) -> io::Result<T> {
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&descriptor)?.st_mode);
    if kind == FileType::Fifo { Ok(descriptor) } else { Err(io::Error::other("it is no pipe")) }
}
