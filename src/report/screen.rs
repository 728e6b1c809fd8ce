//! Where reporters write: two streams whose order is kept.
//!
//! Knows nothing of events.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::event::Stream;

/// A stdout and a stderr. A clone is the same pair.
#[derive(Clone)]
pub struct Screen {
    streams: Arc<Mutex<Streams>>,
}

type Writer = BufWriter<Box<dyn Write + Send>>;

struct Streams {
    out: Writer,
    err: Writer,
    written: u64,
    last: Stream,
    is_line_open: bool,
}

impl Screen {
    /// A screen over two writers, which should not buffer.
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Screen {
        let streams = Streams {
            out: BufWriter::with_capacity(64 * 1024, out),
            err: BufWriter::with_capacity(8 * 1024, err),
            written: 0,
            last: Stream::Stdout,
            is_line_open: false,
        };
        Screen { streams: Arc::new(Mutex::new(streams)) }
    }

    /// The process's own stdout and stderr.
    pub fn standard() -> io::Result<Screen> {
        let file =
            |fd: io::Result<OwnedFd>| fd.map(|fd| Box::new(Patient(File::from(fd))) as Box<_>);
        let out = file(io::stdout().as_fd().try_clone_to_owned())?;
        let err = file(io::stderr().as_fd().try_clone_to_owned())?;
        Ok(Screen::new(out, err))
    }

    /// Writes bytes to one stream, after all that was written to the other.
    pub fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        let mut streams = self.streams();
        if streams.last != stream {
            streams.flush()?;
            streams.last = stream;
        }
        streams.is_line_open = *last != b'\n';
        streams.written += bytes.len() as u64;
        match stream {
            Stream::Stdout => streams.out.write_all(bytes),
            Stream::Stderr => streams.err.write_all(bytes),
        }
    }

    /// Ends the line that was written last if it has no end yet.
    pub fn end_line(&self) -> io::Result<()> {
        let (last, is_open) = {
            let streams = self.streams();
            (streams.last, streams.is_line_open)
        };
        if is_open { self.write(last, b"\n") } else { Ok(()) }
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> u64 {
        self.streams().written
    }

    /// Whether what was written last is a line without an end.
    pub fn is_line_open(&self) -> bool {
        self.streams().is_line_open
    }

    /// Writes to stderr something that is no part of the text: it is drawn again or taken away.
    pub(super) fn draw(&self, bytes: &[u8]) -> io::Result<()> {
        let mut streams = self.streams();
        if streams.last != Stream::Stderr {
            streams.flush()?;
            streams.last = Stream::Stderr;
        }
        streams.err.write_all(bytes)
    }

    /// Makes all that was written visible.
    pub fn flush(&self) -> io::Result<()> {
        self.streams().flush()
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn flush(&mut self) -> io::Result<()> {
        flush(&mut self.out)?;
        flush(&mut self.err)
    }
}

/// A file that another process may have told not to block, as some programs do with a terminal
/// they share with us: then this waits.
struct Patient(File);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait()?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Patient {
    fn wait(&self) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A stream that nobody reads any more fails once, and holds up the other one no longer.
fn flush(stream: &mut Writer) -> io::Result<()> {
    let flushed = stream.flush();
    if flushed.is_err() {
        let broken = std::mem::replace(stream, BufWriter::new(Box::new(io::sink())));
        let _ = broken.into_parts();
    }
    flushed
}

#[cfg(test)]
mod tests {
    use super::super::testing::Memory;
    use super::*;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_does_not_block_is_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        let writer = OwnedFd::from(writer);
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let sent = vec![b'x'; 1 << 20];
        std::thread::scope(|scope| {
            scope.spawn(|| Patient(File::from(writer)).write_all(&sent).unwrap());
            let mut received = Vec::new();
            io::Read::read_to_end(&mut reader, &mut received).unwrap();
            assert_eq!(received.len(), 1 << 20);
        });
    }

    #[test]
    fn a_stdout_nobody_reads_fails_once_and_stderr_goes_on() {
        let memory = Memory::default();
        let screen = Screen::new(Box::new(Broken), memory.writer(Stream::Stderr));
        screen.write(Stream::Stdout, b"lost\n").unwrap();
        let error = screen.write(Stream::Stderr, b"first\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        screen.write(Stream::Stdout, b"lost, too\n").unwrap();
        screen.write(Stream::Stderr, b"second\n").unwrap();
        screen.flush().unwrap();
        assert_eq!(memory.text(), "!second\n");
    }
}
