//! A slice for this process alone, by `sched_setattr` (Linux 6.12; older ones take no notice).

use std::mem::MaybeUninit;
use std::ptr;

/// Nanoseconds: what the loop does between two waits takes less.
const SLICE: u64 = 100_000;

/// Asks for short turns, which come sooner. Who has just started a process wakes when that has begun, often on the
/// same processor. With a slice as long as that one's it would wait there until the process has had its own, while
/// another processor may have nothing to do. What is started from here has slices as ever.
pub(in crate::exec) fn take_short_ones() {
    let mut attributes = MaybeUninit::<libc::sched_attr>::zeroed();
    let size = size_of::<libc::sched_attr>();
    // SAFETY: all zeroes is a valid value, and the kernel is told how long it is.
    unsafe {
        let read = libc::syscall(libc::SYS_sched_getattr, 0, attributes.as_mut_ptr(), size, 0);
        let attributes = attributes.assume_init_mut();
        // A child of somebody favoured would lose that.
        let is_usual = attributes.sched_policy == libc::SCHED_OTHER as u32;
        if read != 0 || !is_usual || attributes.sched_nice < 0 {
            return;
        }
        attributes.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;
        attributes.sched_runtime = SLICE;
        libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(attributes), 0);
    }
}
