//! Collections: on one line, or one element a line (spec 01b section 24.2).

use beamtalk_syntax::ast::Expr;
use beamtalk_text::Span;

use super::Printer;
use crate::document::Doc;

/// What stands between two commas.
struct Element {
    doc: Doc,
    span: Span,
    /// Before it, instead of a comma.
    bar: bool,
}

impl Printer<'_> {
    pub(super) fn array(&mut self, elements: &[Expr], span: Span) -> Doc {
        let elements = self.elements(elements);
        self.collection("#[", elements, "]", span)
    }

    pub(super) fn list(&mut self, elements: &[Expr], tail: Option<&Expr>, span: Span) -> Doc {
        let mut elements = self.elements(elements);
        if let Some(tail) = tail {
            let doc = self.expr(tail);
            elements.push(Element { doc, span: tail.span, bar: true });
        }
        self.collection("#(", elements, ")", span)
    }

    pub(super) fn dictionary(&mut self, pairs: &[(Expr, Expr)], span: Span) -> Doc {
        let mut elements = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let span = key.span.to(value.span);
            let key = self.expr(key);
            let arrow = self.text(" => ");
            let value = self.expr(value);
            let doc = self.documents.concat(&[key, arrow, value]);
            elements.push(Element { doc, span, bar: false });
        }
        self.collection("#{", elements, "}", span)
    }

    fn elements(&mut self, elements: &[Expr]) -> Vec<Element> {
        let element = |each: &Expr| Element { doc: self.expr(each), span: each.span, bar: false };
        elements.iter().map(element).collect()
    }

    fn collection(
        &mut self,
        open: &'static str,
        elements: Vec<Element>,
        close: &'static str,
        span: Span,
    ) -> Doc {
        let inside = span.end.saturating_sub(1);
        let mut docs = Vec::new();
        // `#(`, `#[` and `#{` are two characters.
        let mut end = span.start + 2;
        let count = elements.len();
        for (index, element) in elements.into_iter().enumerate() {
            let found = self.comments.claim(end, element.span.start);
            let (behind, above) = self.comments.split(found, end, element.span.start, false);
            if index > 0 && !element.bar {
                docs.push(self.text(","));
            }
            docs.push(self.trailing(&behind));
            docs.push(if index == 0 { self.documents.soft() } else { self.documents.line() });
            docs.push(self.hoisted(&above));
            if element.bar {
                docs.push(self.text("| "));
            }
            docs.push(element.doc);
            end = element.span.end;
        }
        let found = self.comments.claim(end, inside);
        if count == 0 && found.is_empty() {
            return self.text(format!("{open}{close}"));
        }
        let (behind, below) = self.comments.split(found, end, inside, true);
        docs.push(self.trailing(&behind));
        docs.push(self.tail(&below));
        let open = self.text(open);
        let inner = self.documents.concat(&docs);
        let inner = self.documents.nest(inner);
        let soft = self.documents.soft();
        let close = self.text(close);
        let all = self.documents.concat(&[open, inner, soft, close]);
        self.documents.group(all)
    }
}
