//! `match:` and patterns (spec 01b section 24.2).

use std::fmt::Write as _;

use beamtalk_syntax::ast::{
    Arm, BinarySegment, Expr, ExprKind, Ident, Match, Pattern, PatternKind, RestPattern, SegmentSize,
};
use beamtalk_text::Span;

use super::Printer;
use super::signature::class_name;
use crate::document::Doc;
use crate::spelling;

impl Printer<'_> {
    /// One arm on one line, several one a line.
    pub(super) fn matching(&mut self, matching: &Match, span: Span) -> Doc {
        let keyword = if matching.exhaustive { " matchExhaustive: [" } else { " match: [" };
        let mut head = vec![self.expr(&matching.scrutinee)];
        head.push(self.text(keyword));
        let inside = span.end.saturating_sub(1);
        let bracket = self.token_from(matching.keyword_span.end);
        let mut end = bracket.map_or(matching.keyword_span.end, |token| token.span.end);
        let mut docs = Vec::new();
        let mut plain = matching.arms.len() == 1;
        for (index, arm) in matching.arms.iter().enumerate() {
            let found = self.comments.claim(end, arm.span.start);
            plain &= found.is_empty();
            let (behind, above) = self.comments.split(found, end, arm.span.start, false);
            if index > 0 {
                docs.push(self.text(";"));
            }
            docs.push(self.trailing(&behind));
            docs.push(self.documents.hard());
            docs.push(self.hoisted(&above));
            docs.push(self.arm(arm));
            end = arm.span.end;
        }
        let found = self.comments.claim(end, inside);
        plain &= found.is_empty();
        if plain && let [.., arm] = docs.as_slice() {
            head.push(*arm);
        } else {
            let (behind, below) = self.comments.split(found, end, inside, true);
            docs.push(self.trailing(&behind));
            docs.push(self.tail(&below));
            let inner = self.documents.concat(&docs);
            head.push(self.documents.nest(inner));
            head.push(self.documents.hard());
        }
        head.push(self.text("]"));
        self.documents.concat(&head)
    }

    fn arm(&mut self, arm: &Arm) -> Doc {
        let pattern = self.pattern(&arm.pattern);
        let mut docs = vec![self.text(pattern)];
        if let Some(guard) = &arm.guard {
            docs.push(self.text(" when: ["));
            docs.push(self.expr(guard));
            docs.push(self.text("]"));
        }
        docs.push(self.text(" -> "));
        docs.push(self.expr(&arm.body));
        self.documents.concat(&docs)
    }

    /// A pattern; it is on one line.
    pub(super) fn pattern(&self, pattern: &Pattern) -> String {
        let mut out = String::new();
        self.push_pattern(pattern, &mut out);
        out
    }

    fn push_pattern(&self, pattern: &Pattern, out: &mut String) {
        match &pattern.kind {
            PatternKind::Wildcard => out.push('_'),
            PatternKind::Variable(name) => out.push_str(name),
            PatternKind::Typed { name, class } => {
                let _ = write!(out, "{} :: {}", name.name, class_name(class));
            }
            PatternKind::Literal(literal) => self.push_literal(literal, out),
            PatternKind::Tuple(elements) => self.push_patterns("{", elements, None, "}", out),
            PatternKind::Array { elements, rest } => {
                self.push_patterns("#[", elements, rest.as_ref(), "]", out);
            }
            PatternKind::List { elements, rest } => {
                self.push_patterns("#(", elements, rest.as_ref(), ")", out);
            }
            PatternKind::Dictionary(pairs) => {
                out.push_str("#{");
                for (index, (key, value)) in pairs.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    self.push_literal(key, out);
                    out.push_str(" => ");
                    self.push_pattern(value, out);
                }
                out.push('}');
            }
            PatternKind::Constructor { class, parts } => {
                out.push_str(&class_name(class));
                for (part, binding) in parts {
                    let _ = write!(out, " {} ", part.name);
                    self.push_pattern(binding, out);
                }
            }
            PatternKind::Binary(segments) => {
                out.push_str("<<");
                for (index, segment) in segments.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    push_segment(segment, out);
                }
                out.push_str(">>");
            }
            PatternKind::Error => out.push_str(self.slice(pattern.span)),
        }
    }

    fn push_literal(&self, literal: &Expr, out: &mut String) {
        let text = self.slice(literal.span);
        match &literal.kind {
            ExprKind::Integer(_) | ExprKind::Float(_) => out.push_str(&self.number_text(literal.span)),
            ExprKind::Symbol(_) => out.push_str(&spelling::symbol(text)),
            ExprKind::String(_) => out.push_str(&spelling::string_text(text)),
            _ => out.push_str(text),
        }
    }

    fn push_patterns(
        &self,
        open: &str,
        elements: &[Pattern],
        rest: Option<&RestPattern>,
        close: &str,
        out: &mut String,
    ) {
        out.push_str(open);
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.push_pattern(element, out);
        }
        if let Some(rest) = rest {
            let comma = if elements.is_empty() { "" } else { ", " };
            let _ = write!(out, "{comma}...{}", name_or_blank(rest.name.as_ref()));
        }
        out.push_str(close);
    }
}

/// `name:size/type-signedness-endianness`
fn push_segment(segment: &BinarySegment, out: &mut String) {
    out.push_str(name_or_blank(segment.name.as_ref()));
    match &segment.size {
        Some(SegmentSize::Literal(size, _)) => {
            let _ = write!(out, ":{size}");
        }
        Some(SegmentSize::Variable(name)) => {
            let _ = write!(out, ":{}", name.name);
        }
        None => {}
    }
    for (index, specifier) in segment.specifiers.iter().enumerate() {
        let _ = write!(out, "{}{}", if index == 0 { '/' } else { '-' }, specifier.name);
    }
}

fn name_or_blank(name: Option<&Ident>) -> &str {
    name.map_or("_", |name| name.name.as_str())
}
