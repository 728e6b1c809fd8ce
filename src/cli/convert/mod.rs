//! `par convert FILE`: a Taskfile made of a Makefile or a justfile, as far as the two have it in common.
//!
//! What has no counterpart is named, with its line, in the result and on stderr: a conversion that looks
//! whole and is not would be worse than none.

mod just;
mod make;

use super::commands::ConvertLine;
use super::exit::Exit;
use super::prepare;
use super::say::{self, Voice};
use crate::diag::{Diagnostic, Fault};
use crate::host::Host;

/// A task to be written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) desc: String,
    pub(super) deps: Vec<String>,
    pub(super) cmds: Vec<Line>,
    pub(super) sources: Vec<String>,
    pub(super) generates: Vec<String>,
    pub(super) vars: Vec<(String, String)>,
    pub(super) requires: Vec<String>,
    pub(super) aliases: Vec<String>,
    pub(super) internal: bool,
}

/// A command to be written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) silent: bool,
    pub(super) ignore_error: bool,
}

/// A Taskfile to be written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Project {
    pub(super) vars: Vec<(String, String)>,
    pub(super) env: Vec<(String, String)>,
    pub(super) tasks: Vec<Draft>,
    /// What has no counterpart, with its line, from 1.
    pub(super) left: Vec<(usize, String)>,
}

/// Prints the Taskfile.
pub(super) fn run(line: &ConvertLine, voice: Voice, host: &dyn Host) -> Exit {
    let path = host.cwd().join(&line.file);
    let text = match host.read(&path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", line.file.display());
            return voice.complain(&prepare::failure(Diagnostic::error(Fault::Other, message)));
        }
    };
    let name = line.file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let project = match name.contains("just") {
        true => justfile(&text),
        false => makefile(&text),
    };
    for (at, what) in &project.left {
        voice.talk(&format!("{}:{at}: not converted: {what}\n", line.file.display()));
    }
    say::print(&project.text(&line.file.display().to_string()))
}

/// The project that a Makefile describes.
pub(super) fn makefile(text: &str) -> Project {
    make::read(text).beginning()
}

/// The project that a justfile describes.
pub(super) fn justfile(text: &str) -> Project {
    just::read(text).beginning()
}

impl Project {
    /// As make and just do, who names no task means the first.
    fn beginning(mut self) -> Project {
        let is_default =
            |task: &Draft| task.name == "default" || task.aliases.iter().any(|a| a == "default");
        if !self.tasks.iter().any(is_default)
            && let Some(first) = self.tasks.first_mut()
            && !first.internal
        {
            first.aliases.push("default".into());
        }
        self
    }

    /// The Taskfile; `from` is where it comes from.
    pub(super) fn text(&self, from: &str) -> String {
        let mut text = format!("# Made of {from} by `par convert`.\n");
        for (at, what) in &self.left {
            text += &format!("# Not converted: line {at}: {what}\n");
        }
        text += "version: '3'\n";
        for (title, pairs) in [("vars", &self.vars), ("env", &self.env)] {
            if !pairs.is_empty() {
                text += &format!("\n{title}:\n{}", of_pairs(pairs, "  "));
            }
        }
        text += "\ntasks:\n";
        let tasks: Vec<String> = self.tasks.iter().map(Draft::text).collect();
        text + &tasks.join("\n")
    }
}

fn of_pairs(pairs: &[(String, String)], indent: &str) -> String {
    pairs.iter().map(|(name, value)| format!("{indent}{name}: {}\n", variable(value))).collect()
}

/// A value; one that begins with `sh:` is what a script prints.
fn variable(value: &str) -> String {
    match value.strip_prefix("sh:") {
        Some(script) => format!("{{sh: {}}}", quoted(script)),
        None => quoted(value),
    }
}

impl Draft {
    fn text(&self) -> String {
        let mut text = format!("  {}:\n", quoted(&self.name));
        if !self.desc.is_empty() {
            text += &format!("    desc: {}\n", quoted(&self.desc));
        }
        for (key, words) in [
            ("aliases", &self.aliases),
            ("deps", &self.deps),
            ("sources", &self.sources),
            ("generates", &self.generates),
        ] {
            if !words.is_empty() {
                text += &format!("    {key}: {}\n", flow(words));
            }
        }
        if self.internal {
            text += "    internal: true\n";
        }
        if !self.requires.is_empty() {
            text += &format!("    requires: {{vars: {}}}\n", flow(&self.requires));
        }
        if !self.vars.is_empty() {
            text += &format!("    vars:\n{}", of_pairs(&self.vars, "      "));
        }
        if !self.cmds.is_empty() {
            text += "    cmds:\n";
            self.cmds.iter().for_each(|line| text += &line.shown());
        }
        if text.lines().count() == 1 {
            text = format!("  {}: {{}}\n", quoted(&self.name));
        }
        text
    }
}

impl Line {
    fn shown(&self) -> String {
        let written = match self.text.contains('\n') {
            true => {
                let lines = self
                    .text
                    .lines()
                    .map(|line| format!("          {line}").trim_end().to_string());
                format!("|\n{}", lines.collect::<Vec<_>>().join("\n"))
            }
            false => quoted(&self.text),
        };
        let mut text = match (self.silent || self.ignore_error, self.text.contains('\n')) {
            (false, false) => return format!("      - {written}\n"),
            (false, true) => {
                return format!("      - {}\n", written.replace("          ", "        "));
            }
            (true, _) => format!("      - cmd: {written}\n"),
        };
        if self.silent {
            text += "        silent: true\n";
        }
        if self.ignore_error {
            text += "        ignore_error: true\n";
        }
        text
    }
}

fn flow(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A text as YAML, without quotes where it needs none.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.');
    let is_word = matches!(
        text.to_lowercase().as_str(),
        "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "null"
            | "y"
            | "n"
            | "."
            | ".."
            | ".nan"
            | ".inf"
    );
    match begins
        && !is_word
        && text.chars().all(is_plain)
        && text.trim() == text
        && !text.contains(" #")
    {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;
    use crate::taskfile::{self, Request};

    fn is_a_taskfile(text: &str) {
        let host = Fake::new().file("Taskfile.yml", text);
        let model = taskfile::load(&Request::default(), &host)
            .unwrap_or_else(|wrong| panic!("{:?}\n{text}", wrong.diagnostics));
        assert!(model.warnings.is_empty(), "{:?}\n{text}", model.warnings);
    }

    #[test]
    fn a_makefile_becomes_tasks() {
        let project = make::read(MAKEFILE);
        let text = project.text("Makefile");
        is_a_taskfile(&text);
        assert_eq!(text, MADE);
    }

    const MAKEFILE: &str = "\
CC ?= cc
FLAGS := -O2 $(CC)
REV = $(shell git rev-parse HEAD)
export MODE = fast
.PHONY: all clean
all: app test ## Everything
app: main.o util.c
\t$(CC) $(FLAGS) -o $@ $^
\t@echo built $< 'for' $$USER
test: app
\t-./app --check && \\
\t  echo fine
%.o: %.c
\t$(CC) -c $<
clean:
\trm -f app
ifdef X
endif
";

    const MADE: &str = "\
# Made of Makefile by `par convert`.
# Not converted: line 13: the pattern rule `%.o: %.c`
# Not converted: line 17: `ifdef X`
# Not converted: line 18: `endif`
version: '3'

vars:
  CC: '{{.CC | default \"cc\"}}'
  FLAGS: '-O2 {{.CC}}'
  REV: {sh: git rev-parse HEAD}

env:
  MODE: fast

tasks:
  all:
    desc: Everything
    deps: [app, test]

  app:
    sources: [main.o, util.c]
    generates: [app]
    cmds:
      - '{{.CC}} {{.FLAGS}} -o app main.o util.c'
      - cmd: 'echo built main.o ''for'' $USER'
        silent: true

  test:
    deps: [app]
    cmds:
      - cmd: |
          ./app --check && \\
            echo fine
        ignore_error: true

  clean:
    cmds:
      - rm -f app
";

    #[test]
    fn a_justfile_becomes_tasks() {
        let text = just::read(JUSTFILE).text("justfile");
        is_a_taskfile(&text);
        assert_eq!(text, JUST);
    }

    const JUSTFILE: &str = "\
set shell := ['bash', '-c']
version := '1.0'
alias b := build

# Builds it
build target='all' *args: lint
    @echo {{version}} {{target}}
    -cargo build {{args}}

[private]
lint:
    cargo clippy

deploy env: build
    #!/usr/bin/env bash
    echo to {{env}}
    exit 0
";

    const JUST: &str = "\
# Made of justfile by `par convert`.
# Not converted: line 1: `set shell := ['bash', '-c']`
version: '3'

vars:
  version: '1.0'

tasks:
  build:
    desc: Builds it
    aliases: [b]
    deps: [lint]
    vars:
      target: '{{.target | default \"all\"}}'
    cmds:
      - cmd: 'echo {{.version}} {{.target}}'
        silent: true
      - cmd: 'cargo build {{.CLI_ARGS}}'
        ignore_error: true

  lint:
    internal: true
    cmds:
      - cargo clippy

  deploy:
    deps: [build]
    requires: {vars: [env]}
    cmds:
      - |
        echo to {{.env}}
        exit 0
";

    #[test]
    fn quotes_stand_where_they_are_needed() {
        for (text, written) in [
            ("go build ./x", "go build ./x"),
            ("a: b", "'a: b'"),
            ("it's", "'it''s'"),
            ("yes", "'yes'"),
            ("1.0", "'1.0'"),
            ("", "''"),
            ("-x", "'-x'"),
        ] {
            assert_eq!(quoted(text), written);
        }
    }
}
