//! How busy processors are, by the kernel's count of what each of them did.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time over which the share is taken.
const SPAN: Duration = Duration::from_secs(1);
/// A count from longer ago says nothing about now.
const LONG_AGO: Duration = Duration::from_secs(2);

/// Counts of the last second.
#[derive(Debug, Default)]
pub(super) struct Load {
    counts: VecDeque<(Instant, Count)>,
}

/// Ticks since the machine was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Count {
    busy: u64,
    all: u64,
}

impl Load {
    /// Takes in a text of `/proc/stat`; the busy share of the processors that count since a second ago.
    pub(super) fn take(
        &mut self,
        now: Instant,
        stat: &str,
        counts: &dyn Fn(usize) -> bool,
    ) -> Option<f64> {
        let age = |at: Instant| now.saturating_duration_since(at);
        let latest = count(stat, counts);
        self.counts.retain(|&(at, _)| age(at) <= LONG_AGO);
        while self.counts.get(1).is_some_and(|&(at, _)| age(at) >= SPAN) {
            self.counts.pop_front();
        }
        let first = self.counts.front().map(|&(_, count)| count);
        self.counts.push_back((now, latest));
        let first = first?;
        let all = latest.all.checked_sub(first.all).filter(|&all| all > 0)?;
        Some(latest.busy.saturating_sub(first.busy) as f64 / all as f64)
    }
}

fn count(stat: &str, counts: &dyn Fn(usize) -> bool) -> Count {
    let processors = stat.lines().filter_map(processor).filter(|&(number, _)| counts(number));
    processors.fold(Count::default(), |sum, (_, one)| Count {
        busy: sum.busy + one.busy,
        all: sum.all + one.all,
    })
}

/// `cpu3 user nice system idle iowait irq softirq steal …`; what guests took is in `user` already.
fn processor(line: &str) -> Option<(usize, Count)> {
    let mut words = line.strip_prefix("cpu")?.split(' ');
    let number = words.next()?.parse().ok()?;
    let ticks: Vec<u64> = words.take(8).map_while(|word| word.parse().ok()).collect();
    let all = ticks.iter().sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Some((number, Count { busy: all - idle, all }))
}

/// Whether this process may use a processor.
#[cfg(target_os = "linux")]
pub(super) fn is_ours() -> impl Fn(usize) -> bool {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let ours = sched_getaffinity(None).ok();
    move |number| number >= CpuSet::MAX_CPU || ours.as_ref().is_none_or(|ours| ours.is_set(number))
}

/// Whether this process may use a processor.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_ours() -> impl Fn(usize) -> bool {
    |_| true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(busy: [u64; 2], idle: [u64; 2]) -> String {
        let line = |n: usize| format!("cpu{n} {} 0 1 {} 0 0 0 0 0 0", busy[n] - 1, idle[n]);
        format!("cpu  9 9 9 9 9 9 9 9 0 0\n{}\n{}\nintr 12 3\n", line(0), line(1))
    }

    fn shares(
        counts: &dyn Fn(usize) -> bool,
        looks: &[(u64, [u64; 2], [u64; 2])],
    ) -> Vec<Option<f64>> {
        let (begin, mut load) = (Instant::now(), Load::default());
        let mut take = |&(millis, busy, idle): &(u64, [u64; 2], [u64; 2])| {
            load.take(begin + Duration::from_millis(millis), &stat(busy, idle), counts)
        };
        looks.iter().map(&mut take).collect()
    }

    #[test]
    fn the_first_look_says_nothing_and_the_next_what_was_in_between() {
        let looks = [(0, [10, 10], [50, 50]), (500, [20, 10], [50, 60]), (600, [30, 20], [50, 60])];
        assert_eq!(shares(&|_| true, &looks), [None, Some(0.5), Some(0.75)]);
    }

    #[test]
    fn only_the_last_second_counts() {
        let looks =
            [(0, [10, 10], [50, 50]), (900, [100, 100], [50, 50]), (1900, [100, 100], [150, 150])];
        assert_eq!(shares(&|_| true, &looks), [None, Some(1.0), Some(0.0)]);
    }

    #[test]
    fn what_was_counted_long_ago_is_forgotten() {
        let looks =
            [(0, [10, 10], [50, 50]), (5000, [100, 100], [50, 50]), (5100, [100, 100], [60, 60])];
        assert_eq!(shares(&|_| true, &looks), [None, None, Some(0.0)]);
    }

    #[test]
    fn processors_of_others_do_not_count() {
        let looks = [(0, [10, 10], [50, 50]), (500, [20, 10], [50, 60])];
        assert_eq!(shares(&|number| number == 1, &looks), [None, Some(0.0)]);
        assert_eq!(shares(&|_| false, &looks), [None, None]);
    }

    #[test]
    fn waiting_for_a_disk_is_idle() {
        let count = count("cpu0 1 2 4 100 200 8 16 32 64 0\n", &|_| true);
        assert_eq!(count, Count { busy: 63, all: 363 });
    }
}
