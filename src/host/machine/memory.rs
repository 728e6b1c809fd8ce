//! Memory that may still be taken, by what the kernel says of the machine and of the control groups around us.

use std::path::{Path, PathBuf};

/// So much nobody has: the kernel's way to say that there is no limit.
const NO_LIMIT: u64 = 1 << 62;

/// Reads a file as text; `None` when it is not there.
type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The least of what the machine and every control group have left, bytes.
pub(super) fn available(read: Read<'_>) -> Option<u64> {
    let machine =
        field(&read("/proc/meminfo")?, "MemAvailable:").map(|kib| kib.saturating_mul(1024));
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let groups = groups.lines().filter_map(group).flat_map(|group| group.left(read));
    machine.into_iter().chain(groups).min()
}

/// How many processes of our control group the kernel has killed for want of memory; of the whole machine, where
/// no group counts them.
pub(super) fn kills(read: Read<'_>) -> Option<u64> {
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let of_group = groups.lines().filter_map(group).find_map(|group| group.kills(read));
    of_group.or_else(|| field(&read("/proc/vmstat")?, "oom_kill"))
}

/// A hierarchy of control groups that limits memory, and where in it we are.
struct Group<'a> {
    mount: &'static str,
    path: &'a str,
    limit: &'static str,
    used: &'static str,
    /// The field of `memory.stat` with what is used, but given up as soon as it is needed.
    reclaimable: &'static str,
    /// The file that counts what was killed.
    events: &'static str,
}

/// A line of `/proc/self/cgroup`, if it tells of such a hierarchy.
fn group(line: &str) -> Option<Group<'_>> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    if controllers.is_empty() {
        return Some(Group {
            mount: "/sys/fs/cgroup",
            path,
            limit: "memory.max",
            used: "memory.current",
            reclaimable: "inactive_file",
            events: "memory.events",
        });
    }
    controllers.split(',').any(|name| name == "memory").then_some(Group {
        mount: "/sys/fs/cgroup/memory",
        path,
        limit: "memory.limit_in_bytes",
        used: "memory.usage_in_bytes",
        reclaimable: "total_inactive_file",
        events: "memory.oom_control",
    })
}

impl Group<'_> {
    /// What this group and those around it have left, as far as they have a limit.
    fn left(&self, read: Read<'_>) -> Vec<u64> {
        self.folders().filter_map(|folder| self.left_in(&folder, read)).collect()
    }

    fn kills(&self, read: Read<'_>) -> Option<u64> {
        let count = |folder: PathBuf| field(&read(folder.join(self.events).to_str()?)?, "oom_kill");
        self.folders().find_map(count)
    }

    /// The folder of this group and of those around it. In a container the path may be one that only the
    /// machine outside knows; what is there then, is at the top.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let around = Path::new(self.path.trim_start_matches('/')).ancestors();
        around.map(|path| Path::new(self.mount).join(path))
    }

    fn left_in(&self, folder: &Path, read: Read<'_>) -> Option<u64> {
        let text = |name: &str| read(folder.join(name).to_str()?);
        let number = |name: &str| text(name)?.trim().parse::<u64>().ok();
        // What is no limit is a number here and a word there; looking further takes long.
        let limit = number(self.limit).filter(|limit| *limit < NO_LIMIT)?;
        let reclaimable = text("memory.stat").and_then(|stat| field(&stat, self.reclaimable));
        let used = number(self.used)?.saturating_sub(reclaimable.unwrap_or(0));
        Some(limit.saturating_sub(used))
    }
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().map(str::split_ascii_whitespace);
    words.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str = "MemTotal: 8000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\n";

    fn with(files: &[(&str, &str)]) -> Option<u64> {
        let find = |path: &str| files.iter().find(|(name, _)| *name == path);
        available(&|path| find(path).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn a_machine_without_groups_has_what_the_kernel_says() {
        assert_eq!(with(&[("/proc/meminfo", MEMINFO)]), Some(4000 * 1024));
    }

    #[test]
    fn nobody_knows_where_there_is_no_proc() {
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[("/proc/meminfo", "MemTotal: 8000 kB\n")]), None);
    }

    #[test]
    fn the_tightest_group_around_us_counts_and_cached_files_do_not() {
        let group = |max, current, stat| {
            with(&[
                ("/proc/meminfo", MEMINFO),
                ("/proc/self/cgroup", "0::/a/b\n"),
                ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
                ("/sys/fs/cgroup/a/b/memory.current", "5\n"),
                ("/sys/fs/cgroup/a/memory.max", max),
                ("/sys/fs/cgroup/a/memory.current", current),
                ("/sys/fs/cgroup/a/memory.stat", stat),
            ])
        };
        assert_eq!(group("1000\n", "700\n", "anon 600\ninactive_file 50\n"), Some(350));
        assert_eq!(group("1000\n", "700\n", ""), Some(300));
        assert_eq!(group("1000\n", "1200\n", ""), Some(0));
        assert_eq!(group("9999999999\n", "0\n", ""), Some(4000 * 1024));
    }

    #[test]
    fn killed_processes_are_counted_by_the_nearest_group_or_the_machine() {
        let vmstat = ("/proc/vmstat", "pgfault 9\noom_kill 7\n");
        let count = |files: &[(&str, &str)]| {
            let find = |path: &str| files.iter().find(|(name, _)| *name == path);
            kills(&|path| find(path).map(|(_, text)| (*text).to_owned()))
        };
        assert_eq!(count(&[]), None);
        assert_eq!(count(&[vmstat]), Some(7));
        let second = [
            vmstat,
            ("/proc/self/cgroup", "0::/a/b\n"),
            ("/sys/fs/cgroup/a/memory.events", "low 0\noom 5\noom_kill 3\noom_group_kill 1\n"),
        ];
        assert_eq!(count(&second), Some(3));
        let first = [
            vmstat,
            ("/proc/self/cgroup", "4:memory:/x\n0::/\n"),
            ("/sys/fs/cgroup/memory/x/memory.oom_control", "under_oom 0\noom_kill 2\n"),
        ];
        assert_eq!(count(&first), Some(2));
    }

    #[test]
    fn groups_of_the_first_version_count_too() {
        let files = [
            ("/proc/meminfo", MEMINFO),
            ("/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "900\n"),
            ("/sys/fs/cgroup/memory/memory.stat", "cache 1\ntotal_inactive_file 100\n"),
        ];
        assert_eq!(with(&files), Some(1200));
    }
}
