//! Statements, one a line, with the comments and blank lines between them (spec 01b sections 24.3
//! and 24.4).

use beamtalk_syntax::TokenKind;
use beamtalk_syntax::ast::{Block, Expr, ExprKind, Statement};
use beamtalk_text::Span;

use super::Printer;
use crate::document::Doc;

/// The statements of a method, block or file.
pub(super) struct Body {
    /// Comments on the line of what opens the body.
    pub header_trailing: Doc,
    /// Everything below it, without the first and last line break.
    pub lines: Doc,
    /// A statement without comments above or below it or on the opening line, and the comments on its
    /// own line.
    pub single: Option<(Doc, Doc)>,
    /// Whether there are neither statements nor comments.
    pub empty: bool,
    /// Whether there is nothing below the opening line.
    pub bare: bool,
    /// Whether the only statement has comments on its line.
    pub commented: bool,
}

fn end_of(statement: &Statement) -> u32 {
    statement.period.map_or(statement.span.end, |period| period.end)
}

fn start_of(statement: &Statement) -> u32 {
    statement.expects.first().map_or(statement.span.start, |expect| expect.span.start)
}

impl Printer<'_> {
    /// Statements between `from` and `to`. In a method, comments after the last statement belong to
    /// the body only if they are indented deeper than `header`, the column of its header.
    pub(super) fn body(
        &mut self,
        statements: &[Statement],
        from: u32,
        to: u32,
        header: Option<usize>,
    ) -> Body {
        let mut header_trailing = self.documents.nothing();
        let mut trailing = self.documents.nothing();
        let mut lines = Vec::new();
        let mut plain = true;
        let mut commented = false;
        let mut statement_doc = None;
        let mut end = from;
        for (index, statement) in statements.iter().enumerate() {
            let start = start_of(statement);
            let found = self.comments.claim(end, start);
            let (behind, above) = self.comments.split(found, end, start, false);
            plain &= behind.is_empty() && above.is_empty() && statement.expects.is_empty();
            let behind = self.trailing(&behind);
            if index == 0 {
                header_trailing = behind;
            } else {
                lines.push(behind);
                lines.push(self.documents.hard());
                let first = above.first().map_or(start, |comment| comment.span.start);
                if self.comments.blank_before(first) {
                    lines.push(self.documents.hard());
                }
            }
            let doc = self.expr(&statement.expr);
            let strays = self.comments.claim(start, end_of(statement));
            plain &= strays.is_empty();
            lines.push(self.leading(&above, start));
            lines.push(self.hoisted(&strays));
            for expect in &statement.expects {
                let text = self.expect_text(expect);
                lines.push(self.documents.text(text));
                lines.push(self.documents.hard());
            }
            lines.push(doc);
            statement_doc = Some(doc);
            end = end_of(statement);
        }
        let last = header.map_or(to, |column| self.comments.outdented(end, to, column));
        let found = self.comments.claim(end, last);
        let closing = header.is_none() || to as usize >= self.end();
        let (behind, below) = self.comments.split(found, end, to, closing);
        plain &= below.is_empty();
        let behind_doc = self.trailing(&behind);
        let tail = self.tail(&below);
        if statements.is_empty() {
            header_trailing = behind_doc;
            lines.push(self.only_comments(&below));
        } else {
            commented |= !behind.is_empty();
            trailing = behind_doc;
            lines.push(behind_doc);
            lines.push(tail);
        }
        let single = match (statements, statement_doc) {
            ([_], Some(doc)) if plain => Some((doc, trailing)),
            _ => None,
        };
        let bare = statements.is_empty() && below.is_empty();
        let empty = bare && behind.is_empty();
        let lines = self.documents.concat(&lines);
        Body { header_trailing, lines, single, empty, bare, commented }
    }

    fn end(&self) -> usize {
        self.source.len()
    }

    /// `[:a | statements]`
    pub(super) fn block(&mut self, block: &Block, span: Span) -> Doc {
        let mut header = String::from("[");
        for (index, parameter) in block.parameters.iter().enumerate() {
            header.push_str(if index == 0 { ":" } else { " :" });
            self.push_parameter(parameter, &mut header);
        }
        let inside = span.end.saturating_sub(1);
        let from = match self.bar_of(block, span) {
            Some(bar) => {
                header.push_str(" |");
                bar.end
            }
            None => span.start + 1,
        };
        let body = self.body(&block.body, from, inside, None);
        let has_parameters = !block.parameters.is_empty();
        if body.empty {
            header.push_str(if has_parameters { " ]" } else { "]" });
            return self.text(header);
        }
        let header = self.text(header);
        let close = self.text("]");
        match body.single {
            Some((statement, _)) if !body.commented => {
                let open = if has_parameters { self.documents.line() } else { self.documents.soft() };
                let inner = self.documents.concat(&[open, statement]);
                let inner = self.documents.nest(inner);
                let soft = self.documents.soft();
                let all = self.documents.concat(&[header, inner, soft, close]);
                self.documents.group(all)
            }
            _ if body.bare => {
                let hard = self.documents.hard();
                self.documents.concat(&[header, body.header_trailing, hard, close])
            }
            _ => {
                let hard = self.documents.hard();
                let inner = self.documents.concat(&[hard, body.lines]);
                let inner = self.documents.nest(inner);
                self.documents.concat(&[header, body.header_trailing, inner, hard, close])
            }
        }
    }

    /// The bar after the parameters.
    fn bar_of(&self, block: &Block, span: Span) -> Option<Span> {
        let parameter = block.parameters.last()?;
        let annotation = parameter.annotation.as_ref().map(|annotation| annotation.span.end);
        let end = annotation.unwrap_or(parameter.name.span.end);
        self.token_of_kind(TokenKind::Pipe, Span::new(end, span.end))
    }

    /// Whether a block may be opened in place: it has one statement (spec 01b section 24.2).
    pub(super) fn opens(expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Block(block) if block.body.len() == 1)
    }
}
