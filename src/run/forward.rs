//! The way back to a `task:NAME` program: output as it comes, then the exit code.
//!
//! Output is read from the log at the program's own pace, so however slowly it is read, memory does not grow.

use std::io;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::driver::{Driver, Mail};
use crate::event::Stream;
use crate::id::UnitId;
use crate::store::LogReader;

/// Output of a task below the call, in its log.
pub(super) struct Piece {
    pub(super) task: UnitId,
    pub(super) attempt: u32,
    pub(super) stream: Stream,
    pub(super) offset: u64,
    pub(super) length: u64,
}

enum Note {
    Piece(Piece),
    End(i32),
}

/// What the program is told: this header, then `length` bytes where it has any.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Debug)]
pub(super) enum Frame {
    /// Write these bytes there.
    Output { stream: Stream, length: u32 },
    /// Exit with this code.
    Exit(i32),
}

impl Frame {
    /// Bytes of a header.
    pub(super) const LENGTH: usize = 5;

    pub(super) fn encode(self) -> [u8; Frame::LENGTH] {
        let (kind, number) = match self {
            Frame::Output { stream: Stream::Stdout, length } => (1, length),
            Frame::Output { stream: Stream::Stderr, length } => (2, length),
            Frame::Exit(code) => (3, code as u32),
        };
        let [a, b, c, d] = number.to_le_bytes();
        [kind, a, b, c, d]
    }

    pub(super) fn decode([kind, a, b, c, d]: [u8; Frame::LENGTH]) -> io::Result<Frame> {
        let number = u32::from_le_bytes([a, b, c, d]);
        match kind {
            1 => Ok(Frame::Output { stream: Stream::Stdout, length: number }),
            2 => Ok(Frame::Output { stream: Stream::Stderr, length: number }),
            3 => Ok(Frame::Exit(number as i32)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an unknown answer")),
        }
    }
}

/// The driver's end.
pub(super) struct Forward {
    notes: UnboundedSender<Note>,
    /// What the program reads, and so the commands of its task.
    pub(super) stdin: OwnedFd,
    /// The program's stdout and stderr are the same file.
    pub(super) merged: bool,
}

impl Forward {
    /// Begins to answer `call` through `stream`. The channel has no bound, for its notes are positions; the
    /// driver closes it with the exit code.
    pub(super) fn begin(
        call: UnitId,
        stream: UnixStream,
        stdin: OwnedFd,
        merged: bool,
        logs: LogReader,
        post: UnboundedSender<Mail>,
    ) -> Forward {
        let (notes, from) = unbounded_channel();
        let (mut read, write) = stream.into_split();
        tokio::spawn(async move {
            // The program says nothing more: it can only go.
            let _ = read.read_u8().await;
            let _ = post.send(Mail::Deserted(call));
        });
        tokio::spawn(async move {
            if let Err(error) = answer(from, write, logs).await {
                tracing::debug!(?call, %error, "the program does not listen");
            }
        });
        Forward { notes, stdin, merged }
    }

    pub(super) fn piece(&self, piece: Piece) {
        // A program that is gone has been reported.
        let _ = self.notes.send(Note::Piece(piece));
    }

    fn end(self, code: i32) {
        let _ = self.notes.send(Note::End(code));
    }
}

async fn answer(
    mut from: UnboundedReceiver<Note>,
    mut write: OwnedWriteHalf,
    logs: LogReader,
) -> io::Result<()> {
    while let Some(note) = from.recv().await {
        match note {
            Note::End(code) => return write.write_all(&Frame::Exit(code).encode()).await,
            Note::Piece(piece) => {
                for bytes in load(&logs, &piece)? {
                    let length = bytes.len() as u32;
                    let frame = Frame::Output { stream: piece.stream, length };
                    write.write_all(&frame.encode()).await?;
                    write.write_all(&bytes).await?;
                }
            }
        }
    }
    Ok(())
}

/// The bytes of a piece, which is at most what one read of a pipe gives.
fn load(logs: &LogReader, piece: &Piece) -> io::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let Piece { task, attempt, offset, length, .. } = *piece;
    logs.read(task, attempt, offset, length, &mut |_, bytes| {
        all.push(bytes.to_vec());
        Ok(())
    })?;
    Ok(all)
}

/// Tells a program that its call came to nothing.
pub(super) async fn refuse(mut stream: UnixStream, code: i32, message: String) {
    let frame = Frame::Output { stream: Stream::Stderr, length: message.len() as u32 };
    let mut bytes = frame.encode().to_vec();
    bytes.extend(message.into_bytes());
    bytes.extend(Frame::Exit(code).encode());
    // Who has gone needs no answer.
    let _ = stream.write_all(&bytes).await;
}

impl Driver {
    /// The program that a command stands below, if it was called by one.
    pub(super) fn forward_of(&self, unit: UnitId) -> Option<&Forward> {
        self.forwards.get(&self.scheduler.grafted_call(unit)?)
    }

    /// Answers the program whose call has ended.
    pub(super) fn answer_call(&mut self, call: UnitId) {
        let Some(forward) = self.forwards.remove(&call) else { return };
        let code = self.scheduler.exit_code(call).unwrap_or(0);
        forward.end(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_was_put_in() {
        for frame in [
            Frame::Output { stream: Stream::Stdout, length: 70_000 },
            Frame::Output { stream: Stream::Stderr, length: 0 },
            Frame::Exit(201),
            Frame::Exit(-1),
        ] {
            assert_eq!(Frame::decode(frame.encode()).unwrap(), frame);
        }
        assert!(Frame::decode([9, 0, 0, 0, 0]).is_err());
    }
}
