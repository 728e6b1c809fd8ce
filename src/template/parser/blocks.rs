//! Blocks and what belongs to them: `if`, `with`, `range`, `define`, `block`, `template`, `break`.

use std::sync::Arc;

use super::cursor::Cursor;
use super::{Mistake, Parsed, Parser};
use crate::template::lexer::{Piece, TokenKind};
use crate::template::syntax::{At, Branch, Node, ROOT};

/// What ended a list of nodes.
enum Stop {
    End,
    Else(Cursor, At),
}

/// Which block a list of nodes belongs to, as its `else` may go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    If,
    With,
    Range,
    Define,
}

impl Block {
    fn word(self) -> &'static str {
        match self {
            Block::If => "if",
            Block::With => "with",
            Block::Range => "range",
            Block::Define => "define",
        }
    }
}

impl Parser<'_> {
    /// Nodes up to the `end` or `else` that closes the block opened at `open`.
    fn list(&mut self, block: Block, open: At) -> Parsed<(Vec<Node>, Stop)> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, at) = match piece {
                Piece::Text(at) => {
                    nodes.push(Node::Text(at));
                    continue;
                }
                Piece::Action(tokens, at) => (tokens, at),
            };
            let mut cursor = Cursor::new(tokens);
            let first = cursor.peek(0);
            match (first.kind, self.spelled(first.at)) {
                (TokenKind::Word, "end") => {
                    cursor.take();
                    self.expect_end(&mut cursor, "end")?;
                    return Ok((nodes, Stop::End));
                }
                (TokenKind::Word, "else") => {
                    cursor.take();
                    return Ok((nodes, Stop::Else(cursor, at)));
                }
                _ => nodes.push(self.action(cursor, at)?),
            }
        }
        let mut mistake = Mistake::new("unexpected EOF", open);
        mistake.label = match block {
            Block::If => "this `if` has no `end`",
            Block::With => "this `with` has no `end`",
            Block::Range => "this `range` has no `end`",
            Block::Define => "this has no `end`",
        };
        Err(mistake)
    }

    pub(super) fn action(&mut self, mut cursor: Cursor, at: At) -> Parsed<Node> {
        let first = cursor.peek(0);
        if first.kind != TokenKind::Word {
            return Ok(Node::Action(self.pipeline(&mut cursor, "command", TokenKind::End)?));
        }
        let block = match self.spelled(first.at) {
            "if" => Block::If,
            "with" => Block::With,
            "range" => Block::Range,
            "template" => return self.call(&mut cursor),
            "block" => return self.block(&mut cursor, at),
            "break" => return self.leave(&mut cursor, Node::Break, "break", at),
            "continue" => return self.leave(&mut cursor, Node::Continue, "continue", at),
            "define" => {
                return Err(Mistake::new("unexpected {{define}}: it may not stand in a block", at));
            }
            _ => return Ok(Node::Action(self.pipeline(&mut cursor, "command", TokenKind::End)?)),
        };
        cursor.take();
        let branch = self.branch(block, &mut cursor, at)?;
        Ok(match block {
            Block::If => Node::If(branch),
            Block::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn branch(&mut self, block: Block, cursor: &mut Cursor, at: At) -> Parsed<Branch> {
        let visible = self.scope.len();
        let branch = self.nested(at, |parser| {
            let pipe = parser.pipeline(cursor, block.word(), TokenKind::End)?;
            parser.ranges += usize::from(block == Block::Range);
            let body = parser.list(block, at);
            parser.ranges -= usize::from(block == Block::Range);
            let (body, stop) = body?;
            let otherwise = match stop {
                Stop::End => Vec::new(),
                Stop::Else(cursor, at) => parser.otherwise(block, cursor, at)?,
            };
            Ok(Branch { pipe, body, otherwise })
        });
        self.scope.truncate(visible);
        branch
    }

    fn otherwise(&mut self, block: Block, mut cursor: Cursor, at: At) -> Parsed<Vec<Node>> {
        let next = cursor.peek(0);
        match (block, next.kind, self.spelled(next.at)) {
            (Block::If, TokenKind::Word, "if") => {
                cursor.take();
                Ok(vec![Node::If(self.branch(block, &mut cursor, at)?)])
            }
            (Block::With, TokenKind::Word, "with") => {
                cursor.take();
                Ok(vec![Node::With(self.branch(block, &mut cursor, at)?)])
            }
            _ => {
                self.expect_end(&mut cursor, "else")?;
                match self.list(block, at)? {
                    (nodes, Stop::End) => Ok(nodes),
                    (_, Stop::Else(_, at)) => Err(Mistake::new("expected end; found {{else}}", at)),
                }
            }
        }
    }

    fn leave(&mut self, cursor: &mut Cursor, node: Node, word: &str, at: At) -> Parsed<Node> {
        cursor.take();
        self.expect_end(cursor, word)?;
        match self.ranges {
            0 => Err(Mistake::new(format!("{{{{{word}}}}} outside {{{{range}}}}"), at)),
            _ => Ok(node),
        }
    }

    fn quoted_name(&self, cursor: &mut Cursor, context: &str) -> Parsed<(Arc<str>, At)> {
        let token = cursor.take();
        match token.kind {
            TokenKind::Quoted | TokenKind::Raw => Ok((self.string(token)?, token.at)),
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn call(&mut self, cursor: &mut Cursor) -> Parsed<Node> {
        cursor.take();
        let (name, at) = self.quoted_name(cursor, "template clause")?;
        let pipe = match cursor.peek(0).kind {
            TokenKind::End => None,
            _ => Some(self.pipeline(cursor, "template clause", TokenKind::End)?),
        };
        Ok(Node::Template { name, pipe, at })
    }

    fn block(&mut self, cursor: &mut Cursor, open: At) -> Parsed<Node> {
        cursor.take();
        let (name, at) = self.quoted_name(cursor, "block clause")?;
        let pipe = self.pipeline(cursor, "block clause", TokenKind::End)?;
        self.body(name.clone(), open)?;
        Ok(Node::Template { name, pipe: Some(pipe), at })
    }

    pub(super) fn define(&mut self, cursor: &mut Cursor, open: At) -> Parsed<()> {
        cursor.take();
        let (name, _) = self.quoted_name(cursor, "define clause")?;
        self.expect_end(cursor, "define clause")?;
        self.body(name, open)
    }

    /// The body of a `define`, which sees no variables but its own `$`.
    fn body(&mut self, name: Arc<str>, open: At) -> Parsed<()> {
        let scope = std::mem::replace(&mut self.scope, vec![ROOT]);
        let ranges = std::mem::take(&mut self.ranges);
        let list = self.nested(open, |parser| parser.list(Block::Define, open));
        (self.scope, self.ranges) = (scope, ranges);
        let nodes = match list? {
            (nodes, Stop::End) => nodes,
            (_, Stop::Else(_, at)) => {
                return Err(Mistake::new("unexpected {{else}} in define clause", at));
            }
        };
        let is_defined = self.tree.defined.get(&name).is_some_and(|body| !body.is_empty());
        if is_defined && !nodes.is_empty() {
            return Err(Mistake::new(format!("multiple definition of template {name:?}"), open));
        }
        if !is_defined {
            self.tree.defined.insert(name, nodes);
        }
        Ok(())
    }
}
