//! Where a stage stands: which of its parts run, how often something was sent back, what comes next.
//!
//! Pure: told how parts ended, it says what follows. Every way through it ends, for what is sent back is
//! counted.

use super::Decision;

/// What a stage consists of, as far as its course depends on it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::resolve) struct Shape {
    /// How many members it has, those left out not counted.
    pub(in crate::resolve) members: usize,
    /// For each task that verifies, the member whose work it looks at.
    pub(in crate::resolve) checks: Vec<Option<usize>>,
    /// How often a member is sent back by what verifies it.
    pub(in crate::resolve) verify_rounds: u32,
    /// How often the gate may ask for changes; `None`: there is no gate.
    pub(in crate::resolve) gate_rounds: Option<u32>,
}

/// What follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::resolve) enum Move {
    /// These members run.
    Members(Vec<usize>),
    /// These tasks verify.
    Verify(Vec<usize>),
    /// The gate decides.
    Gate,
    /// The stage is done.
    Done,
    /// The run goes no further: something of the last parts failed, which is told by itself.
    Failed,
    /// The run goes no further because of the gate.
    Stopped(Stopped),
}

/// Why a gate stops the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::resolve) enum Stopped {
    /// It said so.
    Escalated,
    /// It asked for changes more often than it may.
    Exhausted,
    /// It did not decide.
    Undecided,
}

/// Where a stage stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::resolve) struct Progress {
    shape: Shape,
    phase: Move,
    /// How often the gate has asked for changes.
    changes: u32,
    /// How often each member was sent back since then.
    returns: Vec<u32>,
}

impl Progress {
    pub(in crate::resolve) fn new(shape: Shape) -> Progress {
        let returns = vec![0; shape.members];
        Progress { shape, phase: Move::Done, changes: 0, returns }
    }

    /// The beginning.
    pub(in crate::resolve) fn begin(&mut self) -> Move {
        let all: Vec<usize> = (0..self.shape.members).collect();
        let first = if all.is_empty() { self.verified() } else { Move::Members(all) };
        self.go(first)
    }

    /// What runs now.
    pub(in crate::resolve) fn phase(&self) -> &Move {
        &self.phase
    }

    /// How often the whole stage has begun, from 1.
    pub(in crate::resolve) fn round(&self) -> u32 {
        self.changes + 1
    }

    /// How often a member has run since the stage began anew, from 1.
    pub(in crate::resolve) fn attempt(&self, member: usize) -> u32 {
        self.returns[member] + 1
    }

    /// Whether a failure of a task that verifies only sends its member back.
    pub(in crate::resolve) fn sends_back(&self, check: usize) -> bool {
        let returns = |member: usize| self.returns[member] < self.shape.verify_rounds;
        self.shape.checks[check].is_some_and(returns)
    }

    /// The parts that ran have ended, each well or not, in their order.
    pub(in crate::resolve) fn ended(&mut self, well: &[bool]) -> Move {
        let next = match (self.phase.clone(), well.iter().all(|&well| well)) {
            (Move::Members(_) | Move::Gate, false) => Move::Failed,
            (Move::Members(members), true) => self.to_verify(&members),
            (Move::Verify(_), true) => self.verified(),
            (Move::Verify(checks), false) => self.back(&checks, well),
            (other, _) => other,
        };
        self.go(next)
    }

    /// The gate has said something, or has not.
    pub(in crate::resolve) fn decided(&mut self, decision: Option<Decision>) -> Move {
        let rounds = self.shape.gate_rounds.unwrap_or(0);
        let next = match decision {
            Some(Decision::Approved) => Move::Done,
            Some(Decision::Escalate) => Move::Stopped(Stopped::Escalated),
            None => Move::Stopped(Stopped::Undecided),
            Some(Decision::RequestChanges) if self.changes < rounds => {
                self.changes += 1;
                self.returns.fill(0);
                return self.begin();
            }
            Some(Decision::RequestChanges) => Move::Stopped(Stopped::Exhausted),
        };
        self.go(next)
    }

    fn go(&mut self, next: Move) -> Move {
        self.phase = next.clone();
        next
    }

    /// What verifies these members; where all have run, also what verifies the stage as a whole.
    fn to_verify(&self, members: &[usize]) -> Move {
        let is_whole = members.len() == self.shape.members;
        let concerns = |member: &Option<usize>| match member {
            Some(member) => members.contains(member),
            None => is_whole,
        };
        let checks: Vec<usize> = (0..self.shape.checks.len())
            .filter(|&check| concerns(&self.shape.checks[check]))
            .collect();
        if checks.is_empty() { self.verified() } else { Move::Verify(checks) }
    }

    fn verified(&self) -> Move {
        match self.shape.gate_rounds {
            Some(_) => Move::Gate,
            None => Move::Done,
        }
    }

    /// Members go back to those who broke them, if all of what failed can still be sent back.
    fn back(&mut self, checks: &[usize], well: &[bool]) -> Move {
        let failed =
            || checks.iter().zip(well).filter(|(_, well)| !**well).map(|(&check, _)| check);
        if !failed().all(|check| self.sends_back(check)) {
            return Move::Failed;
        }
        let mut members: Vec<usize> =
            failed().filter_map(|check| self.shape.checks[check]).collect();
        members.sort_unstable();
        members.dedup();
        members.iter().for_each(|&member| self.returns[member] += 1);
        Move::Members(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(members: usize, checks: &[Option<usize>], rounds: u32, gate: Option<u32>) -> Shape {
        Shape { members, checks: checks.to_vec(), verify_rounds: rounds, gate_rounds: gate }
    }

    #[test]
    fn members_are_verified_then_the_gate_decides() {
        let mut stage = Progress::new(shape(2, &[Some(0), Some(1), None], 0, Some(0)));
        assert_eq!(stage.begin(), Move::Members(vec![0, 1]));
        assert_eq!(stage.ended(&[true, true]), Move::Verify(vec![0, 1, 2]));
        assert_eq!(stage.ended(&[true, true, true]), Move::Gate);
        assert_eq!(stage.decided(Some(Decision::Approved)), Move::Done);
    }

    #[test]
    fn what_is_not_written_is_passed_over() {
        assert_eq!(Progress::new(shape(0, &[], 0, None)).begin(), Move::Done);
        assert_eq!(Progress::new(shape(0, &[], 0, Some(1))).begin(), Move::Gate);
        let mut stage = Progress::new(shape(1, &[], 0, None));
        stage.begin();
        assert_eq!(stage.ended(&[true]), Move::Done);
    }

    #[test]
    fn a_member_that_failed_blocks_without_being_verified() {
        let mut stage = Progress::new(shape(2, &[Some(0)], 3, Some(3)));
        stage.begin();
        assert_eq!(stage.ended(&[true, false]), Move::Failed);
    }

    #[test]
    fn only_the_member_that_broke_it_goes_back_and_is_verified_again() {
        let mut stage = Progress::new(shape(3, &[Some(0), Some(1), Some(1), None], 2, None));
        stage.begin();
        stage.ended(&[true; 3]);
        assert!(stage.sends_back(1) && !stage.sends_back(3));
        assert_eq!(stage.ended(&[true, false, false, true]), Move::Members(vec![1]));
        assert_eq!(stage.attempt(1), 2);
        assert_eq!(stage.ended(&[true]), Move::Verify(vec![1, 2]));
        assert_eq!(stage.ended(&[true, true]), Move::Done);
    }

    #[test]
    fn a_member_goes_back_a_bounded_number_of_times() {
        let mut stage = Progress::new(shape(1, &[Some(0)], 2, None));
        stage.begin();
        for _ in 0..2 {
            stage.ended(&[true]);
            assert_eq!(stage.ended(&[false]), Move::Members(vec![0]));
        }
        stage.ended(&[true]);
        assert!(!stage.sends_back(0));
        assert_eq!(stage.ended(&[false]), Move::Failed);
    }

    #[test]
    fn what_verifies_the_whole_stage_sends_nobody_back() {
        let mut stage = Progress::new(shape(2, &[Some(0), None], 2, None));
        stage.begin();
        stage.ended(&[true, true]);
        assert_eq!(stage.ended(&[false, false]), Move::Failed);
    }

    #[test]
    fn changes_are_asked_for_a_bounded_number_of_times() {
        let mut stage = Progress::new(shape(1, &[], 0, Some(2)));
        stage.begin();
        for round in 1..=2 {
            assert_eq!(stage.round(), round);
            assert_eq!(stage.ended(&[true]), Move::Gate);
            assert_eq!(stage.decided(Some(Decision::RequestChanges)), Move::Members(vec![0]));
        }
        stage.ended(&[true]);
        let last = stage.decided(Some(Decision::RequestChanges));
        assert_eq!(last, Move::Stopped(Stopped::Exhausted));
    }

    #[test]
    fn changes_give_members_all_their_returns_again() {
        let mut stage = Progress::new(shape(1, &[Some(0)], 1, Some(1)));
        stage.begin();
        stage.ended(&[true]);
        stage.ended(&[false]);
        stage.ended(&[true]);
        stage.ended(&[true]);
        stage.decided(Some(Decision::RequestChanges));
        stage.ended(&[true]);
        assert!(stage.sends_back(0));
    }

    #[test]
    fn a_gate_stops_the_run_by_word_or_for_want_of_one() {
        for (said, why) in [
            (Some(Decision::Escalate), Stopped::Escalated),
            (None, Stopped::Undecided),
            (Some(Decision::RequestChanges), Stopped::Exhausted),
        ] {
            let mut stage = Progress::new(shape(0, &[], 0, Some(0)));
            stage.begin();
            assert_eq!(stage.decided(said), Move::Stopped(why));
        }
    }

    #[test]
    fn every_course_ends() {
        for seed in 0..2_000_u64 {
            let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut next = |below: u64| {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                (chance >> 33) % below
            };
            let members = next(4) as usize;
            let checks: Vec<Option<usize>> = (0..next(4))
                .map(|_| (members > 0 && next(3) > 0).then(|| next(members as u64) as usize))
                .collect();
            let gate = (next(2) == 0).then(|| next(4) as u32);
            let mut stage = Progress::new(shape(members, &checks, next(4) as u32, gate));
            let mut at = stage.begin();
            // Each round of the gate has at most so many turns of members with what verifies them.
            for _ in 0..5 * (2 * 4 * 4 + 3) {
                at = match &at {
                    Move::Members(parts) | Move::Verify(parts) => {
                        let well: Vec<bool> = parts.iter().map(|_| next(3) > 0).collect();
                        stage.ended(&well)
                    }
                    Move::Gate => stage.decided(match next(4) {
                        0 => Some(Decision::Approved),
                        1 => Some(Decision::Escalate),
                        2 => Some(Decision::RequestChanges),
                        _ => None,
                    }),
                    Move::Done | Move::Failed | Move::Stopped(_) => break,
                };
            }
            let is_over = matches!(at, Move::Done | Move::Failed | Move::Stopped(_));
            assert!(is_over, "seed {seed}: {stage:?}");
        }
    }
}
