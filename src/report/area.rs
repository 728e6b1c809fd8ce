//! A few lines at the bottom of a terminal that can be drawn again and taken away.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::Screen;

/// Draws at most so many times a second.
const RATE: u8 = 30;

/// The bottom lines of a screen's stderr.
pub(super) struct Area {
    screen: Screen,
    width: Width,
    lines: MultiProgress,
    text: ProgressBar,
    /// What stands there; empty when nothing does.
    shown: Mutex<String>,
}

type Width = Arc<dyn Fn() -> u16 + Send + Sync>;

impl Area {
    /// An area on a terminal of so many columns.
    pub(super) fn new(screen: Screen, width: Width) -> Area {
        let is_behind = AtomicBool::new(false);
        let canvas = Canvas { screen: screen.clone(), width: width.clone(), is_behind };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas), RATE);
        let lines = MultiProgress::with_draw_target(target);
        let text = lines.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            text.set_style(style);
        }
        Area { screen, width, lines, text, shown: Mutex::default() }
    }

    /// Draws the text made for a number of columns, unless somebody is in the middle of a line.
    pub(super) fn draw(&self, text: &dyn Fn(usize) -> String) -> io::Result<()> {
        if self.screen.is_line_open() {
            return Ok(());
        }
        // A full line would wrap on some terminals.
        let text = text(usize::from((self.width)().saturating_sub(1)));
        let mut shown = self.shown();
        if *shown != text {
            self.text.set_message(text.clone());
            *shown = text;
        }
        Ok(())
    }

    /// Takes the lines away.
    pub(super) fn hide(&self) -> io::Result<()> {
        if std::mem::take(&mut *self.shown()).is_empty() { Ok(()) } else { self.lines.clear() }
    }

    /// Whether the lines are there.
    pub(super) fn is_visible(&self) -> bool {
        !self.shown().is_empty()
    }

    fn shown(&self) -> MutexGuard<'_, String> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.screen.flush()
    }
}

/// What indicatif draws on.
struct Canvas {
    screen: Screen,
    width: Width,
    /// The cursor may stand behind the last column.
    is_behind: AtomicBool,
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canvas")
    }
}

impl Canvas {
    fn control(&self, count: usize, letter: char) -> io::Result<()> {
        match count {
            0 => Ok(()),
            count => self.screen.draw(format!("\x1b[{count}{letter}").as_bytes()),
        }
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        (self.width)()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.control(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.control(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.control(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.control(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.screen.draw(format!("{text}\n").as_bytes())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.is_behind.store(true, Ordering::Relaxed);
        self.screen.draw(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.screen.draw(b"\r\x1b[2K")
    }

    /// Behind the last column a `^C` that the terminal echoes would begin a new line.
    fn flush(&self) -> io::Result<()> {
        if self.is_behind.swap(false, Ordering::Relaxed) {
            self.screen.draw(b"\r")?;
        }
        self.screen.flush()
    }
}
