//! Where the sockets of a user's runs are: one folder that only the user can enter, for all projects.
//!
//! A run has two names there: `RUN.sock`, its socket, and `RUN.dir`, a link to what it leaves.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

/// A run's names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its id.
    pub run: String,
    /// Its directory, below that of its Taskfile.
    pub directory: PathBuf,
    folder: PathBuf,
}

impl Entry {
    /// Where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join(format!("{}.sock", self.run))
    }

    /// Directory of the root Taskfile.
    pub fn project(&self) -> PathBuf {
        self.directory.ancestors().nth(3).unwrap_or(Path::new("/")).to_path_buf()
    }

    /// A run's names in the folder of this user, which is made if need be. The socket is for the caller to bind.
    pub(super) fn new(run: &str, directory: PathBuf) -> io::Result<Entry> {
        let entry = Entry { run: run.into(), directory, folder: own_folder()? };
        symlink(&entry.directory, entry.link())?;
        Ok(entry)
    }

    /// Takes the names away.
    pub(super) fn remove(&self) {
        for path in [self.socket(), self.link()] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "not removed");
            }
        }
    }

    fn link(&self) -> PathBuf {
        self.folder.join(format!("{}.dir", self.run))
    }
}

/// All runs of this user that have names, the oldest first.
pub(super) fn all() -> Vec<Entry> {
    let mut bases = vec![base(), std::env::temp_dir()];
    bases.dedup();
    let mut all: Vec<Entry> = bases.iter().map(|base| folder(base)).flat_map(entries).collect();
    all.sort_by(|one, other| one.run.cmp(&other.run));
    all.dedup_by(|one, other| one.run == other.run);
    all
}

fn entries(folder: PathBuf) -> Vec<Entry> {
    if !is_ours_alone(&folder) {
        return Vec::new();
    }
    let names = fs::read_dir(&folder).into_iter().flatten().flatten();
    let entry = |name: std::ffi::OsString| {
        let run = name.to_str()?.strip_suffix(".dir")?.to_owned();
        let directory = fs::read_link(folder.join(&name)).ok()?;
        Some(Entry { run, directory, folder: folder.clone() })
    };
    names.filter_map(|found| entry(found.file_name())).collect()
}

/// The folder for what lives as long as the user is logged in; a short path, for a socket's is limited to
/// about 100 bytes.
pub(in crate::run) fn base() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usable = |dir: &PathBuf| dir.is_absolute() && dir.is_dir() && dir.as_os_str().len() < 60;
    let base = runtime.filter(usable).or_else(|| Some(std::env::temp_dir()).filter(usable));
    base.unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// The folder of this user, made if need be.
///
/// # Errors
///
/// When it cannot be made, or somebody else can enter it.
pub(in crate::run) fn own_folder() -> io::Result<PathBuf> {
    let folder = folder(&base());
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if !is_ours_alone(&folder) {
        let text = format!("{} can be entered by others", folder.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(folder)
}

fn folder(base: &Path) -> PathBuf {
    base.join(format!("par-{}", own_user()))
}

pub(super) fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether nobody else could have put anything there: somebody may have taken the name before us.
fn is_ours_alone(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == own_user() && found.mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_enter_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("f");
        let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        assert!(!is_ours_alone(&folder));
        fs::create_dir(&folder).unwrap();
        mode(0o700);
        assert!(is_ours_alone(&folder));
        mode(0o750);
        assert!(!is_ours_alone(&folder));
        mode(0o700);
        symlink(&folder, dir.path().join("link")).unwrap();
        assert!(!is_ours_alone(&dir.path().join("link")));
    }
}
