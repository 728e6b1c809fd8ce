//! A terminal that breaks lines anew when it becomes narrower: tmux.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::live::LIMIT;

/// Whether there is such a program; says so when not.
pub fn is_there() -> bool {
    let is_there =
        Command::new("tmux").arg("-V").output().is_ok_and(|answer| answer.status.success());
    if !is_there {
        println!("skipped: tmux is not there");
    }
    is_there
}

/// A session, with a server of its own; its directory must not go before it.
pub struct Tmux {
    pub socket: std::path::PathBuf,
}

impl Tmux {
    pub fn run(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).arg("-f").arg("/dev/null").args(words);
        command.env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        let output = command.output().expect("tmux");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> Vec<String> {
        let text = self.run(&["capture-pane", "-p", "-S", "-100"]);
        text.lines()
            .map(|line| line.trim_end().to_string())
            .filter(|line| !line.is_empty())
            .collect()
    }

    pub fn see(&self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        self.see_within(LIMIT, wanted)
            .unwrap_or_else(|lines| panic!("not what is wanted: {lines:#?}"))
    }

    /// The screen when it is as wanted, or as it is when that takes too long. tmux tells of nothing by itself.
    pub fn see_within(
        &self,
        limit: Duration,
        wanted: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<String>, Vec<String>> {
        let started = Instant::now();
        loop {
            let lines = self.screen();
            match wanted(&lines) {
                true => return Ok(lines),
                false if started.elapsed() > limit => return Err(lines),
                false => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").arg("-S").arg(&self.socket).arg("kill-server").output();
    }
}
