//! Arguments in, exit code out.
//!
//! Where C's start suffices, C calls us directly: what Rust's own does beyond it is to look the main thread's stack
//! up in `/proc` and to listen for its overflow, which a short command can be seen to take longer for.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
mod start {
    use libc::{c_char, c_int, pollfd};

    /// The arguments have reached Rust's library already: glibc shows them to whoever wants to be called before.
    #[unsafe(no_mangle)]
    extern "C" fn main(_: c_int, _: *const *const c_char) -> c_int {
        stand_in_for_what_is_closed();
        // SAFETY: no handler of ours is called; a pipe that nobody reads is an error of the write.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        super::begin()
    }

    /// A file that is opened next must not become somebody's stdin, stdout or stderr.
    fn stand_in_for_what_is_closed() {
        let mut standard = [0, 1, 2].map(|fd| pollfd { fd, events: 0, revents: 0 });
        // SAFETY: the list is valid for its length; `open` gives the lowest number that is free.
        unsafe {
            libc::poll(standard.as_mut_ptr(), 3, 0);
            for closed in standard.iter().filter(|fd| fd.revents & libc::POLLNVAL != 0) {
                if libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) != closed.fd {
                    libc::abort();
                }
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() {
    begin();
}

fn begin() -> ! {
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
