//! From a request and a model to fragments of a plan: variables, loops, conditions, calls.
//!
//! Knows what each unit consists of, not when it runs. The [`Resolver`] stays on one thread and only
//! keeps the books; what may take time ([`Expansion`], [`Check`], [`Rendering`]) is owned and goes
//! to any thread, with the [`Host`](crate::host::Host) as its only way to the machine.

mod agents;
mod ahead;
mod body;
mod called;
mod check;
mod context;
mod describe;
mod dotenv;
mod draft;
mod dynamic;
mod each;
mod environment;
mod expansion;
mod files;
mod footprint;
mod ground;
mod missing;
mod names;
mod needs;
mod once;
mod options;
mod path;
mod plain;
mod policy;
mod quick;
mod render;
mod requires;
mod resolver;
mod scope;
mod settings;
mod shared;
mod stages;
mod telling;
mod waits;

#[cfg(test)]
mod tests;

pub use agents::pools as agent_pools;
pub use ahead::{Ahead, plan_ahead};
pub use called::Sink;
pub use check::{Check, Verdict};
pub use describe::{Describer, Description, Shown, Step, Summary};
pub use draft::Draft;
pub use expansion::Expansion;
pub use files::Reads;
pub use footprint::{Compare, Footprint};
pub use missing::Missing;
pub use render::{Launch, Rendered, Rendering};
pub use resolver::{Continuation, Next, PartEnd, Resolver, Told, What};
pub use settings::{Compat, Force, Known, Outputs, Precedence, Request, Settings};
pub use stages::Decision;
pub use telling::is_telling;
