//! Doc comments: which belong to a declaration, and which to nothing (spec 01 section 2).

use beamtalk_text::{Category, Diagnostic, Span};

use super::Parser;
use crate::ast::Doc;
use crate::codes;
use crate::lexer::MAX_DIAGNOSTICS;
use crate::token::TokenKind;

impl Parser<'_> {
    /// The last unbroken run of `///` lines directly above the token `declaration`.
    pub(super) fn doc_of(&self, declaration: usize) -> Option<Doc> {
        let mut first = declaration;
        while let Some(before) = first.checked_sub(1) {
            let token = self.tokens[before];
            if token.kind != TokenKind::DocComment
                || !self.is_next_line(token.span, self.tokens[first].span)
                || !self.is_own_line(before)
            {
                break;
            }
            first = before;
        }
        if first == declaration {
            return None;
        }
        let lines: Vec<&str> = self.tokens[first..declaration]
            .iter()
            .map(|token| doc_line(token.span.text(self.source)))
            .collect();
        let span = self.tokens[first].span.to(self.tokens[declaration - 1].span);
        Some(Doc { text: lines.join("\n"), span })
    }

    /// Whether `below` begins on the line after `above`, with nothing but blanks between.
    fn is_next_line(&self, above: Span, below: Span) -> bool {
        let gap = Span::new(above.end, below.start).text(self.source);
        gap.bytes().filter(|byte| *byte == b'\n').count() == 1
    }

    /// Whether no code stands before the comment on its line.
    fn is_own_line(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return true };
        let gap = Span::new(self.tokens[before].span.end, self.tokens[index].span.start);
        gap.text(self.source).contains('\n')
    }

    /// Warn of `///` runs that no declaration took, once per place.
    pub(super) fn report_detached_docs(&mut self) {
        let mut declarations = std::mem::take(&mut self.declarations).into_iter().peekable();
        let mut index = 0;
        while index < self.tokens.len() {
            if !self.tokens[index].kind.is_comment() {
                index += 1;
                continue;
            }
            let group = index;
            while self.tokens[index].kind.is_comment() {
                index += 1;
            }
            while declarations.next_if(|declaration| *declaration < index).is_some() {}
            let declared = declarations.peek() == Some(&index);
            let Some(doc) = (group..index).rfind(|at| self.tokens[*at].kind == TokenKind::DocComment) else {
                continue;
            };
            if !(declared && self.doc_of(index).is_some()) {
                self.detached_doc(self.tokens[doc].span, declared);
            }
        }
    }

    fn detached_doc(&mut self, span: Span, declared: bool) {
        let (reason, help) = if declared {
            ("blank line or // comment breaks attachment", "move the comment directly above the declaration")
        } else {
            (
                "/// only attaches to class, method, or state declarations",
                "write an ordinary comment with `//`",
            )
        };
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let message = format!("doc comment not attached to any declaration ({reason})");
            self.diagnostics.push(
                Diagnostic::warning(codes::DETACHED_DOC, span, message)
                    .with_help(help)
                    .in_category(Category::Lint),
            );
        }
    }
}

fn doc_line(text: &str) -> &str {
    let text = text.trim_end_matches('\r');
    text.strip_prefix("/// ").or_else(|| text.strip_prefix("///")).unwrap_or(text)
}
