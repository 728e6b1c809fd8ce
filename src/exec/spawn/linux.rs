//! `clone` that shares memory until the program is executed, so its cost does not grow with ours.
//!
//! The child runs on a stack of its own while this thread waits, so nothing returns twice as with `vfork`.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use libc::{pid_t, sigset_t};

use super::super::{guard, guard::Guarded, signals};
use super::{Launch, StartError, Step};

const STACK: usize = 64 * 1024;
/// Bytes of the kernel's own signal set; the C library's is larger, and its functions spare two signals.
const KERNEL_SET: usize = 8;

/// Starts processes, from the one thread with whose end they die.
pub(in crate::exec) struct Spawner {
    stack: Stack,
    guard_variable: CString,
}

impl Spawner {
    pub(in crate::exec) fn new(guarded: Guarded) -> io::Result<Spawner> {
        let variable = format!("{}={}", guard::VARIABLE, guarded.outer());
        Ok(Spawner { stack: Stack::new()?, guard_variable: CString::new(variable)? })
    }

    /// The new process's number, which is its group's too unless it joins one.
    pub(in crate::exec) fn start(&mut self, launch: &Launch<'_>) -> Result<pid_t, StartError> {
        let dir = CString::new(launch.dir.as_os_str().as_bytes()).map_err(io::Error::from)?;
        let argv = pointers(launch.command.argv.iter());
        let env = launch.env.pointers(&self.guard_variable);
        let mut image = Image {
            program: launch.command.program.as_ptr(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            dir: dir.as_ptr(),
            descriptors: launch.descriptors,
            kept: (launch.kept.as_ptr(), launch.kept.len()),
            takes_terminal: launch.takes_terminal,
            group: launch.group.unwrap_or(0),
            mask: signals::original(),
            step: Step::Begin,
            errno: 0,
        };
        let result = with_all_signals_blocked(|| self.stack.run(&mut image));
        let pid = result.map_err(|error| StartError::at(Step::Begin, launch, error))?;
        let (step, errno) = image.outcome();
        if errno == 0 {
            return Ok(pid);
        }
        // SAFETY: the child has ended and nobody else reaped it: this thread alone does.
        unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
        Err(StartError::at(step, launch, io::Error::from_raw_os_error(errno)))
    }
}

/// Addresses of all texts, ended with a null, valid as long as the texts.
fn pointers<'a>(texts: impl Iterator<Item = &'a CString>) -> Vec<*const c_char> {
    texts.map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}

/// What the child reads, and where it says what it could not do.
struct Image {
    program: *const c_char,
    argv: *const *const c_char,
    env: *const *const c_char,
    dir: *const c_char,
    descriptors: [c_int; 3],
    kept: (*const c_int, usize),
    takes_terminal: bool,
    group: pid_t,
    mask: *const sigset_t,
    step: Step,
    errno: c_int,
}

impl Image {
    /// What the child wrote, behind the compiler's back.
    fn outcome(&self) -> (Step, c_int) {
        // SAFETY: both are plain fields of `self`, and the child, their only other user, is gone.
        unsafe { (ptr::read_volatile(&self.step), ptr::read_volatile(&self.errno)) }
    }
}

/// With a signal let through, a child that is stopped before it executes would stop us too.
fn with_all_signals_blocked<T>(act: impl FnOnce() -> T) -> T {
    let (all, mut old) = (!0u64, 0u64);
    // SAFETY: both sets are 8 bytes, as the kernel is told.
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &all, &mut old, KERNEL_SET)
    };
    let result = act();
    // SAFETY: as above.
    unsafe {
        let unchanged = ptr::null_mut::<u64>();
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &old, unchanged, KERNEL_SET)
    };
    result
}

/// Becomes the program. Shares all memory with a parent that waits: no allocation, lock or panic here.
///
/// # Safety
///
/// Only as a new process of `Stack::run`; `image` and all it points to must be valid.
unsafe extern "C" fn become_program(image: *mut Image) -> ! {
    // SAFETY: the caller's promise; system calls otherwise, whose failures are reported or harmless.
    unsafe {
        let image = &mut *image;
        libc::setpgid(0, image.group);
        if image.takes_terminal {
            let own = libc::getpid();
            libc::ioctl(0, libc::TIOCSPGRP, &own);
        }
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        image.try_to_execute();
        ptr::write_volatile(&mut image.errno, *libc::__errno_location());
        libc::_exit(127)
    }
}

impl Image {
    /// Returns only when something failed; `errno` says why.
    ///
    /// # Safety
    ///
    /// As for [`become_program`].
    unsafe fn try_to_execute(&mut self) {
        // SAFETY: the caller's promise.
        unsafe {
            for (place, &descriptor) in self.descriptors.iter().enumerate() {
                if descriptor != place as c_int && libc::dup2(descriptor, place as c_int) < 0 {
                    return;
                }
            }
            for at in 0..self.kept.1 {
                if libc::fcntl(*self.kept.0.add(at), libc::F_SETFD, 0) < 0 {
                    return;
                }
            }
            ptr::write_volatile(&mut self.step, Step::Enter);
            if libc::chdir(self.dir) != 0 {
                return;
            }
            ptr::write_volatile(&mut self.step, Step::Execute);
            // Rust ignores it, and ignored signals stay so in a new program.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let unchanged = ptr::null_mut::<u64>();
            libc::syscall(
                libc::SYS_rt_sigprocmask,
                libc::SIG_SETMASK,
                self.mask,
                unchanged,
                KERNEL_SET,
            );
            libc::execve(self.program, self.argv, self.env);
        }
    }
}

/// Memory for the child to run on, with a page below that must not be touched.
struct Stack {
    lowest: *mut c_void,
    #[cfg(target_arch = "x86_64")]
    has_clone3: bool,
}

const GUARD_PAGE: usize = 64 * 1024;

impl Stack {
    fn new() -> io::Result<Stack> {
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK,
        );
        // SAFETY: a new mapping anywhere, of which the lowest part is closed again.
        let lowest = unsafe {
            let lowest = libc::mmap(ptr::null_mut(), GUARD_PAGE + STACK, access, kind, -1, 0);
            if lowest == libc::MAP_FAILED
                || libc::mprotect(lowest, GUARD_PAGE, libc::PROT_NONE) != 0
            {
                return Err(io::Error::last_os_error());
            }
            lowest
        };
        Ok(Stack {
            lowest,
            #[cfg(target_arch = "x86_64")]
            has_clone3: true,
        })
    }

    /// Makes a process of `image`; returns when it has executed its program or ended.
    fn run(&mut self, image: &mut Image) -> io::Result<pid_t> {
        #[cfg(target_arch = "x86_64")]
        if self.has_clone3 {
            match self.clone3(image) {
                // Before Linux 5.5, or in a container that forbids what it does not know.
                Err(libc::ENOSYS | libc::EINVAL | libc::EPERM) => self.has_clone3 = false,
                result => return result.map_err(io::Error::from_raw_os_error),
            }
        }
        self.clone(image)
    }

    /// The number of the new process, or the kernel's reason as a positive number.
    #[cfg(target_arch = "x86_64")]
    fn clone3(&mut self, image: &mut Image) -> Result<pid_t, c_int> {
        const CLEAR_SIGHAND: u64 = 0x1_0000_0000;
        /// The first version of the kernel's `struct clone_args`.
        #[repr(C)]
        #[derive(Default)]
        struct Arguments {
            flags: u64,
            pidfd: u64,
            child_tid: u64,
            parent_tid: u64,
            exit_signal: u64,
            stack: u64,
            stack_size: u64,
            tls: u64,
        }
        let arguments = Arguments {
            flags: (libc::CLONE_VM | libc::CLONE_VFORK) as u64 | CLEAR_SIGHAND,
            exit_signal: libc::SIGCHLD as u64,
            stack: self.lowest.wrapping_byte_add(GUARD_PAGE) as u64,
            stack_size: STACK as u64,
            ..Arguments::default()
        };
        let result: i64;
        // SAFETY: the kernel reads `arguments`. The parent continues after the label, its registers as they
        // were but for those named. The child has its own, empty, aligned stack and calls a function that
        // never returns; until that has executed or ended, this thread, and so `image`, waits.
        unsafe {
            std::arch::asm!(
                "syscall",
                "test rax, rax",
                "jnz 2f",
                "xor ebp, ebp",
                "mov rdi, r9",
                "call r8",
                "ud2",
                "2:",
                inlateout("rax") libc::SYS_clone3 => result,
                in("rdi") &raw const arguments,
                in("rsi") size_of::<Arguments>(),
                in("r8") become_program as unsafe extern "C" fn(*mut Image) -> !,
                in("r9") image as *mut Image,
                out("rcx") _,
                out("r11") _,
            );
        }
        if result < 0 { Err(-result as c_int) } else { Ok(result as pid_t) }
    }

    fn clone(&mut self, image: &mut Image) -> io::Result<pid_t> {
        extern "C" fn begin(image: *mut c_void) -> c_int {
            // SAFETY: `clone` below hands over a valid image, in a new process.
            unsafe {
                forget_handlers();
                become_program(image.cast())
            }
        }
        let highest = self.lowest.wrapping_byte_add(GUARD_PAGE + STACK);
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: the child has its own, empty, aligned stack; this thread, and so `image`, waits for it.
        match unsafe { libc::clone(begin, highest, flags, ptr::from_mut(image).cast()) } {
            -1 => Err(io::Error::last_os_error()),
            pid => Ok(pid),
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no child runs on it.
        unsafe { libc::munmap(self.lowest, GUARD_PAGE + STACK) };
    }
}

/// Between unblocking signals and executing, a handler of ours would run in the child, in our memory.
///
/// # Safety
///
/// Only in a new process that shares memory but no handlers.
unsafe fn forget_handlers() {
    for signal in 1..=64 {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: `action` is valid for both calls; all zeroes is a valid value, and the default action.
        unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            let current = action.assume_init().sa_sigaction;
            if current != libc::SIG_DFL && current != libc::SIG_IGN {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::{Command, Environment, Leftovers, Variables};
    use super::*;

    fn command(words: &[&str]) -> Command {
        let words: Vec<CString> = words.iter().map(|word| CString::new(*word).unwrap()).collect();
        Command {
            program: words[0].clone(),
            argv: words,
            redirections: Vec::new(),
            otherwise: None,
            leftovers: Leftovers::Stay,
        }
    }

    fn status_of(spawner: &mut Spawner, words: &[&str], dir: &str) -> Result<c_int, String> {
        let launch = Launch {
            command: &command(words),
            env: &Environment::new(Variables::new([("A", "b")]).into(), Path::new(dir)),
            dir: Path::new(dir),
            descriptors: [0, 1, 2],
            kept: &[],
            takes_terminal: false,
            group: None,
        };
        let pid = spawner.start(&launch).map_err(|error| error.to_string())?;
        let mut status = 0;
        // SAFETY: `status` is valid for the call.
        unsafe { libc::waitpid(pid, &mut status, 0) };
        Ok(libc::WEXITSTATUS(status))
    }

    fn spawner() -> Spawner {
        signals::original();
        Spawner { stack: Stack::new().unwrap(), guard_variable: c"PAR_GUARD=1".into() }
    }

    fn with_both_ways(check: impl Fn(&mut Spawner)) {
        let mut spawner = spawner();
        check(&mut spawner);
        #[cfg(target_arch = "x86_64")]
        {
            assert!(spawner.stack.has_clone3);
            spawner.stack.has_clone3 = false;
            check(&mut spawner);
        }
    }

    #[test]
    fn a_program_gets_its_arguments_environment_and_directory() {
        let script = r#"test "$A,$1,$PAR_GUARD,$(pwd)" = b,c,1,/usr && exit 7"#;
        with_both_ways(|spawner| {
            assert_eq!(status_of(spawner, &["/bin/sh", "-c", script, "sh", "c"], "/usr"), Ok(7));
        });
    }

    #[test]
    fn a_program_leads_a_group_and_hears_all_signals() {
        let script = "set -- $(cat /proc/$$/stat); test $1 = $5 || exit 1
            test $(grep -c 'SigBlk:.0*$' /proc/$$/status) = 1 || exit 2
            test $(( 0x$(sed -n 's/SigIgn:.//p' /proc/$$/status) & 1 << 12 )) = 0 || exit 3";
        with_both_ways(|spawner| {
            assert_eq!(status_of(spawner, &["/bin/sh", "-c", script], "/"), Ok(0));
        });
    }

    #[test]
    fn an_error_names_what_failed() {
        with_both_ways(|spawner| {
            let cases = [
                ("/nope/x", "/", "cannot execute /nope/x: No such file or directory (os error 2)"),
                ("/etc/passwd", "/", "cannot execute /etc/passwd: Permission denied (os error 13)"),
                (
                    "/bin/true",
                    "/nope",
                    "cannot enter directory /nope: No such file or directory (os error 2)",
                ),
            ];
            for (program, dir, message) in cases {
                assert_eq!(status_of(spawner, &[program], dir), Err(message.into()));
            }
        });
    }
}
