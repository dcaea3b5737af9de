//! Printing the canonical tree.
//!
//! Files, classes and protocols are lines; they are written into text directly. Bodies are documents,
//! laid out one member at a time.

mod body;
mod class;
mod collection;
mod expression;
mod file;
mod message;
mod pattern;
mod protocol;
mod signature;

pub(crate) use file::print;

use std::borrow::Cow;

use beamtalk_syntax::{Token, TokenKind};
use beamtalk_text::Span;

use crate::comments::{Comment, Comments};
use crate::document::{Doc, Documents};
use crate::layout::{INDENT, lay_out};
use crate::spelling;

/// Prints one source.
struct Printer<'s> {
    source: &'s str,
    tokens: &'s [Token],
    comments: Comments<'s>,
    documents: Documents<'s>,
    /// Interpolations around the current expression.
    interpolations: u32,
}

/// An item or member, printed.
struct Chunk {
    /// Its lines, comments included, with the last line feed.
    text: String,
    /// Whether a blank line stood above it.
    blank: bool,
    /// Its place among its siblings.
    rank: u8,
}

/// Chunks in canonical order.
fn in_order(mut chunks: Vec<Chunk>) -> Vec<Chunk> {
    chunks.sort_by_key(|chunk| chunk.rank);
    chunks
}

impl<'s> Printer<'s> {
    fn slice(&self, span: Span) -> &'s str {
        span.text(self.source)
    }

    /// The document of a piece of source as it is.
    fn verbatim(&mut self, span: Span) -> Doc {
        let text = self.slice(span);
        self.documents.text(text)
    }

    fn text(&mut self, text: impl Into<Cow<'s, str>>) -> Doc {
        self.documents.text(text)
    }

    /// The first token from `offset` on that is no comment.
    fn token_from(&self, offset: u32) -> Option<Token> {
        let first = self.tokens.partition_point(|token| token.span.start < offset);
        self.tokens[first..].iter().copied().find(|token| !token.kind.is_comment())
    }

    /// The first token of a kind in `span`.
    fn token_of_kind(&self, kind: TokenKind, span: Span) -> Option<Span> {
        let first = self.tokens.partition_point(|token| token.span.start < span.start);
        let within = self.tokens[first..].iter().take_while(|token| token.span.end <= span.end);
        within.map(|token| (token.kind, token.span)).find(|(each, _)| *each == kind).map(|(_, span)| span)
    }

    /// The last token within `span` that is no comment.
    fn last_token(&self, span: Span) -> Option<Token> {
        let end = self.tokens.partition_point(|token| token.span.end <= span.end);
        let token =
            self.tokens[..end].iter().rev().find(|token| !token.kind.is_comment() && !token.span.is_empty());
        token.copied()
    }

    fn spell(&self, comment: Comment) -> Cow<'s, str> {
        spelling::comment(comment.kind, self.slice(comment.span))
    }

    /// Comments behind the end of a line.
    fn trailing(&mut self, comments: &[Comment]) -> Doc {
        let spelled: Vec<Cow<'s, str>> = comments.iter().map(|comment| self.spell(*comment)).collect();
        match spelled.as_slice() {
            [] => self.documents.nothing(),
            _ => self.documents.trailing(spelled.join(" ")),
        }
    }

    /// Comments on lines of their own, each ended by a line break, above something at `below`.
    fn leading(&mut self, comments: &[Comment], below: u32) -> Doc {
        let mut docs = Vec::new();
        for (index, comment) in comments.iter().enumerate() {
            let text = self.spell(*comment);
            docs.push(self.documents.text(text));
            docs.push(self.documents.hard());
            if self.gap_after(comments, index, below) {
                docs.push(self.documents.hard());
            }
        }
        self.documents.concat(&docs)
    }

    /// Comments from inside a statement on lines of their own above it.
    fn hoisted(&mut self, comments: &[Comment]) -> Doc {
        let mut docs = Vec::new();
        for (index, comment) in comments.iter().enumerate() {
            let text = self.spell(*comment);
            docs.push(self.documents.text(text));
            docs.push(self.documents.hard());
            if ends_doc_run(comments, index) {
                docs.push(self.documents.hard());
            }
        }
        self.documents.concat(&docs)
    }

    /// The comments of a body without statements.
    fn only_comments(&mut self, comments: &[Comment]) -> Doc {
        let mut docs = Vec::new();
        for (index, comment) in comments.iter().enumerate() {
            if index > 0 {
                docs.push(self.documents.hard());
                if self.comments.blank_before(comment.span.start) {
                    docs.push(self.documents.hard());
                }
            }
            let text = self.spell(*comment);
            docs.push(self.documents.text(text));
        }
        self.documents.concat(&docs)
    }

    /// Comments at the end of a body: each begins a line.
    fn tail(&mut self, comments: &[Comment]) -> Doc {
        let mut docs = Vec::new();
        for comment in comments {
            if self.comments.blank_before(comment.span.start) {
                docs.push(self.documents.hard());
            }
            docs.push(self.documents.hard());
            let text = self.spell(*comment);
            docs.push(self.documents.text(text));
        }
        self.documents.concat(&docs)
    }

    /// Whether a blank line belongs between a comment and what follows it, which is the next comment
    /// or the thing at `below`.
    fn gap_after(&self, comments: &[Comment], index: usize, below: u32) -> bool {
        let next = comments.get(index + 1).map_or(below, |next| next.span.start);
        ends_doc_run(comments, index) || self.comments.blank_before(next)
    }

    /// `comments` as lines of text at `indent`, each with its line feed.
    fn comment_lines(&mut self, comments: &[Comment], below: u32, indent: u32, out: &mut String) {
        for index in 0..comments.len() {
            push_indented(&self.spell(comments[index]), indent, out);
            if self.gap_after(comments, index, below) {
                out.push('\n');
            }
        }
    }

    /// The lines of a doc comment.
    fn doc_lines(&mut self, span: Span, indent: u32, out: &mut String) {
        for comment in self.comments.claim(span.start, span.end) {
            push_indented(&self.spell(comment), indent, out);
        }
    }

    /// Lay out `doc` at `indent` and forget all documents.
    fn flush(&mut self, doc: Doc, indent: u32, out: &mut String) {
        lay_out(&self.documents, doc, indent, out);
        out.push('\n');
        self.documents.clear();
    }
}

/// Whether a `///` run ends here; it belongs to nothing and stays apart from what follows.
fn ends_doc_run(comments: &[Comment], index: usize) -> bool {
    let is_doc = |comment: &Comment| comment.kind == TokenKind::DocComment;
    is_doc(&comments[index]) && !comments.get(index + 1).is_some_and(is_doc)
}

fn push_indented(text: &str, indent: u32, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent as usize));
    out.push_str(text);
    out.push('\n');
}

/// Indentation of members.
const MEMBER: u32 = INDENT;
