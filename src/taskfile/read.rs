//! Reads the root Taskfile and all that it includes, each file once.
//!
//! Goes on after mistakes, so that those of all files are shown together.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::ast::{File, Include};
use super::discover::{self, Root};
use super::model::VarValue;
use super::path::{expand, join, shown};
use super::yaml::{self, Cut};
use super::{Dialect, Remote, lower, url, version};
use crate::diag::{Diagnostic, Fault, Severity};
use crate::host::Host;
use crate::source::{FileId, SourceMap, Span, Text};
use crate::template::{Facts, Template};
use crate::value::{Value, Vars};

/// All files, the root first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub files: Vec<ReadFile>,
    pub sources: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    /// Errors that matter only when something runs.
    pub broken: Vec<Diagnostic>,
}

/// A file and where its includes lead.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub path: PathBuf,
    pub id: FileId,
    pub file: File,
    pub includes: Vec<Link>,
}

/// An include that was found.
#[derive(Debug)]
pub(super) struct Link {
    pub include: Include,
    /// `dir`, absolute.
    pub dir: PathBuf,
    /// Position in [`Tree::files`].
    pub target: usize,
}

/// Reads everything.
pub(super) fn read(root: Root, dialect: Dialect, host: &dyn Host) -> Tree {
    let (tree, known, chain) = Default::default();
    let (dir, remote) = (root.dir.clone(), root.remote.clone());
    let mut reader = Reader { dialect, host, dir, remote, tree, known, chain };
    let file = match root.text {
        Some(text) => Some(reader.parse(root.file.clone(), Arc::new(text.to_string()))),
        None => reader.open(&root.file, None),
    };
    if let Some(index) = file {
        reader.check_root(index);
        reader.follow(index);
    }
    reader.tree
}

/// Reads of the root Taskfile, whose text is `whole`, only what is cut out of it.
pub(super) fn part(
    root: &Root,
    whole: &Arc<String>,
    cut: &Cut,
    dialect: Dialect,
    host: &dyn Host,
) -> Tree {
    let (tree, known, chain) = Default::default();
    let (dir, remote) = (root.dir.clone(), None);
    let mut reader = Reader { dialect, host, dir, remote, tree, known, chain };
    let id = reader.tree.sources.add(shown(&root.file, host), whole.clone());
    let file = reader.lower(id, yaml::parse_cut(cut, id));
    reader.add(root.file.clone(), id, file);
    reader.check_root(0);
    reader.tree
}

struct Reader<'h> {
    dialect: Dialect,
    host: &'h dyn Host,
    /// Where the tasks of the root run.
    dir: PathBuf,
    remote: Option<Rc<dyn Remote>>,
    tree: Tree,
    known: HashMap<PathBuf, usize>,
    /// The files that include each other down to where we are.
    chain: Vec<usize>,
}

impl Reader<'_> {
    /// Reads one file; `at` is the include that asks for it.
    fn open(&mut self, path: &Path, at: Option<Span>) -> Option<usize> {
        match self.host.read(path) {
            Ok(text) => {
                // A byte order mark is no part of what the user sees.
                let text = match text.strip_prefix('\u{feff}') {
                    Some(text) => text.to_owned(),
                    None => text,
                };
                Some(self.parse(path.into(), text.into()))
            }
            Err(error) => {
                let diagnostic = self.unreadable(path, error);
                self.report(diagnostic, at);
                None
            }
        }
    }

    fn report(&mut self, diagnostic: Diagnostic, at: Option<Span>) {
        self.tree.diagnostics.push(match at {
            Some(span) => diagnostic.at(span, "included here"),
            None => diagnostic,
        });
    }

    fn unreadable(&mut self, path: &Path, error: io::Error) -> Diagnostic {
        let name = shown(path, self.host);
        let bytes = error.get_ref().and_then(|e| e.downcast_ref::<std::string::FromUtf8Error>());
        let Some(invalid) = bytes else {
            let message = format!("cannot read `{}`: {error}", name.display());
            return Diagnostic::error(Fault::Invalid, message);
        };
        let at = invalid.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(invalid.as_bytes());
        let file = self.tree.sources.add(&name, text.to_string());
        let message = format!("`{}` is not text in utf-8", name.display());
        Diagnostic::error(Fault::Invalid, message)
            .at(Span::new(file, at, at + '\u{fffd}'.len_utf8()), "no character begins so")
    }

    fn parse(&mut self, path: PathBuf, text: Arc<String>) -> usize {
        let id = self.tree.sources.add(shown(&path, self.host), text.clone());
        let file = self.lower(id, yaml::parse(&text, id));
        self.add(path, id, file)
    }

    fn add(&mut self, path: PathBuf, id: FileId, file: File) -> usize {
        let index = self.tree.files.len();
        self.known.insert(path.clone(), index);
        self.tree.files.push(ReadFile { path, id, file, includes: Vec::new() });
        index
    }

    fn lower(&mut self, id: FileId, parsed: Result<yaml::Node, Diagnostic>) -> File {
        match parsed {
            Ok(root) => {
                let lowered = lower::lower(&root, self.dialect);
                let wrong = lowered.diagnostics.iter().any(|d| d.severity == Severity::Error);
                self.tree.diagnostics.extend(lowered.diagnostics);
                self.tree.broken.extend(lowered.broken);
                if lowered.file.version.is_none() && !wrong {
                    self.tree.diagnostics.push(version::missing(id));
                }
                lowered.file
            }
            Err(error) => {
                self.tree.diagnostics.push(error);
                File::default()
            }
        }
    }

    fn check_root(&mut self, index: usize) {
        let version = &self.tree.files[index].file.version;
        let error = version.as_ref().and_then(|written| version::check(written).err());
        self.tree.diagnostics.extend(error);
    }

    /// Reads what a file includes, and so on.
    fn follow(&mut self, index: usize) {
        self.chain.push(index);
        let vars = self.static_vars(index);
        for include in self.tree.files[index].file.includes.clone() {
            if let Some(link) = self.include(index, include, &vars) {
                self.tree.files[index].includes.push(link);
            }
        }
        self.chain.pop();
    }

    fn include(&mut self, from: usize, include: Include, vars: &Vars) -> Option<Link> {
        let at = include.taskfile.span;
        let at = if at == Span::default() { include.namespace.span } else { at };
        let written = self.render(&include.taskfile, vars)?;
        let base = self.tree.files[from].path.to_str().filter(|path| discover::is_remote(path));
        let base = base.map(String::from);
        let beside = match base {
            Some(_) => self.dir.clone(),
            None => self.tree.files[from].path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        };
        let dir = self.render(&include.dir, vars)?;
        let dir = join(&beside, expand(&dir, self.host));
        let is_local = |path: &str| path.starts_with(['/', '~', '$']);
        let url = match base {
            _ if discover::is_remote(&written) => Some(written.clone()),
            Some(base) if !is_local(&written) => Some(url::join(&base, &written)),
            _ => None,
        };
        if let Some(url) = url {
            let target = self.fetch(&url, &include, at)?;
            self.check_included(from, target, at);
            self.check_pinned(&include, target);
            return Some(Link { include, dir, target });
        }
        let wanted = join(&beside, expand(&written, self.host));
        let Some(path) = discover::at(&wanted, self.host) else {
            if !include.optional {
                let error = self.missing(&include, &wanted, at);
                self.tree.diagnostics.push(error);
            }
            return None;
        };
        let target = self.enter(&path, at)?;
        self.check_included(from, target, at);
        self.check_pinned(&include, target);
        Some(Link { include, dir, target })
    }

    /// The index of a file from the network, read when it is new.
    fn fetch(&mut self, url: &str, include: &Include, at: Span) -> Option<usize> {
        let pinned = include.checksum.as_ref().map(|pinned| &*pinned.value);
        let fetched = match &self.remote {
            Some(remote) => remote.read(url, &self.dir, pinned),
            None => Err(discover::unread()),
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) if include.optional && error.fault == Fault::NoTaskfile => return None,
            Err(error) => {
                self.tree.diagnostics.push(error.at(at, "included here"));
                return None;
            }
        };
        let path = PathBuf::from(fetched.url);
        if let Some(&known) = self.known.get(&path) {
            return self.not_in_chain(known, at);
        }
        let index = self.parse(path, Arc::new(fetched.text.to_string()));
        self.follow(index);
        Some(index)
    }

    /// The index of an included file, read when it is new.
    fn enter(&mut self, path: &Path, at: Span) -> Option<usize> {
        let Some(&known) = self.known.get(path) else {
            let index = self.open(path, Some(at))?;
            self.follow(index);
            return Some(index);
        };
        self.not_in_chain(known, at)
    }

    /// The file, unless it includes itself.
    fn not_in_chain(&mut self, known: usize, at: Span) -> Option<usize> {
        if let Some(first) = self.chain.iter().position(|&index| index == known) {
            let error = self.cycle(first, at);
            self.tree.diagnostics.push(error);
            return None;
        }
        Some(known)
    }

    fn cycle(&self, first: usize, at: Span) -> Diagnostic {
        let round = self.chain[first..].iter().chain([&self.chain[first]]);
        let names: Vec<String> = round
            .map(|&index| shown(&self.tree.files[index].path, self.host).display().to_string())
            .collect();
        let message = format!("a cycle of includes: {}", names.join(" → "));
        Diagnostic::error(Fault::IncludeCycle, message).at(at, "closes the circle")
    }

    fn missing(&self, include: &Include, wanted: &Path, at: Span) -> Diagnostic {
        let path = shown(wanted, self.host);
        let (what, label) = match self.host.entry(wanted) {
            Some(_) => ("has no Taskfile", format!("no Taskfile in `{}`", path.display())),
            None => ("does not exist", format!("there is no `{}`", path.display())),
        };
        let message = format!("the include `{}` {what}", *include.namespace);
        Diagnostic::error(Fault::NoTaskfile, message)
            .at(at, label)
            .help("`optional: true` lets an include be missing")
    }

    /// An included file must have the version of the file that includes it, and no `dotenv`.
    fn check_included(&mut self, from: usize, target: usize, at: Span) {
        let (outer, inner) = (&self.tree.files[from].file, &self.tree.files[target].file);
        if let (Some(outer), Some(inner)) = (&outer.version, &inner.version) {
            self.tree.diagnostics.extend(version::check_equal(outer, inner));
        }
        let inner = &self.tree.files[target].file;
        if let (Some(span), false) = (inner.dotenv_span, inner.dotenv.is_empty()) {
            let message = "an included Taskfile cannot have `dotenv`";
            let error = Diagnostic::error(Fault::Other, message)
                .at(span, "has no place here")
                .at(at, "included here")
                .help("move it to the root Taskfile");
            self.tree.diagnostics.push(error);
        }
    }

    /// A pinned file must still hash to what was pinned.
    fn check_pinned(&mut self, include: &Include, target: usize) {
        let Some(pinned) = &include.checksum else { return };
        let text = self.tree.sources.text(self.tree.files[target].id);
        let actual = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        if *actual == ***pinned {
            return;
        }
        let message = format!("the include `{}` is not what was pinned", *include.namespace);
        let error = Diagnostic::error(Fault::Checksum, message)
            .at(pinned.span, "is not the sha-256 of the file")
            .help(format!("the file hashes to {actual}"));
        self.tree.diagnostics.push(error);
    }

    /// What templates in paths of includes may use: the environment and the file's own values.
    fn static_vars(&self, index: usize) -> Vars {
        let mut vars = Vars::default();
        for (name, value) in self.host.environment() {
            vars.set(name, value.into());
        }
        for var in &self.tree.files[index].file.vars {
            match &var.value {
                VarValue::Template(text) => {
                    vars.set(var.name.clone(), Value::Str(text.text().value.clone()));
                }
                VarValue::Static(value) => vars.set(var.name.clone(), value.clone()),
                VarValue::Shell(_) | VarValue::Reference(_) => {}
            }
        }
        vars
    }

    fn render(&mut self, text: &Text, vars: &Vars) -> Option<String> {
        if !text.value.contains("{{") {
            return Some(text.value.to_string());
        }
        let rendered = Template::parse(text).and_then(|t| t.render(vars, &World(self.host)));
        rendered.map_err(|error| self.tree.diagnostics.push(error)).ok()
    }
}

/// What templates in paths of includes may know of the world.
struct World<'h>(&'h dyn Host);

impl Facts for World<'_> {
    fn env(&self, key: &str) -> Option<String> {
        self.0.env(key)
    }

    fn cwd(&self) -> PathBuf {
        self.0.cwd()
    }

    fn now(&self) -> i128 {
        self.0.now()
    }

    fn cpus(&self) -> usize {
        self.0.cpus()
    }

    fn chance(&self) -> u128 {
        self.0.chance()
    }
}
