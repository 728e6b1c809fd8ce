//! Whatever a script holds, looking at it ends, and the names of tasks found in it stand in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use par::exec::{Options, Shell, shell};

fuzz_target!(|script: &str| {
    for name in shell::mentions_task_program(script) {
        assert!(script.contains(&name));
    }
    if let Ok(shell) = Shell::find(None) {
        let _ = shell.trivial(script, &Options::default());
    }
});
