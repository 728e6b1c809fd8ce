//! Runs reporters in a thread of their own, so that whoever reads slowly holds up no task. The thread begins
//! with the first thing that is to be shown while the run goes on: a run that is over before needs none.
//!
//! The channel to it has no bound: events are small, and the driver must never wait. It is closed
//! by the handle, at the end.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::event::{At, Event};

use super::Reporter;

/// Events that are worth waking a thread whatever the time.
const MANY: usize = 1_000;
/// What nobody sees who looks on: that of a picture on a screen.
const MOMENT: Duration = Duration::from_millis(16);

enum Note {
    Events(Vec<Event>),
    Pause,
    Resume,
    Tell,
    Shown(Box<dyn FnOnce() + Send>),
}

/// The driver's end of the reporters.
pub struct Handle {
    place: RefCell<Place>,
    before_thread: fn(),
    /// When something was delivered last.
    delivered: Cell<Instant>,
    /// Not sent yet: waking the thread for each event would cost more than most of them do.
    waiting: RefCell<Vec<Event>>,
}

/// Where the reporters are.
enum Place {
    Here(Fanout),
    Thread(Sender<Note>, JoinHandle<io::Result<()>>),
    /// On the way from one to the other.
    Nowhere,
}

/// A handle on the reporters. A reporter that fails is given no more; `on_failure` is called once, where
/// they work, with the first error. `began` is when the run did; `before_thread` is called before they get a thread.
pub fn handle(
    reporters: Vec<Box<dyn Reporter>>,
    began: Instant,
    before_thread: fn(),
    on_failure: impl FnOnce(&io::Error) + Send + 'static,
) -> Handle {
    let fanout = Fanout { reporters, began, error: None, on_failure: Some(Box::new(on_failure)) };
    let place = RefCell::new(Place::Here(fanout));
    Handle { place, before_thread, delivered: Cell::new(began), waiting: RefCell::default() }
}

impl Handle {
    /// Shows an event, when it is delivered.
    pub fn send(&self, event: Event) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.push(event);
        if waiting.len() >= MANY {
            drop(waiting);
            self.deliver();
        }
    }

    /// Delivers what was sent, unless something was delivered a moment ago: each time wakes a thread. When it is
    /// to be called again. For when there is nothing more urgent to do.
    pub fn deliver_in_time(&self) -> Option<Instant> {
        if self.waiting.borrow().is_empty() {
            return None;
        }
        let due = self.delivered.get() + MOMENT;
        if Instant::now() < due {
            return Some(due);
        }
        self.deliver();
        None
    }

    fn deliver(&self) {
        let mut waiting = self.waiting.borrow_mut();
        // As many may come again.
        let room = Vec::with_capacity(waiting.len());
        let events = std::mem::replace(&mut *waiting, room);
        drop(waiting);
        if !events.is_empty() {
            self.delivered.set(Instant::now());
            self.pass_on(Note::Events(events));
        }
    }

    /// To the thread, which begins now if it has not.
    fn pass_on(&self, note: Note) {
        let mut place = self.place.borrow_mut();
        *place = match std::mem::replace(&mut *place, Place::Nowhere) {
            Place::Here(fanout) => {
                (self.before_thread)();
                fanout.move_out()
            }
            place => place,
        };
        match &mut *place {
            // The thread is gone only after a panic, which `finish` reports.
            Place::Thread(to, _) => drop(to.send(note)),
            Place::Here(fanout) => {
                fanout.take(note);
                fanout.each(|reporter| reporter.flush());
            }
            Place::Nowhere => {}
        }
    }

    /// Waits until everything sent so far is shown.
    pub fn flush(&self) {
        let (shown, wait) = mpsc::channel();
        self.when_shown(move || {
            let _ = shown.send(());
        });
        let _ = wait.recv();
    }

    /// Calls `then`, in the reporters' thread, when everything sent so far is shown.
    pub fn when_shown(&self, then: impl FnOnce() + Send + 'static) {
        self.note(Note::Shown(Box::new(then)));
    }

    /// Leaves the terminal to somebody else, from when everything sent so far is shown.
    pub fn pause(&self) {
        self.note(Note::Pause);
        self.flush();
    }

    /// Takes the terminal back.
    pub fn resume(&self) {
        self.note(Note::Resume);
    }

    /// Says what runs.
    pub fn tell(&self) {
        self.note(Note::Tell);
    }

    /// Waits until everything is shown and the reporters are done; the first error of one.
    pub fn finish(self) -> io::Result<()> {
        let last = Note::Events(self.waiting.take());
        match self.place.into_inner() {
            Place::Here(mut fanout) => {
                fanout.take(last);
                fanout.finish()
            }
            Place::Thread(to, thread) => {
                let _ = to.send(last);
                drop(to);
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a reporter panicked")))
            }
            Place::Nowhere => Ok(()),
        }
    }

    fn note(&self, note: Note) {
        if let Place::Here(fanout) = &mut *self.place.borrow_mut()
            && !matches!(note, Note::Tell)
        {
            // Whoever asks waits for it, or has nothing shown meanwhile.
            fanout.take(Note::Events(self.waiting.take()));
            return fanout.take(note);
        }
        self.deliver();
        self.pass_on(note);
    }
}

type OnFailure = Box<dyn FnOnce(&io::Error) + Send>;

struct Fanout {
    reporters: Vec<Box<dyn Reporter>>,
    began: Instant,
    error: Option<io::Error>,
    on_failure: Option<OnFailure>,
}

impl Fanout {
    /// Begins a thread, and gives itself over when that has begun. Without room for another thread they work
    /// where they are.
    fn move_out(self) -> Place {
        let (give, given) = mpsc::channel::<Fanout>();
        let (to, from) = mpsc::channel();
        let thread = std::thread::Builder::new().name("report".into());
        let thread = thread.spawn(move || given.recv().map_or(Ok(()), |fanout| fanout.run(&from)));
        match thread {
            Ok(thread) => match give.send(self) {
                Ok(()) => Place::Thread(to, thread),
                Err(mpsc::SendError(fanout)) => Place::Here(fanout),
            },
            Err(error) => {
                tracing::debug!(%error, "the reporters have no thread");
                Place::Here(self)
            }
        }
    }

    fn run(mut self, from: &Receiver<Note>) -> io::Result<()> {
        let mut ticked = Instant::now();
        while let Some(note) = self.next(from, &mut ticked) {
            self.take(note);
        }
        self.finish()
    }

    fn take(&mut self, note: Note) {
        match note {
            Note::Events(events) => {
                for event in &events {
                    self.each(|reporter| reporter.event(event));
                }
            }
            Note::Pause => self.each(|reporter| reporter.pause()),
            Note::Resume => self.each(|reporter| reporter.resume()),
            Note::Tell => {
                let now = At::from(self.began.elapsed());
                self.each(|reporter| reporter.tell(now));
            }
            Note::Shown(then) => {
                self.each(|reporter| reporter.flush());
                then();
            }
        }
    }

    fn finish(mut self) -> io::Result<()> {
        self.each(|reporter| reporter.finish());
        self.error.map_or(Ok(()), Err)
    }

    /// What comes next. Flushes before it waits, ticks while it does, and between events.
    fn next(&mut self, from: &Receiver<Note>, ticked: &mut Instant) -> Option<Note> {
        let mut is_flushed = false;
        loop {
            let rhythm = self.reporters.iter().filter_map(|reporter| reporter.rhythm()).min();
            if rhythm.is_some_and(|rhythm| ticked.elapsed() >= rhythm) {
                *ticked = Instant::now();
                let now = At::from(self.began.elapsed());
                self.each(|reporter| reporter.tick(now));
            }
            match from.try_recv() {
                Ok(note) => return Some(note),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !is_flushed {
                self.each(|reporter| reporter.flush());
                is_flushed = true;
            }
            let left = rhythm.map(|rhythm| rhythm.saturating_sub(ticked.elapsed()));
            match wait(from, left) {
                Ok(note) => return Some(note),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn each(&mut self, mut what: impl FnMut(&mut dyn Reporter) -> io::Result<()>) {
        let (error, on_failure) = (&mut self.error, &mut self.on_failure);
        self.reporters.retain_mut(|reporter| {
            let Err(failure) = what(&mut **reporter) else { return true };
            if let Some(on_failure) = on_failure.take() {
                on_failure(&failure);
            }
            error.get_or_insert(failure);
            false
        });
    }
}

fn wait(from: &Receiver<Note>, left: Option<Duration>) -> Result<Note, RecvTimeoutError> {
    match left {
        Some(left) => from.recv_timeout(left),
        None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}
