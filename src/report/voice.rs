//! What `par` says itself while tasks run: which command starts, and messages.

use std::io;

use crate::event::{Level, Stream};
use crate::term::{Colour, Style};

use super::{Look, Screen};

/// Speaks on stderr.
#[derive(Clone)]
pub(super) struct Voice {
    screen: Screen,
    word: &'static str,
    style: Style,
    is_silent: bool,
    is_verbose: bool,
    stands_in: bool,
}

impl Voice {
    pub(super) fn new(screen: Screen, look: &Look) -> Voice {
        Voice {
            screen,
            word: look.word,
            style: look.style,
            is_silent: look.is_silent,
            is_verbose: look.is_verbose,
            stands_in: look.stands_in,
        }
    }

    /// A command of `task` starts.
    pub(super) fn echo(&self, task: &str, command: &str) -> io::Result<()> {
        let text = format!("{}: [{task}] {command}", self.word);
        self.line(&self.style.paint(Colour::Green, &text))
    }

    /// What stands before the lines of the task that is the `number`th to write, from 0.
    pub(super) fn prefix(&self, number: usize, name: &str) -> String {
        format!("[{}] ", self.style.tell_apart(number, name))
    }

    /// Says `text`, unless that is not wanted.
    pub(super) fn message(&self, level: Level, text: &str) -> io::Result<()> {
        if !self.is_wanted(level) {
            return Ok(());
        }
        if level == Level::Answer {
            let text = match self.stands_in {
                true => self.style.paint(Colour::Yellow, text),
                false => text.into(),
            };
            return self.screen.write(Stream::Stdout, format!("{text}\n").as_bytes());
        }
        let text = format!("{}: {text}", self.word);
        if level == Level::Verbose && self.stands_in {
            let text = self.style.paint(Colour::Yellow, &text);
            return self.screen.write(Stream::Stdout, format!("{text}\n").as_bytes());
        }
        self.line(&match level {
            Level::Info if self.stands_in => self.style.paint(Colour::Magenta, &text),
            Level::Verbose | Level::Info | Level::Answer => text,
            Level::Warning => self.style.paint(Colour::Yellow, &text),
            Level::Error => self.style.paint(Colour::Red, &text),
        })
    }

    /// What a task wrote, or a part of it, cannot be shown any more.
    pub(super) fn lost(&self, task: &str) -> io::Result<()> {
        let text = format!("output of `{task}` is lost: its log was removed before it was shown");
        self.screen.end_line()?;
        self.message(Level::Warning, &text)
    }

    pub(super) fn is_wanted(&self, level: Level) -> bool {
        match level {
            Level::Verbose => self.is_verbose,
            Level::Info => !self.is_silent || self.is_verbose,
            Level::Answer | Level::Warning | Level::Error => true,
        }
    }

    fn line(&self, text: &str) -> io::Result<()> {
        self.screen.write(Stream::Stderr, format!("{text}\n").as_bytes())
    }
}
