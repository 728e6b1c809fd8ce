//! Events as they are, one JSON object a line, for other programs.

use std::io::{self, BufWriter, Write};

use crate::event::Event;

use super::Reporter;

/// Writes events.
pub struct Jsonl {
    to: BufWriter<Box<dyn Write + Send>>,
}

impl Jsonl {
    /// Writes to `to`, which should not buffer.
    pub fn new(to: Box<dyn Write + Send>) -> Jsonl {
        Jsonl { to: BufWriter::new(to) }
    }
}

impl Reporter for Jsonl {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, event)?;
        self.to.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
