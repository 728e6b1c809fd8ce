//! Where reporters write: two streams whose order is kept.
//!
//! Knows nothing of events.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::tame::Tame;
use crate::event::Stream;
use crate::id::UnitId;

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
    /// All of it goes to stdout.
    is_merged: bool,
    /// Whether stdout and stderr are terminals, which do what is written to them.
    is_terminal: [bool; 2],
    /// Tasks in the middle of a sequence or with a colour on.
    tame: HashMap<(UnitId, Stream), Tame>,
}

impl Screen {
    /// A screen over two writers, which should not buffer; for a file as much as for a pipe.
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Screen {
        Screen::with_terminals(out, err, [false; 2])
    }

    /// A screen over two writers, of which these are terminals.
    pub(super) fn with_terminals(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        is_terminal: [bool; 2],
    ) -> Screen {
        let streams = Streams {
            out: BufWriter::with_capacity(64 * 1024, out),
            err: BufWriter::with_capacity(8 * 1024, err),
            written: 0,
            last: Stream::Stdout,
            is_line_open: false,
            is_merged: false,
            is_terminal,
            tame: HashMap::new(),
        };
        Screen { streams: Arc::new(Mutex::new(streams)) }
    }

    /// The process's own stdout and stderr.
    pub fn standard() -> io::Result<Screen> {
        let file =
            |fd: io::Result<OwnedFd>| fd.map(|fd| Box::new(Patient(File::from(fd))) as Box<_>);
        let out = file(io::stdout().as_fd().try_clone_to_owned())?;
        let err = file(io::stderr().as_fd().try_clone_to_owned())?;
        let is_terminal = [io::stdout().is_terminal(), io::stderr().is_terminal()];
        Ok(Screen::with_terminals(out, err, is_terminal))
    }

    /// Writes bytes to one stream, after all that was written to the other.
    pub fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.streams().write(stream, bytes)
    }

    /// Writes what a task wrote: byte for byte, but to a terminal without what reaches beyond its lines.
    pub(super) fn show(&self, task: UnitId, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut streams = self.streams();
        if !streams.is_terminal[stream as usize] {
            return streams.write(stream, bytes);
        }
        let mut tame = streams.tame.remove(&(task, stream)).unwrap_or_default();
        let tamed = tame.piece(bytes);
        if tame.is_pending() {
            streams.tame.insert((task, stream), tame);
        }
        let written = streams.write(stream, &tamed);
        streams.is_line_open = bytes.last().is_some_and(|&last| last != b'\n');
        written
    }

    /// From now on all of it goes to stdout, for a reader that would not know the order of two streams.
    pub(super) fn merge(&self) {
        self.streams().is_merged = true;
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
    fn write(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        let stream = if self.is_merged { Stream::Stdout } else { stream };
        if self.last != stream {
            self.flush()?;
            self.last = stream;
        }
        self.is_line_open = *last != b'\n';
        self.written += bytes.len() as u64;
        match stream {
            Stream::Stdout => self.out.write_all(bytes),
            Stream::Stderr => self.err.write_all(bytes),
        }
    }

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
    fn only_a_terminal_gets_less_than_the_task_wrote() {
        let shown = |is_terminal| {
            let memory = Memory::default();
            let writer = |stream| memory.writer(stream);
            let screen =
                Screen::with_terminals(writer(Stream::Stdout), writer(Stream::Stderr), is_terminal);
            for stream in [Stream::Stdout, Stream::Stderr] {
                screen.show(UnitId(1), stream, b"\x1b[2J\x1b[3").unwrap();
                screen.show(UnitId(2), stream, b"two\n").unwrap();
                screen.show(UnitId(1), stream, b"1mone\n").unwrap();
                assert!(!screen.is_line_open());
            }
            screen.flush().unwrap();
            memory.text()
        };
        let (whole, tamed) = ("\x1b[2J\x1b[3two\n1mone\n", "two\n\x1b[31mone\n\x1b[0m");
        let on_stderr = |text: &str| text.replace('\n', "\n!");
        let plain = shown([false; 2]);
        assert_eq!(plain, format!("{whole}!{}", on_stderr(whole).trim_end_matches('!')));
        assert_eq!(shown([true; 2]), format!("{tamed}!{}", on_stderr(tamed)));
        assert!(shown([true, false]).starts_with(tamed));
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
