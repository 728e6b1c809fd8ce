//! A program that is given so long and no longer.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::Missing;

/// What it wrote and how it ended.
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Said {
    /// The last thing that it complained of.
    pub(super) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("it failed without a word").trim().into()
    }
}

/// Runs it; what it started dies with it when it takes too long.
pub(super) fn run(mut command: Command, limit: Duration) -> Result<Said, Missing> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Missing::Failed(format!("the program `{name}` is not there")),
        _ => Missing::Failed(format!("{name}: {error}")),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    let group = child.id() as i32;
    let (to, from) = channel();
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let thread = std::thread::spawn(move || {
        let errors = std::thread::spawn(move || whole(&mut err));
        let stdout = whole(&mut out);
        let stderr = errors.join().unwrap_or_default();
        // Nobody waits any more when it took too long.
        let _ = to.send((stdout, stderr));
    });
    let said = from.recv_timeout(limit);
    if let Err(RecvTimeoutError::Timeout) = said {
        // SAFETY: a plain system call; the group is one that we have made and not waited for.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    let _ = thread.join();
    let status = child.wait().map_err(failed)?;
    match said {
        Ok((stdout, stderr)) => Ok(Said { code: status.code().unwrap_or(1), stdout, stderr }),
        Err(_) => Err(Missing::TimedOut),
    }
}

fn whole(pipe: &mut Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What cannot be read is missing, which shows.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}
