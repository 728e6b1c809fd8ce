//! Finds the root Taskfile, from the user's directory upwards or where the command line says.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::path::{join, shown};
use super::{Origin, Remote, Request, url};
use crate::diag::{Diagnostic, Fault};
use crate::host::{Entry, Host};

/// Names of Taskfiles, the first that exists wins.
pub const NAMES: [&str; 8] = [
    "Taskfile.yml",
    "taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "taskfile.dist.yml",
    "Taskfile.dist.yaml",
    "taskfile.dist.yaml",
];

/// The name that stands for standard input.
const STDIN: &str = "__stdin__";

/// The root Taskfile.
#[derive(Debug)]
pub(super) struct Root {
    /// Where it is.
    pub file: PathBuf,
    /// Where its tasks run.
    pub dir: PathBuf,
    /// What it says, when that was handed over.
    pub text: Option<Arc<str>>,
    /// Who reads what is in the network.
    pub remote: Option<Rc<dyn Remote>>,
}

/// Finds what the request asks for.
pub(super) fn root(request: &Request, host: &dyn Host) -> Result<Root, Diagnostic> {
    let dir = match request.global {
        true => Some(home(host)?),
        false => request.dir.as_ref().map(|dir| join(&host.cwd(), dir)),
    };
    let remote = request.remote.clone();
    match &request.taskfile {
        Some(Origin::Text(text)) => {
            let dir = dir.unwrap_or_else(|| host.cwd());
            Ok(Root { file: dir.join(STDIN), dir, text: Some(text.clone()), remote })
        }
        Some(Origin::Path(path)) => given(path, dir, remote, host),
        None => {
            let start = dir.unwrap_or_else(|| host.cwd());
            let file = upwards(&start, host)?;
            let dir = file.parent().unwrap_or(Path::new("/")).into();
            Ok(Root { file, dir, text: None, remote })
        }
    }
}

fn home(host: &dyn Host) -> Result<PathBuf, Diagnostic> {
    let home = host.env("HOME").filter(|home| !home.is_empty());
    home.map(PathBuf::from).ok_or_else(|| {
        Diagnostic::error(Fault::NoTaskfile, "there is no home directory to look in")
            .help("set `HOME`")
    })
}

fn given(
    path: &Path,
    dir: Option<PathBuf>,
    remote: Option<Rc<dyn Remote>>,
    host: &dyn Host,
) -> Result<Root, Diagnostic> {
    if let Some(url) = path.to_str().filter(|path| is_remote(path)) {
        let dir = dir.unwrap_or_else(|| host.cwd());
        let fetched = remote.as_ref().ok_or_else(unread)?.read(url, &dir, None)?;
        return Ok(Root { file: fetched.url.into(), dir, text: Some(fetched.text), remote });
    }
    let wanted = join(&host.cwd(), path);
    let Some(file) = at(&wanted, host) else {
        let what = match host.entry(&wanted) {
            Some(_) => "has no Taskfile",
            None => "does not exist",
        };
        let message = format!("`{}` {what}", shown(&wanted, host).display());
        return Err(Diagnostic::error(Fault::NoTaskfile, message));
    };
    let beside = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    Ok(Root { file, dir: dir.unwrap_or(beside), text: None, remote })
}

/// The file at `path`, or the Taskfile in the directory at `path`.
pub(super) fn at(path: &Path, host: &dyn Host) -> Option<PathBuf> {
    match host.entry(path)? {
        Entry::File => Some(path.into()),
        Entry::Directory => NAMES
            .iter()
            .map(|name| path.join(name))
            .find(|file| host.entry(file) == Some(Entry::File)),
    }
}

/// The nearest Taskfile in `start` or above, as long as the directories have one owner.
fn upwards(start: &Path, host: &dyn Host) -> Result<PathBuf, Diagnostic> {
    let owner = host.owner(start);
    for dir in start.ancestors() {
        if host.owner(dir) != owner {
            let message = format!("no Taskfile in `{}` or above", start.display());
            let help = format!("`{}` belongs to somebody else, so the search ended", dir.display());
            return Err(Diagnostic::error(Fault::NoTaskfile, message).help(help));
        }
        if let Some(file) = at(dir, host) {
            return Ok(file);
        }
    }
    let message = format!("no Taskfile in `{}` or above", start.display());
    Err(Diagnostic::error(Fault::NoTaskfile, message).help("`par init` makes one"))
}

/// Whether a Taskfile is somewhere in the network.
pub(super) fn is_remote(path: &str) -> bool {
    let before_tail = path.split("//").next().unwrap_or(path);
    ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|s| path.starts_with(s))
        || before_tail.ends_with(".git")
        || path.starts_with("file://") && url::repository(path).is_some()
}

/// Says that nobody reads from the network here.
pub(super) fn unread() -> Diagnostic {
    Diagnostic::error(Fault::Fetch, "Taskfiles from the network are not read here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    fn found(request: Request, host: &Fake) -> Result<(String, String), String> {
        let root = root(&request, host).map_err(|error| error.message)?;
        Ok((root.file.display().to_string(), root.dir.display().to_string()))
    }

    fn pair(file: &str, dir: &str) -> Result<(String, String), String> {
        Ok((file.into(), dir.into()))
    }

    #[test]
    fn the_nearest_directory_wins_and_in_it_the_first_name() {
        let host = Fake::new()
            .file("/w/taskfile.yaml", "")
            .file("/w/a/Taskfile.dist.yml", "")
            .file("/w/a/taskfile.yml", "")
            .stand_in("/w/a/b/c");
        assert_eq!(found(Request::default(), &host), pair("/w/a/taskfile.yml", "/w/a"));
    }

    #[test]
    fn the_search_ends_where_another_user_begins() {
        let host = Fake::new().file("/Taskfile.yml", "").owned("/w", 7).stand_in("/w/a");
        assert_eq!(found(Request::default(), &host), Err("no Taskfile in `/w/a` or above".into()));
    }

    #[test]
    fn a_given_file_runs_where_it_is_or_where_the_user_says() {
        let host = Fake::new().file("sub/my.yml", "").file("sub/Taskfile.yml", "");
        let path =
            |p: &str| Request { taskfile: Some(Origin::Path(p.into())), ..Request::default() };
        assert_eq!(found(path("sub/my.yml"), &host), pair("/w/sub/my.yml", "/w/sub"));
        assert_eq!(found(path("sub"), &host), pair("/w/sub/Taskfile.yml", "/w/sub"));
        let elsewhere = Request { dir: Some("x".into()), ..path("sub/my.yml") };
        assert_eq!(found(elsewhere, &host), pair("/w/sub/my.yml", "/w/x"));
        assert_eq!(found(path("none.yml"), &host), Err("`none.yml` does not exist".into()));
        assert_eq!(found(path("/w"), &host), Err("`/w` has no Taskfile".into()));
    }

    #[test]
    fn a_given_directory_is_searched_upwards_too() {
        let host = Fake::new().file("Taskfile.yml", "").file("a/f", "");
        let request = Request { dir: Some("a".into()), ..Request::default() };
        assert_eq!(found(request, &host), pair("/w/Taskfile.yml", "/w"));
    }

    #[test]
    fn the_global_taskfile_is_in_the_home_directory() {
        let host = Fake::new().file("/h/Taskfile.yml", "").with_env("HOME", "/h");
        let request = Request { global: true, ..Request::default() };
        assert_eq!(found(request, &host), pair("/h/Taskfile.yml", "/h"));
    }
}
