//! Whether a server serves: tried again and again until it does, or has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use regex::bytes::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::ask::Worker;
use super::driver::{Driver, Mail};
use crate::event::Level;
use crate::exec::guard;
use crate::host::{Host, Script};
use crate::id::{UnitId, UnitMap};
use crate::plan::Probe;
use crate::schedule::Input;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// No single try takes longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest line that is looked at whole.
const LONGEST_LINE: usize = 64 * 1024;

/// Tries that go on, by the server's call.
#[derive(Default)]
pub(super) struct Tries {
    running: UnitMap<Try>,
    lines: UnitMap<Lines>,
}

struct Try {
    task: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Try {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Output of a server in which a line is looked for.
struct Lines {
    wanted: Regex,
    /// The line that has not ended.
    rest: Vec<u8>,
}

impl Lines {
    /// Whether the output has the line now.
    fn feed(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        let end = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let whole = self.rest.split(|&byte| byte == b'\n');
        let found = whole.into_iter().any(|line| self.wanted.is_match(line));
        self.rest.drain(..end);
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
        }
        found
    }
}

impl Driver {
    /// Tries whether the server `unit` is ready, whose last command has started.
    pub(super) fn probe(&mut self, unit: UnitId, command: UnitId) {
        let policy = self.scheduler.plan().unit(unit).policy.clone();
        let server = policy.as_ref().and_then(|policy| policy.server.as_ref());
        let Some(ready) = server.and_then(|server| server.ready.as_ref()) else { return };
        let is_over = Arc::new(AtomicBool::new(false));
        let task = match &ready.probe {
            Probe::Tcp(address) => {
                Some(tokio::spawn(connect(unit, address.clone(), self.post.clone())))
            }
            Probe::Http(url) => Some(tokio::spawn(get(unit, url.clone(), self.post.clone()))),
            Probe::Log(pattern) => {
                if let Ok(wanted) = Regex::new(pattern) {
                    self.tries.lines.insert(unit, Lines { wanted, rest: Vec::new() });
                }
                return;
            }
            Probe::Exec(text) => {
                let Some(script) = self.probe_script(command, text) else { return };
                let (post, is_over) = (self.post.clone(), is_over.clone());
                guard::before_thread();
                tokio::task::spawn_blocking(move || run(unit, &script, &post, &is_over));
                None
            }
        };
        self.tries.running.insert(unit, Try { task, is_over });
    }

    /// The script runs where and as the server's command does.
    fn probe_script(&self, command: UnitId, text: &Arc<str>) -> Option<Script> {
        let launch = self.launches.get(&command)?;
        Some(Script {
            text: text.to_string(),
            dir: launch.dir().to_path_buf(),
            env: launch.env().clone(),
            set: launch.set().to_vec(),
            shopt: launch.shopt().to_vec(),
            shows_stderr: false,
        })
    }

    /// Looks for the line that tells that a server is ready.
    pub(super) fn look_for_line(&mut self, task: UnitId, bytes: &[u8]) {
        if self.tries.lines.get_mut(&task).is_some_and(|lines| lines.feed(bytes)) {
            self.tries.lines.remove(&task);
            self.inputs.push_back(Input::Ready(task));
        }
    }

    pub(super) fn is_serving(&mut self, unit: UnitId) {
        self.stop_trying(unit);
        let task = &self.scheduler.plan().unit(unit).task;
        let text = format!("server `{task}` is ready");
        self.say(Some(unit), Level::Verbose, text.into());
    }

    /// A server is ready, or has ended.
    pub(super) fn stop_trying(&mut self, unit: UnitId) {
        self.tries.running.remove(&unit);
        self.tries.lines.remove(&unit);
    }
}

async fn connect(unit: UnitId, address: Arc<str>, post: UnboundedSender<Mail>) {
    loop {
        let connecting = TcpStream::connect(&*address);
        if let Ok(Ok(_)) = tokio::time::timeout(PATIENCE, connecting).await {
            break drop(post.send(Mail::Ready(unit)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn get(unit: UnitId, url: Arc<str>, post: UnboundedSender<Mail>) {
    loop {
        if let Ok(Some(100..400)) = tokio::time::timeout(PATIENCE, status_of(&url)).await {
            break drop(post.send(Mail::Ready(unit)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The status code that a GET is answered with.
async fn status_of(url: &str) -> Option<u32> {
    let (host, path) = parts(url)?;
    let address = if has_port(host) { host.to_string() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&*address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') && answer.len() < 1024 {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let mut words = line.split_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

/// Host with port, and path with query, of an `http:` URL.
fn parts(url: &str) -> Option<(&str, String)> {
    let rest = url.strip_prefix("http://")?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next().unwrap_or(host);
    let path = if path.starts_with('/') { path.into() } else { format!("/{path}") };
    (!host.is_empty()).then_some((host, path))
}

fn has_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}

fn run(unit: UnitId, script: &Script, post: &UnboundedSender<Mail>, is_over: &AtomicBool) {
    let worker = Worker::new(unit, post.clone());
    while !is_over.load(Ordering::Relaxed) {
        match worker.shell(script) {
            Ok(output) if output.code == 0 => return drop(post.send(Mail::Ready(unit))),
            Ok(_) => std::thread::sleep(PAUSE),
            // The server has ended, or the run has.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_whole_however_it_comes() {
        let mut lines =
            Lines { wanted: Regex::new("^listening on [0-9]+$").unwrap(), rest: vec![] };
        assert!(!lines.feed(b"not listening on 8080\nlisten"));
        assert!(!lines.feed(b"ing"));
        assert!(lines.feed(b" on 8080\nmore"));
    }

    #[test]
    fn urls_have_a_host_and_a_path() {
        assert_eq!(
            parts("http://localhost:8080/health?x=1#y"),
            Some(("localhost:8080", "/health?x=1".into()))
        );
        assert_eq!(parts("http://localhost"), Some(("localhost", "/".into())));
        assert_eq!(parts("http://a?b"), Some(("a", "/?b".into())));
        assert_eq!(parts("https://a"), None);
        assert!(has_port("[::1]:80") && !has_port("[::1]") && !has_port("host"));
    }
}
