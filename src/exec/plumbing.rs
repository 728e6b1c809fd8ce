//! Which descriptors a process gets, and which pipes we read.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::pipes::Pipe;
use super::{Capture, Job, Stdin};
use crate::event::Stream;

/// Lives until the process is started; only the pipes stay, and their other ends as long as it runs.
pub(super) struct Plumbing {
    pub descriptors: [RawFd; 3],
    pub pipes: Vec<Pipe>,
    /// The other ends of the pipes.
    pub ends: Vec<OwnedFd>,
    copies: Vec<OwnedFd>,
}

impl Plumbing {
    /// `token` is for the first pipe, the number after it for the second.
    pub(super) fn new(job: &Job, null: &File, token: u64) -> io::Result<Plumbing> {
        let (pipes, ends, copies) = Default::default();
        let mut plumbing = Plumbing { descriptors: [0, 1, 2], pipes, ends, copies };
        plumbing.descriptors[0] = match &job.stdin {
            Stdin::Null => null.as_raw_fd(),
            Stdin::Inherit => 0,
            Stdin::Fd(descriptor) => plumbing.above_standard(descriptor)?,
        };
        match &job.capture {
            Capture::Inherit => {}
            Capture::Merged => {
                let end = plumbing.pipe(Stream::Stdout, token)?;
                plumbing.outputs(end, end);
            }
            Capture::Separate => {
                let stdout = plumbing.pipe(Stream::Stdout, token)?;
                let stderr = plumbing.pipe(Stream::Stderr, token + 1)?;
                plumbing.outputs(stdout, stderr);
            }
            Capture::Stdout => {
                let stdout = plumbing.pipe(Stream::Stdout, token)?;
                plumbing.outputs(stdout, 2);
            }
            Capture::Quiet => {
                let stdout = plumbing.pipe(Stream::Stdout, token)?;
                plumbing.outputs(stdout, null.as_raw_fd());
            }
            Capture::Given { stdout, stderr } => {
                let (stdout, stderr) =
                    (plumbing.above_standard(stdout)?, plumbing.above_standard(stderr)?);
                plumbing.outputs(stdout, stderr);
            }
        }
        Ok(plumbing)
    }

    fn outputs(&mut self, stdout: RawFd, stderr: RawFd) {
        self.descriptors[1] = stdout;
        self.descriptors[2] = stderr;
    }

    fn pipe(&mut self, stream: Stream, token: u64) -> io::Result<RawFd> {
        let (pipe, end) = Pipe::new(stream, token)?;
        let descriptor = end.as_raw_fd();
        self.pipes.push(pipe);
        self.ends.push(end);
        Ok(descriptor)
    }

    /// The child moves them to their places one by one, so none may be in the place of another.
    fn above_standard(&mut self, descriptor: &OwnedFd) -> io::Result<RawFd> {
        let descriptor = descriptor.as_raw_fd();
        if descriptor > 2 {
            return Ok(descriptor);
        }
        // SAFETY: the caller holds it.
        let copy = unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?;
        let descriptor = copy.as_raw_fd();
        self.copies.push(copy);
        Ok(descriptor)
    }
}
