//! What the kernel says of one process: a line of `/proc/PID/stat`.

use std::time::Duration;

use libc::pid_t;

/// As much of the line as is of use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stat {
    pub(super) pid: pid_t,
    pub(super) parent: pid_t,
    pub(super) group: pid_t,
    /// Its time on a processor and that of the children it has waited for.
    pub(super) ticks: u64,
    /// When it began, in ticks since the machine did.
    pub(super) began: u64,
    /// Resident memory.
    pub(super) pages: u64,
    /// It is not merely waiting to be reaped.
    pub(super) is_alive: bool,
    /// It has a processor, or waits for one.
    pub(super) runs: bool,
}

/// What this machine counts in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Bytes of a page.
    pub(super) page: u64,
    /// Ticks of a second.
    pub(super) ticks: u64,
}

impl Unit {
    pub(super) fn of_machine() -> Unit {
        Unit {
            page: rustix::param::page_size() as u64,
            ticks: rustix::param::clock_ticks_per_second(),
        }
    }

    pub(super) fn time(self, ticks: u64) -> Duration {
        Duration::from_micros(ticks.saturating_mul(1_000_000) / self.ticks.max(1))
    }
}

/// What the kernel says of a process; `None` when it is gone.
pub(super) fn of(pid: pid_t) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name in parentheses may hold anything, parentheses and blanks too.
fn parse(line: &str) -> Option<Stat> {
    let (pid, rest) = line.split_once(" (")?;
    let (_, rest) = rest.rsplit_once(") ")?;
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    let sum = |all: [usize; 4]| all.into_iter().try_fold(0, |sum, at| Some(sum + number(at)?));
    Some(Stat {
        pid: pid.parse().ok()?,
        parent: words.get(1)?.parse().ok()?,
        group: words.get(2)?.parse().ok()?,
        ticks: sum([11, 12, 13, 14])?,
        began: number(19)?,
        pages: number(21)?,
        is_alive: !matches!(*words.first()?, "Z" | "X" | "x"),
        runs: *words.first()? == "R",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let line = "4242 (a) S 1 (b)) S 17 4240 4240 0 -1 4194304 90 0 1 0 3 4 5 6 20 0 1 0 \
                    987654 2703360 321 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";
        let expected = Stat {
            pid: 4242,
            parent: 17,
            group: 4240,
            ticks: 18,
            began: 987_654,
            pages: 321,
            is_alive: true,
            runs: false,
        };
        assert_eq!(parse(line), Some(expected.clone()));
        let ended = line.replace(") S 17", ") Z 17");
        assert_eq!(parse(&ended), Some(Stat { is_alive: false, ..expected.clone() }));
        let at_work = line.replace(") S 17", ") R 17");
        assert_eq!(parse(&at_work), Some(Stat { runs: true, ..expected }));
        assert_eq!(parse("4242 (a) S 1"), None);
        assert_eq!(parse(""), None);
    }
}
