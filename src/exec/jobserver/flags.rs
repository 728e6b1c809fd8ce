//! What `MAKEFLAGS` says of a jobserver, and how ours is put in.

use std::os::fd::RawFd;
use std::path::PathBuf;

/// Where a jobserver is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Auth {
    /// A fifo with this path.
    Fifo(PathBuf),
    /// Descriptors that are inherited: tokens are read from the first and given back to the second.
    Pipe(RawFd, RawFd),
}

/// The jobserver that the flags name; the last one counts.
pub(super) fn auth(flags: &str) -> Option<Auth> {
    let words = flags.split_ascii_whitespace().take_while(|&word| word != "--");
    words.filter_map(auth_of).last()
}

fn auth_of(word: &str) -> Option<Auth> {
    let names = ["--jobserver-auth=", "--jobserver-fds="];
    let value = names.iter().find_map(|name| word.strip_prefix(name))?;
    if let Some(path) = value.strip_prefix("fifo:") {
        return Some(Auth::Fifo(path.into()));
    }
    let (read, write) = value.split_once(',')?;
    let (read, write) = (read.parse().ok()?, write.parse().ok()?);
    (read >= 0 && write >= 0).then_some(Auth::Pipe(read, write))
}

/// Flags with another number of jobs and another jobserver (`--jobserver-auth=…`) than they had.
pub(super) fn with(flags: &str, jobs: u32, jobserver: &str) -> String {
    let (options, variables) = match flags.split_once("-- ") {
        Some((options, variables)) if options.is_empty() || options.ends_with(' ') => {
            (options, format!(" -- {variables}"))
        }
        _ => (flags, String::new()),
    };
    // Letters without a dash may stand first, and only there.
    let mut words = options.split(' ').peekable();
    let letters = words.next_if(|word| !word.is_empty() && !word.starts_with('-')).unwrap_or("");
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "" => {}
            "-j" | "--jobs" => drop(words.next_if(|next| next.parse::<u32>().is_ok())),
            _ if word.starts_with("-j") || word.starts_with("--job") => {}
            _ => kept.push(format!(" {word}")),
        }
    }
    format!("{letters} -j{jobs} {jobserver}{}{variables}", kept.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobserver_is_found_in_every_form() {
        let fifo = |path: &str| Some(Auth::Fifo(path.into()));
        let cases = [
            ("", None),
            ("kw -j4", None),
            (" -j4 --jobserver-auth=3,4", Some(Auth::Pipe(3, 4))),
            (" --jobserver-fds=5,6 -j", Some(Auth::Pipe(5, 6))),
            ("k -j4 --jobserver-auth=fifo:/tmp/GMfifo1", fifo("/tmp/GMfifo1")),
            (" --jobserver-auth=3,4 --jobserver-auth=fifo:/x", fifo("/x")),
            (" --jobserver-auth=-2,-2", None),
            (" -j4 -- A=--jobserver-auth=3,4 --jobserver-auth=7,8", None),
        ];
        for (flags, expected) in cases {
            assert_eq!(auth(flags), expected, "{flags}");
        }
    }

    #[test]
    fn ours_takes_the_place_of_another_and_the_rest_stays() {
        let cases = [
            ("", " -j4 J"),
            ("kw", "kw -j4 J"),
            ("-k --no-print-directory", " -j4 J -k --no-print-directory"),
            ("k -j8 --jobserver-auth=3,4 -Otarget", "k -j4 J -Otarget"),
            ("-j 8 -k", " -j4 J -k"),
            ("--jobs=8", " -j4 J"),
            ("k -- A=b C=-j8", "k -j4 J -- A=b C=-j8"),
            ("-- A=b", " -j4 J -- A=b"),
        ];
        for (flags, expected) in cases {
            assert_eq!(with(flags, 4, "J"), expected, "{flags}");
        }
    }
}
