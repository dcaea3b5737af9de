//! Type annotations (spec 01 section 14).

use beamtalk_text::Span;

use super::{MAX_DEPTH, Parser};
use crate::ast::{Ident, TypeExpr, TypeKind, TypeParameter};
use crate::codes;
use crate::literal;
use crate::token::{Token, TokenKind};

impl Parser<'_> {
    /// `:: type` if it is there, with `parse` reading the type. A single colon is reported.
    pub(super) fn annotation(&mut self, parse: impl FnOnce(&mut Self) -> TypeExpr) -> Option<TypeExpr> {
        match self.kind() {
            // `:: ->` is the start of a return type.
            TokenKind::ColonColon if self.next().kind == TokenKind::Arrow => None,
            TokenKind::ColonColon => {
                self.bump();
                Some(parse(self))
            }
            TokenKind::Colon if !self.is_block_parameter() => {
                let span = self.bump().span;
                self.colon_annotation(span);
                Some(parse(self))
            }
            _ => None,
        }
    }

    /// `:name`, glued, belongs to the next block parameter.
    fn is_block_parameter(&self) -> bool {
        let next = self.next();
        matches!(next.kind, TokenKind::Identifier | TokenKind::Keyword) && next.span.start == self.span().end
    }

    pub(super) fn colon_annotation(&mut self, span: Span) {
        self.error_at(
            codes::COLON_ANNOTATION,
            span,
            "Use `::` for type annotations, not `:`",
            "Replace `:` with `::`",
        );
    }

    /// A name with a single colon glued to it where a name and `::` should be: reports it and
    /// answers the name.
    pub(super) fn legacy_annotated_name(&mut self) -> Ident {
        let token = self.bump();
        self.colon_annotation(Span::new(token.span.end - 1, token.span.end));
        self.keyword_as_name(token)
    }

    /// The name of a keyword token, without its colon.
    pub(super) fn keyword_as_name(&self, token: Token) -> Ident {
        let span = Span::new(token.span.start, token.span.end - 1);
        Ident { name: span.text(self.source).into(), span }
    }

    /// `type` of the grammar: a union.
    pub(super) fn type_annotation(&mut self) -> TypeExpr {
        let outer = self.type_links.take();
        self.type_links = outer.or(Some(0));
        let annotation = self.type_union();
        if outer.is_none() {
            self.type_links = None;
        }
        annotation
    }

    fn type_union(&mut self) -> TypeExpr {
        let first = self.type_chain();
        if !self.at(TokenKind::Pipe) {
            return first;
        }
        let start = first.span.start;
        let mut members = vec![first];
        while self.eat(TokenKind::Pipe).is_some() {
            members.push(self.type_chain());
        }
        TypeExpr { kind: TypeKind::Union(members), span: self.span_from(start) }
    }

    /// A type without union, for block parameters.
    pub(super) fn single_type(&mut self) -> TypeExpr {
        let parsed = self.nested(Self::type_atom);
        self.or_type_error(parsed)
    }

    fn or_type_error(&mut self, parsed: Option<TypeExpr>) -> TypeExpr {
        parsed.unwrap_or_else(|| {
            if self.at(TokenKind::LeftParen) {
                self.skip_group();
            }
            self.error_position = self.position;
            TypeExpr { kind: TypeKind::Error, span: Span::empty(self.previous_end) }
        })
    }

    fn type_chain(&mut self) -> TypeExpr {
        let mut left = self.single_type();
        let mut sign = "";
        while self.at(TokenKind::Operator) && !self.starts_next_signature() {
            let text = self.text();
            if !matches!(text, "&" | "\\" | "\\\\") {
                break;
            }
            self.check_type_operator(text, sign);
            sign = text;
            self.bump();
            let right = self.single_type();
            let span = left.span.to(right.span);
            left = TypeExpr { kind: self.type_link(text, left, right), span };
        }
        left
    }

    /// Whether the operator here is the selector of the next member.
    fn starts_next_signature(&mut self) -> bool {
        self.starts_line() && (self.one_line_signature || self.at_boundary())
    }

    fn check_type_operator(&mut self, text: &str, before: &str) {
        if text == "\\\\" {
            self.error(
                codes::TYPE_ANNOTATION,
                "Unexpected `\\\\` in type annotation; did you mean `\\`",
                "the difference of two types is written with one backslash",
            );
        }
        if !before.is_empty() && before != text {
            self.error(
                codes::TYPE_ANNOTATION,
                "Cannot mix `&` and `\\` in a type annotation without parentheses",
                "put parentheses around one of them",
            );
        }
    }

    /// Two types joined; beyond the limit for one annotation they are dropped, as chains nest.
    fn type_link(&mut self, operator: &str, left: TypeExpr, right: TypeExpr) -> TypeKind {
        let links = self.type_links.unwrap_or(0) + 1;
        self.type_links = Some(links);
        if links > MAX_DEPTH {
            self.report_too_deep();
            return TypeKind::Error;
        }
        let (left, right) = (Box::new(left), Box::new(right));
        if operator == "&" { TypeKind::Intersection(left, right) } else { TypeKind::Difference(left, right) }
    }

    fn type_atom(&mut self) -> TypeExpr {
        let start = self.span();
        match self.kind() {
            TokenKind::LeftParen => {
                self.open();
                let inner = self.type_annotation();
                if !self.at(TokenKind::RightParen) {
                    self.expected_close(
                        TokenKind::RightParen,
                        codes::TYPE_ANNOTATION,
                        "Expected ')' to close type annotation",
                    );
                }
                self.leave(TokenKind::LeftParen);
                self.eat(TokenKind::RightParen);
                TypeExpr { kind: TypeKind::Paren(Box::new(inner)), span: self.span_from(start.start) }
            }
            TokenKind::Symbol => {
                let text = self.text();
                self.bump();
                TypeExpr { kind: TypeKind::Singleton(literal::symbol(text)), span: start }
            }
            TokenKind::Identifier | TokenKind::Name => self.named_type(),
            _ => {
                self.expected_type_name();
                TypeExpr { kind: TypeKind::Error, span: Span::empty(self.previous_end) }
            }
        }
    }

    fn expected_type_name(&mut self) {
        let found = self.found();
        let help = match self.kind() {
            TokenKind::LeftBracket | TokenKind::Operator => {
                "type arguments are written in parentheses: `List(Integer)`"
            }
            _ => "a type is a class, a protocol, a symbol such as `#on`, or a union such as `Integer | nil`",
        };
        self.error(codes::TYPE_ANNOTATION, format!("Expected type name, found {found}"), help);
    }

    fn named_type(&mut self) -> TypeExpr {
        let name = self.class_name();
        let start = name.span.start;
        let is_self = name.package.is_none() && name.name.name == "Self";
        if self.at_word("class") && !self.starts_line() {
            self.bump();
            let kind = if is_self { TypeKind::SelfClass } else { TypeKind::ClassOf(name) };
            self.reject_type_arguments();
            return TypeExpr { kind, span: self.span_from(start) };
        }
        if is_self {
            self.reject_type_arguments();
            return TypeExpr { kind: TypeKind::SelfType, span: self.span_from(start) };
        }
        let mut arguments = Vec::new();
        if self.at(TokenKind::LeftParen) && !self.starts_line() {
            arguments = self.type_arguments(codes::TYPE_ANNOTATION, "Expected ')' after type arguments");
        }
        TypeExpr { kind: TypeKind::Name { name, arguments }, span: self.span_from(start) }
    }

    fn reject_type_arguments(&mut self) {
        if self.at(TokenKind::LeftParen) && !self.starts_line() {
            self.error(
                codes::TYPE_ANNOTATION,
                "`Self` and class types take no type arguments",
                "remove the parentheses",
            );
            self.skip_group();
        }
    }

    /// `(T, U)`; the current token is the parenthesis.
    pub(super) fn type_arguments(&mut self, code: &'static str, unclosed: &str) -> Vec<TypeExpr> {
        let mut arguments = Vec::new();
        self.open();
        while !self.at(TokenKind::RightParen) {
            arguments.push(self.type_annotation());
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        if !self.at(TokenKind::RightParen) {
            self.expected_close(TokenKind::RightParen, code, unclosed);
        }
        self.leave(TokenKind::LeftParen);
        self.eat(TokenKind::RightParen);
        arguments
    }

    /// `(T, K :: Printable)` after a class or protocol name, if it is there.
    pub(super) fn type_parameters(&mut self) -> Vec<TypeParameter> {
        let mut parameters = Vec::new();
        if !self.at(TokenKind::LeftParen) || self.starts_line() {
            return parameters;
        }
        self.open();
        while matches!(self.kind(), TokenKind::Identifier | TokenKind::Name) {
            let name = self.bump_ident();
            let mut bound = None;
            if self.at(TokenKind::Colon) {
                let span = self.bump().span;
                self.colon_annotation(span);
                bound = self.type_bound();
            } else if self.eat(TokenKind::ColonColon).is_some() {
                bound = self.type_bound();
            }
            parameters.push(TypeParameter { name, bound });
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        if !self.at(TokenKind::RightParen) {
            self.expected_close(
                TokenKind::RightParen,
                codes::CLASS_HEADER,
                "Expected ')' after type parameters",
            );
        }
        self.leave(TokenKind::LeftParen);
        self.eat(TokenKind::RightParen);
        parameters
    }

    fn type_bound(&mut self) -> Option<Ident> {
        if matches!(self.kind(), TokenKind::Identifier | TokenKind::Name) {
            return Some(self.bump_ident());
        }
        self.expected_type_name();
        None
    }

    /// `-> type` or `:: -> type` if it is there.
    pub(super) fn return_type(&mut self) -> Option<TypeExpr> {
        if self.at(TokenKind::ColonColon) && self.next().kind == TokenKind::Arrow {
            self.bump();
        }
        self.eat(TokenKind::Arrow)?;
        Some(self.type_annotation())
    }
}
