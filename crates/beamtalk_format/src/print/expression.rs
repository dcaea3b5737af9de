//! Expressions other than messages and collections.

use std::borrow::Cow;

use beamtalk_syntax::TokenKind;
use beamtalk_syntax::ast::{Expr, ExprKind, Segment};
use beamtalk_text::Span;

use super::Printer;
use crate::document::Doc;
use crate::spelling;

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc {
        match &expr.kind {
            ExprKind::Integer(_) | ExprKind::Float(_) => self.number(expr.span),
            ExprKind::String(_) => self.string(expr.span),
            ExprKind::Interpolation(segments) => self.interpolation(segments, expr.span),
            ExprKind::Symbol(_) => {
                let symbol = spelling::symbol(expr.span.text(self.source));
                self.text(symbol)
            }
            ExprKind::Character(_)
            | ExprKind::Variable(_)
            | ExprKind::SelfRef
            | ExprKind::Super
            | ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Class(_)
            | ExprKind::Error => self.verbatim(expr.span),
            ExprKind::Field { receiver, name } => {
                let receiver = self.expr(receiver);
                let dot = self.text(".");
                let name = self.verbatim(name.span);
                self.documents.concat(&[receiver, dot, name])
            }
            ExprKind::Paren(inner) => self.around("(", inner, ")"),
            ExprKind::Block(block) => self.block(block, expr.span),
            ExprKind::List { elements, tail } => self.list(elements, tail.as_deref(), expr.span),
            ExprKind::Array(elements) => self.array(elements, expr.span),
            ExprKind::Dictionary(pairs) => self.dictionary(pairs, expr.span),
            ExprKind::Send(send) => self.send(send),
            ExprKind::Cascade { receiver, messages } => self.cascade(receiver, messages),
            ExprKind::Assign(assign) => {
                let target = self.expr(&assign.target);
                let mut sign = String::new();
                self.push_annotation(assign.annotation.as_ref(), &mut sign);
                sign.push_str(" := ");
                let sign = self.text(sign);
                let value = self.expr(&assign.value);
                self.documents.concat(&[target, sign, value])
            }
            ExprKind::Destructure { pattern, value } => {
                let pattern = self.pattern(pattern);
                let pattern = self.text(pattern + " := ");
                let value = self.expr(value);
                self.documents.concat(&[pattern, value])
            }
            ExprKind::Return(value) => self.around("^", value, ""),
            ExprKind::Cast(send) => self.around("", send, "!"),
            ExprKind::Match(matching) => self.matching(matching, expr.span),
            ExprKind::Primitive { name, .. } => self.primitive(name.is_some(), expr.span),
        }
    }

    fn around(&mut self, open: &'static str, inner: &Expr, close: &'static str) -> Doc {
        let open = self.text(open);
        let inner = self.expr(inner);
        let close = self.text(close);
        self.documents.concat(&[open, inner, close])
    }

    /// A number; in patterns its sign may stand apart.
    pub(super) fn number_text(&self, span: Span) -> Cow<'_, str> {
        let text = span.text(self.source);
        match self.last_token(span) {
            Some(digits) if digits.span.start > span.start => {
                Cow::Owned(format!("-{}", digits.span.text(self.source)))
            }
            _ => Cow::Borrowed(text),
        }
    }

    fn number(&mut self, span: Span) -> Doc {
        let text = self.number_text(span).into_owned();
        self.text(text)
    }

    fn string(&mut self, span: Span) -> Doc {
        let text = spelling::string_text(span.text(self.source));
        self.text(text)
    }

    /// `@primitive "name"`
    fn primitive(&mut self, named: bool, span: Span) -> Doc {
        let keyword = self.token_from(span.start).map_or(span, |token| token.span);
        let keyword = self.verbatim(keyword);
        match self.last_token(span) {
            Some(name) if named => {
                let space = self.text(" ");
                let name = self.verbatim(name.span);
                self.documents.concat(&[keyword, space, name])
            }
            _ => keyword,
        }
    }

    /// A string with expressions in it is on one line, but for line feeds of its text. Where an
    /// expression cannot be, or has comments, the whole string stays as written.
    fn interpolation(&mut self, segments: &[Segment], span: Span) -> Doc {
        if !self.comments.claim(span.start, span.end).is_empty() {
            return self.verbatim(span);
        }
        self.interpolations += 1;
        let mut docs = Vec::new();
        let mut at = span.start;
        let mut whole = true;
        for segment in segments {
            let Segment::Expr(inner) = segment else { continue };
            let text = self.string_piece(at);
            docs.push(self.text(text));
            let doc = self.expr(inner);
            whole &= !self.documents.is_forced(doc);
            docs.push(self.documents.flat(doc));
            at = inner.span.end;
        }
        self.interpolations -= 1;
        if !whole {
            return self.verbatim(span);
        }
        let text = self.string_piece(at);
        docs.push(self.text(text));
        self.documents.concat(&docs)
    }

    /// The piece of a string from `offset` to the next expression or the end.
    fn string_piece(&self, offset: u32) -> String {
        let piece = self.token_from(offset).filter(|token| {
            matches!(token.kind, TokenKind::StringStart | TokenKind::StringMiddle | TokenKind::StringEnd)
        });
        // A piece that is not there would be a mistake of the parser, and then the tree differs.
        piece.map_or_else(String::new, |token| {
            spelling::string_text(token.span.text(self.source)).into_owned()
        })
    }
}
