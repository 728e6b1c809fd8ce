//! Who stands in whom, told without walking all the way up.
//!
//! Each unit knows, beside what it stands in, one that is further out, as far as makes the way to any outer unit
//! logarithmic (jump pointers: Myers 1983, "An applicative random-access stack").

use crate::id::UnitId;

/// Units and what they stand in, outer ones first.
#[derive(Clone, Debug, Default)]
pub struct Ancestry {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    depth: u32,
    parent: u32,
    jump: u32,
}

impl Ancestry {
    /// Notes that `unit` stands in `parent`, which is known already. What was never noted stands in nothing.
    pub fn add(&mut self, unit: UnitId, parent: UnitId) {
        self.rows.resize(self.rows.len().max(unit.index() + 1), Row::default());
        let parent = parent.0;
        let row = |unit: u32| self.rows.get(unit as usize).copied().unwrap_or_default();
        let (outer, jumped) = (row(parent), row(row(parent).jump));
        // Two jumps of the same length become one of twice the length.
        let is_twice = outer.depth - jumped.depth == jumped.depth - row(jumped.jump).depth;
        let jump = if is_twice { jumped.jump } else { parent };
        self.rows[unit.index()] = Row { depth: outer.depth + 1, parent, jump };
    }

    /// Whether `unit` is `outer`, or a part of it however deep.
    pub fn stands_in(&self, unit: UnitId, outer: UnitId) -> bool {
        let row = |unit: u32| self.rows.get(unit as usize).copied().unwrap_or_default();
        let depth = row(outer.0).depth;
        let mut here = unit.0;
        while row(here).depth > depth {
            let jump = row(here).jump;
            here = if row(jump).depth >= depth { jump } else { row(here).parent };
        }
        here == outer.0
    }

    /// How many units stand around `unit`.
    pub fn depth(&self, unit: UnitId) -> u32 {
        self.rows.get(unit.index()).map_or(0, |row| row.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_that_of_a_walk_up() {
        // A chain, a bush on each of it, and what a linear congruence makes of the rest.
        let parents: Vec<u32> = (1..3_000u32)
            .map(|unit| match unit {
                ..1_000 => unit - 1,
                1_000..2_000 => unit - 1_000,
                _ => (u64::from(unit) * 2_654_435_761 % u64::from(unit)) as u32,
            })
            .collect();
        let mut ancestry = Ancestry::default();
        for (below, &parent) in parents.iter().enumerate() {
            ancestry.add(UnitId(below as u32 + 1), UnitId(parent));
        }
        let around = |unit: u32| {
            std::iter::successors(Some(unit), |&unit| {
                (unit > 0).then(|| parents[unit as usize - 1])
            })
        };
        for unit in (0..3_000).step_by(17) {
            assert_eq!(ancestry.depth(UnitId(unit)) as usize, around(unit).count() - 1);
            for outer in (0..3_000).step_by(13) {
                let expected = around(unit).any(|unit| unit == outer);
                let told = ancestry.stands_in(UnitId(unit), UnitId(outer));
                assert_eq!(told, expected, "{unit} in {outer}");
            }
        }
    }
}
