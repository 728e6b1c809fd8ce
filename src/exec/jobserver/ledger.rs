//! The tokens of another's jobserver that this process has, where the outer process sees them too: they go
//! back even when this process is killed.
//!
//! A byte of shared memory for each token, 0 for none. The kernel writes a token that is read right into its
//! place, so at no moment is one in nobody's books.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

/// Tokens at most: a page.
pub(super) const ROOM: usize = 4096;

static PAGE: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
/// Where tokens go back to.
static WRITE: AtomicI32 = AtomicI32::new(-1);

/// Opens the books, for this process and one that it splits in. `write` must stay open.
pub(super) fn open(write: RawFd) -> io::Result<()> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANON);
    // SAFETY: a new mapping anywhere, which is never taken away.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), ROOM, access, kind, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    WRITE.store(write, Ordering::Release);
    PAGE.store(page.cast(), Ordering::Release);
    Ok(())
}

/// The descriptor that has to stay open for [`give_back_all`].
pub(super) fn write_end() -> Option<RawFd> {
    let write = WRITE.load(Ordering::Acquire);
    (write >= 0).then_some(write)
}

fn place(at: usize) -> Option<*mut u8> {
    let page = PAGE.load(Ordering::Acquire);
    // SAFETY: callers stay below ROOM, the size of the page.
    (!page.is_null()).then(|| unsafe { page.add(at) })
}

/// What is in a place.
fn token(place: *mut u8) -> u8 {
    // SAFETY: it lies in the page; the other process may write there, but not at the same time.
    unsafe { place.read_volatile() }
}

fn set(place: *mut u8, token: u8) {
    // SAFETY: as above.
    unsafe { place.write_volatile(token) }
}

/// How many tokens we have.
pub(super) fn held() -> u32 {
    (0..ROOM).map_while(place).filter(|&place| token(place) != 0).count() as u32
}

/// Reads a token from `read`, which must not block.
pub(super) fn take(read: RawFd) -> io::Result<()> {
    let free = (0..ROOM).map_while(place).find(|&place| token(place) == 0);
    let free = free.ok_or(io::ErrorKind::WouldBlock)?;
    // SAFETY: one byte of the page.
    match unsafe { libc::read(read, free.cast(), 1) } {
        1 => {
            // One of the value that means none would be lost.
            if token(free) == 0 {
                set(free, b'+');
            }
            Ok(())
        }
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives up to `count` tokens back. Allocates and locks nothing: signal handlers call it.
pub(super) fn give_back(count: usize) {
    let Some(write) = write_end() else { return };
    let held = (0..ROOM).map_while(place).filter(|&place| token(place) != 0);
    for place in held.take(count) {
        let token = token(place);
        set(place, 0);
        // SAFETY: one byte; EINTR is the only failure that another try could mend.
        while unsafe { libc::write(write, (&raw const token).cast(), 1) } < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
}

/// Gives all tokens back, whoever of the two processes took them.
pub(in crate::exec) fn give_back_all() {
    give_back(ROOM);
}
