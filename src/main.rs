//! Arguments in, exit code out.

fn main() {
    start_tracing();
    let argv: Vec<_> = std::env::args_os().collect();
    par::cli::main(&argv).end()
}

/// `PAR_LOG` is a filter as `par=debug`; without it nothing is set up.
fn start_tracing() {
    if let Ok(filter) = std::env::var("PAR_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}
