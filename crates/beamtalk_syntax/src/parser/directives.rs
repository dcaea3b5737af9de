//! `@primitive`, `@intrinsic` and `@expect` (spec 01 section 15).

use super::{Parser, Within};
use crate::ast::{Expect, Expr, ExprKind, Ident};
use crate::codes;
use crate::token::TokenKind;

/// What `@expect` can name.
const CATEGORIES: &[&str] = &[
    "dnu",
    "type",
    "unused",
    "dead_assignment",
    "deprecation",
    "actor_new",
    "visibility",
    "unresolved_class",
    "unresolved_ffi",
    "arity_mismatch",
    "shadowed_class",
    "type_annotation",
    "inheritance",
    "sendability",
    "all",
];

impl Parser<'_> {
    /// Consecutive `@expect` directives.
    pub(super) fn expects(&mut self) -> Vec<Expect> {
        let mut expects = Vec::new();
        while self.at(TokenKind::Expect) {
            expects.extend(self.expect_directive());
        }
        expects
    }

    fn expect_directive(&mut self) -> Option<Expect> {
        let start = self.bump().span;
        if !self.at(TokenKind::Identifier) || self.starts_line() {
            let help = format!("valid categories are: {}", CATEGORIES.join(", "));
            self.error_at(codes::DIRECTIVE, start, "@expect must be followed by a category name", &help);
            if !self.starts_line() {
                self.skip_line();
            }
            return None;
        }
        let category = self.bump_ident();
        if !CATEGORIES.contains(&category.name.as_str()) {
            let valid = CATEGORIES.join(", ");
            self.error_at(
                codes::DIRECTIVE,
                category.span,
                format!("unknown @expect category '{}', valid categories are: {valid}", category.name),
                "use one of the listed categories",
            );
        }
        let mut reason = None;
        if self.at(TokenKind::String) && !self.starts_line() {
            let token = self.bump();
            reason = Some(self.string_text(token));
        }
        Some(Expect { category, reason, span: self.span_from(start.start) })
    }

    pub(super) fn primitive(&mut self) -> Expr {
        let directive = self.bump();
        let intrinsic = directive.kind == TokenKind::Intrinsic;
        let named = !self.starts_line();
        let name = match self.kind() {
            TokenKind::String if named => {
                let token = self.bump();
                Some(self.string_text(token))
            }
            TokenKind::Identifier | TokenKind::Name if named => {
                let Ident { name, .. } = self.bump_ident();
                Some(name.to_string())
            }
            _ => None,
        };
        let span = self.span_from(directive.span.start);
        if matches!(self.body.within, Within::File | Within::Default) {
            let word = self.text_of(directive);
            self.error_at(
                codes::DIRECTIVE,
                span,
                format!("{word} can only appear inside a method body"),
                "primitives are the bodies of standard-library methods",
            );
        } else if intrinsic && name.is_none() {
            self.error_at(
                codes::DIRECTIVE,
                span,
                "@intrinsic must be followed by a quoted selector or identifier",
                "name the intrinsic on the same line",
            );
        }
        Expr { kind: ExprKind::Primitive { intrinsic, name }, span }
    }
}
