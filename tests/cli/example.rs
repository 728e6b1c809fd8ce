//! The project of `examples/`, with its real tools.

use std::path::Path;
use std::process::Command;

use crate::harness::Test;

/// A copy of the example; nothing where its tools are missing.
fn kit() -> Option<Test> {
    if !has_its_tools() {
        return None;
    }
    let test = Test::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/opencode-kit"), &test.path(""));
    Some(test)
}

/// Whether what the example needs is there; says so when not.
pub fn has_its_tools() -> bool {
    let is_missing = |program: &&str| Command::new(program).arg("--version").output().is_err();
    let missing = ["python3", "node"].into_iter().find(is_missing);
    if let Some(program) = missing {
        println!("skipped: the example needs {program}");
    }
    missing.is_none()
}

/// Copies a directory, without what the example makes.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("the example").flatten() {
        let name = entry.file_name();
        let is_made = name.to_str().is_some_and(|name| [".par", "dist", "docs"].contains(&name));
        match entry.file_type().expect("a type").is_dir() {
            true if is_made => {}
            true => copy(&entry.path(), &to.join(name)),
            false => drop(std::fs::copy(entry.path(), to.join(name)).expect("a copy")),
        }
    }
}

const WHEEL: &str = "packages/opencode_config/dist";
const TARBALL: &str = "packages/cody-beads-integration/dist";

#[test]
fn both_halves_are_built_at_the_same_time() {
    let Some(test) = kit() else { return };
    let ran = test
        .args(["run", "-s", "-j2", "build-parallel"])
        .stdout_has("🏗️ Running parallel build...\n")
        .stdout_has("✅ Parallel build completed!\n")
        .stderr_has("")
        .run();
    assert!(ran.has(WHEEL) && ran.has(TARBALL));
}

#[test]
fn a_script_that_starts_both_halves_has_their_output_in_files() {
    let Some(test) = kit() else { return };
    let ran = test
        .args(["run", "-s", "-j2", "build-parallel-safe"])
        .stdout("🏗️ Starting safe parallel build...\n✅ Safe parallel build completed!\n")
        .run();
    assert!(ran.has(WHEEL) && ran.has(TARBALL));
    assert!(!ran.text("python-build.log").is_empty() && !ran.text("node-build.log").is_empty());
}

#[test]
fn a_variable_says_whether_the_halves_run_at_the_same_time() {
    for (parallel, said) in
        [("true", "✅ Parallel build completed!\n"), ("false", "✅ Sequential build completed!\n")]
    {
        let Some(test) = kit() else { return };
        let ran = test
            .env("USE_PARALLEL", parallel)
            .args(["run", "-s", "build"])
            .stdout_has(said)
            .stderr_has("")
            .run();
        assert!(ran.has(WHEEL) && ran.has(TARBALL));
    }
}

#[test]
fn a_half_that_fails_is_told_with_its_log_and_the_other_is_built() {
    let Some(test) = kit() else { return };
    let source = "packages/opencode_config/src/opencode_config/merge.py";
    let broken = std::fs::read_to_string(test.path(source)).expect("a source") + "def (:\n";
    std::fs::write(test.path(source), broken).expect("a source");
    let ran = test
        .args(["run", "-s", "-j2", "build-parallel"])
        .stdout_has("🏗️ Running parallel build...\n")
        .stderr_has("par: task `build-python` failed: exit status 1")
        .stderr_has("log: .par/runs/[RUN]/logs/build-python.log\n  again: par run build-python\n")
        .status(201)
        .run();
    assert!(ran.has(TARBALL));
    // The one log that matters, so without a header; not that of the task that called it.
    ran.again().args(["logs", "--failed"]).stdout_has("SyntaxError").run();
}
