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
use crate::store::read_piece;

/// What is worth a call of its own, bytes, and the most that is asked for at once.
const MUCH: u64 = 64 * 1024;
const MOST: u64 = 64 << 20;

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
    /// Stdout and stderr themselves, where files can be sent to them.
    direct: [Option<File>; 2],
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
            direct: [None, None],
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
        let direct = |fd: io::Result<OwnedFd>, is_terminal: bool| match is_terminal {
            true => Ok(None),
            false => fd.map(|fd| Some(File::from(fd))),
        };
        let direct = [
            direct(io::stdout().as_fd().try_clone_to_owned(), is_terminal[0])?,
            direct(io::stderr().as_fd().try_clone_to_owned(), is_terminal[1])?,
        ];
        let screen = Screen::with_terminals(out, err, is_terminal);
        screen.streams().direct = direct;
        Ok(screen)
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

    /// Shows what a task wrote where it is in a file; how much of it. Much is sent by the kernel, which has it at
    /// hand.
    pub(super) fn show_file(
        &self,
        task: UnitId,
        stream: Stream,
        file: &File,
        offset: u64,
        length: u64,
    ) -> io::Result<u64> {
        if length >= MUCH
            && let Some(sent) = self.streams().send(stream, file, offset, length)?
        {
            return Ok(sent);
        }
        read_piece(file, offset, length, &mut |bytes| self.show(task, stream, bytes))
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

    /// Has the kernel copy from a file; `None` where it does not, or there is nothing.
    fn send(
        &mut self,
        stream: Stream,
        file: &File,
        offset: u64,
        length: u64,
    ) -> io::Result<Option<u64>> {
        let stream = if self.is_merged { Stream::Stdout } else { stream };
        if self.direct[stream as usize].is_none() {
            return Ok(None);
        }
        self.flush()?;
        let Some(direct) = &self.direct[stream as usize] else { return Ok(None) };
        let sent = match send(direct, file, offset, length) {
            Ok(0) => return Ok(None),
            Ok(sent) => sent,
            // Appended to, perhaps, or on a file system that cannot.
            Err(error) if is_refused(&error) => {
                self.direct[stream as usize] = None;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut last = [b'\n'];
        let _ = std::os::unix::fs::FileExt::read_at(file, &mut last, offset + sent - 1);
        self.last = stream;
        self.is_line_open = last != [b'\n'];
        self.written += sent;
        Ok(Some(sent))
    }

    fn flush(&mut self) -> io::Result<()> {
        flush(&mut self.out)?;
        flush(&mut self.err)
    }
}

fn is_refused(error: &io::Error) -> bool {
    let refusals = [libc::EINVAL, libc::ENOSYS, libc::EOPNOTSUPP, libc::EBADF, libc::EPERM];
    error.raw_os_error().is_some_and(|code| refusals.contains(&code))
}

/// Copies from one file to another, or to a pipe, without its passing through here; how much.
#[cfg(target_os = "linux")]
fn send(to: &File, from: &File, offset: u64, length: u64) -> io::Result<u64> {
    let mut offset = offset;
    let length = length.min(MOST) as usize;
    loop {
        match rustix::fs::sendfile(to, from, Some(&mut offset), length) {
            Err(Errno::AGAIN) => wait(to)?,
            Err(Errno::INTR) => {}
            sent => return Ok(sent? as u64),
        }
    }
}

/// The call of these kernels is another one.
#[cfg(not(target_os = "linux"))]
fn send(_: &File, _: &File, _: u64, _: u64) -> io::Result<u64> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Until it takes more.
fn wait(file: &File) -> io::Result<()> {
    match poll(&mut [PollFd::new(file, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A file that another process may have told not to block, as some programs do with a terminal
/// they share with us: then this waits.
struct Patient(File);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&self.0)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

    /// Shows the whole of a file on a stdout, between two words.
    fn show_whole(file: &File, length: u64, stdout: File) {
        let out = Box::new(Patient(stdout.try_clone().unwrap()));
        let screen = Screen::new(out, Box::new(io::sink()));
        screen.streams().direct = [Some(stdout), None];
        screen.write(Stream::Stdout, b"before\n").unwrap();
        let mut shown = 0;
        while shown < length {
            let rest = length - shown;
            shown += screen.show_file(UnitId(1), Stream::Stdout, file, shown, rest).unwrap();
        }
        assert_eq!((screen.written(), screen.is_line_open()), (7 + length, true));
        screen.write(Stream::Stdout, b"\nafter").unwrap();
        screen.flush().unwrap();
    }

    #[test]
    fn a_file_is_shown_as_it_is_wherever_stdout_goes() {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..3 * MUCH + 5).map(|at| b'a' + (at % 23) as u8).collect();
        let path = dir.path().join("log");
        std::fs::write(&path, &text).unwrap();
        let (file, length) = (File::open(&path).unwrap(), text.len() as u64);
        let expected = [b"before\n", &text[..], b"\nafter"].concat();

        let (mut reader, writer) = io::pipe().unwrap();
        let writer = OwnedFd::from(writer);
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut piped = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| show_whole(&file, length, File::from(writer)));
            io::Read::read_to_end(&mut reader, &mut piped).unwrap();
        });
        assert!(piped == expected);

        for options in [File::options().write(true), File::options().append(true)] {
            let path = dir.path().join("out");
            std::fs::write(&path, "").unwrap();
            show_whole(&file, length, options.open(&path).unwrap());
            assert!(std::fs::read(&path).unwrap() == expected);
        }
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
