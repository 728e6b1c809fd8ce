//! How `par` ends: every reason has one exit code.
//!
//! The codes are go-task's, so that scripts around it need no change; signals end us as they would have.

use crate::diag::Fault;
use crate::event::Status;

/// Why we end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// All is well.
    Success,
    /// A question was answered with no: tasks are not up to date, there is nothing to list.
    No,
    /// `init` would overwrite something.
    Exists,
    /// A task or command ran longer than it may.
    TimedOut,
    /// The user's mistake, or a task's failure.
    Fault(Fault),
    /// With `--exit-code`: how the command that failed ended.
    Command(Status),
    /// A refusal that knows its code.
    Refused(i32),
    /// This signal ended the run.
    Signal(i32),
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Exit {
        Exit::Fault(fault)
    }
}

impl Exit {
    /// The exit code that a shell shows for it.
    pub fn code(self) -> i32 {
        match self {
            Exit::Success => 0,
            Exit::No => 1,
            Exit::Exists => 101,
            Exit::TimedOut => 208,
            Exit::Fault(fault) => fault_code(fault),
            Exit::Command(status) => status.code(),
            Exit::Refused(code) => code,
            Exit::Signal(signal) => 128 + signal,
        }
    }

    /// This, unless what came before went wrong.
    pub fn after(self, before: Exit) -> Exit {
        if before == Exit::Success { self } else { before }
    }

    /// Ends this process; after a signal by that signal, so that a calling shell stops as well.
    pub fn end(self) -> ! {
        if let Exit::Signal(signal) = self {
            raise(signal);
        }
        std::process::exit(self.code())
    }
}

fn fault_code(fault: Fault) -> i32 {
    match fault {
        Fault::Other => 1,
        Fault::Usage => 2,
        Fault::NoTaskfile => 100,
        Fault::Decode => 102,
        Fault::Fetch => 103,
        Fault::NotTrusted => 104,
        Fault::NotSecure => 105,
        Fault::NoCache => 106,
        Fault::Version => 107,
        Fault::NetworkTimeout => 108,
        Fault::Invalid => 109,
        Fault::IncludeCycle => 110,
        Fault::Checksum => 111,
        Fault::NoTask => 200,
        Fault::Failed => 201,
        Fault::Internal => 202,
        Fault::NameConflict => 203,
        Fault::TooManyCalls => 204,
        Fault::Cancelled => 205,
        Fault::MissingVars => 206,
        Fault::NotAllowedVars => 207,
    }
}

/// Lets `signal` do to us what it does to a program that does not handle it. Returns when that is nothing.
fn raise(signal: i32) {
    // SAFETY: plain system calls on our own process; the set is initialised before it is used.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::signal(signal, libc::SIG_DFL);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::raise(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_died_of_a_signal_shows_128_and_the_signal() {
        assert_eq!(Exit::Command(Status::Signal(9)).code(), 137);
        assert_eq!(Exit::Command(Status::Code(3)).code(), 3);
    }

    #[test]
    fn a_failed_task_is_201_and_wrong_use_is_2() {
        assert_eq!(Exit::from(Fault::Failed).code(), 201);
        assert_eq!(Exit::from(Fault::Usage).code(), 2);
        assert_eq!(Exit::Signal(libc::SIGINT).code(), 130);
    }
}
