//! How much one template may ask for; beyond it is an error, never an overflow or a hang.

/// How deep blocks and parentheses may be written inside each other.
pub const MAX_NESTING: usize = 200;

/// How deep bodies, parentheses and template calls may nest when they run; their frames fit a
/// stack of 2 MiB.
pub const MAX_DEPTH: usize = 300;

/// How many nodes, commands and values one render may touch before it counts as endless.
pub const MAX_STEPS: usize = 5_000_000;

/// The most bytes of text one render may make, and any one function may return.
pub const MAX_BYTES: usize = 64 << 20;

/// The most values one function may return in a list, nested ones counted.
pub const MAX_ITEMS: usize = 1 << 20;

/// How deep a value made by a function may nest.
pub const MAX_VALUE_DEPTH: usize = 300;
