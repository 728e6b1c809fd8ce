//! `par` runs the tasks of a Taskfile in parallel: text in, processes and events out.
//!
//! Data flows one way through five kinds of value, and each kind is a type of its own, so a value tells
//! which stage it is in.
//!
//! ```text
//! text ──parse──▶ ast ──merge──▶ model ──expand──▶ Plan ──step──▶ Effect ──run | sim──▶ Event ──▶ report, store
//! ```
//!
//! | module | answers |
//! |---|---|
//! | [`cli`] | arguments, settings, one file per subcommand, the exit code |
//! | [`watch`] | what changes of files begin, and end |
//! | [`report`] | who watches a run: what is shown of it |
//! | [`run`] | the real driver: one loop over processes, workers and signals |
//! | [`sim`] | the pretend driver: the same scheduler on a virtual clock |
//! | [`exec`] | processes: how to start, signal, wait for and read from them |
//! | [`fingerprint`] | is this task up to date, and why not |
//! | [`store`] | run directories, logs, events, durations |
//! | [`schedule`] | what happens next; no clock, process, file or terminal |
//! | [`event`] | what can happen: the public contract |
//! | [`resolve`] | from a request and a model to fragments of a plan |
//! | [`plan`] | units and what each of them needs; levels, longest path |
//! | [`taskfile`] | what was typed, and what all the files together say |
//! | [`template`] | Go's text/template and its functions |
//! | [`host`] | the machine, as planning sees it |
//! | [`diag`], [`source`] | what is wrong, and where it stands |
//! | [`term`], [`value`], [`id`] | how to say it, what a variable can hold, what things are called |
//!
//! A module imports only modules below it; `tests/layers.rs` holds the table. `docs/scheduling.md` says how
//! the scheduler works and where the policies that are not here yet will fit.

pub mod cli;
pub mod diag;
pub mod event;
pub mod exec;
pub mod fingerprint;
pub mod host;
pub mod id;
pub mod plan;
pub mod remote;
pub mod report;
pub mod resolve;
pub mod run;
pub mod schedule;
pub mod sim;
pub mod source;
pub mod store;
pub mod taskfile;
pub mod template;
pub mod term;
pub mod value;
pub mod watch;
