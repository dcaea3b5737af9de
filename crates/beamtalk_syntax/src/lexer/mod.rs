//! From source text to tokens, comments included.
//!
//! The lexer never fails: text it cannot read becomes an [`TokenKind::Error`] token with exactly one
//! diagnostic. Every byte is in a token or is whitespace. Interpolated strings are lexed in place
//! with a stack of open interpolations, so spans are absolute and nesting costs no recursion.

mod cursor;
mod numbers;
mod operators;
mod strings;

use beamtalk_text::{Diagnostic, Span};

use crate::codes;
use crate::token::{Token, TokenKind};
use cursor::{Cursor, is_identifier_part, is_identifier_start};

/// At most this many diagnostics are kept of one source; the rest would only bury them.
pub(crate) const MAX_DIAGNOSTICS: usize = 1000;

/// What the lexer makes of a source.
#[derive(Clone, Debug)]
pub struct Lexed {
    /// All tokens in order, comments included; the last one is [`TokenKind::Eof`].
    pub tokens: Vec<Token>,
    /// Lexical errors.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the source ends inside a string, a quoted symbol or a block comment.
    pub unterminated: bool,
}

/// Split `source` into tokens.
#[must_use]
pub fn lex(source: &str) -> Lexed {
    Lexer::new(source).run()
}

/// An interpolated string whose `}` is still to come.
#[derive(Clone, Copy)]
struct OpenString {
    /// Offset of the opening quote.
    start: usize,
    /// Index of its `StringStart` token.
    token: usize,
    /// Braces open inside the interpolation.
    braces: u32,
}

struct Lexer<'s> {
    cursor: Cursor<'s>,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    open_strings: Vec<OpenString>,
    /// A newline was seen since the last token that is no comment.
    newline: bool,
    /// A place on the current line, at first its start, and the characters before it.
    line_mark: (usize, usize),
    /// The last token that is no comment.
    previous: TokenKind,
    unterminated: bool,
    /// Where the token being read begins.
    start: usize,
    /// How often the lexer went back to read a broken string differently; bounded to stay linear.
    rewinds: u8,
}

impl<'s> Lexer<'s> {
    fn new(source: &'s str) -> Self {
        let mut cursor = Cursor::new(source);
        if source.starts_with('\u{feff}') {
            cursor.offset = '\u{feff}'.len_utf8();
        }
        let line_mark = (cursor.offset, 0);
        Self {
            cursor,
            // Measured on typical code: one token for every four to five bytes.
            tokens: Vec::with_capacity(source.len() / 4 + 2),
            diagnostics: Vec::new(),
            open_strings: Vec::new(),
            newline: true,
            line_mark,
            previous: TokenKind::Eof,
            unterminated: false,
            start: 0,
            rewinds: 0,
        }
    }

    fn run(mut self) -> Lexed {
        loop {
            self.skip_whitespace();
            self.start = self.cursor.offset;
            let Some(byte) = self.cursor.peek() else {
                if self.close_open_strings() {
                    continue;
                }
                break;
            };
            let kind = self.token(byte, self.start);
            self.push(kind, self.start);
        }
        let end = self.cursor.offset;
        self.push(TokenKind::Eof, end);
        Lexed { tokens: self.tokens, diagnostics: self.diagnostics, unterminated: self.unterminated }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let column = if self.newline { self.column(start) } else { 0 };
        self.tokens.push(Token {
            kind,
            starts_line: self.newline,
            column,
            span: span(start, self.cursor.offset),
        });
        if kind == TokenKind::BlockComment {
            self.note_newlines_of(start);
        } else if !kind.is_comment() {
            self.newline = false;
            self.previous = kind;
        }
    }

    fn column(&mut self, start: usize) -> u16 {
        let (mark, counted) = self.line_mark;
        let between = &self.cursor.bytes[mark..start];
        let column = counted + between.iter().filter(|byte| !is_continuation(**byte)).count();
        // Counting goes on from here: a line of many comments is counted once.
        self.line_mark = (start, column);
        u16::try_from(column).unwrap_or(u16::MAX)
    }

    fn note_newlines_of(&mut self, start: usize) {
        let text = &self.cursor.bytes[start..self.cursor.offset];
        if let Some(last) = text.iter().rposition(|byte| *byte == b'\n') {
            self.newline = true;
            self.line_mark = (start + last + 1, 0);
        }
    }

    fn skip_whitespace(&mut self) {
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.cursor.offset += 1,
                b'\n' => {
                    self.cursor.offset += 1;
                    self.newline = true;
                    self.line_mark = (self.cursor.offset, 0);
                }
                _ => break,
            }
        }
    }

    fn token(&mut self, byte: u8, start: usize) -> TokenKind {
        match byte {
            b'a'..=b'z' | b'_' => self.identifier(TokenKind::Identifier),
            b'A'..=b'Z' => self.identifier(TokenKind::Name),
            b'0'..=b'9' => self.number(start),
            b'"' => self.string(start),
            b'$' => self.character(start),
            b'#' => self.hash(start),
            b'\'' => self.single_quoted(start),
            b'@' => self.at_sign(start),
            b'/' if self.cursor.second() == Some(b'/') => self.line_comment(),
            b'/' if self.cursor.second() == Some(b'*') => self.block_comment(start),
            b'(' => self.single(TokenKind::LeftParen),
            b')' => self.single(TokenKind::RightParen),
            b'[' => self.single(TokenKind::LeftBracket),
            b']' => self.single(TokenKind::RightBracket),
            b'{' => {
                self.enter_brace();
                self.single(TokenKind::LeftBrace)
            }
            b'}' => self.right_brace(),
            b'^' => self.single(TokenKind::Caret),
            b';' => self.single(TokenKind::Semicolon),
            b'!' => self.single(TokenKind::Bang),
            b'|' => self.single(TokenKind::Pipe),
            b',' => self.single(TokenKind::Comma),
            b'.' => {
                if self.cursor.starts_with(b"...") {
                    self.fixed(3, TokenKind::Ellipsis)
                } else {
                    self.single(TokenKind::Period)
                }
            }
            b':' => match self.cursor.second() {
                Some(b'=') => self.fixed(2, TokenKind::Assign),
                Some(b':') => self.fixed(2, TokenKind::ColonColon),
                _ => self.single(TokenKind::Colon),
            },
            _ if operators::is_operator(byte) => self.operator(byte, start),
            _ => self.stray(start),
        }
    }

    fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.fixed(1, kind)
    }

    fn fixed(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.cursor.offset += length;
        kind
    }

    fn identifier(&mut self, kind: TokenKind) -> TokenKind {
        self.cursor.eat_while(is_identifier_part);
        if self.cursor.peek() == Some(b':') && !matches!(self.cursor.second(), Some(b':' | b'=')) {
            self.cursor.offset += 1;
            return TokenKind::Keyword;
        }
        kind
    }

    fn line_comment(&mut self) -> TokenKind {
        let doc = self.cursor.starts_with(b"///") && self.cursor.nth(3) != Some(b'/');
        self.cursor.eat_while(|byte| byte != b'\n');
        if doc { TokenKind::DocComment } else { TokenKind::LineComment }
    }

    fn block_comment(&mut self, start: usize) -> TokenKind {
        self.cursor.offset += 2;
        while let Some(byte) = self.cursor.peek() {
            if byte == b'*' && self.cursor.second() == Some(b'/') {
                self.cursor.offset += 2;
                return TokenKind::BlockComment;
            }
            self.cursor.offset += 1;
        }
        self.unterminated = true;
        self.error(
            codes::UNTERMINATED_COMMENT,
            start,
            "Unterminated block comment",
            "close the comment with '*/'",
        );
        TokenKind::BlockComment
    }

    fn at_sign(&mut self, start: usize) -> TokenKind {
        let glued = start.checked_sub(1).is_some_and(|before| is_identifier_part(self.cursor.bytes[before]));
        self.cursor.offset += 1;
        if glued {
            return TokenKind::At;
        }
        let word_start = self.cursor.offset;
        if self.cursor.peek().is_some_and(is_identifier_start) {
            self.cursor.eat_while(is_identifier_part);
        }
        let word = self.cursor.text(word_start);
        match word {
            "primitive" => return TokenKind::Primitive,
            "intrinsic" => return TokenKind::Intrinsic,
            "expect" => return TokenKind::Expect,
            "" => self.error(
                codes::BAD_DIRECTIVE,
                start,
                "expected directive name after '@'",
                "the directives are @primitive, @intrinsic and @expect",
            ),
            _ if word.starts_with(|first: char| first.is_ascii_uppercase()) => self.error(
                codes::BAD_DIRECTIVE,
                start,
                "missing package name before '@'",
                &format!("write `package@{word}` without spaces, or just `{word}`"),
            ),
            _ => self.error(
                codes::BAD_DIRECTIVE,
                start,
                &format!("unknown directive '@{word}'"),
                &format!(
                    "the directives are @primitive, @intrinsic and @expect; a field is written `self.{word}`"
                ),
            ),
        }
        TokenKind::Error
    }

    /// A character that begins no token.
    fn stray(&mut self, start: usize) -> TokenKind {
        let character = self.cursor.bump_char();
        self.foreign_quotes(character);
        let shown = character.map_or_else(String::new, |character| character.escape_debug().to_string());
        let help = match character {
            Some('\u{201c}' | '\u{201d}') => "use straight double quotes for strings",
            Some('\u{2018}' | '\u{2019}' | '`') => "strings are written in double quotes",
            Some('\u{a0}') => "replace the non-breaking space by an ordinary one",
            Some('\u{2192}') => "write the arrow as `->`",
            Some('\u{2264}') => "write `<=`",
            Some('\u{2265}') => "write `>=`",
            Some('\u{2260}') => "write `=/=`",
            _ => {
                "other characters are allowed only in strings, symbols in quotes, character literals and comments"
            }
        };
        self.error(codes::STRAY_CHARACTER, start, &format!("Unexpected character '{shown}'"), help);
        TokenKind::Error
    }

    /// Text in quotes of another kind is one mistake, up to the quote that closes it on its line.
    fn foreign_quotes(&mut self, opener: Option<char>) {
        let closers: &[char] = match opener {
            Some('\u{201c}' | '\u{201d}') => &['\u{201c}', '\u{201d}'],
            Some('\u{2018}' | '\u{2019}') => &['\u{2018}', '\u{2019}'],
            Some('`') => &['`'],
            _ => return,
        };
        let rest = self.cursor.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        if let Some((at, closer)) = line.char_indices().find(|(_, each)| closers.contains(each)) {
            self.cursor.offset += at + closer.len_utf8();
        }
    }

    /// Report a mistake that reaches from `start` to the cursor.
    fn error(&mut self, code: &'static str, start: usize, message: &str, help: &str) {
        let end = self.cursor.offset;
        self.error_at(code, start, end, message, help);
    }

    fn error_at(&mut self, code: &'static str, start: usize, end: usize, message: &str, help: &str) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(Diagnostic::error(code, span(start, end), message).with_help(help));
        }
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Offsets fit: [`crate::parse`] refuses sources of 4 GiB and more.
#[allow(clippy::cast_possible_truncation, reason = "sources are shorter than 4 GiB")]
const fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end as u32)
}
