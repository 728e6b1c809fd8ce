//! The machine itself.

use std::fs::File;
use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Entry, Host, Output, Script, Sight};

/// The machine that `par` runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Os;

impl Host for Os {
    fn env(&self, key: &str) -> Option<String> {
        let usable = !key.is_empty() && !key.contains(['=', '\0']);
        usable.then(|| std::env::var_os(key)).flatten().map(|v| v.to_string_lossy().into_owned())
    }

    fn environment(&self) -> Vec<(String, String)> {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        std::env::vars_os().map(|(key, value)| (text(key), text(value))).collect()
    }

    fn cwd(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        // The bytes go along in the error, so that a message can show the place.
        String::from_utf8(read_bounded(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let found = std::fs::metadata(path).ok()?;
        Some(if found.is_dir() { Entry::Directory } else { Entry::File })
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|found| found.uid())
    }

    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        super::glob::find(dir, pattern, &|key| self.env(key), &|_| {})
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        super::digest::checksum(files)
    }

    fn sight(&self, path: &Path) -> io::Result<Sight> {
        Sight::of(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        std::fs::metadata(path)?.modified()
    }

    fn is_program(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let found = std::fs::metadata(path);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    }

    fn connect(&self, address: &str, patience: Duration) -> io::Result<()> {
        let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(_) => return Ok(()),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn shell(&self, script: &Script) -> io::Result<Output> {
        super::shell::run(script)
    }
}

/// Longest text that is read, bytes.
const LIMIT: u64 = 256 << 20;

/// All of a file that has an end. A pipe that nobody writes into is empty, and not waited for.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let found = file.metadata()?;
    if found.file_type().is_fifo() || found.file_type().is_char_device() {
        rustix::io::ioctl_fionbio(&file, false)?;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len().min(LIMIT)).unwrap_or(0) + 1);
    if file.take(LIMIT + 1).read_to_end(&mut bytes)? as u64 > LIMIT {
        let message = format!("more than {} MiB", LIMIT >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        let error = Os.read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "more than 256 MiB");
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert_eq!(Os.read(&pipe).unwrap(), "");
        assert!(Os.read(dir.path()).is_err());
    }

    #[test]
    fn a_file_that_is_not_utf8_is_invalid_data() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"ok \xff").unwrap();
        assert_eq!(Os.read(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(Os.entry(&path), Some(Entry::File));
        assert_eq!(Os.entry(dir.path()), Some(Entry::Directory));
        assert_eq!(Os.entry(&dir.path().join("none")), None);
    }
}
