//! The keys that each kind of map may have.

use crate::taskfile::Dialect;

/// The keys of one kind of map.
pub(super) struct Keys {
    /// Keys of go-task.
    task: &'static [&'static str],
    /// Keys that only `par` has.
    par: &'static [&'static str],
}

impl Keys {
    pub(super) fn has(&self, key: &str, dialect: Dialect) -> bool {
        self.task.contains(&key) || dialect == Dialect::Par && self.par.contains(&key)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.task.iter().chain(self.par).copied()
    }
}

const fn keys(task: &'static [&'static str], par: &'static [&'static str]) -> Keys {
    Keys { task, par }
}

#[rustfmt::skip]
pub(super) const FILE: Keys = keys(
    &[
        "version", "output", "method", "includes", "set", "shopt", "vars", "env", "tasks",
        "silent", "dotenv", "run", "interval", "use_gitignore",
    ],
    &["parallel", "parallel_execution", "agents"],
);

#[rustfmt::skip]
pub(super) const TASK: Keys = keys(
    &[
        "cmds", "cmd", "deps", "label", "desc", "prompt", "summary", "requires", "aliases",
        "sources", "generates", "status", "preconditions", "dir", "set", "shopt", "vars", "env",
        "dotenv", "silent", "interactive", "internal", "method", "prefix", "ignore_error",
        "use_gitignore", "run", "platforms", "if", "watch", "failfast",
    ],
    &[
        "timeout", "retry", "max_retries", "priority", "locks", "resources", "estimate", "stall",
        "stall_action", "isolate", "needs", "parallel", "persistent", "ready", "depends_on",
        "blocks", "after", "agent", "stages",
    ],
);

#[rustfmt::skip]
pub(super) const COMMAND: Keys = keys(
    &[
        "cmd", "task", "for", "if", "silent", "set", "shopt", "vars", "ignore_error", "defer",
        "platforms", "timeout",
    ],
    &[],
);

pub(super) const DEFER: Keys = keys(&["defer", "task", "vars", "silent", "timeout"], &[]);
pub(super) const DEPENDENCY: Keys = keys(&["task", "for", "vars", "silent", "timeout"], &[]);
pub(super) const PRECONDITION: Keys = keys(&["sh", "msg"], &[]);
pub(super) const GLOB: Keys = keys(&["exclude"], &[]);
pub(super) const REQUIRES: Keys = keys(&["vars"], &[]);
pub(super) const REQUIRED: Keys = keys(&["name", "enum"], &[]);
pub(super) const REFERENCE: Keys = keys(&["ref"], &[]);
pub(super) const LOOP: Keys = keys(&["var", "matrix", "split", "as"], &[]);
pub(super) const OUTPUT: Keys = keys(&["group"], &[]);
pub(super) const GROUP: Keys = keys(&["begin", "end", "error_only"], &[]);
pub(super) const VARIABLE: Keys = keys(&["sh", "ref", "map", "value", "secret"], &[]);

#[rustfmt::skip]
pub(super) const INCLUDE: Keys = keys(
    &[
        "taskfile", "dir", "optional", "internal", "flatten", "aliases", "excludes", "vars",
        "checksum",
    ],
    &[],
);

pub(super) const RETRY: Keys =
    keys(&[], &["attempts", "delay", "factor", "max_delay", "jitter", "on", "patterns"]);
pub(super) const LOCK: Keys = keys(&[], &["name", "mode", "scope"]);
pub(super) const READY: Keys = keys(&[], &["tcp", "http", "log", "exec", "timeout"]);
pub(super) const NEEDS: Keys = keys(&[], &["programs", "env", "services"]);
pub(super) const MEMBER: Keys = keys(&[], &["task", "vars", "if", "for", "silent", "timeout"]);
pub(super) const VERIFY: Keys = keys(&[], &["tasks", "rounds"]);
pub(super) const GATE: Keys = keys(&[], &["cmd", "rounds"]);
pub(super) const AGENT: Keys = keys(&[], &["cmd", "capabilities", "max", "compatible"]);

#[rustfmt::skip]
pub(super) const STAGE: Keys = keys(
    &[],
    &[
        "name", "needs", "tasks", "parallel", "max_parallel", "verify", "gate", "on_failure",
    ],
);

pub(super) const SETTINGS: Keys = keys(&[], &["parallel", "parallel_execution"]);

#[rustfmt::skip]
pub(super) const PARALLEL: Keys = keys(
    &[],
    &[
        "enabled", "jobs", "max_agents", "load", "memory", "stall", "stall_threshold", "grace",
        "fallback", "max_parallel", "pools",
    ],
);
