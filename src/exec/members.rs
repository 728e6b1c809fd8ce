//! The processes of one job: one, or those of a pipeline, and how they end as a whole.
//!
//! Says of a pipeline what bash would: the exit code, and a line when a signal has killed what decides it.

use std::ffi::CStr;

use libc::{c_int, pid_t};

use super::Pipeline;
use super::wait::{self, Ended};
use crate::event::{Status, Usage};

/// The widest name of a signal that bash leaves room for.
const WIDTH: usize = 24;

/// All of them are in the group of the first.
pub(super) struct Members {
    all: Vec<Member>,
    usage: Usage,
    /// What a pipeline is more.
    pipeline: Option<Piping>,
}

struct Member {
    pid: pid_t,
    ended: Option<Ended>,
}

struct Piping {
    /// How a shell shows the commands; one more than there are processes, when the first needed none.
    texts: Vec<String>,
    /// The exit code of the one that needed none.
    before: Option<i32>,
    pipefail: bool,
    /// Signals came from here, as they would have come to the shell.
    is_signalled: bool,
}

/// How a job has ended.
pub(super) struct End {
    pub(super) status: Status,
    pub(super) usage: Usage,
    /// What a shell would say of it.
    pub(super) said: Option<String>,
}

impl Members {
    /// One process.
    pub(super) fn one(pid: pid_t) -> Members {
        let all = vec![Member { pid, ended: None }];
        Members { all, usage: Usage::default(), pipeline: None }
    }

    /// Those of a pipeline, in its order.
    pub(super) fn of(pipeline: &Pipeline, pids: &[pid_t]) -> Members {
        let before = pipeline.before.as_ref();
        let first = before.map(|before| before.text.clone());
        let piping = Piping {
            texts: first.into_iter().chain(pipeline.texts.iter().cloned()).collect(),
            before: before.map(|before| before.code),
            pipefail: pipeline.pipefail,
            is_signalled: false,
        };
        let all = pids.iter().map(|&pid| Member { pid, ended: None }).collect();
        Members { all, usage: Usage::default(), pipeline: Some(piping) }
    }

    /// Those that run.
    pub(super) fn running(&self) -> impl Iterator<Item = pid_t> {
        self.all.iter().filter(|member| member.ended.is_none()).map(|member| member.pid)
    }

    /// A signal is sent to all of them.
    pub(super) fn signalled(&mut self) {
        if let Some(piping) = &mut self.pipeline {
            piping.is_signalled = true;
        }
    }

    /// One has ended; how the job has, if it was the last.
    pub(super) fn ended(&mut self, pid: pid_t, ended: Ended) -> Option<End> {
        let member = self.all.iter_mut().find(|member| member.pid == pid)?;
        member.ended = Some(ended);
        wait::add(&mut self.usage, ended.usage);
        let all: Option<Vec<(pid_t, Ended)>> =
            self.all.iter().map(|member| Some((member.pid, member.ended?))).collect();
        let (status, said) = match &self.pipeline {
            Some(piping) => piping.end(&all?),
            None => (ended.status, None),
        };
        Some(End { status, usage: self.usage, said })
    }
}

impl Piping {
    fn end(&self, processes: &[(pid_t, Ended)]) -> (Status, Option<String>) {
        // What needed no process has the number of the one after it.
        let (next, _) = processes[0];
        let before = self.before.map(|code| {
            let (status, usage) = (Status::Code(code), Usage::default());
            (next, Ended { status, usage, left_core: false })
        });
        let all: Vec<(pid_t, Ended)> =
            before.into_iter().chain(processes.iter().copied()).collect();
        let fails = |ended: &Ended| ended.status != Status::Code(0);
        let last_bad = all.iter().rfind(|(_, ended)| fails(ended)).filter(|_| self.pipefail);
        let decides = last_bad.or(all.last()).map_or(Status::Code(0), |(_, ended)| ended.status);
        match decides {
            // A shell would have had the signal too.
            Status::Signal(signal) if !self.is_signalled => {
                (Status::Code(128 + signal), self.obituary(signal, &all))
            }
            status => (status, None),
        }
    }

    /// Bash's words for a pipeline that `signal` has ended.
    fn obituary(&self, signal: c_int, all: &[(pid_t, Ended)]) -> Option<String> {
        match signal {
            libc::SIGINT | libc::SIGPIPE => return None,
            libc::SIGTERM => return Some(format!("{}\n", name(signal))),
            _ => {}
        }
        let (_, first) = all[0];
        let lines = all.iter().zip(&self.texts).enumerate();
        let line = |(place, ((pid, ended), command)): (usize, (&(pid_t, Ended), &String))| {
            let what = match ended.status {
                status if place > 0 && status == first.status => String::new(),
                Status::Code(0) => "Done".into(),
                Status::Code(code) => format!("Exit {code}"),
                Status::Signal(signal) => name(signal),
            };
            let width = if what.is_empty() { WIDTH - 2 } else { WIDTH };
            let core = if ended.left_core { "(core dumped) " } else { "" };
            let (indent, bar) = if place == 0 { ("bash: line 1: ", "") } else { ("     ", "| ") };
            format!("{indent}{pid:5} {what:width$}{core}{bar}{command}\n")
        };
        Some(lines.map(line).collect())
    }
}

/// What a signal is called.
fn name(signal: c_int) -> String {
    // SAFETY: the answer is a text that ends with a zero, good until the next question from this thread.
    unsafe { CStr::from_ptr(libc::strsignal(signal)) }.to_string_lossy().into_owned()
}
