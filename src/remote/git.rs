//! A file of a git repository, had with the `git` program: no checkout, no hooks, no submodules.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::program::{self, Said};
use super::{Missing, Wishes, cache, checksum};
use crate::taskfile::url::Place;

/// Variables that lead git to another repository than the one that is named.
const ASTRAY: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"];

/// What was fetched by this process, by repository and revision. Removed with it.
#[derive(Default)]
pub(super) struct Repositories {
    fetched: RefCell<HashMap<(String, String), PathBuf>>,
}

impl Repositories {
    /// The file at a place.
    pub(super) fn read(
        &self,
        place: &Place,
        folder: &Path,
        limit: Duration,
        wishes: &Wishes,
    ) -> Result<String, Missing> {
        let directory = self.directory(place, folder, limit, wishes)?;
        let file = format!("FETCH_HEAD:{}", place.path);
        let shown = git(&directory, &["cat-file", "blob", &file], limit)?;
        match shown.code {
            0 => {
                String::from_utf8(shown.stdout).map_err(|_| Missing::Failed("it is no text".into()))
            }
            _ => Err(Missing::Absent),
        }
    }

    fn directory(
        &self,
        place: &Place,
        folder: &Path,
        limit: Duration,
        wishes: &Wishes,
    ) -> Result<PathBuf, Missing> {
        let key = (place.repository.clone(), place.revision.clone());
        if let Some(known) = self.fetched.borrow().get(&key) {
            return Ok(known.clone());
        }
        let name = checksum(&format!("{} {}", key.0, key.1));
        let directory = folder.join(format!("git-{}-{}", &name[..16], std::process::id()));
        let made = cache::make(folder).and_then(|()| std::fs::create_dir_all(&directory));
        made.map_err(|error| Missing::Failed(format!("{}: {error}", directory.display())))?;
        // Known from here on, so that it is removed whatever comes.
        self.fetched.borrow_mut().insert(key.clone(), directory.clone());
        let fetched = fetch(&directory, place, limit, wishes);
        if fetched.is_err() {
            let _ = std::fs::remove_dir_all(&directory);
            self.fetched.borrow_mut().remove(&key);
        }
        fetched.map(|()| directory)
    }
}

impl Drop for Repositories {
    fn drop(&mut self) {
        for directory in self.fetched.borrow().values() {
            // What stays is removed with the cache.
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

fn fetch(directory: &Path, place: &Place, limit: Duration, wishes: &Wishes) -> Result<(), Missing> {
    succeeds(git(directory, &["init", "--quiet", "--bare", "--template="], limit)?)?;
    let mut words: Vec<String> = Vec::new();
    for (name, file) in [
        ("http.sslCAInfo", &wishes.cacert),
        ("http.sslCert", &wishes.cert),
        ("http.sslKey", &wishes.cert_key),
    ] {
        if let Some(file) = file {
            words.extend(["-c".into(), format!("{name}={}", file.display())]);
        }
    }
    let revision = if place.revision.is_empty() { "HEAD" } else { &place.revision };
    words.extend(["fetch", "--quiet", "--depth=1", "--no-tags", "--"].map(String::from));
    words.extend([place.repository.clone(), revision.into()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    succeeds(git(directory, &words, limit)?)
}

fn succeeds(said: Said) -> Result<(), Missing> {
    match said.code {
        0 => Ok(()),
        _ => Err(Missing::Failed(said.complaint().trim_start_matches("fatal: ").into())),
    }
}

fn git(directory: &Path, words: &[&str], limit: Duration) -> Result<Said, Missing> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(directory).args(words);
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh");
    for name in ASTRAY {
        command.env_remove(name);
    }
    program::run(command, limit)
}
