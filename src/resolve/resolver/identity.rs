//! Which call of one run is which of another: by where it stands, what it calls and what it is given.

use std::fmt::Write;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use xxhash_rust::xxh3::xxh3_128;

use super::Resolver;
use crate::id::UnitId;
use crate::resolve::called::{Called, Identity, Target};

impl Resolver {
    /// What a call has in common with the call that stands in the same place of another run of the same
    /// request. `None` where nobody can say, as for a call whose name only the run shows.
    pub fn identity(&self, call: UnitId) -> Option<u128> {
        self.called(call)?.identity.map(Identity::digest)
    }

    pub(super) fn identify(
        &mut self,
        id: UnitId,
        called: &Called,
        written: &Arc<str>,
    ) -> Option<Identity> {
        // A dependency that others share stands in the call that they all stand in, whoever was first.
        let place = if called.scope == id { called.parent } else { called.scope };
        let above = match place {
            UnitId::ROOT => 0,
            place => self.identity(place)?,
        };
        // As many bytes as most names need.
        let mut text = String::with_capacity(128);
        HEXLOWER.encode_append(&above.to_be_bytes(), &mut text);
        text.push('\0');
        match &called.target {
            Target::Known(aim) => {
                text.push_str(aim.name());
                for argument in &aim.arguments {
                    // Writing to a text does not fail.
                    let _ = write!(text, "\0{}={:?}", argument.name, argument.given);
                }
            }
            Target::Stage(_) => text.extend(["stage\0", written]),
            Target::Late(_) | Target::Wrong(_) => return None,
        }
        let kind = xxh3_128(text.as_bytes());
        let twins = match self.kinds.insert(kind as u64) {
            true => 0,
            false => *self.twins.entry(kind as u64).and_modify(|twins| *twins += 1).or_insert(1),
        };
        text.clear();
        HEXLOWER.encode_append(&kind.to_be_bytes(), &mut text);
        text.extend([" ", itoa::Buffer::new().format(twins)]);
        let identity = xxh3_128(text.as_bytes());
        Identity::new(identity)
    }

    /// The names of what a call was given.
    pub fn given(&self, call: UnitId) -> Vec<Arc<str>> {
        match self.called(call).map(|called| &called.target) {
            Some(Target::Known(aim)) => aim.arguments.iter().map(|a| a.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a call calls one task, of whose success can be told.
    pub fn calls_a_task(&self, call: UnitId) -> bool {
        self.called(call).is_some_and(|called| matches!(called.target, Target::Known(_)))
    }
}
