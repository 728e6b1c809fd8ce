//! What templates may know of the machine.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::host::{Host, Os, Witness};
use crate::template::Facts;

/// The machine that `par` runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct World;

/// The same machine, with somebody who knows in the end what was seen of it.
#[derive(Clone, Debug)]
pub struct Witnessed(pub Arc<Witness>);

impl Facts for World {
    fn env(&self, key: &str) -> Option<String> {
        Os.env(key)
    }

    fn cwd(&self) -> PathBuf {
        Os.cwd()
    }

    fn now(&self) -> i128 {
        Os.now()
    }

    fn cpus(&self) -> usize {
        Os.cpus()
    }

    fn chance(&self) -> u128 {
        Os.chance()
    }
}

impl Facts for Witnessed {
    fn env(&self, key: &str) -> Option<String> {
        self.0.env(key)
    }

    fn cwd(&self) -> PathBuf {
        self.0.cwd()
    }

    fn now(&self) -> i128 {
        self.0.now()
    }

    fn cpus(&self) -> usize {
        self.0.cpus()
    }

    fn chance(&self) -> u128 {
        self.0.chance()
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.spoil();
        World.addresses(host)
    }
}
