//! Who stands below a process, groups or not.

use libc::pid_t;

/// All below `process` that the kernel tells of now; none where it keeps no lists.
pub(super) fn descendants(process: pid_t) -> Vec<pid_t> {
    let mut found = children(process);
    let mut asked = 0;
    while let Some(&next) = found.get(asked) {
        found.extend(children(next));
        asked += 1;
    }
    found
}

pub(super) fn children(process: pid_t) -> Vec<pid_t> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let lists = threads.flatten().map(|thread| thread.path().join("children"));
    let lists = lists.filter_map(|list| std::fs::read_to_string(list).ok());
    lists.flat_map(|list| numbers(&list)).collect()
}

/// The command line of a process; `None` when it has ended.
pub(super) fn words(process: pid_t) -> Option<String> {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&line).replace('\0', " ");
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

fn numbers(list: &str) -> Vec<pid_t> {
    list.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
}
