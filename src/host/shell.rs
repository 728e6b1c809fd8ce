//! Scripts that planning runs: each in a shell of its own that stops at the first failure.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Output, Script};

/// The shell of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shell {
    /// bash, at this path.
    Bash(PathBuf),
    /// Whatever `/bin/sh` is.
    Plain,
}

impl Shell {
    /// bash where there is one; looked for once.
    pub fn of_machine() -> &'static Shell {
        static SHELL: OnceLock<Shell> = OnceLock::new();
        SHELL.get_or_init(|| Shell::search(std::env::var_os("PATH").unwrap_or_default()))
    }

    fn search(path: std::ffi::OsString) -> Shell {
        let usual = ["/bin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from);
        let mut all = std::env::split_paths(&path).chain(usual).map(|dir| dir.join("bash"));
        let bash = all.find(|path| path.is_absolute() && is_program(path));
        bash.map_or(Shell::Plain, Shell::Bash)
    }

    /// Path of the program.
    pub fn program(&self) -> &Path {
        match self {
            Shell::Bash(path) => path,
            Shell::Plain => Path::new("/bin/sh"),
        }
    }

    /// Its arguments for a script: it ends at the first failure, and as `set` and `shopt` say.
    pub fn arguments(
        &self,
        text: &str,
        set: &[impl AsRef<str>],
        shopt: &[impl AsRef<str>],
    ) -> Vec<String> {
        let mut all = vec!["-e".to_string()];
        for option in set.iter().map(AsRef::as_ref) {
            match option.len() {
                1 => all.push(format!("-{option}")),
                _ => all.extend(["-o".into(), option.into()]),
            }
        }
        if let Shell::Bash(_) = self {
            all.extend(shopt.iter().flat_map(|option| ["-O".into(), option.as_ref().into()]));
        }
        all.extend(["-c".into(), "--".into(), text.into()]);
        all
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Runs a script to its end. It reads nothing; a shell's start-up files are left out.
pub fn run(script: &Script) -> io::Result<Output> {
    in_directory(script, start)
}

/// Has a script run by `run`. One whose directory is still to come stands in an empty one meanwhile,
/// and is told that it stands where it should.
pub fn in_directory<T>(
    script: &Script,
    run: impl FnOnce(&Script) -> io::Result<T>,
) -> io::Result<T> {
    if script.dir.is_dir() {
        return run(script);
    }
    let empty = Empty::new()?;
    run(&Script { dir: empty.0.clone(), text: pretended(script), ..script.clone() })
}

fn start(script: &Script) -> io::Result<Output> {
    let shell = Shell::of_machine();
    let stderr = if script.shows_stderr { Stdio::inherit() } else { Stdio::null() };
    let env = script.env.iter().filter(|(key, _)| !matches!(&***key, "BASH_ENV" | "ENV"));
    let output = Command::new(shell.program())
        .args(shell.arguments(&script.text, &script.set, &script.shopt))
        .current_dir(&script.dir)
        .env_clear()
        .envs(env.map(|(key, value)| (&**key, &**value)))
        .stdin(Stdio::null())
        .stderr(stderr)
        .stdout(Stdio::piped())
        .output()?;
    let status = output.status;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(Output { code, stdout: output.stdout })
}

/// The script of a directory that is still to come: it is told that it stands there.
fn pretended(script: &Script) -> String {
    let quoted = script.dir.to_string_lossy().replace('\'', "'\\''");
    format!("PWD='{quoted}'; pwd() {{ printf '%s\\n' \"$PWD\"; }}\n{}", script.text)
}

/// A directory with nothing in it, in place of one that will be made later.
struct Empty(PathBuf);

impl Empty {
    fn new() -> io::Result<Empty> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("par-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => return made.map(|()| Empty(path)),
            }
        }
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        // What a script has put there is its own business and stays.
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn script(text: &str, dir: &Path) -> Script {
        let path = std::env::var("PATH").unwrap();
        let env = [("A".into(), "1".into()), ("PATH".into(), path.into())];
        Script {
            text: text.into(),
            dir: dir.into(),
            env: Arc::new(env.into_iter().collect()),
            set: Vec::new(),
            shopt: Vec::new(),
            shows_stderr: false,
        }
    }

    #[test]
    fn a_script_sees_its_environment_and_nothing_else() {
        let output = run(&script("echo $A$HOME; pwd", Path::new("/"))).unwrap();
        assert_eq!(output, Output { code: 0, stdout: b"1\n/\n".into() });
    }

    #[test]
    fn the_first_failure_ends_a_script() {
        let output = run(&script("echo a; false; echo b", Path::new("/"))).unwrap();
        assert_eq!(output, Output { code: 1, stdout: b"a\n".into() });
    }

    #[test]
    fn a_signal_counts_as_128_and_its_number() {
        assert_eq!(run(&script("kill -9 $$", Path::new("/"))).unwrap().code, 137);
    }

    #[test]
    fn a_directory_that_is_still_to_come_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let none = dir.path().join("it's none");
        let output = run(&script("ls -A; pwd", &none)).unwrap();
        let expected = format!("{}\n", none.display());
        assert_eq!(output, Output { code: 0, stdout: expected.into_bytes() });
    }

    #[test]
    fn options_are_given_to_the_shell() {
        let bash = Shell::Bash("/bin/bash".into());
        let options = bash.arguments("-x", &["x", "pipefail"], &["globstar"]);
        let expected = ["-e", "-x", "-o", "pipefail", "-O", "globstar", "-c", "--", "-x"];
        assert_eq!(options, expected);
        assert_eq!(Shell::Plain.arguments("x", &[""; 0], &["a"]), ["-e", "-c", "--", "x"]);
    }
}
