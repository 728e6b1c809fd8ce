//! A directory held open: names in it are resolved one by one and never through a symbolic link.
//!
//! Knows nothing of runs or logs.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

const PRIVATE_FOLDER: Mode = Mode::RWXU;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// An open directory.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
}

/// A file and when it was written: seconds and nanoseconds since 1970.
#[derive(Debug)]
pub(crate) struct Aged {
    pub(crate) name: OsString,
    pub(crate) written: (i64, i64),
    pub(crate) bytes: u64,
}

/// Tells a file from every other one, and from what it was before it was written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    device: u64,
    number: u64,
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl From<rustix::fs::Stat> for Stamp {
    // The types differ between systems.
    #[allow(clippy::unnecessary_cast)]
    fn from(stat: rustix::fs::Stat) -> Stamp {
        Stamp {
            device: stat.st_dev as u64,
            number: stat.st_ino as u64,
            bytes: stat.st_size as u64,
            written: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }
}

impl Folder {
    /// The directory at `path`, which is the user's own and may be reached through links.
    pub(crate) fn at(path: &Path) -> io::Result<Folder> {
        let fd = rustix::fs::openat(CWD, path, folder_flags() - OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Folder { fd })
    }

    /// The directory `name` in this one.
    pub(crate) fn open(&self, name: impl AsRef<OsStr>) -> io::Result<Folder> {
        let fd = rustix::fs::openat(&self.fd, name.as_ref(), folder_flags(), Mode::empty())?;
        Ok(Folder { fd })
    }

    /// The directory `name` in this one, made when it is not there.
    pub(crate) fn ensure(&self, name: &str) -> io::Result<Folder> {
        match rustix::fs::mkdirat(&self.fd, name, PRIVATE_FOLDER) {
            Ok(()) | Err(Errno::EXIST) => self.open(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes from others what they may do in a folder of ours, however it came about.
    pub(crate) fn keep_to_ourselves(&self) {
        let Ok(found) = rustix::fs::fstat(&self.fd) else { return };
        let is_ours = found.st_uid == rustix::process::geteuid().as_raw();
        if is_ours && found.st_mode & 0o077 != 0 {
            let _ = rustix::fs::fchmod(&self.fd, PRIVATE_FOLDER);
        }
    }

    /// A new file for reading and writing; an error when the name is taken.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.fd, name, flags, PRIVATE_FILE)?.into())
    }

    /// An existing plain file, for reading. A pipe or a device is refused, not waited for.
    pub(crate) fn file(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = rustix::fs::openat(&self.fd, name.as_ref(), flags, Mode::empty())?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode);
        if kind != FileType::RegularFile {
            return Err(io::Error::other("not a plain file"));
        }
        Ok(fd.into())
    }

    /// A file at a relative path of several names.
    pub(crate) fn file_below(&self, path: &Path) -> io::Result<File> {
        let parts: Option<Vec<&OsStr>> = path.components().map(plain_name).collect();
        let refused = || io::Error::other("not a path below the run");
        let (last, folders) = parts.as_deref().and_then(<[_]>::split_last).ok_or_else(refused)?;
        let mut inner: Option<Folder> = None;
        for name in folders {
            inner = Some(inner.as_ref().unwrap_or(self).open(name)?);
        }
        inner.as_ref().unwrap_or(self).file(last)
    }

    /// All of a file, at most `limit` bytes of it.
    pub(crate) fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        Ok(self.read_stamped(name, limit)?.0)
    }

    /// The same, and which file it was.
    pub(crate) fn read_stamped(&self, name: &str, limit: u64) -> io::Result<(Vec<u8>, Stamp)> {
        let file = self.file(name)?;
        let stamp = Stamp::from(rustix::fs::fstat(&file)?);
        let mut bytes = Vec::with_capacity(stamp.bytes.min(limit) as usize + 1);
        file.take(limit).read_to_end(&mut bytes)?;
        Ok((bytes, stamp))
    }

    /// Which file has this name now.
    pub(crate) fn stamp(&self, name: &str) -> io::Result<Stamp> {
        Ok(rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?.into())
    }

    /// Puts `bytes` in place of the file `name`: readers see the old or the new text, never half.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = format!(".{name}.{}.tmp", std::process::id());
        let created = self.create(&draft).or_else(|error| {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
            // Left behind by a killed process that had our number.
            let _ = rustix::fs::unlinkat(&self.fd, &draft, AtFlags::empty());
            self.create(&draft)
        });
        let written = created.and_then(|mut file| file.write_all(bytes));
        if written.is_ok() && self.exchange(&draft, name) {
            return Ok(());
        }
        let rename = || rustix::fs::renameat(&self.fd, &draft, &self.fd, name);
        let renamed = written.and_then(|()| match rename() {
            // Nobody but us has a say here, and we never put a directory in this place.
            Err(Errno::ISDIR | Errno::NOTEMPTY | Errno::EXIST) => {
                self.remove(name.as_ref())?;
                Ok(rename()?)
            }
            done => Ok(done?),
        });
        if renamed.is_err() {
            let _ = rustix::fs::unlinkat(&self.fd, &draft, AtFlags::empty());
        }
        renamed
    }

    /// Exchanges the plain files `draft` and `name`, and removes the old text, which is `draft` then; `false`
    /// where that cannot be done. Renaming would do as well, but makes ext4 write the new text to the disk at once.
    #[cfg(target_os = "linux")]
    fn exchange(&self, draft: &str, name: &str) -> bool {
        use rustix::fs::{RenameFlags, renameat_with};
        let exchange = |one: &str, other: &str| {
            renameat_with(&self.fd, one, &self.fd, other, RenameFlags::EXCHANGE).is_ok()
        };
        if !exchange(draft, name) {
            return false;
        }
        // What is no file but a directory goes back to where it was.
        rustix::fs::unlinkat(&self.fd, draft, AtFlags::empty()).is_ok() || !exchange(draft, name)
    }

    #[cfg(not(target_os = "linux"))]
    fn exchange(&self, _: &str, _: &str) -> bool {
        false
    }

    /// The lock file `name`, made when it is not there, locked as `how` says.
    pub(crate) fn lock(&self, name: &str, how: FlockOperation) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file: File = rustix::fs::openat(&self.fd, name, flags, PRIVATE_FILE)?.into();
        loop {
            match rustix::fs::flock(&file, how) {
                Err(Errno::INTR) => {}
                done => return done.map(|()| file).map_err(io::Error::from),
            }
        }
    }

    /// Whether somebody holds the lock file `name`.
    pub(crate) fn is_locked(&self, name: &str) -> bool {
        let Ok(file) = self.file(name) else { return false };
        let tried = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared);
        tried == Err(Errno::WOULDBLOCK)
    }

    /// The names in this directory and whether each is a directory, sorted.
    pub(crate) fn names(&self) -> io::Result<Vec<(OsString, bool)>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push((OsString::from_vec(name.to_vec()), self.is_folder(&entry)));
            }
        }
        names.sort();
        Ok(names)
    }

    fn is_folder(&self, entry: &rustix::fs::DirEntry) -> bool {
        match entry.file_type() {
            FileType::Unknown => self.stat_is_folder(entry.file_name()),
            kind => kind == FileType::Directory,
        }
    }

    fn stat_is_folder(&self, name: &std::ffi::CStr) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
    }

    /// The plain files in this directory.
    pub(crate) fn ages(&self) -> io::Result<Vec<Aged>> {
        let names = self.names()?.into_iter().filter(|(_, is_folder)| !is_folder);
        let aged = |(name, _): (OsString, bool)| {
            let stat = rustix::fs::statat(&self.fd, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let written = (stat.st_mtime as i64, stat.st_mtime_nsec as i64);
            Some(Aged { name, written, bytes: stat.st_size as u64 })
        };
        Ok(names.filter_map(aged).collect())
    }

    /// Removes a file; a link is removed, not followed.
    pub(crate) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Bytes in all files below.
    pub(crate) fn size(&self) -> io::Result<u64> {
        let mut total = 0;
        for (name, is_folder) in self.names()? {
            total += if is_folder {
                self.open(&name).and_then(|folder| folder.size()).unwrap_or(0)
            } else {
                rustix::fs::statat(&self.fd, &name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(0, |stat| stat.st_size as u64)
            };
        }
        Ok(total)
    }

    /// Removes the directory `name` and all in it; links are removed, not followed.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        let inner = self.open(name)?;
        for (entry, is_folder) in inner.names()? {
            if is_folder {
                inner.remove(&entry)?;
            } else {
                rustix::fs::unlinkat(&inner.fd, &entry, AtFlags::empty())?;
            }
        }
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }
}

fn plain_name(part: Component<'_>) -> Option<&OsStr> {
    match part {
        Component::Normal(name) => Some(name),
        _ => None,
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// A file without a name: in the system's temporary folder or, when that is full, in memory.
pub(crate) fn unlinked() -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, std::env::temp_dir(), flags, PRIVATE_FILE) {
        Ok(fd) => Ok(fd.into()),
        Err(_) => in_memory(),
    }
}

/// A file without a name, in memory.
pub(crate) fn in_memory() -> io::Result<File> {
    Ok(rustix::fs::memfd_create("par-log", rustix::fs::MemfdFlags::CLOEXEC)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn files_and_folders_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let inner = Folder::at(dir.path()).unwrap().ensure("inner").unwrap();
        inner.replace("text", b"hello").unwrap();
        let mode = |path: &str| {
            std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!((mode("inner"), mode("inner/text")), (0o700, 0o600));
        assert_eq!(inner.read("text", 4).unwrap(), b"hell");
        assert_eq!(inner.names().unwrap(), [("text".into(), false)]);
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("text/more")).unwrap();
        let folder = Folder::at(dir.path()).unwrap();
        folder.replace("text", b"new").unwrap();
        assert_eq!(folder.names().unwrap(), [("text".into(), false)]);
        assert_eq!(folder.read("text", 9).unwrap(), b"new");
    }

    #[test]
    fn planted_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let away = tempfile::tempdir().unwrap();
        std::fs::write(away.path().join("secret"), "x").unwrap();
        symlink(away.path(), dir.path().join("folder")).unwrap();
        symlink(away.path().join("secret"), dir.path().join("file")).unwrap();
        let folder = Folder::at(dir.path()).unwrap();
        assert!(folder.ensure("folder").is_err());
        assert!(folder.file("file").is_err());
        assert!(folder.create("file").is_err());
        assert!(folder.lock("file", FlockOperation::LockShared).is_err());
        assert!(folder.file_below(Path::new("../secret")).is_err());
        folder.replace("file", b"new").unwrap();
        assert_eq!(std::fs::read(away.path().join("secret")).unwrap(), b"x");
        assert_eq!(folder.read("file", 9).unwrap(), b"new");
    }

    #[test]
    fn removing_a_folder_leaves_what_its_links_point_to() {
        let dir = tempfile::tempdir().unwrap();
        let away = tempfile::tempdir().unwrap();
        std::fs::write(away.path().join("kept"), "x").unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        symlink(away.path(), dir.path().join("a/b/link")).unwrap();
        let folder = Folder::at(dir.path()).unwrap();
        folder.remove("a".as_ref()).unwrap();
        assert_eq!(folder.names().unwrap(), []);
        assert!(away.path().join("kept").exists());
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path()).unwrap();
        rustix::fs::mknodat(&folder.fd, "pipe", FileType::Fifo, PRIVATE_FILE, 0).unwrap();
        assert_eq!(folder.file("pipe").unwrap_err().to_string(), "not a plain file");
    }
}
