//! A run, seen and steered from outside: a socket that only its user can reach, and who asks there.

mod ask;
mod driver;
pub(super) mod place;
mod status;

pub use ask::{Cancelled, Life, ask, cancel, life, runs};
pub use place::Entry;
pub use status::{Stage, Status, Task};

pub(super) use driver::{Asked, Control};
