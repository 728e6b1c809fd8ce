//! Options of the shell that commands run in: `set -o` and `shopt -s`.

use std::sync::{Arc, LazyLock};

use indexmap::IndexSet;

/// Names of options, each once.
type Words = Arc<[Arc<str>]>;

/// Options of a shell. Mostly there are none, and otherwise mostly those of others, so that they take little room.
#[derive(Clone, Debug, Default)]
pub(super) struct Options(Option<Arc<[Words; 2]>>);

impl Options {
    /// Those of `set -o` and of `shopt -s`.
    pub(super) fn new(set: &[Arc<str>], shopt: &[Arc<str>]) -> Options {
        Options::default().and(set, shopt)
    }

    /// These and more.
    pub(super) fn and(&self, set: &[Arc<str>], shopt: &[Arc<str>]) -> Options {
        if set.is_empty() && shopt.is_empty() {
            return self.clone();
        }
        Options(Some(Arc::new([union(self.set(), set), union(self.shopt(), shopt)])))
    }

    /// Options for `set -o`.
    pub(super) fn set(&self) -> &Words {
        &self.both()[0]
    }

    /// Options for `shopt -s`.
    pub(super) fn shopt(&self) -> &Words {
        &self.both()[1]
    }

    fn both(&self) -> &[Words; 2] {
        static NONE: LazyLock<[Words; 2]> = LazyLock::new(Default::default);
        self.0.as_deref().unwrap_or_else(|| &NONE)
    }
}

/// Two lists as one, each word once.
fn union(one: &[Arc<str>], other: &[Arc<str>]) -> Words {
    one.iter().chain(other).cloned().collect::<IndexSet<_>>().into_iter().collect()
}
