//! Comments by their place in the source.
//!
//! Whoever prints a construct claims the comments of the gaps it has a place for. What nobody claimed
//! inside a statement is claimed by the statement and goes above it, so none is lost.

use beamtalk_syntax::{Token, TokenKind};
use beamtalk_text::Span;

/// A comment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comment {
    /// Which kind of comment.
    pub kind: TokenKind,
    /// Its text with the slashes.
    pub span: Span,
}

/// All comments of a source.
#[derive(Debug)]
pub(crate) struct Comments<'s> {
    source: &'s str,
    all: Vec<Comment>,
    claimed: Vec<bool>,
}

impl<'s> Comments<'s> {
    pub(crate) fn new(source: &'s str, tokens: &[Token]) -> Self {
        let all: Vec<Comment> = tokens
            .iter()
            .filter(|token| token.kind.is_comment())
            .map(|token| Comment { kind: token.kind, span: token.span })
            .collect();
        let claimed = vec![false; all.len()];
        Self { source, all, claimed }
    }

    /// The comments that begin in `from..to` and that nobody has claimed.
    pub(crate) fn claim(&mut self, from: u32, to: u32) -> Vec<Comment> {
        let first = self.all.partition_point(|comment| comment.span.start < from);
        let mut found = Vec::new();
        for index in first..self.all.len() {
            if self.all[index].span.start >= to {
                break;
            }
            if !self.claimed[index] {
                self.claimed[index] = true;
                found.push(self.all[index]);
            }
        }
        found
    }

    /// Give back what was claimed.
    pub(crate) fn release(&mut self, comments: &[Comment]) {
        for comment in comments {
            let index = self.all.partition_point(|each| each.span.start < comment.span.start);
            self.claimed[index] = false;
        }
    }

    /// Where the line after `from` begins, at most `to`.
    pub(crate) fn next_line(&self, from: u32, to: u32) -> u32 {
        let rest = Span::new(from, to).text(self.source);
        // An offset within a source of at most 4 GiB.
        rest.find('\n').map_or(to, |at| from + u32::try_from(at).unwrap_or(0))
    }

    /// Where the comments in `from..to` that are indented by at most `column` begin; comments on the
    /// line of `from` do not count.
    pub(crate) fn outdented(&self, from: u32, to: u32, column: usize) -> u32 {
        let first = self.all.partition_point(|comment| comment.span.start < from);
        let within = self.all[first..].iter().take_while(|comment| comment.span.start < to);
        for comment in within {
            let line = self.line_before(comment.span.start);
            if line.trim_start().is_empty() && line.chars().count() <= column {
                return comment.span.start;
            }
        }
        to
    }

    /// What stands before `offset` on its line.
    pub(crate) fn line_before(&self, offset: u32) -> &'s str {
        let before = &self.source[..offset as usize];
        before.rsplit('\n').next().unwrap_or(before)
    }

    /// Characters before `offset` on its line.
    pub(crate) fn column(&self, offset: u32) -> usize {
        self.line_before(offset).chars().count()
    }

    /// Whether a blank line stands directly before `offset`.
    pub(crate) fn blank_before(&self, offset: u32) -> bool {
        let before = &self.source.as_bytes()[..offset as usize];
        let blanks = before.iter().rev().take_while(|byte| byte.is_ascii_whitespace());
        blanks.filter(|byte| **byte == b'\n').count() > 1
    }

    /// Whether `from..to` crosses a line feed.
    pub(crate) fn crosses_line(&self, from: u32, to: u32) -> bool {
        Span::new(from, to).text(self.source).contains('\n')
    }

    /// Split the comments of the gap `end..next` into those that trail what ends at `end` and those
    /// above what begins at `next`. With `closing`, what begins there closes a group or the source.
    pub(crate) fn split(
        &self,
        mut found: Vec<Comment>,
        end: u32,
        next: u32,
        closing: bool,
    ) -> (Vec<Comment>, Vec<Comment>) {
        let mut at = end;
        let mut count = 0;
        for comment in &found {
            if self.crosses_line(at, comment.span.start) {
                break;
            }
            at = comment.span.end;
            count += 1;
        }
        // A comment between two things on one line belongs to the second.
        if count == found.len() && !closing && !self.crosses_line(at, next) {
            count = 0;
        }
        let rest = found.split_off(count);
        (found, rest)
    }
}
