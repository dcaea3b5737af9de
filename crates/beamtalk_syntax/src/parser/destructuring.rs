//! Destructuring assignment: literals that turn out to be patterns (spec 01 sections 7.3 and 18).

use beamtalk_text::Span;

use super::pattern::pattern;
use super::{Deferred, DeferredForm, Parser};
use crate::ast::{Expr, ExprKind, Pattern, PatternKind, RestPattern};
use crate::codes;

impl Parser<'_> {
    /// What was parsed as a literal is left of `:=`: read it as a pattern (spec 01 section 18).
    pub(super) fn reinterpret(&mut self, expr: Expr, deferred: Vec<Deferred>) -> Pattern {
        self.expr_to_pattern(expr, &mut deferred.into_iter().peekable())
    }

    fn expr_to_pattern(&mut self, expr: Expr, deferred: &mut DeferredQueue) -> Pattern {
        let span = expr.span;
        let kind = match expr.kind {
            ExprKind::Variable(name) if name == "_" => PatternKind::Wildcard,
            ExprKind::Variable(name) => PatternKind::Variable(name),
            ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::Character(_)
            | ExprKind::String(_)
            | ExprKind::Symbol(_)
            | ExprKind::Nil => PatternKind::Literal(Box::new(expr)),
            ExprKind::Array(elements) => {
                let (elements, rest) = self.exprs_to_patterns(elements, deferred);
                PatternKind::Array { elements, rest }
            }
            ExprKind::List { elements, tail } => {
                if let Some(tail) = tail {
                    self.cons_in_pattern(tail.span);
                    self.error_position = usize::MAX;
                }
                let (elements, rest) = self.exprs_to_patterns(elements, deferred);
                PatternKind::List { elements, rest }
            }
            ExprKind::Dictionary(pairs) => {
                let mut patterns = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    if !matches!(key.kind, ExprKind::Symbol(_) | ExprKind::String(_) | ExprKind::Error) {
                        self.not_a_pattern(key.span, "map keys must be symbols or strings");
                    }
                    patterns.push((key, self.expr_to_pattern(value, deferred)));
                }
                PatternKind::Dictionary(patterns)
            }
            ExprKind::Error => match take_deferred(deferred, span) {
                Some(DeferredForm::Tuple(tuple)) => return tuple,
                Some(DeferredForm::Rest(_)) => {
                    self.rest_not_last(span);
                    PatternKind::Error
                }
                None => PatternKind::Error,
            },
            _ => {
                self.not_a_pattern(span, "name the value first and compare afterwards");
                PatternKind::Error
            }
        };
        pattern(kind, span)
    }

    fn exprs_to_patterns(
        &mut self,
        exprs: Vec<Expr>,
        deferred: &mut DeferredQueue,
    ) -> (Vec<Pattern>, Option<RestPattern>) {
        let mut rest = None;
        let last = exprs.len().saturating_sub(1);
        let mut patterns = Vec::with_capacity(exprs.len());
        for (index, expr) in exprs.into_iter().enumerate() {
            if matches!(expr.kind, ExprKind::Error)
                && let Some(form) = take_deferred(deferred, expr.span)
            {
                match form {
                    DeferredForm::Tuple(tuple) => patterns.push(tuple),
                    DeferredForm::Rest(found) if index == last => rest = Some(found),
                    DeferredForm::Rest(_) => self.rest_not_last(expr.span),
                }
                continue;
            }
            patterns.push(self.expr_to_pattern(expr, deferred));
        }
        (patterns, rest)
    }

    fn not_a_pattern(&mut self, span: Span, help: &str) {
        self.error_at(
            codes::DESTRUCTURING,
            span,
            "Destructuring patterns may only contain identifiers, '_', or literals",
            help,
        );
    }

    pub(super) fn cons_in_pattern(&mut self, span: Span) {
        self.error_at(
            codes::DESTRUCTURING,
            span,
            "Cons syntax `#(head | tail)` is not supported in destructuring patterns",
            "write `#(head, ...tail)`",
        );
        self.error_position = self.position;
    }

    pub(super) fn rest_not_last(&mut self, span: Span) {
        self.error_at(
            codes::DESTRUCTURING,
            span,
            "Rest pattern `...` must be the last element",
            "move it to the end; it takes what the other elements leave",
        );
    }
}

/// Deferred pieces in source order, the order in which reinterpretation comes to them.
type DeferredQueue = std::iter::Peekable<std::vec::IntoIter<Deferred>>;

fn take_deferred(deferred: &mut DeferredQueue, span: Span) -> Option<DeferredForm> {
    while deferred.next_if(|each| each.span.start < span.start).is_some() {}
    deferred.next_if(|each| each.span == span).map(|each| each.form)
}
