//! What a project has to come to: a plain recursive walk that runs everything one after the other.
//!
//! Written without a look at the scheduler. It holds for every run in which time decides nothing.

use std::collections::{BTreeMap, HashMap};

use super::world::{Checked, Command, Part, World};

/// `task, is it a command, what became of it`, with how often.
pub type Tally = BTreeMap<(usize, bool, &'static str), usize>;

/// What is to be expected of a world.
#[derive(Default)]
pub struct Expected {
    pub tally: Tally,
    /// Tasks of the commands that start, in the order of a sequential run.
    pub starts: Vec<usize>,
    pub units: usize,
    /// A task was reached that it stands in.
    pub cycle: bool,
    /// A `run: once` task was reached.
    pub once: bool,
    /// Which of two failures came first decides whether they may be ignored.
    pub ambiguous: bool,
}

/// How something ended. Only what an exit code brought about can be ignored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Fine,
    Exit,
    Refused,
}

use End::{Exit, Fine, Refused};

pub struct Oracle<'a> {
    world: &'a World,
    expected: Expected,
    once: HashMap<usize, End>,
}

type Scope = HashMap<usize, End>;

/// Worlds that come to more units than this are of no use.
const MOST: usize = 80;

impl Oracle<'_> {
    pub fn walk(world: &World) -> Expected {
        let mut oracle = Oracle { world, expected: Expected::default(), once: HashMap::new() };
        oracle.roots();
        oracle.expected
    }

    fn roots(&mut self) {
        let mut scope = Scope::new();
        let mut failed = false;
        for &task in &self.world.roots {
            if self.world.parallel_roots {
                self.dep(task, &mut scope, &[]);
            } else if failed && !self.world.keep_going {
                self.note(task, false, "skipped");
            } else {
                failed |= self.call(task, &mut Scope::new(), &[]) != Fine;
            }
        }
    }

    fn note(&mut self, task: usize, command: bool, what: &'static str) {
        self.expected.units += 1;
        *self.expected.tally.entry((task, command, what)).or_default() += 1;
    }

    /// The first failure of several, as far as it matters which.
    fn first(&mut self, one: End, other: End) -> End {
        self.expected.ambiguous |= one != Fine && other != Fine && one != other;
        if one == Fine { other } else { one }
    }

    fn dep(&mut self, task: usize, scope: &mut Scope, chain: &[usize]) -> End {
        if let Some(&end) = scope.get(&task).filter(|_| !chain.contains(&task)) {
            return end;
        }
        let end = self.call(task, scope, chain);
        *scope.entry(task).or_insert(end)
    }

    fn call(&mut self, task: usize, scope: &mut Scope, chain: &[usize]) -> End {
        if self.expected.units > MOST {
            return Refused;
        }
        if chain.contains(&task) {
            self.expected.cycle = true;
            self.note(task, false, "failed");
            return Refused;
        }
        let written = &self.world.tasks[task];
        if written.omitted {
            self.note(task, false, "fine");
            return Fine;
        }
        if let Some(&end) = self.once.get(&task).filter(|_| written.once) {
            self.note(task, false, if end == Fine { "fine" } else { "skipped" });
            return end;
        }
        let once = written.once;
        self.expected.once |= once;
        let (what, end) = self.body(task, scope, chain);
        self.note(task, false, what);
        if once {
            self.once.insert(task, end);
        }
        end
    }

    fn body(&mut self, task: usize, scope: &mut Scope, chain: &[usize]) -> (&'static str, End) {
        let written = self.world.tasks[task].clone();
        let mut chain = chain.to_vec();
        chain.push(task);
        let mut deps = Fine;
        for &dep in &written.deps {
            let end = self.dep(dep, scope, &chain);
            deps = self.first(deps, end);
        }
        let ends = match written.checked {
            _ if deps != Fine => Some(("skipped", "skipped", deps)),
            Checked::Refused => Some(("failed", "skipped", Refused)),
            Checked::UpToDate => Some(("fine", "fine", Fine)),
            _ => None,
        };
        if let Some((what, parts, end)) = ends {
            written.parts.iter().for_each(|part| self.leave_out(task, part, parts));
            return (what, end);
        }
        match self.steps(task, &written.parts, &chain) {
            Fine => ("fine", Fine),
            end => ("failed", end),
        }
    }

    fn leave_out(&mut self, task: usize, part: &Part, what: &'static str) {
        match part {
            Part::Command(_) | Part::DeferCommand(_) => self.note(task, true, what),
            Part::Call { task, .. } | Part::Background(task) | Part::DeferCall(task) => {
                self.note(*task, false, what);
            }
            Part::Join | Part::Next => {}
        }
    }

    fn steps(&mut self, task: usize, parts: &[Part], chain: &[usize]) -> End {
        let (mut end, mut late) = (Fine, Fine);
        let mut deferred = Vec::new();
        for part in parts {
            if end != Fine {
                self.leave_out(task, part, "skipped");
                continue;
            }
            match part {
                Part::Command(command) => end = self.command(task, command, chain),
                Part::Call { task, ignore_error } => {
                    end = self.call(*task, &mut Scope::new(), chain);
                    if *ignore_error && end == Exit {
                        end = Fine;
                    }
                }
                Part::Background(task) => {
                    let other = self.call(*task, &mut Scope::new(), chain);
                    late = self.first(late, other);
                }
                Part::Join | Part::Next => end = std::mem::replace(&mut late, Fine),
                Part::DeferCommand(_) | Part::DeferCall(_) => deferred.push(part),
            }
        }
        for part in deferred.into_iter().rev() {
            match part {
                Part::DeferCommand(command) => {
                    self.command(task, command, chain);
                }
                Part::DeferCall(task) => {
                    self.call(*task, &mut Scope::new(), chain);
                }
                _ => unreachable!("only deferred parts were kept"),
            }
        }
        self.first(end, late)
    }

    fn command(&mut self, task: usize, command: &Command, chain: &[usize]) -> End {
        if command.omitted {
            self.note(task, true, "fine");
            return Fine;
        }
        if command.refused {
            self.note(task, true, "failed");
            return Refused;
        }
        self.expected.starts.push(task);
        let mut calls = Fine;
        for &(called, background) in &command.calls {
            let end = self.call(called, &mut Scope::new(), chain);
            if background {
                calls = self.first(calls, end);
            }
        }
        let end = if command.fails { Exit } else { calls };
        self.note(task, true, if end == Fine { "fine" } else { "failed" });
        if command.ignore_error && end == Exit { Fine } else { end }
    }
}
