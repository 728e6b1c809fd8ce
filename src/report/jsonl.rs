//! Events as they are, one JSON object a line, for other programs.

use std::io::{self, BufWriter, Write};

use crate::event::Event;

use super::Reporter;

/// Writes events.
pub struct Jsonl {
    to: BufWriter<Box<dyn Write + Send>>,
    line: Vec<u8>,
}

impl Jsonl {
    /// Writes to `to`, which should not buffer.
    pub fn new(to: Box<dyn Write + Send>) -> Jsonl {
        Jsonl { to: BufWriter::new(to), line: Vec::new() }
    }
}

impl Reporter for Jsonl {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.line.clear();
        event.write_line(&mut self.line)?;
        self.to.write_all(&self.line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
