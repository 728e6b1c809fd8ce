//! Redirections that are made here instead of in a shell: to plain files and `/dev/null` only.
//!
//! Anything else may wait, or mean something else to a shell: then there is no redirection from here.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::simple::{Redirection, Target};

/// Where each of the three streams of a command goes.
#[derive(Debug)]
pub(super) struct Streams {
    files: Vec<File>,
    places: [Place; 3],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Where the stream of this number would go.
    Stream(usize),
    /// This file.
    File(usize),
}

impl Streams {
    /// Does what `redirections` say, in order, for a command in `dir`. `None`: a shell has to.
    ///
    /// Files that were made or emptied stay so; a shell that does it all again ends at the same.
    pub(super) fn new(redirections: &[Redirection], dir: &Path) -> Option<Streams> {
        let places = [0, 1, 2].map(Place::Stream);
        let mut streams = Streams { files: Vec::new(), places };
        for Redirection { stream, to } in redirections {
            streams.places[*stream] = match to {
                Target::Same(other) => streams.places[*other],
                file => {
                    streams.files.push(open(file, dir)?);
                    Place::File(streams.files.len() - 1)
                }
            };
        }
        Some(streams)
    }

    /// The descriptors of a command that would have `standard` otherwise: each above 2 or in its place.
    pub(super) fn descriptors(&mut self, standard: [RawFd; 3]) -> io::Result<[RawFd; 3]> {
        let mut descriptors = standard;
        for (own, place) in self.places.into_iter().enumerate() {
            descriptors[own] = match place {
                Place::File(number) => self.files[number].as_raw_fd(),
                Place::Stream(number) if number == own || standard[number] > 2 => standard[number],
                Place::Stream(number) => self.copy(standard[number])?,
            };
        }
        Ok(descriptors)
    }

    fn copy(&mut self, standard: RawFd) -> io::Result<RawFd> {
        // SAFETY: the first three descriptors of this process stay open; the copy is above them.
        let copy = unsafe { BorrowedFd::borrow_raw(standard) }.try_clone_to_owned()?;
        let descriptor = copy.as_raw_fd();
        self.files.push(copy.into());
        Ok(descriptor)
    }

    /// The file that takes a stream, or else the number of the stream whose way it goes.
    pub(super) fn file(&mut self, stream: usize) -> Result<&mut File, usize> {
        match self.places[stream] {
            Place::Stream(number) => Err(number),
            Place::File(number) => Ok(&mut self.files[number]),
        }
    }
}

fn open(target: &Target, dir: &Path) -> Option<File> {
    let (name, flags) = match target {
        Target::Read(name) => (name, libc::O_RDONLY),
        Target::Write(name) => (name, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC),
        Target::Append(name) => (name, libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND),
        Target::Same(_) => return None,
    };
    // A shell has its own meaning for some names there.
    if name.starts_with("/dev/") && name != "/dev/null" {
        return None;
    }
    // Beyond it a signal would end us instead of a shell.
    if flags != libc::O_RDONLY && is_file_size_limited() {
        return None;
    }
    let path = dir.join(name);
    // Of what is no plain file not even the opening may be felt.
    if std::fs::metadata(&path).is_ok_and(|found| !is_harmless(&found)) {
        return None;
    }
    let file = system::open(&path, flags).ok()?;
    (file.metadata().is_ok_and(|found| is_harmless(&found)) && above_standard(&file))
        .then_some(file)
}

/// A child has its descriptors moved to their places one by one, so none may be in the place of another.
fn above_standard(file: &File) -> bool {
    file.as_raw_fd() > 2
}

fn is_harmless(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let null = libc::makedev(1, 3);
    found.is_file()
        || (cfg!(target_os = "linux") && found.file_type().is_char_device() && found.rdev() == null)
}

fn is_file_size_limited() -> bool {
    static LIMITED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *LIMITED.get_or_init(|| {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the kernel writes a limit.
        let known = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) } == 0;
        !known || limit.rlim_cur != libc::RLIM_INFINITY
    })
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

#[cfg(target_os = "linux")]
mod system {
    use super::*;
    use std::os::fd::FromRawFd;

    /// Opens without ever waiting, and through no link that means one of our own descriptors, as
    /// `/proc/self/fd/1` does.
    pub(super) fn open(path: &Path, flags: libc::c_int) -> io::Result<File> {
        /// The kernel's `struct open_how`.
        #[repr(C)]
        struct How {
            flags: u64,
            mode: u64,
            resolve: u64,
        }
        let path = c_path(path)?;
        let how = How {
            flags: (flags | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY) as u64,
            mode: if flags & libc::O_CREAT == 0 { 0 } else { 0o666 },
            resolve: libc::RESOLVE_NO_MAGICLINKS,
        };
        // SAFETY: path and structure are valid for the call; the descriptor is then ours alone.
        unsafe {
            let fd = libc::syscall(
                libc::SYS_openat2,
                libc::AT_FDCWD,
                path.as_ptr(),
                &raw const how,
                size_of::<How>(),
            );
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            let file = File::from_raw_fd(fd as RawFd);
            let status = libc::fcntl(file.as_raw_fd(), libc::F_GETFL);
            libc::fcntl(file.as_raw_fd(), libc::F_SETFL, status & !libc::O_NONBLOCK);
            Ok(file)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::*;

    /// Left to the shell.
    pub(super) fn open(path: &Path, _flags: libc::c_int) -> io::Result<File> {
        c_path(path)?;
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn write(name: &str) -> Vec<Redirection> {
        vec![Redirection { stream: 1, to: Target::Write(name.into()) }]
    }

    #[test]
    fn streams_follow_each_other_in_the_order_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = || Redirection { stream: 1, to: Target::Write("f".into()) };
        let follow = || Redirection { stream: 2, to: Target::Same(1) };
        let mut before = Streams::new(&[follow(), file()], dir.path()).unwrap();
        let [_, stdout, stderr] = before.descriptors([1010, 1011, 1012]).unwrap();
        assert!(stdout != 1011 && stderr == 1011);
        let [stdin, stdout, stderr] = before.descriptors([0, 1, 2]).unwrap();
        assert!(stdin == 0 && stdout > 2 && stderr > 2, "the old stdout must not be overwritten");
        let mut after = Streams::new(&[file(), follow()], dir.path()).unwrap();
        let [stdin, stdout, stderr] = after.descriptors([1010, 1011, 1012]).unwrap();
        assert!(stdin == 1010 && stdout == stderr);
        after.file(2).unwrap().write_all(b"text").unwrap();
        assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"text");
    }

    #[test]
    fn what_is_no_plain_file_is_left_to_the_shell() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = c_path(&dir.path().join("pipe")).unwrap();
        // SAFETY: the path ends with a zero.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        std::os::unix::fs::symlink("/dev/stdout", dir.path().join("link")).unwrap();
        for name in ["pipe", "link", ".", "/dev/stdout", "/dev/tcp/x/1", "/proc/self/fd/1", "no/f"]
        {
            assert!(Streams::new(&write(name), dir.path()).is_none(), "{name}");
        }
        assert!(Streams::new(&write("/dev/null"), dir.path()).is_some());
        let absent = Redirection { stream: 0, to: Target::Read("absent".into()) };
        assert!(Streams::new(&[absent], dir.path()).is_none());
    }
}
