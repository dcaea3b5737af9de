//! Skipping broken text without losing what follows it.

use super::{Parser, Within};
use crate::token::{CLOSERS, OPENERS, TokenKind};

/// Which of the three counters of open brackets a token belongs to.
const fn bracket(kind: TokenKind) -> Option<usize> {
    match kind {
        TokenKind::LeftParen | TokenKind::HashParen | TokenKind::RightParen => Some(0),
        TokenKind::LeftBracket | TokenKind::HashBracket | TokenKind::RightBracket => Some(1),
        TokenKind::LeftBrace | TokenKind::HashBrace | TokenKind::RightBrace => Some(2),
        _ => None,
    }
}

impl Parser<'_> {
    /// Consume an opener.
    pub(super) fn open(&mut self) {
        if let Some(index) = bracket(self.kind()) {
            self.open[index] += 1;
        }
        self.body.brackets += 1;
        self.bump();
    }

    /// Leave the group that [`Self::open`] entered with a token of kind `opener`.
    pub(super) fn leave(&mut self, opener: TokenKind) {
        if let Some(index) = bracket(opener) {
            self.open[index] -= 1;
        }
        self.body.brackets -= 1;
    }

    /// Whether the current token ends a group that is open.
    pub(super) fn at_open_closer(&self) -> bool {
        match bracket(self.kind()) {
            Some(index) => CLOSERS.contains(self.kind()) && self.open[index] > 0,
            None => CLOSERS.contains(self.kind()),
        }
    }

    /// Skip a whole group, from its opener to its closer.
    pub(super) fn skip_group(&mut self) {
        let mut depth = 0_usize;
        loop {
            let kind = self.kind();
            if kind == TokenKind::Eof || (depth > 0 && self.at_definition_line()) {
                break;
            }
            if OPENERS.contains(kind) {
                depth += 1;
            } else if CLOSERS.contains(kind) && kind != TokenKind::StringMiddle {
                depth = depth.saturating_sub(1);
            }
            self.bump();
            if depth == 0 {
                break;
            }
        }
    }

    /// Skip to a token at this nesting level for which `stop` holds, to a closer, or to a boundary.
    /// Answers whether `stop` held.
    pub(super) fn skip_to(&mut self, stop: impl Fn(&Self) -> bool) -> bool {
        loop {
            if self.at(TokenKind::Eof) || self.at_open_closer() || self.at_boundary() {
                return false;
            }
            if stop(self) {
                return true;
            }
            if OPENERS.contains(self.kind()) {
                self.skip_group();
            } else {
                self.bump();
            }
        }
    }

    /// Report that `closer` is missing and skip to it, if it is near.
    pub(super) fn expected_close(&mut self, closer: TokenKind, code: &'static str, message: &str) {
        if !self.foreign_in_group(closer) {
            let found = self.found();
            let help = format!("before `{found}`; everything opened must be closed");
            self.error(code, message, &help);
        }
        self.skip_to_closer(closer);
    }

    /// Skip to the closer of the current group if it is near; otherwise it is missing, and what
    /// stands here is not part of the group.
    pub(super) fn skip_to_closer(&mut self, closer: TokenKind) {
        if self.is_near(closer) {
            self.skip_to(|parser| parser.at(closer));
        }
        self.error_position = self.position;
    }

    fn is_near(&self, closer: TokenKind) -> bool {
        const NEAR: usize = 64;
        let mut depth = 0_usize;
        let mut index = self.position;
        for _ in 0..NEAR {
            let kind = self.tokens[index].kind;
            if OPENERS.contains(kind) {
                depth += 1;
            } else if CLOSERS.contains(kind) && kind != TokenKind::StringMiddle {
                if depth == 0 {
                    return kind == closer;
                }
                depth -= 1;
            }
            index = self.after(index);
        }
        false
    }

    /// After a broken statement: skip to where the next one can begin.
    pub(super) fn skip_statement(&mut self) {
        let start = self.position;
        self.skip_to(|parser| {
            matches!(parser.kind(), TokenKind::Period | TokenKind::Bang | TokenKind::Semicolon)
                || (parser.starts_line() && parser.position != start)
        });
        if self.at(TokenKind::Semicolon) {
            self.bump();
        }
        self.error_position = usize::MAX;
    }

    /// Skip to the end of the line, but not out of the group.
    pub(super) fn skip_line(&mut self) {
        let start = self.position;
        self.skip_to(|parser| parser.starts_line() && parser.position != start);
    }

    /// Whether the body ends before the current token (spec 01 section 5.3). Inside brackets only a
    /// head that cannot be anything else counts: there a bracket was not closed.
    pub(super) fn at_boundary(&mut self) -> bool {
        if !self.starts_line() {
            return false;
        }
        let free = self.body.brackets == 0;
        if let Some((position, was_free, answer)) = self.boundary
            && position == self.position
            && was_free == free
        {
            return answer;
        }
        let answer = self.compute_boundary(free);
        self.boundary = Some((self.position, free, answer));
        answer
    }

    fn compute_boundary(&mut self, free: bool) -> bool {
        let token = self.token();
        let header = self.body.header_column;
        if !free {
            return token.column <= header
                && (self.is_definition(self.position)
                    || (self.body.within != Within::File
                        && (self.is_data_declaration(self.position) || self.is_method_head(self.position))));
        }
        if self.body.within == Within::File {
            return false;
        }
        if token.column == 0 {
            return true;
        }
        let may_be_head = token.column <= header || self.body.within == Within::Extension;
        if may_be_head && (token.kind == TokenKind::Expect && self.body.within != Within::Extension) {
            return true;
        }
        (may_be_head
            && (self.is_late_header_option()
                || self.is_method_head(self.position)
                || self.is_alias(self.position)))
            || (self.body.within != Within::Method && self.is_data_declaration(self.position))
            || self.is_definition(self.position)
    }

    /// `handleScope: #symbol` among the members: it belongs to the header, and not to a method.
    fn is_late_header_option(&self) -> bool {
        self.at(TokenKind::Keyword) && self.text() == "handleScope:" && self.next().kind == TokenKind::Symbol
    }

    /// Whether a token that starts a line cannot go on with the expression before it.
    pub(super) fn ends_expression(&mut self) -> bool {
        if !self.starts_line() {
            return false;
        }
        let keyword_of_next_member = self.at(TokenKind::Keyword)
            && self.body.brackets == 0
            && self.body.within != Within::File
            && self.token().column <= self.body.header_column;
        keyword_of_next_member || self.at_boundary()
    }

    /// Whether a definition begins at this line, whatever is open.
    fn at_definition_line(&mut self) -> bool {
        let token = self.token();
        token.starts_line && token.column == 0 && self.is_definition(self.position)
    }
}
