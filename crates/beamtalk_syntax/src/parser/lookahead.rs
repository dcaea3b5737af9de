//! Telling apart by looking ahead: method heads, definitions, data declarations.
//!
//! Lookahead is bounded by [`LOOKAHEAD`] tokens of a type, and a keyword head that failed once is
//! not scanned again, so parsing stays linear.

use super::Parser;
use crate::token::{BINARY_SELECTORS, TokenKind};

/// Most tokens of one type annotation that lookahead is willing to pass.
const LOOKAHEAD: usize = 256;

/// Most modifiers that lookahead is willing to pass.
const MODIFIERS: usize = 8;

impl Parser<'_> {
    fn kind_at(&self, index: usize) -> TokenKind {
        self.tokens[index].kind
    }

    fn word_at(&self, index: usize) -> &str {
        if self.kind_at(index) == TokenKind::Identifier { self.text_of(self.tokens[index]) } else { "" }
    }

    fn is_word_char_kind(&self, index: usize) -> bool {
        matches!(self.kind_at(index), TokenKind::Identifier | TokenKind::Name)
    }

    /// Whether a class, a protocol or a standalone method begins at `index`.
    pub(super) fn is_definition(&mut self, index: usize) -> bool {
        self.is_class(index) || self.is_protocol(index) || self.is_extension(index)
    }

    /// `modifiers* Super [( … )] subclass:`
    pub(super) fn is_class(&self, mut index: usize) -> bool {
        if !self.is_word_char_kind(index) {
            return false;
        }
        for _ in 0..MODIFIERS {
            if !matches!(self.word_at(index), "abstract" | "sealed" | "typed" | "internal") {
                break;
            }
            let next = self.after(index);
            if self.kind_at(next) == TokenKind::Keyword {
                break;
            }
            index = next;
        }
        let Some(mut index) = self.skip_class_name(index) else { return false };
        if self.kind_at(index) == TokenKind::LeftParen {
            // What is not closed is told of as part of the head.
            index = match self.skip_type(index) {
                Some(end) => end,
                None => return self.on_line_of(index, TokenKind::Keyword, "subclass:"),
            };
        }
        self.kind_at(index) == TokenKind::Keyword && self.text_of(self.tokens[index]) == "subclass:"
    }

    /// Whether such a token stands behind the one at `index` on the same line.
    pub(super) fn on_line_of(&self, index: usize, kind: TokenKind, text: &str) -> bool {
        let behind = self.tokens[index + 1..].iter().take_while(|token| !token.starts_line).take(LOOKAHEAD);
        behind.into_iter().any(|token| token.kind == kind && self.text_of(*token) == text)
    }

    /// `Protocol define:`
    pub(super) fn is_protocol(&self, index: usize) -> bool {
        if self.kind_at(index) != TokenKind::Name || self.text_of(self.tokens[index]) != "Protocol" {
            return false;
        }
        let next = self.after(index);
        self.kind_at(next) == TokenKind::Keyword && self.text_of(self.tokens[next]) == "define:"
    }

    /// `[internal] type Name =`
    pub(super) fn is_alias(&self, mut index: usize) -> bool {
        if self.word_at(index) == "internal" {
            index = self.after(index);
        }
        if self.word_at(index) != "type" {
            return false;
        }
        let name = self.after(index);
        if self.kind_at(name) != TokenKind::Name {
            return false;
        }
        let mut sign = self.after(name);
        if self.kind_at(sign) == TokenKind::LeftParen {
            let Some(end) = self.skip_type(sign) else { return false };
            sign = end;
        }
        self.kind_at(sign) == TokenKind::Equals
    }

    /// `Target [class] >> head`
    pub(super) fn is_extension(&mut self, index: usize) -> bool {
        if !self.is_word_char_kind(index) {
            return false;
        }
        let Some(mut index) = self.skip_class_name(index) else { return false };
        if self.word_at(index) == "class" {
            index = self.after(index);
        }
        // A `>>` that starts a line heads a binary method, whatever the line above ends with.
        self.kind_at(index) == TokenKind::RightAngles && !self.tokens[index].starts_line && {
            let head = self.after(index);
            self.is_method_head(head)
        }
    }

    /// `field: name` at the start of a line, where `field:` is not the selector of a method.
    pub(super) fn is_data_declaration(&mut self, index: usize) -> bool {
        self.kind_at(index) == TokenKind::Keyword
            && matches!(self.text_of(self.tokens[index]), "field:" | "state:" | "classState:")
            && (self.tokens[self.after(index)].starts_line
                || self.next_member_follows_name(index)
                || !self.is_method_head(index))
    }

    /// `state: name` above `add: n => …`, which together look like a method `state:add:`.
    fn next_member_follows_name(&self, index: usize) -> bool {
        let name = self.after(index);
        let Some(end) = self.skip_annotation(self.after(name)) else { return false };
        let follower = self.tokens[end];
        self.kind_at(end) == TokenKind::Keyword
            && follower.starts_line
            && self.column_of(follower) <= self.column_of(self.tokens[index])
    }

    /// Spec 01 section 11.1.
    pub(super) fn is_method_head(&mut self, start: usize) -> bool {
        let mut index = start;
        for _ in 0..MODIFIERS {
            let next = self.after(index);
            match self.word_at(index) {
                "sealed" => index = next,
                "class" | "internal" if !self.reaches_fat_arrow(next) => index = next,
                _ => break,
            }
        }
        match self.kind_at(index) {
            TokenKind::Identifier | TokenKind::Name => {
                let next = self.after(index);
                self.reaches_fat_arrow(next)
            }
            TokenKind::Keyword => self.is_keyword_head(index),
            kind if BINARY_SELECTORS.contains(kind) => {
                let parameter = self.after(index);
                if self.kind_at(parameter) != TokenKind::Identifier {
                    return false;
                }
                let end = self.after(parameter);
                self.skip_annotation(end).is_some_and(|end| self.reaches_fat_arrow(end))
            }
            _ => false,
        }
    }

    fn is_keyword_head(&mut self, start: usize) -> bool {
        if start < self.no_head_before {
            return false;
        }
        let mut index = start;
        while self.kind_at(index) == TokenKind::Keyword {
            index = self.after(index);
            match self.kind_at(index) {
                TokenKind::Identifier => {
                    index = self.after(index);
                    match self.skip_annotation(index) {
                        Some(end) => index = end,
                        None => break,
                    }
                }
                // `at: i: Integer`, a single colon for a double one.
                TokenKind::Keyword if self.kind_at(self.after(index)) == TokenKind::Name => {
                    match self.skip_type(self.after(index)) {
                        Some(end) => index = end,
                        None => break,
                    }
                }
                _ => break,
            }
        }
        if self.reaches_fat_arrow(index) {
            return true;
        }
        // Every keyword up to here would be scanned along the same path to the same end.
        self.no_head_before = self.no_head_before.max(index);
        false
    }

    /// `=>`, or a return type and `=>`. A missing type counts, so that the error can be precise.
    fn reaches_fat_arrow(&self, index: usize) -> bool {
        let mut index = index;
        if self.kind_at(index) == TokenKind::ColonColon {
            index = self.after(index);
            if self.kind_at(index) != TokenKind::Arrow {
                return false;
            }
        }
        match self.kind_at(index) {
            TokenKind::FatArrow => true,
            TokenKind::Arrow => {
                let annotation = self.after(index);
                self.kind_at(annotation) == TokenKind::FatArrow
                    || self.skip_type(annotation).is_some_and(|end| self.kind_at(end) == TokenKind::FatArrow)
            }
            _ => false,
        }
    }

    /// Past `:: type` if there is one; `:: ->` is the start of a return type.
    fn skip_annotation(&self, index: usize) -> Option<usize> {
        if !matches!(self.kind_at(index), TokenKind::ColonColon | TokenKind::Colon) {
            return Some(index);
        }
        let next = self.after(index);
        match self.kind_at(next) {
            TokenKind::Arrow => Some(index),
            TokenKind::FatArrow => Some(next),
            _ => self.skip_type(next),
        }
    }

    fn skip_class_name(&self, index: usize) -> Option<usize> {
        if !self.is_word_char_kind(index) {
            return None;
        }
        let next = self.after(index);
        if self.kind_at(next) != TokenKind::At {
            return Some(next);
        }
        let name = self.after(next);
        // Without the class name the construct is still recognised, and the error can be precise.
        Some(if self.is_word_char_kind(name) { self.after(name) } else { name })
    }

    /// Past a type annotation: names, generics, unions, `&`, `\`, parentheses, singletons, `X class`.
    fn skip_type(&self, mut index: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut operand = true;
        for _ in 0..LOOKAHEAD {
            let token = self.tokens[index];
            if operand {
                match token.kind {
                    TokenKind::LeftParen => depth += 1,
                    TokenKind::RightParen if depth > 0 => {
                        depth -= 1;
                        operand = false;
                    }
                    TokenKind::Symbol => operand = false,
                    TokenKind::Identifier | TokenKind::Name => {
                        let mut next = self.skip_class_name(index)?;
                        if self.kind_at(next) == TokenKind::LeftParen && !self.tokens[next].starts_line {
                            depth += 1;
                            next = self.after(next);
                        } else {
                            if self.word_at(next) == "class" && !self.tokens[next].starts_line {
                                next = self.after(next);
                            }
                            operand = false;
                        }
                        index = next;
                        continue;
                    }
                    _ => return None,
                }
            } else {
                match token.kind {
                    TokenKind::RightParen if depth > 0 => depth -= 1,
                    TokenKind::Pipe => operand = true,
                    TokenKind::Operator if matches!(self.text_of(token), "&" | "\\" | "\\\\") => {
                        operand = true;
                    }
                    TokenKind::Comma if depth > 0 => operand = true,
                    _ => return (depth == 0).then_some(index),
                }
            }
            index = self.after(index);
        }
        None
    }
}
