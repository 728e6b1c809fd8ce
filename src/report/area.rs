//! A few lines at the bottom of a terminal that can be drawn again and taken away.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Screen;
use crate::term::{self, Size};

/// The bottom lines of a screen's stderr.
pub(super) struct Area {
    screen: Screen,
    size: Measure,
    /// Whether lines that no longer fit are broken anew when the terminal becomes narrower.
    reflows: bool,
    shown: Mutex<Shown>,
}

/// Asks how large the terminal is now.
pub(super) type Measure = Arc<dyn Fn() -> Size + Send + Sync>;

/// What stands there; nothing without text.
#[derive(Default)]
struct Shown {
    text: String,
    /// When it was drawn.
    columns: usize,
}

impl Area {
    /// An area on a terminal of a size that may change.
    pub(super) fn new(screen: Screen, size: Measure, reflows: bool) -> Area {
        Area { screen, size, reflows, shown: Mutex::default() }
    }

    /// Draws the text made for a room of columns and lines, unless somebody is in the middle of a line.
    pub(super) fn draw(&self, text: &dyn Fn(Size) -> String) -> io::Result<()> {
        if self.screen.is_line_open() {
            return Ok(());
        }
        let size = (self.size)();
        // A full line would wrap on some terminals, and a full screen would scroll.
        let room = Size { columns: size.columns - 1, lines: (size.lines - 1).max(1) };
        let text = text(room);
        let mut shown = self.shown();
        if shown.text == text && shown.columns == size.columns {
            return Ok(());
        }
        let mut bytes = self.back_to_its_first_line(&shown, size);
        if shown.columns != size.columns {
            // A terminal may remember that it broke a line, even one that was written anew.
            bytes.push_str("\x1b[J");
        }
        bytes.push_str(&text.replace('\n', "\x1b[K\n"));
        // Behind the last column a `^C` that the terminal echoes would begin a new line.
        bytes.push_str("\x1b[J\r");
        *shown = Shown { text, columns: size.columns };
        self.screen.draw(bytes.as_bytes())
    }

    /// Takes the lines away.
    pub(super) fn hide(&self) -> io::Result<()> {
        let shown = std::mem::take(&mut *self.shown());
        if shown.text.is_empty() {
            return Ok(());
        }
        let back = self.back_to_its_first_line(&shown, (self.size)());
        self.screen.draw(format!("{back}\x1b[J").as_bytes())
    }

    /// Whether the lines are there.
    pub(super) fn is_visible(&self) -> bool {
        !self.shown().text.is_empty()
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.screen.flush()
    }

    /// Moves from the last line, where the cursor was left, to the first.
    fn back_to_its_first_line(&self, shown: &Shown, now: Size) -> String {
        let mut above: Vec<&str> = shown.text.split('\n').collect();
        above.pop();
        let is_broken = self.reflows && now.columns < shown.columns;
        let rows = |line: &&str| match is_broken {
            true => term::columns(&term::strip(line)).div_ceil(now.columns).max(1),
            false => 1,
        };
        match above.iter().map(rows).sum::<usize>().min(now.lines - 1) {
            0 => "\r".into(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
