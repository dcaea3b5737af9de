//! Messages: unary, binary, keyword, cascades (spec 01 sections 6 and 8.2).

use beamtalk_text::Span;

use super::{MAX_DEPTH, MAX_HEIGHT, Parser};
use crate::ast::{Expr, ExprKind, Ident, Message, Send};
use crate::codes;
use crate::token::TokenKind;

/// Binding power of `->`, the loosest binary operator.
const LOOSEST: u8 = 1;
/// Binding power of `**`, the tightest and the only one that associates to the right.
const POWER: u8 = 8;

impl Parser<'_> {
    /// `cascade` of the grammar.
    pub(super) fn cascade(&mut self) -> Expr {
        let first = self.keyword_expression();
        if !self.at(TokenKind::Semicolon) || self.ends_expression() {
            return first;
        }
        let span = first.span;
        let ExprKind::Send(send) = first.kind else {
            if !matches!(first.kind, ExprKind::Error) {
                self.error(
                    codes::CASCADE,
                    "Expected message selector in cascade: the expression before ';' sends no message",
                    "a cascade repeats the receiver of a message, as in `log put: 1; put: 2`; \
                     statements end with a newline or '.'",
                );
            }
            self.skip_cascade();
            return first;
        };
        let Send { receiver, message } = *send;
        let mut messages = vec![message];
        let mut tallest = self.height;
        while self.at(TokenKind::Semicolon) && !self.ends_expression() {
            self.bump();
            match self.cascade_message() {
                Some(message) => messages.push(message),
                None => break,
            }
            tallest = tallest.max(self.height + 1);
        }
        self.height = tallest;
        if messages.len() == 1 {
            // A broken cascade; what was there stays a plain send.
            let message = messages.remove(0);
            return Expr { kind: ExprKind::Send(Box::new(Send { receiver, message })), span };
        }
        let kind = ExprKind::Cascade { receiver: Box::new(receiver), messages };
        Expr { kind, span: self.span_from(span.start) }
    }

    /// Step over the `;` of a cascade that cannot be, and what follows it on its line.
    fn skip_cascade(&mut self) {
        self.bump();
        if !self.starts_line() {
            self.skip_to(|parser| {
                matches!(parser.kind(), TokenKind::Period | TokenKind::Bang) || parser.starts_line()
            });
        }
        self.error_position = self.position;
    }

    fn cascade_message(&mut self) -> Option<Message> {
        self.height = 1;
        match self.kind() {
            TokenKind::Identifier if !self.at_boundary() => {
                let name = self.bump_ident();
                Some(Message { span: name.span, parts: vec![name], arguments: Vec::new() })
            }
            TokenKind::Keyword if !self.ends_expression() => Some(self.keyword_message(0)),
            _ if self.binary_power().is_some() => {
                let operator = self.bump_ident();
                let argument = self.unary_expression();
                self.reject_super(&argument);
                Some(binary_message(operator, argument))
            }
            _ => {
                self.error(
                    codes::CASCADE,
                    "Expected message selector in cascade",
                    "write a message after ';', or remove the ';': statements end with a newline or '.'",
                );
                None
            }
        }
    }

    /// `keyword-expr` of the grammar: no cascade, no assignment, no `^`.
    pub(super) fn keyword_expression(&mut self) -> Expr {
        let receiver = self.binary_expression(LOOSEST);
        if !self.at(TokenKind::Keyword) || self.ends_expression() {
            if !self.at(TokenKind::Assign) {
                self.reject_super(&receiver);
            }
            return receiver;
        }
        if self.at_match() {
            self.reject_super(&receiver);
            return self.match_expression(receiver);
        }
        let height = self.height;
        let message = self.keyword_message(height);
        let span = receiver.span.to(message.span);
        self.send(receiver, message, span)
    }

    /// Keyword parts with their arguments; `height` is that of what they are sent to.
    fn keyword_message(&mut self, height: u32) -> Message {
        let start = self.span().start;
        let mut parts = Vec::with_capacity(1);
        let mut arguments = Vec::with_capacity(1);
        let mut tallest = height;
        // Column of the first part that starts a line; a part further left ends the message.
        let mut column = None;
        while self.at(TokenKind::Keyword) {
            if self.starts_line() && !parts.is_empty() {
                let here = self.token().column;
                if self.ends_expression() || here < *column.get_or_insert(here) {
                    break;
                }
            } else if self.starts_line() {
                column = Some(self.token().column);
            }
            parts.push(self.bump_ident());
            let argument = self.argument(LOOSEST);
            tallest = tallest.max(self.height);
            arguments.push(argument);
        }
        self.height = tallest;
        Message { parts, arguments, span: self.span_from(start) }
    }

    /// Binary messages at least as tight as `least`.
    pub(super) fn binary_expression(&mut self, least: u8) -> Expr {
        let mut left = self.unary_expression();
        while let Some(power) = self.binary_power() {
            if power < least || self.ends_expression() {
                break;
            }
            let height = self.height;
            let operator = self.bump_ident();
            let argument = self.right_operand(power);
            self.height = self.height.max(height);
            let span = left.span.to(argument.span).to(operator.span);
            left = self.send(left, binary_message(operator, argument), span);
        }
        left
    }

    /// An argument: binary messages at least as tight as `least`.
    fn argument(&mut self, least: u8) -> Expr {
        if self.starts_line() && self.at(TokenKind::Identifier) && self.next().kind == TokenKind::Assign {
            // The argument is missing: this is the next statement.
            self.unexpected();
            self.height = 1;
            return error_expr(Span::empty(self.previous_end));
        }
        let argument = self.binary_expression(least);
        self.reject_super(&argument);
        argument
    }

    fn right_operand(&mut self, power: u8) -> Expr {
        if power < POWER {
            return self.argument(power + 1);
        }
        if self.depth == MAX_DEPTH {
            let operand = self.unary_expression();
            if self.binary_power() == Some(POWER) {
                self.report_too_deep();
            }
            return operand;
        }
        self.depth += 1;
        let operand = self.binary_expression(POWER);
        self.depth -= 1;
        operand
    }

    /// Binding power of the operator that is next; `None` if it is not one of spec 01 section 6.
    pub(super) fn binary_power(&self) -> Option<u8> {
        match self.kind() {
            TokenKind::Operator => match self.text().as_bytes() {
                b"**" => Some(POWER),
                b"*" | b"/" | b"%" => Some(7),
                b"+" | b"-" | b"++" => Some(6),
                b"<" | b">" | b"<=" | b">=" => Some(5),
                b"==" | b"/=" | b"=:=" | b"=/=" => Some(4),
                _ => None,
            },
            TokenKind::RightAngles => Some(3),
            TokenKind::Arrow => Some(LOOSEST),
            _ => None,
        }
    }

    /// A primary with unary messages; those never continue on the next line.
    pub(super) fn unary_expression(&mut self) -> Expr {
        let mut expr = self.operand();
        while self.at(TokenKind::Identifier) && !self.starts_line() {
            if self.next().kind == TokenKind::At {
                break;
            }
            let name = self.bump_ident();
            let span = expr.span.to(name.span);
            let message = Message { span: name.span, parts: vec![name], arguments: Vec::new() };
            expr = self.send(expr, message, span);
        }
        expr
    }

    /// A send whose parts are `self.height` tall. One that would be too tall loses its parts, so that
    /// every tree can be walked by recursion.
    fn send(&mut self, mut receiver: Expr, mut message: Message, span: Span) -> Expr {
        if self.height >= MAX_HEIGHT {
            self.report_too_deep();
            receiver = error_expr(receiver.span);
            for argument in &mut message.arguments {
                *argument = error_expr(argument.span);
            }
            self.height = 1;
        }
        self.height += 1;
        Expr { kind: ExprKind::Send(Box::new(Send { receiver, message })), span }
    }

    /// `super` is only ever a receiver.
    pub(super) fn reject_super(&mut self, expr: &Expr) {
        if matches!(expr.kind, ExprKind::Super) {
            self.broken = true;
            self.error_at(
                codes::SUPER,
                expr.span,
                "'super' must be used with a message send",
                "send a message, as in `super initialize`, or use `self`",
            );
        }
    }
}

fn binary_message(operator: Ident, argument: Expr) -> Message {
    let span = operator.span.to(argument.span);
    Message { parts: vec![operator], arguments: vec![argument], span }
}

/// A node for broken source that has been reported.
pub(super) const fn error_expr(span: Span) -> Expr {
    Expr { kind: ExprKind::Error, span }
}
