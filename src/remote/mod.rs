//! Taskfiles from elsewhere: fetched over HTTP or with git, kept, and read only once they are trusted.
//!
//! A file is trusted when its include pins it, when the user says so, or when it is what was trusted
//! before. Asks nobody itself: who may answer is told by the caller.

mod cache;
mod git;
mod http;
mod program;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::diag::{Diagnostic, Fault};
use crate::taskfile::{Fetched, Remote, discover, url};
use cache::Cache;

/// How Taskfiles are fetched.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wishes {
    /// Connections may be without encryption.
    pub insecure: bool,
    /// Only what is kept is used.
    pub offline: bool,
    /// What is kept is fetched again, however young it is.
    pub download: bool,
    /// Every question is answered with yes.
    pub yes: bool,
    /// Longest time of one fetch; `None` is 10 s.
    pub timeout: Option<Duration>,
    /// How long what is kept is used without looking for something newer.
    pub expiry: Duration,
    /// Where files are kept, if not with the state of the project.
    pub cache: Option<PathBuf>,
    /// Hosts of which every file is trusted, with a port where that matters.
    pub trusted_hosts: Vec<String>,
    /// Certificate authorities in the place of the usual ones.
    pub cacert: Option<PathBuf>,
    /// Our own certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub cert_key: Option<PathBuf>,
}

/// Longest time of one fetch, unless somebody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Puts a question to the user; an error when there is nobody to answer.
pub type Ask = Box<dyn Fn(&str) -> io::Result<bool>>;
/// Tells the user something.
pub type Tell = Box<dyn Fn(&str)>;

/// Fetches Taskfiles, each once.
pub struct Fetcher {
    wishes: Wishes,
    /// The state directory of a project, by its root.
    state: fn(&Path) -> PathBuf,
    ask: Ask,
    tell: Tell,
    known: RefCell<HashMap<String, Fetched>>,
    repositories: git::Repositories,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("wishes", &self.wishes).finish_non_exhaustive()
    }
}

/// Why there is no text.
pub(crate) enum Missing {
    /// There is nothing there.
    Absent,
    /// It took too long.
    TimedOut,
    /// Anything else.
    Failed(String),
}

impl Fetcher {
    /// A fetcher; `state` names the directory that the state of a project is in.
    pub fn new(wishes: Wishes, state: fn(&Path) -> PathBuf, ask: Ask, tell: Tell) -> Fetcher {
        let (known, repositories) = Default::default();
        Fetcher { wishes, state, ask, tell, known, repositories }
    }

    /// Removes everything that is kept for the project in `root`.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be removed.
    pub fn clear(&self, root: &Path) -> io::Result<()> {
        self.cache(root).clear()
    }

    fn cache(&self, root: &Path) -> Cache {
        let kept = self.wishes.cache.clone().filter(|path| !path.as_os_str().is_empty());
        Cache::new(kept.map_or_else(|| (self.state)(root).join("remote"), |path| root.join(path)))
    }

    fn obtain(&self, url: &str, root: &Path, pinned: Option<&str>) -> Result<Fetched, Diagnostic> {
        let shown = url::without_password(url);
        if url::is_open(url) && !self.wishes.insecure {
            return Err(Diagnostic::error(Fault::NotSecure, format!("`{shown}` is not encrypted"))
                .help("`--insecure` allows it"));
        }
        let cache = self.cache(root);
        let kept = cache.get(url);
        if self.wishes.offline {
            return kept.map(|kept| kept.fetched).ok_or_else(|| {
                Diagnostic::error(Fault::NoCache, format!("`{shown}` was never downloaded"))
                    .help("without `--offline` it would be")
            });
        }
        if let Some(kept) = &kept
            && !self.wishes.download
            && kept.age(SystemTime::now()) < self.wishes.expiry
        {
            return Ok(kept.fetched.clone());
        }
        let fetched = match (self.fetch(url, &cache), kept.as_ref()) {
            (Ok(fetched), _) => fetched,
            (Err(Missing::Failed(why)), Some(kept)) => {
                (self.tell)(&format!(
                    "`{shown}` cannot be had ({why}); the copy that is kept is used"
                ));
                return Ok(kept.fetched.clone());
            }
            (Err(Missing::TimedOut), Some(kept)) => {
                (self.tell)(&format!("`{shown}` took too long; the copy that is kept is used"));
                return Ok(kept.fetched.clone());
            }
            (Err(why), _) => return Err(self.unfetched(&shown, why)),
        };
        let checksum = checksum(&fetched.text);
        self.trust(&shown, &checksum, pinned, kept.map(|kept| kept.checksum))?;
        if let Err(error) = cache.put(url, &fetched, &checksum) {
            (self.tell)(&format!("`{shown}` cannot be kept: {error}"));
        }
        Ok(fetched)
    }

    fn unfetched(&self, shown: &str, why: Missing) -> Diagnostic {
        match why {
            Missing::Absent => {
                Diagnostic::error(Fault::NoTaskfile, format!("there is no `{shown}`"))
            }
            Missing::TimedOut => {
                let limit = self.timeout();
                let message = format!("`{shown}` did not arrive within {limit:?}");
                Diagnostic::error(Fault::NetworkTimeout, message)
                    .help("`--timeout` sets how long it may take")
            }
            Missing::Failed(why) => {
                Diagnostic::error(Fault::Fetch, format!("`{shown}` cannot be had: {why}"))
            }
        }
    }

    fn timeout(&self) -> Duration {
        self.wishes.timeout.filter(|limit| !limit.is_zero()).unwrap_or(TIMEOUT)
    }

    /// The file that a URL means, or one of the usual names below it.
    fn fetch(&self, url: &str, cache: &Cache) -> Result<Fetched, Missing> {
        let mut last = Missing::Absent;
        for url in candidates(url) {
            let text = match url::repository(&url) {
                Some(place) => {
                    self.repositories.read(&place, cache.folder(), self.timeout(), &self.wishes)
                }
                None => http::get(&url, self.timeout(), &self.wishes),
            };
            match text {
                Ok(text) => {
                    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
                    return Ok(Fetched { url, text });
                }
                Err(Missing::Absent) => {}
                Err(why) => {
                    last = why;
                    break;
                }
            }
        }
        Err(last)
    }

    fn trust(
        &self,
        shown: &str,
        checksum: &str,
        pinned: Option<&str>,
        before: Option<String>,
    ) -> Result<(), Diagnostic> {
        if let Some(pinned) = pinned {
            if pinned == checksum {
                return Ok(());
            }
            return Err(Diagnostic::error(
                Fault::Checksum,
                format!("`{shown}` is not what was pinned"),
            )
            .help(format!("the file hashes to {checksum}")));
        }
        let is_known = before.as_deref() == Some(checksum);
        if is_known || self.wishes.yes || self.is_trusted(shown) {
            return Ok(());
        }
        let news = match before {
            None => "The task you are attempting to run depends on the remote Taskfile at",
            Some(_) => "The Taskfile has changed since you last used it:",
        };
        let question = format!(
            "{news} \"{shown}\".\n--- Make sure you trust the source of this Taskfile before continuing ---\nContinue?"
        );
        let wrong = match (self.ask)(&question) {
            Ok(true) => return Ok(()),
            Ok(false) => Diagnostic::error(Fault::NotTrusted, format!("`{shown}` is not trusted")),
            Err(_) => {
                let message =
                    format!("`{shown}` is not trusted yet, and there is no terminal to ask");
                Diagnostic::error(Fault::NotTrusted, message)
            }
        };
        Err(wrong
            .help(format!("`checksum: {checksum}` in the include pins this file"))
            .help("`--yes` trusts it, `--trusted-hosts` trusts all files of a host"))
    }

    fn is_trusted(&self, shown: &str) -> bool {
        let Some(host) = url::host(shown) else { return false };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.wishes.trusted_hosts.iter().any(|trusted| trusted == host || trusted == name)
    }
}

impl Remote for Fetcher {
    fn read(&self, url: &str, root: &Path, pinned: Option<&str>) -> Result<Fetched, Diagnostic> {
        if let Some(known) = self.known.borrow().get(url) {
            return Ok(known.clone());
        }
        let fetched = self.obtain(url, root, pinned)?;
        self.known.borrow_mut().insert(url.into(), fetched.clone());
        Ok(fetched)
    }
}

/// A URL that names a file, and else those of the usual names below it.
fn candidates(written: &str) -> Vec<String> {
    let path = url::path(written);
    let is_file = [".yml", ".yaml"].iter().any(|end| path.ends_with(end));
    let below = discover::NAMES.iter().map(|name| url::below(written, name));
    match (is_file, url::repository(written).is_some()) {
        (true, _) => vec![written.into()],
        (false, true) => below.collect(),
        // What stands at the name of a directory is mostly a page.
        (false, false) => below.chain([written.to_string()]).collect(),
    }
}

/// The sha-256 of a text, as includes pin it.
fn checksum(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}
