//! The other end of the socket: who asks a run how it stands, or stops it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::place::{self, Entry};
use super::status::{Answer, Request, Status};
use crate::store::Runs;

/// A run whose loop does not hang answers within this time.
const PATIENCE: Duration = Duration::from_secs(2);
/// A run that has not been heard of for so long is stale: three heartbeats.
const STALE: Duration = Duration::from_secs(90);

/// Whether a run lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// It was heard of, so long ago.
    Healthy(Duration),
    /// Its process lives, but it was not heard of for so long.
    Stale(Duration),
    /// Its process is gone.
    Dead,
}

/// What became of a wish to stop something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cancelled {
    /// These tasks have ended.
    Ended(Vec<Arc<str>>),
    /// No unfinished task is called so; these are unfinished.
    Unknown(Vec<Arc<str>>),
}

/// The runs of this user that have not ended by themselves, the oldest first, dead ones too.
pub fn runs() -> Vec<Entry> {
    place::all()
}

/// How a run stands.
pub fn ask(run: &Entry) -> io::Result<Status> {
    let mut stream = connect(run, &Request::Status)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    match answer(&mut stream)? {
        Answer::Status(status) => Ok(status),
        _ => Err(io::Error::other("it answers something else")),
    }
}

/// Stops a task of a run, or all of it, and returns when that has ended.
pub fn cancel(run: &Entry, task: Option<&str>) -> io::Result<Cancelled> {
    let mut stream = connect(run, &Request::Cancel(task.map(str::to_owned)))?;
    let tasks = match answer(&mut stream)? {
        Answer::Stopping(tasks) => tasks,
        Answer::Unknown(known) => return Ok(Cancelled::Unknown(known)),
        Answer::Status(_) => return Err(io::Error::other("it answers something else")),
    };
    stream.read_to_end(&mut Vec::new())?;
    Ok(Cancelled::Ended(tasks))
}

/// Whether a run lives. What is left of a dead one is taken away.
pub fn life(run: &Entry, now: SystemTime) -> Life {
    if !is_live(run) {
        run.remove();
        return Life::Dead;
    }
    let events = std::fs::metadata(run.directory.join("events.jsonl"));
    let heard = events.or_else(|_| std::fs::metadata(run.directory.join("run.json")));
    let heard = heard.and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let silence = now.duration_since(heard).unwrap_or_default();
    let stale = from_environment("PAR_HEARTBEAT").map_or(STALE, |beat| beat * 3);
    if silence >= stale { Life::Stale(silence) } else { Life::Healthy(silence) }
}

/// Takes away what killed runs have left.
pub(super) fn remove_dead() {
    place::all().iter().filter(|run| !is_live(run)).for_each(Entry::remove);
}

/// A run holds a lock as long as its process lives.
fn is_live(run: &Entry) -> bool {
    Runs::new(&run.project()).find(&run.run).is_ok_and(|found| found.is_live)
}

fn connect(run: &Entry, request: &Request) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(run.socket())?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    Ok(stream)
}

/// One line; a byte more would be lost in the buffer, but there is none before the end.
fn answer(stream: &mut UnixStream) -> io::Result<Answer> {
    let mut line = String::new();
    if BufReader::new(stream).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}

/// A number of seconds.
pub(super) fn from_environment(name: &str) -> Option<Duration> {
    let seconds: f64 = std::env::var(name).ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
