//! Keys that are typed while a run shows what it does: `t` tells what runs, and for how long.
//!
//! The foreground of the terminal stays with the group that the shell put there, so that `^C` reaches all of it;
//! this process goes there only for the moment of a read. Keys without a meaning are lost.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcsetattr};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::exec::Foreground;
use crate::exec::guard::Guarded;
use crate::id::UnitId;

/// What a user may want to know or do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// What runs.
    Tell,
}

/// The terminal's keys, while nobody else wants them.
pub(super) struct Keyboard {
    guarded: Guarded,
    input: AsyncFd<OwnedFd>,
    /// How the terminal was before its keys were ours.
    before: Option<Termios>,
    /// Commands that have the terminal.
    others: HashSet<UnitId>,
    /// Somebody is being asked.
    is_asking: bool,
}

impl Keyboard {
    /// The keyboard of the terminal that stdin is.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub(super) fn open(guarded: Guarded) -> io::Result<Keyboard> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        // SAFETY: it owns its descriptor, which is closed with it.
        let input = unsafe { AsyncFd::register_with_interest(input, Interest::READABLE) }?;
        Ok(Keyboard { guarded, input, before: None, others: HashSet::new(), is_asking: false })
    }

    /// A command gets the terminal.
    pub(super) fn lend(&mut self, unit: UnitId) {
        self.others.insert(unit);
        self.leave();
    }

    /// A command has ended, or has not started.
    pub(super) fn take_back(&mut self, unit: UnitId) {
        self.others.remove(&unit);
    }

    /// Somebody is asked from now on, or no longer.
    pub(super) fn asks(&mut self, is_asking: bool) {
        self.is_asking = is_asking;
        if is_asking {
            self.leave();
        }
    }

    /// Makes the keys ours, one by one and unseen, unless somebody else has the terminal.
    pub(super) fn listen(&mut self) {
        let is_taken = self.is_asking || !self.others.is_empty() || self.before.is_some();
        if is_taken || Foreground::take(self.guarded).is_none() {
            return;
        }
        let Ok(before) = tcgetattr(self.input.get_ref()) else { return };
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        if tcsetattr(self.input.get_ref(), OptionalActions::Now, &modes).is_ok() {
            self.before = Some(before);
        }
    }

    /// Makes the terminal as it was.
    pub(super) fn leave(&mut self) {
        if let Some(before) = self.before.take() {
            // A terminal that has gone needs nothing.
            let _ = tcsetattr(self.input.get_ref(), OptionalActions::Now, &before);
        }
    }

    /// Waits for keys; for ever while they are not ours.
    pub(super) async fn typed(&self) -> Vec<Key> {
        if self.before.is_none() {
            return std::future::pending().await;
        }
        loop {
            let Ok(mut ready) = self.input.readable().await else {
                return std::future::pending().await;
            };
            // A terminal that has hung up is readable for ever, and nobody types there any more.
            if ready.ready().is_read_closed() || ready.ready().is_error() {
                return std::future::pending().await;
            }
            ready.clear_ready();
            let keys = self.read();
            if !keys.is_empty() {
                return keys;
            }
        }
    }

    fn read(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        let Some(_foreground) = Foreground::take(self.guarded) else { return keys };
        let mut buffer = [0; 64];
        while let Ok(length @ 1..) = rustix::io::read(self.input.get_ref(), &mut buffer) {
            keys.extend(buffer[..length].iter().filter(|&&key| key == b't').map(|_| Key::Tell));
        }
        keys
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Keys of a keyboard, if there is one.
pub(super) async fn typed(keyboard: Option<&Keyboard>) -> Vec<Key> {
    match keyboard {
        Some(keyboard) => keyboard.typed().await,
        None => std::future::pending().await,
    }
}
