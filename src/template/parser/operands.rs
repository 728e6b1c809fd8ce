//! Pipelines, commands and operands.

use std::sync::Arc;

use super::cursor::Cursor;
use super::{Mistake, Parsed, Parser};
use crate::template::functions::{self, Function};
use crate::template::lexer::{Token, TokenKind};
use crate::template::literal;
use crate::template::syntax::{At, Binding, Command, NameId, Pipe, Term, TermKind};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn pipeline(
        &mut self,
        cursor: &mut Cursor,
        context: &str,
        end: TokenKind,
    ) -> Parsed<Pipe> {
        let start = cursor.peek(0).at;
        let (names, binding) = self.declarations(cursor, context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = cursor.peek(0);
            if token.kind == end || token.kind == TokenKind::End {
                break;
            }
            if token.kind == TokenKind::Close {
                return Err(self.unexpected(token, context));
            }
            commands.push(self.command(cursor, commands.len())?);
            if cursor.peek(0).kind == TokenKind::Pipe {
                cursor.take();
            }
        }
        let Some(last) = commands.last() else {
            return Err(Mistake::new(format!("missing value for {context}"), start));
        };
        let at = start.to(last.at);
        if binding == Binding::Declare {
            self.scope.extend(&names);
        }
        Ok(Pipe { names, binding, commands, at })
    }

    /// `$x :=`, `$x =` and, for `range`, `$i, $x :=`.
    fn declarations(
        &mut self,
        cursor: &mut Cursor,
        context: &str,
    ) -> Parsed<(Vec<NameId>, Binding)> {
        let none = Ok((Vec::new(), Binding::Declare));
        if cursor.peek(0).kind != TokenKind::Variable {
            return none;
        }
        let mut tokens = vec![cursor.peek(0)];
        let mut ahead = 1;
        if context == "range" && cursor.peek(1).kind == TokenKind::Comma {
            match cursor.peek(2).kind {
                TokenKind::Variable => tokens.push(cursor.peek(2)),
                _ => return Err(self.unexpected(cursor.peek(2), "range")),
            }
            ahead = 3;
        }
        let binding = match cursor.peek(ahead).kind {
            TokenKind::Declare => Binding::Declare,
            TokenKind::Assign => Binding::Assign,
            TokenKind::Comma => {
                let message = format!("too many declarations in {context}");
                return Err(Mistake::new(message, cursor.peek(ahead).at));
            }
            _ if tokens.len() == 1 => return none,
            _ => return Err(self.unexpected(cursor.peek(ahead), "range")),
        };
        cursor.next += ahead + 1;
        let names = match binding {
            Binding::Declare => tokens.iter().map(|t| self.name_id(self.spelled(t.at))).collect(),
            Binding::Assign => tokens.iter().map(|t| self.known(*t)).collect::<Parsed<_>>()?,
        };
        Ok((names, binding))
    }

    fn name_id(&mut self, name: &str) -> NameId {
        let found = self.names.iter().position(|known| &**known == name);
        let id = found.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        id as NameId
    }

    /// The id of a variable that must be visible.
    fn known(&mut self, token: Token) -> Parsed<NameId> {
        let name = self.spelled(token.at);
        let id = self.names.iter().position(|known| &**known == name).map(|id| id as NameId);
        if let Some(id) = id.filter(|id| self.scope.contains(id)) {
            return Ok(id);
        }
        let mut mistake = Mistake::new(format!("undefined variable {name:?}"), token.at);
        let visible = self.scope.iter().filter_map(|&id| self.names.get(id as usize));
        mistake.unknown = Some((name.into(), visible.map(|name| name.to_string()).collect()));
        Err(mistake)
    }

    fn command(&mut self, cursor: &mut Cursor, stage: usize) -> Parsed<Command> {
        let head = self.operand(cursor)?;
        let runs = !matches!(head.kind, TermKind::Constant(_) | TermKind::Dot | TermKind::Nil);
        if stage > 0 && !runs {
            let message = format!("non executable command in pipeline stage {}", stage + 1);
            return Err(Mistake::new(message, head.at));
        }
        let mut arguments = Vec::new();
        let mut at = head.at;
        loop {
            let token = cursor.peek(0);
            match token.kind {
                TokenKind::End | TokenKind::Close | TokenKind::Pipe => break,
                _ if !token.spaced => return Err(self.unexpected(token, "operand")),
                _ => {
                    let argument = self.operand(cursor)?;
                    at = at.to(argument.at);
                    arguments.push(argument);
                }
            }
        }
        Ok(Command { head, arguments, at })
    }

    /// A term with the fields that follow it without a space.
    fn operand(&mut self, cursor: &mut Cursor) -> Parsed<Term> {
        let mut term = self.term(cursor)?;
        let mut fields = Vec::new();
        let mut at = term.at;
        while cursor.peek(0).kind == TokenKind::Field && !cursor.peek(0).spaced {
            let token = cursor.take();
            fields.push(self.spelled(token.at)[1..].into());
            at = at.to(token.at);
        }
        if fields.is_empty() {
            return Ok(term);
        }
        let head_at = std::mem::replace(&mut term.at, at);
        match &mut term.kind {
            TermKind::Field(names) | TermKind::Variable(_, names) => names.extend(fields),
            TermKind::Constant(_) | TermKind::Dot | TermKind::Nil => {
                let head = self.spelled(head_at);
                return Err(Mistake::new(format!("unexpected . after term {head:?}"), at));
            }
            _ => {
                term.at = head_at;
                return Ok(Term { kind: TermKind::Chain(Box::new(term), fields), at });
            }
        }
        Ok(term)
    }

    fn term(&mut self, cursor: &mut Cursor) -> Parsed<Term> {
        let token = cursor.take();
        let spelled = self.spelled(token.at);
        let kind = match token.kind {
            TokenKind::Dot => TermKind::Dot,
            TokenKind::Field => TermKind::Field(vec![spelled[1..].into()]),
            TokenKind::Variable => TermKind::Variable(self.known(token)?, Vec::new()),
            TokenKind::Number => match literal::number(spelled) {
                Ok(value) => TermKind::Constant(value),
                Err(message) => return Err(Mistake::new(message, token.at)),
            },
            TokenKind::Char => match literal::character(spelled) {
                Some(code) => TermKind::Constant(Value::Int(code)),
                None => {
                    return Err(Mistake::new(
                        format!("malformed character constant: {spelled}"),
                        token.at,
                    ));
                }
            },
            TokenKind::Quoted | TokenKind::Raw => {
                TermKind::Constant(Value::Str(self.string(token)?))
            }
            TokenKind::Word => self.word(token)?,
            TokenKind::Open => return self.parenthesized(cursor, token.at),
            _ => return Err(self.unexpected(token, "operand")),
        };
        Ok(Term { kind, at: token.at })
    }

    fn parenthesized(&mut self, cursor: &mut Cursor, open: At) -> Parsed<Term> {
        let pipe = self.nested(open, |parser| {
            parser.pipeline(cursor, "parenthesized pipeline", TokenKind::Close)
        })?;
        let close = cursor.take();
        if close.kind != TokenKind::Close {
            return Err(Mistake::new("unclosed left paren", open));
        }
        Ok(Term { kind: TermKind::Pipe(Box::new(pipe)), at: open.to(close.at) })
    }

    fn word(&self, token: Token) -> Parsed<TermKind> {
        Ok(match self.spelled(token.at) {
            "true" => TermKind::Constant(Value::Bool(true)),
            "false" => TermKind::Constant(Value::Bool(false)),
            "nil" => TermKind::Nil,
            "if" | "else" | "end" | "range" | "with" | "define" | "template" | "block" => {
                return Err(self.unexpected(token, "operand"));
            }
            name => TermKind::Call(self.function(name, token.at)?),
        })
    }

    fn function(&self, name: &str, at: At) -> Parsed<&'static Function> {
        functions::find(name).ok_or_else(|| {
            let mut mistake = Mistake::new(format!("function {name:?} not defined"), at);
            let known = functions::names().map(str::to_string).collect();
            mistake.unknown = Some((name.into(), known));
            mistake
        })
    }

    pub(super) fn string(&self, token: Token) -> Parsed<Arc<str>> {
        let spelled = self.spelled(token.at);
        if token.kind == TokenKind::Raw {
            return Ok(spelled[1..spelled.len() - 1].into());
        }
        match literal::quoted(spelled) {
            Some(text) => Ok(text.into()),
            None => Err(Mistake::new(format!("invalid syntax in string {spelled}"), token.at)),
        }
    }
}
