//! Taskfiles: YAML with places, what was typed, what all files together say.
//!
//! Knows the text of files and nothing of what runs: templates stay templates.

pub mod ast;
mod certain;
pub mod discover;
mod doubts;
mod link;
mod lower;
mod merge;
pub mod model;
mod names;
mod part;
mod path;
mod read;
pub mod url;
mod version;
mod yaml;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

pub use doubts::doubts;
pub use lower::{address, duration, jobs, percent, schema, service, settings, size};
pub use names::Found;
pub use part::Outline;

use crate::diag::Diagnostic;
use crate::host::Host;
use crate::source::SourceMap;
use discover::Root;
use model::Model;

/// Whose Taskfile it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Dialect {
    /// With the keys of `par`, and warnings about unknown ones.
    #[default]
    Par,
    /// Exactly what go-task reads.
    GoTask,
}

/// Where the root Taskfile comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A file, or a directory that holds one; relative to the user's directory.
    Path(PathBuf),
    /// The text itself, as from standard input.
    Text(Arc<str>),
}

/// A Taskfile from the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The file itself, where only its directory was named.
    pub url: String,
    /// What it says.
    pub text: Arc<str>,
}

/// Who reads Taskfiles from the network.
pub trait Remote: std::fmt::Debug {
    /// The file at `url`, once it may be trusted, for the project in `root`. `pinned` is the sha-256 that
    /// it must have.
    ///
    /// # Errors
    ///
    /// When it cannot be had, or is not trusted.
    fn read(&self, url: &str, root: &Path, pinned: Option<&str>) -> Result<Fetched, Diagnostic>;
}

/// Which Taskfile to load.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Whose language it is in.
    pub dialect: Dialect,
    /// `-t`; without it one is searched for.
    pub taskfile: Option<Origin>,
    /// `-d`: where the search begins, or where tasks of a given Taskfile run.
    pub dir: Option<PathBuf>,
    /// `-g`: the one in the home directory.
    pub global: bool,
    /// Who reads what is in the network; without it, such files are errors.
    pub remote: Option<Rc<dyn Remote>>,
    /// Is told which file it is before that is read, where it is one.
    pub found: Option<fn(&Path)>,
}

/// Why there is no model: all that is wrong with all files, warnings among it.
#[derive(Debug, Default)]
pub struct Failure {
    /// What is wrong; at least one is an error.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the places are in.
    pub sources: SourceMap,
}

/// The directory that tasks run in, found without reading the Taskfile.
pub fn root_dir(request: &Request, host: &dyn Host) -> Result<PathBuf, Failure> {
    root(request, host).map(|root| root.dir)
}

/// Whether a path is one in the network.
pub fn is_remote(path: &Path) -> bool {
    path.to_str().is_some_and(discover::is_remote)
}

/// Finds, reads and merges the Taskfiles. No template is evaluated but those in paths of includes.
pub fn load(request: &Request, host: &dyn Host) -> Result<Model, Failure> {
    whole(root(request, host)?, request.dialect, host)
}

/// As [`load`], when only these tasks, and what they call, are wanted: of a large file, others may be
/// missing, with whatever is wrong with them.
pub fn load_for(names: &[String], request: &Request, host: &dyn Host) -> Result<Model, Failure> {
    let root = root(request, host)?;
    match part::tasks(&root, names, request.dialect, host) {
        Some(model) => Ok(model),
        None => whole(root, request.dialect, host),
    }
}

/// Names and descriptions of the tasks of a large Taskfile; `None` where they are not had for less than
/// loading all of it.
pub fn outline(request: &Request, host: &dyn Host) -> Option<Outline> {
    part::outline(&root(request, host).ok()?, request.dialect, host)
}

fn root(request: &Request, host: &dyn Host) -> Result<Root, Failure> {
    let root = discover::root(request, host)
        .map_err(|error| Failure { diagnostics: vec![error], ..Failure::default() })?;
    if let (Some(found), None) = (request.found, &root.text) {
        found(&root.file);
    }
    Ok(root)
}

fn whole(root: Root, dialect: Dialect, host: &dyn Host) -> Result<Model, Failure> {
    let (entry, dir) = (root.file.clone(), root.dir.clone());
    let tree = read::read(root, dialect, host);
    let mut model = merge::merge(tree, entry, dir)
        .map_err(|tree| Failure { diagnostics: tree.diagnostics, sources: tree.sources })?;
    match link::link(&mut model) {
        wrong if wrong.is_empty() => Ok(model),
        wrong => {
            let mut diagnostics = model.warnings;
            diagnostics.extend(wrong);
            Err(Failure { diagnostics, sources: model.sources })
        }
    }
}

#[cfg(test)]
mod tests;
