//! Which runs this one stands in: a task that calls `par` with itself must not go on for ever.

use std::env;

/// In the environment of commands: how many runs they stand in.
pub(super) const DEPTH: &str = "PAR_DEPTH";
/// In the environment of commands: the tasks they stand in, the outermost first, a line each.
pub(super) const CALLERS: &str = "PAR_CALLERS";

/// Runs inside runs beyond which there is no sense.
const DEEPEST: u32 = 32;
/// How much of a task's name is passed on.
const LONGEST_NAME: usize = 100;
/// Names at each end of a chain that are shown.
const SHOWN: usize = 4;

/// The runs around this one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Nesting {
    depth: u32,
    callers: Vec<String>,
}

impl Nesting {
    /// What the environment says.
    pub(super) fn of_this_process() -> Nesting {
        let read = |name| env::var(name).unwrap_or_default();
        Nesting::parse(&read(DEPTH), &read(CALLERS))
    }

    fn parse(depth: &str, callers: &str) -> Nesting {
        let depth = depth.parse().unwrap_or(0);
        Nesting { depth, callers: callers.lines().map(String::from).collect() }
    }

    /// Why there may be no further run, if it is too deep already.
    pub(super) fn refusal(&self) -> Option<String> {
        (self.depth >= DEEPEST).then(|| {
            format!("`par` stands in itself {} times: {}", self.depth, chain(&self.callers))
        })
    }

    /// [`DEPTH`] in this run.
    pub(super) fn depth_below(&self) -> String {
        (self.depth + 1).to_string()
    }

    /// [`CALLERS`] of a command of `task`, or of a script that belongs to it.
    pub(super) fn callers(&self, task: &str) -> String {
        let mut all = String::new();
        for caller in &self.callers {
            all.extend([caller, "\n"]);
        }
        all.extend(task.chars().filter(|c| !c.is_control()).take(LONGEST_NAME));
        all
    }
}

/// The names with arrows between them; many are cut out in the middle.
fn chain(names: &[String]) -> String {
    let quoted = |names: &[String]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ")
    };
    match names.len().checked_sub(2 * SHOWN) {
        None | Some(0) => quoted(names),
        Some(left) => {
            let (first, last) = (&names[..SHOWN], &names[SHOWN + left..]);
            format!("{} → … {left} more … → {}", quoted(first), quoted(last))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(nesting: &Nesting, task: &str) -> Nesting {
        Nesting::parse(&nesting.depth_below(), &nesting.callers(task))
    }

    #[test]
    fn a_run_in_a_run_knows_the_tasks_around_it() {
        let outer = inside(&Nesting::default(), "outer");
        let inner = inside(&outer, "in\nner");
        assert_eq!(inner, Nesting { depth: 2, callers: vec!["outer".into(), "inner".into()] });
        assert_eq!(inner.refusal(), None);
    }

    #[test]
    fn the_thirty_third_run_is_refused_with_the_chain_of_tasks() {
        let mut nesting = inside(&Nesting::default(), "start");
        for _ in 1..DEEPEST {
            assert_eq!(nesting.refusal(), None);
            nesting = inside(&nesting, "again");
        }
        let expected = "`par` stands in itself 32 times: `start` → `again` → `again` → `again` → \
                        … 24 more … → `again` → `again` → `again` → `again`";
        assert_eq!(nesting.refusal().as_deref(), Some(expected));
    }

    #[test]
    fn what_others_wrote_into_the_variables_counts_as_nothing() {
        assert_eq!(Nesting::parse("deep", ""), Nesting::default());
    }
}
