//! Primaries: literals, names, fields, groups, blocks.

use beamtalk_text::Span;

use super::expression::error_expr;
use super::{MAX_HEIGHT, Parser};
use crate::ast::{Block, ClassName, Expr, ExprKind, Ident, Parameter, Segment};
use crate::codes;
use crate::literal;
use crate::token::{OPENERS, Token, TokenKind};

impl Parser<'_> {
    /// `primary` of the grammar. Sets the height of what it answers.
    pub(super) fn operand(&mut self) -> Expr {
        self.height = 1;
        if self.at_boundary() {
            // The operand is missing; what follows is the next member.
            self.unexpected();
            return error_expr(Span::empty(self.previous_end));
        }
        match self.kind() {
            TokenKind::Identifier => self.name_operand(),
            TokenKind::Name => {
                let name = self.class_name();
                let span = name.span;
                self.fields_of(Expr { kind: ExprKind::Class(name), span })
            }
            TokenKind::Integer
            | TokenKind::Float
            | TokenKind::Character
            | TokenKind::String
            | TokenKind::Symbol => self.literal(),
            TokenKind::StringStart => self.group(Self::interpolation),
            TokenKind::LeftParen => self.group(Self::parenthesised),
            TokenKind::LeftBracket => self.group(Self::block),
            TokenKind::HashParen => self.group(Self::list),
            TokenKind::HashBracket => self.group(Self::array),
            TokenKind::HashBrace => self.group(Self::dictionary),
            TokenKind::LeftBrace => self.tuple_as_operand(),
            TokenKind::Primitive | TokenKind::Intrinsic => self.primitive(),
            TokenKind::Error => {
                let token = self.bump();
                error_expr(token.span)
            }
            _ => {
                self.unexpected();
                error_expr(Span::empty(self.previous_end))
            }
        }
    }

    /// A nested construct, or its text skipped where nesting is too deep.
    fn group(&mut self, parse: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let start = self.span().start;
        if let Some(expr) = self.nested(parse) {
            if self.height < MAX_HEIGHT {
                return expr;
            }
            self.report_too_deep();
            self.height = 1;
            return error_expr(expr.span);
        }
        self.skip_group();
        self.error_position = self.position;
        self.height = 1;
        error_expr(self.span_from(start))
    }

    /// A literal of one token.
    pub(super) fn literal(&mut self) -> Expr {
        let token = self.bump();
        let text = self.text_of(token);
        let kind = match token.kind {
            TokenKind::Integer => ExprKind::Integer(literal::integer(text)),
            TokenKind::Float => ExprKind::Float(literal::float(text)),
            TokenKind::Character => ExprKind::Character(literal::character(text)),
            TokenKind::Symbol => ExprKind::Symbol(literal::symbol(text)),
            TokenKind::String => ExprKind::String(self.string_text(token)),
            _ => ExprKind::Error,
        };
        Expr { kind, span: token.span }
    }

    /// Decoded text of a string token or piece, without its delimiters.
    pub(super) fn string_text(&self, token: Token) -> String {
        let text = self.text_of(token);
        literal::string(text.get(1..text.len().saturating_sub(1)).unwrap_or(""))
    }

    fn name_operand(&mut self) -> Expr {
        let next = self.next();
        if next.kind == TokenKind::At {
            let name = self.class_name();
            let span = name.span;
            return Expr { kind: ExprKind::Class(name), span };
        }
        let token = self.bump();
        let expr = Expr { kind: self.variable(token), span: token.span };
        self.fields_of(expr)
    }

    fn variable(&self, token: Token) -> ExprKind {
        match self.text_of(token) {
            "self" => ExprKind::SelfRef,
            "super" => ExprKind::Super,
            "nil" => ExprKind::Nil,
            "true" => ExprKind::True,
            "false" => ExprKind::False,
            name => ExprKind::Variable(name.into()),
        }
    }

    /// `.name` glued to an identifier, any number of times (spec 01 section 7.2).
    fn fields_of(&mut self, mut expr: Expr) -> Expr {
        let mut rejected = false;
        while self.at(TokenKind::Period) && !self.starts_line() {
            let name = self.next();
            let period = self.span();
            if name.span.start != period.end || !matches!(name.kind, TokenKind::Identifier | TokenKind::Name)
            {
                break;
            }
            if !rejected && !matches!(expr.kind, ExprKind::SelfRef) {
                rejected = true;
                self.broken = true;
                let receiver = expr.span.text(self.source);
                let field = self.text_of(name);
                self.error_at(
                    codes::FIELD_ACCESS,
                    expr.span.to(name.span),
                    "field access on a non-self receiver",
                    &format!("send a getter message: `{receiver} {field}`; to end a statement put a space after the `.`"),
                );
            }
            self.bump();
            let name = self.bump_ident();
            let span = expr.span.to(name.span);
            // A chain of fields is wrong anyway: keep its tree flat.
            let receiver =
                if matches!(expr.kind, ExprKind::Field { .. }) { error_expr(expr.span) } else { expr };
            expr = Expr { kind: ExprKind::Field { receiver: Box::new(receiver), name }, span };
            self.height = 2;
        }
        expr
    }

    /// `Name` or `package@Name`.
    pub(super) fn class_name(&mut self) -> ClassName {
        let first = self.bump_ident();
        if !self.at(TokenKind::At) || !self.glued() {
            let span = first.span;
            return ClassName { package: None, name: first, span };
        }
        let at = self.bump();
        if self.at(TokenKind::Name) && self.glued() {
            let name = self.bump_ident();
            let span = first.span.to(name.span);
            return ClassName { package: Some(first), name, span };
        }
        let name = if self.at(TokenKind::Identifier) && self.glued() {
            self.error(
                codes::QUALIFIED_NAME,
                "expected class name after '@' in qualified reference",
                "a qualified name is `package@Class`, the class with a capital letter",
            );
            self.bump_ident()
        } else {
            self.error(
                codes::QUALIFIED_NAME,
                "Expected class name after '@': expected class name after '@' in qualified reference",
                "a qualified name is `package@Class` without spaces",
            );
            Ident { name: "".into(), span: Span::empty(at.span.end) }
        };
        let span = first.span.to(name.span);
        ClassName { package: Some(first), name, span }
    }

    fn parenthesised(&mut self) -> Expr {
        let start = self.span().start;
        self.open();
        let before = self.diagnostics.len();
        let inner = self.group_statement();
        self.cast_in_expression();
        if self.diagnostics.len() > before {
            // One mistake, one error: the closer may be missing only because of it.
            self.skip_to_closer(TokenKind::RightParen);
        } else if !self.at(TokenKind::RightParen) {
            self.expected_close(
                TokenKind::RightParen,
                codes::UNCLOSED_PAREN,
                "Expected ')' to close parentheses",
            );
        }
        self.leave(TokenKind::LeftParen);
        self.eat(TokenKind::RightParen);
        self.height += 1;
        Expr { kind: ExprKind::Paren(Box::new(inner)), span: self.span_from(start) }
    }

    fn block(&mut self) -> Expr {
        let start = self.span().start;
        self.open();
        let parameters = self.block_parameters();
        let body = self.statements();
        if !self.at(TokenKind::RightBracket) {
            self.expected_close(
                TokenKind::RightBracket,
                codes::UNCLOSED_BLOCK,
                "Expected ']' to close block",
            );
        }
        self.leave(TokenKind::LeftBracket);
        self.eat(TokenKind::RightBracket);
        self.height += 1;
        Expr { kind: ExprKind::Block(Block { parameters, body }), span: self.span_from(start) }
    }

    fn block_parameters(&mut self) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        while self.at(TokenKind::Colon) {
            self.bump();
            match self.kind() {
                TokenKind::Identifier => {
                    let name = self.bump_ident();
                    let annotation = self.annotation(Self::single_type);
                    parameters.push(Parameter { name, annotation });
                }
                TokenKind::Keyword => parameters.push(self.glued_block_parameter()),
                _ => {
                    self.error(
                        codes::BLOCK_PARAMETERS,
                        "Expected parameter name after ':'",
                        "block parameters are written `[:a :b | …]`",
                    );
                    let line = self.position;
                    self.skip_to(|parser| {
                        parser.at(TokenKind::Pipe) || (parser.starts_line() && parser.position != line)
                    });
                    self.eat(TokenKind::Pipe);
                    return parameters;
                }
            }
        }
        if !parameters.is_empty() || self.at(TokenKind::Pipe) {
            self.end_of_parameters(parameters.is_empty());
        }
        parameters
    }

    fn end_of_parameters(&mut self, none: bool) {
        if none {
            self.declared_temporaries();
        } else if self.eat(TokenKind::Pipe).is_none() {
            self.error(
                codes::BLOCK_PARAMETERS,
                "Expected '|' after block parameters",
                "block parameters are written `[:a :b | …]`",
            );
        }
    }

    /// `[:a:b | …]` or `[:a: Integer | …]`: the name and its colon are one token.
    fn glued_block_parameter(&mut self) -> Parameter {
        let token = self.token();
        let annotated = matches!(self.next().kind, TokenKind::Name);
        if annotated {
            let name = self.legacy_annotated_name();
            let annotation = Some(self.single_type());
            return Parameter { name, annotation };
        }
        self.error(
            codes::BLOCK_PARAMETERS,
            "Expected parameter name after ':'",
            "put a space between block parameters: `[:a :b | …]`",
        );
        self.bump();
        let name = self.keyword_as_name(token);
        if self.at(TokenKind::Identifier) {
            // The second name of `:a:b`; its colon was taken by the first.
            self.bump();
        }
        Parameter { name, annotation: None }
    }

    fn interpolation(&mut self) -> Expr {
        let start = self.bump();
        self.body.brackets += 1;
        let mut segments = Vec::new();
        self.text_segment(start, &mut segments);
        let mut tallest = 0;
        loop {
            let expr = self.interpolated_expression();
            tallest = tallest.max(self.height);
            segments.push(Segment::Expr(expr));
            let piece = self.token();
            match piece.kind {
                TokenKind::StringMiddle | TokenKind::StringEnd => {
                    self.bump();
                    self.text_segment(piece, &mut segments);
                    if piece.kind == TokenKind::StringEnd {
                        break;
                    }
                }
                _ => break,
            }
        }
        self.body.brackets -= 1;
        self.height = tallest + 1;
        Expr { kind: ExprKind::Interpolation(segments), span: self.span_from(start.span.start) }
    }

    fn text_segment(&self, token: Token, segments: &mut Vec<Segment>) {
        let text = self.string_text(token);
        if !text.is_empty() {
            segments.push(Segment::Text(text));
        }
    }

    fn interpolated_expression(&mut self) -> Expr {
        if matches!(self.kind(), TokenKind::StringMiddle | TokenKind::StringEnd) {
            self.error(
                codes::INTERPOLATION,
                "empty interpolation {} is not allowed",
                "write `\\{` for a literal brace",
            );
            return error_expr(Span::empty(self.previous_end));
        }
        let expr = self.keyword_expression();
        if !matches!(self.kind(), TokenKind::StringMiddle | TokenKind::StringEnd) {
            let found = self.found();
            self.error(
                codes::INTERPOLATION,
                format!("Unterminated string interpolation: expected '}}', found {found}"),
                "an interpolation holds one expression; put assignments and cascades in parentheses, \
                 and write `\\{` for a literal brace",
            );
            while !matches!(self.kind(), TokenKind::StringMiddle | TokenKind::StringEnd | TokenKind::Eof)
                && !self.at_boundary()
            {
                if OPENERS.contains(self.kind()) {
                    self.skip_group();
                } else {
                    self.bump();
                }
            }
            self.error_position = self.position;
        }
        expr
    }
}
