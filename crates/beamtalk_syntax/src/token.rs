//! Tokens, and sets of token kinds.

use beamtalk_text::Span;

/// What a token is. Spellings are those of spec 01 section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TokenKind {
    /// Lower-case identifier, `_` included.
    Identifier,
    /// Upper-case identifier.
    Name,
    /// `at:`, colon included.
    Keyword,
    /// `42`, `-3`, `16rFF`
    Integer,
    /// `1.5`, `2e3`
    Float,
    /// `$a`
    Character,
    /// `"text"` without interpolation.
    String,
    /// `"text{`
    StringStart,
    /// `}text{`
    StringMiddle,
    /// `}text"`
    StringEnd,
    /// `#name`, `#at:put:`, `#+`, `#'two words'`
    Symbol,
    /// `(`
    LeftParen,
    /// `#(`
    HashParen,
    /// `[`
    LeftBracket,
    /// `#[`
    HashBracket,
    /// `{`
    LeftBrace,
    /// `#{`
    HashBrace,
    /// `<<`
    LeftAngles,
    /// `)`
    RightParen,
    /// `]`
    RightBracket,
    /// `}`
    RightBrace,
    /// `>>`
    RightAngles,
    /// `:=`
    Assign,
    /// `^`
    Caret,
    /// `;`
    Semicolon,
    /// `.`
    Period,
    /// `...`
    Ellipsis,
    /// `!`
    Bang,
    /// `|`
    Pipe,
    /// `:`
    Colon,
    /// `::`
    ColonColon,
    /// `->`
    Arrow,
    /// `=>`
    FatArrow,
    /// `,`
    Comma,
    /// A lone `=`.
    Equals,
    /// Any other run of operator characters.
    Operator,
    /// `@` directly after an identifier: package qualifier.
    At,
    /// `@primitive`
    Primitive,
    /// `@intrinsic`
    Intrinsic,
    /// `@expect`
    Expect,
    /// Broken source text, already reported by the lexer.
    Error,
    /// `// text`
    LineComment,
    /// `/* text */`
    BlockComment,
    /// `/// text`
    DocComment,
    /// The end of the source; always the last token, empty.
    Eof,
}

impl TokenKind {
    /// Whether it is a comment: it separates tokens but means nothing to the grammar.
    #[must_use]
    pub const fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment | Self::DocComment)
    }
}

/// A piece of source text. Whitespace is what lies between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Whether a newline occurs in the whitespace or comments before it; true of the first token.
    pub starts_line: bool,
    /// For a token that starts a line, the number of characters before it on its line, at most
    /// `u16::MAX`; otherwise 0.
    pub column: u16,
    /// Where it is.
    pub span: Span,
}

/// A set of token kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenSet(u64);

impl TokenSet {
    /// The set of `kinds`.
    #[must_use]
    pub const fn new(kinds: &[TokenKind]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < kinds.len() {
            bits |= 1 << kinds[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: TokenKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// Tokens that open a group which a closer ends.
pub const OPENERS: TokenSet = TokenSet::new(&[
    TokenKind::LeftParen,
    TokenKind::HashParen,
    TokenKind::LeftBracket,
    TokenKind::HashBracket,
    TokenKind::LeftBrace,
    TokenKind::HashBrace,
    TokenKind::StringStart,
]);

/// Tokens that end a group.
pub const CLOSERS: TokenSet = TokenSet::new(&[
    TokenKind::RightParen,
    TokenKind::RightBracket,
    TokenKind::RightBrace,
    TokenKind::StringMiddle,
    TokenKind::StringEnd,
]);

/// Tokens a binary method may be named by (spec 01 section 11).
pub const BINARY_SELECTORS: TokenSet = TokenSet::new(&[
    TokenKind::Operator,
    TokenKind::Comma,
    TokenKind::Equals,
    TokenKind::Arrow,
    TokenKind::RightAngles,
]);

/// Tokens that can end an operand; a glued `-1` after them subtracts (spec 01 section 4.1).
pub const OPERAND_ENDS: TokenSet = TokenSet::new(&[
    TokenKind::Identifier,
    TokenKind::Name,
    TokenKind::Integer,
    TokenKind::Float,
    TokenKind::Character,
    TokenKind::String,
    TokenKind::StringEnd,
    TokenKind::Symbol,
    TokenKind::RightParen,
    TokenKind::RightBracket,
    TokenKind::RightBrace,
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_takes_twelve_bytes() {
        assert_eq!(size_of::<Token>(), 12);
    }

    #[test]
    fn every_kind_fits_the_bit_mask() {
        assert!((TokenKind::Eof as u8) < 64);
        assert!(OPENERS.contains(TokenKind::HashBrace) && !OPENERS.contains(TokenKind::RightBrace));
        assert!(OPENERS.union(CLOSERS).contains(TokenKind::RightBrace));
    }
}
