//! Builds the tree of a template from its tokens, and says where and why it cannot.

mod blocks;
mod cursor;
mod operands;

use std::sync::Arc;

use super::lexer::{self, Piece, Slip, Token, TokenKind};
use super::limits::MAX_NESTING;
use super::syntax::{At, NameId, Node, ROOT, Tree};
use cursor::Cursor;

use crate::diag::Diagnostic;
use crate::source::Text;

/// Parses a whole template.
pub fn template(text: &Text) -> Result<Tree, Diagnostic> {
    let pieces = lexer::pieces(&text.value).map_err(|slip| located(text, slip))?;
    let mut parser = Parser::new(text, pieces);
    match parser.tree() {
        Ok(body) => Ok(Tree { body, ..parser.tree }),
        Err(mistake) => Err(mistake.diagnostic(text)),
    }
}

/// Parses a bare pipeline.
pub fn expression(text: &Text) -> Result<Tree, Diagnostic> {
    let tokens = lexer::expression(&text.value).map_err(|slip| located(text, slip))?;
    let mut parser = Parser::new(text, Vec::new());
    let mut cursor = Cursor::new(tokens);
    match parser.pipeline(&mut cursor, "command", TokenKind::End) {
        Ok(pipe) => Ok(Tree { body: vec![Node::Action(pipe)], ..parser.tree }),
        Err(mistake) => Err(mistake.diagnostic(text)),
    }
}

fn located(text: &Text, slip: Slip) -> Diagnostic {
    Mistake::new(slip.message, slip.at).diagnostic(text)
}

/// What is wrong, and where.
struct Mistake {
    message: String,
    at: At,
    /// A name that is not known, and the names that are.
    unknown: Option<(String, Vec<String>)>,
    label: &'static str,
}

impl Mistake {
    fn new(message: impl Into<String>, at: At) -> Box<Mistake> {
        Box::new(Mistake { message: message.into(), at, unknown: None, label: "" })
    }

    fn diagnostic(&self, text: &Text) -> Diagnostic {
        let before = text.value.get(..self.at.start as usize).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let message = format!("template: :{line}: {}", self.message);
        let diagnostic = super::mistake(text, self.at, message, self.label);
        match &self.unknown {
            Some((name, known)) => diagnostic.suggest(name, known.iter().map(String::as_str)),
            None => diagnostic,
        }
    }
}

type Parsed<T> = Result<T, Box<Mistake>>;

struct Parser<'a> {
    text: &'a Text,
    pieces: std::vec::IntoIter<Piece>,
    tree: Tree,
    /// Names seen so far; the index is the id.
    names: Vec<Arc<str>>,
    /// Variables that are visible here.
    scope: Vec<NameId>,
    ranges: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a Text, pieces: Vec<Piece>) -> Parser<'a> {
        Parser {
            text,
            pieces: pieces.into_iter(),
            tree: Tree::default(),
            names: vec!["$".into()],
            scope: vec![ROOT],
            ranges: 0,
            depth: 0,
        }
    }

    fn spelled(&self, at: At) -> &'a str {
        self.text.value.get(at.range()).unwrap_or("")
    }

    fn tree(&mut self) -> Parsed<Vec<Node>> {
        let mut body = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, at) = match piece {
                Piece::Text(at) => {
                    body.push(Node::Text(at));
                    continue;
                }
                Piece::Action(tokens, at) => (tokens, at),
            };
            let mut cursor = Cursor::new(tokens);
            let first = cursor.peek(0);
            match (first.kind, self.spelled(first.at)) {
                (TokenKind::Word, "define") => self.define(&mut cursor, at)?,
                (TokenKind::Word, word @ ("end" | "else")) => {
                    return Err(Mistake::new(format!("unexpected {{{{{word}}}}}"), at));
                }
                _ => body.push(self.action(cursor, at)?),
            }
        }
        Ok(body)
    }

    fn nested<T>(&mut self, at: At, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_NESTING {
            return Err(Mistake::new(format!("nested more than {MAX_NESTING} levels deep"), at));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expect_end(&self, cursor: &mut Cursor, context: &str) -> Parsed<()> {
        let token = cursor.peek(0);
        match token.kind {
            TokenKind::End => Ok(()),
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn unexpected(&self, token: Token, context: &str) -> Box<Mistake> {
        let spelled = match token.kind {
            TokenKind::End => {
                return Mistake::new(format!("unexpected \"}}}}\" in {context}"), token.at);
            }
            _ => self.spelled(token.at),
        };
        Mistake::new(format!("unexpected <{spelled}> in {context}"), token.at)
    }
}
