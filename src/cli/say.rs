//! Data to stdout, talk to stderr.

use std::io::{self, IsTerminal, Write};

use super::args::Program;
use super::exit::Exit;
use super::prepare;
use crate::diag::{Diagnostic, Severity};
use crate::host::Host;
use crate::source::SourceMap;
use crate::taskfile::Failure;

/// Whom we talk to.
#[derive(Clone, Copy)]
pub struct Voice {
    /// Whether stderr is coloured.
    coloured: bool,
    /// Whether GitHub Actions is told of errors.
    annotates: bool,
}

impl Voice {
    /// A voice that uses colours as the environment wants it.
    pub fn new(host: &dyn Host) -> Voice {
        let style = prepare::style(None, Program::Par, io::stderr().is_terminal(), host);
        Voice { coloured: style.is_coloured, annotates: false }
    }

    /// The same voice, which also tells GitHub Actions of errors, as go-task does.
    pub fn annotating(self, annotates: bool) -> Voice {
        Voice { annotates, ..self }
    }

    /// Says what is wrong; the exit code is that of the first error.
    pub fn complain(self, failure: &Failure) -> Exit {
        self.warn(&failure.diagnostics, &failure.sources);
        let error = failure.diagnostics.iter().find(|odd| odd.severity == Severity::Error);
        if let Some(error) = error.filter(|_| self.annotates) {
            print(&format!("::error title=Task failed::{}\n", error.message));
        }
        error.map_or(Exit::Success, |error| Exit::Fault(error.fault))
    }

    /// Says all of it.
    pub fn warn(self, odd: &[Diagnostic], sources: &SourceMap) {
        let text: Vec<String> = odd.iter().map(|odd| odd.render(sources, self.coloured)).collect();
        self.talk(&text.concat());
    }

    /// Writes to stderr. Nobody can be told when that fails.
    pub fn talk(self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Writes data to stdout. Who closes it early has seen enough.
pub fn print(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot write to stdout: {error}");
            Exit::No
        }
    }
}
