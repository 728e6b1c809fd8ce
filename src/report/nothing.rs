//! What is said of a run in which there was nothing to do, so that it can be said again without the run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Kind, Level};
use crate::term::{self, Colour, Style};

use super::Look;

/// Where it is left for whoever wants to say it again.
pub type Told = Arc<Mutex<Option<Tale>>>;

/// What is to be said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tale {
    /// Messages, a line each.
    messages: Vec<String>,
    /// The line at the end, as far as it does not speak of time.
    total: Option<String>,
    is_coloured: bool,
}

impl Tale {
    /// The text for stderr of a run that took `wall`.
    pub fn text(&self, wall: Duration) -> String {
        let mut text = String::new();
        for message in &self.messages {
            text.push_str(message);
            text.push('\n');
        }
        if let Some(total) = &self.total {
            let style = Style { is_coloured: self.is_coloured };
            let line = format!("{total}, {}", term::words(wall));
            text.push_str(&style.paint(Colour::Green, &line));
            text.push('\n');
        }
        text
    }
}

/// Listens to what is said.
#[derive(Debug)]
pub(super) struct Nothing {
    told: Told,
    word: &'static str,
    style: Style,
    is_silent: bool,
    messages: Vec<String>,
    /// Something was said that cannot be said again.
    is_other: bool,
}

impl Nothing {
    pub(super) fn new(look: &Look, told: Told) -> Nothing {
        Nothing {
            told,
            word: look.word,
            style: look.style,
            is_silent: look.is_silent,
            messages: Vec::new(),
            is_other: look.is_verbose || look.stands_in,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        let Kind::Message { level, text, .. } = &event.kind else { return };
        match level {
            Level::Verbose => {}
            Level::Info if self.is_silent => {}
            Level::Info => self.messages.push(format!("{}: {text}", self.word)),
            Level::Answer | Level::Warning | Level::Error => self.is_other = true,
        }
    }

    /// All is over, and nothing was done.
    pub(super) fn tell(&self, tasks: usize, up_to_date: usize, has_total: bool) {
        if self.is_other || up_to_date == 0 {
            return;
        }
        let total = || {
            let tasks = if tasks == 1 { "1 task".into() } else { format!("{tasks} tasks") };
            format!("{}: {tasks}, {up_to_date} up to date", self.word)
        };
        let tale = Tale {
            messages: self.messages.clone(),
            total: has_total.then(total),
            is_coloured: self.style.is_coloured,
        };
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(tale);
    }
}
