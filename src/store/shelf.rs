//! Small files of one kind in the state directory, each read and written whole.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::folder::Folder;
use super::{STATE, locked, state_folder};

/// Longest file that is read, bytes.
const LIMIT: u64 = 64 << 20;

/// Small files of one kind, by name. Private to the user, never reached through links below the
/// directory of the Taskfile.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    name: &'static str,
    /// Two writers of this process would draft in one file.
    writing: Mutex<()>,
}

impl Shelf {
    /// The files in `.par/<name>/` below `root`. Touches nothing yet.
    pub fn new(root: &Path, name: &'static str) -> Shelf {
        Shelf { root: root.into(), name, writing: Mutex::default() }
    }

    /// Where the files are: a directory that is written whenever one of them is put.
    pub fn path(&self) -> PathBuf {
        self.root.join(STATE).join(self.name)
    }

    /// The file of this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When there is something that cannot be read or is no plain file.
    pub fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let read = Folder::at(&self.root)
            .and_then(|root| root.open(STATE)?.open(self.name)?.read(name, LIMIT));
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a file in the place of the one of this name: readers see the old or the new, never half.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the old one stays.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let _alone = locked(&self.writing);
        state_folder(&self.root)?.ensure(self.name)?.replace(name, bytes)
    }

    /// Removes the files that were written longest ago, until what is left is within limits.
    ///
    /// # Errors
    ///
    /// When the files cannot be listed.
    pub fn prune(&self, files: usize, bytes: u64) -> io::Result<()> {
        let _alone = locked(&self.writing);
        let folder = Folder::at(&self.root)?.open(STATE)?.open(self.name)?;
        let mut all = folder.ages()?;
        all.sort_by_key(|file| std::cmp::Reverse(file.written));
        let mut kept = 0;
        for (count, file) in all.iter().enumerate() {
            kept += file.bytes;
            if count >= files || kept > bytes {
                folder.unlink(&file.name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn what_was_put_is_found_and_the_rest_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path(), "things");
        assert_eq!(shelf.get("a").unwrap(), None);
        shelf.put("a", b"one").unwrap();
        shelf.put("a", b"two").unwrap();
        assert_eq!(shelf.get("a").unwrap(), Some(b"two".to_vec()));
        assert_eq!(shelf.get("b").unwrap(), None);
        let ignore = std::fs::read_to_string(dir.path().join(".par/.gitignore")).unwrap();
        assert_eq!(ignore, "*\n");
    }

    #[test]
    fn links_are_neither_read_nor_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path(), "things");
        shelf.put("a", b"one").unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join(".par/things/b")).unwrap();
        assert!(shelf.get("b").is_err());
        shelf.put("b", b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(shelf.get("b").unwrap(), Some(b"new".to_vec()));
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join(".par/other")).unwrap();
        assert!(Shelf::new(dir.path(), "other").put("a", b"x").is_err());
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_written_longest_ago_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path(), "things");
        for (name, age) in [("new", 10), ("old", 1000), ("older", 2000)] {
            shelf.put(name, &[b'x'; 100]).unwrap();
            let file = File::options().write(true).open(dir.path().join(".par/things").join(name));
            file.unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let left = || ["new", "old", "older"].map(|name| shelf.get(name).unwrap().is_some());
        shelf.prune(9, 999).unwrap();
        assert_eq!(left(), [true, true, true]);
        shelf.prune(2, 999).unwrap();
        assert_eq!(left(), [true, true, false]);
        shelf.prune(9, 150).unwrap();
        assert_eq!(left(), [true, false, false]);
    }
}
