//! Where `task:NAME` programs call: a socket, and a folder of programs for `PATH`.
//!
//! Made when a command first mentions one. Both lie in a folder that only the user can enter.

use std::collections::HashSet;
use std::fs::DirBuilder;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::UnboundedSender;

use super::driver::{Driver, Mail};
use super::forward;
use super::private::Private;
use crate::event::signal_name;
use crate::id::UnitId;
use crate::resolve::{Request, Resolver};
use crate::schedule::Input;

/// No call is longer than this.
const LONGEST_CALL: u32 = 4 << 20;

/// What a program says when it calls: its length in four bytes, then this as JSON. The first byte carries the
/// program's stdin.
#[derive(Serialize, Deserialize, PartialEq, Debug)]
pub(super) struct Greeting {
    /// The command it was started by.
    pub(super) unit: UnitId,
    pub(super) task: String,
    pub(super) vars: Vec<(String, String)>,
    /// Started with `&`.
    pub(super) background: bool,
    /// stdout and stderr are the same file.
    pub(super) merged: bool,
}

/// A program that has called.
pub(super) struct Called {
    greeting: Greeting,
    stdin: OwnedFd,
    stream: UnixStream,
}

/// The run's private folder, and the socket in it, once they are needed.
pub(super) struct Server {
    post: UnboundedSender<Mail>,
    folder: Option<Private>,
    listens: bool,
    programs: HashSet<String>,
}

impl Server {
    pub(super) fn new(post: UnboundedSender<Mail>) -> Server {
        Server { post, folder: None, listens: false, programs: HashSet::new() }
    }

    /// The socket; exists once [`Server::programs`] was asked for.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.as_ref().map_or(Path::new(""), Private::path).join("socket")
    }

    /// The folder of programs, with one for each of `names`; a name that is not known before the command
    /// runs stands for all.
    pub(super) fn programs(
        &mut self,
        resolver: &Resolver,
        names: Vec<String>,
    ) -> io::Result<PathBuf> {
        let folder = self.folder()?;
        if !self.listens {
            self.open(&folder)?;
        }
        let bin = folder.join("bin");
        let literal =
            |name: &String| !name.is_empty() && !name.contains(['$', '`', '{', '*', '?', '%']);
        let all = names.iter().any(|name| !literal(name));
        let known = all.then(|| resolver.names()).into_iter().flatten();
        let program = std::env::current_exe()?;
        for name in names.into_iter().filter(literal).chain(known) {
            if name.contains('/') || !self.programs.insert(name.clone()) {
                continue;
            }
            symlink(&program, bin.join(format!("task:{name}")))?;
        }
        Ok(bin)
    }

    /// A folder of this run that only the user can enter.
    pub(super) fn folder(&mut self) -> io::Result<PathBuf> {
        let folder = self.folder.take().map_or_else(Private::make, Ok)?;
        Ok(self.folder.insert(folder).path().to_path_buf())
    }

    fn open(&mut self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(folder.join("bin"))?;
        let listener = UnixListener::bind(folder.join("socket"))?;
        tokio::spawn(listen(listener, self.post.clone()));
        self.listens = true;
        Ok(())
    }

    /// Takes folder and socket away.
    pub(super) fn close(&mut self) {
        if let Some(folder) = self.folder.take() {
            folder.remove();
        }
    }
}

async fn listen(listener: UnixListener, post: UnboundedSender<Mail>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let post = post.clone();
                tokio::spawn(async move {
                    match greet(stream).await {
                        Ok(called) => drop(post.send(Mail::Call(called))),
                        Err(error) => tracing::warn!(%error, "a call that makes no sense"),
                    }
                });
            }
            // No descriptor left: the programs wait until there is one.
            Err(error) => {
                tracing::warn!(%error, "a call has to wait");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}

async fn greet(mut stream: UnixStream) -> io::Result<Called> {
    let stdin = loop {
        stream.readable().await?;
        match stream.try_io(Interest::READABLE, || receive_descriptor(&stream)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => break other?,
        }
    };
    let length = stream.read_u32_le().await?;
    if length > LONGEST_CALL {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too long"));
    }
    let mut text = vec![0; length as usize];
    stream.read_exact(&mut text).await?;
    let greeting = serde_json::from_slice(&text)?;
    Ok(Called { greeting, stdin, stream })
}

/// One byte, and the descriptor that comes with it.
fn receive_descriptor(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut control, flags)?;
    control
        .drain()
        .find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        })
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a call without its stdin"))
}

impl Driver {
    /// A command called a task as a program.
    pub(super) fn called(&mut self, called: Called) {
        let Called { greeting, stdin, stream } = called;
        let Greeting { unit: by, task, vars, background, merged } = greeting;
        if !self.scheduler.is_running(by) {
            let message = format!("task:{task}: the command that calls it has ended\n");
            tokio::spawn(forward::refuse(stream, 1, message));
            return;
        }
        match self.resolver.graft(by, Request::typed(task, vars)) {
            Ok((call, unit)) => {
                tracing::debug!(?by, ?call, background, "called as a program");
                let forward = forward::Forward::begin(
                    call,
                    stream,
                    stdin,
                    merged,
                    self.store.reader(),
                    self.post.clone(),
                );
                self.forwards.insert(call, forward);
                self.inputs.push_back(Input::Grafted { by, call, unit, background });
            }
            Err(reason) => {
                let refusal = (self.explain)(&reason, &self.sources);
                let message = format!("{}\n", refusal.message.trim_end());
                tokio::spawn(forward::refuse(stream, refusal.code, message));
            }
        }
    }
}

/// Whether the shell started this process with `&`: without job control it then ignores SIGINT.
pub(super) fn is_in_background() -> bool {
    // SAFETY: a null action only asks; zero is a valid sigaction.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGINT, std::ptr::null(), &mut action) != 0 {
            tracing::warn!("cannot ask about {}", signal_name(libc::SIGINT));
        }
        action
    };
    action.sa_sigaction == libc::SIG_IGN
}
