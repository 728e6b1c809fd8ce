//! Who watches a run: reporters are given events in order and show them.
//!
//! Synchronous, never decides, never imports the driver: replaying a recorded run feeds the same
//! trait and gives the same text.

mod again;
mod area;
mod blocks;
mod eta;
mod fanout;
mod folds;
mod github;
mod group;
mod interleaved;
mod jsonl;
mod keep_order;
pub mod logs;
mod nothing;
mod prefixed;
mod progress;
mod ranges;
mod replay;
mod screen;
mod silence;
mod stand_in;
mod summary;
mod tame;
mod units;
mod voice;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{At, Event};
use crate::store::LogReader;
use crate::term::Style;

pub use again::{Again, typed};
pub use fanout::{Handle, handle};
pub use folds::Folds;
pub use github::GitHub;
pub use jsonl::Jsonl;
pub use nothing::{Tale, Told};
pub use replay::replay;
pub use screen::Screen;
pub use silence::Silence;
pub use stand_in::StandIn;
pub use summary::Summary;

/// Somebody who watches.
pub trait Reporter: Send {
    /// Something happened.
    fn event(&mut self, event: &Event) -> io::Result<()>;
    /// Time has passed; called as often as [`Reporter::rhythm`] says.
    fn tick(&mut self, now: At) -> io::Result<()> {
        let _ = now;
        Ok(())
    }
    /// How often it wants to know the time; `None`: never.
    fn rhythm(&self) -> Option<Duration> {
        None
    }
    /// No event is waiting: what was shown so far must be visible.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Somebody else writes to the terminal until [`Reporter::resume`].
    fn pause(&mut self) -> io::Result<()> {
        self.flush()
    }
    /// The terminal is free again.
    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Somebody wants to know what runs.
    fn tell(&mut self, now: At) -> io::Result<()> {
        let _ = now;
        Ok(())
    }
    /// There will be no more events.
    fn finish(&mut self) -> io::Result<()>;
}

/// How reporters speak.
#[derive(Clone, Debug)]
pub struct Look {
    /// Stands before what `par` says itself: `par`, or `task` where it stands in for go-task.
    pub word: &'static str,
    /// Whether go-task's words are used, in go-task's places.
    pub stands_in: bool,
    /// Colours or none.
    pub style: Style,
    /// Says only what went wrong.
    pub is_silent: bool,
    /// Says more.
    pub is_verbose: bool,
    /// Paths below it are shown relative to it.
    pub directory: PathBuf,
    /// How a task is run again.
    pub again: Again,
}

/// What a task of this name took in earlier runs.
pub type Past = Arc<dyn Fn(&str) -> Option<Duration> + Send + Sync>;

/// Ways to show the output of tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As it comes.
    Interleaved,
    /// Each command's whole, when it has ended.
    Group {
        /// Only that of failed commands.
        error_only: bool,
    },
    /// Line by line, each behind its task's name.
    Prefixed,
    /// Each task's whole, when it has ended; as it comes where nothing else can run.
    Auto,
    /// As [`Mode::Auto`], for a CI system that can fold output: what went well is folded, all of it on stdout.
    Folded(Folds),
    /// Only that of failed tasks.
    Errors,
    /// In the order in which commands started: the first as it comes, the rest in their turn.
    KeepOrder,
    /// As [`Mode::Auto`], with a status area below. For a terminal that can move its cursor.
    Progress,
}

/// The reporter that shows the output of tasks; of what they took before only [`Mode::Progress`] makes use.
pub fn mode(
    mode: Mode,
    screen: Screen,
    logs: LogReader,
    look: &Look,
    past: Past,
) -> Box<dyn Reporter> {
    let voice = voice::Voice::new(screen.clone(), look);
    match mode {
        Mode::Interleaved => Box::new(interleaved::Interleaved::new(screen, logs, voice)),
        Mode::Group { error_only } => Box::new(group::Group::new(screen, logs, voice, error_only)),
        Mode::Prefixed => Box::new(prefixed::Prefixed::new(screen, logs, voice)),
        Mode::Auto => Box::new(blocks::Blocks::new(screen, logs, voice, blocks::Policy::All)),
        Mode::Folded(folds) => {
            let blocks = blocks::Blocks::new(screen, logs, voice, blocks::Policy::All);
            Box::new(blocks.folding(folds))
        }
        Mode::Errors => Box::new(blocks::Blocks::new(screen, logs, voice, blocks::Policy::Failed)),
        Mode::KeepOrder => Box::new(keep_order::KeepOrder::new(screen, logs, voice)),
        Mode::Progress => Box::new(progress::Progress::new(screen, logs, look, past)),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
