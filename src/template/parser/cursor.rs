//! The tokens of one action, read from left to right.

use crate::template::lexer::{Token, TokenKind};
use crate::template::syntax::At;

/// The tokens of one action, read from left to right.
pub struct Cursor {
    tokens: Vec<Token>,
    pub next: usize,
}

impl Cursor {
    pub fn new(tokens: Vec<Token>) -> Cursor {
        Cursor { tokens, next: 0 }
    }

    /// The token `ahead` of the next one; the last is [`TokenKind::End`] and stays.
    pub fn peek(&self, ahead: usize) -> Token {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get((self.next + ahead).min(last)).copied().unwrap_or(Token {
            kind: TokenKind::End,
            at: At::default(),
            spaced: false,
        })
    }

    pub fn take(&mut self) -> Token {
        let token = self.peek(0);
        self.next += 1;
        token
    }
}
