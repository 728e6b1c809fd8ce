//! `version`: which language a Taskfile is written in.

use std::sync::Arc;

use crate::diag::{Diagnostic, Fault};
use crate::source::{FileId, Span, Spanned};

/// The newest version that a Taskfile may ask for.
const NEWEST: [u64; 3] = [3, 54, 0];
const HELP: &str = "write `version: '3'`";

/// The error of a file without a version.
pub(super) fn missing(file: FileId) -> Diagnostic {
    Diagnostic::error(Fault::Version, "a Taskfile must say its `version`")
        .at(Span::new(file, 0, 0), "there is none in this file")
        .help(HELP)
}

/// Whether the root Taskfile has a version that is ours.
pub(super) fn check(written: &Spanned<Arc<str>>) -> Result<(), Diagnostic> {
    let Some(version) = parse(written) else {
        let message = format!("`{}` is no version", **written);
        return Err(Diagnostic::error(Fault::Decode, message).at(written.span, "").help(HELP));
    };
    if (3..=NEWEST[0]).contains(&version[0]) && version <= NEWEST {
        return Ok(());
    }
    let message = format!("version {} of Taskfiles is not known", **written);
    let newest = NEWEST.map(|n| n.to_string()).join(".");
    Err(Diagnostic::error(Fault::Version, message)
        .at(written.span, format!("must be 3, and at most {newest}"))
        .help(HELP))
}

/// Whether an included Taskfile has the version of the one that includes it.
pub(super) fn check_equal(
    outer: &Spanned<Arc<str>>,
    inner: &Spanned<Arc<str>>,
) -> Option<Diagnostic> {
    let Some(version) = parse(inner) else { return check(inner).err() };
    let differs = parse(outer).is_some_and(|outer| outer != version);
    differs.then(|| {
        let message = "an included Taskfile has another version than the one that includes it";
        Diagnostic::error(Fault::Other, message)
            .at(inner.span, format!("version {}", **inner))
            .at(outer.span, format!("version {}", **outer))
    })
}

fn parse(written: &str) -> Option<[u64; 3]> {
    let written = written.strip_prefix('v').unwrap_or(written);
    let core = written.split(['-', '+']).next()?;
    let mut version = [0; 3];
    for (index, part) in core.split('.').enumerate() {
        *version.get_mut(index)? = part.parse().ok()?;
    }
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(version: &str) -> Option<Fault> {
        check(&Spanned::new(version.into(), Span::default())).err().map(|error| error.fault)
    }

    #[test]
    fn versions_from_three_to_ours_are_known() {
        for good in ["3", "3.0.0", "3.7", "v3", "3.54.0", "3.10"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for other in ["2", "4", "3.99", "3.54.1", "0"] {
            assert_eq!(fault(other), Some(Fault::Version), "{other}");
        }
        for wrong in ["three", "", "3.x", "3.1.2.3"] {
            assert_eq!(fault(wrong), Some(Fault::Decode), "{wrong}");
        }
    }
}
