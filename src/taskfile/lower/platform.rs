//! `platforms`: Go's names of operating systems and architectures.

use crate::diag::{Diagnostic, Fault};
use crate::taskfile::lower::{Fields, Lower};
use crate::taskfile::model::Platform;
use crate::taskfile::yaml::Node;

#[rustfmt::skip]
const SYSTEMS: [&str; 18] = [
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
    "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos", "__test__",
];

#[rustfmt::skip]
const ARCHITECTURES: [&str; 24] = [
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle",
    "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv",
    "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm",
];

impl Lower {
    pub(super) fn platforms(&mut self, fields: &Fields) -> Vec<Platform> {
        self.list(fields, "platforms", Lower::platform)
    }

    fn platform(&mut self, node: &Node) -> Option<Platform> {
        let text = self.text(node, "a platform")?;
        let platform = parse(&text.value);
        if platform.is_none() {
            let message = format!("unknown platform `{}`", text.value);
            self.diagnostics.push(
                Diagnostic::error(Fault::Decode, message)
                    .at(text.span, "no system or architecture that go knows")
                    .suggest(&text.value, SYSTEMS.into_iter().chain(ARCHITECTURES)),
            );
        }
        platform
    }
}

/// `os`, `arch` or `os/arch`.
fn parse(text: &str) -> Option<Platform> {
    let is_system = |name: &str| SYSTEMS.contains(&name);
    let is_architecture = |name: &str| ARCHITECTURES.contains(&name);
    let (os, arch) = match text.split_once('/') {
        Some((os, arch)) if is_system(os) && is_architecture(arch) => (Some(os), Some(arch)),
        None if is_system(text) => (Some(text), None),
        None if is_architecture(text) => (None, Some(text)),
        _ => return None,
    };
    Some(Platform { os: os.map(Into::into), arch: arch.map(Into::into) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_and_architectures_are_told_apart() {
        let platform = |os: Option<&str>, arch: Option<&str>| {
            Some(Platform { os: os.map(Into::into), arch: arch.map(Into::into) })
        };
        assert_eq!(parse("linux"), platform(Some("linux"), None));
        assert_eq!(parse("arm64"), platform(None, Some("arm64")));
        assert_eq!(parse("linux/arm64"), platform(Some("linux"), Some("arm64")));
        for wrong in ["", "linx", "arm64/linux", "linux/", "linux/arm64/v8", "amd64/arm64"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
