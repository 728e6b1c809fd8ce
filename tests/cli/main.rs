//! The program as its users meet it: the real binary, all of its output, its exit code.

mod args;
mod config;
mod dialect;
mod errors;
mod example;
mod failures;
mod fingerprint;
mod harness;
mod init;
mod limits;
mod list;
mod live;
mod logs;
mod output;
mod plan;
mod policies_keys;
mod programs;
mod readme;
mod refusals;
mod replay;
mod run;
mod signals;
mod stand_in;
mod summary;
mod telling;
mod terminal;
