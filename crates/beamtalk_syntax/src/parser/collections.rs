//! List, array and dictionary literals, and tuples where they do not belong (spec 01 section 4.5).

use super::expression::error_expr;
use super::{Deferred, DeferredForm, Parser};
use crate::ast::{Expr, ExprKind};
use crate::codes;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn list(&mut self) -> Expr {
        let start = self.span().start;
        self.open();
        let (elements, mut tallest) = self.elements(TokenKind::RightParen);
        let mut tail = None;
        if self.at(TokenKind::Pipe) && !elements.is_empty() {
            self.bump();
            tail = Some(Box::new(self.unary_expression()));
            tallest = tallest.max(self.height);
        }
        if !self.at(TokenKind::RightParen) {
            self.broken_collection(
                TokenKind::RightParen,
                codes::LIST_LITERAL,
                if tail.is_some() { "" } else { "Expected ',', '|', or ')' in list literal" },
                "Expected ')' to close list literal",
            );
        }
        self.leave(TokenKind::HashParen);
        self.eat(TokenKind::RightParen);
        self.height = tallest + 1;
        Expr { kind: ExprKind::List { elements, tail }, span: self.span_from(start) }
    }

    pub(super) fn array(&mut self) -> Expr {
        let start = self.span().start;
        self.open();
        let (elements, tallest) = self.elements(TokenKind::RightBracket);
        if !self.at(TokenKind::RightBracket) {
            self.broken_collection(
                TokenKind::RightBracket,
                codes::ARRAY_LITERAL,
                "Expected ',' or ']' in array literal",
                "Expected ']' to close array literal",
            );
        }
        self.leave(TokenKind::HashBracket);
        self.eat(TokenKind::RightBracket);
        self.height = tallest + 1;
        Expr { kind: ExprKind::Array(elements), span: self.span_from(start) }
    }

    /// Elements up to something that is no comma, and the height of the tallest.
    fn elements(&mut self, closer: TokenKind) -> (Vec<Expr>, u32) {
        let mut elements = Vec::new();
        let mut tallest = 0;
        while !self.at(closer) {
            let start = self.position;
            elements.push(self.element());
            tallest = tallest.max(self.height);
            self.cast_in_expression();
            if self.eat(TokenKind::Comma).is_none() || self.position == start {
                break;
            }
        }
        (elements, tallest)
    }

    fn element(&mut self) -> Expr {
        match self.kind() {
            TokenKind::Ellipsis => {
                self.height = 1;
                let rest = self.rest_pattern();
                let span = rest.span;
                self.deferred.push(Deferred { span, form: DeferredForm::Rest(rest) });
                error_expr(span)
            }
            TokenKind::LeftBrace => self.tuple_element(),
            _ => self.keyword_expression(),
        }
    }

    pub(super) fn dictionary(&mut self) -> Expr {
        let start = self.span().start;
        self.open();
        let mut pairs = Vec::new();
        let mut tallest = 0;
        while !self.at(TokenKind::RightBrace) {
            let position = self.position;
            let Some(pair) = self.pair(&mut tallest) else { break };
            pairs.push(pair);
            if self.eat(TokenKind::Comma).is_none() || self.position == position {
                break;
            }
        }
        if !self.at(TokenKind::RightBrace) {
            self.broken_collection(
                TokenKind::RightBrace,
                codes::MAP_LITERAL,
                "Expected ',' or '}' in map literal",
                "Expected '}' to close map literal",
            );
        }
        self.leave(TokenKind::HashBrace);
        self.eat(TokenKind::RightBrace);
        self.height = tallest + 1;
        Expr { kind: ExprKind::Dictionary(pairs), span: self.span_from(start) }
    }

    fn pair(&mut self, tallest: &mut u32) -> Option<(Expr, Expr)> {
        self.bare_key();
        let key = self.unary_expression();
        self.reject_super(&key);
        *tallest = self.height.max(*tallest);
        if self.eat(TokenKind::FatArrow).is_none() {
            if !self.foreign_pair(&key) {
                self.error(
                    codes::MAP_LITERAL,
                    "Expected '=>' after map key",
                    "a dictionary is written `#{#key => value}`",
                );
            }
            return None;
        }
        let value = self.element();
        self.cast_in_expression();
        *tallest = self.height.max(*tallest);
        Some((key, value))
    }

    /// `word =>`: meant as a symbol, read as a variable.
    pub(super) fn bare_key(&mut self) {
        if self.at(TokenKind::Identifier)
            && self.next().kind == TokenKind::FatArrow
            && !matches!(self.text(), "nil" | "true" | "false" | "self")
        {
            let word = self.text();
            let message = format!("bare word '{word}' is not a valid map key; did you mean '#{word}'?");
            let help = format!("did you mean '#{word}'? To use the variable as key write `({word})`");
            let span = self.span();
            self.error_at(codes::BARE_KEY, span, message, &help);
        }
    }

    /// The literal does not go on as it should: report, and skip to its end.
    fn broken_collection(&mut self, closer: TokenKind, code: &'static str, separator: &str, close: &str) {
        let ends =
            self.at(TokenKind::Eof) || separator.is_empty() || self.at_open_closer() || self.at_boundary();
        let message = if ends {
            close.to_owned()
        } else {
            let found = self.found();
            format!("{separator}, found {found}")
        };
        if !self.foreign_in_group(closer) {
            self.error(code, message, "elements are separated by commas");
        }
        self.skip_to_closer(closer);
    }

    /// `{` as an element: legal if what it is an element of turns out to be a pattern.
    fn tuple_element(&mut self) -> Expr {
        self.height = 1;
        if self.foreign_braces() {
            return self.skipped_tuple();
        }
        let before = self.diagnostics.len();
        let pattern = self.pattern();
        let span = pattern.span;
        if self.diagnostics.len() == before {
            self.deferred.push(Deferred { span, form: DeferredForm::Tuple(pattern) });
        }
        error_expr(span)
    }

    /// `{` where only an expression can be.
    pub(super) fn tuple_as_operand(&mut self) -> Expr {
        if self.broken || self.foreign_braces() {
            return self.skipped_tuple();
        }
        let tuple = self.skipped_tuple();
        self.tuple_error(tuple.span);
        self.broken = true;
        tuple
    }

    fn skipped_tuple(&mut self) -> Expr {
        let start = self.span().start;
        self.skip_group();
        self.error_position = self.position;
        error_expr(self.span_from(start))
    }

    /// Report what was legal only in a pattern, since `mark` and not taken by one.
    pub(super) fn reject_deferred(&mut self, mark: usize) {
        for deferred in self.deferred.split_off(mark) {
            match deferred.form {
                DeferredForm::Tuple(_) => self.tuple_error(deferred.span),
                DeferredForm::Rest(_) => self.error_at(
                    codes::DESTRUCTURING,
                    deferred.span,
                    "Rest pattern `...` is legal only in a pattern",
                    "to join collections use `++`; to take one apart write `#[first, ...rest] := array`",
                ),
            }
        }
    }

    pub(super) fn tuple_error(&mut self, span: beamtalk_text::Span) {
        self.error_at(
            codes::TUPLE_EXPRESSION,
            span,
            "Tuple literals are not valid expressions",
            "write `Tuple withAll: #(a, b)`; `{a, b} := expr` takes a tuple apart, and a block is written `[ … ]`",
        );
    }
}
