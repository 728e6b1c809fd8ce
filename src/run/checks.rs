//! Questions about files alone, which are many and mostly short: a few threads answer them, in bunches.
//!
//! A worker for each, and a word to the loop after each, would take longer than the answers.

use std::cell::OnceCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::ask::Answer;
use super::driver::Mail;
use crate::exec::guard;

/// How long answers are gathered while there are more questions.
const BUNCH: Duration = Duration::from_millis(1);
/// Threads: one that a slow disk holds up must not hold up all.
const THREADS: std::ops::RangeInclusive<usize> = 2..=8;

type Question = Box<dyn FnOnce() -> Answer + Send>;

/// The threads, once there was a question.
pub(super) struct Checks {
    to: Sender<Question>,
    from: Arc<Mutex<Receiver<Question>>>,
    post: UnboundedSender<Mail>,
    threads: usize,
    /// Threads at most; asked for with the first question.
    most: OnceCell<usize>,
    /// Questions without an answer.
    open: usize,
}

impl Checks {
    pub(super) fn new(post: UnboundedSender<Mail>) -> Checks {
        let ((to, from), most) = (channel(), OnceCell::new());
        Checks { to, from: Arc::new(Mutex::new(from)), post, threads: 0, most, open: 0 }
    }

    /// Has a question answered, and the answer posted.
    pub(super) fn ask(&mut self, question: impl FnOnce() -> Answer + Send + 'static) {
        self.open += 1;
        let cpus = || std::thread::available_parallelism().map_or(1, usize::from);
        let most = *self.most.get_or_init(|| cpus().clamp(*THREADS.start(), *THREADS.end()));
        if self.threads < most.min(self.open) {
            self.start();
        }
        if self.threads == 0 {
            // Better late than never.
            let _ = self.post.send(Mail::Answers(vec![question()]));
            return;
        }
        // The other end is here, too.
        let _ = self.to.send(Box::new(question));
    }

    /// So many answers have arrived.
    pub(super) fn answered(&mut self, count: usize) {
        self.open = self.open.saturating_sub(count);
    }

    fn start(&mut self) {
        let (from, post) = (Arc::clone(&self.from), self.post.clone());
        guard::before_thread();
        let thread = std::thread::Builder::new().name("check".into());
        match thread.spawn(move || work(&from, &post)) {
            Ok(_) => self.threads += 1,
            Err(error) => tracing::debug!(%error, "no further thread for checks"),
        }
    }
}

fn work(from: &Mutex<Receiver<Question>>, post: &UnboundedSender<Mail>) {
    // Who waits for the next question has the lock: with answers in hand, nobody stands in line for it.
    let more = || from.try_lock().ok()?.try_recv().ok();
    let next = || from.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    while let Some(question) = next() {
        let began = Instant::now();
        let mut answers = vec![question()];
        while began.elapsed() < BUNCH
            && let Some(question) = more()
        {
            answers.push(question());
        }
        // The loop is gone only when the run has ended.
        let _ = post.send(Mail::Answers(answers));
    }
}
