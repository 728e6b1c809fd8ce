//! What templates may know of the machine.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::host::Host;
use crate::host::os::Os;
use crate::template::Facts;

/// The machine that `par` runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct World;

impl Facts for World {
    fn env(&self, key: &str) -> Option<String> {
        Os.env(key)
    }

    fn cwd(&self) -> PathBuf {
        Os.cwd()
    }

    fn now(&self) -> i128 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }

    fn cpus(&self) -> usize {
        num_cpus::get()
    }
}
