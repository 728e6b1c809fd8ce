//! What the processes below each of ours do: their time on a processor, their memory, how many live.
//!
//! A process belongs to the tree of the one that it descends from; an orphan to that of its group, or to where
//! it was seen before. One look at all descendants serves all trees.

mod stat;

use std::collections::HashMap;
use std::time::Duration;

use libc::pid_t;

use super::descendants::descendants;
use stat::Stat;

/// What the processes of a tree do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    /// Time on a processor so far, in user mode and in the kernel; never less than before.
    pub cpu: Duration,
    /// Resident memory now, bytes; what processes share counts for each of them.
    pub memory: u64,
    /// Processes that live now.
    pub processes: u32,
    /// One of them has a processor, or waits for one.
    pub runs: bool,
}

/// A process that is told apart from one that has its number later.
#[derive(Debug)]
pub(super) struct Known {
    pid: pid_t,
    began: u64,
}

impl Known {
    /// The process of this number, if there is one.
    pub(super) fn now(pid: pid_t) -> Option<Known> {
        stat::of(pid).map(|stat| Known { pid, began: stat.began })
    }

    /// Kills it unless it has ended.
    pub(super) fn kill(self) {
        if stat::of(self.pid).is_some_and(|stat| stat.began == self.began) {
            // SAFETY: plain system call.
            unsafe { libc::kill(self.pid, libc::SIGKILL) };
        }
    }
}

/// The trees as they were seen last.
#[derive(Debug, Default)]
pub(super) struct Trees {
    trees: HashMap<pid_t, Grown>,
    /// Where each process was seen, by its number and its beginning.
    members: HashMap<(pid_t, u64), pid_t>,
}

#[derive(Debug, Default)]
struct Grown {
    tree: Tree,
    /// Ticks of the processes that were there.
    ticks: u64,
}

impl Trees {
    /// Looks at all that descends from this process; `None` where the kernel does not tell.
    pub(super) fn look(&mut self, roots: &[pid_t]) -> Option<HashMap<pid_t, Tree>> {
        let own = std::process::id() as pid_t;
        let unit = stat::Unit::of_machine();
        std::fs::read(format!("/proc/{own}/task/{own}/children")).ok()?;
        // The list of descendants may lack some while others begin and end; ours are there all the same.
        let all = roots.iter().copied().chain(descendants(own));
        let stats: Vec<Stat> = all.filter_map(stat::of).collect();
        Some(self.take(roots, &stats, unit))
    }

    /// Takes in what was seen, parents before their children.
    fn take(&mut self, roots: &[pid_t], stats: &[Stat], unit: stat::Unit) -> HashMap<pid_t, Tree> {
        let mut now: HashMap<pid_t, Grown> =
            roots.iter().map(|&root| (root, Grown::default())).collect();
        let mut members = HashMap::new();
        let mut homes: HashMap<pid_t, pid_t> = HashMap::new();
        for stat in stats {
            let of = |pid: pid_t| now.contains_key(&pid).then_some(pid);
            let seen = || self.members.get(&(stat.pid, stat.began)).copied().and_then(of);
            let home = of(stat.pid).or_else(|| homes.get(&stat.parent).copied());
            let Some(home) = home.or_else(|| of(stat.group)).or_else(seen) else { continue };
            homes.insert(stat.pid, home);
            if members.insert((stat.pid, stat.began), home).is_some() {
                continue;
            }
            if let Some(known) = now.get_mut(&home) {
                known.ticks += stat.ticks;
                known.tree.memory += stat.pages * unit.page;
                known.tree.processes += u32::from(stat.is_alive);
                known.tree.runs |= stat.runs;
            }
        }
        for (root, known) in &mut now {
            let before =
                self.trees.get(root).map_or((0, Duration::ZERO), |b| (b.ticks, b.tree.cpu));
            // Less than before: an orphan has ended, and took its count along.
            known.tree.cpu = before.1 + unit.time(known.ticks.saturating_sub(before.0));
        }
        self.members = members;
        self.trees = now;
        self.trees.iter().map(|(&root, known)| (root, known.tree)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: stat::Unit = stat::Unit { page: 4096, ticks: 100 };

    fn process(pid: pid_t, parent: pid_t, group: pid_t, ticks: u64) -> Stat {
        Stat { pid, parent, group, ticks, began: 7, pages: 10, is_alive: true, runs: false }
    }

    fn tree(cpu: u64, processes: u32) -> Tree {
        let memory = u64::from(processes) * 10 * 4096;
        Tree { cpu: Duration::from_millis(cpu), memory, processes, runs: false }
    }

    #[test]
    fn descendants_count_whatever_their_group() {
        let stats = [
            process(10, 1, 10, 5),
            process(20, 1, 20, 0),
            process(11, 10, 11, 1),
            process(12, 11, 12, 2),
        ];
        let trees = Trees::default().take(&[10, 20], &stats, UNIT);
        assert_eq!(trees, HashMap::from([(10, tree(80, 3)), (20, tree(0, 1))]));
    }

    #[test]
    fn an_orphan_belongs_to_its_group_or_where_it_was_seen() {
        let mut trees = Trees::default();
        let before = [process(10, 1, 10, 5), process(11, 10, 11, 1)];
        trees.take(&[10], &before, UNIT);
        let after = [process(10, 1, 10, 5), process(11, 1, 11, 3), process(13, 1, 10, 0)];
        assert_eq!(trees.take(&[10], &after, UNIT), HashMap::from([(10, tree(80, 3))]));
        let mut stranger = process(11, 1, 11, 3);
        stranger.began = 8;
        assert_eq!(trees.take(&[10], &[stranger], UNIT)[&10].processes, 0);
    }

    #[test]
    fn time_on_a_processor_never_goes_back() {
        let mut trees = Trees::default();
        let mut cpu = |ticks: &[u64]| {
            let stats: Vec<Stat> =
                (10..).zip(ticks).map(|(pid, &ticks)| process(pid, 1, 10, ticks)).collect();
            trees.take(&[10], &stats, UNIT)[&10].cpu
        };
        let all = [&[10, 50][..], &[10], &[11]].map(&mut cpu);
        assert_eq!(all, [600, 600, 610].map(Duration::from_millis));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_tells_of_real_processes() {
        use std::io::{Read, Write};
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};
        let mut child = Command::new("cat");
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = child.spawn().expect("cat");
        // It has memory of its own once it answers.
        child.stdin.as_mut().expect("a pipe").write_all(b"x").expect("a reader");
        child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("an answer");
        let root = child.id() as pid_t;
        let seen = Trees::default().look(&[root]).expect("a kernel that tells")[&root];
        child.kill().and_then(|()| child.wait()).expect("an end");
        assert_eq!(seen.processes, 1);
        assert!(seen.memory > 0);
    }
}
