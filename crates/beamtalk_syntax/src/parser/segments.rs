//! Binary patterns (spec 01 section 9.2).

use beamtalk_text::Span;

use super::Parser;
use crate::ast::{BinarySegment, Ident, Pattern, PatternKind, SegmentSize};
use crate::codes;
use crate::token::TokenKind;

/// What a specifier decides; a segment decides each once.
const SPECIFIERS: &[(&str, &str)] = &[
    ("integer", "type"),
    ("float", "type"),
    ("binary", "type"),
    ("bytes", "type"),
    ("utf8", "type"),
    ("signed", "signedness"),
    ("unsigned", "signedness"),
    ("big", "endianness"),
    ("little", "endianness"),
    ("native", "endianness"),
];

const SIZE_MESSAGE: &str = "Binary segment size must be an integer literal or variable name";

impl Parser<'_> {
    /// `<<a:8, rest/binary>>`
    pub(super) fn binary_pattern(&mut self) -> Pattern {
        let start = self.bump().span.start;
        self.body.brackets += 1;
        let mut segments = Vec::new();
        while !self.at(TokenKind::RightAngles) {
            let Some(segment) = self.segment() else { break };
            segments.push(segment);
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
            if self.at(TokenKind::RightAngles) {
                self.error(
                    codes::BINARY_PATTERN,
                    "Trailing comma is not allowed before '>>' in binary pattern",
                    "remove the comma",
                );
                self.error_position = usize::MAX;
            }
        }
        if !self.at(TokenKind::RightAngles) {
            let found = self.found();
            self.error(
                codes::BINARY_PATTERN,
                format!("Expected '>>' to close binary pattern, found {found}"),
                "a segment is written `name:size/specifier`, and segments are separated by commas",
            );
            let line = self.position;
            self.skip_to(|parser| {
                matches!(parser.kind(), TokenKind::RightAngles | TokenKind::Arrow | TokenKind::Semicolon)
                    || (parser.starts_line() && parser.position != line)
            });
            self.error_position = self.position;
        }
        self.body.brackets -= 1;
        self.eat(TokenKind::RightAngles);
        Pattern { kind: PatternKind::Binary(segments), span: self.span_from(start) }
    }

    fn segment(&mut self) -> Option<BinarySegment> {
        let start = self.span().start;
        let (name, size) = match self.kind() {
            TokenKind::Identifier => {
                let name = self.bump_ident();
                let size = if self.eat(TokenKind::Colon).is_some() { self.segment_size() } else { None };
                (name, size)
            }
            // A name with its colon is one token.
            TokenKind::Keyword => {
                let token = self.bump();
                let name = self.keyword_as_name(token);
                (name, self.segment_size())
            }
            _ => {
                let found = self.found();
                self.error(
                    codes::BINARY_PATTERN,
                    format!("Expected '>>' to close binary pattern, or a segment name, found {found}"),
                    "a segment begins with a name or `_`; literals are tested in a guard",
                );
                return None;
            }
        };
        let specifiers = self.specifiers();
        let name = (name.name != "_").then_some(name);
        Some(BinarySegment { name, size, specifiers, span: self.span_from(start) })
    }

    fn segment_size(&mut self) -> Option<SegmentSize> {
        let span = self.span();
        match self.kind() {
            TokenKind::Identifier => Some(SegmentSize::Variable(self.bump_ident())),
            TokenKind::Integer => {
                let text = self.text();
                self.bump();
                let size = text.parse::<u32>().ok();
                if size.is_none() {
                    self.error_at(codes::BINARY_PATTERN, span, SIZE_MESSAGE, "write a small positive number");
                }
                size.map(|size| SegmentSize::Literal(size, span))
            }
            _ => {
                self.error(
                    codes::BINARY_PATTERN,
                    SIZE_MESSAGE,
                    "write `name:8`, or `name:length` with a name bound before",
                );
                None
            }
        }
    }

    fn specifiers(&mut self) -> Vec<Ident> {
        let mut specifiers: Vec<Ident> = Vec::new();
        if !(self.at(TokenKind::Operator) && self.text() == "/") {
            return specifiers;
        }
        loop {
            self.bump();
            if !self.at(TokenKind::Identifier) {
                let found = self.found();
                self.error(
                    codes::BINARY_PATTERN,
                    format!("Unknown binary segment specifier: {found}"),
                    "write a type, a sign or an order of bytes behind `/`",
                );
                break;
            }
            let specifier = self.bump_ident();
            self.check_specifier(&specifier, &specifiers);
            specifiers.push(specifier);
            if !(self.at(TokenKind::Operator) && self.text() == "-") {
                break;
            }
        }
        specifiers
    }

    fn check_specifier(&mut self, specifier: &Ident, before: &[Ident]) {
        let span: Span = specifier.span;
        let Some(family) = family_of(&specifier.name) else {
            let known: Vec<&str> = SPECIFIERS.iter().map(|(name, _)| *name).collect();
            let message = format!("Unknown binary segment specifier: {}", specifier.name);
            self.error_at(
                codes::BINARY_PATTERN,
                span,
                message,
                &format!("the specifiers are {}", known.join(", ")),
            );
            return;
        };
        // Beyond one of each family there is a conflict already.
        if let Some(other) = before.iter().take(3).find(|other| family_of(&other.name) == Some(family)) {
            let message = format!(
                "Conflicting binary segment {family} specifier: {} and {}",
                other.name, specifier.name
            );
            self.error_at(codes::BINARY_PATTERN, span, message, "keep one of them");
        }
    }
}

fn family_of(specifier: &str) -> Option<&'static str> {
    SPECIFIERS.iter().find(|(name, _)| *name == specifier).map(|(_, family)| *family)
}
