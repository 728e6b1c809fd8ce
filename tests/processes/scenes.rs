//! What a process of a test does: each scene tells on stdout what it hears.

use std::ffi::CString;
use std::future::Future;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use par::event::{Status, Stream};
use par::exec::{
    Capture, Command, Environment, Foreground, Job, Leftovers, Notice, Options, Processes, Shell,
    Stdin, Variables, guard,
};

/// Plays `scene` and exits.
pub fn play(scene: &str, arguments: &[String]) -> ! {
    let argument = |at: usize| arguments.get(at).map_or("", String::as_str);
    let capture = if argument(1) == "separate" { Capture::Separate } else { Capture::Merged };
    let code = match scene {
        "job" => in_runtime(tell(job(argument(0), capture))),
        "impatient" => in_runtime(tell_impatiently(job(argument(0), capture))),
        "interrupt" => in_runtime(interrupt_then_kill(job(argument(0), capture))),
        "kill" => in_runtime(kill_all(job(argument(0), capture))),
        "heavy" => in_runtime(weigh(job(argument(0), capture))),
        "long" => in_runtime(tell(job(&lengthen(argument(0)), capture))),
        "pipeline" => in_runtime(pipeline(argument(0), argument(1), argument(2))),
        "inherit" => in_runtime(tell(job(argument(0), Capture::Inherit))),
        "direct" => in_runtime(tell(by_hand(argument(0), argument(1)))),
        "crowded" => in_runtime(start_without_descriptors()),
        "driver" => in_runtime(drive(job(argument(0), Capture::Merged))),
        "terminal" => in_runtime(drive(job(argument(0), Capture::Inherit))),
        "prompt" => prompt(),
        "exit" => guard::ensure().map_or(1, |_| 42),
        "threads" => refuse_threads(),
        "twice" => compare_guards(),
        _ => panic!("no scene {scene}"),
    };
    std::process::exit(code)
}

fn in_runtime(act: impl Future<Output = i32>) -> i32 {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(act)
}

fn processes() -> Processes<u8> {
    let mut processes = Processes::new().unwrap();
    processes.guard().unwrap();
    processes
}

fn job(text: &str, capture: Capture) -> Job {
    let path = std::env::var_os("PATH").unwrap();
    let dir = std::env::temp_dir();
    let shell = Shell::find(Some(&path)).unwrap();
    let command = shell.command(&text.into(), &Options::default(), &path, &dir).unwrap();
    let pipeline = match capture {
        Capture::Inherit | Capture::Given { .. } => None,
        _ => shell.pipeline(text, &Options::default(), &path, &dir).unwrap(),
    };
    let path = path.to_str().unwrap();
    let env = Environment::new(Arc::new(Variables::new([("PATH", path)])), &dir);
    Job { command, pipeline, env, dir, stdin: Stdin::Inherit, capture, kept: Vec::new() }
}

/// Tells whether a script goes without a shell, what it writes to each stream, and how it ends.
async fn pipeline(text: &str, dir: &str, set: &str) -> i32 {
    let set: Vec<Arc<str>> = set.split_whitespace().map(Arc::from).collect();
    let (path, dir) = (std::env::var_os("PATH").unwrap(), Path::new(dir));
    let shell = Shell::find(Some(&path)).unwrap();
    let options = Options { set: set.into(), ..Options::default() };
    let command = shell.command(&text.into(), &options, &path, dir).unwrap();
    let pipeline = shell.pipeline(text, &options, &path, dir).unwrap();
    let is_ours = pipeline.is_some();
    let job = Job {
        command,
        pipeline,
        dir: dir.into(),
        stdin: Stdin::Null,
        ..job("true", Capture::Separate)
    };
    let mut processes = processes();
    processes.start(1, &job).unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match processes.next().await {
            Notice::Output(_, Stream::Stdout, bytes) => stdout.extend(bytes),
            Notice::Output(_, Stream::Stderr, bytes) => stderr.extend(bytes),
            Notice::Exited(_, status, _) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let who = if is_ours { "ours" } else { "bash's" };
                println!("{who}\u{1}{}\u{1}{}\u{1}{status}", text(&stdout), text(&stderr));
                return 0;
            }
            _ => {}
        }
    }
}

/// The same script, too long for one argument of a program.
fn lengthen(text: &str) -> String {
    format!("# {}\n{text}", "long ".repeat(60_000))
}

fn by_hand(program: &str, dir: &str) -> Job {
    let program = CString::new(program).unwrap();
    let argv = vec![program.clone()];
    let redirections = Vec::new();
    let command =
        Command { program, argv, redirections, otherwise: None, leftovers: Leftovers::Stay };
    Job { command, dir: dir.into(), ..job("true", Capture::Merged) }
}

/// Tells all that happens to one job; output that follows on output as one.
async fn tell(job: Job) -> i32 {
    let mut processes = processes();
    if let Err(error) = processes.start(1, &job) {
        println!("{error}");
        return 0;
    }
    let mut teller = Teller::default();
    while processes.running() > 0 {
        teller.tell(processes.next().await);
    }
    0
}

/// As `tell`, but drops the future of each notice many times before it is ready.
async fn tell_impatiently(job: Job) -> i32 {
    let mut processes = processes();
    processes.start(1, &job).unwrap();
    let mut teller = Teller::default();
    while processes.running() > 0 {
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            notice = processes.next() => teller.tell(notice),
        }
        if let Ok(notice) = tokio::time::timeout(Duration::from_micros(50), processes.next()).await
        {
            teller.tell(notice);
        }
    }
    0
}

#[derive(Default)]
struct Teller {
    stream: Option<Stream>,
    text: String,
}

impl Teller {
    fn tell(&mut self, notice: Notice<u8>) {
        if let Notice::Output(1, stream, bytes) = &notice {
            if self.stream != Some(*stream) {
                self.flush();
            }
            self.stream = Some(*stream);
            self.text.push_str(str::from_utf8(bytes).unwrap());
            return;
        }
        self.flush();
        match notice {
            Notice::Exited(1, status, _) => println!("{status}"),
            other => println!("{other:?}"),
        }
    }

    fn flush(&mut self) {
        if let Some(stream) = self.stream.take() {
            println!("{stream:?} {:?}", std::mem::take(&mut self.text));
        }
    }
}

/// Sends INT when the job has said its first word, KILL when it has said more.
async fn interrupt_then_kill(job: Job) -> i32 {
    let mut processes = processes();
    processes.start(1, &job).unwrap();
    let mut signals = [libc::SIGINT, libc::SIGKILL].into_iter();
    while processes.running() > 0 {
        match processes.next().await {
            Notice::Output(name, _, bytes) => {
                print!("{}", String::from_utf8_lossy(&bytes));
                signals.by_ref().take(1).for_each(|signal| processes.signal(name, signal));
            }
            other => println!("{}", status(&other)),
        }
    }
    0
}

/// Kills a job at its first word, and tells when nobody below it has its stdin any more.
async fn kill_all(mut job: Job) -> i32 {
    let mut processes = processes();
    let (reader, writer) = std::io::pipe().unwrap();
    job.stdin = Stdin::Fd(writer.into());
    processes.start(1, &job).unwrap();
    drop(job);
    while processes.running() > 0 {
        if let Notice::Output(name, ..) = processes.next().await {
            processes.signal(name, libc::SIGKILL);
        }
    }
    println!("{}", if has_ended(&reader) { "nobody is left" } else { "somebody is left" });
    0
}

fn has_ended(pipe: &std::io::PipeReader) -> bool {
    let mut poll = libc::pollfd { fd: pipe.as_raw_fd(), events: 0, revents: 0 };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&mut poll, 1, 10_000) == 1 }
}

fn status(notice: &Notice<u8>) -> String {
    match notice {
        Notice::Exited(_, status, _) => status.to_string(),
        other => format!("{other:?}"),
    }
}

/// Tells how much a job wrote, whether its use was counted, and whether our memory stayed small.
async fn weigh(job: Job) -> i32 {
    let mut processes = processes();
    processes.start(1, &job).unwrap();
    let mut bytes = 0;
    loop {
        match processes.next().await {
            Notice::Output(_, _, chunk) => bytes += chunk.len(),
            Notice::Exited(_, status, usage) => {
                let cpu = usage.user + usage.system > 0;
                println!("{status}, {bytes} bytes, cpu {cpu}, memory {}", usage.memory > 500_000);
                println!("small {}", peak_kib() < 32 * 1024);
                return 0;
            }
            other => println!("{other:?}"),
        }
    }
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn start_without_descriptors() -> i32 {
    let mut processes = processes();
    let job = job("true", Capture::Merged);
    let none = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
    // SAFETY: the limit is valid for the call.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) };
    println!("{:?}", processes.start(1, &job).map_err(|error| error.to_string()));
    0
}

/// Runs one job as `par` would: ends by signals, stops on `SIGTSTP`. Tells its own number first.
async fn drive(job: Job) -> i32 {
    let mut processes = processes();
    println!("{}", std::process::id());
    processes.start(1, &job).unwrap();
    loop {
        match processes.next().await {
            Notice::Output(_, _, bytes) => std::io::stdout().write_all(&bytes).unwrap(),
            Notice::Signal(libc::SIGTSTP) => {
                processes.suspend();
                println!("continued");
            }
            Notice::Signal(signal @ (libc::SIGINT | libc::SIGTERM | libc::SIGHUP)) => {
                drop(processes);
                guard::end_by(signal);
            }
            Notice::Stopped(_, signal) => println!("stopped by {signal}"),
            Notice::Exited(_, Status::Code(code), _) => return code,
            _ => {}
        }
    }
}

/// Asks the user itself, once in the foreground.
fn prompt() -> i32 {
    let foreground = Foreground::take(guard::ensure().unwrap());
    println!("asks {}", foreground.is_some());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).unwrap();
    drop(foreground);
    println!("got {answer}");
    0
}

fn refuse_threads() -> i32 {
    std::thread::scope(|scope| {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || wait.recv());
        println!("{}", guard::ensure().unwrap_err());
        drop(done);
    });
    0
}

/// Tells whether a first and a second guard made a new process; plays itself again below the first.
fn compare_guards() -> i32 {
    let before = std::process::id();
    let guard = guard::ensure().unwrap();
    let after = std::process::id();
    println!("split {}, again {}", before != after, guard::ensure().unwrap() != guard);
    if before == after {
        return 0;
    }
    let own = std::env::current_exe().unwrap();
    let mut nested = by_hand(own.to_str().unwrap(), "/");
    let scene = [("PAR_TEST_SCENE", "twice"), ("PATH", "/bin")];
    nested.env = Environment::new(Arc::new(Variables::new(scene)), Path::new("/"));
    in_runtime(tell(nested))
}
