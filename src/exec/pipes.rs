//! Pipes that children write into and `par` reads without ever waiting.

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::event::Stream;

/// The most that one read takes.
pub(super) const CHUNK: usize = 256 * 1024;
/// What a pipe may hold once its writer has proved chatty, and how much makes it so.
const LARGE: usize = 1024 * 1024;
const CHATTY: usize = 64 * 1024;

/// The end that we read.
pub(super) struct Pipe {
    end: OwnedFd,
    /// Tells it from all others of this run.
    pub token: u64,
    pub stream: Stream,
    seen: usize,
    is_large: bool,
    /// How many bytes are still wanted.
    wanted: usize,
}

/// What a read found.
pub(super) enum Chunk {
    Bytes(Vec<u8>),
    Nothing,
    End,
}

impl Pipe {
    /// A pipe, and its other end for the child.
    pub(super) fn new(stream: Stream, token: u64) -> io::Result<(Pipe, OwnedFd)> {
        let (end, other) = pair()?;
        // Only ours: most programs do not expect a stdout that refuses to wait.
        set_nonblocking(end.as_fd())?;
        Ok((Pipe { end, token, stream, seen: 0, is_large: false, wanted: usize::MAX }, other))
    }

    /// Reads what is there, by way of `buffer` and at most as much as it holds.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Chunk {
        let size = buffer.len().min(self.wanted);
        if size == 0 {
            return Chunk::End;
        }
        // SAFETY: the buffer is valid for `size` bytes.
        let length = unsafe { libc::read(self.end.as_raw_fd(), buffer.as_mut_ptr().cast(), size) };
        match usize::try_from(length) {
            Ok(0) => Chunk::End,
            Ok(length) => {
                self.wanted = self.wanted.saturating_sub(length);
                self.notice_chatter(length);
                Chunk::Bytes(buffer[..length].to_vec())
            }
            Err(_) => match io::Error::last_os_error().kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Chunk::Nothing,
                _ => Chunk::End,
            },
        }
    }

    /// Lets it end after what it holds now, for others than the child may hold its other end.
    pub(super) fn keep_only_present(&mut self) {
        self.wanted = self.available();
    }

    /// Lets it go on after all; `false` when it has ended, or there was no reason to.
    pub(super) fn goes_on(&mut self) -> bool {
        std::mem::replace(&mut self.wanted, usize::MAX) == 0
    }

    fn available(&self) -> usize {
        let mut length: libc::c_int = 0;
        // SAFETY: the kernel writes an int.
        unsafe { libc::ioctl(self.end.as_raw_fd(), libc::FIONREAD, &mut length) };
        usize::try_from(length).unwrap_or(0)
    }

    fn notice_chatter(&mut self, length: usize) {
        self.seen = self.seen.saturating_add(length);
        if !self.is_large && self.seen >= CHATTY {
            self.is_large = true;
            enlarge(self.end.as_fd());
        }
    }
}

/// Lets those go that hold nothing and whose other end nobody has.
pub(super) fn drop_ended(pipes: &mut Vec<Pipe>) {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut looks: Vec<PollFd<'_>> =
        pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
    let at_once = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut looks, Some(&at_once)).is_err() {
        return;
    }
    let mut ended = looks.iter().map(|look| look.revents() == PollFlags::HUP).collect::<Vec<_>>();
    pipes.retain(|_| !ended.remove(0));
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

/// Refused to users with many large pipes: then it stays small.
#[cfg(target_os = "linux")]
fn enlarge(end: BorrowedFd<'_>) {
    // SAFETY: plain system call.
    unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETPIPE_SZ, LARGE as libc::c_int) };
}

/// These kernels do it by themselves.
#[cfg(not(target_os = "linux"))]
fn enlarge(_: BorrowedFd<'_>) {
    let _ = LARGE;
}

/// The end to read of a pipe that holds `bytes`, which must fit, and nothing after them.
pub(super) fn holding(bytes: &[u8]) -> io::Result<OwnedFd> {
    let (end, other) = pair()?;
    std::fs::File::from(other).write_all(bytes)?;
    Ok(end)
}

/// A pipe: the end to read, and the one to write.
#[cfg(target_os = "linux")]
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use std::os::fd::FromRawFd;
    let mut ends = [0; 2];
    // SAFETY: the kernel writes two descriptors, which are then ours alone.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    Ok((reader.into(), writer.into()))
}

fn set_nonblocking(end: BorrowedFd<'_>) -> io::Result<()> {
    let mut on: libc::c_int = 1;
    // SAFETY: the kernel reads an int.
    match unsafe { libc::ioctl(end.as_raw_fd(), libc::FIONBIO, &mut on) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    fn read(pipe: &mut Pipe) -> String {
        match pipe.read(&mut [0; 8]) {
            Chunk::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            Chunk::Nothing => "nothing".into(),
            Chunk::End => "end".into(),
        }
    }

    #[test]
    fn a_pipe_tells_nothing_yet_from_nothing_ever() {
        let (mut pipe, end) = Pipe::new(Stream::Stdout, 1).unwrap();
        let mut writer = File::from(end);
        assert_eq!(read(&mut pipe), "nothing");
        writer.write_all(b"hello").unwrap();
        assert_eq!(pipe.available(), 5);
        assert_eq!(read(&mut pipe), "hello");
        drop(writer);
        assert_eq!(read(&mut pipe), "end");
    }

    #[test]
    fn what_is_written_after_the_end_of_the_child_is_not_read() {
        let (mut pipe, end) = Pipe::new(Stream::Stdout, 1).unwrap();
        let mut writer = File::from(end);
        writer.write_all(b"present").unwrap();
        pipe.keep_only_present();
        writer.write_all(b"late").unwrap();
        assert_eq!((read(&mut pipe), read(&mut pipe)), ("present".into(), "end".into()));
    }

    #[test]
    fn a_pipe_that_was_cut_can_go_on_and_one_that_ended_cannot() {
        let (mut pipe, end) = Pipe::new(Stream::Stdout, 1).unwrap();
        let mut writer = File::from(end);
        pipe.keep_only_present();
        assert_eq!(read(&mut pipe), "end");
        assert!(pipe.goes_on());
        writer.write_all(b"late").unwrap();
        assert_eq!(read(&mut pipe), "late");
        drop(writer);
        assert_eq!(read(&mut pipe), "end");
        assert!(!pipe.goes_on());
    }

    #[test]
    fn only_the_end_that_is_read_refuses_to_wait() {
        let (pipe, end) = Pipe::new(Stream::Stdout, 1).unwrap();
        // SAFETY: plain system call.
        let flags = |fd: BorrowedFd<'_>| unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
        assert_ne!(flags(pipe.as_fd()) & libc::O_NONBLOCK, 0);
        assert_eq!(flags(end.as_fd()) & libc::O_NONBLOCK, 0);
    }
}
