//! What of the machine is free: memory that processes may still take, and how busy its processors are.
//!
//! Read from `/proc` and `/sys/fs/cgroup`, at most every 100 ms. Where those do not exist, the answer is that
//! nobody knows.

mod load;
mod memory;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use load::Load;

/// An answer is used again for this long.
const FRESH: Duration = Duration::from_millis(100);

/// The gauges of this machine.
#[derive(Debug, Default)]
pub struct Machine {
    /// Where `/proc` and `/sys` are, if not at the top.
    root: Option<PathBuf>,
    memory: Option<(Instant, Option<u64>)>,
    busy: Option<(Instant, Option<f64>)>,
    load: Load,
}

impl Machine {
    /// This machine, or another one whose `/proc` and `/sys` are in the folder that `PAR_MACHINE` names.
    pub fn from_environment() -> Machine {
        Machine { root: std::env::var_os("PAR_MACHINE").map(PathBuf::from), ..Machine::default() }
    }

    /// Bytes that processes of this one's kind may take before the machine, or a control group around this
    /// process, has none left.
    pub fn available_memory(&mut self, now: Instant) -> Option<u64> {
        let root = self.root.as_deref();
        fresh(&mut self.memory, now, || memory::available(&|path| read(root, path)))
    }

    /// How busy the processors that this process may use were over the last second, from 0 to 1. It takes
    /// two questions some time apart to know.
    pub fn busy(&mut self, now: Instant) -> Option<f64> {
        let (load, root) = (&mut self.load, self.root.as_deref());
        let stat = || read(root, "/proc/stat");
        fresh(&mut self.busy, now, || load.take(now, &stat()?, &load::is_ours()))
    }
}

/// How many processes of this one's kind the kernel has killed for want of memory, ever.
pub fn memory_kills() -> Option<u64> {
    memory::kills(&|path| read(None, path))
}

fn fresh<T: Copy>(
    last: &mut Option<(Instant, Option<T>)>,
    now: Instant,
    ask: impl FnOnce() -> Option<T>,
) -> Option<T> {
    match *last {
        Some((at, answer)) if now.saturating_duration_since(at) < FRESH => answer,
        _ => last.insert((now, ask())).1,
    }
}

fn read(root: Option<&Path>, path: &str) -> Option<String> {
    let path = match root {
        Some(root) => root.join(path.trim_start_matches('/')),
        None => path.into(),
    };
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_used_again_for_a_while() {
        let begin = Instant::now();
        let mut last = None;
        let after = |millis| begin + Duration::from_millis(millis);
        assert_eq!(fresh(&mut last, after(0), || Some(1)), Some(1));
        assert_eq!(fresh(&mut last, after(99), || unreachable!("asked again")), Some(1));
        assert_eq!(fresh(&mut last, after(100), || None), None);
        assert_eq!(fresh(&mut last, after(150), || unreachable!("asked again")), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_memory_left() {
        assert!(Machine::default().available_memory(Instant::now()).is_some_and(|bytes| bytes > 0));
    }
}
