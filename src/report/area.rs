//! A few lines at the bottom of a terminal that can be drawn again and taken away.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Screen;
use crate::term::Size;

/// The bottom lines of a screen's stderr.
pub(super) struct Area {
    screen: Screen,
    size: Measure,
    shown: Mutex<Shown>,
}

/// Asks how large the terminal is now.
pub(super) type Measure = Arc<dyn Fn() -> Size + Send + Sync>;

/// What stands there; nothing without text.
#[derive(Default)]
struct Shown {
    text: String,
    /// When it was drawn.
    size: Option<Size>,
}

/// Takes away what stands from the cursor's line on. Not from the first column on: of a whole screen that is cleared
/// some terminals keep a copy.
const CLEAR: &str = "\r\x1b[2K\x1b[C\x1b[J\r";
/// To the next line. At a `\n` the kernel cuts what is written, and a terminal could change its size with half of it.
const NEXT: &str = "\r\x0b";
/// Lines that are too long are cut, not broken, and broken again.
const CUT: &str = "\x1b[?7l";
const BREAK: &str = "\x1b[?7h";

impl Area {
    /// An area on a terminal of a size that may change.
    pub(super) fn new(screen: Screen, size: Measure) -> Area {
        Area { screen, size, shown: Mutex::default() }
    }

    /// Draws the text made for a room of columns and lines, unless somebody is in the middle of a line.
    ///
    /// The terminal may have another size than we know: it tells of a change after it has arranged its lines anew.
    /// So the cursor waits on the first line, which moves with it wherever that goes, and nothing is ever counted
    /// in lines of a text that was drawn before; and what is drawn takes as many lines as it has, on a terminal of
    /// whatever width.
    pub(super) fn draw(&self, text: &dyn Fn(Size) -> String) -> io::Result<()> {
        if self.screen.is_line_open() {
            return Ok(());
        }
        let size = (self.size)();
        // A full line would wrap on some terminals, and a full screen would scroll.
        let room = Size { columns: size.columns - 1, lines: (size.lines - 1).max(1) };
        let text = text(room);
        let mut shown = self.shown();
        if shown.text == text && shown.size == Some(size) {
            return Ok(());
        }
        // Whole lines are cleared, or a terminal remembers that it broke one that was written anew.
        let lines = text.replace('\n', &format!("{NEXT}\x1b[2K"));
        let back = match text.matches('\n').count() {
            0 => String::new(),
            above => format!("\x1b[{above}A"),
        };
        let bytes = format!("{CUT}\r\x1b[2K{lines}\x1b[J\r{back}{BREAK}");
        *shown = Shown { text, size: Some(size) };
        self.screen.draw(bytes.as_bytes())
    }

    /// Takes the lines away.
    pub(super) fn hide(&self) -> io::Result<()> {
        let shown = std::mem::take(&mut *self.shown());
        match shown.text.is_empty() {
            true => Ok(()),
            false => self.screen.draw(CLEAR.as_bytes()),
        }
    }

    /// Whether the lines are there.
    pub(super) fn is_visible(&self) -> bool {
        !self.shown().text.is_empty()
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.screen.flush()
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
