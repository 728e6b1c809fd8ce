//! Where a Taskfile is in the network: what of a URL is a repository, a path, a revision.

use super::discover::is_remote;

/// A file of a git repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The repository, for git.
    pub repository: String,
    /// The file in it.
    pub path: String,
    /// `?ref=`; empty for that which the repository shows.
    pub revision: String,
}

/// What a URL means when it is of a repository: `…/name.git//path?ref=revision`.
pub fn repository(url: &str) -> Option<Place> {
    let (whole, query) = url.split_once('?').unwrap_or((url, ""));
    let (repository, path) = match whole.find(".git//") {
        Some(at) => (&whole[..at + 4], &whole[at + 6..]),
        None => (whole.strip_suffix('/').unwrap_or(whole), ""),
    };
    if !repository.ends_with(".git") {
        return None;
    }
    let revision = query.split('&').find_map(|pair| pair.strip_prefix("ref="));
    let path = path.trim_matches('/').to_string();
    Some(Place { repository: repository.into(), path, revision: revision.unwrap_or("").into() })
}

/// Whether what comes from there can be read, or changed, by others on the way.
pub fn is_open(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("git://")
}

/// The host of a URL, with its port where that is written.
pub fn host(url: &str) -> Option<&str> {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => url.split_once(':')?.0,
    };
    Some(rest.rsplit_once('@').map_or(rest, |(_, host)| host)).filter(|host| !host.is_empty())
}

/// The URL without what logs in, for messages.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((login, host)) if login.contains(':') => format!("{scheme}://*****@{host}{path}"),
        _ => url.into(),
    }
}

/// What stands before a query.
pub fn path(url: &str) -> &str {
    url.split_once('?').map_or(url, |(path, _)| path)
}

/// A name in the directory that a URL means.
pub fn below(url: &str, name: &str) -> String {
    let (path, query) = parts(url);
    let path = path.trim_end_matches('/');
    match path.ends_with(".git") {
        true => format!("{path}//{name}{query}"),
        false => format!("{path}/{name}{query}"),
    }
}

/// What a path in the file at `base` means.
pub fn join(base: &str, written: &str) -> String {
    if is_remote(written) {
        return written.into();
    }
    let (whole, query) = parts(base);
    let (root, path) = split(whole);
    let mut parts: Vec<&str> = match written.starts_with('/') {
        true => Vec::new(),
        false => path.rsplit_once('/').map_or("", |(directory, _)| directory).split('/').collect(),
    };
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    // A query may name a revision, which holds for all of a repository.
    let query = if repository(base).is_some() { query } else { "" };
    format!("{root}{}{query}", parts.join("/"))
}

fn parts(url: &str) -> (&str, &str) {
    url.split_at(url.find('?').unwrap_or(url.len()))
}

/// What a path cannot leave, and the path.
fn split(url: &str) -> (&str, &str) {
    if let Some(at) = url.find(".git//") {
        return url.split_at(at + 6);
    }
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at + 1);
    url.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_a_path_and_a_revision() {
        let place =
            |url: &str| repository(url).map(|place| (place.repository, place.path, place.revision));
        let some = |a: &str, b: &str, c: &str| Some((a.into(), b.into(), c.into()));
        let url = "https://h/o/r.git//sub/T.yml?ref=v1";
        assert_eq!(place(url), some("https://h/o/r.git", "sub/T.yml", "v1"));
        assert_eq!(place("git@h:o/r.git//T.yml"), some("git@h:o/r.git", "T.yml", ""));
        assert_eq!(place("file:///tmp/r.git"), some("file:///tmp/r.git", "", ""));
        assert_eq!(place("https://h/T.yml"), None);
        assert_eq!(place("https://h/x?y=.git"), None);
    }

    #[test]
    fn paths_are_relative_to_the_file_and_stay_in_the_repository() {
        assert_eq!(join("https://h/a/T.yml?t=1", "../b/./c.yml"), "https://h/b/c.yml");
        assert_eq!(join("https://h/T.yml", "../../c.yml"), "https://h/c.yml");
        assert_eq!(join("https://h/a/T.yml", "http://g/T.yml"), "http://g/T.yml");
        let base = "https://h/r.git//a/T.yml?ref=v1";
        assert_eq!(join(base, "b.yml"), "https://h/r.git//a/b.yml?ref=v1");
        assert_eq!(join(base, "../../../b.yml"), "https://h/r.git//b.yml?ref=v1");
    }

    #[test]
    fn hosts_and_logins_are_known() {
        assert_eq!(host("https://u:p@h:8/a"), Some("h:8"));
        assert_eq!(host("git@h:o/r.git"), Some("h"));
        assert_eq!(host("file:///tmp/r.git"), None);
        assert_eq!(without_password("https://u:p@h:8/a"), "https://*****@h:8/a");
        assert_eq!(without_password("https://h/a@b"), "https://h/a@b");
    }

    #[test]
    fn a_directory_has_names_below_it() {
        assert_eq!(below("https://h/a/", "T.yml"), "https://h/a/T.yml");
        assert_eq!(below("https://h/r.git?ref=x", "T.yml"), "https://h/r.git//T.yml?ref=x");
        assert_eq!(below("https://h/r.git//a", "T.yml"), "https://h/r.git//a/T.yml");
    }
}
