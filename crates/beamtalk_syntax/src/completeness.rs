//! Whether an input at the prompt is finished (spec 01 section 19).

use crate::lexer::lex;
use crate::token::{Token, TokenKind};

/// What a prompt does with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Completeness {
    /// Evaluate it.
    Complete,
    /// Ask for more.
    Incomplete,
    /// A definition that may go on: a blank line submits it.
    AwaitsBlankLine,
    /// The documentation of what comes on the next line, unless that is blank.
    Documentation,
}

/// Judge `input` by its tokens.
#[must_use]
pub fn completeness(input: &str) -> Completeness {
    let lexed = lex(input);
    if lexed.unterminated {
        return Completeness::Incomplete;
    }
    let (comments, tokens): (Vec<Token>, Vec<Token>) = lexed
        .tokens
        .into_iter()
        .filter(|token| token.kind != TokenKind::Eof)
        .partition(|token| token.kind.is_comment());
    if tokens.is_empty() && comments.last().is_some_and(|last| last.kind == TokenKind::DocComment) {
        return Completeness::Documentation;
    }
    let open_end = tokens.last().is_some_and(|last| wants_more(last.kind)) || ends_with_directive(&tokens);
    if unclosed(&tokens) || open_end {
        return Completeness::Incomplete;
    }
    if open_definition(input, &tokens) { Completeness::AwaitsBlankLine } else { Completeness::Complete }
}

fn unclosed(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    let mut angles = 0_usize;
    for token in tokens {
        match token.kind {
            TokenKind::LeftParen
            | TokenKind::HashParen
            | TokenKind::LeftBracket
            | TokenKind::HashBracket
            | TokenKind::LeftBrace
            | TokenKind::HashBrace => depth += 1,
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => {
                depth = depth.saturating_sub(1);
            }
            TokenKind::LeftAngles => angles += 1,
            TokenKind::RightAngles => angles = angles.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0 || angles > 0
}

const fn wants_more(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Keyword
            | TokenKind::Operator
            | TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::Arrow
            | TokenKind::RightAngles
            | TokenKind::Assign
            | TokenKind::Semicolon
            | TokenKind::Caret
    )
}

/// `@expect dnu "why"` is about what follows.
fn ends_with_directive(tokens: &[Token]) -> bool {
    let kinds = tokens.iter().rev().map(|token| token.kind);
    let mut kinds = kinds.skip_while(|kind| *kind == TokenKind::String).peekable();
    kinds.next_if_eq(&TokenKind::Identifier);
    kinds.next() == Some(TokenKind::Expect)
}

/// A class without a method so far, or a protocol.
fn open_definition(input: &str, tokens: &[Token]) -> bool {
    let is = |token: &Token, text: &str| token.span.text(input) == text;
    let protocol = tokens.windows(2).any(|pair| {
        pair[0].kind == TokenKind::Name
            && is(&pair[0], "Protocol")
            && pair[1].kind == TokenKind::Keyword
            && is(&pair[1], "define:")
    });
    let class = tokens.iter().any(|token| token.kind == TokenKind::Keyword && is(token, "subclass:"));
    protocol || (class && !has_method(tokens))
}

fn has_method(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    tokens.iter().any(|token| {
        match token.kind {
            kind if crate::token::OPENERS.contains(kind) => depth += 1,
            TokenKind::StringMiddle => {}
            kind if crate::token::CLOSERS.contains(kind) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.kind == TokenKind::FatArrow
    })
}
