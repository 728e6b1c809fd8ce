//! The standard library's way, where there is no better.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use libc::pid_t;

use super::super::{guard, guard::Guarded, signals, terminal};
use super::{Launch, StartError, Step, path_of};

/// Starts processes.
pub(in crate::exec) struct Spawner {
    guard_variable: OsString,
}

impl Spawner {
    pub(in crate::exec) fn new(guarded: Guarded) -> io::Result<Spawner> {
        Ok(Spawner { guard_variable: guarded.outer().to_string().into() })
    }

    /// The new process's number, which is its group's too unless it joins one.
    pub(in crate::exec) fn start(&mut self, launch: &Launch<'_>) -> Result<pid_t, StartError> {
        // The standard library does not say which of the two failed.
        std::fs::metadata(launch.dir)
            .map_err(|error| StartError::at(Step::Enter, launch, error))?;
        let mut command = self.command(launch)?;
        let child =
            command.spawn().map_err(|error| StartError::at(Step::Execute, launch, error))?;
        Ok(child.id() as pid_t)
    }

    fn command(&self, launch: &Launch<'_>) -> io::Result<Command> {
        let mut command = Command::new(path_of(&launch.command.program));
        let text = |text: &'_ std::ffi::CString| OsStr::from_bytes(text.to_bytes()).to_owned();
        command.args(launch.command.argv.iter().skip(1).map(text));
        if let Some(name) = launch.command.argv.first() {
            command.arg0(text(name));
        }
        command.env_clear().current_dir(launch.dir).process_group(launch.group.unwrap_or(0));
        for variable in launch.env.iter() {
            let bytes = variable.to_bytes();
            if let Some(split) = bytes.iter().position(|&byte| byte == b'=') {
                command.env(
                    OsStr::from_bytes(&bytes[..split]),
                    OsStr::from_bytes(&bytes[split + 1..]),
                );
            }
        }
        command.env(guard::VARIABLE, &self.guard_variable);
        let [stdin, stdout, stderr] = launch.descriptors;
        command.stdin(copy(stdin)?).stdout(copy(stdout)?).stderr(copy(stderr)?);
        let takes_terminal = launch.takes_terminal;
        let kept = launch.kept.to_vec();
        let original = signals::original();
        // SAFETY: both are system calls that are allowed between fork and exec; nothing allocates or locks.
        unsafe {
            command.pre_exec(move || {
                if takes_terminal {
                    terminal::give(libc::getpid());
                }
                for &descriptor in &kept {
                    if libc::fcntl(descriptor, libc::F_SETFD, 0) < 0 {
                        return Err(io::Error::last_os_error());
                    }
                }
                signals::restore(original);
                Ok(())
            });
        }
        Ok(command)
    }
}

fn copy(descriptor: RawFd) -> io::Result<Stdio> {
    // SAFETY: whoever made the launch holds the descriptor for as long.
    Ok(unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?.into())
}
