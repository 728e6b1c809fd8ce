//! What a task's wildcards stand for, and the platforms things are for.

use std::sync::{Arc, LazyLock};

use crate::taskfile::model::Platform;
use crate::value::Value;

/// `MATCH`: what each wildcard of a task's name stands for.
pub(super) fn match_value(matches: &[Arc<str>]) -> Value {
    static NONE: LazyLock<Value> = LazyLock::new(|| Value::list([]));
    if matches.is_empty() {
        return NONE.clone();
    }
    Value::list(matches.iter().map(|part| Value::Str(part.clone())))
}

/// Whether something for `platforms` is for this machine.
pub(super) fn runs_here(platforms: &[Platform]) -> bool {
    let fits = |wanted: &Option<Arc<str>>, here: &str| wanted.as_deref().is_none_or(|w| w == here);
    platforms.is_empty() || platforms.iter().any(|p| fits(&p.os, os()) && fits(&p.arch, arch()))
}

fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_may_name_system_or_machine_alone() {
        let only = |os: Option<&str>, arch: Option<&str>| {
            [Platform { os: os.map(Into::into), arch: arch.map(Into::into) }]
        };
        assert!(runs_here(&[]));
        assert!(runs_here(&only(Some(os()), None)));
        assert!(runs_here(&only(None, Some(arch()))));
        assert!(!runs_here(&only(Some("plan9"), None)));
        assert!(!runs_here(&only(Some(os()), Some("mips"))));
    }
}
