//! What is wrong with what the user wrote: a message, the places, a way out.
//!
//! Knows no exit codes (`cli` maps [`Fault`] to them) and prints nothing itself.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use crate::source::{FileId, SourceMap, Span};

/// The kind of mistake, as far as a caller may have to tell kinds apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Fault {
    /// None of the kinds below.
    #[default]
    Other,
    /// No Taskfile in this directory or above.
    NoTaskfile,
    /// A key with a value of the wrong shape.
    Decode,
    /// Not YAML at all, or a value that makes no sense where it stands.
    Invalid,
    /// `version` is missing or not one of ours.
    Version,
    /// Includes that include each other.
    IncludeCycle,
    /// A pinned include that is not what was pinned.
    Checksum,
    /// A file from the network that cannot be had.
    Fetch,
    /// A file from the network that the user does not trust.
    NotTrusted,
    /// A connection without encryption that nobody allowed.
    NotSecure,
    /// A file from the network of which there is no copy.
    NoCache,
    /// A file from the network that took too long.
    NetworkTimeout,
    /// There is no such task.
    NoTask,
    /// The task may not be called from the command line.
    Internal,
    /// A name that means two tasks.
    NameConflict,
    /// A task that was called too often, or that waits for itself.
    TooManyCalls,
    /// The user said no to a prompt.
    Cancelled,
    /// Required variables are missing.
    MissingVars,
    /// A variable has a value that `enum` does not list.
    NotAllowedVars,
    /// A command, precondition or dependency of a task failed.
    Failed,
    /// Wrong use of the command line.
    Usage,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing can run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// A place with a word about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
}

/// One mistake of the user's. Messages are lower-case and name the thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Which kind.
    pub fault: Fault,
    /// What is wrong, in one line.
    pub message: String,
    /// Where; the first is the place that gets the caret.
    pub labels: Vec<Label>,
    /// What would mend it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error of some kind, no place yet.
    pub fn error(fault: Fault, message: impl Into<String>) -> Diagnostic {
        let (labels, help) = Default::default();
        Diagnostic { severity: Severity::Error, fault, message: message.into(), labels, help }
    }

    /// A warning, no place yet.
    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(Fault::Other, message) }
    }

    /// Adds a place.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a way out.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// Adds "did you mean" where one of `known` is close to `name`.
    pub fn suggest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match closest(name, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// The whole message as a terminal shows it: reason, places with their source lines, help.
    pub fn render(&self, sources: &SourceMap, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let group = level
            .primary_title(self.message.as_str())
            .elements(self.files(sources).into_iter().map(|file| self.place(file, sources)))
            .elements(self.help.iter().map(|help| Level::HELP.message(help.as_str())));
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group]) + "\n"
    }

    /// The files with a label, each once, the one of the first label first.
    fn files(&self, sources: &SourceMap) -> Vec<FileId> {
        let mut files = Vec::new();
        for label in &self.labels {
            let file = label.span.file;
            let is_known = !sources.path(file).as_os_str().is_empty();
            if is_known && !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// The lines of one file that have labels, with the labels.
    fn place<'s>(&'s self, file: FileId, sources: &'s SourceMap) -> Element<'s> {
        let text = sources.text(file);
        let path = sources.path(file).to_string_lossy();
        let labels = || self.labels.iter().enumerate().filter(|(_, l)| l.span.file == file);
        let spans = || labels().map(|(_, label)| on_one_line(text, label.span));
        let first = line_start(text, spans().map(|span| span.start).min().unwrap_or(0));
        let last = line_end(text, spans().map(|span| span.end).max().unwrap_or(0));
        if first == last && text.trim().is_empty() {
            return Origin::path(path).line(1).into();
        }
        let notes = labels().zip(spans()).map(|((index, label), span)| {
            let kind = match index {
                0 => AnnotationKind::Primary,
                _ => AnnotationKind::Context,
            };
            let note = kind.span(span.start - first..span.end - first);
            if label.text.is_empty() { note } else { note.label(label.text.as_str()) }
        });
        Snippet::source(&text[first..last])
            .line_start(1 + text[..first].matches('\n').count())
            .path(path)
            .annotations(notes)
            .into()
    }
}

/// The part of a span on its first line, within the text and between characters.
fn on_one_line(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = floor(text, span.start as usize);
    let end = floor(text, span.end as usize).max(start);
    start..end.min(line_end(text, start))
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |newline| offset + newline)
}

/// The known word that `name` is most probably a slip of; `None` when none is near.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|&word| word != name)
        .map(|word| (strsim::osa_distance(name, word), word))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> SourceMap {
        let mut sources = SourceMap::default();
        sources.add("dir/f.yml", text.to_owned());
        sources
    }

    fn at(start: usize, end: usize) -> Span {
        Span::new(FileId(0), start, end)
    }

    #[test]
    fn an_error_shows_its_places_and_the_way_out() {
        let text = "a: 1\nb: 2\n\n\n\n\nä: 1\nb: 3\n";
        let again = text.rfind('b').unwrap();
        let error = Diagnostic::error(Fault::Decode, "`b` is written twice")
            .at(at(again, again + 1), "again here")
            .at(at(5, 6), "first here")
            .help("leave one out");
        assert_eq!(
            error.render(&sources(text), false),
            "error: `b` is written twice
 --> dir/f.yml:8:1
  |
2 | b: 2
  | - first here
...
8 | b: 3
  | ^ again here
  |
  = help: leave one out
"
        );
    }

    #[test]
    fn a_warning_without_a_place_is_one_line() {
        let warning = Diagnostic::warning("it is late").at(Span::NOWHERE, "not shown");
        assert_eq!(warning.render(&sources("a"), false), "warning: it is late\n");
    }

    #[test]
    fn a_span_of_many_lines_shows_its_first() {
        let error = Diagnostic::error(Fault::Other, "wrong").at(at(1, 9), "all of it");
        assert_eq!(
            error.render(&sources("abc\ndef\nghi"), false),
            "error: wrong
 --> dir/f.yml:1:2
  |
1 | abc
  |  ^^ all of it
"
        );
    }

    #[test]
    fn an_empty_file_has_only_a_name() {
        let error = Diagnostic::error(Fault::Version, "no version").at(at(0, 0), "here");
        assert_eq!(error.render(&sources(""), false), "error: no version\n--> dir/f.yml:1\n");
    }

    #[test]
    fn no_span_is_too_odd_to_be_shown() {
        for text in ["", "\n", "ä→𝄞\n\n\tx\r\n", "\u{1b}[31m\0"] {
            for start in 0..text.len() + 3 {
                for end in 0..text.len() + 3 {
                    let error = Diagnostic::error(Fault::Other, "x").at(at(start, end), "y");
                    error.at(at(end, start), "").render(&sources(text), start % 2 == 0);
                }
            }
        }
    }
}
