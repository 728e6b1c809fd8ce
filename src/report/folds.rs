//! Marks of CI systems around output that can be folded away.

use std::time::Duration;

use crate::event::At;
use crate::id::UnitId;
use crate::term;

/// Whose marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folds {
    /// Groups of GitHub Actions.
    GitHub,
    /// Sections of GitLab.
    GitLab,
}

/// What is folded.
pub(super) struct Fold<'a> {
    pub(super) unit: UnitId,
    pub(super) name: &'a str,
    /// How long it took, microseconds.
    pub(super) wall: u64,
    /// When it ended.
    pub(super) ended: At,
    /// Milliseconds since 1970 when the run began.
    pub(super) began: u64,
}

impl Folds {
    /// What stands before and after the output.
    pub(super) fn marks(self, fold: &Fold<'_>) -> (String, String) {
        let title = format!("{} ({})", fold.name, term::words(Duration::from_micros(fold.wall)));
        match self {
            Folds::GitHub => (format!("::group::{title}\n"), "::endgroup::\n".into()),
            Folds::GitLab => {
                let end = (fold.began + fold.ended.0 / 1000) / 1000;
                let start = end.saturating_sub(fold.wall / 1_000_000);
                let id = format!("par_{}", fold.unit);
                let line = "\r\x1b[0K";
                (
                    format!("\x1b[0Ksection_start:{start}:{id}[collapsed=true]{line}{title}\n"),
                    format!("\x1b[0Ksection_end:{end}:{id}{line}\n"),
                )
            }
        }
    }
}
