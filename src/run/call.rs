//! `task:NAME` as a program: asks the run it stands in to run the task, and passes on what comes back.

use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::forward::Frame;
use super::output::is_same_file;
use super::server::{Greeting, is_in_background};
use crate::event::Stream;
use crate::id::UnitId;

/// What the program was called with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The task.
    pub task: String,
    /// Variables for this call.
    pub vars: Vec<(String, String)>,
}

/// Has the task run by the `par` that started the command this program is part of; its exit code.
///
/// # Errors
///
/// Outside of a run, or when the run has gone away.
pub fn call(call: Call) -> io::Result<i32> {
    let outside = || io::Error::other("this program only works in a command that `par` runs");
    let socket = std::env::var_os("PAR_SOCKET").ok_or_else(outside)?;
    let unit = std::env::var("PAR_UNIT").ok().and_then(|unit| unit.parse().ok());
    let mut stream = UnixStream::connect(socket)?;
    let greeting = Greeting {
        unit: UnitId(unit.ok_or_else(outside)?),
        task: call.task,
        vars: call.vars,
        background: is_in_background(),
        merged: is_same_file(io::stdout(), io::stderr()),
    };
    send_stdin(&stream)?;
    let text = serde_json::to_vec(&greeting)?;
    stream.write_all(&(text.len() as u32).to_le_bytes())?;
    stream.write_all(&text)?;
    pass_on(stream)
}

fn send_stdin(stream: &UnixStream) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let stdin = io::stdin();
    let own = [stdin.as_fd()];
    // A closed stdin reads as nothing.
    let null = std::fs::File::open("/dev/null")?;
    let nothing = [null.as_fd()];
    let is_open = rustix::io::fcntl_getfd(own[0]).is_ok();
    control.push(SendAncillaryMessage::ScmRights(if is_open { &own } else { &nothing }));
    sendmsg(stream, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    Ok(())
}

fn pass_on(mut stream: UnixStream) -> io::Result<i32> {
    let mut header = [0; Frame::LENGTH];
    let mut bytes = Vec::new();
    loop {
        stream.read_exact(&mut header)?;
        match Frame::decode(header)? {
            Frame::Exit(code) => return Ok(code),
            Frame::Output { stream: to, length } => {
                bytes.resize(length as usize, 0);
                stream.read_exact(&mut bytes)?;
                match to {
                    Stream::Stdout => write(io::stdout().lock(), &bytes)?,
                    Stream::Stderr => write(io::stderr().lock(), &bytes)?,
                }
            }
        }
    }
}

fn write(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}
