//! Whatever a Taskfile holds, it is loaded or its mistakes are shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use par::host::fake::Fake;
use par::taskfile::{self, Dialect, Request};

fuzz_target!(|text: &str| {
    let host = Fake::new().file("Taskfile.yml", text);
    for dialect in [Dialect::Par, Dialect::GoTask] {
        match taskfile::load(&Request { dialect, ..Request::default() }, &host) {
            Ok(model) => {
                let names: Vec<String> = model.tasks.keys().map(|name| name.to_string()).collect();
                for mistake in model.check_certain(&names, true) {
                    mistake.render(&model.sources, false);
                }
            }
            Err(failure) => {
                let shown = failure.diagnostics.iter().map(|d| d.render(&failure.sources, false));
                assert!(shown.map(|text| text.len()).sum::<usize>() > 0);
            }
        }
    }
});
