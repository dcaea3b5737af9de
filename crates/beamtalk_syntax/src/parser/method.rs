//! Methods: head, parameters, body (spec 01 sections 11 and 12).

use beamtalk_text::Span;

use super::{Body, Parser, Within};
use crate::ast::{Doc, Expect, Extension, Ident, Method, MethodModifier, Parameter, Signature};
use crate::codes;
use crate::token::{BINARY_SELECTORS, TokenKind};

impl Parser<'_> {
    /// A method of a class body.
    pub(super) fn method(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> Method {
        let start = self.token();
        let body = Body { within: Within::Method, header_column: self.column_of(start), brackets: 0 };
        self.method_in(body, doc, expects)
    }

    fn method_in(&mut self, body: Body, doc: Option<Doc>, expects: Vec<Expect>) -> Method {
        let start = self.span().start;
        let modifiers = self.method_modifiers();
        let signature = self.signature();
        let return_type = self.return_type();
        let outer = std::mem::replace(&mut self.body, body);
        self.boundary = None;
        self.fat_arrow();
        let header_span = self.span_from(start);
        self.misplaced_expect();
        let statements = self.statements();
        self.body = outer;
        self.boundary = None;
        Method {
            doc,
            expects,
            modifiers,
            signature,
            return_type,
            body: statements,
            header_span,
            span: self.span_from(start),
        }
    }

    fn fat_arrow(&mut self) {
        if self.eat(TokenKind::FatArrow).is_some() {
            return;
        }
        if !self.foreign_method_head() {
            let found = self.found();
            let help = self.missing_arrow_help();
            let message = format!("Expected '=>' after method selector, found {found}");
            self.error(codes::METHOD_HEAD, message, help);
        }
        if !self.starts_line() {
            // What is left of the head; the body may follow on the next lines.
            let start = self.position;
            self.skip_to(|parser| {
                parser.at(TokenKind::FatArrow) || (parser.starts_line() && parser.position != start)
            });
            self.eat(TokenKind::FatArrow);
        }
        self.error_position = self.position;
    }

    fn missing_arrow_help(&self) -> &'static str {
        let before = &self.source[..self.previous_end as usize];
        let is_data = ["field", "state", "classState"].iter().any(|word| before.ends_with(word));
        match self.kind() {
            _ if self.starts_line() => "a method is written `selector => body`",
            TokenKind::Identifier if is_data => "data is declared with a colon: `field: name = value`",
            TokenKind::Identifier => "a parameter stands behind a keyword with a colon: `at: index => body`",
            TokenKind::Comma => "each parameter has a keyword of its own: `at: index put: value => body`",
            _ => "a method is written `selector => body`",
        }
    }

    /// A directive behind `=>` on the header line belongs to no statement line of its own.
    fn misplaced_expect(&mut self) {
        if self.at(TokenKind::Expect) && !self.starts_line() {
            self.error(
                codes::DIRECTIVE,
                "@expect in a class body must precede a state/field or method declaration",
                "put the directive above the method, or on a line of its own in the body",
            );
        }
    }

    fn method_modifiers(&mut self) -> Vec<(MethodModifier, Span)> {
        let mut modifiers = Vec::new();
        while self.at(TokenKind::Identifier) {
            let next = self.next().kind;
            let named = matches!(
                next,
                TokenKind::FatArrow | TokenKind::Arrow | TokenKind::ColonColon | TokenKind::Eof
            );
            let modifier = match self.text() {
                "sealed" => MethodModifier::Sealed,
                "class" if !named => MethodModifier::Class,
                "internal" if !named => MethodModifier::Internal,
                _ => break,
            };
            modifiers.push((modifier, self.bump().span));
        }
        modifiers
    }

    /// `signature` of the grammar.
    pub(super) fn signature(&mut self) -> Signature {
        match self.kind() {
            TokenKind::Identifier => Signature::Unary(self.bump_ident()),
            TokenKind::Keyword => self.keyword_signature(),
            kind if BINARY_SELECTORS.contains(kind) => {
                let operator = self.bump_ident();
                let parameter = self.parameter(
                    "Expected parameter name after binary selector",
                    "a binary method is written `+ other => …`",
                );
                Signature::Binary(operator, parameter)
            }
            TokenKind::Name => {
                self.error(
                    codes::METHOD_HEAD,
                    format!("Expected method selector, found class name {}", self.text()),
                    "selectors start with a small letter",
                );
                Signature::Unary(self.bump_ident())
            }
            _ => {
                let found = self.found();
                self.error(
                    codes::METHOD_HEAD,
                    format!("Expected method selector, found {found}"),
                    "a method is written `name => …`, `+ other => …` or `at: index put: value => …`",
                );
                Signature::Unary(Ident { name: "".into(), span: Span::empty(self.previous_end) })
            }
        }
    }

    fn keyword_signature(&mut self) -> Signature {
        let mut parts = Vec::new();
        while self.at(TokenKind::Keyword) && (parts.is_empty() || !self.ends_keyword_signature()) {
            let part = self.bump_ident();
            let parameter = self.parameter(
                "Expected parameter name after keyword",
                "a keyword method is written `at: index put: value => …`",
            );
            parts.push((part, parameter));
        }
        Signature::Keyword(parts)
    }

    fn parameter(&mut self, missing: &str, help: &str) -> Parameter {
        let name = match self.kind() {
            TokenKind::Identifier => self.bump_ident(),
            TokenKind::Keyword if self.next().kind == TokenKind::Name => {
                let name = self.legacy_annotated_name();
                let annotation = Some(self.type_annotation());
                return Parameter { name, annotation };
            }
            _ => {
                let found = self.found();
                self.error(codes::METHOD_HEAD, format!("{missing}, found {found}"), help);
                // On the next line it is the body's.
                let of_head = !self.starts_line();
                if of_head
                    && matches!(
                        self.kind(),
                        TokenKind::Name | TokenKind::Integer | TokenKind::String | TokenKind::Error
                    )
                {
                    self.bump();
                }
                Ident { name: "".into(), span: Span::empty(self.previous_end) }
            }
        };
        let annotation = self.annotation(Self::type_annotation);
        Parameter { name, annotation }
    }

    /// A standalone method; lookahead has seen `Target [class] >> head`.
    pub(super) fn extension(&mut self, doc: Option<Doc>, expects: Vec<Expect>) -> Extension {
        let start = self.token();
        let target = self.class_name();
        let class_side = self.at_word("class");
        if class_side {
            self.bump();
        }
        self.eat(TokenKind::RightAngles);
        let body = Body { within: Within::Extension, header_column: self.column_of(start), brackets: 0 };
        let mut method = self.method_in(body, doc, expects);
        if let Some(index) =
            method.modifiers.iter().position(|(modifier, _)| *modifier == MethodModifier::Class)
        {
            let span = method.modifiers[index].1;
            let name = &target.name.name;
            self.error_at(
                codes::METHOD_HEAD,
                span,
                "Expected method selector, found class",
                &format!("a class method is written `{name} class >> selector => body`"),
            );
            method.modifiers.retain(|(modifier, _)| *modifier != MethodModifier::Class);
        }
        Extension { target, class_side, method, span: self.span_from(start.span.start) }
    }
}
